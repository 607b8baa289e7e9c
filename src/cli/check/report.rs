//! The report of a check: a table for people, CSV for spreadsheets, JSON for programs.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use crate::cli::check::rows::Row;
use crate::cli::client::Session;
use crate::cli::failure::WithHint as _;
use crate::cli::terminal::{money, say_bad, say_good};
use crate::cli::{Ending, host};

/// Above this, the table shows only what needs a look.
const ROWS_MAX: usize = 60;

/// In which form a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// For people
    Table,
    /// For spreadsheets, every row
    Csv,
    /// For programs, every row with what the registry answered
    Json,
}

/// How and where a report is printed.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Output {
    /// The form of the report
    #[arg(long, value_enum, default_value = "table")]
    format: Form,
    /// Writes the report into a new file instead
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The same as `--format json`
    #[arg(long)]
    json: bool,
}

impl Output {
    /// Refuses what could not be written after all the work.
    ///
    /// # Errors
    /// Where the file exists.
    pub(crate) fn prepare(&self) -> anyhow::Result<()> {
        match &self.out {
            Some(path) if path.exists() => {
                Err(anyhow!("{} exists already: it is not overwritten", path.display()))
                    .hint("choose another name, or move the file away first")
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Prints the report and says how it ended.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub(crate) fn report(
        &self,
        object: &str,
        session: &Session,
        rows: &[Row],
    ) -> anyhow::Result<Ending> {
        let form = if self.json { Form::Json } else { self.format };
        let text = match form {
            Form::Table => format!("{}\n", table(rows)),
            Form::Csv => csv(rows)?,
            Form::Json => format!("{:#}\n", whole(object, session, rows)),
        };
        match &self.out {
            Some(path) => host::write_private(path, text.as_bytes())?,
            None => std::io::stdout().lock().write_all(text.as_bytes())?,
        }
        let found = rows.iter().any(|row| row.found);
        let summary = summary(rows);
        if found {
            say_bad(summary);
        } else {
            say_good(summary);
        }
        Ok(Ending::found_if(found))
    }
}

/// How many rows have which verdict, the most frequent first.
fn counts(rows: &[Row]) -> Vec<(&str, usize)> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        match counts.iter_mut().find(|(verdict, _)| *verdict == row.verdict) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => counts.push((&row.verdict, 1)),
        }
    }
    counts.sort_by_key(|(verdict, count)| (core::cmp::Reverse(*count), *verdict));
    counts
}

fn summary(rows: &[Row]) -> String {
    let word = |(verdict, count): &(&str, usize)| format!("{count} {}", verdict.replace('_', " "));
    let counts: Vec<String> = counts(rows).iter().map(word).collect();
    let look = rows.iter().filter(|row| row.found).count();
    let all = rows.len();
    let noun = if all == 1 { "document" } else { "documents" };
    format!("{all} {noun}: {}; {look} to look at", counts.join(", "))
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["document", "number", "seller", "buyer", "amount", "verdict", "rank", "why"]);
    for row in rows.iter().filter(|row| rows.len() <= ROWS_MAX || row.found) {
        let party = |id: &Option<_>| id.as_ref().map(ToString::to_string).unwrap_or_default();
        table.add_row([
            row.document.clone(),
            row.number.clone(),
            party(&row.seller),
            party(&row.buyer),
            row.amount.map(|(gross, _, currency)| money(gross, currency)).unwrap_or_default(),
            row.verdict.replace('_', " "),
            row.rank.map(|rank| rank.to_string()).unwrap_or_default(),
            row.why.clone(),
        ]);
    }
    table
}

const COLUMNS: [&str; 17] = [
    "document",
    "number",
    "seller",
    "buyer",
    "currency",
    "gross",
    "gross_minor",
    "due_minor",
    "verdict",
    "would",
    "reason",
    "rank",
    "earlier_claim_since",
    "first_registered_at",
    "needs_look",
    "invoice",
    "why",
];

fn csv(rows: &[Row]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for row in rows {
        let text = |value: Option<String>| value.unwrap_or_default();
        let amount = row.amount;
        writer.write_record([
            inert(&row.document),
            inert(&row.number),
            text(row.seller.as_ref().map(ToString::to_string)),
            text(row.buyer.as_ref().map(ToString::to_string)),
            text(amount.map(|(_, _, currency)| currency.to_string())),
            text(amount.map(|(gross, _, currency)| currency.decimal(gross))),
            text(amount.map(|(gross, _, _)| gross.to_string())),
            text(amount.map(|(_, due, _)| due.to_string())),
            row.verdict.clone(),
            row.would.clone(),
            row.reason.clone(),
            text(row.rank.map(|rank| rank.to_string())),
            row.earlier.clone(),
            row.first_seen.clone(),
            (if row.found { "yes" } else { "no" }).to_owned(),
            text(row.invoice.map(|id| id.to_string())),
            inert(&row.why),
        ])?;
    }
    let bytes = writer.into_inner().context("the report cannot be written")?;
    Ok(String::from_utf8(bytes)?)
}

/// A text that a spreadsheet does not take for a formula, whatever a document says.
fn inert(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn whole(object: &str, session: &Session, rows: &[Row]) -> Value {
    let counted: serde_json::Map<String, Value> = counts(rows)
        .into_iter()
        .map(|(verdict, count)| (verdict.to_owned(), count.into()))
        .collect();
    json!({
        "object": object, "registry": session.origin, "rows": rows.iter().map(row_json).collect::<Vec<_>>(),
        "counts": counted, "to_look_at": rows.iter().filter(|row| row.found).count(),
    })
}

fn row_json(row: &Row) -> Value {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    json!({
        "document": row.document, "number": some(&row.number), "seller": row.seller, "buyer": row.buyer,
        "currency": row.amount.map(|(_, _, currency)| currency),
        "gross_minor": row.amount.map(|(gross, _, _)| gross), "due_minor": row.due_minor(),
        "invoice": row.invoice, "verdict": row.verdict, "would": some(&row.would), "reason": some(&row.reason),
        "rank": row.rank, "earlier_claim_since": some(&row.earlier), "first_registered_at": some(&row.first_seen),
        "needs_look": row.found, "why": row.why, "answer": row.answer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_for_a_spreadsheet_has_every_row_and_no_formula() {
        let rows = [
            Row { document: "=cmd()".to_owned(), verdict: "clear".to_owned(), ..Row::default() },
            Row {
                number: "A;\"1\"\n2".to_owned(),
                verdict: "not_read".to_owned(),
                found: true,
                ..Row::default()
            },
        ];
        let text = csv(&rows).expect("a report");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().expect("a header"), COLUMNS.as_slice());
        let read: Vec<csv::StringRecord> =
            reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!(read.len(), 2);
        assert_eq!(&read[0][0], "'=cmd()");
        assert_eq!((&read[1][1], &read[1][14]), ("A;\"1\"\n2", "yes"));
        assert_eq!(summary(&rows), "2 documents: 1 clear, 1 not read; 1 to look at");
    }
}
