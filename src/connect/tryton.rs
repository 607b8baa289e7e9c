//! Tryton (8.2 and what answers like it): supplier invoices over its REST interface, with the key of a user application.
//!
//! - Asked for is only what changed since the last time, a page at a time and in the order of its ids; a few minutes are
//!   read twice, because a change gets its time before others can see it.
//! - `amount_to_pay` is nought for what is not posted, and also for what is only selected for payment: what was paid is
//!   the sum of the payment lines.
//! - A credited invoice and a void one are both `cancelled`: the move that ended it tells which.
//! - A key that was taken back is answered with 401.
//!
//! Settings: `url` of the server, `database`, and `payments` (`yes` where the module for payments is there, so that what
//! is selected and ordered is seen).

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::connect::client::Client;
use crate::connect::connector::{
    Access, Batch, Connector, Entry, Payment, Setting, Settings, Stand, Trouble,
};
use crate::einvoice::LedgerParty;
use crate::statement::{SourceKind, Status};
use crate::types::{Currency, Date, Minor, PartyId, Timestamp};

/// How many invoices are asked for at once.
const PAGE: usize = 100;
/// How far back is read again.
const OVERLAP_MILLIS: i64 = 5 * 60 * 1_000;

const FIELDS: &[&str] = &[
    "state",
    "reference",
    "invoice_date",
    "currency.code",
    "company.currency.code",
    "total_amount",
    "amount_to_pay",
    "create_date",
    "write_date",
    "party.identifiers.type",
    "party.identifiers.code",
    "cancel_move.origin",
    "payment_lines.debit",
    "payment_lines.credit",
    "payment_lines.date",
    "payment_lines.amount_second_currency",
    "payment_lines.second_currency.code",
];
const PAYMENT_FIELDS: &[&str] = &[
    "lines_to_pay.payments.state",
    "lines_to_pay.payments.create_date",
    "lines_to_pay.payments.write_date",
];

const SETTINGS: &[Setting] = &[
    Setting { name: "url", required: true },
    Setting { name: "database", required: true },
    Setting { name: "payments", required: false },
];

/// Reads the supplier invoices of a Tryton server.
pub struct Tryton;

/// How far the books were read: everything that changed before `since`, and of what changed later the first `offset`.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    since: Option<Timestamp>,
    offset: usize,
    /// The newest change that was seen so far.
    newest: Option<Timestamp>,
}

impl Connector for Tryton {
    fn system(&self) -> &'static str {
        "tryton"
    }

    fn settings(&self) -> &'static [Setting] {
        SETTINGS
    }

    fn check(&self, settings: &Settings, client: &Client) -> Result<(), String> {
        let get = |name: &str| settings.get(name).map_or("", String::as_str);
        client.check(get("url")).map_err(|error| format!("`url` {error}"))?;
        if get("url").contains('?') {
            return Err("`url` is the address of the server, without a query".to_owned());
        }
        let plain = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
        let database = get("database");
        if database.is_empty() || database.starts_with('.') || !database.bytes().all(plain) {
            return Err("`database` is a name of letters, digits, `-`, `_` and `.`".to_owned());
        }
        if !["", "yes", "no"].contains(&get("payments")) {
            return Err("`payments` is `yes` or `no`".to_owned());
        }
        Ok(())
    }

    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble> {
        // A cursor of another version is as good as none: everything is read once more.
        let cursor = cursor.and_then(|bytes| serde_json::from_slice(bytes).ok());
        let cursor: Cursor = cursor.unwrap_or_default();
        let payments = access.setting("payments") == "yes";
        let url = url(access.setting("url"), access.setting("database"), &cursor, payments);
        let authorisation = format!("bearer {}", access.secret()?.reveal());
        let reply = access.client().get(&url, &[("authorization", &authorisation)])?;
        let rows: Vec<Row> = reply.json()?;
        let more = rows.len() >= PAGE;
        let mut newest = cursor.newest;
        let mut entries = Vec::new();
        for row in &rows {
            let changed_at = row.changed_at().ok_or(Trouble::Forbidden)?;
            newest = newest.max(Some(changed_at));
            entries.extend(row.entry(changed_at)?);
        }
        let next = if more {
            Cursor { offset: cursor.offset.saturating_add(rows.len()), newest, ..cursor }
        } else {
            let since = newest.map(|newest| newest.plus_millis(-OVERLAP_MILLIS));
            Cursor { since: since.max(cursor.since), offset: 0, newest }
        };
        let cursor = serde_json::to_vec(&next).map_err(|_| Trouble::Malformed("the cursor"))?;
        Ok(Batch { entries, cursor, more })
    }
}

/// The address of a page.
fn url(server: &str, database: &str, cursor: &Cursor, payments: bool) -> String {
    let mut domain = json!([["type", "=", "in"]]);
    if let (Some(since), Some(clauses)) = (cursor.since, domain.as_array_mut()) {
        let since = moment(since);
        let mut any = vec![json!("OR")];
        let fields = ["create_date", "write_date"];
        let of_payments = ["move.lines.payments.create_date", "move.lines.payments.write_date"];
        let of_payments = of_payments.iter().filter(|_| payments);
        any.extend(fields.iter().chain(of_payments).map(|field| json!([field, ">=", since])));
        clauses.push(Value::Array(any));
    }
    let encoded = |value: &Value| URL_SAFE.encode(value.to_string()).replace('=', "%3D");
    let fields = FIELDS.iter().chain(PAYMENT_FIELDS.iter().filter(|_| payments));
    let fields: Vec<String> = fields.map(|field| format!("f={field}")).collect();
    format!(
        "{}/{database}/rest/model/account.invoice?d={}&o={}&s={PAGE}&p={}&{}",
        server.trim_end_matches('/'),
        encoded(&domain),
        encoded(&json!([["id", "ASC"]])),
        cursor.offset,
        fields.join("&"),
    )
}

/// An instant as Tryton writes it.
fn moment(at: Timestamp) -> Value {
    let text = at.to_string();
    let part = |range: core::ops::Range<usize>| -> u32 {
        text.get(range).and_then(|digits| digits.parse().ok()).unwrap_or(0)
    };
    json!({
        "__class__": "datetime", "year": part(0..4), "month": part(5..7), "day": part(8..10),
        "hour": part(11..13), "minute": part(14..16), "second": part(17..19),
        "microsecond": part(20..23).saturating_mul(1_000),
    })
}

/// A supplier invoice, as the server answers. What the key may not read is absent.
#[derive(Debug, Deserialize)]
struct Row {
    id: u64,
    #[serde(default)]
    state: String,
    reference: Option<String>,
    invoice_date: Option<Day>,
    currency: Option<Coded>,
    company: Option<Company>,
    total_amount: Option<Decimal>,
    amount_to_pay: Option<Decimal>,
    create_date: Option<Moment>,
    write_date: Option<Moment>,
    party: Option<Party>,
    cancel_move: Option<Move>,
    #[serde(default)]
    payment_lines: Vec<Line>,
    #[serde(default)]
    lines_to_pay: Vec<ToPay>,
}

#[derive(Debug, Deserialize)]
struct Coded {
    #[serde(default)]
    code: String,
}

#[derive(Debug, Deserialize)]
struct Company {
    currency: Option<Coded>,
}

#[derive(Debug, Deserialize)]
struct Decimal {
    decimal: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[expect(clippy::struct_field_names, reason = "these are the names that the server gives them")]
struct Day {
    year: i32,
    month: u32,
    day: u32,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Moment {
    year: i32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    #[serde(default)]
    microsecond: u32,
}

#[derive(Debug, Deserialize)]
struct Party {
    #[serde(default)]
    identifiers: Vec<Identifier>,
}

#[derive(Debug, Deserialize)]
struct Identifier {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Move {
    origin: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Line {
    debit: Option<Decimal>,
    credit: Option<Decimal>,
    date: Option<Day>,
    amount_second_currency: Option<Decimal>,
    second_currency: Option<Coded>,
}

#[derive(Debug, Deserialize)]
struct ToPay {
    #[serde(default)]
    payments: Vec<Order>,
}

/// A payment, as it is made: from draft to succeeded or failed.
#[derive(Debug, Deserialize)]
struct Order {
    #[serde(default)]
    state: String,
    create_date: Option<Moment>,
    write_date: Option<Moment>,
}

impl Day {
    fn date(self) -> Option<Date> {
        Date::from_ymd(self.year, self.month, self.day)
    }
}

impl Moment {
    fn time(self) -> Option<Timestamp> {
        let Self { year, month, day, hour, minute, second, microsecond } = self;
        let millis = microsecond / 1_000;
        let text =
            format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
        text.parse().ok()
    }
}

impl Row {
    /// When it was last changed, or a payment of it was.
    fn changed_at(&self) -> Option<Timestamp> {
        let orders = self.lines_to_pay.iter().flat_map(|line| &line.payments);
        let of_orders = orders.flat_map(|order| [order.create_date, order.write_date]);
        let all = [self.create_date, self.write_date].into_iter().chain(of_orders);
        all.flatten().filter_map(Moment::time).max()
    }

    /// The entry that it is; none where it is a credit note or has no number of the supplier.
    fn entry(&self, changed_at: Timestamp) -> Result<Option<Entry>, Trouble> {
        let number = self.reference.as_deref().map(str::trim).filter(|it| !it.is_empty());
        let Some(number) = number else { return Ok(None) };
        // The key may read invoices, and not everything that is needed to know them.
        let currency = self.currency.as_ref().ok_or(Trouble::Forbidden)?;
        let total = self.total_amount.as_ref().ok_or(Trouble::Forbidden)?;
        let party = self.party.as_ref().ok_or(Trouble::Forbidden)?;
        let Ok(currency) = currency.code.parse::<Currency>() else { return Ok(None) };
        let Some(total) = total.minor(currency) else { return Ok(None) };
        if total <= 0 {
            return Ok(None);
        }
        let (process, payment) = self.standing(total, currency);
        let Some(process) = process else { return Ok(None) };
        Ok(Some(Entry {
            key: format!("invoice-{}", self.id),
            suppliers: party.ids(),
            number: number.to_owned(),
            issued: self.invoice_date.and_then(Day::date),
            total: Some((total, currency)),
            changed_at,
            source: SourceKind::Ledger,
            document: None,
            process: Some(process),
            payment,
        }))
    }

    /// Where it stands with the debtor, and where its money does (STANDARDS 9.1).
    fn standing(&self, total: Minor, currency: Currency) -> (Option<Stand>, Option<Payment>) {
        let process = match self.state.as_str() {
            "draft" => Stand::at(Status::Received),
            "validated" => Stand::at(Status::InProcess),
            "posted" | "paid" => Stand::at(Status::Booked),
            "cancelled" => return (Some(self.end()), None),
            // A state of a module that we do not know says nothing.
            _ => return (None, None),
        };
        let payment = match self.state.as_str() {
            "paid" => Payment::Paid(self.paid_on()),
            "posted" => self.money(total, currency),
            _ => Payment::Open,
        };
        (Some(process), Some(payment))
    }

    /// A credited invoice is refused for good; what is void in the books may be entered anew.
    fn end(&self) -> Stand {
        let origin = self.cancel_move.as_ref().and_then(|it| it.origin.as_deref());
        if origin.is_some_and(|origin| origin.starts_with("account.invoice,")) {
            Stand { reasons: vec!["credited".to_owned()], ..Stand::at(Status::Refused) }
        } else {
            Stand {
                reasons: vec!["cancelled".to_owned()],
                void: true,
                ..Stand::at(Status::Queried)
            }
        }
    }

    fn money(&self, total: Minor, currency: Currency) -> Payment {
        let ordered = |state: &[&str]| {
            let mut orders = self.lines_to_pay.iter().flat_map(|line| &line.payments);
            orders.any(|order| state.contains(&order.state.as_str()))
        };
        match self.paid(total, currency) {
            // What covers all of it and is posted still was matched once, and is no longer: it came back.
            paid if paid >= total => Payment::Open,
            paid if paid > 0 => Payment::Part(paid),
            _ if ordered(&["processing", "succeeded"]) => Payment::Initiated,
            _ if ordered(&["approved"]) => Payment::Selected,
            _ => Payment::Open,
        }
    }

    /// What was paid, in the currency of the invoice.
    fn paid(&self, total: Minor, currency: Currency) -> Minor {
        let own = |coded: Option<&Coded>| coded.is_some_and(|it| it.code == currency.as_str());
        let in_own = own(self.company.as_ref().and_then(|company| company.currency.as_ref()));
        let amount = |line: &Line| {
            let minor = |amount: &Option<Decimal>| amount.as_ref()?.minor(currency);
            if own(line.second_currency.as_ref()) {
                minor(&line.amount_second_currency)
            } else if in_own {
                Some(minor(&line.debit)?.saturating_sub(minor(&line.credit)?))
            } else {
                None
            }
        };
        let lines: Option<Vec<Minor>> = self.payment_lines.iter().map(amount).collect();
        if let Some(lines) = lines {
            return lines.into_iter().fold(0, Minor::saturating_add);
        }
        // Paid in a third currency: what is left, in the invoice's own, tells it as well.
        let left = self.amount_to_pay.as_ref().and_then(|left| left.minor(currency));
        left.map_or(0, |left| total.saturating_sub(left))
    }

    /// The day of the last payment.
    fn paid_on(&self) -> Option<Date> {
        self.payment_lines.iter().filter_map(|line| line.date?.date()).max()
    }
}

impl Decimal {
    /// In minor units; digits beyond them are noughts.
    fn minor(&self, currency: Currency) -> Option<Minor> {
        let text = self.decimal.as_str();
        let cut = if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.')
        } else {
            text
        };
        currency.minor(cut)
    }
}

impl Party {
    /// The ids that it can be known by. Codes are stored without the prefix of their country, and their type names it.
    fn ids(&self) -> Vec<PartyId> {
        let mut ids = Vec::new();
        for identifier in &self.identifiers {
            let (Some(kind), Some(code)) = (&identifier.kind, &identifier.code) else { continue };
            let Some((country, what)) = kind.split_once('_') else { continue };
            let country = country.to_uppercase();
            let country = Some(country.as_str()).filter(|it| *it != "EU");
            let stated: &[(&str, &str)] = match kind.as_str() {
                "fr_siren" => &[("0002", code)],
                "fr_siret" => &[("0009", code)],
                "be_businessid" => &[("0208", code)],
                "se_orgnr" => &[("0007", code)],
                "no_orgnr" => &[("0192", code)],
                "it_codicefiscale" => &[("0210", code)],
                _ => &[],
            };
            // One spelling before 8.0, another since.
            let vat = ["vat", "btw", "tva", "iva", "uid"].contains(&what).then_some(code.as_str());
            let known = LedgerParty { country, vat, stated, ..LedgerParty::default() };
            ids.extend(known.ids());
        }
        ids
    }
}
