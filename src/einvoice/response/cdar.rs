//! The French life cycle message (XP Z12-012; UN/CEFACT CDAR D22B, rules BR-FR-CDV): what platforms, the buyer or the
//! seller say of invoices.
//!
//! Who sets a status stands in the message as a role; a platform's name is often left out. Nobody's role is believed
//! beyond its words: a seller who writes that an invoice was approved has said so, no more.

use crate::einvoice::xml::Element;
use crate::statement::{Code, Status};
use crate::types::{PartyId, Timestamp};

use super::{
    Amount, Figure, Meaning, Note, REFERENCES_MAX, ResponseDraft, ResponseError, Syntax, Voice,
    add_reason, hour, ids, is_decimal, number, type_code,
};

pub(super) const ROOT: &str = "cdar:CrossDomainAcknowledgementAndResponse";

/// The guidelines that a life cycle message of an invoice follows: between parties, to the portal, over Peppol.
const GUIDELINES: &[&str] = &[
    "urn.cpro.gouv.fr:1p0:CDV:invoice",
    "urn.cpro.gouv.fr:1p0:CDV:einvoicingF2",
    "urn:peppol:france:billing:cdv:1.0",
];

/// What all invoices of a message have in common.
struct Header<'a> {
    message: &'a str,
    role: &'a str,
    voice: Voice,
    speaker: Vec<PartyId>,
    sellers: Vec<&'a Element>,
    buyers: Vec<&'a Element>,
    issued: Option<&'a Element>,
}

/// Reads a life cycle message: one draft for each invoice that it refers to.
pub(super) fn drafts(root: &Element) -> Result<Vec<ResponseDraft>, ResponseError> {
    let guideline = root.first_text(
        "cdar:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
    );
    if !guideline.is_some_and(|guideline| GUIDELINES.contains(&guideline)) {
        return Err(ResponseError::other(
            "a life cycle message (CDAR) of something else than an invoice",
        ));
    }
    let header = header(root)?;
    let mut drafts = Vec::new();
    for document in root.all("cdar:AcknowledgementDocument") {
        let set_at = document.first("ram:IssueDateTime/udt:DateTimeString").or(header.issued);
        let set_at =
            time(set_at.ok_or(ResponseError::Missing("when the status was set (MDT-78)"))?)?;
        for reference in document.all("ram:ReferenceReferencedDocument") {
            if drafts.len() >= REFERENCES_MAX {
                return Err(ResponseError::TooMany);
            }
            drafts.push(draft(&header, set_at, reference)?);
        }
    }
    if drafts.is_empty() {
        return Err(ResponseError::Missing("the reference to the invoice"));
    }
    Ok(drafts)
}

fn header(root: &Element) -> Result<Header<'_>, ResponseError> {
    let document = "cdar:ExchangedDocument";
    let text = |path: &str| root.first_text(&format!("{document}/{path}"));
    let message = text("ram:ID").or_else(|| text("ram:Name"));
    let message = message.ok_or(ResponseError::Missing("the message's id (MDT-4)"))?;
    let issuers = root.all(&format!("{document}/ram:IssuerTradeParty"));
    let senders = root.all(&format!("{document}/ram:SenderTradeParty"));
    let issuer = issuers.first().or(senders.first()).copied();
    let issuer = issuer.ok_or(ResponseError::Missing("who sets the status (MDT-40)"))?;
    let role = issuer.first_text("ram:RoleCode");
    let role = role.ok_or(ResponseError::Missing("the role of who sets the status (MDT-40)"))?;
    let named = |wanted: &str| {
        let recipients = root.all(&format!("{document}/ram:RecipientTradeParty"));
        let parties = issuers.iter().copied().chain(recipients);
        parties.filter(|it| it.first_text("ram:RoleCode") == Some(wanted)).collect::<Vec<_>>()
    };
    Ok(Header {
        message,
        role,
        voice: voice(role),
        speaker: identified(&[issuer]),
        sellers: named("SE"),
        buyers: named("BY"),
        issued: root.first(&format!("{document}/ram:IssueDateTime/udt:DateTimeString")),
    })
}

/// On whose side a role stands. A factor, a payee and an agent of the seller speak for the seller's side.
fn voice(role: &str) -> Voice {
    match role {
        "BY" | "AB" | "PR" | "IV" => Voice::Buyer,
        "SE" | "SR" | "DL" | "PE" | "II" => Voice::Seller,
        _ => Voice::Platform,
    }
}

fn draft(
    header: &Header<'_>,
    effective_at: Timestamp,
    reference: &Element,
) -> Result<ResponseDraft, ResponseError> {
    let code = reference.first_text("ram:ProcessConditionCode");
    let code = code.ok_or(ResponseError::Missing("the status code (MDT-105)"))?;
    let mut reasons = Vec::new();
    for path in ["ram:ReasonCode", "ram:RequestedActionCode"] {
        for reason in reference.all(&format!("ram:SpecifiedDocumentStatus/{path}")) {
            add_reason(&mut reasons, reason.text());
        }
    }
    let meaning = meaning(code, header.role, &reasons)?;
    let amounts = amounts(reference)?;
    if meaning == Meaning::Collected && !amounts.iter().any(|it| it.figure == Figure::Collected) {
        return Err(ResponseError::Missing("the amount that was collected (MEN)"));
    }
    let mut notes = Vec::new();
    if matches!(code, "206" | "207" | "208" | "210" | "213")
        && reference.first("ram:SpecifiedDocumentStatus/ram:ReasonCode").is_none()
    {
        let words = "206, 207, 208, 210 and 213 need a motive";
        notes.push(Note { code: "motive_missing", words });
    }
    if set_by(code).is_some_and(|voice| voice != header.voice) {
        let words = "the status was set by a role that does not set it";
        notes.push(Note { code: "role_unexpected", words });
    }
    let issued = reference.first("ram:FormattedIssueDateTime/qdt:DateTimeString");
    let issued = issued.map(|element| {
        hour::cefact_day(element.text()).ok_or_else(|| {
            ResponseError::invalid(
                "the invoice's date (BT-2)",
                element.text(),
                "a date such as 20261121",
            )
        })
    });
    // A self-billed invoice is the buyer's document: its issuer is not the seller.
    let issuers = reference.all("ram:IssuerTradeParty");
    let of_seller = |it: &&Element| it.first_text("ram:RoleCode").is_none_or(|role| role == "SE");
    let sellers: Vec<&Element> = issuers.into_iter().filter(of_seller).collect();
    let seller = identified(&sellers);
    let seller = if seller.is_empty() { identified(&header.sellers) } else { seller };
    Ok(ResponseDraft {
        syntax: Syntax::LifeCycle,
        message: header.message.to_owned(),
        code: code.to_owned(),
        response_code: None,
        meaning,
        effective_at,
        voice: header.voice,
        speaker: header.speaker.clone(),
        seller,
        buyer: identified(&header.buyers),
        number: number(reference.first_text("ram:IssuerAssignedID"))?,
        issue_date: issued.transpose()?,
        type_code: type_code(reference.first_text("ram:TypeCode"))?,
        amounts,
        due_date: None,
        only_due_date: false,
        reasons,
        notes,
    })
}

/// What a status of the French list means to the registry (STANDARDS section 9.1).
fn meaning(code: &str, role: &str, reasons: &[Code]) -> Result<Meaning, ResponseError> {
    let not_sent = reasons.iter().any(|reason| reason.as_str() == "NON_TRANSMISE");
    Ok(match code {
        "200" if not_sent => Meaning::Status(Status::NotDelivered),
        "200" => Meaning::Nothing("the seller's platform has the invoice"),
        "201" => Meaning::Nothing("the seller's platform sent the invoice on"),
        "202" | "203" => Meaning::Status(Status::Delivered),
        "204" => Meaning::Status(Status::InProcess),
        "205" => Meaning::Status(Status::Approved),
        "206" => Meaning::Status(Status::ApprovedPart),
        "207" | "208" => Meaning::Status(Status::Queried),
        "209" => Meaning::Status(Status::Answered),
        "210" => Meaning::Status(Status::Refused),
        "211" => Meaning::Status(Status::PaymentInitiated),
        "212" => Meaning::Collected,
        "213" | "501" => Meaning::Status(Status::RejectedTechnical),
        // The seller's side endorses too; only the buyer or its agent approves.
        "214" if matches!(role, "BY" | "AB") => Meaning::Status(Status::Approved),
        "214" => Meaning::Nothing("the invoice was endorsed, not by the buyer's side"),
        "220" => Meaning::Cancelled,
        "221" => Meaning::Status(Status::NotDelivered),
        "224" => Meaning::Nothing("a subcontractor asks to be paid directly"),
        "225" => Meaning::Status(Status::AssignedDisclosed),
        "226" => Meaning::Status(Status::AssignedConfidential),
        "227" => Meaning::Status(Status::PayeeChanged),
        "228" => Meaning::Status(Status::Released),
        "601" => Meaning::Nothing("the portal refused a status, not the invoice"),
        other => return Err(ResponseError::unknown(other)),
    })
}

/// Who sets a status, where the standard says so.
fn set_by(code: &str) -> Option<Voice> {
    match code {
        "200" | "201" | "202" | "203" | "213" | "221" | "501" | "601" => Some(Voice::Platform),
        "204" | "205" | "206" | "207" | "208" | "210" | "211" => Some(Voice::Buyer),
        "209" | "212" | "224" | "225" | "226" | "227" | "228" => Some(Voice::Seller),
        _ => None,
    }
}

fn amounts(reference: &Element) -> Result<Vec<Amount>, ResponseError> {
    let mut amounts = Vec::new();
    let path = "ram:SpecifiedDocumentStatus/ram:SpecifiedDocumentCharacteristic";
    for characteristic in reference.all(path).into_iter().take(REFERENCES_MAX) {
        let figure = match characteristic.first_text("ram:TypeCode") {
            Some("MEN") => Figure::Collected,
            Some("MPA") => Figure::Paid,
            Some("RAP") => Figure::Remaining,
            Some("ESC" | "RAB" | "REM") => Figure::Deducted,
            Some("MAPTTC") => Figure::Approved,
            Some("MNATTC") => Figure::NotApproved,
            _ => continue,
        };
        let Some(value) = characteristic.first("ram:ValueAmount") else {
            if figure == Figure::Collected {
                return Err(ResponseError::Missing("the amount of a collected amount (MEN)"));
            }
            continue;
        };
        if figure == Figure::Collected && characteristic.first("ram:ValuePercent").is_none() {
            let missing = "the VAT rate of a collected amount (MEN; BR-FR-CDV-14)";
            return Err(ResponseError::Missing(missing));
        }
        let text = value.text();
        let wrong = || ResponseError::invalid("an amount", text, "a decimal such as 1234.56");
        if !is_decimal(text) {
            return Err(wrong());
        }
        let currency = value.attribute("currencyID").map(str::parse).transpose();
        let currency = currency.map_err(|_| {
            let found = value.attribute("currencyID").unwrap_or_default();
            ResponseError::invalid("the currency of an amount", found, "an ISO 4217 code")
        })?;
        amounts.push(Amount { figure, decimal: text.to_owned(), currency });
    }
    Ok(amounts)
}

fn time(element: &Element) -> Result<Timestamp, ResponseError> {
    let text = element.text();
    hour::cefact(text, element.attribute("format")).ok_or_else(|| {
        ResponseError::invalid(
            "a time (MDT-78, MDT-8)",
            text,
            "a time of format 204 such as 20261121093000",
        )
    })
}

/// The ids of parties. A number of nine digits without a scheme is a SIREN where its check digit says so: the
/// message is a French one.
fn identified(parties: &[&Element]) -> Vec<PartyId> {
    let stated = ["ram:GlobalID", "ram:ID", "ram:URIUniversalCommunication/ram:URIID"];
    let elements =
        stated.into_iter().flat_map(|path| parties.iter().flat_map(move |it| it.all(path)));
    let elements = elements.collect::<Vec<_>>();
    let found = ids(elements.iter().copied());
    if !found.is_empty() {
        return found;
    }
    let bare = elements.into_iter().filter(|it| it.attribute("schemeID").is_none());
    bare.filter_map(|it| format!("0002:{}", it.text()).parse::<PartyId>().ok())
        .filter(PartyId::is_valid)
        .take(1)
        .collect()
}
