//! Signing: the sheet that is shown is what is taken, once, under the key of the visit; then it goes to the intake like
//! anybody's statements.

use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::State;
use crate::engine::Submission;
use crate::http::pages::enrol::Bond;
use crate::http::pages::form::Fields;
use crate::http::pages::guest::{Frame, Guest};
use crate::http::pages::payables::Directory;
use crate::http::pages::session::{self, Done, Sheet};
use crate::http::pages::trouble::Trouble;
use crate::http::pages::{go, page, says};
use crate::signing::{CompactJws, PublicKey};
use crate::types::{KeyId, PartyId, Timestamp};

/// How old the time in a text may become before it is written anew when the page is shown again.
const FRESH_MILLIS: u64 = 60_000;
/// How old it may be when it is signed: well within what the registry takes for the author's clock.
const OLD_MILLIS: u64 = 240_000;

struct Shown {
    says: Vec<String>,
    kind: &'static str,
    text: String,
    command: String,
}

#[derive(Template)]
#[template(path = "sign.html", config = "src/http/pages/askama.toml")]
struct SignPage {
    f: Frame,
    slip: Option<String>,
    statements: Vec<Shown>,
    debtor: PartyId,
    kid: Option<KeyId>,
    sheet: String,
    back: String,
}

/// `GET /mandate/sign`
pub(in crate::http) async fn show(guest: Guest) -> Response {
    guest.answer(present(&guest, None).await)
}

async fn present(guest: &Guest, slip: Option<&str>) -> Result<Response, Trouble> {
    let now = guest.now();
    let (debtor, key, sheet) =
        guest.visit(|visit| (visit.debtor.clone(), visit.key, visit.sheet.clone()))?;
    let Some(mut sheet) = sheet else { return Ok(go("/mandate")) };
    if slip.is_some() || now.abs_diff_millis(sheet.made_at) > FRESH_MILLIS {
        guest.write_out(&debtor, &mut sheet)?;
        sheet.form = session::secret().ok_or(Trouble::Busy)?;
        let renewed = sheet.clone();
        guest.visit(|visit| visit.sheet = Some(renewed))?;
    }
    let words = guest.words(None);
    let statements = guest
        .ask(|state, _| {
            let names = Directory { app: &guest.app, state, debtor: &debtor };
            let pairs = sheet.payloads.iter().zip(&sheet.texts);
            let shown = pairs.map(|(payload, text)| Shown {
                says: says::says(words, payload, &names),
                kind: payload.kind().as_str(),
                text: text.clone(),
                command: command(&debtor, payload, guest.app.engine.origin().as_str()),
            });
            shown.collect::<Vec<_>>()
        })
        .await?;
    let mut f = guest.frame(words, words.say("sign-title").into_owned());
    "/mandate/sign".clone_into(&mut f.here);
    let template = SignPage {
        f,
        slip: slip.map(|key| words.say(key).into_owned()),
        statements,
        debtor,
        kid: key.map(|key| key.thumbprint()),
        sheet: sheet.form,
        back: sheet.back,
    };
    Ok(page(StatusCode::OK, &template))
}

/// The command that states the same with a key of the firm.
fn command(debtor: &PartyId, payload: &crate::statement::Payload, origin: &str) -> String {
    // JSON of ours has no apostrophe: ids, codes and times only.
    let data = payload.to_json().unwrap_or_default();
    let kind = payload.kind();
    format!(
        "tallystick sign {kind} --key KEY.pem --as {debtor} --registry {origin} --data '{data}' | tallystick submit -"
    )
}

/// `POST /mandate/sign`
pub(in crate::http) async fn take(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(signed(&guest, Fields::new(fields)).await)
}

async fn signed(guest: &Guest, mut fields: Fields) -> Result<Response, Trouble> {
    guest.own_site()?;
    let mark = fields.text("form")?.ok_or(Trouble::FormTampered)?;
    let signed = fields.text("signed")?.ok_or(Trouble::KeyMissing)?;
    fields.done()?;
    let (debtor, key) = guest.visit(|visit| (visit.debtor.clone(), visit.key))?;
    let key = key.ok_or(Trouble::KeyMissing)?;
    let now = guest.now();
    // Taken out at once: of two that are sent at the same time, one finds nothing.
    let sheet = guest.visit(|visit| {
        if visit.done.as_ref().is_some_and(|done| done.form == mark) {
            return Err(Trouble::SignedAlready);
        }
        let own = visit.sheet.as_ref().is_some_and(|sheet| sheet.form == mark);
        let sheet = visit.sheet.take_if(|_| own).ok_or(Trouble::FormStale)?;
        visit.done = Some(Done { form: mark.clone(), lines: Vec::new(), next: sheet.next });
        Ok(sheet)
    })??;
    let statements: Vec<&str> = signed.lines().map(str::trim).collect();
    let old = now.abs_diff_millis(sheet.made_at) > OLD_MILLIS;
    let outcome = match check(&sheet, &key, &statements) {
        Ok(()) if old => Err(None),
        Ok(()) => submit(guest, &debtor, &key, &statements).await.map_err(Some),
        Err(trouble) => Err(Some(trouble)),
    };
    let lines = match outcome {
        Ok(submissions) => lines(&sheet, submissions),
        Err(trouble) => {
            // Nothing was taken: the sheet lies there again, under the same mark.
            guest.visit(|visit| {
                visit.done = None;
                visit.sheet.get_or_insert(sheet);
            })?;
            return match trouble {
                Some(trouble) => Err(trouble),
                None => present(guest, Some("slip-renewed")).await,
            };
        }
    };
    guest.visit(|visit| visit.done = Some(Done { form: mark, lines, next: sheet.next }))?;
    Ok(go("/mandate/done"))
}

/// Whether what was signed is what was shown, under the key of the visit.
fn check(sheet: &Sheet, key: &PublicKey, statements: &[&str]) -> Result<(), Trouble> {
    if statements.len() != sheet.texts.len() {
        return Err(Trouble::StatementOther);
    }
    for (text, statement) in sheet.texts.iter().zip(statements) {
        let jws = CompactJws::parse(statement.as_bytes()).map_err(|_| Trouble::Signature)?;
        if jws.payload() != text.as_bytes() {
            return Err(Trouble::StatementOther);
        }
        let holds = key.verify(jws.signing_input(), jws.signature());
        if jws.key_id() != key.thumbprint() || !holds {
            return Err(Trouble::Signature);
        }
    }
    Ok(())
}

/// Makes the key count where it does not yet, and submits what was signed, decided one after the other.
async fn submit(
    guest: &Guest,
    debtor: &PartyId,
    key: &PublicKey,
    statements: &[&str],
) -> Result<Vec<Submission>, Trouble> {
    let clerk = guest.app.pages.clerk.as_ref();
    let look = |state: &State, now: Timestamp| {
        (Bond::of(state, debtor, key), clerk.and_then(|clerk| clerk.party(state)), now)
    };
    let (bond, operator, now) = guest.ask(look).await?;
    let mut group: Vec<Vec<u8>> = Vec::new();
    match bond {
        Bond::Known => {}
        Bond::Missing(payload) => {
            let (clerk, operator) = clerk.zip(operator).ok_or(Trouble::Enrol)?;
            let (origin, reference) = (guest.app.engine.origin(), session::secret());
            let reference = reference.ok_or(Trouble::Busy)?;
            group.push(clerk.sign(&operator, &payload, &reference, now, origin)?);
        }
        Bond::Revoked => return Err(Trouble::KeyRevoked),
        Bond::Other => return Err(Trouble::KeyOther),
        Bond::Suspended => return Err(Trouble::Suspended),
    }
    let enrolled = group.len();
    group.extend(statements.iter().map(|statement| statement.as_bytes().to_vec()));
    let mut submissions = guest.app.engine.submit(group).await?;
    let own = submissions.split_off(enrolled.min(submissions.len()));
    if let Some(Err(refusal)) = submissions.first().map(|it| &it.result) {
        tracing::error!(code = refusal.code(), "the operator's key cannot make a key count");
        return Err(Trouble::Enrol);
    }
    Ok(own)
}

fn lines(
    sheet: &Sheet,
    submissions: Vec<Submission>,
) -> Vec<(crate::statement::Payload, Result<u64, String>)> {
    let result = |submission: Submission| match submission.result {
        Ok(admitted) => Ok(admitted.receipt.position),
        Err(refusal) => Err(refusal.to_string()),
    };
    sheet.payloads.iter().cloned().zip(submissions.into_iter().map(result)).collect()
}

struct Line {
    says: Vec<String>,
    place: Option<String>,
    refused: Option<String>,
}

#[derive(Template)]
#[template(path = "done.html", config = "src/http/pages/askama.toml")]
struct DonePage {
    f: Frame,
    lines: Vec<Line>,
    connects: bool,
}

/// `GET /mandate/done`
pub(in crate::http) async fn done(guest: Guest) -> Response {
    guest.answer(recorded(&guest).await)
}

async fn recorded(guest: &Guest) -> Result<Response, Trouble> {
    let (debtor, done) = guest.visit(|visit| (visit.debtor.clone(), visit.done.clone()))?;
    let Some(done) = done else { return Ok(go("/mandate")) };
    let words = guest.words(None);
    let lines = guest
        .ask(|state, _| {
            let names = Directory { app: &guest.app, state, debtor: &debtor };
            let line = |(payload, result): &(_, Result<u64, String>)| Line {
                says: says::says(words, payload, &names),
                place: result
                    .as_ref()
                    .ok()
                    .map(|position| words.with("done-place", "position", &position.to_string())),
                refused: result
                    .as_ref()
                    .err()
                    .map(|reason| words.with("done-refused", "reason", reason)),
            };
            done.lines.iter().map(line).collect::<Vec<_>>()
        })
        .await?;
    let part = lines.iter().any(|line| line.refused.is_some());
    let title = words.say(if part { "done-title-part" } else { "done-title" }).into_owned();
    let f = guest.frame(words, title);
    Ok(page(StatusCode::OK, &DonePage { f, lines, connects: done.next == "/mandate/connect" }))
}
