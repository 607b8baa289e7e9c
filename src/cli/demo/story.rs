//! The ordinary course: a registry opens, invoices come in, a debtor says what it thinks of them, money flows.

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use crate::cli::demo::cast::{Actor, Cast, admission};
use crate::cli::demo::narrator::{bad, chapter, day, detail, good, moment, pause, tell};
use crate::cli::host;
use crate::cli::import::{Fate, Row, import_bytes};
use crate::cli::terminal::money;
use crate::domain::{RULES_VERSION, Verdict};
use crate::statement::StatementType;
use crate::types::{Currency, Date, InvoiceId, Minor};

const INVOICE: &str = include_str!("../../../tests/samples/invoice.ubl.xml");
const SECOND_INVOICE: &str = include_str!("../../../tests/samples/invoice-second.ubl.xml");

/// A day, in milliseconds.
const DAY: i64 = 86_400_000;
/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;

/// What the later chapters speak of.
pub(super) struct Plot {
    /// The invoice that is financed.
    pub(super) invoice: InvoiceId,
    /// The registry's currency of it.
    pub(super) currency: Currency,
    /// What is claimed on it.
    pub(super) claimed_minor: Minor,
}

/// 1: the registry opens.
///
/// # Errors
/// Where something does not go as the story has it, here and below.
pub(super) fn open(cast: &Cast) -> anyhow::Result<()> {
    chapter(1, "A registry opens")?;
    tell(
        "A neutral operator opens the registry and admits five firms. Each made its own key and keeps \
         it; the registry knows the public half only. Firms are known by their numbers in official \
         registers: no name stands in the log.",
    )?;
    let operator = &cast.operator;
    let opened = operator.say(
        StatementType::RegistryOpened,
        &json!({
            "operator": operator.session.party, "key": operator.session.key.public(),
            "rules": RULES_VERSION, "skew_seconds": 300, "check_digits": "required",
        }),
    )?;
    let (name, position) = (&operator.session.origin, opened.position);
    good(format_args!("{name} is open: position {position} of its log"))?;
    for actor in cast.admitted() {
        let receipt = operator.say(StatementType::ParticipantAdmitted, &admission(actor))?;
        let (party, position) = (actor.session.party.as_str(), receipt.position);
        let (name, role) = (actor.name, actor.role);
        good(format_args!("{name:<21} {role:<10} {party:<16} admitted: position {position}"))?;
    }
    Ok(())
}

/// 2: the supplier imports invoices.
pub(super) fn import(cast: &Cast) -> anyhow::Result<Plot> {
    chapter(2, "The supplier imports its invoices")?;
    tell(
        "Weverij De Linde sold linen to Brouwerij Sint-Anna. Its accounting package writes invoices as \
         UBL, the European norm; the import reads them to the cent and signs one statement for each.",
    )?;
    let files = [("invoice.ubl.xml", INVOICE), ("invoice-second.ubl.xml", SECOND_INVOICE)];
    let rows = registered(&cast.supplier, &files)?;
    let invoice = rows.first().and_then(|row| row.invoice).context("no invoice")?;
    for row in &rows {
        let id = row.invoice.context("no invoice")?;
        let seen = cast.supplier.sees(&format!("/v1/invoices/{id}"))?;
        let Fate::Sent(position) = row.fate else {
            return Err(anyhow!("{} was not registered", row.label));
        };
        let number = text(&seen, "number")?;
        let due: Date = text(&seen, "due_date")?.parse()?;
        let amount = money(minor(&seen, "gross_minor")?, currency(&seen)?);
        good(format_args!("{number}  {amount:>10}  due {}: position {position}", day(due)))?;
    }
    let seen = cast.supplier.sees(&format!("/v1/invoices/{invoice}"))?;
    Ok(Plot {
        invoice,
        currency: currency(&seen)?,
        claimed_minor: minor(&seen, "amount_due_minor")?,
    })
}

/// 3: the debtor grants a mandate and reports statuses.
pub(super) fn mandate(cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(3, "The debtor lets one financier see")?;
    tell(
        "Nothing is visible by default. The debtor grants Noorderkrediet a mandate for the invoices of \
         this supplier, for ninety days and revocable at any moment. What it reports on the invoice \
         counts by who says so: from 0, the seller's word, to 6, money matched in a ledger.",
    )?;
    let now = host::now();
    let granted = cast.debtor.say(
        StatementType::MandateGranted,
        &json!({
            "to": cast.first.session.party,
            "scope": { "kind": "suppliers", "suppliers": [cast.supplier.session.party] },
            "show": ["document", "process", "payment", "amounts"],
            "until": now.plus_millis(DAY.saturating_mul(90)),
        }),
    )?;
    let (debtor, first, second) = (cast.debtor.name, cast.first.name, cast.second.name);
    good(format_args!("{debtor} grants {first} a mandate: position {}", granted.position))?;
    let ago = |days: i64| now.plus_millis(DAY.saturating_mul(days).saturating_neg());
    for (status, days) in [("received", 3), ("booked", 2), ("approved", 1)] {
        let report = json!({
            "invoice": plot.invoice, "status": status,
            "effective_at": ago(days),
            "source": { "kind": "ledger", "system": "exact-online" },
        });
        let receipt = cast.debtor.say(StatementType::StatusReported, &report)?;
        good(format_args!("{debtor} reports: {status}: position {}", receipt.position))?;
    }
    pause()?;
    let path = format!("/v1/invoices/{}", plot.invoice);
    let seen = cast.first.sees(&path)?;
    let process = seen.pointer("/axes/process").context("the mandate shows nothing")?;
    let certainty = minor(process, "certainty")?;
    let state = text(process, "state")?;
    good(format_args!("{first} asks and sees: {state}, certainty {certainty} of 6"))?;
    let (status, _) =
        cast.second.session.client.get_any(&path, Some(&cast.second.session.token()?))?;
    if status.as_u16() != 404 {
        return Err(anyhow!("{second} was answered {status}"));
    }
    bad(format_args!("{second} asks and gets 404: not even that there is such an invoice"))?;
    Ok(())
}

/// 4: the first financier checks, reserves, finances.
pub(super) fn finance(cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(4, "The first financier checks, reserves and pays")?;
    tell(
        "Before it pays an advance, Noorderkrediet looks once more, takes a reservation of 24 hours, \
         and then records the financing, which takes over the reservation's place in the order. The \
         position in the log is the priority.",
    )?;
    let first = &cast.first;
    let seen = first.sees(&format!("/v1/invoices/{}", plot.invoice))?;
    let open = seen.get("amounts").context("no amounts")?;
    let open = money(minor(open, "open_minor")?, plot.currency);
    good(format_args!("{} checks: {open} is open, and the debtor approved it", first.name))?;
    let items = json!([{ "id": plot.invoice, "claimed_minor": plot.claimed_minor }]);
    let reserved = first.say(
        StatementType::FinancingReserved,
        &json!({
            "invoices": items, "currency": plot.currency, "on_conflict": "refuse",
            "until": host::now().plus_millis(HOUR.saturating_mul(24)),
        }),
    )?;
    expect(reserved.outcome == Verdict::Admitted, "the reservation")?;
    let claimed = money(plot.claimed_minor, plot.currency);
    good(format_args!("reserves {claimed}: position {}", reserved.position))?;
    detail(
        "the receipt carries the proof that it stands in the log, to a checkpoint signed in the same moment",
    )?;
    let advanced = plot.claimed_minor.saturating_mul(80).checked_div(100).unwrap_or(0);
    let recorded = first.say(
        StatementType::FinancingRecorded,
        &json!({
            "invoices": items, "currency": plot.currency, "advanced_minor": advanced,
            "kind": "factoring", "recourse": "without", "disclosure": "disclosed",
            "on_conflict": "refuse", "reservation": reserved.id,
        }),
    )?;
    expect(recorded.outcome == Verdict::Admitted, "the financing")?;
    let advanced = money(advanced, plot.currency);
    good(format_args!(
        "pays {advanced} and records the financing: position {}",
        recorded.position
    ))?;
    let claims = cast.debtor.list(&format!("/v1/invoices/{}/claims", plot.invoice))?;
    let holder = claims.last().and_then(|claim| claim.get("holder")).and_then(Value::as_str);
    if holder != Some(first.session.party.as_str()) {
        return Err(anyhow!("the debtor does not see whom to pay"));
    }
    good(format_args!("{} sees whom it has to pay: {}", cast.debtor.name, first.name))?;
    detail(format_args!("recorded {}", moment(recorded.recorded_at)))?;
    Ok(())
}

/// Imports documents, all of which must be registered.
pub(super) fn registered(actor: &Actor, files: &[(&str, &str)]) -> anyhow::Result<Vec<Row>> {
    let files: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let rows = import_bytes(&actor.session, &files)?;
    match rows.iter().find(|row| !matches!(row.fate, Fate::Sent(_))) {
        Some(row) => Err(anyhow!("{} was not registered: {:?}", row.label, row.fate)),
        None => Ok(rows),
    }
}

/// A part of the story that has to come out like this.
pub(super) fn expect(holds: bool, what: &str) -> anyhow::Result<()> {
    if holds { Ok(()) } else { Err(anyhow!("{what} did not come out as the story has it")) }
}

/// A text of an answer.
pub(super) fn text<'a>(json: &'a Value, member: &str) -> anyhow::Result<&'a str> {
    let found = json.get(member).and_then(Value::as_str);
    found.with_context(|| format!("the answer has no `{member}`"))
}

/// A number of an answer.
pub(super) fn minor(json: &Value, member: &str) -> anyhow::Result<Minor> {
    let found = json.get(member).and_then(Value::as_i64);
    found.with_context(|| format!("the answer has no `{member}`"))
}

fn currency(json: &Value) -> anyhow::Result<Currency> {
    Ok(text(json, "currency")?.parse()?)
}
