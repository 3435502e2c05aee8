//! A task's request, checked: what all its attempts send and expect.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use solti_plugin_abi::WrongSpec;
use solti_plugin_abi::environment::filled;
use tokio_rustls::rustls::ClientConfig;

use crate::config::Config;
use crate::spec::{HttpCheck, Place};
use crate::status::Expected;
use crate::tls;

/// What all attempts send and expect.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) expect_status: Vec<Expected>,
    pub(crate) expect_text: Option<String>,
    pub(crate) max_time: Duration,
    pub(crate) redirects: u32,
    /// Whom the client trusts and who it is, where that is not the system's.
    pub(crate) tls: Option<Arc<ClientConfig>>,
    pub(crate) min_certificate_days: Option<u32>,
    pub(crate) max_body_bytes: u64,
    pub(crate) output: bool,
}

impl Request {
    /// Checks what a task says; `env` is what it has for the values of headers.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub(crate) fn new(
        check: HttpCheck,
        place: Place,
        env: &BTreeMap<String, String>,
        config: &Config,
    ) -> Result<Self, WrongSpec> {
        let wrong = |field: &str, what: String| WrongSpec::new(place.of(field), what);
        let method = check.method.parse().map_err(|_| {
            wrong(
                "method",
                format!("{:?} is no method, such as GET", check.method),
            )
        })?;
        if method == Method::CONNECT {
            return Err(wrong("method", "CONNECT makes no request".to_owned()));
        }
        let uri = parse(&check.url, config).map_err(|what| wrong("url", what))?;
        if check.expect_status.is_empty() {
            let what = "is empty: no answer would be expected; leave it out for 2xx";
            return Err(wrong("expectStatus", what.to_owned()));
        }
        if check.expect_text.as_ref().is_some_and(String::is_empty) {
            let what = "is empty, which every body contains; leave it out";
            return Err(wrong("expectText", what.to_owned()));
        }
        let most = config.max_body_bytes;
        let max_body_bytes = check.max_body_bytes.unwrap_or(most);
        if max_body_bytes > most {
            let what = format!("{max_body_bytes} is more than the operator allows, {most}");
            return Err(wrong("maxBodyBytes", what));
        }
        let headers = headers(check.headers, place, env)?;
        let tls = tls::of_task(
            check.ca_file.as_deref(),
            check.client_certificate.as_ref(),
            place,
            config,
        )?;
        Ok(Self {
            method,
            uri,
            headers,
            body: check.body.unwrap_or_default().into(),
            expect_status: check.expect_status,
            expect_text: check.expect_text,
            max_time: check.max_time.map_or_else(
                || config.max_time(),
                |ms| Duration::from_millis(ms.get().into()),
            ),
            redirects: check.redirects,
            tls,
            min_certificate_days: check.min_certificate_days,
            max_body_bytes: max_body_bytes.get(),
            output: check.output,
        })
    }
}

/// Reads a URL that a task may ask for.
pub(crate) fn parse(url: &str, config: &Config) -> Result<Uri, String> {
    // Not the URL itself in any message: its query may be a secret.
    let uri: Uri = url.parse().map_err(|err| format!("is no URL: {err}"))?;
    let Some(scheme) = uri.scheme_str() else {
        return Err("is no URL: expected http://… or https://…".to_owned());
    };
    if !matches!(scheme, "http" | "https") {
        return Err(format!("has the scheme {scheme:?}, expected http or https"));
    }
    if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
        let what = "has a user in it, which would be in logs; use the header Authorization";
        return Err(what.to_owned());
    }
    match uri.host() {
        None | Some("") => Err("has no host".to_owned()),
        Some(host) if !config.allows(host) => Err(format!(
            "is of the host {host:?}, which config.hosts of the plugin does not allow"
        )),
        Some(_) => Ok(uri),
    }
}

/// A URL for people: without its query, which may be a secret.
pub(crate) fn shown(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("http");
    let authority = uri.authority().map_or("", |it| it.as_str());
    format!("{scheme}://{authority}{}", uri.path())
}

fn headers(
    given: BTreeMap<String, String>,
    place: Place,
    env: &BTreeMap<String, String>,
) -> Result<HeaderMap, WrongSpec> {
    let mut headers = HeaderMap::new();
    for (name, value) in given {
        let field = place.of(&format!("headers.{name}"));
        let wrong = |what: &str| WrongSpec::new(field.as_str(), what);
        let header: HeaderName = name.parse().map_err(|_| wrong("is no name of a header"))?;
        if ["host", "content-length", "transfer-encoding", "connection"].contains(&header.as_str())
        {
            return Err(wrong("is what the request itself decides; leave it out"));
        }
        let value = filled(&value, env).map_err(|err| wrong(&err.to_string()))?;
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| wrong("the value has a line end or another control character in it"))?;
        // Whatever prints it prints that it is a secret.
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(spec: Value) -> Result<Request, WrongSpec> {
        let check = HttpCheck::of_workload(&spec)?;
        let env = BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]);
        let config = serde_json::from_str(r#"{"hosts": ["a.example", "::1", "[::1]"]}"#).unwrap();
        Request::new(check, Place::Workload, &env, &config)
    }

    fn refusal(spec: Value) -> String {
        request(spec).err().unwrap().to_string()
    }

    #[test]
    fn a_url_that_leads_nowhere_is_refused_before_an_attempt_and_never_shown() {
        for (url, what) in [
            ("a.example", "is no URL: expected http://… or https://…"),
            (
                "http://a.example/?key=s3cret ",
                "is no URL: invalid uri character",
            ),
            (
                "ftp://a.example/",
                "has the scheme \"ftp\", expected http or https",
            ),
            (
                "http://me:s3cret@a.example/",
                "has a user in it, which would be in logs; use the header Authorization",
            ),
            (
                "http://b.example/?key=s3cret",
                "is of the host \"b.example\", which config.hosts of the plugin does not allow",
            ),
        ] {
            assert_eq!(refusal(json!({ "url": url })), format!("spec.url: {what}"));
        }
    }

    #[test]
    fn a_value_of_a_header_comes_from_the_environment_and_is_in_no_message() {
        let with = |name: &str, value: &str| json!({ "url": "http://a.example", "headers": { name: value } });
        let request = request(with("Authorization", "Bearer ${TOKEN}"))
            .ok()
            .unwrap();
        assert_eq!(request.headers["authorization"], "Bearer s3cret");
        assert!(!format!("{:?}", request.headers).contains("s3cret"));
        for (name, value, what) in [
            (
                "X",
                "${NAME}",
                "the variable \"NAME\" is not in the environment of the task or its runner",
            ),
            (
                "X",
                "${TOKEN",
                "a `${` has no `}` behind it; it begins the name of a variable",
            ),
            (
                "X",
                "${TOKEN}\n",
                "the value has a line end or another control character in it",
            ),
            ("X Y", "1", "is no name of a header"),
            (
                "Host",
                "b",
                "is what the request itself decides; leave it out",
            ),
        ] {
            assert_eq!(
                refusal(with(name, value)),
                format!("spec.headers.{name}: {what}")
            );
        }
    }

    #[test]
    fn what_could_never_succeed_or_fail_is_refused() {
        let with = |field: &str, value: Value| json!({ "url": "http://a.example", field: value });
        assert_eq!(
            refusal(with("expectStatus", json!([]))),
            "spec.expectStatus: is empty: no answer would be expected; leave it out for 2xx"
        );
        assert_eq!(
            refusal(with("expectText", json!(""))),
            "spec.expectText: is empty, which every body contains; leave it out"
        );
        assert_eq!(
            refusal(with("method", json!("G ET"))),
            "spec.method: \"G ET\" is no method, such as GET"
        );
        assert_eq!(
            refusal(with("maxBodyBytes", json!(1 << 30))),
            "spec.maxBodyBytes: 1073741824 is more than the operator allows, 16777216"
        );
    }
}
