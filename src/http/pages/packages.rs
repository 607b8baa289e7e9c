//! Connections to accounting packages, as their owner makes, allows and ends them on a page.
//!
//! Making one and ending one is the owner's business with the registry; that what is read may be stated in its name is a
//! statement, and is signed like the others.

use askama::Template;
use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::Response;

use crate::connect::{By, Condition, Connection, ConnectionId, Secret, Settings, Wish};
use crate::domain::State;
use crate::http::pages::form::{Fields, Tampered};
use crate::http::pages::guest::{Frame, Guest};
use crate::http::pages::trouble::Trouble;
use crate::http::pages::words::Words;
use crate::http::pages::{go, page};
use crate::statement::{DelegationGranted, Payload, StatementType};
use crate::types::{PartyId, Timestamp};

const HERE: &str = "/mandate/connect";
/// Settings that name something on the registry's own machine: the operator's to make, not a visitor's.
const NOT_HERE: [&str; 1] = ["folder"];

/// A connection in words.
struct Line {
    id: ConnectionId,
    system: String,
    state: String,
    read: String,
    pending: bool,
    not_delegated: bool,
}

/// A kind of package, with what it takes.
struct Kind {
    system: &'static str,
    name: String,
    settings: Vec<(&'static str, bool)>,
    secret: bool,
}

#[derive(Template)]
#[template(path = "connect.html", config = "src/http/pages/askama.toml")]
struct ConnectPage {
    f: Frame,
    slip: Option<String>,
    /// Where the owner consents, on the package's own page.
    consent: Option<String>,
    lines: Vec<Line>,
    kinds: Vec<Kind>,
}

/// What a kind of package is called.
fn called(words: &Words, system: &str) -> String {
    match system {
        "tryton" => "Tryton".to_owned(),
        "odoo" => "Odoo".to_owned(),
        "exact-online" => "Exact Online".to_owned(),
        "csv" => words.say("connect-kind-csv").into_owned(),
        "peppol" => words.say("connect-kind-peppol").into_owned(),
        other => other.to_owned(),
    }
}

const fn condition_key(condition: Condition) -> &'static str {
    match condition {
        Condition::Pending => "connect-state-pending",
        Condition::Active => "connect-state-active",
        Condition::Failing => "connect-state-failing",
        Condition::Revoked => "connect-state-revoked",
        Condition::NotDelegated => "connect-state-not-delegated",
        Condition::Locked => "connect-state-locked",
    }
}

/// `GET /mandate/connect`
pub(in crate::http) async fn show(guest: Guest) -> Response {
    guest.answer(list(&guest, None, None).await)
}

async fn list(
    guest: &Guest,
    slip: Option<String>,
    consent: Option<String>,
) -> Result<Response, Trouble> {
    let debtor = guest.debtor()?;
    let words = guest.words(None);
    let connections = &guest.app.connections;
    let own = connections.of(&debtor);
    let look = |state: &State, now: Timestamp| {
        let line = |(_, connection): &(u64, Connection)| {
            let condition = connections.condition(state, connection, now);
            let stale = connections.is_stale(connection, now);
            let read = connection.read_at.map(|at| words.day(at.date()));
            Line {
                id: connection.id,
                system: called(words, &connection.system),
                state: words.say(condition_key(condition)).into_owned(),
                read: match read {
                    None => words.say("connect-never").into_owned(),
                    Some(day) if stale => words.with("connect-stale", "day", &day),
                    Some(day) => words.with("connect-read", "day", &day),
                },
                pending: condition == Condition::Pending,
                not_delegated: condition == Condition::NotDelegated,
            }
        };
        own.iter().map(line).collect::<Vec<_>>()
    };
    let lines = guest.ask(look).await?;
    let systems = if connections.has_vault() { connections.systems() } else { Vec::new() };
    let kind = |system: &'static str| {
        let connector = connections.connector(system).ok()?;
        let settings = connector.settings().iter().filter(|it| !NOT_HERE.contains(&it.name));
        Some(Kind {
            system,
            name: called(words, system),
            settings: settings.map(|it| (it.name, it.required)).collect(),
            secret: connector.takes_secret(),
        })
    };
    let mut f = guest.frame(words, words.say("connect-title").into_owned());
    HERE.clone_into(&mut f.here);
    let status = if slip.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let kinds = systems.into_iter().filter_map(kind).collect();
    Ok(page(status, &ConnectPage { f, slip, consent, lines, kinds }))
}

/// `POST /mandate/connect`: makes a connection, and lays the delegation out that it needs.
pub(in crate::http) async fn make(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    guest.answer(made(&guest, Fields::new(fields)).await)
}

async fn made(guest: &Guest, mut fields: Fields) -> Result<Response, Trouble> {
    guest.own_form(&mut fields)?;
    let system = fields.text("system")?.ok_or(Tampered)?;
    let secret = fields.text("secret")?.map(Secret::new);
    let settings: Settings = fields.prefixed("setting.").into_iter().collect();
    fields.done()?;
    if settings.keys().any(|name| NOT_HERE.contains(&name.as_str())) {
        return Err(Trouble::FormTampered);
    }
    let (debtor, key) = guest.visit(|visit| (visit.debtor.clone(), visit.key))?;
    let connections = &guest.app.connections;
    let by = By { owner: &debtor, key: key.map(|key| key.thumbprint()), now: guest.now() };
    let wish = Wish { system, settings, secret, description: None };
    if let Err(error) = connections.make(by, wish, &guest.app.engine).await {
        let words = guest.words(None);
        let slip = words.with("connect-refused", "reason", &error.to_string());
        return list(guest, Some(slip), None).await;
    }
    delegate(guest, &debtor).await
}

/// To the text that lets the connector service report, where the debtor has not yet signed one.
async fn delegate(guest: &Guest, debtor: &PartyId) -> Result<Response, Trouble> {
    let connections = &guest.app.connections;
    let look = |state: &State, now: Timestamp| {
        let delegate = connections.delegate(state)?;
        let row = state.participant_by_id(&delegate)?;
        let owner = state.participant_by_id(debtor).and_then(|row| state.participant(row));
        let held = owner.is_some_and(|owner| {
            owner.delegations.iter().any(|delegation| {
                delegation.delegate == row
                    && delegation.types.contains(&StatementType::StatusReported)
                    && delegation.until.is_none_or(|until| now < until)
            })
        });
        (!held).then_some(delegate)
    };
    let Some(delegate) = guest.ask(look).await? else { return Ok(go(HERE)) };
    let types = vec![StatementType::StatusReported];
    let granted = DelegationGranted { delegate, types, until: None };
    guest.lay_out(vec![Payload::DelegationGranted(granted)], HERE, HERE)
}

/// What is done with one connection of the visitor.
fn one(guest: &Guest, fields: &mut Fields) -> Result<(PartyId, ConnectionId), Trouble> {
    guest.own_form(fields)?;
    let id = fields.read::<ConnectionId>("connection")?.ok_or(Tampered)?;
    let debtor = guest.debtor()?;
    guest.app.connections.get(&debtor, id).map_err(|_| Trouble::FormTampered)?;
    Ok((debtor, id))
}

/// `POST /mandate/allow`: to the delegation, for a connection that may not report yet.
pub(in crate::http) async fn allow(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let mut fields = Fields::new(fields);
    let allowed = async {
        let (debtor, _) = one(&guest, &mut fields)?;
        fields.done()?;
        delegate(&guest, &debtor).await
    };
    guest.answer(allowed.await)
}

/// `POST /mandate/consent`: where to go to consent on the package's own page.
pub(in crate::http) async fn consent(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let mut fields = Fields::new(fields);
    let asked = async {
        let (debtor, id) = one(&guest, &mut fields)?;
        fields.done()?;
        let words = guest.words(None);
        let back = format!("{}/connections/back", guest.address());
        let key = guest.visit(|visit| visit.key)?.map(|key| key.thumbprint());
        let by = By { owner: &debtor, key, now: guest.now() };
        match guest.app.connections.consent(by, id, &back).await {
            Ok(address) => list(&guest, None, address).await,
            Err(error) => {
                let slip = words.with("connect-refused", "reason", &error.to_string());
                list(&guest, Some(slip), None).await
            }
        }
    };
    guest.answer(asked.await)
}

/// `POST /mandate/disconnect`: ends a connection, with its secret.
pub(in crate::http) async fn disconnect(
    guest: Guest,
    Form(fields): Form<Vec<(String, String)>>,
) -> Response {
    let mut fields = Fields::new(fields);
    let ended = async {
        let (debtor, id) = one(&guest, &mut fields)?;
        fields.done()?;
        guest.app.connections.remove(&debtor, id).await.map_err(|_| Trouble::Busy)?;
        Ok(go(HERE))
    };
    guest.answer(ended.await)
}
