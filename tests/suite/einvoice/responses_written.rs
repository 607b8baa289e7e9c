//! Invoice Responses that we write: valid by a check of our own, made from the BIS, and read back as what they were.

use std::collections::BTreeMap;

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use tallystick::einvoice::response::{self, Figure, Meaning, Outgoing, ResponseCode, write};
use tallystick::statement::Code;
use tallystick::types::{Date, PartyId, Timestamp};

/// An element as it was written.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn all(&self, name: &str) -> Vec<&Self> {
        self.children.iter().filter(|child| child.name == name).collect()
    }

    fn text_of(&self, name: &str) -> &str {
        self.all(name).first().map_or("", |child| child.text.as_str())
    }
}

/// A tree of a document that is trusted to be small; its prefixes are those that we write.
fn parse(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(start) => {
                let attributes = start.attributes().map(|attribute| {
                    let attribute = attribute.expect("well-formed");
                    let value = attribute
                        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                        .expect("well-formed");
                    (attribute.key.0.to_owned(), value.into_owned())
                });
                open.push(Element {
                    name: start.name().0.to_owned(),
                    attributes: attributes.collect(),
                    ..Element::default()
                });
            }
            Event::End(_) => {
                let element = open.pop().expect("it was opened");
                open.last_mut().expect("a parent").children.push(element);
            }
            Event::Text(text) => open.last_mut().expect("an element").text.push_str(&text),
            Event::GeneralRef(reference) => {
                let known = match &*reference {
                    "lt" => '<',
                    "gt" => '>',
                    "amp" => '&',
                    "quot" => '"',
                    "apos" => '\'',
                    other => unreachable!("&{other};"),
                };
                open.last_mut().expect("an element").text.push(known);
            }
            Event::Eof => break,
            Event::Empty(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {}
        }
    }
    let mut outside = open.pop().expect("the document");
    assert!(open.is_empty() && outside.children.len() == 1, "one root");
    outside.children.remove(0)
}

/// The name of an element, and how often it may be there at least and at most.
type Often = (&'static str, usize, usize);

/// What each aggregate may hold, in the order of the UBL schema, with how often (BIS 63A, section on the syntax).
const SHAPE: &[(&str, &[Often])] = &[
    (
        "ApplicationResponse",
        &[
            ("cbc:CustomizationID", 1, 1),
            ("cbc:ProfileID", 1, 1),
            ("cbc:ID", 1, 1),
            ("cbc:IssueDate", 1, 1),
            ("cbc:IssueTime", 0, 1),
            ("cbc:Note", 0, 1),
            ("cac:SenderParty", 1, 1),
            ("cac:ReceiverParty", 1, 1),
            ("cac:DocumentResponse", 1, 1),
        ],
    ),
    ("cac:SenderParty", PARTY),
    ("cac:ReceiverParty", PARTY),
    ("cac:PartyIdentification", &[("cbc:ID", 1, 1)]),
    ("cac:PartyLegalEntity", &[("cbc:RegistrationName", 1, 1)]),
    (
        "cac:DocumentResponse",
        &[
            ("cac:Response", 1, 1),
            ("cac:DocumentReference", 1, 1),
            ("cac:IssuerParty", 0, 1),
            ("cac:RecipientParty", 0, 1),
        ],
    ),
    (
        "cac:Response",
        &[("cbc:ResponseCode", 1, 1), ("cbc:EffectiveDate", 0, 1), ("cac:Status", 0, usize::MAX)],
    ),
    (
        "cac:Status",
        &[
            ("cbc:StatusReasonCode", 0, 1),
            ("cbc:StatusReason", 0, 1),
            ("cac:Condition", 0, usize::MAX),
        ],
    ),
    ("cac:Condition", &[("cbc:AttributeID", 1, 1), ("cbc:Description", 0, 1)]),
    (
        "cac:DocumentReference",
        &[("cbc:ID", 1, 1), ("cbc:IssueDate", 0, 1), ("cbc:DocumentTypeCode", 1, 1)],
    ),
];

const PARTY: &[(&str, usize, usize)] =
    &[("cbc:EndpointID", 1, 1), ("cac:PartyIdentification", 0, 1), ("cac:PartyLegalEntity", 1, 1)];

const REASONS: &[&str] = &[
    "NON", "REF", "LEG", "REC", "QUA", "DEL", "PRI", "QTY", "ITM", "PAY", "UNR", "FIN", "PPD",
    "OTH",
];
const ACTIONS: &[&str] = &["NOA", "PIN", "NIN", "CNF", "CNP", "CNA", "OTH"];

/// Everything that is wrong with an Invoice Response.
fn violations(root: &Element) -> Vec<String> {
    let mut wrong = Vec::new();
    shape(root, &mut wrong);
    let mut rule = |holds: bool, name: &str| {
        if !holds {
            wrong.push(name.to_owned());
        }
    };
    let specification = root.text_of("cbc:CustomizationID");
    rule(
        specification.starts_with("urn:fdc:peppol.eu:poacc:trns:invoice_response:3"),
        "PEPPOL-T111-R003",
    );
    rule(
        root.text_of("cbc:ProfileID") == "urn:fdc:peppol.eu:poacc:bis:invoice_response:3",
        "profile",
    );
    for party in ["cac:SenderParty", "cac:ReceiverParty"] {
        for endpoint in root.all(party).iter().flat_map(|party| party.all("cbc:EndpointID")) {
            rule(endpoint.attributes.get("schemeID").is_some_and(|it| it.len() == 4), "scheme");
        }
    }
    for document in root.all("cac:DocumentResponse") {
        for response in document.all("cac:Response") {
            let code = response.text_of("cbc:ResponseCode");
            rule(["AB", "IP", "UQ", "CA", "RE", "AP", "PD"].contains(&code), "code list");
            let statuses = response.all("cac:Status");
            let codes = statuses.iter().flat_map(|status| status.all("cbc:StatusReasonCode"));
            rule(!["CA", "UQ", "RE"].contains(&code) || codes.count() > 0, "PEPPOL-T111-R001");
            for status in statuses {
                let texts = status.all("cbc:StatusReason").len();
                for reason in status.all("cbc:StatusReasonCode") {
                    let of_list = match reason.attributes.get("listID").map(String::as_str) {
                        Some("OPStatusReason") => REASONS.contains(&reason.text.as_str()),
                        Some("OPStatusAction") => ACTIONS.contains(&reason.text.as_str()),
                        _ => false,
                    };
                    rule(of_list, "clarification list");
                    rule(reason.text != "OTH" || texts == 1, "PEPPOL-T111-R002");
                    rule(reason.text != "PPD" || texts == 1, "PEPPOL-T111-R004");
                    rule(reason.text != "PPD" || code == "PD", "PEPPOL-T111-R005");
                }
            }
        }
    }
    wrong
}

/// Children in their order and number, leaves with a text, aggregates without one.
fn shape(element: &Element, wrong: &mut Vec<String>) {
    let Some((name, allowed)) = SHAPE.iter().find(|(name, _)| *name == element.name) else {
        if element.text.trim().is_empty() || !element.children.is_empty() {
            wrong.push(format!("{} is no leaf with a text", element.name));
        }
        return;
    };
    if !element.text.trim().is_empty() {
        wrong.push(format!("{name} has a text"));
    }
    let places = element
        .children
        .iter()
        .map(|child| allowed.iter().position(|(allowed, ..)| *allowed == child.name));
    let places = places.collect::<Vec<_>>();
    if places.iter().any(Option::is_none) || !places.is_sorted() {
        wrong.push(format!("{name} has children that are foreign or out of order"));
    }
    for (child, least, most) in *allowed {
        let count = element.all(child).len();
        if !(*least..=*most).contains(&count) {
            wrong.push(format!("{name} has {count} {child}"));
        }
    }
    for child in &element.children {
        shape(child, wrong);
    }
}

fn day(number: i32) -> Date {
    Date::from_day_number(number).expect("a day")
}

fn party() -> impl Strategy<Value = PartyId> {
    prop::sample::select(vec![
        "0106:00000019",
        "0208:0999999031",
        "0002:999999907",
        "9944:NL009999917B01",
    ])
    .prop_map(|id| id.parse().expect("a party id"))
}

fn code() -> impl Strategy<Value = Code> {
    let known = REASONS.iter().chain(ACTIONS).copied().collect::<Vec<_>>();
    prop_oneof![
        4 => prop::sample::select(known).prop_map(str::to_owned),
        1 => "[A-Z_]{4,20}",
    ]
    .prop_map(|code| code.parse().expect("a code"))
}

prop_compose! {
    fn outgoing()(
        message in "[!-~]{1,64}",
        issued in 1_700_000_000_i64..2_000_000_000,
        before in 0_i64..40_000_000,
        parties in (party(), party()),
        names in (prop::option::of("\\PC{0,40}"), prop::option::of(".{0,300}")),
        code in prop::sample::select(ResponseCode::ALL.to_vec()),
        reasons in prop::collection::vec(code(), 0..10),
        amount in prop::option::of("[1-9][0-9]{0,9}\\.[0-9]{2}"),
        due_date in prop::option::of(739_000_i32..740_000),
        number in "[A-Z0-9][A-Za-z0-9&<>\"' é№/_-]{0,40}[a-z0-9]",
        issue_date in 739_000_i32..740_000,
        type_code in prop::sample::select(vec![380_u16, 384, 393, 389]),
    ) -> Outgoing {
        let at = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1_000)).expect("a time");
        Outgoing {
            message,
            issued_at: at(issued),
            effective_at: at(issued.saturating_sub(before)),
            buyer: parties.0,
            buyer_name: names.0,
            seller: parties.1,
            seller_name: names.1,
            code,
            reasons,
            amount,
            due_date: due_date.map(day),
            number,
            issue_date: day(issue_date),
            type_code,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_valid_and_read_back_as_what_it_was(response in outgoing()) {
        let xml = write(&response);
        prop_assert_eq!(violations(&parse(&xml)), Vec::<String>::new(), "{}", xml);
        let drafts = response::read(xml.as_bytes());
        prop_assert!(drafts.is_ok(), "{:?}\n{}", drafts, xml);
        let drafts = drafts.unwrap_or_default();
        prop_assert_eq!(drafts.len(), 1);
        let draft = &drafts[0];
        prop_assert!(draft.notes.is_empty(), "{:?}\n{}", draft.notes, xml);
        prop_assert_eq!(&draft.message, &response.message);
        prop_assert_eq!(draft.response_code, Some(response.code));
        prop_assert_eq!(draft.meaning, Meaning::Status(response.code.status()));
        prop_assert_eq!(draft.number.as_str(), response.number.trim());
        prop_assert_eq!(draft.issue_date, Some(response.issue_date));
        prop_assert_eq!(draft.type_code, response.type_code);
        prop_assert_eq!(&draft.speaker, &vec![response.buyer.canonical()]);
        prop_assert_eq!(&draft.seller, &vec![response.seller.canonical()]);
        // To the second on the day of the message, to the day before that; never later.
        let apart = draft.effective_at.millis().saturating_sub(response.effective_at.millis());
        let hours = apart / 3_600_000;
        prop_assert!((0..=24).contains(&hours), "{}", xml);
        prop_assert!(draft.effective_at <= response.issued_at);
        let conditional = response.code == ResponseCode::ConditionallyAccepted;
        prop_assert_eq!(draft.due_date, response.due_date.filter(|_| conditional));
        let figure = if conditional { Figure::Approved } else { Figure::Paid };
        let told = conditional || response.code == ResponseCode::PartiallyPaid;
        let euro = "EUR".parse().expect("a currency");
        let amount = response.amount.as_deref().filter(|_| told).and_then(|it| {
            tallystick::types::Currency::minor(euro, it)
        });
        prop_assert_eq!(draft.sum(figure, euro), Ok(amount));
        // Reasons that Peppol knows come back.
        let known = |code: &&Code| REASONS.contains(&code.as_str()) || ACTIONS.contains(&code.as_str());
        if response.reasons.len() <= 6 {
            for reason in response.reasons.iter().filter(known).filter(|it| it.as_str() != "PPD") {
                prop_assert!(draft.reasons.contains(reason), "{reason:?}\n{xml}");
            }
        }
    }
}

#[test]
fn the_check_finds_what_is_wrong() {
    let accepted = super::sample("response-new-due-date.ubl.xml");
    let text = String::from_utf8(accepted).expect("UTF-8");
    assert_eq!(violations(&parse(&text)), Vec::<String>::new());
    for (from, to, expected) in [
        ("invoice_response:3</cbc:C", "mlr:3</cbc:C", "PEPPOL-T111-R003"),
        (">PAY<", ">PPD<", "PEPPOL-T111-R005"),
        (">NOA<", ">OTH<", "PEPPOL-T111-R002"),
        (">NOA<", ">PAY<", "clarification list"),
        (">CA<", ">XX<", "code list"),
        ("<cbc:ID>SA-2026-0388</cbc:ID>", "", "ApplicationResponse has 0 cbc:ID"),
        ("<cbc:ResponseCode>CA</cbc:ResponseCode>", "<cbc:ResponseCode/>", "no leaf"),
        ("cbc:EffectiveDate", "cbc:EffectiveTime", "foreign or out of order"),
    ] {
        let altered = text.replace(from, to);
        let altered =
            altered.replace("<cbc:ResponseCode/>", "<cbc:ResponseCode></cbc:ResponseCode>");
        assert_ne!(altered, text, "{from}");
        let wrong = violations(&parse(&altered)).join("; ");
        assert!(wrong.contains(expected), "{from} to {to}: {wrong}");
    }
}
