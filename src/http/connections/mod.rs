//! The caller's connections to its accounting packages: what is read, how that goes, and what ends it.

mod shown;

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use core::time::Duration;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::connect::{By, Connection, ConnectionId, OwnerError, Secret, Settings, Wish};
use crate::http::App;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::body::JsonBody;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::connections::shown::ConnectionShown;
use crate::http::params::{Cursor, List, MinSize, Paging, Params, PathId};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::statement::Role;
use crate::types::{KeyId, PartyId, Timestamp};

/// The longest file that is given.
const FILE_BYTES_MAX: usize = 4 << 20;
/// What the address ends with that a package sends the debtor back to.
const BACK: &str = "/connections/back";
/// How long it may take to arrive.
const ARRIVAL_MAX: Duration = Duration::from_secs(8);

/// A new connection.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConnection)]
pub(super) struct Draft {
    /// The kind of package, such as `tryton`.
    system: String,
    /// What the kind takes: for `tryton` the `url` of the server, its `database`, and `payments` (`yes` where the module
    /// for payments is there).
    #[serde(default)]
    settings: Settings,
    /// The key or token that the package gave out for this, where the kind takes one. It is sealed, and never shown.
    secret: Option<String>,
    /// What the caller calls it, at most 256 bytes.
    description: Option<String>,
}

/// What of a connection is to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionChange)]
pub(super) struct Change {
    /// Another key or token, after the one before was taken back or ran out. It is read at once.
    secret: String,
}

/// Where the debtor comes back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentBack)]
pub(super) struct Back {
    /// The address of this registry as the debtor's browser reaches it, and `/connections/back`; it is registered with the
    /// package.
    back: String,
}

/// Where the debtor is to consent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consent)]
struct ConsentShown {
    /// Always `consent`.
    object: &'static str,
    /// The package's page.
    url: String,
}

/// No members.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

impl From<OwnerError> for Problem {
    fn from(error: OwnerError) -> Self {
        let fault = match &error {
            OwnerError::NotFound => return Self::not_found(),
            OwnerError::Storage => return Self::of(Fault::Unavailable),
            OwnerError::NoVault => Fault::VaultMissing,
            OwnerError::TooMany => Fault::ConnectionTooMany,
            OwnerError::System(_) | OwnerError::Setting(_) | OwnerError::Secret(_) => {
                Fault::ConnectionInvalid
            }
            OwnerError::ConsentUnknown => Fault::ConnectionConsentUnknown,
            OwnerError::Busy => Fault::ConnectionBusy,
            OwnerError::NotDelegated => Fault::ConnectionNotDelegated,
            OwnerError::Trouble(_) => Fault::ConnectionTrouble,
        };
        Self::new(fault, error.to_string())
    }
}

/// The owner that a caller is.
struct Owner {
    party: PartyId,
    key: KeyId,
    now: Timestamp,
}

impl Owner {
    /// The caller, once the log has the size that the request asks for.
    async fn of(app: &App, caller: &Caller, size: MinSize) -> Result<Self, Problem> {
        app.wait(size).await?;
        let party = app.ask(caller, |state, now| {
            let participant = state.participant(caller.row).ok_or_else(Problem::not_found)?;
            Ok((participant.id.clone(), now))
        });
        let (party, now) = party.await?.value;
        Ok(Self { party, key: caller.key(), now })
    }

    const fn by(&self) -> By<'_> {
        By { owner: &self.party, key: Some(self.key), now: self.now }
    }
}

/// How a connection is doing now.
async fn show(
    app: &App,
    caller: &Caller,
    status: StatusCode,
    connection: &Connection,
) -> Result<Response, Problem> {
    let shown = app.ask(caller, |state, now| {
        Ok(ConnectionShown::of(&app.connections, state, now, connection))
    });
    let shown = shown.await?;
    Ok(json(status, &AsOf::new(shown.value, shown.as_of)))
}

/// Make a connection
///
/// To the caller's own accounting package, which is read and never written to: about every quarter of an hour, only what
/// changed. What is read of invoices that are registered becomes `status.reported.v1` with source `ledger`, signed by the
/// registry's connector service; that takes the caller's `delegation.granted.v1` for this type to `delegate`, and ends
/// with it. Entries of other invoices are kept for a while, for the case that they are registered, and told to nobody.
#[utoipa::path(
    post, path = "/v1/connections", tag = "Connections", operation_id = "make_connection",
    request_body(content = Draft, content_type = "application/json"),
    responses(
        (status = 201, description = "Made; it is read soon.", body = AsOf<ConnectionShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        (status = 403, description = "The caller is no debtor.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are ten.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a connection that can be made.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The registry keeps no connections: it was started without a vault key.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let is_debtor = app.ask(&caller, |state, _| {
        Ok(state.participant(caller.row).is_some_and(|it| it.has(Role::Debtor)))
    });
    if !is_debtor.await?.value {
        return Err(Problem::of(Fault::ConnectionNotAllowed));
    }
    let Draft { system, settings, secret, description } = draft;
    let wish = Wish { system, settings, secret: secret.map(Secret::new), description };
    let connection = app.connections.make(owner.by(), wish, &app.engine).await?;
    let mut response = show(&app, &caller, StatusCode::CREATED, &connection).await?;
    if let Ok(address) = HeaderValue::from_str(&format!("/v1/connections/{}", connection.id)) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

/// List connections
///
/// The caller's own, in the order in which they were made.
#[utoipa::path(
    get, path = "/v1/connections", tag = "Connections", operation_id = "list_connections",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<ConnectionShown>),
        NoToken,
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let request = params.page(List::Connections)?;
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let after = request.after.map(|Cursor(number, _)| number);
    let connections = app.connections.of(&owner.party);
    let page = app.ask(&caller, |state, now| {
        let mut page = Filling::new(request);
        for (number, connection) in &connections {
            if after.is_some_and(|after| *number <= after) {
                continue;
            }
            if page.is_full() {
                break;
            }
            let shown = ConnectionShown::of(&app.connections, state, now, connection);
            page.push(Cursor(*number, 0), shown);
        }
        Ok(page)
    });
    let page = page.await?;
    Ok(json(StatusCode::OK, &page.value.page(page.as_of)))
}

/// Get a connection
#[utoipa::path(
    get, path = "/v1/connections/{connection_id}", tag = "Connections", operation_id = "get_connection",
    params(("connection_id" = String, Path)),
    responses(
        (status = 200, description = "The connection, and how it is doing.", body = AsOf<ConnectionShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<ConnectionId>,
    params: Params,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let connection = app.connections.get(&owner.party, id)?;
    show(&app, &caller, StatusCode::OK, &connection).await
}

/// Give a connection another secret
#[utoipa::path(
    patch, path = "/v1/connections/{connection_id}", tag = "Connections", operation_id = "change_connection",
    params(("connection_id" = String, Path)),
    request_body(content = Change, content_type = "application/json"),
    responses(
        (status = 200, description = "Changed; it is read soon.", body = AsOf<ConnectionShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        NotYours,
        (status = 409, description = "It is being read just now.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a secret that it takes.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The registry keeps no connections: it was started without a vault key.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<ConnectionId>,
    params: Params,
    JsonBody(change): JsonBody<Change>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let secret = Secret::new(change.secret);
    let connection = app.connections.give_secret(owner.by(), id, secret).await?;
    show(&app, &caller, StatusCode::OK, &connection).await
}

/// Remove a connection
///
/// With its secret and whatever was kept of the books. What was stated stays stated. The package still has the key: take
/// it back there, too.
#[utoipa::path(
    delete, path = "/v1/connections/{connection_id}", tag = "Connections", operation_id = "remove_connection",
    params(("connection_id" = String, Path)),
    responses(
        (status = 204, description = "Removed."),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<ConnectionId>,
    params: Params,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    app.connections.remove(&owner.party, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Read a connection now
///
/// Also one whose key the package refused the last time. The answer comes when it was read, or after eight seconds, and
/// says how it went; reading that takes longer goes on.
#[utoipa::path(
    post, path = "/v1/connections/{connection_id}/read", tag = "Connections", operation_id = "read_connection",
    params(("connection_id" = String, Path)),
    responses(
        (status = 200, description = "How it is doing now.", body = AsOf<ConnectionShown>),
        NoToken,
        NotYours,
        (status = 409, description = "It is being read just now, or the caller has not delegated.", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "It is only ever given files.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The registry keeps no connections: it was started without a vault key.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<ConnectionId>,
    params: Params,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let connection = app.connections.read_now(owner.by(), id, &app.engine).await?;
    show(&app, &caller, StatusCode::OK, &connection).await
}

/// Ask for consent
///
/// For kinds that ask the debtor on a page of their own (Exact Online). Send the debtor to `url` within fifteen minutes; it
/// comes back to `/connections/back` of this registry, under the address that is registered with the package.
#[utoipa::path(
    post, path = "/v1/connections/{connection_id}/consent", tag = "Connections", operation_id = "ask_connection_consent",
    params(("connection_id" = String, Path)),
    request_body(content = Back, content_type = "application/json"),
    responses(
        (status = 200, description = "Where to go.", body = ConsentShown),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        NotYours,
        (status = 409, description = "It is being read just now.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "This kind asks for none, or the address is not ours.", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The package does not do its part.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The registry keeps no connections: it was started without a vault key.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn consent(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<ConnectionId>,
    params: Params,
    JsonBody(Back { back }): JsonBody<Back>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    if !back.ends_with(BACK) || back.len() > 2_048 {
        let words = format!("`back` is an address of this registry that ends with {BACK}");
        return Err(Problem::new(Fault::ConnectionInvalid, words));
    }
    let url = app.connections.consent(owner.by(), id, &back).await?;
    let none = || Problem::new(Fault::ConnectionInvalid, "this kind asks for no consent");
    Ok(json(StatusCode::OK, &ConsentShown { object: "consent", url: url.ok_or_else(none)? }))
}

/// What a package sends the debtor back to. Whoever has the one `state` that was given out comes from there.
pub(super) async fn back(State(app): State<App>, mut params: Params) -> Result<Response, Problem> {
    let (state, code) = (params.take::<String>("state")?, params.take::<String>("code")?);
    let (Some(state), Some(code)) = (state, code) else {
        return Err(Problem::of(Fault::ConnectionConsentUnknown));
    };
    app.connections.redeem(&state, &code, app.engine.now()).await?;
    let words = "The connection is made; you can close this page.\n";
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], words)
        .into_response())
}

/// Give a connection a file
///
/// For kinds that are given what they read: a list of open items, messages. The body is the file, at most 4,194,304 bytes.
#[utoipa::path(
    post, path = "/v1/connections/{connection_id}/files", tag = "Connections", operation_id = "give_connection_file",
    params(("connection_id" = String, Path)),
    request_body(content = String, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "It was read and stated; how the connection is doing.", body = AsOf<ConnectionShown>),
        NoToken,
        NotYours,
        (status = 409, description = "It is being read just now, or the caller has not delegated.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The file is too long.", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The file is not what this kind reads, or it is given none.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The registry keeps no connections: it was started without a vault key.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn give(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<ConnectionId>,
    params: Params,
    File(file): File,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let connection = app.connections.take_file(owner.by(), id, file, &app.engine).await?;
    show(&app, &caller, StatusCode::OK, &connection).await
}

/// A package says that something changed. What it says is not believed: if it is genuine, the books are read. An empty
/// body tries out whether somebody is there.
pub(super) async fn notice(
    State(app): State<App>,
    Path(system): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    if app.connections.connector(&system).is_err() {
        return Err(Problem::not_found());
    }
    if body.is_empty() || app.connections.notified(&system, &body, app.engine.now()).await? {
        return Ok(StatusCode::OK);
    }
    Err(Problem::of(Fault::ConnectionNotice))
}

/// A file of any type.
pub(super) struct File(Vec<u8>);

impl FromRequest<App> for File {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        let body: Body = request.into_body();
        let read = timeout(ARRIVAL_MAX, Limited::new(body, FILE_BYTES_MAX).collect()).await;
        let read = read.map_err(|_| Problem::of(Fault::RequestTimeout))?;
        let read = read.map_err(|error| {
            if error.is::<LengthLimitError>() {
                let words = "the file is longer than the 4,194,304 bytes that are taken at once";
                Problem::new(Fault::BodyTooLarge, words)
            } else {
                Problem::of(Fault::BodyUnreadable)
            }
        })?;
        Ok(Self(read.to_bytes().to_vec()))
    }
}
