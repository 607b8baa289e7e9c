//! What a debtor lets another see: the form for a request or for a change of a mandate, refusing, and stopping.

use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::Response;

use crate::domain::{Mandate, MandateStanding, State};
use crate::http::pages::choice::{self, DETAILS, Refused, SCOPE_MAX, Slip, Which, last_day};
use crate::http::pages::form::Fields;
use crate::http::pages::guest::{Frame, Guest};
use crate::http::pages::link::waits;
use crate::http::pages::page;
use crate::http::pages::payables::{self, Directory, mandate_of};
use crate::http::pages::says::Names as _;
use crate::http::pages::trouble::Trouble;
use crate::http::pages::words::Words;
use crate::statement::{Detail, Payload, Scope};
use crate::types::{InvoiceId, PartyId, StatementId, Timestamp};

/// How long a mandate is proposed for, where the request says nothing else.
const YEAR_DAYS: i32 = 365;

struct Supplier {
    id: PartyId,
    name: String,
    ticked: bool,
}

struct Invoice {
    id: InvoiceId,
    number: String,
    seller: String,
    due: String,
    amount: String,
    ticked: bool,
}

#[derive(Template)]
#[template(path = "choose.html", config = "src/http/pages/askama.toml")]
struct ChoosePage {
    f: Frame,
    slip: Option<String>,
    /// `request` or `mandate`: what `id` is of.
    about: &'static str,
    id: StatementId,
    which: &'static str,
    /// What was asked for, where it was.
    asked: Option<&'static str>,
    suppliers: Vec<Supplier>,
    invoices: Vec<Invoice>,
    more: Option<String>,
    shows: Vec<(&'static str, String, bool)>,
    until: String,
    today: String,
    ways: Vec<(&'static str, String)>,
}

impl ChoosePage {
    /// Whether a choice is what was asked for, or more.
    fn asked(&self, which: &str) -> std::borrow::Cow<'static, str> {
        match self.asked {
            Some(asked) if asked == which => self.f.w.say("choose-asked"),
            Some("suppliers" | "invoices") if which == "all" => self.f.w.say("choose-more"),
            _ => "".into(),
        }
    }
}

const fn name(which: Which) -> &'static str {
    match which {
        Which::All => "all",
        Which::Suppliers => "suppliers",
        Which::Invoices => "invoices",
    }
}

/// What a form is about: a request that waits, or a mandate that stands.
#[derive(Clone, Copy)]
enum About {
    Request(StatementId),
    Mandate(StatementId),
}

impl About {
    fn take(fields: &mut Fields) -> Result<Self, Trouble> {
        let request = fields.read("request").map_err(|_| Trouble::ForeignMandate)?;
        let mandate = fields.read("mandate").map_err(|_| Trouble::ForeignMandate)?;
        match (request, mandate) {
            (Some(request), None) => Ok(Self::Request(request)),
            (None, Some(mandate)) => Ok(Self::Mandate(mandate)),
            _ => Err(Trouble::ForeignMandate),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Request(_) => "request",
            Self::Mandate(_) => "mandate",
        }
    }

    const fn id(self) -> StatementId {
        match self {
            Self::Request(id) | Self::Mandate(id) => id,
        }
    }

    fn address(self) -> String {
        format!("/mandate/choose?{}={}", self.name(), self.id())
    }

    /// The mandate that it is about, where it is the debtor's and still open to an answer or a change.
    fn find(self, state: &State, debtor: &PartyId, now: Timestamp) -> Result<Mandate, Trouble> {
        let found = mandate_of(state, debtor, &self.id()).ok_or(Trouble::ForeignMandate)?;
        let open = match self {
            Self::Request(_) => waits(&found, now),
            Self::Mandate(_) => found.standing == MandateStanding::Granted && now < found.until,
        };
        if open { Ok(Mandate::clone(&found)) } else { Err(Trouble::ForeignMandate) }
    }
}

/// What stands in the form when it is shown.
struct Filled {
    scope: Option<Scope>,
    show: Vec<Detail>,
    until: String,
}

/// `GET /mandate/choose?request=…` or `?mandate=…`
pub(in crate::http) async fn show(mut guest: Guest) -> Response {
    let about = About::take(&mut guest.query);
    let answer = match about {
        Ok(about) => form(&guest, about, None, None).await,
        Err(trouble) => guest.debtor().and(Err(trouble)),
    };
    guest.answer(answer)
}

async fn form(
    guest: &Guest,
    about: About,
    slip: Option<Slip>,
    filled: Option<Filled>,
) -> Result<Response, Trouble> {
    let debtor = guest.debtor()?;
    let words = guest.words(None);
    let look = |state: &State, now: Timestamp| {
        let mandate = about.find(state, &debtor, now)?;
        Ok::<_, Trouble>(lay_form(guest, state, words, (&debtor, about, &mandate), filled, now))
    };
    let (mut template, asker) = guest.ask(look).await??;
    template.slip = slip.map(|slip| slip_words(words, slip));
    let title = match about {
        About::Request(_) => "choose-title",
        About::Mandate(_) => "choose-title-change",
    };
    template.f.title = words.with(title, "asker", &asker);
    template.f.here = about.address();
    let status = if slip.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    Ok(page(status, &template))
}

/// The words of a slip.
pub(super) fn slip_words(words: &Words, slip: Slip) -> String {
    if let Slip::TooMany(most) = slip {
        return words.with(slip.key(), "count", &most.to_string());
    }
    words.say(slip.key()).into_owned()
}

fn lay_form(
    guest: &Guest,
    state: &State,
    words: &'static Words,
    (debtor, about, mandate): (&PartyId, About, &Mandate),
    filled: Option<Filled>,
    now: Timestamp,
) -> (ChoosePage, String) {
    let names = Directory { app: &guest.app, state, debtor };
    let scope: Scope = mandate.scope.clone().into();
    let asked = matches!(about, About::Request(_)).then(|| name(Which::of(&scope)));
    let filled = filled.unwrap_or_else(|| Filled {
        scope: Some(scope.clone()),
        show: if mandate.show.is_empty() {
            DETAILS.iter().map(|(detail, _)| *detail).collect()
        } else {
            mandate.show.clone()
        },
        until: proposed(mandate.until, now).to_string(),
    });
    let asked_for: &[PartyId] = match &scope {
        Scope::Suppliers { suppliers } => suppliers,
        Scope::All {} | Scope::Invoices { .. } => &[],
    };
    let ticked_suppliers: &[PartyId] = match &filled.scope {
        Some(Scope::Suppliers { suppliers }) => suppliers,
        _ => &[],
    };
    let ticked_invoices: &[InvoiceId] = match &filled.scope {
        Some(Scope::Invoices { invoices }) => invoices,
        _ => &[],
    };
    let mut suppliers: Vec<PartyId> = asked_for.to_vec();
    let mut invoices = Vec::new();
    let mut left_out = false;
    for row in payables::rows(state, debtor, None) {
        let Some(payable) = payables::payable(state, debtor, row, words, now) else { continue };
        if !suppliers.contains(&payable.seller) && suppliers.len() < SCOPE_MAX {
            suppliers.push(payable.seller.clone());
        }
        let ticked = ticked_invoices.contains(&payable.id);
        if !payable.open && !ticked {
            continue;
        }
        if invoices.len() >= SCOPE_MAX {
            left_out = true;
            continue;
        }
        invoices.push(Invoice {
            id: payable.id,
            number: payable.number,
            seller: names.party(&payable.seller),
            due: format!("{} {}", words.say("invoices-due"), payable.due),
            amount: payable.amount,
            ticked,
        });
    }
    let template = ChoosePage {
        f: guest.frame(words, String::new()),
        slip: None,
        about: about.name(),
        id: about.id(),
        which: filled.scope.as_ref().map_or("", |scope| name(Which::of(scope))),
        asked,
        suppliers: suppliers
            .into_iter()
            .map(|id| Supplier {
                name: names.party(&id),
                ticked: ticked_suppliers.contains(&id),
                id,
            })
            .collect(),
        invoices,
        more: left_out.then(|| words.with("choose-too-many", "count", &SCOPE_MAX.to_string())),
        shows: DETAILS
            .iter()
            .map(|(detail, name)| {
                let words = words.say(&format!("choose-show-{name}")).into_owned();
                (*name, words, filled.show.contains(detail))
            })
            .collect(),
        until: filled.until,
        today: now.date().to_string(),
        ways: ways(guest, words),
    };
    (template, names.called(mandate.holder))
}

/// How a status gets here, beside by hand.
fn ways(guest: &Guest, words: &Words) -> Vec<(&'static str, String)> {
    let connections = &guest.app.connections;
    if !connections.has_vault() {
        return Vec::new();
    }
    let peppol = connections.systems().contains(&"peppol");
    let ways = core::iter::once("package").chain(peppol.then_some("peppol"));
    ways.map(|way| (way, words.say(&format!("choose-how-{way}")).into_owned())).collect()
}

/// The last day that is proposed: what was asked for, at most a year.
fn proposed(asked: Timestamp, now: Timestamp) -> crate::types::Date {
    let last = last_day(asked);
    let year = now.date().day_number().saturating_add(YEAR_DAYS);
    if last.day_number() <= year {
        return last;
    }
    crate::types::Date::from_day_number(year).unwrap_or(last)
}

/// `POST /mandate/choose`: to the text to sign.
pub(in crate::http) async fn take(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(chosen(&guest, Fields::new(fields)).await)
}

async fn chosen(guest: &Guest, mut fields: Fields) -> Result<Response, Trouble> {
    guest.own_form(&mut fields)?;
    let about = About::take(&mut fields)?;
    let how = fields.text("how")?;
    let filled = filled(&fields);
    let terms = choice::terms(&mut fields, guest.now());
    fields.done()?;
    let terms = match terms {
        Ok(terms) => terms,
        Err(Refused::Tampered) => return Err(Trouble::FormTampered),
        Err(Refused::Slip(slip)) => return form(guest, about, Some(slip), Some(filled)).await,
    };
    let next = match how.as_deref() {
        None | Some("hand") => "/mandate/invoices",
        Some("package" | "peppol") if guest.app.connections.has_vault() => "/mandate/connect",
        Some(_) => return Err(Trouble::FormTampered),
    };
    let debtor = guest.debtor()?;
    let look = |state: &State, now| {
        let mandate = about.find(state, &debtor, now)?;
        let holder = state.participant(mandate.holder).ok_or(Trouble::ForeignMandate)?;
        let payload = match about {
            About::Request(request) => choice::grant(holder.id.clone(), terms, Some(request)),
            About::Mandate(mandate) => choice::amend(mandate, terms),
        };
        let foreign = |invoice: &InvoiceId| !payables::is_of(state, &debtor, invoice);
        if choice::invoices_of(&payload).iter().any(foreign) {
            return Err(Trouble::ForeignInvoice);
        }
        Ok(payload)
    };
    let payload = guest.ask(look).await??;
    let next = if matches!(about, About::Request(_)) { next } else { "/mandate" };
    guest.lay_out(vec![payload], &about.address(), next)
}

/// What was filled in, to be shown again beside a slip.
fn filled(fields: &Fields) -> Filled {
    let mut fields = fields.clone();
    let which = fields.read::<Which>("which").ok().flatten();
    let scope = which.map(|which| match which {
        Which::All => Scope::All {},
        Which::Suppliers => {
            Scope::Suppliers { suppliers: fields.all("supplier").unwrap_or_default() }
        }
        Which::Invoices => Scope::Invoices { invoices: fields.all("invoice").unwrap_or_default() },
    });
    let ticked = fields.all::<String>("show").unwrap_or_default();
    let known = DETAILS.iter().filter(|(_, name)| ticked.iter().any(|ticked| ticked == name));
    let show = known.map(|(detail, _)| *detail).collect();
    Filled { scope, show, until: fields.text("until").ok().flatten().unwrap_or_default() }
}

/// `POST /mandate/refuse`: to the text that declines a request.
pub(in crate::http) async fn refuse(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(end(&guest, Fields::new(fields), true).await)
}

/// `POST /mandate/stop`: to the text that revokes a mandate.
pub(in crate::http) async fn stop(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(end(&guest, Fields::new(fields), false).await)
}

async fn end(guest: &Guest, mut fields: Fields, refuse: bool) -> Result<Response, Trouble> {
    guest.own_form(&mut fields)?;
    let about = About::take(&mut fields)?;
    fields.done()?;
    let debtor = guest.debtor()?;
    let payload: Payload = match (about, refuse) {
        (About::Request(request), true) => choice::decline(request),
        (About::Mandate(mandate), false) => choice::revoke(mandate),
        _ => return Err(Trouble::FormTampered),
    };
    guest.ask(|state, now| about.find(state, &debtor, now).map(|_| ())).await??;
    guest.lay_out(vec![payload], "/mandate", "/mandate")
}
