//! Exact Online, against the stand-in.

use std::cell::RefCell;
use std::fs;
use std::rc::Rc;
use std::time::Duration;

use serde_json::{Value, json};
use tallystick::connect::exact::{App, Exact as Connector};
use tallystick::connect::{Connector as _, Entry, Payment, Secret, Trouble};
use tallystick::statement::Status;

use crate::exact_stand_in::{CLIENT, CLIENT_SECRET, DIVISION, Exact, WEBHOOK_SECRET, hash_code};
use crate::reader::Reader;
use crate::web::{Answer, look_up, pairs, serve};

const NOW_S: i64 = 1_795_000_000;
const BACK: &str = "https://registry.example.com/connections/back";
const SUPPLIER: &str = "aaaaaaaa-0000-0000-0000-000000000001";

fn guid(kind: char, number: u64) -> String {
    let kind = kind.to_string();
    format!("{}-0000-0000-0000-{number:012}", kind.repeat(8))
}

fn date(seconds: i64) -> Value {
    json!(format!("/Date({})/", seconds * 1_000))
}

fn connector(exact: &Exact) -> Connector {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app.json");
    let app = json!({"base": exact.url, "client_id": CLIENT, "client_secret": CLIENT_SECRET});
    fs::write(&file, app.to_string()).unwrap();
    exact.register_redirect(BACK);
    exact.put(
        "crm/Accounts",
        "ID",
        json!({"ID": SUPPLIER, "Country": "NL ", "VATNumber": "NL002455799B11", "ChamberOfCommerce": "68750110"}),
    );
    Connector::new(App::read(&file).unwrap())
}

/// The owner goes to the page where he consents; what comes back: the code.
fn consent(reader: &Reader<Connector>, state: &str) -> String {
    let page = reader.with(|connector, access| connector.consent(access, BACK, state)).unwrap();
    let agent = ureq::Agent::config_builder().max_redirects(0).max_redirects_will_error(false);
    let agent = agent.build().new_agent();
    let answer = agent.get(page.unwrap()).call().unwrap();
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    let (address, query) = back.split_once('?').unwrap();
    assert_eq!(address, BACK);
    assert_eq!(look_up(&pairs(query), "state"), state);
    look_up(&pairs(query), "code").to_owned()
}

fn redeem(reader: &Reader<Connector>, code: &str) -> Result<(), Trouble> {
    reader.with(|connector, access| connector.redeem(access, BACK, code))
}

fn connected(exact: &Exact) -> Reader<Connector> {
    let reader = Reader::new(connector(exact), NOW_S);
    redeem(&reader, &consent(&reader, "state-1")).unwrap();
    reader
}

/// Time passes for both.
fn pass(exact: &Exact, reader: &mut Reader<Connector>, seconds: i64) {
    exact.pass_s(seconds);
    reader.now_s += seconds;
}

fn invoice(exact: &Exact, number: u64, at_s: i64, changes: &Value) {
    let mut row = json!({
        "EntryID": guid('e', number),
        "EntryNumber": 26_000_000 + number,
        "Supplier": SUPPLIER,
        "YourRef": format!("F-{number}"),
        "EntryDate": date(NOW_S - 864_000),
        "AmountFC": 1_000.5,
        "Currency": "EUR",
        "Status": 50,
        "Type": 30,
        "Reversal": false,
        "Modified": date(at_s),
    });
    for (name, value) in changes.as_object().unwrap() {
        row[name] = value.clone();
    }
    exact.put("purchaseentry/PurchaseEntries", "EntryID", row);
}

fn term(exact: &Exact, number: u64, at_s: i64, status: u16, ended: Option<i64>) {
    let row = json!({
        "ID": guid('b', number),
        "TransactionEntryID": guid('e', number),
        "LineType": 22,
        "Status": status,
        "EndDate": ended.map(date),
        "InvoiceDate": date(NOW_S - 864_000),
        "Modified": date(at_s),
    });
    exact.put("sync/Cashflow/PaymentTerms", "ID", row.clone());
    exact.put("cashflow/Payments", "ID", row);
}

fn payable(exact: &Exact, number: u64, open: f64, transit: f64, approval: Option<u16>) {
    let row = json!({
        "HID": number,
        "AccountId": SUPPLIER,
        "EntryNumber": 26_000_000 + number,
        "YourRef": format!("F-{number}"),
        "Amount": open,
        "AmountInTransit": transit,
        "CurrencyCode": "EUR",
        "ApprovalStatus": approval,
    });
    exact.put("read/financial/PayablesList", "HID", row);
}

fn gone(exact: &Exact, number: u64) {
    exact.remove("read/financial/PayablesList", "HID", &json!(number));
}

fn said(entries: &[Entry], number: u64) -> (Option<Status>, Option<Payment>) {
    let of = |entry: &&Entry| entry.key == guid('e', number);
    let entry = entries.iter().find(of).unwrap_or_else(|| panic!("{number}: {entries:?}"));
    (entry.process.as_ref().map(|stand| stand.status), entry.payment)
}

#[test]
fn the_owner_consents_on_the_packages_page_and_the_invoice_is_known_by_its_supplier() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    invoice(&exact, 1, NOW_S - 9_000, &json!({}));
    payable(&exact, 1, -1_000.5, 0.0, None);
    let entries = reader.round().unwrap();
    assert_eq!(said(&entries, 1), (Some(Status::Booked), Some(Payment::Open)));
    let ids: Vec<String> = entries[0].suppliers.iter().map(ToString::to_string).collect();
    assert_eq!(ids, ["0106:68750110", "9944:NL002455799B11"]);
    assert_eq!(entries[0].number, "F-1");
    assert_eq!(entries[0].total.map(|(total, _)| total), Some(100_050));
    assert_eq!(entries[0].changed_at.millis(), (NOW_S - 9_000) * 1_000);
    assert!(reader.round().unwrap().is_empty(), "nothing changed, and nothing is said");
    let writes = exact.log().iter().filter(|line| !line.starts_with("GET ")).count();
    assert_eq!(writes, 1, "nothing but the tokens was asked for with POST");
}

#[test]
fn a_code_works_once_with_its_own_verifier_and_nothing_is_kept_of_another() {
    let exact = Exact::at(NOW_S);
    let reader = Reader::new(connector(&exact), NOW_S);
    assert_eq!(redeem(&reader, "a code"), Err(Trouble::Revoked), "nobody asked");
    let first = consent(&reader, "state-1");
    let asked = reader.secret.borrow().clone();
    assert_eq!(redeem(&reader, "a code of nobody"), Err(Trouble::Revoked));
    assert_eq!(*reader.secret.borrow(), asked);
    // Asked anew: the code of before does not fit the verifier of now.
    let second = consent(&reader, "state-2");
    assert_eq!(redeem(&reader, &first), Err(Trouble::Revoked));
    redeem(&reader, &second).unwrap();
    let held = reader.secret.borrow().clone();
    assert_eq!(redeem(&reader, &second), Err(Trouble::Revoked));
    assert_eq!(*reader.secret.borrow(), held, "what works is not lost to a second try");
}

#[test]
fn while_the_owner_is_away_to_consent_anew_what_he_gave_before_goes_on() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    let code = consent(&reader, "state-2");
    reader.round().unwrap();
    pass(&exact, &mut reader, 700);
    reader.round().unwrap();
    redeem(&reader, &code).unwrap();
    reader.round().unwrap();
}

#[test]
fn an_access_token_is_renewed_after_570_seconds_and_not_before() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    for (seconds, calls) in [(0, 1), (569, 1), (1, 2), (300, 2), (270, 3)] {
        pass(&exact, &mut reader, seconds);
        reader.round().unwrap();
        assert_eq!(exact.token_calls(), calls, "{seconds}");
    }
}

#[test]
fn a_new_refresh_token_is_on_the_disk_before_the_access_token_is_used() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    pass(&exact, &mut reader, 600);
    let at_keeping = Rc::new(RefCell::new(Vec::new()));
    let (log, seen) = (exact.clone(), Rc::clone(&at_keeping));
    reader.kept = Box::new(move || seen.borrow_mut().push(log.log()));
    let before = reader.secret.borrow().clone();
    reader.page().unwrap();
    assert_ne!(*reader.secret.borrow(), before);
    let at_keeping = at_keeping.borrow();
    assert_eq!(at_keeping.len(), 1);
    assert_eq!(at_keeping[0].last().unwrap(), "POST /api/oauth2/token");
}

#[test]
fn where_a_new_refresh_token_cannot_be_kept_nothing_is_asked_with_it() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    pass(&exact, &mut reader, 600);
    reader.disk_full = true;
    assert_eq!(reader.page().unwrap_err(), Trouble::Store);
    assert_eq!(exact.log().last().unwrap(), "POST /api/oauth2/token");
}

#[test]
fn a_crash_after_the_tokens_were_kept_costs_nothing() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    pass(&exact, &mut reader, 600);
    // The process ends at the moment when the secret is on the disk.
    reader.kept = Box::new(|| panic!("the power fails"));
    let died = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| reader.page().is_ok()));
    assert!(died.is_err());
    let mut again = Reader::new(connector(&exact), reader.now_s);
    again.secret.swap(&reader.secret);
    let calls = exact.token_calls();
    again.round().unwrap();
    assert_eq!(exact.token_calls(), calls, "the token that was kept is used");
    pass(&exact, &mut again, 570);
    again.round().unwrap();
}

#[test]
fn tokens_that_were_lost_on_the_way_are_told_and_consenting_anew_mends_it() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    pass(&exact, &mut reader, 600);
    exact.lose_next_token_answer();
    assert_eq!(reader.round().unwrap_err(), Trouble::Answered(502));
    pass(&exact, &mut reader, 600);
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
    redeem(&reader, &consent(&reader, "state-2")).unwrap();
    reader.round().unwrap();
}

#[test]
fn a_copy_of_the_tokens_that_is_used_kills_the_consent() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    let mut thief = Reader::new(connector(&exact), NOW_S);
    *thief.secret.borrow_mut() = reader.secret.borrow().clone();
    pass(&exact, &mut reader, 600);
    thief.now_s = reader.now_s;
    reader.round().unwrap();
    assert_eq!(thief.round().unwrap_err(), Trouble::Revoked);
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
}

#[test]
fn a_consent_that_was_taken_back_and_settings_of_the_operator_that_are_wrong_are_told_apart() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    exact.revoke();
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
    pass(&exact, &mut reader, 600);
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app.json");
    let app = json!({"base": exact.url, "client_id": CLIENT, "client_secret": "old"});
    fs::write(&file, app.to_string()).unwrap();
    let wrong = Reader::new(Connector::new(App::read(&file).unwrap()), NOW_S);
    let code = consent(&wrong, "state-2");
    assert_eq!(redeem(&wrong, &code), Err(Trouble::Forbidden));
    fs::write(&file, "{}").unwrap();
    assert!(App::read(&file).is_err());
}

#[test]
fn everything_is_read_across_pages_and_limits_and_read_once() {
    let exact = Exact::at(NOW_S);
    exact.limit(10, 5_000);
    let mut reader = connected(&exact);
    for number in 1..=200 {
        invoice(&exact, number, NOW_S - 9_000, &json!({}));
        term(&exact, number, NOW_S - 9_000, 20, None);
        payable(&exact, number, 1_000.5, 0.0, None);
    }
    let mut keys = Vec::new();
    let mut waits = 0;
    loop {
        match reader.page() {
            Ok(batch) => {
                keys.extend(batch.entries.into_iter().map(|entry| entry.key));
                if !batch.more {
                    break;
                }
            }
            Err(Trouble::Limited(Some(wait))) => {
                assert!(wait <= Duration::from_mins(1), "{wait:?}");
                waits += 1;
                pass(&exact, &mut reader, i64::try_from(wait.as_secs()).unwrap());
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(waits > 0, "the limit was met");
    keys.sort();
    let all: Vec<String> = (1..=200).map(|number| guid('e', number)).collect();
    assert_eq!(keys, all);
}

#[test]
fn a_day_whose_calls_are_used_up_is_waited_for() {
    let exact = Exact::at(NOW_S);
    exact.limit(60, 1);
    let mut reader = connected(&exact);
    let error = reader.round().unwrap_err();
    assert_eq!(error, Trouble::Limited(Some(Duration::from_hours(24))));
    pass(&exact, &mut reader, 86_400);
    exact.limit(60, 5_000);
    reader.round().unwrap();
}

#[test]
fn each_turn_of_an_invoice_is_seen() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    let mut turn = |change: &dyn Fn(i64)| {
        pass(&exact, &mut reader, 900);
        change(reader.now_s);
        let entries = reader.round().unwrap();
        said(&entries, 1)
    };
    let open = Some(Payment::Open);
    let entered = turn(&|now| invoice(&exact, 1, now, &json!({"Status": 20})));
    assert_eq!(entered, (Some(Status::InProcess), None), "not on the list yet, and so not paid");
    let booked = turn(&|now| {
        invoice(&exact, 1, now, &json!({}));
        term(&exact, 1, now, 20, None);
        payable(&exact, 1, 1_000.5, 0.0, Some(3));
    });
    assert_eq!(booked, (Some(Status::Booked), open));
    let approved = turn(&|_| payable(&exact, 1, 1_000.5, 0.0, Some(4)));
    assert_eq!(approved, (Some(Status::Approved), open));
    let approved = Some(Status::Approved);
    assert_eq!(turn(&|now| term(&exact, 1, now, 30, None)), (approved, Some(Payment::Selected)));
    assert_eq!(turn(&|now| term(&exact, 1, now, 20, None)), (approved, open), "taken out again");
    let sent = turn(&|_| payable(&exact, 1, 1_000.5, 1_000.5, Some(4)));
    assert_eq!(sent, (approved, Some(Payment::Initiated)));
    let part = turn(&|_| payable(&exact, 1, 400.0, 400.0, Some(4)));
    assert_eq!(part, (approved, Some(Payment::Part(60_050))));
    let left = turn(&|now| {
        gone(&exact, 1);
        term(&exact, 1, now, 40, None);
    });
    assert_eq!(left, (approved, Some(Payment::Initiated)), "a bank file was made, no more");
    let paid = turn(&|now| term(&exact, 1, now, 50, Some(NOW_S)));
    let day = reader_day();
    assert_eq!(paid, (approved, Some(Payment::Paid(Some(day)))));
    let back = turn(&|now| {
        term(&exact, 1, now, 20, None);
        payable(&exact, 1, 1_000.5, 0.0, Some(4));
    });
    assert_eq!(back, (approved, open), "the payment came back");
}

fn reader_day() -> tallystick::types::Date {
    tallystick::types::Timestamp::from_millis(NOW_S * 1_000).unwrap().date()
}

#[test]
fn absence_is_payment_only_of_what_was_there() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    invoice(&exact, 1, NOW_S - 900, &json!({}));
    invoice(&exact, 2, NOW_S - 900, &json!({}));
    payable(&exact, 2, 1_000.5, 0.0, None);
    let entries = reader.round().unwrap();
    assert_eq!(said(&entries, 1), (Some(Status::Booked), None));
    assert_eq!(said(&entries, 2), (Some(Status::Booked), Some(Payment::Open)));
    pass(&exact, &mut reader, 900);
    gone(&exact, 2);
    let entries = reader.round().unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!(said(&entries, 2), (None, Some(Payment::Paid(None))));
}

#[test]
fn an_invoice_that_is_gone_because_it_was_deleted_or_reversed_is_not_paid() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    for number in 1..=3 {
        invoice(&exact, number, NOW_S - 900, &json!({}));
        term(&exact, number, NOW_S - 900, 20, None);
        payable(&exact, number, 1_000.5, 0.0, None);
    }
    reader.round().unwrap();
    pass(&exact, &mut reader, 900);
    (1..=3).for_each(|number| gone(&exact, number));
    // Deleted, with and without a word on its payment term.
    for number in [1, 2] {
        let id = json!(guid('e', number));
        exact.remove("purchaseentry/PurchaseEntries", "EntryID", &id);
        exact.remove("cashflow/Payments", "TransactionEntryID", &id);
        exact.remove("sync/Cashflow/PaymentTerms", "TransactionEntryID", &id);
    }
    exact.put("sync/Deleted", "EntityKey", json!({"EntityType": 10, "EntityKey": guid('b', 1)}));
    invoice(&exact, 3, reader.now_s, &json!({"Reversal": true}));
    let entries = reader.round().unwrap();
    for number in 1..=3 {
        assert_eq!(said(&entries, number), (Some(Status::Queried), None), "{number}");
        let of = |entry: &&Entry| entry.key == guid('e', number);
        let void = entries.iter().find(of).unwrap().process.as_ref().is_some_and(|it| it.void);
        assert!(void, "{number}");
    }
}

#[test]
fn what_a_credit_note_settled_was_not_paid() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    let ended = Some(NOW_S - 86_400);
    invoice(&exact, 1, NOW_S - 900, &json!({}));
    term(&exact, 1, NOW_S - 900, 50, ended);
    invoice(&exact, 2, NOW_S - 900, &json!({"Type": 31, "AmountFC": -1_000.5}));
    term(&exact, 2, NOW_S - 900, 50, ended);
    // Another one, which was paid on another day.
    invoice(&exact, 3, NOW_S - 900, &json!({}));
    term(&exact, 3, NOW_S - 900, 50, Some(NOW_S));
    let entries = reader.round().unwrap();
    assert_eq!(said(&entries, 1), (Some(Status::Booked), None));
    assert_eq!(said(&entries, 3), (None, Some(Payment::Paid(Some(reader_day())))));
    assert_eq!(entries.len(), 2, "a credit note says nothing of an invoice");
}

#[test]
fn refusals_and_drafts_are_told_and_missing_parts_of_a_subscription_are_passed_over() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    invoice(&exact, 1, NOW_S - 900, &json!({"Status": 5}));
    exact.put(
        "purchase/PurchaseInvoices",
        "ID",
        json!({"ID": guid('d', 1), "Supplier": SUPPLIER, "YourRef": "F-9", "InvoiceDate": date(NOW_S),
            "Amount": 12.5, "Currency": "EUR", "Status": 10, "Type": 8_030, "Modified": date(NOW_S)}),
    );
    let entries = reader.round().unwrap();
    assert_eq!(said(&entries, 1).0, Some(Status::Refused));
    let draft = entries.iter().find(|entry| entry.number == "F-9").unwrap();
    assert_eq!(draft.process.as_ref().map(|stand| stand.status), Some(Status::Received));
    assert_eq!(draft.payment, None);
    exact.forbid("purchase/PurchaseInvoices");
    assert_eq!(reader.round().unwrap(), []);
    exact.forbid("purchaseentry/PurchaseEntries");
    assert_eq!(reader.round().unwrap_err(), Trouble::Forbidden);
}

#[test]
fn an_invoice_that_was_forgotten_is_asked_for_when_something_happens_to_it() {
    let exact = Exact::at(NOW_S);
    let mut reader = connected(&exact);
    invoice(&exact, 1, NOW_S - 900, &json!({}));
    term(&exact, 1, NOW_S - 900, 50, Some(NOW_S));
    reader.round().unwrap();
    pass(&exact, &mut reader, 100 * 86_400);
    // Tokens live thirty days unused.
    let lost = reader.round().unwrap_err();
    assert_eq!(lost, Trouble::Revoked);
    redeem(&reader, &consent(&reader, "state-2")).unwrap();
    reader.round().unwrap();
    pass(&exact, &mut reader, 900);
    let now = reader.now_s;
    term(&exact, 1, now, 20, None);
    payable(&exact, 1, 300.0, 0.0, None);
    let entries = reader.round().unwrap();
    assert_eq!(entries.len(), 1);
    pass(&exact, &mut reader, 900);
    let entries = reader.round().unwrap();
    assert_eq!(said(&entries, 1).1, Some(Payment::Part(70_050)));
}

#[test]
fn notices_are_subscribed_to_once_and_only_genuine_ones_of_this_company_count() {
    let exact = Exact::at(NOW_S);
    let tried = serve(|request| Answer::empty(if request.body.is_empty() { 200 } else { 400 }));
    exact.register_redirect(BACK);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app.json");
    let app = json!({"base": exact.url, "client_id": CLIENT, "client_secret": CLIENT_SECRET,
        "webhook_secret": WEBHOOK_SECRET, "webhook_url": tried});
    fs::write(&file, app.to_string()).unwrap();
    let mut reader = Reader::new(Connector::new(App::read(&file).unwrap()), NOW_S);
    redeem(&reader, &consent(&reader, "state-1")).unwrap();
    reader.round().unwrap();
    reader.round().unwrap();
    let topics: Vec<String> = exact.subscriptions().into_iter().map(|(topic, _)| topic).collect();
    assert_eq!(topics, ["PurchaseEntries", "BankEntries", "FinancialTransactions"]);
    let notice = |division: u64, secret: &str| {
        let content = format!(r#"{{"Topic":"BankEntries",  "Division":{division}}}"#);
        let code = hash_code(&content, secret);
        format!(r#"{{"Content":{content},"HashCode":"{code}"}}"#).into_bytes()
    };
    let is_told = |cursor: Option<&[u8]>, notice: &[u8]| reader.connector.is_told(cursor, notice);
    let cursor = reader.cursor.as_deref();
    let own = notice(DIVISION, WEBHOOK_SECRET);
    assert!(is_told(cursor, &own) && is_told(None, &own));
    let others = notice(DIVISION + 1, WEBHOOK_SECRET);
    assert!(is_told(None, &others) && !is_told(cursor, &others));
    assert!(!is_told(None, &notice(DIVISION, "another")));
}

#[test]
fn a_secret_that_is_no_secret_of_ours_is_told_as_revoked() {
    let exact = Exact::at(NOW_S);
    let mut reader = Reader::new(connector(&exact), NOW_S);
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
    *reader.secret.borrow_mut() = Some(Secret::new("{}".to_owned()));
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
}
