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
use crate::http::params::{Cursor, List, PageRequest, Params};
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

    /// A page of these rows, as far as there is something to show of them.
    pub(super) fn of_rows(
        request: PageRequest,
        rows: impl IntoIterator<Item = u32>,
        mut show: impl FnMut(u32) -> Option<T>,
    ) -> Self {
        let mut page = Self::new(request);
        for row in rows {
            if page.is_full() {
                break;
            }
            if let Some(shown) = show(row) {
                page.push(Cursor(u64::from(row), 0), shown);
            }
        }
        page
    }

    /// A page of entries of which few may be shown: at most so many are looked at for one request. With what is shown
    /// of invoices.
    pub(super) fn of_few<E>(
        request: PageRequest,
        looks_max: usize,
        entries: impl IntoIterator<Item = (Cursor, E)>,
        mut show: impl FnMut(E) -> Option<(T, Seen)>,
    ) -> (Self, Seen) {
        let mut page = Self::new(request);
        let mut seen = Seen::default();
        for (looks, (at, entry)) in (1_usize..).zip(entries) {
            if let Some((shown, noted)) = show(entry) {
                if page.is_full() {
                    break;
                }
                seen.join(noted);
                page.push(at, shown);
            }
            if looks >= looks_max {
                page.stop(at);
                break;
            }
        }
        (page, seen)
    }

    /// The page, as of a log size.
    pub(super) fn page(self, as_of: u64) -> Page<T> {
        let next = self.last.filter(|_| self.more);
        let next_cursor = next.map(|at| self.request.cursor(at));
        Page { object: "list", data: self.data, has_more: self.more, next_cursor, as_of }
    }
}

impl App {
    /// Which page of a list is asked for, once the log has the size that the request asks for.
    pub(super) async fn page(
        &self,
        mut params: Params,
        list: List,
    ) -> Result<PageRequest, Problem> {
        let request = params.page(list)?;
        self.wait(params.done()?).await?;
        Ok(request)
    }

    /// Answers with one object, and accounts for the invoices that it shows.
    pub(super) async fn one<T: Serialize>(
        &self,
        caller: &Caller,
        route: &'static str,
        get: impl FnOnce(&State, Timestamp) -> Result<(T, Seen), Problem>,
    ) -> Result<Response, Problem> {
        let asked = self.ask(caller, |state, now| Ok((get(state, now)?, now)));
        let Answer { value: ((object, seen), now), as_of } = asked.await?;
        self.account(caller, route, now, seen)?;
        Ok(json(StatusCode::OK, &AsOf::new(object, as_of)))
    }

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
