//! A statement in words, for the person who is about to sign it: made from the statement itself, so that what is read
//! is what is signed.

use crate::http::pages::choice::{DETAILS, last_day};
use crate::http::pages::words::Words;
use crate::statement::{Detail, Payload, Scope, StatusReported};
use crate::types::{InvoiceId, PartyId, StatementId};

/// What has to be looked up to say a statement in words.
pub(super) trait Names {
    /// What a participant is called.
    fn party(&self, party: &PartyId) -> String;
    /// An invoice's number, and what its seller is called.
    fn invoice(&self, invoice: &InvoiceId) -> (String, String);
    /// Who holds a mandate, or asks for one.
    fn holder(&self, mandate: &StatementId) -> String;
}

/// The sentences of a statement.
#[expect(clippy::wildcard_enum_match_arm, reason = "no other is made on a page")]
pub(super) fn says(words: &Words, payload: &Payload, names: &impl Names) -> Vec<String> {
    match payload {
        Payload::MandateGranted(granted) => {
            let mut lines = vec![words.with("sign-says-granted", "to", &names.party(&granted.to))];
            lines.push(scope(words, &granted.scope, names));
            lines.push(show(words, &granted.show));
            if let Some(from) = granted.from {
                lines.push(words.with("sign-says-from", "day", &words.day(from.date())));
            }
            lines.push(until(words, granted.until));
            if let Some(tacit) = &granted.tacit {
                let days = tacit.days.to_string();
                let values = [("days", days.as_str()), ("law", tacit.law.as_str())];
                lines.push(words.fill("sign-says-tacit", &values));
            }
            lines
        }
        Payload::MandateAmended(amended) => vec![
            words.with("sign-says-amended", "to", &names.holder(&amended.mandate)),
            scope(words, &amended.scope, names),
            show(words, &amended.show),
            until(words, amended.until),
        ],
        Payload::MandateRevoked(revoked) => {
            vec![words.with("sign-says-revoked", "to", &names.holder(&revoked.mandate))]
        }
        Payload::MandateDeclined(declined) => {
            vec![words.with("sign-says-declined", "to", &names.holder(&declined.request))]
        }
        Payload::DelegationGranted(granted) => {
            let kinds: Vec<String> = granted.types.iter().map(ToString::to_string).collect();
            let to = names.party(&granted.delegate);
            let values = [("to", to.as_str()), ("types", &words.list(&kinds))];
            let mut lines = vec![words.fill("sign-says-delegated", &values)];
            lines.extend(granted.until.map(|end| until(words, end)));
            lines
        }
        Payload::StatusReported(report) => status(words, report, names),
        other => vec![words.with("sign-says-other", "kind", other.kind().as_str())],
    }
}

/// For which invoices, in a sentence.
pub(super) fn scope(words: &Words, scope: &Scope, names: &impl Names) -> String {
    match scope {
        Scope::All {} => words.say("sign-says-all").into_owned(),
        Scope::Suppliers { suppliers } => {
            let list: Vec<String> = suppliers.iter().map(|party| names.party(party)).collect();
            words.with("sign-says-suppliers", "list", &words.list(&list))
        }
        Scope::Invoices { invoices } => {
            let name = |invoice| {
                let (number, seller) = names.invoice(invoice);
                format!("{number} ({seller})")
            };
            let list: Vec<String> = invoices.iter().map(name).collect();
            words.with("sign-says-invoices", "list", &words.list(&list))
        }
    }
}

/// What may be seen, in a sentence.
pub(super) fn show(words: &Words, show: &[Detail]) -> String {
    let known = DETAILS.iter().filter(|(detail, _)| show.contains(detail));
    let list: Vec<String> =
        known.map(|(_, name)| words.say(&format!("detail-{name}")).into_owned()).collect();
    words.with("sign-says-show", "list", &words.list(&list))
}

fn until(words: &Words, until: crate::types::Timestamp) -> String {
    words.with("sign-says-until", "day", &words.day(last_day(until)))
}

fn status(words: &Words, report: &StatusReported, names: &impl Names) -> Vec<String> {
    let (number, seller) = names.invoice(&report.invoice);
    let state = words.say(&state_key(report.status)).into_owned();
    let day = report.date.map(|date| words.day(date));
    let values = [("number", number.as_str()), ("seller", &seller), ("state", &state)];
    let mut lines = vec![match &day {
        None => words.fill("sign-says-status", &values),
        Some(day) => {
            let [number, seller, state] = values;
            words.fill("sign-says-status-day", &[number, seller, state, ("day", day)])
        }
    }];
    if !report.reasons.is_empty() {
        let name = |code: &crate::statement::Code| {
            words.say(&format!("reason-{}", code.as_str().to_ascii_lowercase())).into_owned()
        };
        let list: Vec<String> = report.reasons.iter().map(name).collect();
        lines.push(words.with("sign-says-reason", "list", &words.list(&list)));
    }
    lines
}

/// The key of the words of a state of an axis, from its name in JSON.
pub(super) fn state_key(state: impl serde::Serialize) -> String {
    match serde_json::to_value(state) {
        Ok(serde_json::Value::String(word)) => format!("state-{}", word.replace('_', "-")),
        _ => "state-unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::pages::choice::{REASONS, SAYABLE, SHEET_MAX, Slip};
    use crate::http::pages::trouble::Trouble;
    use crate::http::pages::words::Language;
    use crate::statement::Status;

    #[test]
    fn everything_that_is_looked_up_by_name_has_words() {
        let states = [
            Status::Delivered,
            Status::NotDelivered,
            Status::RejectedTechnical,
            Status::Received,
            Status::InProcess,
            Status::Booked,
            Status::Queried,
            Status::Answered,
            Status::ApprovedPart,
            Status::Approved,
            Status::Refused,
            Status::PaymentSelected,
            Status::PaymentInitiated,
            Status::PaymentPromised,
            Status::PartPaid,
            Status::Paid,
            Status::PaymentReversed,
            Status::PaymentFailed,
        ];
        let slips = [
            Slip::ScopeMissing,
            Slip::NothingTicked,
            Slip::TooMany(SHEET_MAX),
            Slip::ShowMissing,
            Slip::UntilMissing,
            Slip::UntilPast,
            Slip::UntilFar,
            Slip::DateMissing,
            Slip::DatePast,
            Slip::DateFuture,
            Slip::NothingStated,
        ];
        let mut keys: Vec<String> = states.iter().map(state_key).collect();
        keys.extend(["state-registered", "state-credited", "state-cancelled"].map(str::to_owned));
        keys.extend(slips.iter().map(|slip| slip.key().to_owned()));
        keys.extend(REASONS.iter().map(|code| format!("reason-{}", code.to_ascii_lowercase())));
        keys.extend(SAYABLE.iter().map(|(_, name)| format!("say-{name}")));
        for (_, name) in DETAILS {
            keys.extend([format!("detail-{name}"), format!("choose-show-{name}")]);
        }
        for trouble in Trouble::ALL {
            keys.extend([trouble.key().to_owned(), format!("{}-text", trouble.key())]);
        }
        for language in Language::ALL {
            for key in &keys {
                assert_ne!(language.words().say(key), key.as_str(), "{}", language.code());
            }
        }
    }
}
