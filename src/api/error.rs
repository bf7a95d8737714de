//! Errors as HTTP answers: `{code, message, remedy}` with the fitting status.

use crate::port::{ActionError, Problem};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// The body of every answer that is not a success.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// A refusal or failure on its way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {} {}", body.code, body.message)]
pub(crate) struct ApiError {
    pub status: StatusCode,
    pub body: ErrorBody,
    pub retry_after: Option<Duration>,
}

impl ApiError {
    pub fn new(
        status: StatusCode,
        code: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let body = ErrorBody {
            code: code.to_owned(),
            message: message.into(),
            remedy: remedy.into(),
        };
        Self {
            status,
            body,
            retry_after: None,
        }
    }

    /// The supervisor's token is missing or wrong.
    pub fn token() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "API-001",
            "the supervisor's token is missing or wrong",
            "send it as `Authorization: Bearer TOKEN`; `carillon init` wrote it to the file named in the config",
        )
    }

    /// Too many wrong tokens or PINs.
    pub fn too_many(wait: Duration) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "API-002",
            "too many wrong tokens or PINs from this address",
            format!("wait {} s and try again", wait.as_secs().max(1)),
        );
        error.retry_after = Some(wait);
        error
    }

    /// Nobody is signed in.
    pub fn no_session() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "API-005",
            "no agent is signed in here",
            "sign in with name and PIN",
        )
    }

    /// A value that makes no sense.
    pub fn invalid(code: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message, remedy)
    }
}

impl From<ActionError> for ApiError {
    fn from(e: ActionError) -> Self {
        let status = match e.problem {
            Problem::NotFound => StatusCode::NOT_FOUND,
            Problem::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Problem::Gone => StatusCode::GONE,
            Problem::Conflict => StatusCode::CONFLICT,
            Problem::Credentials => StatusCode::UNAUTHORIZED,
            Problem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Problem::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::warn!(code = %e.code, message = %e.message, "request failed");
        }
        Self::new(status, &e.code, e.message, e.remedy)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after {
            headers.insert(
                header::RETRY_AFTER,
                HeaderValue::from(wait.as_secs().max(1)),
            );
        }
        response
    }
}
