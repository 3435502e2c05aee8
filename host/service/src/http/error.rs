//! What a client is told of what it did wrong, or of what the service cannot do.

use axum::Json;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::tasks::Refused;

/// Why a request was not done: a code for programs, a sentence for people, and the field where it is one.
#[derive(Debug, Serialize)]
pub(crate) struct Problem {
    #[serde(skip)]
    status: StatusCode,
    code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    message: String,
}

#[derive(Serialize)]
struct Document {
    error: Problem,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            field: None,
            message: message.into(),
        }
    }

    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// A field, a header or a parameter of the query that has something else than was expected.
    pub(crate) fn unexpected(name: &'static str, found: &str, expected: &str) -> Self {
        let message = format!("{name}: is {found:?}, expected {expected}");
        Self::bad("invalid", message).in_field(name)
    }

    /// A parameter of the query that there is none of.
    pub(crate) fn unknown_parameter(name: String, known: &str) -> Self {
        let message = format!("{name}: unknown, expected {known}");
        Self::bad("invalid", message).in_field(name)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    pub(crate) async fn method_not_allowed(method: Method, uri: Uri) -> Self {
        let message = format!(
            "{method} is not for {}; /openapi.json has what is",
            uri.path()
        );
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            message,
        )
    }

    #[cfg(test)]
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let code = refused.code();
        let status = match code {
            "stopping" => StatusCode::SERVICE_UNAVAILABLE,
            "too_many_tasks" => StatusCode::TOO_MANY_REQUESTS,
            "name_taken" | "idempotency_key_reused" | "conflict" => StatusCode::CONFLICT,
            "not_found" => StatusCode::NOT_FOUND,
            "no_runner" => StatusCode::UNPROCESSABLE_ENTITY,
            "invalid" => StatusCode::BAD_REQUEST,
            "disk_full" => StatusCode::INSUFFICIENT_STORAGE,
            "store" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let problem = Self::new(status, code, refused.to_string());
        match refused {
            Refused::Invalid { field, .. } => problem.in_field(field),
            _ => problem,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = (status, Json(Document { error: self })).into_response();
        let wait = match status {
            StatusCode::UNAUTHORIZED => Some((header::WWW_AUTHENTICATE, "Bearer")),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                Some((header::RETRY_AFTER, "1"))
            }
            _ => None,
        };
        if let Some((name, value)) = wait {
            let value = axum::http::HeaderValue::from_static(value);
            response.headers_mut().insert(name, value);
        }
        response
    }
}
