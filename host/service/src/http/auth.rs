//! Who may ask: one layer for every route.

use std::net::IpAddr;
use std::sync::Arc;

use super::app::{Access, App};
use super::error::Problem;
use super::page;
use crate::access::Role;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Peer {
    /// The Unix socket, whose mode says who may connect.
    Unix,
    /// TCP.
    Tcp,
}

impl Peer {
    /// What it is called where it is told who has changed something.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unix => "the Unix socket",
            Self::Tcp => "TCP",
        }
    }
}

/// Routes that tell nothing but whether the service lives; beside the files of the page, which are the same
/// everywhere.
const OPEN: [&str; 2] = ["/livez", "/readyz"];

/// Lets a request through, or says why not.
pub(super) async fn check(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    mut request: Request,
    next: Next,
) -> Response {
    let role = match peer {
        // Who may connect to it may do everything.
        Peer::Unix => Role::Admin,
        Peer::Tcp => {
            let passed = may_pass(
                &app.access,
                request.method(),
                request.uri(),
                request.headers(),
            );
            match passed {
                Ok(role) => role,
                Err(problem) => return problem.into_response(),
            }
        }
    };
    request.extensions_mut().insert(role);
    next.run(request).await
}

/// The role of who asks.
fn may_pass(
    access: &Access,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Role, Problem> {
    // A page of any site can have a browser connect to loopback, and a name of its own lead there.
    let host = text(headers, header::HOST).unwrap_or_default();
    if !is_allowed(access, host) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "host_not_allowed",
            format!(
                "the service is not called {host:?}: call it by its address or localhost, or name that in \
                 `hosts` of its configuration"
            ),
        ));
    }
    if let Some(origin) = text(headers, header::ORIGIN) {
        let of_origin = origin.split_once("://").map(|(_, host)| host);
        if of_origin != Some(host) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "origin_not_allowed",
                format!("nothing is for pages of {origin:?}"),
            ));
        }
    }
    let Some(tokens) = &access.tokens else {
        return Ok(Role::Admin);
    };
    if OPEN.contains(&uri.path()) || page::is_part(uri.path()) {
        return Ok(Role::Read);
    }
    let unauthorized = |message: &str| {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            format!("{message}: send `Authorization: Bearer TOKEN` with what is in the token file"),
        )
    };
    let given =
        text(headers, header::AUTHORIZATION).ok_or_else(|| unauthorized("no token was sent"))?;
    let given = given
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| unauthorized("what was sent is no bearer token"))?;
    let role = tokens
        .role_of(given)
        .ok_or_else(|| unauthorized("the token is not the service's"))?;
    let needed = needed_for(method, uri.path());
    if role < needed {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "role_not_enough",
            format!(
                "the token's role is {role}, and {method} of this needs {needed}: use another token"
            ),
        ));
    }
    Ok(role)
}

/// The role that a request needs.
fn needed_for(method: &Method, path: &str) -> Role {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Role::Read,
        _ if path.starts_with("/v1/plugins") => Role::Admin,
        _ => Role::Submit,
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Whether a `Host` is an address, localhost, or a name that was allowed.
fn is_allowed(access: &Access, host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    address.parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || access
            .hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::access::Tokens;

    fn said(headers: &[(header::HeaderName, &str)]) -> &'static str {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("token");
        fs::write(&file, "right-right-right").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let access = Access {
            tokens: Some(Tokens::read([(file, Role::Admin)]).unwrap()),
            hosts: vec!["solti.example".to_owned()],
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(name.clone(), value.parse().unwrap());
        }
        match may_pass(&access, &Method::POST, &Uri::from_static("/v1/tasks"), &map) {
            Ok(_) => "passed",
            Err(problem) => match problem.status() {
                StatusCode::FORBIDDEN => "forbidden",
                _ => "unauthorized",
            },
        }
    }

    #[test]
    fn each_request_needs_a_role() {
        for (method, path, needed) in [
            (Method::GET, "/v1/tasks", Role::Read),
            (Method::GET, "/v1/plugins/a", Role::Read),
            (Method::POST, "/v1/tasks", Role::Submit),
            (Method::DELETE, "/v1/tasks/a", Role::Submit),
            (Method::PUT, "/apis/solti.io/v1/tasks/a", Role::Submit),
            (Method::POST, "/v1/plugins/reload", Role::Admin),
            (Method::POST, "/v1/plugins/a/reinstate", Role::Admin),
        ] {
            assert_eq!(needed_for(&method, path), needed, "{method} {path}");
        }
    }

    #[test]
    fn only_who_knows_the_token_passes_and_no_page_of_another_site() {
        let right = (header::AUTHORIZATION, "Bearer right-right-right");
        for (headers, expected) in [
            (
                vec![(header::HOST, "127.0.0.1:7480"), right.clone()],
                "passed",
            ),
            (vec![(header::HOST, "[::1]:7480"), right.clone()], "passed"),
            (vec![(header::HOST, "LocalHost"), right.clone()], "passed"),
            (
                vec![(header::HOST, "solti.example:1"), right.clone()],
                "passed",
            ),
            (
                vec![(header::HOST, "evil.example"), right.clone()],
                "forbidden",
            ),
            (vec![right.clone()], "forbidden"),
            (vec![(header::HOST, "localhost")], "unauthorized"),
            (
                vec![
                    (header::HOST, "localhost"),
                    (header::AUTHORIZATION, "Bearer right-right-righ"),
                ],
                "unauthorized",
            ),
            (
                vec![
                    (header::HOST, "localhost"),
                    (header::AUTHORIZATION, "Basic right-right-right"),
                ],
                "unauthorized",
            ),
            (
                vec![
                    (header::HOST, "localhost:1"),
                    (header::ORIGIN, "http://evil.example"),
                    right.clone(),
                ],
                "forbidden",
            ),
            (
                vec![
                    (header::HOST, "localhost:1"),
                    (header::ORIGIN, "http://localhost:1"),
                    right,
                ],
                "passed",
            ),
        ] {
            assert_eq!(said(&headers), expected, "{headers:?}");
        }
    }
}
