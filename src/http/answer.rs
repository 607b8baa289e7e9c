//! What goes out: JSON with the log size that it reflects, one object or a page of a list.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::State;
use crate::engine::Answer;
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::params::{Cursor, PageRequest};
use crate::http::problem::Problem;
use crate::types::Timestamp;

/// A page of a list, in the order of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// Always `list`.
    object: &'static str,
    /// The entries. A page may have fewer than `limit`, or none, while there are more.
    data: Vec<T>,
    /// Whether there is more after this page.
    has_more: bool,
    /// The cursor of the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The log size that this reflects.
    as_of: u64,
}

/// A page while it is filled.
pub(super) struct Filling<T> {
    request: PageRequest,
    data: Vec<T>,
    last: Option<Cursor>,
    more: bool,
}

impl<T> Filling<T> {
    /// An empty page.
    pub(super) fn new(request: PageRequest) -> Self {
        Self { request, data: Vec::new(), last: None, more: false }
    }

    /// Whether nothing more fits. Whoever asks has something more.
    pub(super) fn is_full(&mut self) -> bool {
        self.more |= self.data.len() >= self.request.limit;
        self.more
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, at: Cursor, entry: T) {
        self.data.push(entry);
        self.last = Some(at);
    }

    /// Stops here, although there may be more: enough was looked at for one request.
    pub(super) fn stop(&mut self, at: Cursor) {
        self.last = Some(at);
        self.more = true;
    }

    /// The page, as of a log size.
    pub(super) fn page(self, as_of: u64) -> Page<T> {
        let next = self.last.filter(|_| self.more);
        let next_cursor = next.map(|at| self.request.cursor(at));
        Page { object: "list", data: self.data, has_more: self.more, next_cursor, as_of }
    }
}

impl App {
    /// Answers with a page of a list, and accounts for the invoices that it shows.
    pub(super) async fn list<T: Serialize>(
        &self,
        caller: &Caller,
        route: &'static str,
        fill: impl FnOnce(&State, Timestamp) -> Result<(Filling<T>, Seen), Problem>,
    ) -> Result<Response, Problem> {
        let asked = self.ask(caller, |state, now| Ok((fill(state, now)?, now)));
        let Answer { value: ((page, seen), now), as_of } = asked.await?;
        self.account(caller, route, now, seen)?;
        Ok(json(StatusCode::OK, &page.page(as_of)))
    }
}

/// An object with the log size that it reflects.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AsOf<T> {
    /// The object.
    #[serde(flatten)]
    object: T,
    /// The log size that this reflects.
    as_of: u64,
}

impl<T> AsOf<T> {
    /// Joins the two.
    pub(super) const fn new(object: T, as_of: u64) -> Self {
        Self { object, as_of }
    }
}

/// An answer in JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            let kind = HeaderValue::from_static("application/json");
            (status, [(header::CONTENT_TYPE, kind)], Body::from(bytes)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written");
            Problem::of(Fault::Internal).into_response()
        }
    }
}
