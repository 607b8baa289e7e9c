//! The pages of a debtor: what it is asked, what it lets others see, and what it says of its invoices.
//!
//! - A link from a letter is looked at with GET and used up with POST; after it a visit lasts an hour ([`session`]).
//! - The debtor signs, not the platform: what a form chose becomes statements ([`choice`]), shown in words made from
//!   them ([`says`]) and as the exact text that the browser signs. Only that text is taken.
//! - A page works without scripts, but for signing; then it shows the command that does the same.
//! - No script, style or word comes from elsewhere; nothing changes on GET; what was wrong is told on a page.
//!
//! Rules are in `domain`: these pages make statements, and what is admitted is decided where everything is decided.

mod choice;
mod choose;
mod enrol;
mod form;
mod guest;
mod home;
mod invoices;
mod link;
mod packages;
mod payables;
mod says;
mod session;
mod sign;
mod trouble;
mod words;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::http::App;
use crate::http::layers::Written;
use crate::http::pages::session::Visits;

pub use enrol::Clerk;

/// What the pages keep while the registry runs.
#[derive(Default)]
pub(super) struct Pages {
    visits: Visits,
    /// The operator's hand, which makes the keys of browsers count; without it keys of firms still sign.
    clerk: Option<Clerk>,
    /// Whether the pages are reached over TLS, so that the cookie may ask for it.
    secure: bool,
}

impl Pages {
    /// Pages of a registry.
    pub(super) fn new(clerk: Option<Clerk>, secure: bool) -> Self {
        Self { visits: Visits::default(), clerk, secure }
    }
}

/// Everything that a page may load comes from here, and its forms go here. A form that leads to the page of an
/// accounting package does so by a link: browsers count redirects of forms.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; form-action 'self'; \
base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// The routes of the pages.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/mandate", get(home::show))
        .route("/mandate/leave", post(home::leave))
        .route("/mandate/choose", get(choose::show).post(choose::take))
        .route("/mandate/refuse", post(choose::refuse))
        .route("/mandate/stop", post(choose::stop))
        .route("/mandate/invoices", get(invoices::show).post(invoices::take))
        .route("/mandate/fresh", post(link::fresh))
        .route("/mandate/connect", get(packages::show).post(packages::make))
        .route("/mandate/consent", post(packages::consent))
        .route("/mandate/allow", post(packages::allow))
        .route("/mandate/disconnect", post(packages::disconnect))
        .route("/mandate/sign", get(sign::show).post(sign::take))
        .route("/mandate/done", get(sign::done))
        .route("/mandate/{token}", get(link::show).post(link::enter))
        .route("/pages/style.css", get(style))
        .route("/pages/script.js", get(script))
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

async fn script() -> Response {
    asset("text/javascript; charset=utf-8", SCRIPT)
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, text).into_response()
}

/// A page; its errors too are pages and not problem documents.
fn page(status: StatusCode, template: &impl askama::Template) -> Response {
    let Ok(text) = template.render() else {
        tracing::error!("a page could not be written");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    let mut response = (status, headers, text).into_response();
    response.extensions_mut().insert(Written);
    response
}

/// To another page, with GET.
fn go(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}
