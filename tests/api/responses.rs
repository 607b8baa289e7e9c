//! Responses of buyers and platforms: what the parties may make of them, and what nobody else gets.

use serde_json::{Value, json};
use tallystick::einvoice::response::{self, Meaning, ResponseCode};
use tallystick::statement::Status;

use crate::registry::{Answer, Party, Registry, invoice, invoice_id};
use crate::story::Story;

/// An Invoice Response, as an access point of the buyer's would send it.
struct Imr<'a> {
    code: &'a str,
    sender: &'a str,
    receiver: &'a str,
    number: &'a str,
    date: Option<&'a str>,
    issued: &'a str,
    statuses: &'a str,
}

const PLAIN: Imr<'static> = Imr {
    code: "AP",
    sender: "0106:00000004",
    receiver: "0106:00000003",
    number: "2026-0001",
    date: None,
    issued: "2026-11-20",
    statuses: "",
};

fn party(id: &str) -> String {
    let (scheme, value) = id.split_once(':').expect("a party id");
    format!("<cbc:EndpointID schemeID=\"{scheme}\">{value}</cbc:EndpointID>")
}

impl Imr<'_> {
    fn xml(&self) -> String {
        let date = self.date.map(|date| format!("<cbc:IssueDate>{date}</cbc:IssueDate>"));
        format!(
            "<ApplicationResponse xmlns=\"urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2\" \
             xmlns:cac=\"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2\" \
             xmlns:cbc=\"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2\">\
             <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:invoice_response:3</cbc:CustomizationID>\
             <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:invoice_response:3</cbc:ProfileID>\
             <cbc:ID>R-{}-{}</cbc:ID><cbc:IssueDate>{}</cbc:IssueDate>\
             <cac:SenderParty>{}</cac:SenderParty><cac:ReceiverParty>{}</cac:ReceiverParty>\
             <cac:DocumentResponse><cac:Response><cbc:ResponseCode>{}</cbc:ResponseCode>{}</cac:Response>\
             <cac:DocumentReference><cbc:ID>{}</cbc:ID>{}<cbc:DocumentTypeCode>380</cbc:DocumentTypeCode>\
             </cac:DocumentReference></cac:DocumentResponse></ApplicationResponse>",
            self.code,
            self.issued,
            self.issued,
            party(self.sender),
            party(self.receiver),
            self.code,
            self.statuses,
            self.number,
            date.unwrap_or_default(),
        )
    }
}

/// A French life cycle message about invoice 2026-0001 of 2026-10-01.
fn cdar(code: &str, role: &str, issuer: &str, amounts: &[(&str, &str)]) -> String {
    let (scheme, value) = issuer.split_once(':').expect("a party id");
    let amounts = amounts.iter().map(|(kind, amount)| {
        format!(
            "<ram:SpecifiedDocumentCharacteristic><ram:TypeCode>{kind}</ram:TypeCode>\
             <ram:ValueAmount currencyID=\"EUR\">{amount}</ram:ValueAmount><ram:ValuePercent>20.00</ram:ValuePercent>\
             </ram:SpecifiedDocumentCharacteristic>"
        )
    });
    let amounts = amounts.collect::<String>();
    format!(
        "<r:CrossDomainAcknowledgementAndResponse \
         xmlns:r=\"urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100\" \
         xmlns:ram=\"urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100\" \
         xmlns:qdt=\"urn:un:unece:uncefact:data:standard:QualifiedDataType:100\" \
         xmlns:udt=\"urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100\">\
         <r:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter>\
         <ram:ID>urn.cpro.gouv.fr:1p0:CDV:invoice</ram:ID></ram:GuidelineSpecifiedDocumentContextParameter>\
         </r:ExchangedDocumentContext><r:ExchangedDocument><ram:ID>2026-0001_{code}_{}</ram:ID>\
         <ram:IssuerTradeParty><ram:GlobalID schemeID=\"{scheme}\">{value}</ram:GlobalID>\
         <ram:RoleCode>{role}</ram:RoleCode></ram:IssuerTradeParty></r:ExchangedDocument>\
         <r:AcknowledgementDocument><ram:TypeCode>23</ram:TypeCode><ram:IssueDateTime>\
         <udt:DateTimeString format=\"204\">20261120101500</udt:DateTimeString></ram:IssueDateTime>\
         <ram:ReferenceReferencedDocument><ram:IssuerAssignedID>2026-0001</ram:IssuerAssignedID>\
         <ram:TypeCode>380</ram:TypeCode><ram:FormattedIssueDateTime>\
         <qdt:DateTimeString format=\"102\">20261001</qdt:DateTimeString></ram:FormattedIssueDateTime>\
         <ram:ProcessConditionCode>{code}</ram:ProcessConditionCode><ram:IssuerTradeParty>\
         <ram:GlobalID schemeID=\"0106\">00000003</ram:GlobalID></ram:IssuerTradeParty>\
         <ram:SpecifiedDocumentStatus>{amounts}</ram:SpecifiedDocumentStatus>\
         </ram:ReferenceReferencedDocument></r:AcknowledgementDocument></r:CrossDomainAcknowledgementAndResponse>",
        amounts.len(),
    )
}

fn post(registry: &Registry, by: &Party, xml: &str) -> Answer {
    registry.post_as(by, "/v1/responses", "application/xml", xml.as_bytes())
}

/// What is prepared for a party: the only entry.
fn prepared(registry: &Registry, by: &Party, xml: &str) -> Value {
    let answer = post(registry, by, xml);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let json = answer.json();
    assert_eq!(
        (&json["object"], json["data"].as_array().map(Vec::len)),
        (&json!("responses"), Some(1))
    );
    json["data"][0].clone()
}

/// Signs and sends what was prepared.
fn state(registry: &Registry, by: &Party, entry: &Value) {
    let statement = &entry["statement"];
    let kind = statement["type"].as_str().expect("a type");
    registry.state(by, kind, &statement["data"]);
}

fn notes(entry: &Value) -> Vec<&str> {
    let notes = entry["notes"].as_array().expect("notes");
    notes.iter().filter_map(|note| note["code"].as_str()).collect()
}

/// A supplier, a debtor, a financier, and one invoice of 1,000.00 euro.
struct World {
    registry: Registry,
    supplier: Party,
    debtor: Party,
    financier: Party,
    invoice: String,
}

fn world() -> World {
    let registry = Registry::start();
    let (supplier, debtor) = (Party::new("0106:00000003", 3), Party::new("0106:00000004", 4));
    let financier = Party::new("0106:00000006", 6);
    registry.admit(&supplier, &["supplier"]);
    registry.admit(&debtor, &["debtor"]);
    registry.admit(&financier, &["financier"]);
    let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
    registry.state(&supplier, "invoice.registered.v1", &data);
    World { registry, supplier, debtor, financier, invoice: invoice_id(&data) }
}

impl World {
    fn axis(&self, axis: &str) -> Value {
        let path = format!("/v1/invoices/{}", self.invoice);
        self.registry.get(&self.supplier, &path).json()["axes"][axis].clone()
    }
}

#[test]
fn the_debtor_states_what_its_response_says_and_nothing_is_stated_for_it() {
    let world = world();
    let entry = prepared(&world.registry, &world.debtor, &PLAIN.xml());
    assert_eq!(entry["invoice"], world.invoice, "without the invoice's date");
    let data = &entry["statement"]["data"];
    assert_eq!(entry["statement"]["type"], "status.reported.v1");
    assert_eq!((&data["status"], &data["invoice"]), (&json!("approved"), &json!(world.invoice)));
    assert_eq!(data["source"]["kind"], "buyer");
    assert_eq!(data["source"]["system"], "peppol-invoice-response");
    assert_eq!(data["source"]["message"], "R-AP-2026-11-20");
    assert_eq!(data["effective_at"], "2026-11-20T22:59:59.000Z", "the day's last second");
    assert_eq!(world.axis("process"), Value::Null, "it was only prepared");
    state(&world.registry, &world.debtor, &entry);
    let process = world.axis("process");
    assert_eq!((&process["state"], &process["certainty"]), (&json!("approved"), &json!(4)));
    assert!(notes(&entry).is_empty());

    // What is written is what was read.
    let path = format!("/v1/invoices/{}/response?buyer_name=Brouwerij%20%26%20Zn", world.invoice);
    let written = world.registry.get(&world.supplier, &path);
    assert_eq!((written.status, written.header("content-type")), (200, "application/xml"));
    assert!(written.text().contains("<cbc:RegistrationName>Brouwerij &amp; Zn<"));
    let draft = response::read(&written.body).expect("our own")[0].clone();
    assert_eq!(draft.response_code, Some(ResponseCode::Accepted));
    assert_eq!(draft.meaning, Meaning::Status(Status::Approved));
    assert_eq!((draft.number.as_str(), draft.type_code), ("2026-0001", 380));
    assert_eq!(draft.speaker[0].as_str(), world.debtor.id);
    assert_eq!(draft.seller[0].as_str(), world.supplier.id);
    assert_eq!(
        world.registry.get(&world.supplier, &path).text(),
        written.text(),
        "once more the same"
    );

    // In France a buyer may dispute what it approved; the holders are told.
    let disputed =
        prepared(&world.registry, &world.debtor, &cdar("207", "BY", world.debtor.id, &[]));
    assert_eq!(disputed["statement"]["data"]["source"]["kind"], "platform");
    assert_eq!(notes(&disputed), ["motive_missing"]);

    // A step outside the BIS is told; whether it counts is for the rules.
    let back = Imr { code: "IP", issued: "2026-11-21", ..PLAIN };
    assert_eq!(notes(&prepared(&world.registry, &world.debtor, &back.xml())), ["outside_bis"]);
    let paid = Imr { code: "PD", ..PLAIN };
    let entry = prepared(&world.registry, &world.debtor, &paid.xml());
    assert!(notes(&entry).is_empty());
    assert_eq!(
        entry["statement"]["data"]["status"], "payment_initiated",
        "initiated, not received"
    );
}

#[test]
fn the_sellers_word_is_never_more_than_that() {
    let world = world();
    // The seller hands in the buyer's acceptance: it may be forged.
    let entry = prepared(&world.registry, &world.supplier, &PLAIN.xml());
    assert_eq!(entry["statement"]["data"]["source"]["kind"], "seller");
    assert_eq!(notes(&entry), ["sellers_word"]);
    state(&world.registry, &world.supplier, &entry);
    assert_eq!(world.axis("process")["certainty"], 1);
    let path = format!("/v1/invoices/{}/response", world.invoice);
    let none = world.registry.get(&world.debtor, &path);
    assert_eq!(
        (none.status, none.code().as_str()),
        (404, "response_none"),
        "the buyer said nothing"
    );
    // The buyer does not state the seller's word as its own, by role or by id.
    for xml in [
        cdar("212", "SE", "0106:00000003", &[("MEN", "1000.00")]),
        cdar("226", "DL", "0106:00000006", &[]),
        Imr { sender: "0106:00000003", ..PLAIN }.xml(),
    ] {
        let answer = post(&world.registry, &world.debtor, &xml);
        assert_eq!((answer.status, answer.code().as_str()), (403, "response_not_yours"), "{xml}");
    }
    // A buyer that has the seller's id is not this invoice's.
    let forged = cdar("205", "BY", "0106:00000003", &[]);
    assert_eq!(post(&world.registry, &world.debtor, &forged).code(), "response_unmatched");
    // Somebody on the way is not the buyer.
    let relayed = Imr { sender: "0106:00000099", ..PLAIN };
    let entry = prepared(&world.registry, &world.debtor, &relayed.xml());
    assert_eq!(entry["statement"]["data"]["source"]["kind"], "platform");
}

#[test]
fn conditions_amounts_and_due_dates_come_with_the_status() {
    let world = world();
    let status = |code: &str, condition: &str| {
        format!(
            "<cac:Status><cbc:StatusReasonCode listID=\"OPStatusReason\">{code}</cbc:StatusReasonCode><cbc:StatusReason>t</cbc:StatusReason>{condition}</cac:Status>"
        )
    };
    let condition = |term: &str, value: &str| {
        format!(
            "<cac:Condition><cbc:AttributeID>{term}</cbc:AttributeID><cbc:Description>{value}</cbc:Description></cac:Condition>"
        )
    };
    let data = |code: &str, statuses: &str| {
        let xml = Imr { code, statuses, ..PLAIN }.xml();
        prepared(&world.registry, &world.debtor, &xml)["statement"]["data"].clone()
    };
    let due = data("CA", &status("PAY", &condition("BT-9", "2027-02-01")));
    assert_eq!(due["status"], "approved_part");
    assert_eq!((&due["amount_minor"], &due["date"]), (&json!(100_000), &json!("2027-02-01")));
    assert_eq!(due["reasons"], json!(["PAY"]));
    let part = data("CA", &status("QTY", &condition("BT-115", "600.00")));
    assert_eq!((&part["amount_minor"], &part["currency"]), (&json!(60_000), &json!("EUR")));
    let paid = data("PD", &status("PPD", &condition("BT-113", "250")));
    assert_eq!((&paid["status"], &paid["amount_minor"]), (&json!("part_paid"), &json!(25_000)));
    for (code, statuses, words) in [
        ("CA", status("QTY", ""), "BT-115"),
        ("CA", status("QTY", &condition("BT-9", "2027-02-01")), "BT-115"),
        ("PD", status("PPD", ""), "BT-113"),
    ] {
        let xml = Imr { code, statuses: &statuses, ..PLAIN }.xml();
        let answer = post(&world.registry, &world.debtor, &xml);
        assert_eq!((answer.status, answer.code().as_str()), (422, "response_incomplete"));
        assert!(answer.text().contains(words), "{}", answer.text());
    }
    let french = |code, amounts: &[(&str, &str)]| {
        let xml = cdar(code, "BY", "0106:00000004", amounts);
        prepared(&world.registry, &world.debtor, &xml)["statement"]["data"].clone()
    };
    let part = french("206", &[("MAPTTC", "400.00")]);
    assert_eq!((&part["amount_minor"], &part["source"]["kind"]), (&json!(40_000), &json!("buyer")));
    assert_eq!(part["effective_at"], "2026-11-20T09:15:00.000Z", "French winter time");
    assert_eq!(french("206", &[("MNATTC", "400.00")])["amount_minor"], 60_000);
    assert_eq!(french("211", &[("MPA", "999.99")])["amount_minor"], 99_999);
}

#[test]
fn collected_amounts_add_up_and_come_back() {
    let world = world();
    let collect = |amounts: &[(&str, &str)]| {
        let xml = cdar("212", "SE", "0106:00000003", amounts);
        let entry = prepared(&world.registry, &world.supplier, &xml);
        state(&world.registry, &world.supplier, &entry);
        let data = &entry["statement"]["data"];
        (data["status"].as_str().expect("a status").to_owned(), data["amount_minor"].clone())
    };
    assert_eq!(
        collect(&[("MEN", "200.00"), ("MEN", "100.00")]),
        ("part_paid".into(), json!(30_000))
    );
    assert_eq!(
        collect(&[("MEN", "150.00"), ("RAP", "550.00")]),
        ("part_paid".into(), json!(45_000))
    );
    assert_eq!(collect(&[("MEN", "-50.00")]), ("payment_reversed".into(), json!(5_000)));
    assert_eq!(collect(&[("MEN", "580.00"), ("ESC", "20.00")]), ("paid".into(), json!(98_000)));
    assert_eq!(world.axis("payment")["certainty"], 1, "the seller's word");
    let nothing = cdar("212", "SE", "0106:00000003", &[("MEN", "5.00"), ("MEN", "-5.00")]);
    assert_eq!(post(&world.registry, &world.supplier, &nothing).code(), "response_incomplete");
}

#[test]
fn none_and_several_invoices_are_problems_and_never_a_guess() {
    let world = world();
    let registry = &world.registry;
    let code = |xml: &str| {
        let answer = post(registry, &world.debtor, xml);
        (answer.status, answer.code())
    };
    let unmatched = (404, "response_unmatched".to_owned());
    assert_eq!(code(&Imr { number: "2026-0002", ..PLAIN }.xml()), unmatched);
    assert_eq!(code(&Imr { receiver: "0106:00000006", ..PLAIN }.xml()), unmatched);
    assert_eq!(code(&Imr { date: Some("2025-10-01"), ..PLAIN }.xml()), unmatched, "another year");
    assert_eq!(code(&PLAIN.xml().replace(">380<", ">393<")), unmatched, "another type");
    assert_eq!(code(&PLAIN.xml().replace(">380<", ">381<")).1, "response_incomplete");
    let buyer = "</cac:DocumentReference><cac:RecipientParty><cac:PartyIdentification><cbc:ID schemeID=\"0106\">00000006</cbc:ID></cac:PartyIdentification></cac:RecipientParty>";
    assert_eq!(
        code(&PLAIN.xml().replace("</cac:DocumentReference>", buyer)),
        unmatched,
        "another buyer"
    );
    assert_eq!(
        code(&PLAIN.xml().replace("schemeID=\"0106\">00000003", "schemeID=\"EM\">a@b.example")).1,
        "response_incomplete"
    );
    // Another spelling is the same number; another day of the year is told.
    let spelled = Imr { number: "2026/0001", date: Some("2026-10-02"), ..PLAIN };
    let entry = prepared(registry, &world.debtor, &spelled.xml());
    assert_eq!(
        (&entry["invoice"], notes(&entry)),
        (&json!(world.invoice), vec!["issue_date_differs"])
    );
    // The numbering began anew: without a date the message may mean either.
    let mut older = invoice(&world.supplier, &world.debtor, "2026-0001", 40_000);
    older["invoice"]["issue_date"] = json!("2025-10-01");
    registry.state(&world.supplier, "invoice.registered.v1", &older);
    assert_eq!(code(&PLAIN.xml()), (409, "response_ambiguous".to_owned()));
    for (date, id) in [("2025-10-01", invoice_id(&older)), ("2026-10-01", world.invoice.clone())] {
        let dated = Imr { date: Some(date), ..PLAIN };
        assert_eq!(prepared(registry, &world.debtor, &dated.xml())["invoice"], id);
    }
    assert_eq!(
        code(&Imr { date: Some("2026-10-01"), issued: "2026-11-30", ..PLAIN }.xml()).1,
        "response_incomplete",
        "still to come"
    );
}

#[test]
fn what_is_no_response_is_a_clear_problem() {
    let world = world();
    let send = |media: &str, body: &[u8]| {
        let answer = world.registry.post_as(&world.debtor, "/v1/responses", media, body);
        (answer.status, answer.code())
    };
    let mlr = PLAIN.xml().replace("invoice_response:3<", "mlr:3<");
    assert_eq!(send("application/xml", mlr.as_bytes()), (422, "not_a_response".to_owned()));
    let bomb = format!("<!DOCTYPE a [<!ENTITY b 'c'>]>{}", PLAIN.xml());
    assert_eq!(
        send("text/xml; charset=utf-8", bomb.as_bytes()),
        (422, "response_unreadable".to_owned())
    );
    let cut = PLAIN.xml().replace("</ApplicationResponse>", "");
    assert_eq!(send("application/xml", cut.as_bytes()), (422, "response_unreadable".to_owned()));
    assert_eq!(send("application/xml", b""), (422, "response_unreadable".to_owned()));
    assert_eq!(send("application/json", b"{}"), (415, "media_type_unsupported".to_owned()));
    assert_eq!(send("application/xml", &vec![b' '; (1 << 20) + 1]).0, 413);
    let unknown =
        world.registry.post_as(&world.debtor, "/v1/responses?x=1", "application/xml", b"");
    assert_eq!(unknown.code(), "parameter_invalid");
    // Nothing was left behind.
    assert_eq!(world.axis("process"), Value::Null);
    let _ = &world.financier;
}

#[test]
fn one_message_about_several_invoices_answers_for_each() {
    let world = world();
    let xml = cdar("205", "BY", "0106:00000004", &[]);
    let start = xml.find("<ram:ReferenceReferencedDocument>").expect("it begins");
    let end = xml.find("</r:AcknowledgementDocument>").expect("it ends");
    let second = xml[start..end].replace("2026-0001", "2026-0404");
    let both = format!("{}{second}{}", &xml[..end], &xml[end..]);
    let answer = post(&world.registry, &world.debtor, &both).json();
    let entries = answer["data"].as_array().expect("entries");
    assert_eq!(entries[0]["statement"]["data"]["status"], "approved");
    assert_eq!(entries[1]["problem"]["code"], "response_unmatched");
    assert!(entries[1]["statement"].is_null() && entries[1]["invoice"].is_null());
    // What changes nothing says so.
    let sent = prepared(&world.registry, &world.debtor, &cdar("201", "WK", "0106:00000099", &[]));
    assert!(sent["statement"].is_null());
    assert_eq!(sent["nothing"], "the seller's platform sent the invoice on");
    let cancelled = cdar("220", "BY", "0106:00000004", &[]);
    let entry = prepared(&world.registry, &world.debtor, &cancelled);
    assert_eq!(entry["statement"]["type"], "invoice.cancelled.v1");
    assert_eq!(
        entry["statement"]["data"],
        json!({"invoice": world.invoice, "reason": "superseded"})
    );
}

#[test]
fn every_role_gets_of_a_response_what_is_its_own() {
    let story = Story::tell();
    let registry = &story.registry;
    let xml = PLAIN.xml();
    for (role, reader, expected) in [
        ("operator", &registry.operator, "response_not_yours"),
        ("auditor", &story.auditor, "response_not_yours"),
        ("supplier", &story.supplier, "seller"),
        ("debtor", &story.debtor, "buyer"),
        ("registrant", &story.registrant, "response_not_yours"),
        ("holder", &story.holder, "response_not_yours"),
        ("rival", &story.rival, "response_not_yours"),
        ("mandated", &story.mandated, "response_not_yours"),
        ("revoked", &story.revoked, "response_unmatched"),
        ("suspended", &story.suspended, "participant_suspended"),
        ("provider", &story.provider, "response_unmatched"),
        ("other supplier", &story.other_supplier, "response_unmatched"),
        ("other debtor", &story.other_debtor, "response_unmatched"),
        ("other financier", &story.other_financier, "response_unmatched"),
    ] {
        let answer = post(registry, reader, &xml);
        let kind = answer.json()["data"][0]["statement"]["data"]["source"]["kind"].clone();
        let seen = kind.as_str().map_or_else(|| answer.code(), str::to_owned);
        assert_eq!(seen, expected, "{role}: {}", answer.text());
        if answer.status != 200 {
            assert!(!answer.text().contains(&story.invoice), "{role}");
        }
    }
    let open = registry.send_open("POST", "/v1/responses", &Value::Null);
    assert_eq!(open.status, 401);
    // The provider may, for whom it states: the debtor delegated reports to it.
    let for_debtor = |by: &Party, principal: &str| {
        let path = format!("/v1/responses?on_behalf_of={principal}");
        registry.post_as(by, &path, "application/xml", xml.as_bytes())
    };
    let answer = for_debtor(&story.provider, story.debtor.id);
    assert_eq!(answer.json()["data"][0]["statement"]["data"]["source"]["kind"], "buyer");
    for (by, principal) in [
        (&story.provider, story.supplier.id),
        (&story.provider, "0106:00000098"),
        (&story.holder, story.debtor.id),
        (&story.supplier, story.debtor.id),
    ] {
        assert_eq!(for_debtor(by, principal).code(), "not_found", "{principal}");
    }
}
