//! Peppol Invoice Response 3 (BIS 63A, transaction T111): one status of one invoice, from the buyer to the seller.
//!
//! Message level responses, message level statuses and catalogue responses have the same root element; the
//! specification identifier tells them apart. Rules that change no meaning are noted, not enforced: a refusal that
//! lacks its clarification code is still a refusal.

use crate::einvoice::fields::iso_date;
use crate::einvoice::xml::Element;
use crate::einvoice::{Term, error::quoted};
use crate::types::{Date, PartyId, Timestamp};

use super::peppol_codes::{ACTION_LIST, ACTIONS, CUSTOMIZATION, PROFILE, REASON_LIST, REASONS};
use super::{
    Amount, Figure, Meaning, Note, ResponseCode, ResponseDraft, ResponseError, Syntax, Voice,
    add_reason, hour, ids, number, type_code,
};

pub(super) const ROOT: &str = "response:ApplicationResponse";

/// The French profiles under which an Invoice Response may travel too.
const FRENCH_PROFILES: &str = "urn:peppol:france:billing:";

/// Specifications of other messages with this root element, by a part of their identifier.
const OTHERS: &[(&str, &str)] = &[
    (
        "poacc:trns:mlr",
        "a message level response (MLR), which speaks of a transmission and not of an invoice",
    ),
    (
        "peppol:edec:mls",
        "a message level status (MLS), which speaks of a transmission and not of an invoice",
    ),
    ("catalogue_response", "a response to a catalogue"),
    ("biitrns058", "a response to a catalogue (BII)"),
    ("biitrns071", "a message level response (BII)"),
    ("punch_out", "a response to a catalogue"),
    ("order", "a response to an order"),
];

/// Reads an Invoice Response.
pub(super) fn draft(root: &Element) -> Result<ResponseDraft, ResponseError> {
    check_specification(root)?;
    let mut notes = Vec::new();
    let profile = root.first_text("cbc:ProfileID").unwrap_or_default();
    if profile != PROFILE && !profile.starts_with(FRENCH_PROFILES) {
        notes.push(Note {
            code: "profile_unknown",
            words: "the profile is not the Invoice Response's",
        });
    }
    let message = root.first_text("cbc:ID").ok_or(ResponseError::Missing("the message's id"))?;
    let issued = root.first_text("cbc:IssueDate").map(day).transpose()?;
    let issued = issued.ok_or(ResponseError::Missing("the message's issue date"))?;
    let one = |path, missing, several| match root.all(path).as_slice() {
        [] => Err(ResponseError::Missing(missing)),
        [one] => Ok(*one),
        _ => Err(ResponseError::Contradictory(several)),
    };
    let sender = one("cac:SenderParty", "the sender", "it has several senders")?;
    let receiver = one("cac:ReceiverParty", "the receiver", "it has several receivers")?;
    let document = one(
        "cac:DocumentResponse",
        "the response to a document",
        "it responds to several documents, and an Invoice Response to one",
    )?;
    let response = one(
        "cac:DocumentResponse/cac:Response",
        "the response to a document",
        "it has several responses, and one status",
    )?;
    let reference = one(
        "cac:DocumentResponse/cac:DocumentReference",
        "the reference to the invoice",
        "it refers to several invoices",
    )?;
    let code = response.first_text("cbc:ResponseCode");
    let code = code.ok_or(ResponseError::Missing("the status code"))?;
    let clarified = clarify(response, &mut notes);
    let response_code = status(code, &clarified)?;
    check_rules(response_code, &clarified, &mut notes);
    let named = |path: &str| document.all(path).into_iter().flat_map(identified).collect();
    let mut seller = in_order(named("cac:IssuerParty"));
    if seller.is_empty() {
        seller = in_order(identified(receiver));
    }
    let issue_date = reference.first_text("cbc:IssueDate").map(day).transpose()?;
    let conditional = response_code == ResponseCode::ConditionallyAccepted;
    let wanted = if conditional { Figure::Approved } else { Figure::Paid };
    let amounts = clarified.amounts.into_iter().filter(|it| it.figure == wanted).collect();
    let due_date = clarified.due_date.filter(|_| conditional);
    Ok(ResponseDraft {
        syntax: Syntax::InvoiceResponse,
        message: message.to_owned(),
        code: code.to_owned(),
        response_code: Some(response_code),
        meaning: Meaning::Status(response_code.status()),
        effective_at: effective(root, response, issued)?,
        voice: Voice::Buyer,
        speaker: in_order(identified(sender)),
        seller,
        buyer: in_order(named("cac:RecipientParty")),
        number: number(reference.first_text("cbc:ID"))?,
        issue_date,
        type_code: type_code(reference.first_text("cbc:DocumentTypeCode"))?,
        amounts,
        only_due_date: due_date.is_some() && clarified.only_payment_terms,
        due_date,
        reasons: clarified.reasons,
        notes,
    })
}

/// PEPPOL-T111-R003, and what the document is where it is not an Invoice Response.
fn check_specification(root: &Element) -> Result<(), ResponseError> {
    let Some(specification) = root.first_text("cbc:CustomizationID") else {
        return Err(ResponseError::other("a response without a specification identifier"));
    };
    let rest = specification.strip_prefix(CUSTOMIZATION);
    if rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')) {
        return Ok(());
    }
    let known = OTHERS.iter().find(|(part, _)| specification.contains(part));
    let what = known.map_or_else(
        || format!("a response of the specification {}", quoted(specification)),
        |(_, what)| (*what).to_owned(),
    );
    Err(ResponseError::NotAResponse { what })
}

/// When the status became effective: the stated day, with the message's hour where it was issued on that day.
fn effective(root: &Element, response: &Element, issued: Date) -> Result<Timestamp, ResponseError> {
    let stated = response.first_text("cbc:EffectiveDate").map(day).transpose()?;
    let Some(time) =
        root.first_text("cbc:IssueTime").filter(|_| stated.is_none_or(|it| it == issued))
    else {
        return Ok(hour::end_of_day(stated.unwrap_or(issued)));
    };
    hour::ubl(issued, time).ok_or_else(|| {
        ResponseError::invalid("the message's issue time", time, "a time such as 10:15:00")
    })
}

fn day(text: &str) -> Result<Date, ResponseError> {
    iso_date(Term::IssueDate, text)
        .map_err(|_| ResponseError::invalid("a date", text, "a date such as 2026-11-21"))
}

fn status(code: &str, clarified: &Clarified) -> Result<ResponseCode, ResponseError> {
    let partly = clarified.has("PPD");
    let found = match code {
        "PD" if partly => return Ok(ResponseCode::PartiallyPaid),
        code => ResponseCode::ALL.into_iter().rev().find(|known| known.as_str() == code),
    };
    match found {
        None => Err(ResponseError::unknown(code)),
        // The rule as published can never fail (PEPPOL-T111-R005); this is what it means.
        Some(_) if partly => Err(ResponseError::Contradictory(
            "PPD, a payment of a part, goes with the status PD only (PEPPOL-T111-R005)",
        )),
        Some(found) => Ok(found),
    }
}

/// What the clarifications of a response come to.
#[derive(Default)]
struct Clarified {
    reasons: Vec<crate::statement::Code>,
    amounts: Vec<Amount>,
    due_date: Option<Date>,
    /// Whether nothing but the terms of payment is in question.
    only_payment_terms: bool,
    /// A code without the text that it calls for.
    silent: Vec<&'static str>,
}

impl Clarified {
    fn has(&self, code: &str) -> bool {
        self.reasons.iter().any(|reason| reason.as_str() == code)
    }
}

fn clarify(response: &Element, notes: &mut Vec<Note>) -> Clarified {
    let mut clarified = Clarified { only_payment_terms: true, ..Clarified::default() };
    for status in response.all("cac:Status") {
        if let Some(reason) = status.first("cbc:StatusReasonCode") {
            let code = reason.text();
            let list = reason.attribute("listID");
            let of = |name, codes: &[&str]| {
                list.is_none_or(|list| list == name) && codes.contains(&code)
            };
            let (why, what) = (of(REASON_LIST, REASONS), of(ACTION_LIST, ACTIONS));
            if !why && !what {
                let words = "a clarification code is none of OPStatusReason or OPStatusAction";
                notes.push(Note { code: "clarification_unknown", words });
            }
            // Without its list `OTH` may be either: an action in question says nothing against the terms.
            let is_action = what && !(why && list.is_none());
            clarified.only_payment_terms &= is_action || code == "PAY";
            add_reason(&mut clarified.reasons, code);
            if status.first("cbc:StatusReason").is_none() {
                let silent = ["OTH", "PPD"].into_iter().find(|silent| *silent == code);
                clarified.silent.extend(silent);
            }
        }
        for condition in status.all("cac:Condition") {
            take_condition(condition, &mut clarified, notes);
        }
    }
    clarified
}

/// A condition: a term of the invoice, and the value that the buyer proposes for it.
fn take_condition(condition: &Element, clarified: &mut Clarified, notes: &mut Vec<Note>) {
    let term = condition.first_text("cbc:AttributeID").unwrap_or_default().to_ascii_uppercase();
    let value = condition.first_text("cbc:Description").unwrap_or_default();
    let figure = match term.as_str() {
        "BT-113" => Figure::Paid,
        "BT-115" => Figure::Approved,
        "BT-9" => {
            match day(value) {
                Ok(date) => clarified.due_date = Some(date),
                Err(_) => notes.push(Note {
                    code: "condition_unreadable",
                    words: "a condition on the due date (BT-9) proposes no date",
                }),
            }
            return;
        }
        _ => {
            clarified.only_payment_terms = false;
            return;
        }
    };
    clarified.only_payment_terms = false;
    if super::is_decimal(value) {
        let decimal = value.to_owned();
        clarified.amounts.push(Amount { figure, decimal, currency: None });
    } else {
        notes.push(Note {
            code: "condition_unreadable",
            words: "a condition on an amount (BT-113, BT-115) proposes no amount",
        });
    }
}

/// The rules of T111 that change no meaning.
fn check_rules(code: ResponseCode, clarified: &Clarified, notes: &mut Vec<Note>) {
    let explains = matches!(
        code,
        ResponseCode::UnderQuery | ResponseCode::ConditionallyAccepted | ResponseCode::Rejected
    );
    if explains && clarified.reasons.is_empty() {
        notes.push(Note {
            code: "PEPPOL-T111-R001",
            words: "CA, UQ and RE need a clarification code",
        });
    }
    if clarified.silent.contains(&"OTH") {
        notes.push(Note { code: "PEPPOL-T111-R002", words: "the code OTH should have a text" });
    }
    if clarified.silent.contains(&"PPD") {
        notes.push(Note { code: "PEPPOL-T111-R004", words: "the code PPD needs a text" });
    }
}

/// The elements that identify a party.
fn identified(party: &Element) -> Vec<&Element> {
    ["cac:PartyIdentification/cbc:ID", "cac:PartyLegalEntity/cbc:CompanyID", "cbc:EndpointID"]
        .into_iter()
        .flat_map(|path| party.all(path))
        .collect()
}

fn in_order(elements: Vec<&Element>) -> Vec<PartyId> {
    ids(elements.into_iter())
}
