//! Odoo, from version 19 on: supplier invoices over the JSON-2 API, with an API key that the owner makes there.
//!
//! - A round reads what was written since the last one began, by id: an order that nothing changes while it is read. Some
//!   minutes are read again, since a time there is that of a transaction's beginning, and shown without its fractions.
//! - `paid` is money matched only where an accounting module is installed, which has `in_payment` before it. In
//!   Community a payment that was merely registered is `paid` too: there it is a payment on its way.
//! - A draft that was never sent for booking is received; one that was changed after it was made is in process.
//! - Times come in UTC without saying so, amounts as numbers, and what is empty as `false`.
//!
//! Tested against a stand-in of ours that is true to the published contract, and not against Odoo.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::connect::client::Client;
use crate::connect::connector::{
    Access, Batch, Connector, Entry, Payment, Setting, Settings, Stand, Trouble,
};
use crate::einvoice::LedgerParty;
use crate::statement::{SourceKind, Status};
use crate::types::{Currency, Date, Minor, Timestamp};

/// Invoices a page.
const PAGE: usize = 100;
/// What is read again each time.
const OVERLAP_MS: i64 = 5 * 60_000;
/// The columns of an invoice that are read.
const COLUMNS: [&str; 12] = [
    "move_type",
    "state",
    "payment_state",
    "ref",
    "invoice_date",
    "amount_total",
    "amount_residual",
    "currency_id",
    "partner_id",
    "create_date",
    "write_date",
    "reversal_move_ids",
];

/// The connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct Odoo;

/// The cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Cursor {
    /// From when on this round reads.
    since: Option<Timestamp>,
    /// From when on the next one will.
    then: Option<Timestamp>,
    /// The last invoice of this round that was read; none before it begins.
    id: Option<u64>,
}

impl Connector for Odoo {
    fn system(&self) -> &'static str {
        "odoo"
    }

    fn settings(&self) -> &'static [Setting] {
        &[
            Setting { name: "url", required: true },
            Setting { name: "database", required: false },
            Setting { name: "company", required: false },
            Setting { name: "edition", required: false },
        ]
    }

    fn check(&self, settings: &Settings, client: &Client) -> Result<(), String> {
        let get = |name: &str| settings.get(name).map_or("", String::as_str);
        client.check(get("url")).map_err(|error| format!("`url` {error}"))?;
        if get("url").contains('?') {
            return Err(
                "`url` is the address of the server, such as https://books.example.com".to_owned()
            );
        }
        if !get("database").bytes().all(|c| c.is_ascii_graphic()) {
            return Err("`database` is the name of a database: visible ASCII characters".to_owned());
        }
        if settings.get("company").is_some_and(|company| company.parse::<u64>().is_err()) {
            return Err("`company` is the number of a company in Odoo (res.company)".to_owned());
        }
        if !matches!(get("edition"), "" | "community" | "enterprise") {
            return Err("`edition` is community (if left out) or enterprise: with an accounting module that matches bank statements".to_owned());
        }
        Ok(())
    }

    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble> {
        let mut cursor: Cursor =
            cursor.and_then(|bytes| postcard::from_bytes(bytes).ok()).unwrap_or_default();
        let company = access.setting("company");
        if cursor.id.is_none() {
            let last: Vec<Written> = ask(
                access,
                "account.move/search_read",
                &json!({
                    "domain": domain(&Cursor::default(), company),
                    "fields": ["write_date"],
                    "order": "write_date desc",
                    "limit": 1,
                }),
            )?;
            let last = last.first().and_then(|last| utc(&last.write_date));
            cursor.then = last.map(|last| last.plus_millis(OVERLAP_MS.saturating_neg()));
        }
        let moves: Vec<Box<RawValue>> = ask(
            access,
            "account.move/search_read",
            &json!({
                "domain": domain(&cursor, company),
                "fields": COLUMNS,
                "order": "id asc",
                "limit": PAGE,
            }),
        )?;
        let read: Vec<Move> = readable(&moves)?;
        let mut partners: Vec<u64> =
            read.iter().filter_map(|it| it.partner.as_ref()).map(|partner| partner.0).collect();
        partners.sort_unstable();
        partners.dedup();
        let partners: Vec<Partner> = if partners.is_empty() {
            Vec::new()
        } else {
            let fields = ["vat", "company_registry", "country_code"];
            ask(access, "res.partner/read", &json!({ "ids": partners, "fields": fields }))?
        };
        let bank = access.setting("edition") == "enterprise";
        let entries = read.iter().filter_map(|it| entry(it, &partners, bank)).collect();
        let more = moves.len() >= PAGE;
        cursor = if more {
            Cursor { id: read.iter().map(|it| it.id).max(), ..cursor }
        } else {
            Cursor { since: cursor.then.or(cursor.since), then: None, id: None }
        };
        let bytes = postcard::to_allocvec(&cursor).map_err(|_| Trouble::Store)?;
        Ok(Batch { entries, cursor: bytes, more })
    }
}

/// Rows that have the form that we know; one that has not is passed over, unless none has.
fn readable(rows: &[Box<RawValue>]) -> Result<Vec<Move>, Trouble> {
    let read: Vec<Move> =
        rows.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect();
    if read.is_empty() && !rows.is_empty() {
        return Err(Trouble::Malformed("invoices of Odoo"));
    }
    Ok(read)
}

/// Supplier invoices behind the cursor.
fn domain(cursor: &Cursor, company: &str) -> Value {
    let mut domain = vec![json!(["move_type", "=", "in_invoice"])];
    if let Ok(company) = company.parse::<u64>() {
        domain.push(json!(["company_id", "=", company]));
    }
    if let Some(since) = cursor.since {
        domain.push(json!(["write_date", ">=", written(since)]));
    }
    if let Some(id) = cursor.id {
        domain.push(json!(["id", ">", id]));
    }
    Value::Array(domain)
}

fn ask<T: DeserializeOwned>(
    access: &Access<'_>,
    method: &str,
    arguments: &Value,
) -> Result<T, Trouble> {
    let url = format!("{}/json/2/{method}", access.setting("url").trim_end_matches('/'));
    let key = access.secret()?;
    let bearer = zeroize::Zeroizing::new(format!("bearer {}", key.reveal()));
    let database = access.setting("database");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json; charset=utf-8"),
        ("x-odoo-database", database),
    ];
    let headers = if database.is_empty() { headers.get(..2) } else { headers.get(..) };
    let body = arguments.to_string();
    access.client().post(&url, headers.unwrap_or_default(), body.as_bytes())?.json()
}

/// `account.move`
#[derive(Debug, Deserialize)]
struct Move {
    id: u64,
    #[serde(rename = "move_type")]
    kind: String,
    state: String,
    #[serde(deserialize_with = "filled")]
    payment_state: Option<String>,
    #[serde(rename = "ref", deserialize_with = "filled")]
    reference: Option<String>,
    #[serde(deserialize_with = "filled")]
    invoice_date: Option<Date>,
    amount_total: Box<RawValue>,
    amount_residual: Box<RawValue>,
    #[serde(rename = "currency_id", deserialize_with = "filled")]
    currency: Option<(u64, String)>,
    #[serde(rename = "partner_id", deserialize_with = "filled")]
    partner: Option<(u64, IgnoredAny)>,
    create_date: String,
    write_date: String,
    #[serde(default)]
    reversal_move_ids: Vec<u64>,
}

/// The time alone.
#[derive(Debug, Deserialize)]
struct Written {
    write_date: String,
}

/// `res.partner`
#[derive(Debug, Deserialize)]
struct Partner {
    id: u64,
    #[serde(deserialize_with = "filled")]
    vat: Option<String>,
    #[serde(deserialize_with = "filled")]
    company_registry: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    country_code: Option<String>,
}

/// What is empty is `false` there.
fn filled<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Filled<T> {
        Value(T),
        Empty(IgnoredAny),
    }
    Ok(match Filled::deserialize(deserializer)? {
        Filled::Value(value) => Some(value),
        Filled::Empty(IgnoredAny) => None,
    })
}

/// What an invoice says now.
fn entry(it: &Move, partners: &[Partner], bank: bool) -> Option<Entry> {
    if it.kind != "in_invoice" {
        return None;
    }
    let (partner, _) = it.partner.as_ref()?;
    let partner = partners.iter().find(|other| other.id == *partner)?;
    let party = LedgerParty {
        country: partner.country_code.as_deref(),
        register: partner.company_registry.as_deref(),
        vat: partner.vat.as_deref(),
        stated: &[],
    };
    let currency: Option<Currency> = it.currency.as_ref().and_then(|(_, name)| name.parse().ok());
    let amount = |raw: &RawValue| currency.and_then(|currency| currency.minor(raw.get()));
    let total = amount(&it.amount_total);
    let residual = amount(&it.amount_residual);
    let (process, payment) = stands(it, total, residual, bank);
    Some(Entry {
        key: it.id.to_string(),
        suppliers: party.ids(),
        number: it.reference.clone()?,
        issued: it.invoice_date,
        total: total.zip(currency),
        changed_at: utc(&it.write_date)?,
        source: SourceKind::Ledger,
        document: None,
        process: Some(process),
        payment,
    })
}

/// The debtor's process and the money, by STANDARDS 5.2 and 9.1.
fn stands(
    it: &Move,
    total: Option<Minor>,
    residual: Option<Minor>,
    bank: bool,
) -> (Stand, Option<Payment>) {
    let because =
        |status, reason: &str| Stand { reasons: vec![reason.to_owned()], ..Stand::at(status) };
    let booked = Stand::at(Status::Booked);
    match (it.state.as_str(), it.payment_state.as_deref()) {
        ("draft", _) if it.create_date == it.write_date => (Stand::at(Status::Received), None),
        ("draft", _) => (Stand::at(Status::InProcess), None),
        // It may be entered anew.
        ("cancel", _) => (Stand { void: true, ..because(Status::Queried, "cancelled") }, None),
        // Credited in full: nothing is to be paid any more, and nothing was.
        ("posted", Some("reversed")) => (because(Status::Refused, "credited"), None),
        ("posted", Some("blocked")) => (Stand::at(Status::Queried), Some(Payment::Open)),
        ("posted", Some("not_paid")) => (booked, Some(Payment::Open)),
        ("posted", Some("paid")) if bank => (booked, Some(Payment::Paid(None))),
        ("posted", Some("in_payment" | "paid")) => (booked, Some(Payment::Initiated)),
        // What a credit note took off was not paid, and it is not said how much that was.
        ("posted", Some("partial")) if it.reversal_move_ids.is_empty() => {
            let paid = total.zip(residual).map(|(total, open)| total.saturating_sub(open));
            (booked, paid.filter(|paid| *paid > 0).map(Payment::Part))
        }
        // `invoicing_legacy`: settled before the books were kept here.
        _ => (booked, None),
    }
}

/// A time of Odoo's: `2026-11-21 09:30:00`, UTC.
fn utc(text: &str) -> Option<Timestamp> {
    format!("{}Z", text.replacen(' ', "T", 1)).parse().ok()
}

fn written(time: Timestamp) -> String {
    time.to_string().replacen('T', " ", 1).chars().take(19).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(changes: &Value) -> Move {
        let mut row = json!({
            "id": 7,
            "move_type": "in_invoice",
            "state": "posted",
            "payment_state": "not_paid",
            "ref": "2026/17",
            "invoice_date": "2026-11-01",
            "amount_total": 710.0,
            "amount_residual": 710.0,
            "currency_id": [1, "EUR"],
            "partner_id": [3, "Kade B.V."],
            "create_date": "2026-11-02 09:00:00",
            "write_date": "2026-11-03 10:30:00",
            "reversal_move_ids": [],
        });
        for (name, value) in changes.as_object().unwrap() {
            row[name] = value.clone();
        }
        serde_json::from_str(&row.to_string()).unwrap()
    }

    fn partners() -> Vec<Partner> {
        let text = r#"[{"id":3,"vat":"NL002455799B11","company_registry":"68750110","country_code":"NL"},
            {"id":4,"vat":false,"company_registry":false,"country_code":false}]"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn each_state_is_the_status_that_it_is_worth() {
        let because =
            |status, reason: &str| Stand { reasons: vec![reason.to_owned()], ..Stand::at(status) };
        let void = Stand { void: true, ..because(Status::Queried, "cancelled") };
        let credited = because(Status::Refused, "credited");
        let booked = Stand::at(Status::Booked);
        for (changes, bank, process, payment) in [
            (
                json!({"state": "draft", "write_date": "2026-11-02 09:00:00"}),
                false,
                Stand::at(Status::Received),
                None,
            ),
            (json!({"state": "draft"}), false, Stand::at(Status::InProcess), None),
            (json!({}), false, booked.clone(), Some(Payment::Open)),
            (
                json!({"payment_state": "blocked"}),
                false,
                Stand::at(Status::Queried),
                Some(Payment::Open),
            ),
            (
                json!({"payment_state": "in_payment", "amount_residual": 0.0}),
                true,
                booked.clone(),
                Some(Payment::Initiated),
            ),
            (
                json!({"payment_state": "paid", "amount_residual": 0}),
                true,
                booked.clone(),
                Some(Payment::Paid(None)),
            ),
            // Community: a payment that was registered, which nobody has matched.
            (
                json!({"payment_state": "paid", "amount_residual": 0}),
                false,
                booked.clone(),
                Some(Payment::Initiated),
            ),
            (
                json!({"payment_state": "partial", "amount_residual": 500.5}),
                false,
                booked.clone(),
                Some(Payment::Part(20_950)),
            ),
            (
                json!({"payment_state": "partial", "amount_residual": 500.5, "reversal_move_ids": [9]}),
                false,
                booked.clone(),
                None,
            ),
            (json!({"payment_state": "reversed", "amount_residual": 0}), false, credited, None),
            (json!({"payment_state": "invoicing_legacy"}), false, booked.clone(), None),
            (json!({"state": "cancel"}), false, void.clone(), None),
        ] {
            let entry = entry(&row(&changes), &partners(), bank).unwrap();
            assert_eq!(
                (entry.process, entry.payment),
                (Some(process), payment),
                "{changes} {bank}"
            );
        }
    }

    #[test]
    fn an_entry_says_whose_invoice_it_is() {
        let entry = entry(&row(&json!({})), &partners(), false).unwrap();
        let ids: Vec<String> = entry.suppliers.iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["0106:68750110", "9944:NL002455799B11"]);
        assert_eq!((entry.key.as_str(), entry.number.as_str()), ("7", "2026/17"));
        assert_eq!(entry.issued.map(|day| day.to_string()).as_deref(), Some("2026-11-01"));
        assert_eq!(entry.total.map(|(total, _)| total), Some(71_000));
        assert_eq!(entry.changed_at.to_string(), "2026-11-03T10:30:00.000Z");
        assert_eq!(written(entry.changed_at), "2026-11-03 10:30:00");
    }

    #[test]
    fn what_is_empty_or_no_invoice_of_a_supplier_says_nothing() {
        for changes in [
            json!({"ref": false}),
            json!({"partner_id": false}),
            json!({"partner_id": [5, "unknown"]}),
            json!({"move_type": "in_refund"}),
        ] {
            assert!(entry(&row(&changes), &partners(), false).is_none(), "{changes}");
        }
        let nobody = entry(&row(&json!({"partner_id": [4, "x"]})), &partners(), false).unwrap();
        assert!(nobody.suppliers.is_empty());
        let strange = entry(&row(&json!({"currency_id": [9, "BTC"]})), &partners(), true).unwrap();
        assert_eq!(strange.total, None);
    }

    #[test]
    fn one_strange_row_is_passed_over_and_a_strange_table_is_not() {
        let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
        let good = json!({"id": 1, "move_type": "in_invoice", "state": "draft", "payment_state": false, "ref": false,
            "invoice_date": false, "amount_total": 0, "amount_residual": 0, "currency_id": false,
            "partner_id": false, "create_date": "", "write_date": ""});
        assert_eq!(readable(&[raw(&good.to_string()), raw("{}")]).unwrap().len(), 1);
        assert!(readable(&[raw("{}")]).is_err());
        assert!(readable(&[]).unwrap().is_empty());
    }
}
