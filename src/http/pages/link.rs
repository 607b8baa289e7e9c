//! The page behind a link: what is asked is shown before anything can be done, and the link is used up by going on.

use askama::Template;
use axum::extract::{Form, Path};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::domain::{Mandate, MandateStanding, State};
use crate::http::pages::choice::last_day;
use crate::http::pages::enrol::Bond;
use crate::http::pages::form::{Fields, Tampered};
use crate::http::pages::guest::{Frame, Guest};
use crate::http::pages::payables::{Directory, mandate_of};
use crate::http::pages::session::{self, Visit};
use crate::http::pages::trouble::Trouble;
use crate::http::pages::words::{Language, Words};
use crate::http::pages::{choice, go, page, says};
use crate::invitation::{Invitation, LinkError, Purpose};
use crate::signing::PublicKey;
use crate::statement::Payload;
use crate::types::{PartyId, StatementId, Timestamp};

/// What is asked, in words.
struct Ask {
    asker: String,
    scope: String,
    until: String,
}

#[derive(Template)]
#[template(path = "link.html", config = "src/http/pages/askama.toml")]
struct LinkPage {
    f: Frame,
    ask: Option<Ask>,
    action: String,
    debtor: PartyId,
    debtor_name: String,
    renew: bool,
}

const fn trouble(error: LinkError) -> Trouble {
    match error {
        LinkError::Unknown => Trouble::LinkUnknown,
        LinkError::Used => Trouble::LinkUsed,
        LinkError::Withdrawn => Trouble::LinkWithdrawn,
        LinkError::Expired => Trouble::LinkExpired,
        LinkError::Storage => Trouble::Busy,
    }
}

/// The request that a link is about.
const fn request_of(invitation: &Invitation) -> Option<StatementId> {
    match invitation.purpose {
        Purpose::Answer(request) => Some(request),
        Purpose::Manage => None,
    }
}

/// A request that still waits for an answer.
pub(super) fn waits(mandate: &Mandate, now: Timestamp) -> bool {
    mandate.standing == MandateStanding::Requested && now < mandate.until
}

/// `GET /mandate/{token}`: changes nothing, whoever or whatever opens it.
pub(in crate::http) async fn show(guest: Guest, Path(token): Path<String>) -> Response {
    guest.answer(peek(&guest, &token, false).await)
}

async fn peek(guest: &Guest, token: &str, renew: bool) -> Result<Response, Trouble> {
    let found = guest.app.invitations.peek(token, guest.now());
    let invitation = found.map_err(trouble)?;
    let words = guest.words(Language::of(invitation.language.code()));
    let debtor = invitation.debtor.clone();
    let request = request_of(&invitation);
    let ask = guest
        .ask(|state, now| {
            let names = Directory { app: &guest.app, state, debtor: &debtor };
            let asked = mandate_of(state, &debtor, &request?)?;
            waits(&asked, now).then(|| asked_for(words, &names, &asked))
        })
        .await?;
    let title = ask.as_ref().map_or_else(
        || words.say("link-title-visit").into_owned(),
        |ask| words.with("link-title", "asker", &ask.asker),
    );
    let template = LinkPage {
        f: guest.frame(words, title),
        ask,
        action: format!("/mandate/{token}?lang={}", words.code()),
        debtor_name: guest.app.called(&debtor),
        debtor,
        renew,
    };
    Ok(page(StatusCode::OK, &template))
}

fn asked_for(words: &Words, names: &Directory<'_>, asked: &Mandate) -> Ask {
    Ask {
        asker: names.called(asked.holder),
        scope: says::scope(words, &asked.scope.clone().into(), names),
        until: words.day(last_day(asked.until)),
    }
}

/// `POST /mandate/{token}`: uses the link up and begins a visit.
pub(in crate::http) async fn enter(
    guest: Guest,
    Path(token): Path<String>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(begin(&guest, &token, Fields::new(fields)).await)
}

async fn begin(guest: &Guest, token: &str, mut fields: Fields) -> Result<Response, Trouble> {
    guest.own_site()?;
    let then = fields.text("then")?;
    let key = fields.text("key")?.map(|text| PublicKey::from_text(&text));
    let key = key.transpose().map_err(|_| Tampered)?;
    fields.done()?;
    let invitations = &guest.app.invitations;
    let found = invitations.peek(token, guest.now());
    let invitation = found.map_err(trouble)?;
    if let Some(key) = key {
        let bond = guest.ask(|state, _| Bond::of(state, &invitation.debtor, &key)).await?;
        match bond {
            Bond::Known | Bond::Missing(_) => {}
            // The link still holds: the browser makes a new key and comes again.
            Bond::Revoked => return peek(guest, token, true).await,
            Bond::Other => return Err(Trouble::KeyOther),
            Bond::Suspended => return Err(Trouble::Suspended),
        }
    }
    let used = invitations.consume(token, guest.now()).await;
    let invitation = used.map_err(trouble)?;
    let request = request_of(&invitation);
    let language = guest.words(Language::of(invitation.language.code())).language();
    let visit = Visit::new(invitation.debtor.clone(), language, key);
    let visit = visit.ok_or(Trouble::Busy)?;
    // A visit that this browser had before ends: one cookie, one visit.
    guest.leave();
    let secret = guest.app.pages.visits.begin(visit, guest.now()).ok_or(Trouble::Busy)?;
    let mut response = match (then.as_deref(), request) {
        (Some("choose"), Some(request)) => go(&format!("/mandate/choose?request={request}")),
        (Some("refuse"), Some(request)) => {
            let asked = |state: &State, now| {
                let asked = mandate_of(state, &invitation.debtor, &request);
                asked.is_some_and(|asked| waits(&asked, now))
            };
            if guest.ask(asked).await? {
                let payloads: Vec<Payload> = vec![choice::decline(request)];
                guest.within(&secret).lay_out(payloads, "/mandate", "/mandate")?
            } else {
                go("/mandate")
            }
        }
        _ => go("/mandate"),
    };
    let cookie = session::set_cookie(&secret, guest.app.pages.secure);
    let cookie = HeaderValue::from_str(&cookie).map_err(|_| Trouble::Busy)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `POST /mandate/fresh`: a new link to the registered address of whoever an earlier one was for.
pub(in crate::http) async fn fresh(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(send_fresh(&guest, Fields::new(fields)).await)
}

async fn send_fresh(guest: &Guest, mut fields: Fields) -> Result<Response, Trouble> {
    guest.own_site()?;
    let link = fields.text("link")?.ok_or(Tampered)?;
    fields.done()?;
    let sent = guest.app.invitations.ask_again(&link, guest.now()).await;
    sent.map_err(|_| Trouble::Busy)?;
    Ok(guest.told_to_wait())
}
