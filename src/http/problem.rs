//! Problem documents (RFC 9457): the one shape of every error, over HTTP and in a line of NDJSON.
//!
//! A problem is made where it is met, and written when the answer leaves (`layers`), which knows the request
//! id. It never carries a secret, a path of this machine or the words of a library below: what an operator
//! needs is in the log lines under the same request id.

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Serialize, Serializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use crate::domain::Rejection;
use crate::engine::{QueryError, Refusal, SubmitError};
use crate::http::catalogue::{self, Fault};
use crate::signing::TokenError;
use crate::statement::Malformed;

/// How long a client should wait before it tries again, in seconds.
const RETRY_AFTER_S: u16 = 1;

/// How to identify oneself (RFC 6750).
const CHALLENGE: &str = "Bearer realm=\"tallystick\"";
const CHALLENGE_INVALID: &str = "Bearer realm=\"tallystick\", error=\"invalid_token\"";

/// What went wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The stable code; type and title are made from it.
    pub code: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// What went wrong this time, and what to do.
    pub detail: String,
    /// The request, for whoever asks the operator about it.
    pub request_id: Option<String>,
    /// The parameter of the request that is wrong.
    pub parameter: Option<Cow<'static, str>>,
    /// The line of the request that this is about, from one.
    pub line: Option<u64>,
}

/// A problem as it is written (RFC 9457).
#[derive(Serialize, ToSchema)]
struct Document<'a> {
    /// `/problems/` and the code: a page that documents the problem.
    #[serde(rename = "type")]
    kind: String,
    /// The code in words.
    title: String,
    /// The HTTP status; the same as that of the answer, or of the line's answer had it been sent alone.
    status: u16,
    /// The stable code.
    code: &'a str,
    /// What went wrong this time, and what to do.
    detail: &'a str,
    /// The request, for whoever asks the operator about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<&'a str>,
    /// The parameter of the request that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// The line of the request that this is about, from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let document = Document {
            kind: format!("/problems/{}", self.code),
            title: catalogue::title(self.code),
            status: self.status.as_u16(),
            code: self.code,
            detail: &self.detail,
            request_id: self.request_id.as_deref(),
            parameter: self.parameter.as_deref(),
            line: self.line,
        };
        document.serialize(serializer)
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Document::schema()
    }
}

impl ToSchema for Problem {}

/// No token that holds.
#[derive(IntoResponses)]
#[response(status = 401, content_type = "application/problem+json")]
#[expect(
    dead_code,
    reason = "what the description of the interface says of every request that needs a token"
)]
pub(super) struct NoToken(Problem);

/// There is no such thing, or it is not yours.
#[derive(IntoResponses)]
#[response(status = 404, content_type = "application/problem+json")]
#[expect(
    dead_code,
    reason = "what the description of the interface says of every request for one thing"
)]
pub(super) struct NotYours(Problem);

impl Problem {
    /// A problem of the door itself.
    pub(super) fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self::with(fault.code(), fault.status(), detail.into())
    }

    /// A problem of the door, in the words of the catalogue.
    pub(super) fn of(fault: Fault) -> Self {
        Self::new(fault, fault.message())
    }

    /// There is no such thing, or it is not the reader's to know: alike.
    pub(super) fn not_found() -> Self {
        Self::of(Fault::NotFound)
    }

    /// A parameter that is wrong.
    pub(super) fn parameter(name: impl Into<Cow<'static, str>>, detail: &str) -> Self {
        let name = name.into();
        let detail = format!("`{name}`: {detail}");
        Self { parameter: Some(name), ..Self::new(Fault::ParameterInvalid, detail) }
    }

    const fn with(code: &'static str, status: StatusCode, detail: String) -> Self {
        Self { code, status, detail, request_id: None, parameter: None, line: None }
    }
}

impl From<&Malformed> for Problem {
    fn from(malformed: &Malformed) -> Self {
        Self::with(malformed.code(), catalogue::malformed_status(malformed), malformed.to_string())
    }
}

impl From<&Rejection> for Problem {
    fn from(rejection: &Rejection) -> Self {
        let status = catalogue::rejection_status(rejection.code(), rejection.remedy());
        Self::with(rejection.code(), status, rejection.to_string())
    }
}

impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::Malformed(malformed) => Self::from(malformed),
            Refusal::Rejected(rejection) => Self::from(rejection),
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let detail = match &error {
            TokenError::Jws(inner) => format!("{error}: {inner}"),
            TokenError::Type
            | TokenError::Claims(_)
            | TokenError::Audience
            | TokenError::Expired
            | TokenError::TooLongLived
            | TokenError::NotYetValid
            | TokenError::UnknownKey
            | TokenError::Signature => error.to_string(),
        };
        Self::with(error.code(), StatusCode::UNAUTHORIZED, detail)
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Overloaded => Self::of(Fault::Overloaded),
            SubmitError::Stopping => Self::of(Fault::Stopping),
            SubmitError::Unknown => Self::of(Fault::OutcomeUnknown),
        }
    }
}

impl From<QueryError> for Problem {
    fn from(error: QueryError) -> Self {
        tracing::warn!(?error, "a query was not answered");
        match error {
            QueryError::Stopping => Self::of(Fault::Stopping),
            QueryError::Storage => Self::of(Fault::Unavailable),
            QueryError::NotReached(size) => {
                let detail = format!("{}; it has {size} records", Fault::SizeNotReached.message());
                Self::new(Fault::SizeNotReached, detail)
            }
        }
    }
}

impl IntoResponse for Problem {
    /// An answer without a body: `layers` writes it, with the request id.
    fn into_response(self) -> Response {
        let status = self.status;
        let mut response = status.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let later = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        if later.contains(&status) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(RETRY_AFTER_S));
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750: no error is named where no token was given.
            let given = self.code != Fault::TokenMissing.code();
            let challenge = if given { CHALLENGE_INVALID } else { CHALLENGE };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response.extensions_mut().insert(self);
        response
    }
}
