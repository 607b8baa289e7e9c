//! Confirming by hand: a debtor's invoices with what is known of them, and a form to say what became of them.

use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Mandate, State};
use crate::http::pages::choice::{self, REASONS, Refused, SAYABLE, Slip, invoices_of};
use crate::http::pages::choose::slip_words;
use crate::http::pages::form::{Fields, Tampered};
use crate::http::pages::guest::{Frame, Guest};
use crate::http::pages::page;
use crate::http::pages::payables::{self, Directory, Payable, mandate_of};
use crate::http::pages::says::Names as _;
use crate::http::pages::trouble::Trouble;
use crate::http::pages::words::Words;
use crate::types::{InvoiceId, StatementId, Timestamp};

/// How many invoices a page has: as many as are signed at once.
const PAGE: usize = choice::SHEET_MAX;

struct Line {
    id: InvoiceId,
    seller: String,
    number: String,
    due: String,
    amount: String,
    state: String,
    pay_to: Option<String>,
    open: bool,
    said: String,
    day: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "invoices.html", config = "src/http/pages/askama.toml")]
struct InvoicesPage {
    f: Frame,
    slip: Option<String>,
    invoices: Vec<Line>,
    says: Vec<(&'static str, String)>,
    reasons: Vec<(&'static str, String)>,
    more: Option<String>,
}

/// Which invoices are shown.
#[derive(Clone, Copy)]
struct Asked {
    mandate: Option<StatementId>,
    before: Option<u32>,
}

impl Asked {
    fn take(query: &mut Fields) -> Result<Self, Tampered> {
        Ok(Self { mandate: query.read("mandate")?, before: query.read("before")? })
    }

    fn address(self, before: Option<u32>) -> String {
        let mandate = self.mandate.map(|mandate| format!("mandate={mandate}"));
        let before = before.map(|before| format!("before={before}"));
        let query: Vec<String> = mandate.into_iter().chain(before).collect();
        if query.is_empty() {
            "/mandate/invoices".to_owned()
        } else {
            format!("/mandate/invoices?{}", query.join("&"))
        }
    }
}

/// `GET /mandate/invoices`, with `?mandate=…` those that a mandate lets another see.
pub(in crate::http) async fn show(mut guest: Guest) -> Response {
    let asked = Asked::take(&mut guest.query);
    let answer = match asked {
        Ok(asked) => list(&guest, asked, None, Fields::default()).await,
        Err(tampered) => Err(tampered.into()),
    };
    guest.answer(answer)
}

async fn list(
    guest: &Guest,
    asked: Asked,
    slip: Option<Slip>,
    mut filled: Fields,
) -> Result<Response, Trouble> {
    let debtor = guest.debtor()?;
    let words = guest.words(None);
    let said = [filled.prefixed("state."), filled.prefixed("day."), filled.prefixed("reason.")];
    let look = |state: &State, now: Timestamp| {
        let mandate = match asked.mandate {
            None => None,
            Some(id) => Some(mandate_of(state, &debtor, &id).ok_or(Trouble::ForeignMandate)?),
        };
        let covered = |row: &u32| {
            let receivable = state.receivable(*row);
            let covers = |mandate: &Mandate| {
                receivable.as_ref().is_some_and(|receivable| state.covers(mandate, receivable))
            };
            mandate.as_ref().is_none_or(|mandate| covers(mandate))
        };
        let names = Directory { app: &guest.app, state, debtor: &debtor };
        let mut rows = payables::rows(state, &debtor, asked.before).filter(covered);
        let shown: Vec<u32> = rows.by_ref().take(PAGE).collect();
        let more = rows.next().and(shown.last().copied());
        let found =
            shown.into_iter().filter_map(|row| payables::payable(state, &debtor, row, words, now));
        let lines: Vec<Line> = found.map(|it| line(words, &names, it, &said)).collect();
        Ok::<_, Trouble>((lines, more))
    };
    let (invoices, more) = guest.ask(look).await??;
    let mut f = guest.frame(words, words.say("invoices-title").into_owned());
    f.here = asked.address(asked.before);
    let say = |(_, name): &(_, &'static str)| (*name, words.say(&format!("say-{name}")).into());
    let reason = |code: &&'static str| {
        let key = format!("reason-{}", code.to_ascii_lowercase());
        (*code, words.say(&key).into_owned())
    };
    let template = InvoicesPage {
        f,
        slip: slip.map(|slip| slip_words(words, slip)),
        invoices,
        says: SAYABLE.iter().map(say).collect(),
        reasons: REASONS.iter().map(reason).collect(),
        more: more.map(|last| asked.address(Some(last))),
    };
    let status = if slip.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(status, &template))
}

fn line(
    words: &Words,
    names: &Directory<'_>,
    payable: Payable,
    said: &[Vec<(String, String)>; 3],
) -> Line {
    let id = payable.id.to_string();
    let [state, day, reason] = said.each_ref().map(|list| {
        let found = list.iter().find(|(invoice, _)| *invoice == id);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    });
    let pay_to = |holder| words.with("invoices-paid-to", "holder", &names.party(&holder));
    Line {
        id: payable.id,
        seller: names.party(&payable.seller),
        number: payable.number,
        due: payable.due,
        amount: payable.amount,
        state: payable.state,
        pay_to: payable.pay_to.map(pay_to),
        open: payable.open,
        said: state,
        day,
        reason,
    }
}

/// `POST /mandate/invoices`: to the text to sign.
pub(in crate::http) async fn take(
    mut guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let asked = Asked::take(&mut guest.query);
    let answer = match asked {
        Ok(asked) => stated(&guest, asked, Fields::new(fields)).await,
        Err(tampered) => Err(tampered.into()),
    };
    guest.answer(answer)
}

async fn stated(guest: &Guest, asked: Asked, mut fields: Fields) -> Result<Response, Trouble> {
    guest.own_form(&mut fields)?;
    let filled = fields.clone();
    let reports = choice::reports(&mut fields, guest.now());
    fields.done()?;
    let reports = match reports {
        Ok(reports) => reports,
        Err(Refused::Tampered) => return Err(Trouble::FormTampered),
        Err(Refused::Slip(slip)) => return list(guest, asked, Some(slip), filled).await,
    };
    let debtor = guest.debtor()?;
    let foreign = |state: &State, _: Timestamp| {
        let mut named = reports.iter().flat_map(invoices_of);
        named.any(|invoice| !payables::is_of(state, &debtor, invoice))
    };
    if guest.ask(foreign).await? {
        return Err(Trouble::ForeignInvoice);
    }
    guest.lay_out(reports, &asked.address(asked.before), "/mandate/invoices")
}
