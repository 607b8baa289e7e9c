//! What the door says about itself: the OpenAPI document, the reference made from it, a page for each problem.

use core::fmt::Write as _;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder};

use crate::http::App;
use crate::http::catalogue;
use crate::http::html;
use crate::http::problem::Problem;
use crate::statement::{envelope_schema, json_schema};

const DESCRIPTION: &str = "A neutral registry of invoices: signed statements in, one durable log, double \
financing flagged at the second claim.\n\nStatements are compact JWS (RFC 7515, `alg` Ed25519) over CloudEvents 1.0 \
JSON; `kid` is the JWK thumbprint (RFC 7638) of the author's registered key.\n\nWho reads sends \
`Authorization: Bearer` and a JWT that it signed itself with a registered key: `iss` its party id, `aud` the registry's \
origin, `exp` at most five minutes away, and a `jti`.\n\nAmounts are integers in minor units beside an ISO 4217 code. \
Times are RFC 3339 in UTC. Lists are in the order of the log and paged by an opaque cursor; `as_of` is the log size \
that an answer reflects, and `?min_size=` waits for one. Unknown members of answers are to be ignored, unknown values \
treated as other. What is not there and what is not yours are told alike: 404. Reads of invoices by others than their \
two parties are accounted for.";

const TAGS: [(&str, &str); 10] = [
    ("Statements", "What participants sign, and what they get back."),
    ("Invoices", "What is registered, as far as you may see it."),
    ("The caller's", "What you hold, what contests it, and what you have to know."),
    ("Behaviour", "How debtors pay and what suppliers will get, from what you may see."),
    ("Webhooks", "What you have to know, sent to you."),
    (
        "Connections",
        "Your accounting package, read and never written to, so that statuses need nobody's hands.",
    ),
    ("Letters", "How debtors are reached and what was written to them, for the operator."),
    ("Participants", "Who is who, and who looked at what."),
    ("Log", "The signed log (C2SP tlog-tiles), for everyone to verify and for auditors to read."),
    ("Operation", "For those who run it."),
];

/// A token carries no rights: what its holder may see is decided by the registry.
const NO_SCOPES: [&str; 0] = [];

/// The documents, made once.
pub(super) struct Reference {
    openapi: String,
    docs: String,
}

impl Reference {
    /// Makes them from the routes.
    pub(super) fn new() -> Self {
        let mut api = super::described().to_openapi();
        // OpenAPI knows no path parameter with slashes in it; the router does.
        let renamed = |(path, item): (String, _)| (path.replace("{*", "{"), item);
        let paths = core::mem::take(&mut api.paths.paths);
        api.paths.paths = paths.into_iter().map(renamed).collect();
        let value = serde_json::to_value(&api).unwrap_or_default();
        let openapi = serde_json::to_string_pretty(&value).unwrap_or_default();
        Self { openapi, docs: html::reference(&value) }
    }

    /// The OpenAPI document in JSON.
    pub(super) fn openapi(&self) -> &str {
        &self.openapi
    }
}

/// The OpenAPI document without routes.
pub(super) fn outline() -> OpenApi {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("A JWT that the caller signed with its registered key."))
        .build();
    let info = InfoBuilder::new()
        .title("Tallystick")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(License::new("Apache-2.0")))
        .build();
    let tags = TAGS.iter().map(|(name, description)| {
        TagBuilder::new().name(*name).description(Some(*description)).build()
    });
    OpenApiBuilder::new()
        .info(info)
        .tags(Some(tags))
        .components(Some(
            ComponentsBuilder::new().security_scheme("token", SecurityScheme::Http(token)).build(),
        ))
        .security(Some([SecurityRequirement::new("token", NO_SCOPES)]))
        .build()
}

/// `GET /openapi.json`
pub(super) async fn openapi(State(app): State<App>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], app.reference.openapi.clone()).into_response()
}

fn page(text: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, text).into_response()
}

/// `GET /docs`
pub(super) async fn docs(State(app): State<App>) -> Response {
    page(app.reference.docs.clone())
}

/// `GET /docs/style.css`
pub(super) async fn style() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, html::STYLE).into_response()
}

/// `GET /problems`
pub(super) async fn problems() -> Response {
    let mut rows = String::new();
    for entry in catalogue::entries() {
        let (code, status) = (entry.code, entry.status.as_u16());
        let text = html::prose(&entry.text);
        let row = format!(
            "<tr><td><a href=\"/problems/{code}\"><code>{code}</code></a></td><td>{status}</td><td>{text}</td></tr>\n"
        );
        rows.push_str(&row);
    }
    let body = format!("<table><tr><th>Code</th><th>Status</th><th></th></tr>\n{rows}</table>");
    page(html::page("Problems", &body))
}

/// `GET /problems/{code}`
pub(super) async fn problem(Path(code): Path<String>) -> Result<Response, Problem> {
    let entry = catalogue::entries().into_iter().find(|entry| entry.code == code);
    let entry = entry.ok_or_else(Problem::not_found)?;
    let mut body = String::new();
    let (status, place) = (entry.status, html::escape(entry.place));
    let text = html::prose(&entry.text);
    // Writing to a text cannot fail.
    let _ = write!(
        body,
        "<p>{text}.</p>\n<table><tr><th>Code</th><td><code>{code}</code></td></tr>\
         <tr><th>Status</th><td>{status}</td></tr><tr><th>Met by</th><td>{place}</td></tr></table>\n\
         <p><a href=\"/problems\">All problems</a>, <a href=\"/docs\">reference</a></p>"
    );
    Ok(page(html::page(&catalogue::title(entry.code), &body)))
}

/// `GET /schemas/{type}.json`, and the envelope as `statement.json`
pub(super) async fn schema(Path(file): Path<String>) -> Result<Response, Problem> {
    let name = file.strip_suffix(".json").ok_or_else(Problem::not_found)?;
    let schema = if name == "statement" {
        envelope_schema()
    } else {
        json_schema(name.parse().map_err(|_| Problem::not_found())?)
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/schema+json")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    Ok((headers, schema.to_string()).into_response())
}
