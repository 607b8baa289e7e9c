//! Writing an Invoice Response: a status that the buyer's side reported, as UBL that its access point can send.
//!
//! What is written is whole by BIS 63A (cardinalities, code lists, rules PEPPOL-T111-R001 to R005) and is read back by
//! this module's own reader as what it was. Reasons that are no Peppol code are written as `OTH` with the reason as
//! text. Times are Central European with their zone. Names are for people; where none is known the party's id stands
//! for it.

use core::fmt::Write as _;

use quick_xml::escape::escape;

use crate::domain::{Reading, Receivable};
use crate::statement::Code;
use crate::types::{Date, PartyId, Timestamp};

use super::peppol_codes::{ACTION_LIST, ACTIONS, CUSTOMIZATION, PROFILE, REASON_LIST, REASONS};
use super::{REASONS_MAX, ResponseCode, hour};

/// The longest name that is written, in characters.
const NAME_CHARS_MAX: usize = 200;

/// A status to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The message's id.
    pub message: String,
    /// When the message was made.
    pub issued_at: Timestamp,
    /// When the status became effective.
    pub effective_at: Timestamp,
    /// The buyer, who sends.
    pub buyer: PartyId,
    /// Its name.
    pub buyer_name: Option<String>,
    /// The seller, who receives.
    pub seller: PartyId,
    /// Its name.
    pub seller_name: Option<String>,
    /// The status.
    pub code: ResponseCode,
    /// Why, and what the seller is to do.
    pub reasons: Vec<Code>,
    /// The amount that the status speaks of, as a decimal: accepted under conditions, or paid in part.
    pub amount: Option<String>,
    /// The due date on which the buyer will pay.
    pub due_date: Option<Date>,
    /// The invoice's number.
    pub number: String,
    /// Its day of issue.
    pub issue_date: Date,
    /// Its type.
    pub type_code: u16,
}

impl Outgoing {
    /// What the buyer's side said last of an invoice, with the reasons that it gave; `None` where it said nothing
    /// that an Invoice Response says.
    pub fn last(
        receivable: &Receivable,
        reasons: impl FnOnce(&Reading) -> Vec<Code>,
    ) -> Option<Self> {
        let (code, reading) = ResponseCode::last(receivable)?;
        let invoice = &receivable.core;
        let amount = reading.amount_minor.map(|amount| invoice.currency.decimal(amount));
        let issued_at = reading.recorded_at;
        Some(Self {
            // The same status is the same message, however often it is fetched.
            message: format!("{}-{}-{}", code.as_str(), receivable.id, issued_at.millis()),
            issued_at,
            effective_at: reading.effective_at.min(issued_at),
            buyer: invoice.buyer.clone(),
            buyer_name: None,
            seller: invoice.seller.clone(),
            seller_name: None,
            code,
            reasons: reasons(reading),
            amount,
            due_date: reading.date,
            number: invoice.number.as_str().to_owned(),
            issue_date: invoice.issue_date,
            type_code: invoice.type_code.0,
        })
    }
}

/// One clarification: its list, its code, its text, and the conditions that belong to it.
struct Clarification {
    list: &'static str,
    code: String,
    text: Option<String>,
    conditions: Vec<(&'static str, String)>,
}

/// Writes a status.
pub fn write(response: &Outgoing) -> String {
    let mut xml = Xml::default();
    let (issued_on, issued_at) = hour::wall(response.issued_at);
    let (effective_on, _) = hour::wall(response.effective_at.min(response.issued_at));
    xml.leaf("cbc:CustomizationID", CUSTOMIZATION);
    xml.leaf("cbc:ProfileID", PROFILE);
    xml.leaf("cbc:ID", &response.message);
    xml.leaf("cbc:IssueDate", &issued_on.to_string());
    xml.leaf("cbc:IssueTime", &issued_at);
    xml.party("cac:SenderParty", &response.buyer, response.buyer_name.as_deref());
    xml.party("cac:ReceiverParty", &response.seller, response.seller_name.as_deref());
    xml.within("cac:DocumentResponse", |xml| {
        xml.within("cac:Response", |xml| {
            xml.leaf("cbc:ResponseCode", response.code.as_str());
            xml.leaf("cbc:EffectiveDate", &effective_on.to_string());
            for clarification in clarifications(response) {
                xml.clarification(&clarification);
            }
        });
        xml.within("cac:DocumentReference", |xml| {
            xml.leaf("cbc:ID", &response.number);
            xml.leaf("cbc:IssueDate", &response.issue_date.to_string());
            xml.leaf("cbc:DocumentTypeCode", &response.type_code.to_string());
        });
    });
    xml.document()
}

fn clarifications(response: &Outgoing) -> Vec<Clarification> {
    let conditional = response.code == ResponseCode::ConditionallyAccepted;
    let partly = response.code == ResponseCode::PartiallyPaid;
    let mut all: Vec<Clarification> = Vec::new();
    let add = |code: &str, text: Option<String>, all: &mut Vec<Clarification>| {
        let is_action = ACTIONS.contains(&code) && !REASONS.contains(&code);
        let list = if is_action { ACTION_LIST } else { REASON_LIST };
        all.push(Clarification { list, code: code.to_owned(), text, conditions: Vec::new() });
    };
    if partly {
        let text = match &response.amount {
            Some(amount) => format!("paid in part: {amount} in all"),
            None => "paid in part".to_owned(),
        };
        add("PPD", Some(text), &mut all);
    }
    let due_date = response.due_date.filter(|_| conditional);
    let known = |code: &&str| REASONS.contains(code) || ACTIONS.contains(code);
    for reason in response.reasons.iter().map(Code::as_str) {
        match reason {
            // A payment of a part is its own status.
            "PPD" => {}
            "OTH" => add("OTH", Some("other".to_owned()), &mut all),
            code if known(&code) => add(code, None, &mut all),
            other => add("OTH", Some(other.to_owned()), &mut all),
        }
    }
    if due_date.is_some() && !all.iter().any(|it| it.code == "PAY") {
        add("PAY", None, &mut all);
    }
    let explains =
        conditional || matches!(response.code, ResponseCode::UnderQuery | ResponseCode::Rejected);
    if explains && !all.iter().any(|it| it.list == REASON_LIST) {
        add("OTH", Some("no reason was recorded".to_owned()), &mut all);
    }
    if all.len() > REASONS_MAX {
        let is_kept = |it: &Clarification| matches!(it.code.as_str(), "PAY" | "PPD");
        // What carries a condition stays.
        all.sort_by_key(|it| !is_kept(it));
        all.truncate(REASONS_MAX);
    }
    if let (Some(amount), true, Some(first)) =
        (&response.amount, conditional || partly, all.first_mut())
    {
        let term = if partly { "BT-113" } else { "BT-115" };
        first.conditions.push((term, amount.clone()));
    }
    if let (Some(date), Some(terms)) = (due_date, all.iter_mut().find(|it| it.code == "PAY")) {
        terms.conditions.push(("BT-9", date.to_string()));
    }
    all
}

/// The document while it grows.
#[derive(Default)]
struct Xml {
    text: String,
    depth: usize,
}

impl Xml {
    fn line(&mut self, line: &str) {
        for _ in 0..=self.depth {
            self.text.push_str("  ");
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn leaf(&mut self, name: &str, text: &str) {
        self.attributed(name, None, text);
    }

    fn attributed(&mut self, name: &str, attribute: Option<(&str, &str)>, text: &str) {
        let mut line = format!("<{name}");
        if let Some((name, value)) = attribute {
            // Writing to a String cannot fail.
            let _ = write!(line, " {name}=\"{}\"", escape(value));
        }
        let _ = write!(line, ">{}</{name}>", escape(clean(text)));
        self.line(&line);
    }

    fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        self.line(&format!("<{name}>"));
        self.depth = self.depth.saturating_add(1);
        inner(self);
        self.depth = self.depth.saturating_sub(1);
        self.line(&format!("</{name}>"));
    }

    fn party(&mut self, name: &str, id: &PartyId, known_as: Option<&str>) {
        let scheme = Some(("schemeID", id.scheme()));
        let known_as = known_as.map(clean).filter(|name| !name.trim().is_empty());
        self.within(name, |xml| {
            xml.attributed("cbc:EndpointID", scheme, id.value());
            xml.within("cac:PartyIdentification", |xml| {
                xml.attributed("cbc:ID", scheme, id.value());
            });
            xml.within("cac:PartyLegalEntity", |xml| {
                xml.leaf("cbc:RegistrationName", known_as.as_deref().unwrap_or(id.as_str()));
            });
        });
    }

    fn clarification(&mut self, clarification: &Clarification) {
        self.within("cac:Status", |xml| {
            let list = Some(("listID", clarification.list));
            xml.attributed("cbc:StatusReasonCode", list, &clarification.code);
            if let Some(text) = &clarification.text {
                xml.leaf("cbc:StatusReason", text);
            }
            for (term, value) in &clarification.conditions {
                xml.within("cac:Condition", |xml| {
                    xml.leaf("cbc:AttributeID", term);
                    xml.leaf("cbc:Description", value);
                });
            }
        });
    }

    fn document(self) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <ApplicationResponse xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2\"\n    \
             xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\"\n    \
             xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\n\
             {}</ApplicationResponse>\n",
            self.text
        )
    }
}

/// A text without what XML does not allow, and not longer than a name should be.
fn clean(text: &str) -> String {
    let allowed = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().filter(allowed).take(NAME_CHARS_MAX).collect()
}
