//! One request after another, as redirects lead, and the answer at their end.

use std::error::Error as _;
use std::time::Instant;

use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use solti_plugin_abi::prelude::*;
use tokio::task::JoinSet;
use tokio_rustls::rustls;

use crate::answer::{Reading, Text};
use crate::connect::{connect, server};
use crate::fault::Fault;
use crate::job::Job;
use crate::progress::{Progress, Step};
use crate::redirect::{Hop, leads_on};
use crate::request;
use crate::status::listed;

/// How the plugin introduces itself to servers, where a task has no name of its own.
const USER_AGENT: &str = concat!("solti-httpcheck/", env!("CARGO_PKG_VERSION"));

/// An answer whose body is still to come. Dropping it ends the connection.
struct Answer {
    response: Response<Incoming>,
    _connection: JoinSet<()>,
}

/// Asks, follows, reads and checks.
pub(crate) async fn exchange(
    job: &Job,
    attempt: &Attempt,
    progress: &mut Progress,
) -> Result<(), Fault> {
    let mut hop = Hop::first(&job.request);
    loop {
        let answer = ask(&hop, job, progress).await?;
        let status = answer.response.status();
        progress.status = Some(status);
        let is_expected = job.request.expect_status.iter().any(|it| it.has(status));
        if is_expected || !leads_on(status) || job.request.redirects == 0 {
            return read(answer, is_expected, &hop, job, attempt, progress).await;
        }
        let location = answer.response.headers().get(header::LOCATION);
        hop = hop.follow(status, location, &job.config)?;
        if progress.redirects == job.request.redirects {
            return Err(Fault::TooManyRedirects {
                most: job.request.redirects,
                to: request::shown(&hop.uri),
            });
        }
        progress.redirects += 1;
    }
}

/// Sends one request on a connection of its own, and waits for the head of the answer.
async fn ask(hop: &Hop, job: &Job, progress: &mut Progress) -> Result<Answer, Fault> {
    let stream = connect(&hop.uri, &job.request, progress).await?;
    progress.step = Step::Waiting;
    let failed = |err: &hyper::Error| failure(err, hop, Step::Waiting);
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|err| failed(&err))?;
    let mut driver = JoinSet::new();
    driver.spawn(async {
        // What goes wrong is told to whoever waits for the answer.
        let _ = connection.await;
    });
    let began = Instant::now();
    let response = sender.send_request(built(hop)).await;
    let response = response.map_err(|err| failed(&err))?;
    progress.first_byte = Some(began.elapsed());
    Ok(Answer {
        response,
        _connection: driver,
    })
}

/// What is sent.
fn built(hop: &Hop) -> hyper::Request<Full<hyper::body::Bytes>> {
    let mut request = hyper::Request::new(Full::new(hop.body.clone()));
    *request.method_mut() = hop.method.clone();
    // A server is asked for the path; whose it is stands in the header.
    let path = hop.uri.path_and_query().map_or("/", |it| it.as_str());
    if let Ok(path) = path.parse() {
        *request.uri_mut() = path;
    }
    let headers = request.headers_mut();
    *headers = hop.headers.clone();
    let host = hop.uri.authority().map_or("", |it| it.as_str());
    if let Ok(host) = HeaderValue::from_str(host) {
        headers.insert(header::HOST, host);
    }
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    for (name, value) in [(header::USER_AGENT, USER_AGENT), (header::ACCEPT, "*/*")] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    request
}

/// Reads the body of the answer, and says whether it is what was expected.
async fn read(
    answer: Answer,
    is_expected: bool,
    hop: &Hop,
    job: &Job,
    attempt: &Attempt,
    progress: &mut Progress,
) -> Result<(), Fault> {
    let request = &job.request;
    progress.step = Step::Reading;
    let status = answer.response.status();
    let after = answer.response.headers().get(header::RETRY_AFTER);
    progress.retry_after = after
        .filter(|_| !is_expected)
        .and_then(|after| Some(after.to_str().ok()?.to_owned()));
    let mut reading = Reading {
        lines: request.output.then(|| {
            attempt
                .lines(StreamKind::Stdout)
                .with_max_line_bytes(job.config.max_line_bytes())
        }),
        text: request.expect_text.as_deref().map(Text::new),
        limit: request.max_body_bytes,
    };
    let end = reading.read(answer.response.into_body(), progress).await;
    if !is_expected {
        return Err(Fault::Status {
            what: hop.shown(),
            status,
            expected: listed(&request.expect_status),
            after: progress.retry_after.clone(),
        });
    }
    end.map_err(|unread| unread.fault(|err| failure(err, hop, Step::Reading)))?;
    match (&request.expect_text, &reading.text) {
        (Some(text), Some(looked)) if !looked.is_found => Err(Fault::NoText {
            text: text.clone(),
            bytes: progress.body_bytes,
        }),
        _ => Ok(()),
    }
}

/// Why there is no answer, or no whole one.
fn failure(err: &hyper::Error, hop: &Hop, step: Step) -> Fault {
    let to = server(&hop.uri);
    let mut cause = err.source();
    while let Some(inner) = cause {
        let inner_io = inner.downcast_ref::<std::io::Error>();
        let of_tls = inner_io.and_then(|it| it.get_ref()?.downcast_ref::<rustls::Error>());
        // A server that does not accept the client says so after the client has agreed.
        if let Some(rustls::Error::AlertReceived(alert)) = of_tls {
            return Fault::Tls {
                to,
                reason: format!("the server ended it: {alert:?}"),
            };
        }
        cause = inner.source();
    }
    if err.is_parse() && step == Step::Waiting {
        let reason = err.to_string();
        return Fault::NotHttp { to, reason };
    }
    let reason = err
        .source()
        .map_or_else(|| err.to_string(), ToString::to_string);
    Fault::Broken { to, step, reason }
}

/// The class of a status, as a label.
pub(crate) fn class(status: Option<StatusCode>) -> &'static str {
    match status.map(|status| status.as_u16() / 100) {
        Some(1) => "1xx",
        Some(2) => "2xx",
        Some(3) => "3xx",
        Some(4) => "4xx",
        Some(5) => "5xx",
        Some(_) => "other",
        None => "none",
    }
}
