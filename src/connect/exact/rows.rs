//! Exact Online's rows as they come over the wire: only the columns that are read.
//!
//! Amounts are taken as the text that they are, since they are decimals and no floats; `/Date(…)/` is milliseconds.
//! A row that does not have this form is passed over, so that one strange row does not hide the others.

use core::fmt;
use core::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, de};
use serde_json::value::RawValue;

use crate::connect::connector::Trouble;
use crate::types::{Currency, Minor, Timestamp};

/// A page of a table.
pub(super) struct Page<T> {
    pub(super) rows: Vec<T>,
    /// Where the next one is.
    pub(super) next: Option<String>,
}

#[derive(Deserialize)]
struct Envelope {
    d: Results,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Box<RawValue>>,
    #[serde(rename = "__next", default)]
    next: Option<String>,
}

/// Reads a page.
pub(super) fn page<T: DeserializeOwned>(body: &[u8]) -> Result<Page<T>, Trouble> {
    let wrong = Trouble::Malformed("a table of Exact Online");
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| wrong)?;
    let Results { results, next } = envelope.d;
    let rows: Vec<T> =
        results.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).collect();
    // If no row is what it was, the table is another one than we know.
    if rows.is_empty() && !results.is_empty() {
        return Err(wrong);
    }
    Ok(Page { rows, next })
}

/// `current/Me`
#[derive(Deserialize)]
pub(super) struct Me {
    #[serde(rename = "CurrentDivision")]
    pub(super) division: u64,
}

/// `purchaseentry/PurchaseEntries`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EntryRow {
    #[serde(rename = "EntryID")]
    pub(super) id: Guid,
    pub(super) entry_number: i64,
    pub(super) supplier: Guid,
    pub(super) your_ref: Option<String>,
    pub(super) entry_date: Option<Moment>,
    #[serde(rename = "AmountFC")]
    pub(super) amount: Option<Decimal>,
    pub(super) currency: Option<String>,
    pub(super) status: u16,
    #[serde(rename = "Type")]
    pub(super) kind: u16,
    #[serde(default)]
    pub(super) reversal: Option<bool>,
    pub(super) modified: Moment,
}

impl EntryRow {
    pub(super) const SELECT: &str = "EntryID,EntryNumber,Supplier,YourRef,EntryDate,AmountFC,Currency,Status,Type,Reversal,Modified";
}

/// `purchase/PurchaseInvoices`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InvoiceRow {
    #[serde(rename = "ID")]
    pub(super) id: Guid,
    pub(super) supplier: Guid,
    pub(super) your_ref: Option<String>,
    pub(super) invoice_date: Option<Moment>,
    pub(super) amount: Option<Decimal>,
    pub(super) currency: Option<String>,
    pub(super) status: u16,
    #[serde(rename = "Type")]
    pub(super) kind: u16,
    pub(super) modified: Moment,
}

impl InvoiceRow {
    pub(super) const SELECT: &str =
        "ID,Supplier,YourRef,InvoiceDate,Amount,Currency,Status,Type,Modified";
}

/// `sync/Cashflow/PaymentTerms`, and `cashflow/Payments`, which has no line type.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TermRow {
    #[serde(default)]
    pub(super) timestamp: Option<u64>,
    #[serde(rename = "ID")]
    pub(super) id: Guid,
    #[serde(rename = "TransactionEntryID")]
    pub(super) entry: Option<Guid>,
    #[serde(default)]
    pub(super) line_type: Option<u16>,
    pub(super) status: u16,
    #[serde(default)]
    pub(super) approval_status: Option<u16>,
    pub(super) end_date: Option<Moment>,
    #[serde(default)]
    pub(super) invoice_date: Option<Moment>,
    #[serde(default)]
    pub(super) modified: Option<Moment>,
}

impl TermRow {
    pub(super) const SELECT: &str = "Timestamp,ID,TransactionEntryID,LineType,Status,ApprovalStatus,EndDate,InvoiceDate,Modified";
    pub(super) const SELECT_PAYMENT: &str =
        "ID,TransactionEntryID,Status,ApprovalStatus,EndDate,InvoiceDate,Modified";
}

/// `sync/Deleted`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeletedRow {
    pub(super) timestamp: u64,
    pub(super) entity_type: u16,
    pub(super) entity_key: Guid,
}

impl DeletedRow {
    pub(super) const SELECT: &str = "Timestamp,EntityType,EntityKey";
    /// The entity type of a payment term.
    pub(super) const TERM: u16 = 10;
    /// The entity type of an account.
    pub(super) const ACCOUNT: u16 = 2;
}

/// `read/financial/PayablesList`
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct PayableRow {
    pub(super) account_id: Guid,
    pub(super) entry_number: i64,
    pub(super) your_ref: Option<String>,
    pub(super) amount: Decimal,
    pub(super) amount_in_transit: Option<Decimal>,
    pub(super) currency_code: Option<String>,
    #[serde(default)]
    pub(super) approval_status: Option<u16>,
}

impl PayableRow {
    pub(super) const SELECT: &str =
        "HID,AccountId,EntryNumber,YourRef,Amount,AmountInTransit,CurrencyCode,ApprovalStatus";
}

/// `crm/Accounts`
#[derive(Deserialize)]
pub(super) struct AccountRow {
    #[serde(rename = "ID")]
    pub(super) id: Guid,
    #[serde(rename = "Country")]
    pub(super) country: Option<String>,
    #[serde(rename = "VATNumber")]
    pub(super) vat: Option<String>,
    #[serde(rename = "ChamberOfCommerce")]
    pub(super) register: Option<String>,
    #[serde(rename = "OINNumber")]
    pub(super) oin: Option<String>,
    #[serde(rename = "GlnNumber")]
    pub(super) gln: Option<String>,
}

impl AccountRow {
    pub(super) const SELECT: &str = "ID,Country,VATNumber,ChamberOfCommerce,OINNumber,GlnNumber";
}

/// An id of Exact's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Guid(u128);

impl FromStr for Guid {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "expected a GUID";
        let digits: String = text.chars().filter(|c| *c != '-').collect();
        if digits.len() != 32 || !digits.bytes().all(|c| c.is_ascii_hexdigit()) {
            return Err(expected);
        }
        u128::from_str_radix(&digits, 16).map(Self).map_err(|_| expected)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{:032x}", self.0);
        let parts = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| text.get(part).unwrap_or(""));
        f.write_str(&parts.join("-"))
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
        } else {
            u128::deserialize(deserializer).map(Self)
        }
    }
}

/// A time of Exact's: `/Date(1763769600000)/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment(pub(super) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let inner = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/"));
        // A zone may follow; the milliseconds are those of UTC all the same.
        let millis = inner.map(|inner| inner.split(['+', '-']).next().unwrap_or_default());
        let millis = millis.and_then(|millis| millis.parse().ok());
        let time = millis.and_then(Timestamp::from_millis);
        time.map(Self).ok_or_else(|| de::Error::custom("expected /Date(…)/"))
    }
}

/// A decimal as the text that stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decimal(pub(super) String);

impl Decimal {
    /// Its size in minor units, whatever its sign: Exact books what is owed as negative in some tables.
    pub(super) fn size(&self, currency: Currency) -> Option<Minor> {
        currency.minor(&self.0).and_then(Minor::checked_abs)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self(raw.get().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_row_by_row_and_a_strange_row_is_passed_over() {
        let good = r#"{"ID":"AAAAAAAA-0000-0000-0000-00000000000f","VATNumber":null,"Other":1}"#;
        let body = |rows: &str| format!(r#"{{"d":{{"results":[{rows}],"__next":"there"}}}}"#);
        let read = page::<AccountRow>(body(&format!("{good},{{\"ID\":7}}")).as_bytes()).unwrap();
        assert_eq!(read.next.as_deref(), Some("there"));
        assert_eq!(read.rows.len(), 1);
        assert_eq!(read.rows[0].id.to_string(), "aaaaaaaa-0000-0000-0000-00000000000f");
        assert!(page::<AccountRow>(body("").as_bytes()).unwrap().rows.is_empty());
        for wrong in [body("{}"), "{}".to_owned(), "<html>".to_owned()] {
            assert!(page::<AccountRow>(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_and_decimals_are_exact_or_nothing() {
        for (text, millis) in [
            (r#""/Date(1763769600000)/""#, Some(1_763_769_600_000)),
            (r#""/Date(1763769600000+0100)/""#, Some(1_763_769_600_000)),
            (r#""2025-11-22""#, None),
            (r#""/Date()/""#, None),
        ] {
            let read = serde_json::from_str::<Moment>(text).ok();
            assert_eq!(read.map(|moment| moment.0.millis()), millis, "{text}");
        }
        let euro = "EUR".parse().unwrap();
        for (text, size) in [
            ("710", Some(71_000)),
            ("-710.5", Some(71_050)),
            ("0.30000000000000004", None),
            ("1e3", None),
            ("\"710\"", None),
        ] {
            let read = serde_json::from_str::<Decimal>(text).ok();
            assert_eq!(read.and_then(|decimal| decimal.size(euro)), size, "{text}");
        }
    }
}
