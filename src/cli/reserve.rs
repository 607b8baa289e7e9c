//! `reserve`: invoices registered, reserved and checked again, some hundred in one request.
//!
//! What is reserved is decided by the registry in the order of the documents, each registration with its
//! reservation. Where a reservation is refused, the registration stays: it does no harm.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::anyhow;
use serde_json::{Value, json};

use crate::cli::check::report::Output;
use crate::cli::check::rows::{self, Row};
use crate::cli::client::{Place, Session};
use crate::cli::failure::WithHint as _;
use crate::cli::identity::Identity;
use crate::cli::import::statements::{Intent, Maker};
use crate::cli::import::{sign, sources};
use crate::cli::terminal::Progress;
use crate::cli::{Ending, host};
use crate::statement::{OnConflict, SignedStatement, StatementType};
use crate::types::{InvoiceId, Timestamp};

/// How many invoices are sent in one request.
const CHUNK: usize = 100;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files, folders or archives (ZIP, tar, gzip) of UBL, CII or CSV documents
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// When the reservations lapse, in UTC, such as 2026-11-23T12:00:00Z; at most 72 hours from now
    #[arg(long, value_name = "TIME", conflicts_with = "hours")]
    until: Option<Timestamp>,
    /// After how many hours the reservations lapse
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u8).range(1..=72))]
    hours: u8,
    /// Records a claim that does not fit beside earlier ones, ranked after them and flagged, instead of leaving it
    #[arg(long)]
    record: bool,
    /// Sends party ids whose check digits are wrong, for registries that admit them
    #[arg(long)]
    ignore_check_digits: bool,
    #[command(flatten)]
    output: Output,
}

/// Runs the command.
///
/// # Errors
/// Where a path cannot be read or the registry cannot be reached.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    args.output.prepare()?;
    let documents = sources::all(&args.paths)?;
    let session = Session::open(&args.place, &args.identity)?;
    let mut maker = Maker::new(&args.identity.party, args.ignore_check_digits);
    let (mut rows, intents) = rows::of(documents, &mut maker);
    let until = match args.until {
        Some(until) if until <= host::now() => {
            return Err(anyhow!("--until {until} is not in the future")).hint("times are in UTC");
        }
        Some(until) => until,
        // A little less than was asked for: the registry's clock may be behind.
        None => host::now()
            .plus_millis(i64::from(args.hours).saturating_mul(3_600_000).saturating_sub(60_000)),
    };
    let on_conflict = if args.record { OnConflict::Record } else { OnConflict::Refuse };
    // An invoice that is there twice is reserved once.
    let mut first = BTreeMap::<InvoiceId, usize>::new();
    let mut wanted = Vec::new();
    for (place, intent) in intents {
        if let Some(earlier) = first.get(&intent.invoice) {
            let words =
                rows.get(*earlier).map(|row| format!("the same invoice as {}", row.document));
            if let Some(row) = rows.get_mut(place) {
                "repeated".clone_into(&mut row.verdict);
                row.add(&words.unwrap_or_default());
            }
        } else {
            first.insert(intent.invoice, place);
            wanted.push((place, intent));
        }
    }
    let total = u64::try_from(wanted.len()).unwrap_or(u64::MAX);
    let mut progress = Progress::new(total, "invoices");
    for chunk in wanted.chunks(CHUNK) {
        let answer = send(&session, &rows, chunk, until, on_conflict)?;
        take(&mut rows, chunk, &answer);
        progress.advance(u64::try_from(chunk.len()).unwrap_or(u64::MAX));
    }
    drop(progress);
    args.output.report("reserve_report", &session, &rows)
}

/// Signs a registration and a reservation for each invoice, and sends them together.
fn send(
    session: &Session,
    rows: &[Row],
    chunk: &[(usize, Intent)],
    until: Timestamp,
    on_conflict: OnConflict,
) -> anyhow::Result<Value> {
    let mut lines = Vec::with_capacity(chunk.len().saturating_mul(2));
    for (place, intent) in chunk {
        let Some((_, due_minor, currency)) = rows.get(*place).and_then(|row| row.amount) else {
            continue;
        };
        let reservation = json!({
            "invoices": [{"id": intent.invoice, "claimed_minor": due_minor}], "currency": currency,
            "until": until, "on_conflict": on_conflict,
        });
        let reservation = SignedStatement::sign(
            &session.key,
            StatementType::FinancingReserved,
            &session.party,
            &host::fresh_id()?,
            host::now(),
            &session.origin,
            &reservation.to_string(),
        )?;
        lines.push(String::from_utf8(sign(session, intent)?)?);
        lines.push(String::from_utf8(reservation.bytes().to_vec())?);
    }
    session.client.finance(&lines, &session.token()?)
}

/// Takes in what became of a chunk: two results for each invoice, and the check after them.
fn take(rows: &mut [Row], chunk: &[(usize, Intent)], answer: &Value) {
    let list =
        |member: &str| answer.get(member).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let id =
        |check: &Value| check.get("invoice").and_then(Value::as_str)?.parse::<InvoiceId>().ok();
    let checks: BTreeMap<InvoiceId, &Value> =
        list("checks").iter().filter_map(|check| Some((id(check)?, check))).collect();
    for ((place, intent), results) in chunk.iter().zip(list("results").chunks(2)) {
        let Some(row) = rows.get_mut(*place) else { continue };
        let [registration, reservation] = results else { continue };
        let text = |value: &Value, member: &str| {
            value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let check = checks.get(&intent.invoice).copied();
        // Without a check the registration was not taken: its problem says why.
        row.answer(check.unwrap_or(registration).clone());
        match text(reservation, "outcome").as_str() {
            "admitted" => "reserved".clone_into(&mut row.would),
            "refused" => {
                "refused".clone_into(&mut row.would);
                row.add("not reserved");
            }
            _ => {
                "rejected".clone_into(&mut row.would);
                row.reason = text(reservation, "code");
                row.add(&format!("not reserved: {}", text(reservation, "detail")));
            }
        }
    }
}
