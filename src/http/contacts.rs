//! How debtors are reached: the operator's record, beside the log. Nobody else reads or writes it.

use axum::extract;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::State;
use crate::http::App;
use crate::http::accounting::Seen;
use crate::http::answer::{AsOf, Filling, Page, json};
use crate::http::body::JsonBody;
use crate::http::caller::Caller;
use crate::http::catalogue::Fault;
use crate::http::params::{List, Paging, Params, PathId};
use crate::http::problem::{NoToken, Problem};
use crate::invitation::{Contact, ContactError, ContactWish, Finding, Invitations, Language};
use crate::statement::Role;
use crate::types::{PartyId, Timestamp};

/// How a participant is reached.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Contact)]
struct ContactShown {
    /// Always `contact`.
    object: &'static str,
    /// The participant.
    party: PartyId,
    /// What it is called in letters and on pages.
    name: String,
    /// Where its letters go.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The language of its letters.
    language: Language,
    /// When it was set.
    set_at: Timestamp,
    /// When the operator confirmed the address. Until then letters to it are held.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_at: Option<Timestamp>,
    /// What is odd about the address. Call the participant, at a number that you knew before, and confirm it then.
    findings: Vec<Finding>,
}

/// How a participant is reached, as the operator says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewContact)]
pub(super) struct Draft {
    /// What it is called in letters and on pages: one line, at most 200 bytes.
    name: String,
    /// Where its letters go; without it it is only named in letters to others.
    email: Option<String>,
    /// The language of its letters; English where it is absent.
    #[serde(default)]
    language: Language,
}

/// The address that the operator says is the debtor's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AddressConfirmed)]
pub(super) struct Confirmed {
    /// The address as it was shown.
    pub(super) email: String,
}

impl ContactShown {
    fn of(invitations: &Invitations, contact: Contact) -> Self {
        let findings = invitations.findings(&contact);
        let Contact { party, name, email, language, set_at, confirmed_at } = contact;
        let email = email.map(|email| email.as_str().to_owned());
        Self { object: "contact", party, name, email, language, set_at, confirmed_at, findings }
    }
}

impl From<ContactError> for Problem {
    fn from(error: ContactError) -> Self {
        match error {
            ContactError::Name | ContactError::Email => {
                Self::new(Fault::ContactInvalid, error.to_string())
            }
            ContactError::Unknown => Self::not_found(),
            ContactError::Changed => Self::of(Fault::ContactChanged),
            ContactError::Storage => Self::of(Fault::Unavailable),
        }
    }
}

impl Caller {
    /// Whether it is the operator.
    ///
    /// # Errors
    /// [`Fault::OperatorOnly`].
    pub(super) fn operates(&self, state: &State) -> Result<(), Problem> {
        let operator = state.participant(self.row).is_some_and(|it| it.has(Role::Operator));
        if operator { Ok(()) } else { Err(Problem::of(Fault::OperatorOnly)) }
    }
}

/// The participant that the operator means, by its first party id; the time; and the size of the log.
async fn meant(
    app: &App,
    caller: &Caller,
    party: &PartyId,
) -> Result<(PartyId, Timestamp, u64), Problem> {
    let asked = app.ask(caller, |state, now| {
        caller.operates(state)?;
        let row = state.participant_by_id(party).ok_or_else(Problem::not_found)?;
        let participant = state.participant(row).ok_or_else(Problem::not_found)?;
        Ok((participant.id.clone(), now))
    });
    let answer = asked.await?;
    let (party, now) = answer.value;
    Ok((party, now, answer.as_of))
}

fn show(app: &App, contact: Contact, as_of: u64) -> Response {
    json(StatusCode::OK, &AsOf::new(ContactShown::of(&app.invitations, contact), as_of))
}

/// List contacts
///
/// For the operator, in the order of the participants' admission.
#[utoipa::path(
    get, path = "/v1/contacts", tag = "Letters", operation_id = "list_contacts",
    params(Paging),
    responses(
        (status = 200, description = "A page.", body = Page<ContactShown>),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    extract::State(app): extract::State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let request = app.page(params, List::Contacts).await?;
    let fill = |state: &State, _| {
        caller.operates(state)?;
        let rows = request.first_row()..state.participants_len();
        let show = |row| {
            let participant = state.participant(row)?;
            let contact = app.invitations.contact(core::slice::from_ref(&participant.id))?;
            Some(ContactShown::of(&app.invitations, contact))
        };
        Ok((Filling::of_rows(request, rows, show), Seen::default()))
    };
    app.list(&caller, "/v1/contacts", fill).await
}

/// Get a contact
///
/// For the operator.
#[utoipa::path(
    get, path = "/v1/contacts/{party}", tag = "Letters", operation_id = "get_contact",
    params(("party" = PartyId, Path)),
    responses(
        (status = 200, description = "How the participant is reached.", body = AsOf<ContactShown>),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such participant, or it has no contact.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn get(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
) -> Result<Response, Problem> {
    app.wait(params.done()?).await?;
    let (party, _, as_of) = meant(&app, &caller, &party).await?;
    let contact = app.invitations.contact(core::slice::from_ref(&party));
    Ok(show(&app, contact.ok_or_else(Problem::not_found)?, as_of))
}

/// Set a contact
///
/// For the operator, who knows it from the participant itself and never from who asks for a mandate. Kept beside the log and
/// nowhere in it. `findings` say what is odd about the address: a domain that nobody confirmed before, one that looks like
/// another participant's. Letters are held until the address is confirmed. Links that went to another address end.
#[utoipa::path(
    put, path = "/v1/contacts/{party}", tag = "Letters", operation_id = "set_contact",
    params(("party" = PartyId, Path)),
    request_body(content = Draft, content_type = "application/json"),
    responses(
        (status = 200, description = "Set.", body = AsOf<ContactShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such participant.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Not a name or address to write to.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn set(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
    JsonBody(draft): JsonBody<Draft>,
) -> Result<Response, Problem> {
    params.done()?;
    let (party, now, as_of) = meant(&app, &caller, &party).await?;
    let Draft { name, email, language } = draft;
    let wish = ContactWish { name, email, language };
    let contact = app.invitations.set_contact(&party, wish, now).await?;
    Ok(show(&app, contact, as_of))
}

/// Erase a contact
///
/// For the operator. Links that went to its address end; its letters wait for another one.
#[utoipa::path(
    delete, path = "/v1/contacts/{party}", tag = "Letters", operation_id = "erase_contact",
    params(("party" = PartyId, Path)),
    responses(
        (status = 204, description = "Erased."),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such participant, or it has no contact.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn erase(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
) -> Result<Response, Problem> {
    params.done()?;
    let (party, now, _) = meant(&app, &caller, &party).await?;
    app.invitations.erase_contact(&party, now).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Confirm an address
///
/// For the operator, who made sure that the address is the participant's. Letters to it are not held any more.
#[utoipa::path(
    post, path = "/v1/contacts/{party}/confirm", tag = "Letters", operation_id = "confirm_contact",
    params(("party" = PartyId, Path)),
    request_body(content = Confirmed, content_type = "application/json"),
    responses(
        (status = 200, description = "Confirmed.", body = AsOf<ContactShown>),
        (status = 400, description = "Not such an object.", body = Problem, content_type = "application/problem+json"),
        NoToken,
        (status = 403, description = "Not the operator.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such participant, or it has no contact.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Another address stands there.", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn confirm(
    extract::State(app): extract::State<App>,
    caller: Caller,
    PathId(party): PathId<PartyId>,
    params: Params,
    JsonBody(Confirmed { email }): JsonBody<Confirmed>,
) -> Result<Response, Problem> {
    params.done()?;
    let (party, now, as_of) = meant(&app, &caller, &party).await?;
    let contact = app.invitations.confirm_contact(&party, &email, now).await?;
    Ok(show(&app, contact, as_of))
}
