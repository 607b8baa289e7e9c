//! Lists of open items as CSV, for every package that has no connector of its own: what the debtor exports and gives.
//!
//! - Which column is what is set once, with the connection, and remembered; where it is not set, columns are known by
//!   their usual names. The delimiter is `;`, `,` or a tab, whichever finds most of them.
//! - A file is the debtor's word, and not a ledger that was read: what it says is worth no more than that.
//! - A line that cannot be read refuses the whole file: without it, an invoice would seem to be gone.
//! - What is not on a list is paid only if it was on one before, and the lists are set to be `complete`; where most of
//!   what was open would be gone at once, the list is taken for a part of one, and refused.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::connect::client::Client;
use crate::connect::connector::{
    Access, Batch, CURSOR_BYTES_MAX, Connector, Entry, Payment, Setting, Settings, Stand, Trouble,
};
use crate::einvoice::{self, LedgerParty};
use crate::statement::{SourceKind, Status};
use crate::types::{Currency, Date, Minor, PartyId, Timestamp};

/// Open items below which a list may lose most of them.
const FEW: usize = 10;
/// How many lines a list may have.
const LINES_MAX: usize = 50_000;

/// The connector.
#[derive(Debug, Clone, Copy, Default)]
pub struct OpenItems;

/// A column: its setting, and the names that it is known by without one, folded.
struct Column {
    setting: &'static str,
    names: &'static [&'static str],
}

const fn column(setting: &'static str, names: &'static [&'static str]) -> Column {
    Column { setting, names }
}

const NUMBER: Column = column(
    "number",
    &[
        "number",
        "invoicenumber",
        "invoiceno",
        "factuurnummer",
        "factuurnr",
        "numéro",
        "numérofacture",
    ],
);
const SUPPLIER: Column = column(
    "supplier",
    &["supplier", "supplierid", "suppliervat", "seller", "sellerid", "btwnummer", "tvafournisseur"],
);
const COUNTRY: Column = column("country", &["country", "land", "pays"]);
const DATE: Column =
    column("date", &["date", "invoicedate", "issuedate", "factuurdatum", "datum", "datefacture"]);
const TOTAL: Column = column("total", &["total", "gross", "amount", "totaal", "bedrag", "montant"]);
const OPEN: Column = column(
    "open",
    &["open", "openamount", "amountdue", "outstanding", "openstaand", "saldo", "solde"],
);
const CURRENCY: Column = column("currency", &["currency", "valuta", "devise"]);
const STATUS: Column = column("status", &["status", "statut"]);
const COLUMNS: [Column; 8] = [NUMBER, SUPPLIER, COUNTRY, DATE, TOTAL, OPEN, CURRENCY, STATUS];

/// The words of the status column: the setting that has them, and what they mean.
const WORDS: [(&str, Word); 6] = [
    ("in_process", Word::Process(Status::InProcess)),
    ("approved", Word::Process(Status::Approved)),
    ("queried", Word::Process(Status::Queried)),
    ("refused", Word::Process(Status::Refused)),
    ("selected", Word::Payment(Payment::Selected)),
    ("ordered", Word::Payment(Payment::Initiated)),
];

#[derive(Clone, Copy)]
enum Word {
    Process(Status),
    Payment(Payment),
}

/// What was on the last list.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Seen {
    open: BTreeMap<String, Item>,
}

/// An open item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Item {
    suppliers: Vec<PartyId>,
    number: String,
    issued: Option<Date>,
    total: Option<(Minor, Currency)>,
}

impl Connector for OpenItems {
    fn system(&self) -> &'static str {
        "csv"
    }

    fn settings(&self) -> &'static [Setting] {
        const fn optional(name: &'static str) -> Setting {
            Setting { name, required: false }
        }
        const {
            &[
                optional("number"),
                optional("supplier"),
                optional("country"),
                optional("date"),
                optional("total"),
                optional("open"),
                optional("currency"),
                optional("status"),
                optional("in_process"),
                optional("approved"),
                optional("queried"),
                optional("refused"),
                optional("selected"),
                optional("ordered"),
                optional("default_currency"),
                optional("default_country"),
                optional("complete"),
            ]
        }
    }

    fn check(&self, settings: &Settings, _: &Client) -> Result<(), String> {
        let get = |name: &str| settings.get(name).map_or("", String::as_str);
        if !matches!(get("complete"), "" | "yes" | "no") {
            return Err("`complete` is yes, where each list has all open items, or no".to_owned());
        }
        let currency = get("default_currency");
        if !currency.is_empty() && currency.parse::<Currency>().is_err() {
            return Err("`default_currency` is an ISO 4217 code such as EUR".to_owned());
        }
        let country = get("default_country");
        let is_code = country.len() == 2 && country.bytes().all(|c| c.is_ascii_uppercase());
        if !(country.is_empty() || is_code) {
            return Err("`default_country` is an ISO 3166 code such as NL".to_owned());
        }
        for (place, one) in COLUMNS.iter().enumerate() {
            let name = folded(get(one.setting));
            let others = COLUMNS.iter().skip(place.saturating_add(1));
            if !name.is_empty() && others.into_iter().any(|it| folded(get(it.setting)) == name) {
                return Err(format!("`{}` is the column of something else, too", one.setting));
            }
        }
        Ok(())
    }

    fn takes_secret(&self) -> bool {
        false
    }

    fn pace(&self) -> Option<Duration> {
        None
    }

    fn read(&self, _: &mut Access<'_>, _: Option<&[u8]>) -> Result<Batch, Trouble> {
        Err(Trouble::NotOffered)
    }

    fn take(
        &self,
        access: &mut Access<'_>,
        cursor: Option<&[u8]>,
        file: &[u8],
    ) -> Result<Batch, Trouble> {
        let seen: Seen =
            cursor.and_then(|bytes| postcard::from_bytes(bytes).ok()).unwrap_or_default();
        let lines = lines(access.settings(), file)?;
        let (entries, seen) =
            compare(&seen, lines, access.setting("complete") == "yes", access.now())?;
        let cursor = postcard::to_allocvec(&seen).map_err(|_| Trouble::Store)?;
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(Trouble::Malformed("the list has more open items than can be remembered"));
        }
        Ok(Batch { entries, cursor, more: false })
    }
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    item: Item,
    process: Status,
    payment: Option<Payment>,
}

/// Reads a list.
fn lines(settings: &Settings, file: &[u8]) -> Result<BTreeMap<String, Line>, Trouble> {
    let text = core::str::from_utf8(file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file));
    let text =
        text.map_err(|_| Trouble::Malformed("the file is not UTF-8: save it as CSV UTF-8"))?;
    let first = text.lines().find(|line| !line.trim().is_empty());
    let first = first.ok_or(Trouble::Malformed("the file is empty"))?;
    let known = |delimiter: &u8| {
        let header = row(*delimiter, first.as_bytes()).unwrap_or_default();
        COLUMNS.iter().filter(|column| place(settings, &header, column).is_some()).count()
    };
    let delimiter = [b'\t', b',', b';'].into_iter().max_by_key(known).unwrap_or(b';');
    let mut rows = reader(delimiter, text.as_bytes());
    let mut lines = BTreeMap::new();
    let mut header: Option<Header> = None;
    let mut row = csv::StringRecord::new();
    loop {
        let at = rows.position().line();
        let read = rows.read_record(&mut row);
        if !read.map_err(|_| Trouble::Line(at, "it is no CSV"))? {
            break;
        }
        if row.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let Some(header) = &header else {
            header = Some(Header::new(settings, &row)?);
            continue;
        };
        let number = rows_line(&row);
        let line = header.line(settings, &row).map_err(|why| Trouble::Line(number, why))?;
        // A credit note has no place here: it does not say which invoice it lowers.
        let Some(line) = line else { continue };
        if lines.len() >= LINES_MAX {
            return Err(Trouble::Malformed("the list has more than 50,000 lines"));
        }
        if lines.insert(key(&line.item), line).is_some() {
            return Err(Trouble::Line(number, "the same invoice stands in an earlier line"));
        }
    }
    Ok(lines)
}

fn reader(delimiter: u8, bytes: &[u8]) -> csv::Reader<&[u8]> {
    let mut builder = csv::ReaderBuilder::new();
    builder.delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes)
}

fn row(delimiter: u8, line: &[u8]) -> Option<csv::StringRecord> {
    reader(delimiter, line).records().next()?.ok()
}

fn rows_line(row: &csv::StringRecord) -> u64 {
    row.position().map_or(0, csv::Position::line)
}

/// An item's name within the lists of one debtor.
fn key(item: &Item) -> String {
    let supplier = item.suppliers.first().map(ToString::to_string).unwrap_or_default();
    let year = item.issued.map(|day| day.year().to_string()).unwrap_or_default();
    format!("{supplier} {} {year}", item.number)
}

/// A name without case, blanks and signs.
fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Where a column is: by its setting, else by a usual name.
fn place(settings: &Settings, header: &csv::StringRecord, column: &Column) -> Option<usize> {
    let set = settings.get(column.setting).map(|name| folded(name)).filter(|name| !name.is_empty());
    header.iter().position(|cell| match &set {
        Some(name) => folded(cell) == *name,
        None => column.names.contains(&folded(cell).as_str()),
    })
}

/// Where the columns are.
struct Header {
    number: usize,
    supplier: usize,
    open: usize,
    country: Option<usize>,
    date: Option<usize>,
    total: Option<usize>,
    currency: Option<usize>,
    status: Option<usize>,
}

impl Header {
    fn new(settings: &Settings, row: &csv::StringRecord) -> Result<Self, Trouble> {
        let missing =
            "the first line lacks a column: `number`, `supplier`, `open`, or one that was set";
        let find = |column: &Column| {
            let found = place(settings, row, column);
            // A column that the owner set has to be there; what is only usual need not.
            if found.is_none() && settings.contains_key(column.setting) {
                return Err(Trouble::Malformed(missing));
            }
            Ok(found)
        };
        let needed = |column| find(column)?.ok_or(Trouble::Malformed(missing));
        Ok(Self {
            number: needed(&NUMBER)?,
            supplier: needed(&SUPPLIER)?,
            open: needed(&OPEN)?,
            country: find(&COUNTRY)?,
            date: find(&DATE)?,
            total: find(&TOTAL)?,
            currency: find(&CURRENCY)?,
            status: find(&STATUS)?,
        })
    }

    fn line(
        &self,
        settings: &Settings,
        row: &csv::StringRecord,
    ) -> Result<Option<Line>, &'static str> {
        let cell = |place: usize| row.get(place).map(str::trim).filter(|cell| !cell.is_empty());
        let set = |name: &str| settings.get(name).map(String::as_str).filter(|it| !it.is_empty());
        let number = cell(self.number).ok_or("the number is missing")?;
        let country = self.country.and_then(cell).or_else(|| set("default_country"));
        let supplier = cell(self.supplier).ok_or("the supplier is missing")?;
        let suppliers = suppliers(supplier, country);
        if suppliers.is_empty() {
            return Err("the supplier is no id such as 0106:12345678, and no VAT number");
        }
        let currency = self.currency.and_then(cell).or_else(|| set("default_currency"));
        let currency = currency.ok_or("the currency is missing: set `default_currency`")?;
        let currency: Currency =
            currency.parse().map_err(|_| "the currency is no ISO 4217 code")?;
        let amount = |cell: &str| {
            let plain = einvoice::amount_of_cell(cell);
            let minor = plain.and_then(|plain| currency.minor(&plain));
            minor.ok_or("an amount cannot be read: 1234.56 or 1.234,56 (1.234 could be either)")
        };
        let open = amount(cell(self.open).ok_or("the open amount is missing")?)?;
        let total = self.total.and_then(cell).map(amount).transpose()?;
        let date = self.date.and_then(cell).map(|cell| {
            einvoice::date_of_cell(cell).ok_or("the date cannot be read: 2026-11-21 or 21-11-2026")
        });
        let word = self.status.and_then(cell).and_then(|cell| meaning(settings, cell));
        if open < 0 || total.is_some_and(|total| total < 0) {
            return Ok(None);
        }
        let process = match word {
            Some(Word::Process(status)) => status,
            Some(Word::Payment(_)) | None => Status::Booked,
        };
        let paid = total.map_or(0, |total| total.saturating_sub(open));
        let payment = match word {
            _ if open == 0 => total.map(|_| Payment::Paid(None)),
            _ if paid > 0 => Some(Payment::Part(paid)),
            Some(Word::Payment(payment)) => Some(payment),
            Some(Word::Process(_)) | None => Some(Payment::Open),
        };
        let item = Item {
            suppliers,
            number: number.to_owned(),
            issued: date.transpose()?,
            total: total.map(|total| (total, currency)),
        };
        Ok(Some(Line { item, process, payment }))
    }
}

fn suppliers(cell: &str, country: Option<&str>) -> Vec<PartyId> {
    let mut found: Vec<PartyId> = Vec::new();
    for text in cell.split('|').map(str::trim).take(8) {
        if let Ok(id) = text.parse() {
            found.push(id);
        } else {
            let party = LedgerParty { country, vat: Some(text), ..LedgerParty::default() };
            found.extend(party.ids());
        }
    }
    found
}

/// What a word of the status column means: one that was set, or the registry's own.
fn meaning(settings: &Settings, cell: &str) -> Option<Word> {
    let cell = folded(cell);
    let is_meant = |(name, _): &&(&str, Word)| match settings.get(*name) {
        Some(words) => words.split('|').any(|word| folded(word) == cell),
        None => folded(name) == cell,
    };
    WORDS.iter().find(is_meant).map(|(_, word)| *word)
}

/// What a list says beside the one before.
fn compare(
    seen: &Seen,
    lines: BTreeMap<String, Line>,
    complete: bool,
    now: Timestamp,
) -> Result<(Vec<Entry>, Seen), Trouble> {
    let gone: Vec<_> = seen.open.iter().filter(|(key, _)| !lines.contains_key(*key)).collect();
    if complete && seen.open.len() >= FEW && gone.len() > seen.open.len() / 2 {
        return Err(Trouble::Malformed(
            "more than half of what was open is not on this list: give the complete list",
        ));
    }
    let entry = |key: &str, item: &Item, process, payment| Entry {
        key: key.to_owned(),
        suppliers: item.suppliers.clone(),
        number: item.number.clone(),
        issued: item.issued,
        total: item.total,
        changed_at: now,
        source: SourceKind::Buyer,
        document: None,
        process,
        payment,
    };
    let mut entries = Vec::new();
    let mut open = BTreeMap::new();
    for (key, item) in gone {
        if complete {
            entries.push(entry(key, item, None, Some(Payment::Paid(None))));
        } else {
            open.insert(key.clone(), item.clone());
        }
    }
    for (key, Line { item, process, payment }) in lines {
        entries.push(entry(&key, &item, Some(Stand::at(process)), payment));
        if !matches!(payment, Some(Payment::Paid(_)) | None) {
            open.insert(key, item);
        }
    }
    Ok((entries, Seen { open }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = match Timestamp::from_millis(1_795_000_000_000) {
        Some(now) => now,
        None => panic!("a time"),
    };

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn take(settings: &Settings, file: &str) -> Result<BTreeMap<String, Line>, Trouble> {
        lines(settings, file.as_bytes())
    }

    fn one(settings: &Settings, file: &str) -> Line {
        let mut lines = take(settings, file).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(lines.len(), 1, "{file}");
        lines.pop_first().unwrap().1
    }

    #[test]
    fn a_list_is_read_by_the_mapping_that_was_set_or_by_usual_names() {
        let mapped = settings(&[
            ("number", "Stuk nr."),
            ("supplier", "Crediteur (btw)"),
            ("open", "Nog te betalen"),
            ("default_currency", "EUR"),
        ]);
        let file = "Crediteur (btw);Naam;STUK NR;Nog te betalen;Totaal;Factuurdatum\n\
                    NL002455799B11;Kade B.V.;2026-17;1.000,00;1.500,00;01-11-2026\n";
        let usual = "supplier,number,open,total,currency,date\n\
                     0106:68750110|NL002455799B11,2026-17,1000,1500.00,EUR,2026-11-01\n";
        for (settings, file) in [(&mapped, file), (&Settings::new(), usual)] {
            let line = one(settings, file);
            assert_eq!(line.item.number, "2026-17");
            assert!(line.item.suppliers.iter().any(|id| id.to_string() == "9944:NL002455799B11"));
            assert_eq!(line.item.total.map(|(total, _)| total), Some(150_000));
            assert_eq!(line.item.issued.map(|day| day.to_string()).as_deref(), Some("2026-11-01"));
            assert_eq!((line.process, line.payment), (Status::Booked, Some(Payment::Part(50_000))));
        }
    }

    #[test]
    fn words_and_amounts_are_statuses() {
        let mapped = settings(&[("approved", "Akkoord|Vrijgegeven"), ("ordered", "In betaling")]);
        for (cells, process, payment) in [
            ("100,00;100,00;", Status::Booked, Some(Payment::Open)),
            ("100,00;;", Status::Booked, Some(Payment::Open)),
            ("100,00;100,00;vrijgegeven", Status::Approved, Some(Payment::Open)),
            ("100,00;100,00;refused", Status::Refused, Some(Payment::Open)),
            ("100,00;100,00;approved", Status::Booked, Some(Payment::Open)),
            ("100,00;100,00;in betaling", Status::Booked, Some(Payment::Initiated)),
            ("40,00;100,00;in betaling", Status::Booked, Some(Payment::Part(6_000))),
            ("0,00;100,00;", Status::Booked, Some(Payment::Paid(None))),
            ("0,00;;", Status::Booked, None),
        ] {
            let file = format!(
                "supplier;number;currency;open;total;status\n0106:68750110;1;EUR;{cells}\n"
            );
            let line = one(&mapped, &file);
            assert_eq!((line.process, line.payment), (process, payment), "{cells}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_refuses_the_list_and_says_which() {
        let good = "0106:68750110;1;EUR;10,00";
        for (bad, line) in [
            ("0106:68750110;;EUR;10,00", 3),
            ("Kade B.V.;2;EUR;10,00", 3),
            ("0106:68750110;2;euro;10,00", 3),
            ("0106:68750110;2;EUR;1.234", 3),
            ("0106:68750110;2;EUR;", 3),
            ("0106:68750110;1;EUR;10,00", 3),
        ] {
            let file = format!("supplier;number;currency;open\n{good}\n{bad}\n");
            let refused = take(&Settings::new(), &file).unwrap_err();
            assert!(matches!(refused, Trouble::Line(at, _) if at == line), "{bad}: {refused}");
        }
        for bad in ["", " \n", "a;b;c\n1;2;3\n", "supplier;number\n0106:68750110;1\n"] {
            assert!(matches!(take(&Settings::new(), bad), Err(Trouble::Malformed(_))), "{bad}");
        }
        // A column that was set and is not there: the export has changed.
        let mapped = settings(&[("status", "Akkoord?")]);
        let file = format!("supplier;number;currency;open\n{good}\n");
        assert!(matches!(take(&mapped, &file), Err(Trouble::Malformed(_))));
        assert!(lines(&Settings::new(), b"supplier;number\n\xe9;1").is_err());
        // A credit note is passed over.
        let file = "supplier;number;currency;open\n0106:68750110;1;EUR;-10,00\n";
        assert!(take(&Settings::new(), file).unwrap().is_empty());
    }

    fn list(numbers: impl IntoIterator<Item = u32>) -> BTreeMap<String, Line> {
        let rows = numbers.into_iter().map(|n| format!("0106:68750110;{n};EUR;10,00;10,00\n"));
        let file = format!("supplier;number;currency;open;total\n{}", rows.collect::<String>());
        take(&Settings::new(), &file).unwrap()
    }

    fn paid(entries: &[Entry]) -> Vec<&str> {
        let paid = |entry: &&Entry| entry.payment == Some(Payment::Paid(None));
        entries.iter().filter(paid).map(|entry| entry.number.as_str()).collect()
    }

    #[test]
    fn absence_is_payment_only_of_what_was_on_a_complete_list() {
        let none = Seen::default();
        let (first, seen) = compare(&none, list([1, 2, 3]), true, NOW).unwrap();
        assert_eq!((first.len(), paid(&first)), (3, vec![]));
        let (next, after) = compare(&seen, list([1, 3]), true, NOW).unwrap();
        assert_eq!(paid(&next), ["2"]);
        let (again, _) = compare(&after, list([1, 3]), true, NOW).unwrap();
        assert_eq!(paid(&again), Vec::<&str>::new());
        // A list that may be a part of one says nothing of the rest, and forgets nothing.
        let (part, kept) = compare(&seen, list([1]), false, NOW).unwrap();
        assert_eq!((paid(&part), kept.open.len()), (vec![], 3));
    }

    #[test]
    fn a_part_of_a_list_is_not_taken_for_the_whole() {
        let (_, seen) = compare(&Seen::default(), list(1..=20), true, NOW).unwrap();
        assert!(matches!(compare(&seen, list(1..=9), true, NOW), Err(Trouble::Malformed(_))));
        let (entries, _) = compare(&seen, list(1..=10), true, NOW).unwrap();
        assert_eq!(paid(&entries).len(), 10);
    }

    #[test]
    fn settings_that_cannot_be_meant_are_refused() {
        let client = Client::new(crate::webhooks::Reach::default());
        for (name, pairs) in [
            ("complete", &[("complete", "always")][..]),
            ("default_currency", &[("default_currency", "euro")]),
            ("default_country", &[("default_country", "Netherlands")]),
            ("number", &[("number", "A 1"), ("total", "a1")]),
        ] {
            let refused = OpenItems.check(&settings(pairs), &client).unwrap_err();
            assert!(refused.starts_with(&format!("`{name}`")), "{refused}");
        }
        let fine = settings(&[("number", "Nr"), ("complete", "yes"), ("default_country", "NL")]);
        assert_eq!(OpenItems.check(&fine, &client), Ok(()));
    }
}
