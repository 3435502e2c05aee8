//! Requests, by route and status, and how long they took.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;

use super::super::app::App;
use super::{family, sample};

/// The upper bounds of the buckets, in seconds.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// What stands for a path that there is no route for.
const NO_ROUTE: &str = "none";

/// Requests, by route and status, and how long they took.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    answered: Mutex<BTreeMap<(MethodName, String, u16), u64>>,
    took: Mutex<BTreeMap<String, Took>>,
}

/// A method as text: clients can invent some, and each would be a sample of its own for ever.
type MethodName = &'static str;

/// How long the requests of a route took, until their answers began.
#[derive(Debug, Default)]
struct Took {
    buckets: [u64; BUCKETS.len()],
    count: u64,
    seconds: f64,
}

/// Counts a request.
pub(in crate::http) async fn count(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let method = name_of(request.method());
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or(NO_ROUTE, MatchedPath::as_str)
        .to_owned();
    let began = Instant::now();
    let answer = next.run(request).await;
    let status = answer.status().as_u16();
    app.requests
        .answered(method, route, status, began.elapsed());
    answer
}

impl Requests {
    fn answered(&self, method: &'static str, route: String, status: u16, took: Duration) {
        let seconds = took.as_secs_f64();
        {
            let mut all = self.took.lock();
            let of_route = all.entry(route.clone()).or_default();
            of_route.count += 1;
            of_route.seconds += seconds;
            let bucket = BUCKETS.iter().position(|most| seconds <= *most);
            if let Some(bucket) = bucket {
                of_route.buckets[bucket] += 1;
            }
        }
        *self
            .answered
            .lock()
            .entry((method, route, status))
            .or_default() += 1;
    }

    pub(super) fn write(&self, text: &mut String) {
        let name = "solti_http_requests_total";
        family(
            text,
            name,
            "counter",
            "Requests that were answered, by method, route and status.",
        );
        for ((method, route, status), count) in &*self.answered.lock() {
            let labels = format_args!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            sample(text, format_args!("{name}{{{labels}}} {count}"));
        }
        let name = "solti_http_request_seconds";
        family(
            text,
            name,
            "histogram",
            "Seconds until an answer began, by route.",
        );
        for (route, took) in &*self.took.lock() {
            let mut so_far = 0;
            for (most, count) in BUCKETS.iter().zip(took.buckets) {
                so_far += count;
                let labels = format_args!("route=\"{route}\",le=\"{most}\"");
                sample(text, format_args!("{name}_bucket{{{labels}}} {so_far}"));
            }
            let labels = format_args!("route=\"{route}\",le=\"+Inf\"");
            let (count, seconds) = (took.count, took.seconds);
            sample(text, format_args!("{name}_bucket{{{labels}}} {count}"));
            sample(
                text,
                format_args!("{name}_sum{{route=\"{route}\"}} {seconds}"),
            );
            sample(
                text,
                format_args!("{name}_count{{route=\"{route}\"}} {count}"),
            );
        }
    }
}

fn name_of(method: &Method) -> &'static str {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::PATCH,
    ];
    let names = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"];
    let at = known.iter().position(|known| known == method);
    at.map_or("other", |at| names[at])
}
