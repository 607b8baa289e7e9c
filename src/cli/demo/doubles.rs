//! What the registry is for: the same invoice offered to a second financier, plain and in disguise.

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use crate::cli::demo::cast::{Actor, Cast};
use crate::cli::demo::narrator::{bad, chapter, detail, fields, good, keys, moment, pause, tell};
use crate::cli::demo::story::{Plot, expect, minor, registered, text};
use crate::cli::terminal::money;
use crate::domain::{Relation, Verdict};
use crate::record::{FindingShown, Receipt, VerdictOnItem};
use crate::statement::StatementType;
use crate::types::InvoiceId;

const INVOICE: &str = include_str!("../../../tests/samples/invoice.ubl.xml");
const RENUMBERED: &str = include_str!("../../../tests/samples/invoice-renumbered.ubl.xml");
const REDATED: &str = include_str!("../../../tests/samples/invoice-redated.ubl.xml");
const CREDIT_NOTE: &str = include_str!("../../../tests/samples/credit-note.ubl.xml");

/// 5: the same invoice.
///
/// # Errors
/// Where something does not go as the story has it, here and below.
pub(super) fn same(cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(5, "The same invoice, offered twice")?;
    tell(
        "The supplier, short of cash, sends the same file to Hanze Handelsbank. The bank registers it \
         and asks for the right on it, unless somebody was first (\"on_conflict: refuse\").",
    )?;
    let (second, first) = (&cast.second, &cast.first);
    let invoice = register(second, ("invoice.ubl.xml", INVOICE))?;
    expect(invoice == plot.invoice, "the same content")?;
    good(format_args!("{} registers the file: the same content, the same invoice", second.name))?;
    let receipt = claim(second, plot, invoice, "refuse")?;
    let finding = refused(&receipt)?;
    expect(finding.relation == Relation::Identical, "the relation")?;
    bad(format_args!(
        "its claim is refused, and no money leaves the bank: position {}",
        receipt.position
    ))?;
    learned(finding)?;
    detail("what it does not learn: who the other is, how much he paid, on what terms")?;
    detail("the attempt stays in the log, as evidence that nobody can take out again")?;
    pause()?;
    told(first, "second_claim_refused", &receipt)?;
    Ok(())
}

/// 6: the number altered.
pub(super) fn renumbered(cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(6, "A copy with another number")?;
    tell(
        "The supplier tries again with a copy: INV-2026-001 has become 2026001. As a file and as \
         content it is another invoice; the match on seller, buyer, amount and date still meets.",
    )?;
    let (second, first) = (&cast.second, &cast.first);
    let invoice = register(second, ("invoice-renumbered.ubl.xml", RENUMBERED))?;
    expect(invoice != plot.invoice, "the other content")?;
    good(format_args!("{} registers the copy: as content, a new invoice", second.name))?;
    let receipt = claim(second, plot, invoice, "refuse")?;
    let finding = refused(&receipt)?;
    expect(finding.relation == Relation::Altered, "the relation")?;
    bad(format_args!("its claim is refused: position {}", receipt.position))?;
    learned(finding)?;
    pause()?;
    told(first, "second_claim_refused", &receipt)?;
    Ok(())
}

/// 7: the date altered, and the money already paid.
pub(super) fn redated(cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(7, "A copy with another date, paid before anyone asked")?;
    tell(
        "A second copy carries a later date. This time the bank has paid on trust and records what has \
         happened (\"on_conflict: record\"): the claim gets its rank behind the earlier one, and a case.",
    )?;
    let (second, first) = (&cast.second, &cast.first);
    let invoice = register(second, ("invoice-redated.ubl.xml", REDATED))?;
    let receipt = claim(second, plot, invoice, "record")?;
    expect(receipt.outcome == Verdict::Admitted, "the verdict")?;
    let finding = receipt.findings.first().context("no finding")?;
    expect(finding.effect == VerdictOnItem::Conflict, "the conflict")?;
    let number = finding.case.context("no case")?;
    bad(format_args!(
        "recorded as a double financing: case {number}, position {}",
        receipt.position
    ))?;
    learned(finding)?;
    pause()?;
    told(first, "second_claim", &receipt)?;
    let conflict = first.sees(&format!("/v1/conflicts/{number}"))?;
    let claims = conflict.get("claims").and_then(Value::as_array).context("no claims")?;
    for contender in claims {
        let rank = minor(contender, "rank")?;
        let yours = contender.get("yours") == Some(&Value::Bool(true));
        let whose = if yours { "its own" } else { "another financier's, not named" };
        detail(format_args!("{} sees in case {number}: rank {rank}, {whose}", first.name))?;
        expect(yours || contender.get("claim").is_none(), "the other's name")?;
    }
    Ok(())
}

/// 8: a credit note.
pub(super) fn credit(cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(8, "A credit note, and whom it concerns")?;
    tell(
        "Part of the linen came back. The supplier imports the credit note; the invoice is worth less \
         from that moment, and whoever holds a right on it hears of it at once.",
    )?;
    let path = format!("/v1/invoices/{}", plot.invoice);
    let open = |actor: &Actor| {
        let seen = actor.sees(&path)?;
        minor(seen.get("amounts").context("no amounts")?, "open_minor")
    };
    let before = open(&cast.first)?;
    registered(&cast.supplier, &[("credit-note.ubl.xml", CREDIT_NOTE)])?;
    let after = open(&cast.first)?;
    expect(after < before, "the open amount")?;
    let credited = money(before.saturating_sub(after), plot.currency);
    good(format_args!("{} credits {credited} by CN-2026-003", cast.supplier.name))?;
    let (before, after) = (money(before, plot.currency), money(after, plot.currency));
    good(format_args!("the open amount falls from {before} to {after}"))?;
    pause()?;
    let alerts = cast.first.list("/v1/alerts")?;
    good(format_args!(
        "{} looks at its alerts, which it also gets as a stream of events:",
        cast.first.name
    ))?;
    for alert in alerts {
        let what = match text(&alert, "code")? {
            "second_claim_refused" => {
                "somebody tried to claim the same receivable, and was refused"
            }
            "second_claim" => "somebody claims the same receivable beside you",
            "credited" => "a credit note lowered the invoice",
            other => other,
        };
        let number = alert.get("case").and_then(Value::as_str);
        let number = number.map(|number| format!(" (case {number})")).unwrap_or_default();
        detail(format_args!("position {:>2}: {what}{number}", minor(&alert, "position")?))?;
    }
    Ok(())
}

/// Registers a document; which invoice it is.
fn register(actor: &Actor, file: (&str, &str)) -> anyhow::Result<InvoiceId> {
    let rows = registered(actor, &[file])?;
    rows.first().and_then(|row| row.invoice).context("no invoice")
}

/// The second financier's claim.
fn claim(
    actor: &Actor,
    plot: &Plot,
    invoice: InvoiceId,
    on_conflict: &str,
) -> anyhow::Result<Receipt> {
    actor.say(
        StatementType::FinancingRecorded,
        &json!({
            "invoices": [{ "id": invoice, "claimed_minor": plot.claimed_minor }],
            "currency": plot.currency, "kind": "pledge", "recourse": "with",
            "disclosure": "silent", "on_conflict": on_conflict,
        }),
    )
}

fn refused(receipt: &Receipt) -> anyhow::Result<&FindingShown> {
    expect(receipt.outcome == Verdict::Refused, "the refusal")?;
    receipt.findings.first().context("no finding")
}

/// What the second financier gets to know.
fn learned(finding: &FindingShown) -> std::io::Result<()> {
    let (met, differs) = (keys(&finding.keys_met), fields(&finding.fields_differ));
    detail(format_args!("what it learns: the same in {met}; different in {differs};"))?;
    let since = moment(finding.earlier_claim_since);
    detail(format_args!("an earlier claim exists since {since}; this one is rank {}", finding.rank))
}

/// The first financier has an alert of this statement.
fn told(first: &Actor, code: &str, receipt: &Receipt) -> anyhow::Result<()> {
    let alerts = first.list("/v1/alerts")?;
    let position = Some(receipt.position);
    let mine = |alert: &&Value| {
        alert.get("position").and_then(Value::as_u64) == position
            && alert.get("code").and_then(Value::as_str) == Some(code)
    };
    match alerts.iter().find(mine) {
        Some(_) => Ok(good(format_args!("{} was told in the same moment: {code}", first.name))?),
        None => Err(anyhow!("{} was not told", first.name)),
    }
}
