//! Odoo, against the stand-in.

use serde_json::{Value, json};
use tallystick::connect::odoo::Odoo as Connector;
use tallystick::connect::{Connector as _, Payment, Secret, Trouble};
use tallystick::statement::Status;

use crate::odoo_stand_in::{DATABASE, Odoo};
use crate::reader::Reader;

const NOW_S: i64 = 1_795_000_000;

fn connected(odoo: &Odoo) -> Reader<Connector> {
    odoo.make_key("key-1");
    let mut reader = Reader::new(Connector, NOW_S);
    reader.settings.insert("url".to_owned(), odoo.url.clone());
    reader.settings.insert("database".to_owned(), DATABASE.to_owned());
    *reader.secret.borrow_mut() = Some(Secret::new("key-1".to_owned()));
    odoo.write(
        "res.partner",
        json!({"id": 3, "vat": "NL002455799B11", "company_registry": "68750110", "country_code": "NL"}),
    );
    reader
}

fn invoice(odoo: &Odoo, id: u64, written: &str, changes: &Value) {
    let mut record = json!({
        "id": id,
        "move_type": "in_invoice",
        "company_id": [1, "Us"],
        "state": "posted",
        "payment_state": "not_paid",
        "ref": format!("F-{id}"),
        "invoice_date": "2026-11-01",
        "amount_total": 710.5,
        "amount_residual": 710.5,
        "currency_id": [1, "EUR"],
        "partner_id": [3, "Kade B.V."],
        "create_date": "2026-11-02 09:00:00",
        "write_date": written,
        "reversal_move_ids": [],
    });
    for (name, value) in changes.as_object().expect("an object") {
        record[name] = value.clone();
    }
    odoo.write("account.move", record);
}

#[test]
fn every_invoice_is_read_once_and_then_only_what_changed() {
    let odoo = Odoo::start();
    let mut reader = connected(&odoo);
    // More than a page, all written in one second, as an import does.
    for id in 1..=250 {
        invoice(&odoo, id, "2026-11-03 10:00:00", &json!({}));
    }
    invoice(&odoo, 900, "2026-11-03 10:00:00", &json!({"move_type": "out_invoice"}));
    let mut read: Vec<u64> =
        reader.round().unwrap().iter().map(|entry| entry.key.parse().unwrap()).collect();
    read.sort_unstable();
    assert_eq!(read, (1..=250).collect::<Vec<_>>());
    invoice(&odoo, 7, "2026-11-03 11:00:00", &json!({"payment_state": "in_payment"}));
    reader.round().unwrap();
    // Now the hour of the import is no longer read again.
    invoice(
        &odoo,
        8,
        "2026-11-03 12:00:00",
        &json!({"payment_state": "partial", "amount_residual": 10.5}),
    );
    let changed = reader.round().unwrap();
    let keys: Vec<&str> = changed.iter().map(|entry| entry.key.as_str()).collect();
    assert_eq!(keys, ["7", "8"]);
    assert_eq!(changed[1].payment, Some(Payment::Part(70_000)));
    assert_eq!(changed[1].process.as_ref().map(|stand| stand.status), Some(Status::Booked));
}

#[test]
fn what_is_written_while_a_round_is_read_is_not_lost() {
    let odoo = Odoo::start();
    let mut reader = connected(&odoo);
    for id in 1..=150 {
        invoice(&odoo, id, "2026-11-03 10:00:00", &json!({}));
    }
    assert!(reader.page().unwrap().more);
    // The first page was read; an invoice of it is paid, and one of the next page is changed after that.
    invoice(&odoo, 5, "2026-11-03 10:30:00", &json!({"payment_state": "in_payment"}));
    invoice(&odoo, 140, "2026-11-03 10:40:00", &json!({"payment_state": "blocked"}));
    reader.round().unwrap();
    let next = reader.round().unwrap();
    let paying = next.iter().find(|entry| entry.key == "5").unwrap();
    assert_eq!(paying.payment, Some(Payment::Initiated));
}

#[test]
fn paid_in_community_is_a_payment_on_its_way_and_only_a_bank_makes_it_paid() {
    let odoo = Odoo::start();
    let mut reader = connected(&odoo);
    let paid = json!({"payment_state": "paid", "amount_residual": 0.0});
    invoice(&odoo, 1, "2026-11-03 10:00:00", &paid);
    assert_eq!(reader.round().unwrap()[0].payment, Some(Payment::Initiated));
    reader.settings.insert("edition".to_owned(), "enterprise".to_owned());
    reader.cursor = None;
    assert_eq!(reader.round().unwrap()[0].payment, Some(Payment::Paid(None)));
}

#[test]
fn one_company_of_several_can_be_chosen() {
    let odoo = Odoo::start();
    let mut reader = connected(&odoo);
    invoice(&odoo, 1, "2026-11-03 10:00:00", &json!({}));
    invoice(&odoo, 2, "2026-11-03 10:00:00", &json!({"company_id": [2, "Others"]}));
    reader.settings.insert("company".to_owned(), "2".to_owned());
    let read = reader.round().unwrap();
    assert_eq!(read.iter().map(|entry| entry.key.as_str()).collect::<Vec<_>>(), ["2"]);
}

#[test]
fn a_key_that_was_taken_back_is_told_and_a_server_that_is_down_is_waited_for() {
    let odoo = Odoo::start();
    let mut reader = connected(&odoo);
    invoice(&odoo, 1, "2026-11-03 10:00:00", &json!({}));
    odoo.down(true);
    let pause = core::time::Duration::from_secs(30);
    assert_eq!(reader.round().unwrap_err(), Trouble::Limited(Some(pause)));
    odoo.down(false);
    assert_eq!(reader.round().unwrap().len(), 1);
    odoo.revoke_keys();
    let cursor = reader.cursor.clone();
    assert_eq!(reader.round().unwrap_err(), Trouble::Revoked);
    assert_eq!(reader.cursor, cursor);
    assert!(
        odoo.log().iter().all(|call| call.ends_with("/search_read") || call.ends_with("/read"))
    );
}

#[test]
fn settings_are_checked_before_they_are_kept() {
    let odoo = Odoo::start();
    let reader = connected(&odoo);
    assert_eq!(reader.connector.check(&reader.settings, &reader.client), Ok(()));
    for (name, value) in [
        ("url", "ftp://books.example.com"),
        ("url", "https://books.example.com/?a=b"),
        ("database", "a b"),
        ("company", "one"),
        ("edition", "gold"),
    ] {
        let mut settings = reader.settings.clone();
        settings.insert(name.to_owned(), value.to_owned());
        let refused = reader.connector.check(&settings, &reader.client).unwrap_err();
        assert!(refused.starts_with(&format!("`{name}`")), "{refused}");
    }
}
