//! The rows of a report: each document with what the registry says of it.
//!
//! A document is a row whatever happens to it. Knows no network and no form of the report.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cli::import::sources::{Document, Unread};
use crate::cli::import::statements::{Intent, Maker, is_credit};
use crate::statement::InvoiceRegistered;
use crate::types::{Currency, InvoiceId, Minor, PartyId};

/// A document with what was found.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// What it is called: the path, with the entry of an archive or the line of a table.
    pub(crate) document: String,
    /// The invoice number.
    pub(crate) number: String,
    /// The seller.
    pub(crate) seller: Option<PartyId>,
    /// The buyer.
    pub(crate) buyer: Option<PartyId>,
    /// The total and what is due, with their currency.
    pub(crate) amount: Option<(Minor, Minor, Currency)>,
    /// The content hash.
    pub(crate) invoice: Option<InvoiceId>,
    /// The verdict, or what else became of it: `not_read`, `not_checked`, `credit_note`.
    pub(crate) verdict: String,
    /// What a claim would come to, or came to.
    pub(crate) would: String,
    /// What was found, in words.
    pub(crate) why: String,
    /// The code of the reason, where there is one.
    pub(crate) reason: String,
    /// The rank of the claim.
    pub(crate) rank: Option<u64>,
    /// When the earliest claim that it meets took its place.
    pub(crate) earlier: String,
    /// When the invoice was first registered.
    pub(crate) first_seen: String,
    /// Whether somebody should look at it.
    pub(crate) found: bool,
    /// What the registry answered.
    pub(crate) answer: Option<Value>,
}

impl Row {
    /// Whether the registry is still to be asked about it.
    pub(crate) const fn is_open(&self) -> bool {
        self.verdict.is_empty()
    }

    /// What to pay for, in minor units.
    pub(crate) fn due_minor(&self) -> Option<Minor> {
        self.amount.map(|(_, due, _)| due)
    }

    /// Takes in what the registry answered: a check, or the problem that there is none.
    pub(crate) fn answer(&mut self, answer: Value) {
        let text = |value: &Value, member: &str| {
            value.get(member).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        if text(&answer, "object") == "check" {
            self.verdict = text(&answer, "verdict");
            self.would = text(&answer, "would");
            self.why = text(&answer, "words");
            self.reason = text(&answer, "reason");
            let findings = answer.get("findings").and_then(Value::as_array);
            let findings = findings.map_or(&[][..], Vec::as_slice);
            let rank = |it: &Value| it.get("rank").and_then(Value::as_u64);
            let own = answer.pointer("/own_claims/0").and_then(rank);
            self.rank = own.or_else(|| findings.iter().filter_map(rank).max());
            let since = findings.iter().map(|it| text(it, "earlier_claim_since"));
            self.earlier = since.min().unwrap_or_default();
            if let Some(known) = answer.get("registered").filter(|it| it.is_object()) {
                self.first_seen = text(known, "registered_at");
            }
            self.found = self.verdict != "clear" || self.would != "fit";
        } else {
            "not_checked".clone_into(&mut self.verdict);
            self.reason = text(&answer, "code");
            self.why = text(&answer, "detail");
            self.found = true;
        }
        self.answer = Some(answer);
    }

    /// Notes something more in words, which somebody should look at.
    pub(crate) fn add(&mut self, words: &str) {
        if self.why.is_empty() || self.why == "nothing found" {
            words.clone_into(&mut self.why);
        } else {
            self.why = format!("{}; {words}", self.why);
        }
        self.found = true;
    }

    fn unread(&mut self, unread: &Unread) {
        "not_read".clone_into(&mut self.verdict);
        unread.code.clone_into(&mut self.reason);
        self.why.clone_from(&unread.words);
        self.found = true;
    }
}

/// A row for each document, and for each that can be checked what would be registered, with the number of its row.
pub(crate) fn of(
    documents: Vec<Document>,
    maker: &mut Maker<'_>,
) -> (Vec<Row>, Vec<(usize, Intent)>) {
    let mut rows = Vec::with_capacity(documents.len());
    let mut intents = Vec::new();
    for Document { label, read } in documents {
        let mut row = Row { document: label, ..Row::default() };
        match &read {
            Err(unread) => row.unread(unread),
            Ok(draft) => {
                row.number.clone_from(&draft.number);
                row.seller = draft.seller.ids.first().cloned();
                row.buyer = draft.buyer.ids.first().cloned();
                row.amount = Some((draft.gross_minor, draft.due_minor, draft.currency));
                if is_credit(draft) {
                    "credit_note".clone_into(&mut row.verdict);
                    "a credit note is not paid for".clone_into(&mut row.why);
                } else {
                    match maker.registration(draft) {
                        Err(unread) => row.unread(&unread),
                        Ok(intent) => {
                            row.take(&intent);
                            intents.push((rows.len(), intent));
                        }
                    }
                }
            }
        }
        rows.push(row);
    }
    (rows, intents)
}

impl Row {
    /// Takes in who the parties are to the registry.
    fn take(&mut self, intent: &Intent) {
        self.invoice = Some(intent.invoice);
        if let Ok(data) = serde_json::from_str::<InvoiceRegistered>(&intent.data) {
            self.seller = Some(data.invoice.seller);
            self.buyer = Some(data.invoice.buyer);
        }
    }
}

/// Marks the invoices that are in the portfolio more than once.
pub(crate) fn mark_repeated(rows: &mut [Row]) {
    let mut first = BTreeMap::<InvoiceId, String>::new();
    for row in rows {
        let Some(invoice) = row.invoice else { continue };
        if let Some(earlier) = first.get(&invoice) {
            row.add(&format!("the same invoice as {earlier}"));
        } else {
            first.insert(invoice, row.document.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_says_what_the_registry_says_and_what_needs_a_look() {
        let mut row = Row::default();
        row.answer(json!({"object": "check", "verdict": "clear", "would": "fit", "words": "nothing found", "registered": null}));
        assert!(!row.found && row.rank.is_none() && row.first_seen.is_empty());
        row.answer(json!({
            "object": "check", "verdict": "altered", "would": "conflict", "words": "w",
            "findings": [{"rank": 3, "earlier_claim_since": "2026-01-02T00:00:00Z"}],
            "registered": {"registered_at": "2026-01-01T00:00:00Z"},
        }));
        assert!(row.found);
        assert_eq!((row.rank, row.earlier.as_str()), (Some(3), "2026-01-02T00:00:00Z"));
        row.answer(json!({"code": "check_not_allowed", "detail": "d"}));
        assert_eq!(
            (row.verdict.as_str(), row.reason.as_str()),
            ("not_checked", "check_not_allowed")
        );
    }

    #[test]
    fn an_invoice_that_is_there_twice_is_marked_the_second_time() {
        let invoice = Some(InvoiceId::from_bytes([7; 32]));
        let row = |document: &str| Row { document: document.to_owned(), invoice, ..Row::default() };
        let mut rows = [row("a.xml"), row("b.csv:2"), Row::default()];
        mark_repeated(&mut rows);
        assert!(!rows[0].found && rows[1].found && !rows[2].found);
        assert_eq!(rows[1].why, "the same invoice as a.xml");
    }
}
