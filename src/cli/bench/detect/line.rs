//! A labelled file: what happened, line by line, and which lines are fraud. JSON Lines or CSV (docs/DETECTION.md).
//!
//! Both are the same table. Unknown columns are refused: a label that is misspelled must not be read as honest.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cli::bench::detect::fraud::Fraud;
use crate::types::{Currency, Date, Minor, PartyId};

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    /// An invoice; claimed at once where a financier is named.
    #[default]
    Invoice,
    /// A claim on an invoice of an earlier line.
    Claim,
    /// A credit note against an invoice of an earlier line.
    Credit,
    /// An invoice of an earlier line is void.
    Cancel,
    /// The buyer paid an invoice of an earlier line.
    Paid,
    /// Two ids of one party.
    Link,
    /// A financier's blanket pledge over a seller, optionally towards one buyer.
    Blanket,
    /// A waiver of a blanket pledge in favour of another financier.
    Waiver,
}

/// One line. Which members an event needs is said in docs/DETECTION.md.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Line {
    /// What happened.
    pub(super) event: Event,
    /// The file's own name of the line.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) id: String,
    /// The day on which the registry hears of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) on: Option<Date>,
    /// The name of the line with the invoice, where the line is about an earlier one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) invoice: String,
    /// Who claims, or holds the blanket pledge.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) financier: String,
    /// In whose favour a waiver is; the other id in a link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) other: Option<PartyId>,
    /// The seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) seller: Option<PartyId>,
    /// The buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) buyer: Option<PartyId>,
    /// The number of the invoice or credit note.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) number: String,
    /// The UNTDID 1001 code; 380 where it is absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(super) type_code: Option<u16>,
    /// The day of issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) issue_date: Option<Date>,
    /// The due date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) due_date: Option<Date>,
    /// The currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<Currency>,
    /// The amount with VAT, or the amount claimed, credited or paid, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) amount_minor: Option<Minor>,
    /// The buyer's order.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) order: String,
    /// What the whole order comes to, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) order_amount_minor: Option<Minor>,
    /// The despatch advice.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) despatch: String,
    /// The contract.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) contract: String,
    /// The numbers of the invoices that this one corrects or follows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) preceding: Vec<String>,
    /// The account to pay to: an IBAN, or any text that is the same for the same account.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) account: String,
    /// The files: SHA-256 in hexadecimal, or any text that is the same for the same file.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) documents: Vec<String>,
    /// The lines of the invoice: SHA-256 in hexadecimal, or any text that is the same for the same line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<String>,
    /// The kind of fraud; honest where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) fraud: Option<Fraud>,
    /// How it was done; for an honest line, which look-alike it is. Free text.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) variant: String,
    /// The name of the honest line that a fraud copies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) original: String,
    /// The same for all lines of one fraud; the line's own name where it is absent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(super) group: String,
}

/// The columns of the CSV form, in order.
const COLUMNS: [&str; 26] = [
    "event",
    "id",
    "on",
    "invoice",
    "financier",
    "other",
    "seller",
    "buyer",
    "number",
    "type",
    "issue_date",
    "due_date",
    "currency",
    "amount_minor",
    "order",
    "order_amount_minor",
    "despatch",
    "contract",
    "preceding",
    "account",
    "documents",
    "lines",
    "fraud",
    "variant",
    "original",
    "group",
];

/// Columns with a list, whose values are separated by `|` in CSV.
const LISTS: [&str; 3] = ["preceding", "documents", "lines"];

/// Columns with a number.
const NUMBERS: [&str; 3] = ["type", "amount_minor", "order_amount_minor"];

impl Line {
    /// The same line in one registry with other worlds: names of lines are those of its seed.
    pub(super) fn of_world(&self, seed: u64) -> Self {
        let named = |name: &str| {
            if name.is_empty() { String::new() } else { format!("{seed}/{name}") }
        };
        Self {
            id: named(&self.id),
            invoice: named(&self.invoice),
            original: named(&self.original),
            ..self.clone()
        }
    }

    /// The fraud that the line belongs to, by name.
    pub(super) fn group(&self) -> &str {
        if self.group.is_empty() { &self.id } else { &self.group }
    }
}

/// Reads a labelled file; CSV where it does not begin with an object.
///
/// # Errors
/// The first line that is not understood, by number.
pub(super) fn read(source: impl Read) -> Result<Vec<Line>> {
    let mut source = BufReader::new(source);
    let first = source.fill_buf()?.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    let lines = match first {
        None => bail!("the file is empty"),
        Some(b'{') => read_json_lines(source)?,
        Some(_) => read_csv(source)?,
    };
    let mut seen = BTreeMap::new();
    for (number, line) in (1_u64..).zip(&lines) {
        let name = (!line.id.is_empty()).then_some(&line.id);
        if let Some(before) = name.and_then(|id| seen.insert(id, number)) {
            bail!("entry {number} has the id {} of entry {before}", line.id);
        }
    }
    Ok(lines)
}

fn read_json_lines(source: impl std::io::BufRead) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (number, text) in (1_u64..).zip(source.lines()) {
        let text = text?;
        if !text.trim().is_empty() {
            let line = serde_json::from_str(&text);
            lines.push(line.with_context(|| format!("line {number} is not understood"))?);
        }
    }
    Ok(lines)
}

fn read_csv(source: impl Read) -> Result<Vec<Line>> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(source);
    let columns = reader.headers()?.clone();
    let mut lines = Vec::new();
    for (number, record) in (2_u64..).zip(reader.records()) {
        let record = record.with_context(|| format!("line {number} is not understood"))?;
        let line = columns.iter().zip(&record).filter(|(_, value)| !value.is_empty());
        let line: Result<Map<String, Value>> = line
            .map(|(column, value)| {
                let value = if NUMBERS.contains(&column) {
                    Value::from(value.parse::<i64>().with_context(|| format!("column {column}"))?)
                } else if LISTS.contains(&column) {
                    value.split('|').map(str::trim).map(Value::from).collect()
                } else {
                    Value::from(value)
                };
                Ok((column.to_owned(), value))
            })
            .collect();
        let line = line.and_then(|line| Ok(serde_json::from_value(Value::Object(line))?));
        lines.push(line.with_context(|| format!("line {number} is not understood"))?);
    }
    Ok(lines)
}

/// Writes a labelled file: CSV or JSON Lines.
///
/// # Errors
/// Where it cannot be written.
pub(super) fn write(lines: &[Line], csv: bool, mut to: impl Write) -> Result<()> {
    if !csv {
        for line in lines {
            serde_json::to_writer(&mut to, line)?;
            to.write_all(b"\n")?;
        }
        return Ok(to.flush()?);
    }
    let mut writer = csv::Writer::from_writer(to);
    writer.write_record(COLUMNS)?;
    for line in lines {
        let value = serde_json::to_value(line)?;
        let cell = |column: &str| match value.get(column) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(list)) => {
                list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|")
            }
            Some(other) => other.to_string(),
        };
        writer.write_record(COLUMNS.map(cell))?;
    }
    Ok(writer.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines() -> Vec<Line> {
        let invoice = Line {
            id: "1".to_owned(),
            on: "2026-11-01".parse().ok(),
            seller: "0106:20000002".parse().ok(),
            buyer: "0208:0403019261".parse().ok(),
            number: "F2026, \"00012\"".to_owned(),
            type_code: Some(380),
            issue_date: "2026-11-01".parse().ok(),
            currency: "EUR".parse().ok(),
            amount_minor: Some(121_000),
            preceding: vec!["F2026-00011".to_owned(), "F2026-00010".to_owned()],
            ..Line::default()
        };
        let copy = Line {
            id: "2".to_owned(),
            financier: "0106:30000003".to_owned(),
            fraud: Some(Fraud::NumberAltered),
            variant: "suffix".to_owned(),
            original: "1".to_owned(),
            ..invoice.clone()
        };
        let paid = Line {
            event: Event::Paid,
            id: "3".to_owned(),
            invoice: "1".to_owned(),
            ..Line::default()
        };
        vec![invoice, copy, paid]
    }

    #[test]
    fn what_is_written_is_read_in_both_forms() {
        for csv in [false, true] {
            let mut text = Vec::new();
            write(&lines(), csv, &mut text).unwrap();
            assert_eq!(read(text.as_slice()).unwrap(), lines(), "csv {csv}");
        }
    }

    #[test]
    fn a_label_that_is_not_known_is_refused_with_its_line() {
        let wrong = [
            ("{\"event\":\"invoice\"}\n{\"fraud\":\"identicall\"}\n", "line 2"),
            ("{\"frauds\":\"identical\"}\n", "line 1"),
            ("event,frauds\ninvoice,identical\n", "line 2"),
            ("event,amount_minor\ninvoice,12.50\n", "line 2"),
            ("{\"id\":\"a\"}\n{\"id\":\"a\"}\n", "entry 2"),
            ("  \n", "empty"),
        ];
        for (text, place) in wrong {
            let error = format!("{:#}", read(text.as_bytes()).unwrap_err());
            assert!(error.contains(place), "{text}: {error}");
        }
    }

    #[test]
    fn every_member_has_a_column() {
        let mut full = lines().swap_remove(1);
        full.contract = "C".to_owned();
        full.group = "g".to_owned();
        full.order_amount_minor = Some(1);
        full.other.clone_from(&full.buyer);
        full.due_date = full.issue_date;
        for text in [&mut full.invoice, &mut full.order, &mut full.despatch, &mut full.account] {
            "x".clone_into(text);
        }
        full.documents = vec!["d".to_owned()];
        full.lines = vec!["l".to_owned()];
        let value = serde_json::to_value(full).unwrap();
        let members: std::collections::BTreeSet<&str> =
            value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, COLUMNS.into_iter().collect());
    }
}
