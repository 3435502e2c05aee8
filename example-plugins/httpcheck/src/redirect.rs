//! Where a redirect leads, and what goes along.

use hyper::body::Bytes;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use iri_string::types::{UriReferenceStr, UriStr};

use crate::config::Config;
use crate::fault::Fault;
use crate::request::{self, Request};

/// Headers that are no secret of a task's: these go along to another server.
const HARMLESS: [header::HeaderName; 3] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::USER_AGENT];

/// One of the requests that lead to the answer.
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Hop {
    /// The one that the task asks for.
    pub(crate) fn first(request: &Request) -> Self {
        Self {
            method: request.method.clone(),
            uri: request.uri.clone(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        }
    }

    /// What a person reads of it.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", self.method, request::shown(&self.uri))
    }

    /// The one that an answer leads to.
    pub(crate) fn follow(
        mut self,
        status: StatusCode,
        location: Option<&HeaderValue>,
        config: &Config,
    ) -> Result<Self, Fault> {
        let wrong = |what: String| Fault::Redirect {
            from: self.shown(),
            what,
        };
        let location = location
            .ok_or_else(|| wrong("does not say where to: it has no header Location".to_owned()))?;
        let location = location.to_str().ok();
        let location = location.and_then(|text| UriReferenceStr::new(text).ok());
        let location = location.ok_or_else(|| wrong("its header Location is no URL".to_owned()))?;
        let base = request::shown(&self.uri);
        let base =
            UriStr::new(&base).map_err(|_| wrong("nothing is relative to that".to_owned()))?;
        let target = location.resolve_against(base.to_absolute()).to_string();
        let target = request::parse(&target, config)
            .map_err(|what| wrong(format!("where it leads {what}")))?;
        if self.uri.scheme_str() == Some("https") && target.scheme_str() == Some("http") {
            return Err(wrong(
                "that leads from https to http, which is not followed".to_owned(),
            ));
        }
        let becomes_get = match status {
            StatusCode::SEE_OTHER => self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            _ => false,
        };
        if becomes_get {
            self.method = Method::GET;
            self.body = Bytes::new();
            self.headers.remove(header::CONTENT_TYPE);
        }
        if origin(&self.uri) != origin(&target) {
            let kept = HARMLESS.iter().filter_map(|name| {
                let value = self.headers.get(name)?;
                Some((name.clone(), value.clone()))
            });
            let mut headers: HeaderMap = kept.collect();
            if !self.body.is_empty()
                && let Some(kind) = self.headers.remove(header::CONTENT_TYPE)
            {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            self.headers = headers;
        }
        self.uri = target;
        Ok(self)
    }
}

/// Whose a URL is: two of the same may share secrets.
fn origin(uri: &Uri) -> (Option<&str>, String, Option<u16>) {
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    (uri.scheme_str(), host, uri.port_u16())
}

/// Whether a status leads somewhere else.
pub(crate) fn leads_on(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(method: Method) -> Hop {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "s3cret"),
            ("x-key", "s3cret"),
            ("accept", "a/b"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Hop {
            method,
            uri: Uri::from_static("https://a.example/dir/page?key=s3cret"),
            headers,
            body: Bytes::from_static(b"body"),
        }
    }

    fn follow(method: Method, status: u16, location: &'static str) -> Result<Hop, Fault> {
        let location = HeaderValue::from_static(location);
        let status = StatusCode::from_u16(status).unwrap();
        hop(method).follow(status, Some(&location), &Config::default())
    }

    #[test]
    fn a_relative_redirect_is_relative_to_what_was_asked() {
        for (location, target) in [
            ("https://b.example/x", "https://b.example/x"),
            ("//b.example/x", "https://b.example/x"),
            ("/x?y", "https://a.example/x?y"),
            ("x/../y", "https://a.example/dir/y"),
            ("../../..", "https://a.example/"),
        ] {
            assert_eq!(
                follow(Method::GET, 302, location).unwrap().uri,
                target,
                "{location}"
            );
        }
    }

    #[test]
    fn secrets_do_not_go_along_to_another_server() {
        for location in ["https://b.example/", "https://a.example:8443/"] {
            let other = follow(Method::GET, 302, location).unwrap();
            assert_eq!(other.headers.len(), 1, "{:?}", other.headers);
            assert_eq!(other.headers["accept"], "a/b");
        }
        let same = follow(Method::GET, 302, "https://A.example/elsewhere").unwrap();
        assert_eq!(same.headers.len(), 3);
    }

    #[test]
    fn only_the_redirects_that_say_so_send_a_body_again() {
        for (status, method, body) in [
            (301, "GET", ""),
            (302, "GET", ""),
            (303, "GET", ""),
            (307, "POST", "body"),
            (308, "POST", "body"),
        ] {
            let hop = follow(Method::POST, status, "/x").unwrap();
            assert_eq!((hop.method.as_str(), &*hop.body), (method, body.as_bytes()));
        }
        assert_eq!(
            follow(Method::HEAD, 303, "/x").unwrap().method,
            Method::HEAD
        );
        assert_eq!(follow(Method::PUT, 302, "/x").unwrap().method, Method::PUT);
    }

    #[test]
    fn a_redirect_that_leads_out_of_tls_or_nowhere_ends_the_attempt() {
        let refusal = |location| {
            follow(Method::GET, 302, location)
                .err()
                .unwrap()
                .to_string()
        };
        let from = "GET https://a.example/dir/page redirects, and";
        assert_eq!(
            refusal("http://a.example/"),
            format!("{from} that leads from https to http, which is not followed")
        );
        assert_eq!(
            refusal("http://["),
            format!("{from} its header Location is no URL")
        );
        assert_eq!(
            refusal("ftp://a.example/x"),
            format!("{from} where it leads has the scheme \"ftp\", expected http or https")
        );
        let nowhere = hop(Method::GET).follow(StatusCode::FOUND, None, &Config::default());
        assert_eq!(
            nowhere.err().unwrap().to_string(),
            format!("{from} does not say where to: it has no header Location")
        );
    }
}
