//! `offer` and `decline`: invoices that a supplier asks a financier to finance, and the financier's no.
//!
//! What is offered is named by its id or by the documents that it was registered from: these are registered first, as
//! `import` does. An offer that was made is answered by reserving, recording or declining.

use std::path::PathBuf;

use anyhow::anyhow;
use serde_json::{Value, json};

use crate::cli::client::{Place, Reply, Session};
use crate::cli::failure::WithHint as _;
use crate::cli::identity::Identity;
use crate::cli::import::statements::Maker;
use crate::cli::import::{self, Fate, sources};
use crate::cli::submit::send;
use crate::cli::terminal::{print, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::statement::{BORDEREAU_MAX, DeclineReason, SignedStatement, StatementType};
use crate::types::{InvoiceId, PartyId, StatementId, Timestamp};

const DAY_MILLIS: i64 = 86_400_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Invoices by their ids (inv_…), or files, folders or archives of UBL, CII or CSV documents, which are registered
    /// first
    #[arg(required = true, value_name = "INVOICE|FILE")]
    invoices: Vec<String>,
    /// The financier
    #[arg(long, value_name = "PARTY")]
    to: PartyId,
    /// Until when the offer stands, in UTC, such as 2026-11-30T12:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "days")]
    until: Option<Timestamp>,
    /// For how many days the offer stands
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u16).range(1..=366))]
    days: u16,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Sends party ids whose check digits are wrong, for registries that admit them
    #[arg(long)]
    ignore_check_digits: bool,
    /// Prints the receipts as JSON
    #[arg(long)]
    json: bool,
}

/// Runs `offer`.
///
/// # Errors
/// Where a path cannot be read or the registry cannot be reached.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let now = host::now();
    let until = match args.until {
        Some(until) if until <= now => {
            return Err(anyhow!("--until {until} is not in the future")).hint("times are in UTC");
        }
        Some(until) => until,
        None => now.plus_millis(i64::from(args.days).saturating_mul(DAY_MILLIS)),
    };
    let mut ids = Vec::<InvoiceId>::new();
    let mut paths = Vec::<PathBuf>::new();
    for name in &args.invoices {
        match name.parse() {
            Ok(id) => ids.push(id),
            Err(_) => paths.push(name.into()),
        }
    }
    let documents = sources::all(&paths)?;
    let session = Session::open(&args.place, &args.identity)?;
    let mut left_out = 0_usize;
    if !documents.is_empty() {
        let maker = Maker::new(&args.identity.party, args.ignore_check_digits);
        for row in import::import(documents, maker, Some(&session))? {
            match (&row.fate, row.invoice.filter(|_| row.is_invoice())) {
                (Fate::Sent(_) | Fate::Known, Some(id)) => ids.push(id),
                (Fate::Unread(_) | Fate::Refused(_), _) => {
                    say_bad(format_args!("{}: {}", row.label, row.fate.words()));
                    left_out = left_out.saturating_add(1);
                }
                // A credit note among the documents lowers its invoice, and is not offered.
                (Fate::Sent(_) | Fate::Known | Fate::Ready, _) => {}
            }
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    let offer = |chunk: &[InvoiceId]| json!({"to": args.to, "invoices": chunk, "until": until});
    let data: Vec<Value> = ids.chunks(BORDEREAU_MAX).map(offer).collect();
    let refused = say(&session, StatementType::FinancingRequested, &data, args.json)?;
    if refused == 0 && !ids.is_empty() {
        say_good(format_args!("{} invoices are offered to {} until {until}", ids.len(), args.to));
    }
    Ok(Ending::found_if(left_out > 0 || refused > 0 || ids.is_empty()))
}

#[derive(Debug, clap::Args)]
pub(crate) struct Declined {
    /// The offers, by the statements that made them (stm_…)
    #[arg(required = true, value_name = "REQUEST")]
    requests: Vec<StatementId>,
    /// Why: debtor, supplier, limit, claimed, status, terms, incomplete or other
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: DeclineReason,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Prints the receipts as JSON
    #[arg(long)]
    json: bool,
}

/// Runs `decline`.
///
/// # Errors
/// Where the registry cannot be reached.
pub(crate) fn decline(args: &Declined) -> anyhow::Result<Ending> {
    let session = Session::open(&args.place, &args.identity)?;
    let decline = |request| json!({"request": request, "reason": args.reason});
    let data: Vec<Value> = args.requests.iter().map(decline).collect();
    let refused = say(&session, StatementType::FinancingDeclined, &data, args.json)?;
    Ok(Ending::found_if(refused > 0))
}

/// A reason as it stands in statements.
fn reason(text: &str) -> Result<DeclineReason, String> {
    let known = "debtor, supplier, limit, claimed, status, terms, incomplete or other";
    serde_json::from_value(json!(text)).map_err(|_| format!("is not one of {known}"))
}

/// Signs and sends statements of a type, and shows what became of each; how many were refused.
fn say(
    session: &Session,
    kind: StatementType,
    data: &[Value],
    as_json: bool,
) -> anyhow::Result<usize> {
    let sign = |data: &Value| {
        let signed = SignedStatement::sign(
            &session.key,
            kind,
            &session.party,
            &host::fresh_id()?,
            host::now(),
            &session.origin,
            &data.to_string(),
        )?;
        anyhow::Ok(signed.bytes().to_vec())
    };
    let statements = data.iter().map(sign).collect::<anyhow::Result<Vec<Vec<u8>>>>()?;
    let mut refused = 0_usize;
    if statements.is_empty() {
        return Ok(refused);
    }
    send(&session.client, &statements, |_, reply| {
        match reply {
            Reply::Receipt(receipt, _) => {
                let (id, position) = (receipt.id, receipt.position);
                say_good(format_args!("{kind} {id} stands at position {position}"));
            }
            Reply::Problem(problem, _) => {
                refused = refused.saturating_add(1);
                say_bad(problem);
            }
        }
        if as_json {
            print(reply.json())?;
        }
        Ok(())
    })?;
    Ok(refused)
}
