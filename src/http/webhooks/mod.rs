//! The caller's webhooks: where it wants its events sent, how that goes, what was sent.

mod shown;

use core::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::App;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::body::JsonBody;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::params::{Cursor, List, MinSize, PageRequest, Paging, Params, PathId, PathIds};
use crate::http::problem::{NoToken, NotYours, Problem};
use crate::http::teller::Teller;
use crate::http::webhooks::shown::{DeliveryId, DeliveryShown, WebhookShown};
use crate::types::{KeyId, PartyId, Timestamp};
use crate::webhooks::{By, Delivery, Endpoint, OVERLAP_DEFAULT, OwnerError, WebhookId, Wish};

/// A new webhook.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhook)]
pub(super) struct Draft {
    /// Where messages go: https, to a public address, at most 2,048 characters.
    url: String,
    /// Which events: types as events have them, `alert.*` and so on, or `*`; `alert.*` where it is absent.
    types: Option<Vec<String>>,
    /// What the caller calls it, at most 256 bytes.
    description: Option<String>,
    /// Only what happened after this log position; what happens from now on, where it is absent.
    after: Option<u64>,
}

/// What of a webhook is to change; the rest stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookChange)]
pub(super) struct Change {
    /// Where messages go from now on.
    url: Option<String>,
    /// Which events, from now on.
    types: Option<Vec<String>>,
    /// What the caller calls it; empty for nothing.
    description: Option<String>,
    /// Whether messages are sent. Whoever enables a webhook is believed: it is tried at once, and goes on where it was.
    status: Option<Switch>,
    /// Goes on after this log position, back or forth.
    after: Option<u64>,
}

/// Whether messages are sent.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = WebhookSwitch)]
enum Switch {
    /// They are.
    Enabled,
    /// They are not.
    Disabled,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookRotation)]
pub(super) struct Rotation {
    /// How long the key before signs too, at most 604,800 seconds; a day where it is absent. 0 if it leaked.
    overlap_seconds: Option<u32>,
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
            OwnerError::Busy => return Self::of(Fault::Overloaded),
            OwnerError::TooMany => Fault::WebhookTooMany,
            OwnerError::UrlTaken => Fault::WebhookUrlTaken,
            OwnerError::Url(_) => Fault::WebhookUrl,
            OwnerError::Types(_) => Fault::WebhookTypes,
            OwnerError::Member(_) => Fault::WebhookInvalid,
            OwnerError::EventGone => Fault::WebhookEventGone,
        };
        Self::new(fault, error.to_string())
    }
}

/// The owner that a caller is.
struct Owner {
    party: PartyId,
    key: KeyId,
    now: Timestamp,
    size: u64,
}

impl Owner {
    /// The caller, once the log has the size that the request asks for.
    async fn of(app: &App, caller: &Caller, size: MinSize) -> Result<Self, Problem> {
        app.wait(size).await?;
        let party = app.ask(caller, |state, now| {
            let participant = state.participant(caller.row).ok_or_else(Problem::not_found)?;
            Ok((participant.id.clone(), now))
        });
        let answer = party.await?;
        let (party, now) = answer.value;
        Ok(Self { party, key: caller.key(), now, size: answer.as_of })
    }

    const fn by(&self) -> By<'_> {
        By { owner: &self.party, key: self.key, now: self.now, size: self.size }
    }

    fn show(&self, status: StatusCode, endpoint: &Endpoint) -> Response {
        json(status, &AsOf::new(WebhookShown::of(endpoint, self.now), self.size))
    }

    /// A page of a list that the log does not have.
    fn list<T: Serialize>(
        &self,
        request: PageRequest,
        entries: impl IntoIterator<Item = (u64, T)>,
    ) -> Response {
        let mut page = Filling::new(request);
        for (number, entry) in entries {
            if page.is_full() {
                break;
            }
            page.push(Cursor(number, 0), entry);
        }
        json(StatusCode::OK, &page.page(self.size))
    }
}

/// Make a webhook
///
/// Events are sent to the URL as Standard Webhooks 1.0: a POST with `webhook-id` (the same when it is sent again),
/// `webhook-timestamp` (seconds; refuse what is more than five minutes off) and `webhook-signature` (`v1a,` and an Ed25519
/// signature of `{id}.{timestamp}.{body}`; two of them, separated by a space, while a key is replaced). The body is the
/// event as `/v1/events` has it: a type, ids and a position, and nothing of an invoice; ask for what changed. Answer within
/// eight seconds with 200 to 299; what you answer is not read. What is not taken is sent again, from five seconds to two hours
/// later, for three days; then the webhook is disabled and says so. Events come in order, at least once, and none is
/// skipped. Check messages with `keys`; there is no shared secret.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "Webhooks", operation_id = "make_webhook",
    request_body(content = Draft, content_type = "application/json"),
    responses(
        (status = 201, description = "Made.", body = AsOf<WebhookShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        (status = 409, description = "There is one with this URL, or there are ten.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not an address or types to send to.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn make(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let Draft { url, types, description, after } = draft;
    let wish = Wish { url: Some(url), types, description, after, enabled: None };
    let endpoint = app.webhooks.make(owner.by(), wish).await?;
    let mut response = owner.show(StatusCode::CREATED, &endpoint);
    if let Ok(address) = HeaderValue::from_str(&format!("/v1/webhooks/{}", endpoint.id)) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}

/// List webhooks
///
/// The caller's own, in the order in which they were made.
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "Webhooks", operation_id = "list_webhooks",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<WebhookShown>),
        NoToken,
    )
)]
pub(super) async fn list(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let request = params.page(List::Webhooks)?;
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let after = request.after.map(|Cursor(number, _)| number);
    let webhooks = app.webhooks.of(&owner.party).into_iter();
    let rest = webhooks.filter(|(number, _)| after.is_none_or(|after| after < *number));
    let shown = rest.map(|(number, it)| (number, WebhookShown::of(&it, owner.now)));
    Ok(owner.list(request, shown))
}

/// Get a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook_id}", tag = "Webhooks", operation_id = "get_webhook",
    params(("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "The webhook, with its keys.", body = AsOf<WebhookShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn get(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    params: Params,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let endpoint = app.webhooks.get(&owner.party, id)?;
    Ok(owner.show(StatusCode::OK, &endpoint))
}

/// Change a webhook
#[utoipa::path(
    patch, path = "/v1/webhooks/{webhook_id}", tag = "Webhooks", operation_id = "change_webhook",
    params(("webhook_id" = String, Path)),
    request_body(content = Change, content_type = "application/json"),
    responses(
        (status = 200, description = "Changed.", body = AsOf<WebhookShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        NotYours,
        (status = 409, description = "Another one has this URL.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It cannot be set like this.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn change(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    params: Params,
    JsonBody(change): JsonBody<Change>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let Change { url, types, description, status, after } = change;
    let enabled = status.map(|status| matches!(status, Switch::Enabled));
    let wish = Wish { url, types, description, enabled, after };
    let endpoint = app.webhooks.change(owner.by(), id, wish).await?;
    Ok(owner.show(StatusCode::OK, &endpoint))
}

/// Remove a webhook
#[utoipa::path(
    delete, path = "/v1/webhooks/{webhook_id}", tag = "Webhooks", operation_id = "remove_webhook",
    params(("webhook_id" = String, Path)),
    responses(
        (status = 204, description = "Removed, with its deliveries."),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn remove(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    params: Params,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    app.webhooks.remove(&owner.party, id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Replace a webhook's key
///
/// The new key signs from now on; the one before signs too for a while, so that receivers can take over the new one.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook_id}/rotate", tag = "Webhooks", operation_id = "rotate_webhook",
    params(("webhook_id" = String, Path)),
    request_body(content = Option<Rotation>, content_type = "application/json"),
    responses(
        (status = 200, description = "The webhook, with both keys.", body = AsOf<WebhookShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        NotYours,
        (status = 422, description = "Too long an overlap.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn rotate(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    params: Params,
    JsonBody(rotation): JsonBody<Rotation>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let overlap = rotation.overlap_seconds.map(u64::from).map(Duration::from_secs);
    let overlap = overlap.unwrap_or(OVERLAP_DEFAULT);
    let endpoint = app.webhooks.rotate(owner.by(), id, overlap).await?;
    Ok(owner.show(StatusCode::OK, &endpoint))
}

/// Send a test
///
/// A message of type `webhook.test.v1`, now, also to a webhook that is disabled. The answer says what became of it.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook_id}/test", tag = "Webhooks", operation_id = "test_webhook",
    params(("webhook_id" = String, Path)),
    responses(
        (status = 200, description = "It was sent; what became of it.", body = DeliveryShown),
        NoToken,
        NotYours,
        (status = 503, description = "Too many tests are under way.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn test(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    params: Params,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let delivery = app.webhooks.test(owner.by(), id, app.engine.origin()).await?;
    Ok(sent(delivery))
}

/// List deliveries
///
/// The newest 200 attempts, the newest first.
#[utoipa::path(
    get, path = "/v1/webhooks/{webhook_id}/deliveries", tag = "Webhooks", operation_id = "list_webhook_deliveries",
    params(("webhook_id" = String, Path), Paging),
    responses(
        (status = 200, description = "A page.", body = Page<DeliveryShown>),
        NoToken,
        NotYours,
    )
)]
pub(super) async fn deliveries(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId<WebhookId>,
    mut params: Params,
) -> Result<Response, Problem> {
    let request = params.page(List::WebhookDeliveries)?;
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let before = request.after.map_or(u64::MAX, |Cursor(number, _)| number);
    let limit = request.limit.saturating_add(1);
    let deliveries = app.webhooks.deliveries(&owner.party, id, before, limit).await?;
    let shown = deliveries.into_iter().map(|it| (it.number, DeliveryShown::of(it)));
    Ok(owner.list(request, shown))
}

/// Send it again
///
/// The event of a delivery, now, under the same `webhook-id`, if it is still told to the caller. The order in which events
/// come does not change.
#[utoipa::path(
    post, path = "/v1/webhooks/{webhook_id}/deliveries/{delivery_id}/resend", tag = "Webhooks",
    operation_id = "resend_webhook_delivery",
    params(("webhook_id" = String, Path), ("delivery_id" = String, Path)),
    responses(
        (status = 200, description = "It was sent; what became of it.", body = DeliveryShown),
        NoToken,
        NotYours,
        (status = 409, description = "The event is not told to the caller any more.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many are under way.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resend(
    State(app): State<App>,
    caller: Caller,
    PathIds(id, DeliveryId(number)): PathIds<WebhookId, DeliveryId>,
    params: Params,
    JsonBody(Nothing {}): JsonBody<Nothing>,
) -> Result<Response, Problem> {
    let owner = Owner::of(&app, &caller, params.done()?).await?;
    let teller = Teller(app.clone());
    let delivery = app.webhooks.resend(owner.by(), id, number, &teller).await?;
    Ok(sent(delivery))
}

/// What became of a message that was sent at once.
fn sent(delivery: Delivery) -> Response {
    json(StatusCode::OK, &DeliveryShown::of(delivery))
}
