//! Extractors whose refusals are `{code, message, remedy}` too.

use crate::error::ApiError;
use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A JSON body.
pub(crate) struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let rejected: JsonRejection = match Json::<T>::from_request(request, state).await {
            Ok(Json(value)) => return Ok(Self(value)),
            Err(rejected) => rejected,
        };
        let remedy = match rejected.status() {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "send `Content-Type: application/json`",
            StatusCode::PAYLOAD_TOO_LARGE => "send less: the limit is 64 KiB",
            _ => "see /api/openapi.json for the fields of this request",
        };
        Err(ApiError::new(
            rejected.status(),
            "API-010",
            rejected.body_text(),
            remedy,
        ))
    }
}

/// Query parameters.
pub(crate) struct Params<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Query::<T>::from_request_parts(parts, state).await {
            Ok(Query(value)) => Ok(Self(value)),
            Err(rejected) => {
                let rejected: QueryRejection = rejected;
                Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "API-011",
                    rejected.body_text(),
                    "see /api/openapi.json for the parameters of this request",
                ))
            }
        }
    }
}

/// A part of the path.
pub(crate) struct Part<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Part<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejected) => {
                let rejected: PathRejection = rejected;
                Err(ApiError::new(
                    StatusCode::BAD_REQUEST,
                    "API-012",
                    rejected.body_text(),
                    "ids are whole numbers; names are percent-encoded",
                ))
            }
        }
    }
}
