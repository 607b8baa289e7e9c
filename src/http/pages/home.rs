//! The overview of a visit: what waits for an answer, which mandates there are, and what can be done about them.

use askama::Template;
use axum::extract::Form;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use crate::domain::{Mandate, MandateStanding, State};
use crate::http::pages::choice::last_day;
use crate::http::pages::form::Fields;
use crate::http::pages::guest::{Frame, Guest};
use crate::http::pages::link::waits;
use crate::http::pages::payables::Directory;
use crate::http::pages::trouble::Trouble;
use crate::http::pages::words::Words;
use crate::http::pages::{go, page, says, session};
use crate::types::{StatementId, Timestamp};

/// The most mandates that are shown; those that ended long ago are in the log.
const MANDATES_MAX: usize = 100;

/// A mandate or a request, in words.
struct Line {
    id: StatementId,
    who: String,
    scope: String,
    show: String,
    until: String,
    state: String,
    live: bool,
}

#[derive(Template)]
#[template(path = "home.html", config = "src/http/pages/askama.toml")]
struct HomePage {
    f: Frame,
    requests: Vec<Line>,
    mandates: Vec<Line>,
}

/// `GET /mandate`
pub(in crate::http) async fn show(guest: Guest) -> Response {
    guest.answer(overview(&guest).await)
}

async fn overview(guest: &Guest) -> Result<Response, Trouble> {
    let debtor = guest.debtor()?;
    let words = guest.words(None);
    let look = |state: &State, now| {
        let names = Directory { app: &guest.app, state, debtor: &debtor };
        let row = state.participant_by_id(&debtor);
        let rows = row.map(|row| state.mandates_of(row)).unwrap_or_default();
        let all = rows.iter().rev().filter_map(|row| state.mandate(*row));
        let own: Vec<_> = all.filter(|it| Some(it.debtor) == row).collect();
        let line = |mandate: &Mandate| line(words, &names, mandate, now);
        let requests = own.iter().filter(|it| waits(it, now)).map(|it| line(it)).collect();
        let mut mandates: Vec<Line> =
            own.iter().filter(|it| is_granted(it)).take(MANDATES_MAX).map(|it| line(it)).collect();
        // What holds comes first.
        mandates.sort_by_key(|it| !it.live);
        (requests, mandates)
    };
    let (requests, mandates) = guest.ask(look).await?;
    let f = guest.frame(words, words.say("home-title").into_owned());
    Ok(page(StatusCode::OK, &HomePage { f, requests, mandates }))
}

fn is_granted(mandate: &Mandate) -> bool {
    matches!(mandate.standing, MandateStanding::Granted | MandateStanding::Revoked { .. })
}

fn line(words: &Words, names: &Directory<'_>, mandate: &Mandate, now: Timestamp) -> Line {
    let live = mandate.standing == MandateStanding::Granted && now < mandate.until;
    let state = if matches!(mandate.standing, MandateStanding::Revoked { .. }) {
        "home-state-revoked"
    } else if !live {
        "home-state-expired"
    } else if now < mandate.from {
        "home-state-pending"
    } else {
        "home-state-active"
    };
    Line {
        id: mandate.statement,
        who: names.called(mandate.holder),
        scope: says::scope(words, &mandate.scope.clone().into(), names),
        show: says::show(words, &mandate.show),
        until: words.day(last_day(mandate.until)),
        state: words.say(state).into_owned(),
        live,
    }
}

/// `POST /mandate/leave`: ends the visit.
pub(in crate::http) async fn leave(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let mut fields = Fields::new(fields);
    let left = guest.own_form(&mut fields).map(|()| {
        let language = guest.words(None).code();
        guest.leave();
        let mut response = go(&format!("/mandate?lang={language}"));
        let cookie = HeaderValue::from_static(session::CLEAR_COOKIE);
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        response
    });
    guest.answer(left)
}
