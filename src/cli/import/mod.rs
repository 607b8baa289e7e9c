//! `import`: invoices as firms have them, registered in bulk.
//!
//! Each document is registered, was registered before, or is reported with the reason why not; a run that was
//! interrupted is simply run again.

pub(super) mod sources;
pub(super) mod statements;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cli::Ending;
use crate::cli::client::{Place, Problem, Reply, Session};
use crate::cli::host;
use crate::cli::identity::Identity;
use crate::cli::import::sources::{Document, Unread};
use crate::cli::import::statements::{Intent, Maker, Wanted, is_credit};
use crate::cli::submit::send;
use crate::cli::terminal::{money, print, say_bad, say_good};
use crate::einvoice::Draft;
use crate::statement::SignedStatement;
use crate::types::InvoiceId;

/// Above this, the table shows only what went wrong.
const ROWS_MAX: usize = 60;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files, folders or archives (ZIP, tar, gzip) of UBL, CII or CSV documents
    #[arg(required = true, value_name = "FILE")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Reads and checks everything, sends nothing
    #[arg(long)]
    dry_run: bool,
    /// Sends party ids whose check digits are wrong, for registries that admit them
    #[arg(long)]
    ignore_check_digits: bool,
    /// Prints a report as JSON
    #[arg(long)]
    json: bool,
}

/// What became of a document.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// It is in the log at this position.
    Sent(u64),
    /// The same statement was sent before.
    Known,
    /// It would be sent.
    Ready,
    /// It could not be read or made into a statement.
    Unread(Unread),
    /// The registry refused it.
    Refused(Problem),
}

impl Fate {
    const fn word(&self) -> &'static str {
        match self {
            Self::Sent(_) => "registered",
            Self::Known => "known",
            Self::Ready => "ready",
            Self::Unread(_) => "not read",
            Self::Refused(_) => "refused",
        }
    }

    const fn is_bad(&self) -> bool {
        matches!(self, Self::Unread(_) | Self::Refused(_))
    }

    /// Where it stands, or why it does not.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Sent(position) => format!("position {position}"),
            Self::Known => "was sent before".to_owned(),
            Self::Ready => String::new(),
            Self::Unread(unread) => unread.words.clone(),
            Self::Refused(problem) => problem.to_string(),
        }
    }
}

/// A document with what became of it.
pub(crate) struct Row {
    /// What it is called.
    pub(crate) label: String,
    draft: Option<Draft>,
    /// The invoice that it is about.
    pub(crate) invoice: Option<InvoiceId>,
    /// What became of it.
    pub(crate) fate: Fate,
}

impl Row {
    /// Whether it is an invoice that was read, and no credit note.
    pub(super) fn is_invoice(&self) -> bool {
        self.draft.as_ref().is_some_and(|draft| !is_credit(draft))
    }
}

/// Runs the command.
///
/// # Errors
/// Where a path cannot be read or the registry cannot be reached.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let documents = sources::all(&args.paths)?;
    let session =
        if args.dry_run { None } else { Some(Session::open(&args.place, &args.identity)?) };
    let maker = Maker::new(&args.identity.party, args.ignore_check_digits);
    let rows = import(documents, maker, session.as_ref())?;
    report(args, &rows)
}

/// Imports documents that are at hand, as [`run`] does with files.
///
/// # Errors
/// Where the registry cannot be reached.
#[cfg(feature = "server")]
pub(crate) fn import_bytes(
    session: &Session,
    documents: &[(&str, &[u8])],
) -> anyhow::Result<Vec<Row>> {
    let read = |(label, bytes): &(&str, &[u8])| sources::read(label, bytes);
    let documents = documents.iter().flat_map(read).collect();
    import(documents, Maker::new(&session.party, false), Some(session))
}

/// Invoices first, so that the credit notes among the documents find them.
///
/// # Errors
/// Where the registry cannot be reached.
pub(super) fn import(
    documents: Vec<Document>,
    mut maker: Maker<'_>,
    session: Option<&Session>,
) -> anyhow::Result<Vec<Row>> {
    let (credits, invoices): (Vec<_>, Vec<_>) =
        documents.into_iter().partition(|document| document.read.as_ref().is_ok_and(is_credit));
    let mut rows = Vec::new();
    let mut make = |draft: &Draft| Ok(maker.registration(draft));
    take(&mut rows, invoices, session, &mut make)?;
    let mut make = |draft: &Draft| {
        let wanted = match maker.credited(draft) {
            Ok(wanted) => wanted,
            Err(unread) => return Ok(Err(unread)),
        };
        let mut found = maker.find(&wanted);
        if let (true, Some(session)) = (found.is_empty(), session) {
            found = look_up(session, &wanted)?;
        }
        Ok(wanted.only(&found).and_then(|invoice| Maker::credit(draft, invoice)))
    };
    take(&mut rows, credits, session, &mut make)?;
    Ok(rows)
}

/// Makes statements of documents, and sends them.
fn take(
    rows: &mut Vec<Row>,
    documents: Vec<Document>,
    session: Option<&Session>,
    make: &mut dyn FnMut(&Draft) -> anyhow::Result<Result<Intent, Unread>>,
) -> anyhow::Result<()> {
    let mut places = Vec::new();
    let mut statements = Vec::new();
    for Document { label, read } in documents {
        let intent = match &read {
            Ok(draft) => make(draft)?,
            Err(unread) => Err(unread.clone()),
        };
        let (invoice, fate) = match intent {
            Err(unread) => (None, Fate::Unread(unread)),
            Ok(intent) => {
                if let Some(session) = session {
                    places.push(rows.len());
                    statements.push(sign(session, &intent)?);
                }
                (Some(intent.invoice), Fate::Ready)
            }
        };
        rows.push(Row { label, draft: read.ok(), invoice, fate });
    }
    let Some(session) = session else { return Ok(()) };
    if statements.is_empty() {
        return Ok(());
    }
    send(&session.client, &statements, |number, reply| {
        if let Some(row) = places.get(number).and_then(|place| rows.get_mut(*place)) {
            row.fate = fate(reply);
        }
        Ok(())
    })
}

pub(super) fn sign(session: &Session, intent: &Intent) -> anyhow::Result<Vec<u8>> {
    let signed = SignedStatement::sign(
        &session.key,
        intent.kind,
        &session.party,
        &intent.reference,
        host::now(),
        &session.origin,
        &intent.data,
    )?;
    Ok(signed.bytes().to_vec())
}

fn fate(reply: &Reply) -> Fate {
    match reply {
        Reply::Receipt(receipt, _) => Fate::Sent(receipt.position),
        // The reference is a hash of the data: only the same import has it.
        Reply::Problem(problem, _)
            if matches!(problem.code.as_str(), "id_reused" | "credit_note_repeated") =>
        {
            Fate::Known
        }
        Reply::Problem(problem, _) => Fate::Refused(problem.clone()),
    }
}

/// The registered invoices that a credit note may mean, among those that the importer sees.
fn look_up(session: &Session, wanted: &Wanted) -> anyhow::Result<Vec<InvoiceId>> {
    let path = format!(
        "/v1/invoices?seller={}&number={}",
        encode(wanted.seller.as_str()),
        encode(wanted.number.as_str())
    );
    let answer = session.get_json(&path)?;
    let found = answer.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let text = |invoice: &Value, member: &str| {
        invoice.get(member).and_then(Value::as_str).map(str::to_owned)
    };
    let meant = |invoice: &&Value| {
        let issued = text(invoice, "issue_date").and_then(|date| date.parse().ok());
        wanted.may_be_of(issued)
    };
    let ids = found.iter().filter(meant).filter_map(|invoice| text(invoice, "id")?.parse().ok());
    Ok(ids.collect())
}

/// A text as a part of a query (RFC 3986: unreserved characters as they are).
fn encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

fn report(args: &Args, rows: &[Row]) -> anyhow::Result<Ending> {
    let count = |word: &str| rows.iter().filter(|row| row.fate.word() == word).count();
    let bad = rows.iter().filter(|row| row.fate.is_bad()).count();
    if args.json {
        let documents: Vec<Value> = rows.iter().map(row_json).collect();
        print(json!({
            "object": "import", "documents": documents, "registered": count("registered"),
            "known": count("known"), "ready": count("ready"), "not_read": count("not read"),
            "refused": count("refused"),
        }))?;
    } else {
        print(table(rows))?;
    }
    let words = ["registered", "known", "ready", "not read", "refused"];
    let counts: Vec<String> = words
        .into_iter()
        .filter(|word| count(word) > 0)
        .map(|word| format!("{} {word}", count(word)))
        .collect();
    let summary = format!("{} documents: {}", rows.len(), counts.join(", "));
    if bad == 0 {
        say_good(summary);
    } else {
        say_bad(summary);
    }
    Ok(Ending::found_if(bad > 0))
}

fn row_json(row: &Row) -> Value {
    let (code, words) = match &row.fate {
        Fate::Unread(unread) => (Some(unread.code), Some(unread.words.clone())),
        Fate::Refused(problem) => (Some(problem.code.as_str()), Some(problem.to_string())),
        Fate::Sent(_) | Fate::Known | Fate::Ready => (None, None),
    };
    let position = match row.fate {
        Fate::Sent(position) => Some(position),
        Fate::Known | Fate::Ready | Fate::Unread(_) | Fate::Refused(_) => None,
    };
    json!({
        "document": row.label, "result": row.fate.word().replace(' ', "_"), "code": code, "reason": words,
        "invoice": row.invoice, "position": position,
        "number": row.draft.as_ref().map(|draft| &draft.number),
    })
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["document", "number", "amount", "result", ""]);
    for row in rows.iter().filter(|row| rows.len() <= ROWS_MAX || row.fate.is_bad()) {
        let draft = row.draft.as_ref();
        let number = draft.map_or("", |draft| draft.number.as_str());
        let amount = draft.map(|draft| money(draft.gross_minor, draft.currency));
        table.add_row([
            row.label.as_str(),
            number,
            &amount.unwrap_or_default(),
            row.fate.word(),
            &row.fate.words(),
        ]);
    }
    table
}
