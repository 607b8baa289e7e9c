//! `respond`: responses to invoices, read, matched by the registry, checked, signed and sent; or one written.
//!
//! The registry finds the invoice and prepares the statement; what is signed is compared with what the message says,
//! read here too: the registry cannot put words into the signer's mouth.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::cli::Ending;
use crate::cli::client::{Place, Problem, Reply, Session};
use crate::cli::failure::failure;
use crate::cli::host;
use crate::cli::identity::Identity;
use crate::cli::import::sources::{self, Unread};
use crate::cli::submit::send;
use crate::cli::terminal::{Progress, print, say_bad, say_good};
use crate::einvoice::response::{self, Figure, Meaning, ResponseDraft};
use crate::invoice::Core;
use crate::statement::{Payload, SignedStatement, StatementType, Status, StatusReported};
use crate::types::InvoiceId;

/// Above this, the table shows only what went wrong.
const ROWS_MAX: usize = 60;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files, folders or archives (ZIP, tar, gzip) of Invoice Responses (UBL) or life cycle messages (CDAR)
    #[arg(required_unless_present = "write", value_name = "FILE")]
    paths: Vec<PathBuf>,
    /// Writes the buyer's last word on this invoice as an Invoice Response, instead of reading one
    #[arg(long, value_name = "INVOICE", conflicts_with = "paths")]
    write: Option<InvoiceId>,
    /// Where to write it; never over another file (standard output where it is absent)
    #[arg(long, value_name = "FILE", requires = "write")]
    out: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Reads, matches and checks everything, states nothing
    #[arg(long)]
    dry_run: bool,
    /// Prints a report as JSON
    #[arg(long)]
    json: bool,
}

/// What became of a message about one invoice.
enum Fate {
    /// It is in the log at this position.
    Stated(u64),
    /// The same message was stated before.
    Known,
    /// It would be stated.
    Ready,
    /// It says nothing that is stated; why.
    Nothing(String),
    /// It could not be read here.
    Unread(Unread),
    /// The registry refused it.
    Refused(Problem),
}

impl Fate {
    const fn word(&self) -> &'static str {
        match self {
            Self::Stated(_) => "stated",
            Self::Known => "known",
            Self::Ready => "ready",
            Self::Nothing(_) => "nothing to state",
            Self::Unread(_) => "not read",
            Self::Refused(_) => "refused",
        }
    }

    const fn is_bad(&self) -> bool {
        matches!(self, Self::Unread(_) | Self::Refused(_))
    }

    fn words(&self) -> String {
        match self {
            Self::Stated(position) => format!("position {position}"),
            Self::Known => "was stated before".to_owned(),
            Self::Ready => String::new(),
            Self::Nothing(why) => why.clone(),
            Self::Unread(unread) => unread.words.clone(),
            Self::Refused(problem) => problem.to_string(),
        }
    }
}

struct Row {
    label: String,
    code: String,
    number: String,
    invoice: Option<InvoiceId>,
    /// The rules that the message breaks, and the like.
    notes: Vec<String>,
    fate: Fate,
}

impl Row {
    fn unread(label: String, code: &'static str, words: String) -> Self {
        let fate = Fate::Unread(Unread { code, words });
        let (code, number, notes) = (String::new(), String::new(), Vec::new());
        Self { label, code, number, invoice: None, notes, fate }
    }
}

/// Runs the command.
///
/// # Errors
/// Where a path cannot be read or the registry cannot be reached.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let session = Session::open(&args.place, &args.identity)?;
    if let Some(invoice) = &args.write {
        return write(&session, invoice, args);
    }
    let files = sources::files(&args.paths)?;
    let mut rows = Vec::new();
    let mut statements = Vec::new();
    let mut failed = None;
    let mut progress = Progress::new(u64::try_from(files.len()).unwrap_or(u64::MAX), "files read");
    for file in &files {
        sources::contents(file, &mut |label, content| {
            if failed.is_some() {
                return;
            }
            match content {
                Err(unread) => rows.push(Row::unread(label, unread.code, unread.words)),
                Ok(bytes) => match take(&session, &label, bytes, &mut rows) {
                    Ok(mut made) => statements.append(&mut made),
                    Err(error) => failed = Some(error),
                },
            }
        });
        progress.advance(1);
    }
    drop(progress);
    if let Some(error) = failed {
        return Err(error);
    }
    if rows.is_empty() {
        return Err(failure(
            "there are no messages",
            "name files, folders or archives of responses",
        ));
    }
    if !args.dry_run && !statements.is_empty() {
        let bytes: Vec<&[u8]> = statements.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        send(&session.client, &bytes, |number, reply| {
            let row = statements.get(number).and_then(|(row, _)| rows.get_mut(*row));
            if let Some(row) = row {
                row.fate = fate(reply);
            }
            Ok(())
        })?;
    }
    report(args, &rows)
}

fn fate(reply: &Reply) -> Fate {
    match reply {
        Reply::Receipt(receipt, _) => Fate::Stated(receipt.position),
        // The reference is made of the message's own id: only the same message has it.
        Reply::Problem(problem, _) if problem.code == "id_reused" => Fate::Known,
        Reply::Problem(problem, _) => Fate::Refused(problem.clone()),
    }
}

/// The signed statements of one document, with the row of each.
fn take(
    session: &Session,
    label: &str,
    bytes: &[u8],
    rows: &mut Vec<Row>,
) -> anyhow::Result<Vec<(usize, Vec<u8>)>> {
    let drafts = match response::read(bytes) {
        Ok(drafts) => drafts,
        Err(error) => {
            rows.push(Row::unread(label.to_owned(), error.code(), error.to_string()));
            return Ok(Vec::new());
        }
    };
    let answer = session.client.respond(bytes, &session.token()?)?;
    let entries = match answer {
        Ok(answer) => answer.get("data").and_then(Value::as_array).cloned().unwrap_or_default(),
        Err(problem) => {
            let problem =
                json!({"code": problem.code, "title": problem.title, "detail": problem.detail});
            vec![json!({"problem": problem})]
        }
    };
    if entries.len() != drafts.len() {
        anyhow::bail!(
            "{label}: the registry answered for {} of {} invoices",
            entries.len(),
            drafts.len()
        );
    }
    let mut statements = Vec::new();
    for (draft, entry) in drafts.iter().zip(&entries) {
        let invoice = entry.get("invoice").and_then(Value::as_str);
        let invoice = invoice.map(str::parse).transpose().context("this is not an invoice's id")?;
        let notes = entry.get("notes").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let code = |note: &Value| note.get("code").and_then(Value::as_str).map(str::to_owned);
        let mut row = Row {
            label: label.to_owned(),
            code: draft.code.clone(),
            number: draft.number.to_string(),
            invoice,
            notes: notes.iter().filter_map(code).collect(),
            fate: Fate::Ready,
        };
        match (entry.get("problem"), entry.get("statement")) {
            (Some(problem), _) => {
                let problem = serde_json::from_value(problem.clone()).context("no problem")?;
                row.fate = Fate::Refused(problem);
            }
            (None, Some(statement)) => {
                let signed = sign(session, draft, entry, statement)
                    .with_context(|| format!("{label}: nothing was signed"))?;
                statements.push((rows.len(), signed));
            }
            (None, None) => {
                let why = entry.get("nothing").and_then(Value::as_str).unwrap_or_default();
                row.fate = Fate::Nothing(why.to_owned());
            }
        }
        rows.push(row);
    }
    Ok(statements)
}

/// Signs what the registry prepared, where it says what the message says.
fn sign(
    session: &Session,
    draft: &ResponseDraft,
    entry: &Value,
    statement: &Value,
) -> anyhow::Result<Vec<u8>> {
    let core: Core = serde_json::from_value(entry.get("core").cloned().unwrap_or_default())
        .context("the registry does not say which invoice it means")?;
    let data = statement.get("data").map(Value::to_string).unwrap_or_default();
    let kind = statement.get("type").and_then(Value::as_str).unwrap_or_default();
    let payload = Payload::parse(kind, &data)?;
    if !says_the_same(draft, &core, &payload) {
        return Err(failure(
            "the registry prepared something else than the message says",
            "tell its operator; --dry-run --json shows what it prepared",
        ));
    }
    // The same message about the same invoice has the same reference, whoever hands it in how often.
    let about = format!("{} {} {} {}", draft.syntax.system(), draft.message, draft.code, core.id());
    let reference = format!("rsp-{}", blake3::hash(about.as_bytes()).to_hex());
    let kind: StatementType = payload.kind();
    let signed = SignedStatement::sign(
        &session.key,
        kind,
        &session.party,
        &reference,
        host::now(),
        &session.origin,
        &data,
    )?;
    Ok(signed.bytes().to_vec())
}

/// Whether a statement is on the invoice that the message names and says what it says.
fn says_the_same(draft: &ResponseDraft, core: &Core, payload: &Payload) -> bool {
    let same_number = core.number.normalised() == draft.number.normalised();
    if !same_number || core.type_code.0 != draft.type_code {
        return false;
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "a response becomes nothing else")]
    match payload {
        Payload::StatusReported(report) => {
            let status = match draft.meaning {
                Meaning::Status(status) => report.status == status,
                Meaning::Collected => matches!(
                    report.status,
                    Status::Paid | Status::PartPaid | Status::PaymentReversed
                ),
                Meaning::Cancelled | Meaning::Nothing(_) => false,
            };
            status
                && report.invoice == core.id()
                && says_that_amount(draft, core, report)
                && report.effective_at <= draft.effective_at
                && report.reasons == draft.reasons
                && report.date == draft.due_date
        }
        Payload::InvoiceCancelled(cancelled) => {
            draft.meaning == Meaning::Cancelled && cancelled.invoice == core.id()
        }
        _ => false,
    }
}

/// Whether a report's amount is what the message's own amounts come to.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the other statuses take no amount from a message"
)]
fn says_that_amount(draft: &ResponseDraft, core: &Core, report: &StatusReported) -> bool {
    let sum = |figure| draft.sum(figure, core.currency).ok().flatten();
    let collected = sum(Figure::Collected).unwrap_or(0);
    match report.status {
        Status::ApprovedPart => {
            let approved = sum(Figure::Approved);
            approved.is_none_or(|approved| report.amount_minor == Some(approved))
        }
        Status::PaymentReversed => report.amount_minor == collected.checked_neg(),
        Status::Paid | Status::PartPaid if draft.meaning == Meaning::Collected => {
            report.amount_minor.is_some_and(|amount| amount >= collected)
        }
        Status::PartPaid | Status::PaymentInitiated => report.amount_minor == sum(Figure::Paid),
        _ => report.amount_minor.is_none(),
    }
}

fn write(session: &Session, invoice: &InvoiceId, args: &Args) -> anyhow::Result<Ending> {
    let path = format!("/v1/invoices/{invoice}/response");
    let xml = session.client.get(&path, Some(&session.token()?))?;
    match &args.out {
        Some(out) => {
            host::write_private(out, &xml)?;
            say_good(format_args!("an Invoice Response in {}", out.display()));
        }
        None => std::io::stdout().lock().write_all(&xml)?,
    }
    Ok(Ending::Fine)
}

fn report(args: &Args, rows: &[Row]) -> anyhow::Result<Ending> {
    let count = |word: &str| rows.iter().filter(|row| row.fate.word() == word).count();
    let words = ["stated", "known", "ready", "nothing to state", "not read", "refused"];
    let bad = rows.iter().filter(|row| row.fate.is_bad()).count();
    if args.json {
        let mut report =
            json!({"object": "respond", "messages": rows.iter().map(row_json).collect::<Vec<_>>()});
        for word in words {
            if let Some(report) = report.as_object_mut() {
                report.insert(word.replace(' ', "_"), json!(count(word)));
            }
        }
        print(report)?;
    } else {
        print(table(rows))?;
    }
    let counts: Vec<String> = words
        .into_iter()
        .filter(|word| count(word) > 0)
        .map(|word| format!("{} {word}", count(word)))
        .collect();
    let summary = format!("{} messages: {}", rows.len(), counts.join(", "));
    if bad == 0 {
        say_good(summary);
    } else {
        say_bad(summary);
    }
    Ok(Ending::found_if(bad > 0))
}

fn row_json(row: &Row) -> Value {
    let code = match &row.fate {
        Fate::Unread(unread) => Some(unread.code),
        Fate::Refused(problem) => Some(problem.code.as_str()),
        Fate::Stated(_) | Fate::Known | Fate::Ready | Fate::Nothing(_) => None,
    };
    let position = match row.fate {
        Fate::Stated(position) => Some(position),
        Fate::Known | Fate::Ready | Fate::Nothing(_) | Fate::Unread(_) | Fate::Refused(_) => None,
    };
    json!({
        "document": row.label, "result": row.fate.word().replace(' ', "_"), "code": code,
        "reason": row.fate.words(), "status_code": row.code, "number": row.number,
        "invoice": row.invoice, "position": position, "notes": row.notes,
    })
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["document", "status", "invoice", "result", "", "notes"]);
    for row in rows.iter().filter(|row| rows.len() <= ROWS_MAX || row.fate.is_bad()) {
        table.add_row([
            row.label.as_str(),
            &row.code,
            &row.number,
            row.fate.word(),
            &row.fate.words(),
            &row.notes.join(", "),
        ]);
    }
    table
}
