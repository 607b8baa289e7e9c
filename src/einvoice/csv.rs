//! Open-item lists as CSV: one invoice a line, the columns named by the first line.
//!
//! The text is UTF-8, with or without byte order mark; the delimiter is `;`, `,` or a tab, whichever the
//! first line uses. Columns may stand in any order, and unknown ones are passed over. Case, spaces, `_` and
//! `-` in a column's name do not matter.
//!
//! | column | content | needed |
//! |---|---|---|
//! | `number` (`invoice_number`, `factuurnummer`) | BT-1 | yes |
//! | `issue_date` (`invoice_date`, `date`, `factuurdatum`) | BT-2: `2026-11-21`, or day first: `21-11-2026` | yes |
//! | `due_date` (`vervaldatum`) | BT-9 | |
//! | `currency` (`valuta`) | BT-5 | yes |
//! | `gross` (`total`, `amount`, `totaal`, `bedrag`) | BT-112, decimal point or comma | yes |
//! | `amount_due` (`due`, `open`, `openstaand`) | BT-115; the gross where empty | |
//! | `seller` (`seller_id`, `supplier`), `buyer` (`buyer_id`, `debtor`, `customer`) | ids, such as `0106:12345678` or a VAT number with its prefix; several with `\|` between | yes |
//! | `seller_name`, `buyer_name` | for people | |
//! | `type_code` (`type`) | BT-3, or `invoice`, `credit_note`; an invoice where empty | |
//! | `payee`, `payee_name` | BG-10 | |
//! | `payee_account` (`iban`) | BT-84 | |
//! | `preceding` | BT-25, the number of the invoice that is credited or corrected | |
//! | `order_reference` (`order`), `despatch_reference`, `contract_reference` | BT-13, BT-16, BT-12 | |
//!
//! A line that cannot be read is an error of its own, with its number; the others are read all the same.

use crate::types::{Date, PartyId};

use super::{
    Draft, DraftParty, Kind, LineError, Preceding, ReadError, Term, cells, fields, party_ids, xml,
};

/// How many columns a table may have.
const COLUMNS_MAX: usize = 256;

/// A column that we read: its name in messages, and every name as [`folded`] writes it.
struct Column {
    names: &'static [&'static str],
    needed: bool,
}

const COLUMNS: &[Column] = &[
    needed(&["number", "invoicenumber", "invoiceno", "factuurnummer"]),
    needed(&["issue_date", "issuedate", "invoicedate", "date", "factuurdatum"]),
    needed(&["currency", "currencycode", "valuta"]),
    needed(&["gross", "total", "amount", "grossamount", "totaal", "bedrag"]),
    needed(&["seller", "sellerid", "supplier", "supplierid"]),
    needed(&["buyer", "buyerid", "debtor", "debtorid", "customer", "customerid"]),
    optional(&["due_date", "duedate", "vervaldatum"]),
    optional(&["amount_due", "amountdue", "due", "open", "openamount", "openstaand"]),
    optional(&["seller_name", "sellername", "suppliername"]),
    optional(&["buyer_name", "buyername", "debtorname", "customername"]),
    optional(&["type_code", "typecode", "type"]),
    optional(&["payee", "payeeid"]),
    optional(&["payee_name", "payeename"]),
    optional(&["payee_account", "payeeaccount", "iban"]),
    optional(&["preceding", "precedinginvoice"]),
    optional(&["order_reference", "orderreference", "order", "ordernumber"]),
    optional(&["despatch_reference", "despatchreference", "despatch"]),
    optional(&["contract_reference", "contractreference", "contract"]),
];

const fn needed(names: &'static [&'static str]) -> Column {
    Column { names, needed: true }
}

const fn optional(names: &'static [&'static str]) -> Column {
    Column { names, needed: false }
}

/// Reads a table: one result for each line that is not blank.
///
/// # Errors
///
/// [`ReadError`] where the table as a whole cannot be read: not UTF-8, or a needed column is not there.
pub fn read(bytes: &[u8]) -> Result<Vec<Result<Draft, LineError>>, ReadError> {
    let text = xml::text_of(bytes)?;
    let first = text.lines().find(|line| !line.trim().is_empty()).ok_or(ReadError::Empty)?;
    let (delimiter, known) = [b';', b',', b'\t']
        .map(|delimiter| (delimiter, known_columns(first, delimiter)))
        .into_iter()
        .max_by_key(|(_, known)| *known)
        .unwrap_or((b',', 0));
    // Text without one name that we know is no table of invoices, whatever it is.
    if known == 0 {
        return Err(ReadError::Unrecognised);
    }
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut row = csv::StringRecord::new();
    let header = loop {
        match rows.read_record(&mut row) {
            Ok(true) if is_blank(&row) => {}
            Ok(true) => break Header::new(&row)?,
            Ok(false) => return Err(ReadError::Empty),
            Err(_) => return Err(ReadError::Row("it is no CSV")),
        }
    };
    let mut drafts = Vec::new();
    let mut lines = Lines { text, byte: 0, line: 1 };
    loop {
        let line = lines.of(rows.position());
        match rows.read_record(&mut row) {
            Ok(false) => return Ok(drafts),
            Ok(true) if is_blank(&row) => {}
            Ok(true) => {
                let draft = header.draft(&row).map(|draft| Draft { line: Some(line), ..draft });
                drafts.push(draft.map_err(|error| LineError { line, error }));
            }
            Err(_) => {
                drafts.push(Err(LineError { line, error: ReadError::Row("it is no CSV") }));
                return Ok(drafts);
            }
        }
    }
}

/// Counts lines as a person does. The parser gives a record the position where the blank lines before it
/// start, so its own count is too low after them.
struct Lines<'t> {
    text: &'t str,
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the first character at or after a position that ends no line; positions only grow.
    fn of(&mut self, position: &csv::Position) -> u64 {
        let byte = usize::try_from(position.byte()).unwrap_or(usize::MAX);
        let rest = self.text.as_bytes().get(byte..).unwrap_or_default();
        let blank = rest.iter().take_while(|c| matches!(c, b'\r' | b'\n')).count();
        let start = byte.saturating_add(blank);
        let passed = self.text.as_bytes().get(self.byte..start).unwrap_or_default();
        let ends = passed.iter().map(|c| u64::from(*c == b'\n')).sum();
        self.line = self.line.saturating_add(ends);
        self.byte = start.max(self.byte);
        self.line
    }
}

fn is_blank(row: &csv::StringRecord) -> bool {
    row.iter().all(|cell| cell.trim().is_empty())
}

/// A name without case, blanks, `_` and `-`. Any other sign stays, so that a delimiter cannot vanish in it.
fn folded(name: &str) -> String {
    let kept = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-'));
    kept.flat_map(char::to_lowercase).collect()
}

fn column(name: &str) -> Option<&'static Column> {
    let name = folded(name);
    COLUMNS.iter().find(|column| column.names.contains(&name.as_str()))
}

fn known_columns(line: &str, delimiter: u8) -> usize {
    let cells = line.split(char::from(delimiter)).take(COLUMNS_MAX);
    cells.filter(|name| column(name).is_some()).count()
}

/// Where the columns are.
struct Header {
    places: Vec<(&'static str, usize)>,
    width: usize,
}

impl Header {
    fn new(row: &csv::StringRecord) -> Result<Self, ReadError> {
        if row.len() > COLUMNS_MAX {
            return Err(ReadError::Row("it has more than 256 columns"));
        }
        let mut places: Vec<(&'static str, usize)> = Vec::new();
        for (place, cell) in row.iter().enumerate() {
            let Some(name) = column(cell).and_then(|column| column.names.first()) else { continue };
            if places.iter().any(|(known, _)| known == name) {
                return Err(ReadError::ColumnTwice(name));
            }
            places.push((name, place));
        }
        for column in COLUMNS.iter().filter(|column| column.needed) {
            let Some(name) = column.names.first() else { continue };
            if !places.iter().any(|(known, _)| known == name) {
                return Err(ReadError::ColumnMissing(name));
            }
        }
        Ok(Self { places, width: row.len() })
    }

    fn draft(&self, row: &csv::StringRecord) -> Result<Draft, ReadError> {
        if row.len() > self.width {
            return Err(ReadError::Row(
                "it has more cells than the first line has columns; quote cells that hold the delimiter",
            ));
        }
        let cell = |name: &str| {
            let place = self.places.iter().find(|(known, _)| *known == name)?.1;
            row.get(place).map(str::trim).filter(|cell| !cell.is_empty())
        };
        let (type_code, kind) = type_code(cell("type_code"))?;
        let number = fields::number(cell("number"))?;
        let issue_date = date(Term::IssueDate, cell("issue_date"))?;
        let currency = fields::currency(cell("currency"))?;
        let amount = |term, text: &str| {
            let expected = "an amount such as 1234.56 or 1.234,56 (1.234 could be either)";
            let plain =
                cells::amount(text).ok_or_else(|| ReadError::invalid(term, text, expected))?;
            fields::decimal(term, currency, &plain)
        };
        let gross = cell("gross").ok_or(ReadError::Missing(Term::Gross))?;
        let gross_minor = amount(Term::Gross, gross)?;
        let due_minor = match cell("amount_due") {
            Some(text) => amount(Term::AmountDue, text)?,
            None => gross_minor,
        };
        let seller = party(cell("seller"), cell("seller_name"));
        let payee = Some(party(cell("payee"), cell("payee_name")))
            .filter(|payee| *payee != DraftParty::default() && !payee.is_same_as(&seller));
        let preceding = cell("preceding").map(|number| fields::number(Some(number))).transpose()?;
        let draft = Draft {
            kind,
            number,
            type_code,
            issue_date,
            due_date: cell("due_date").map(|text| date(Term::DueDate, Some(text))).transpose()?,
            currency,
            gross_minor,
            due_minor,
            buyer: party(cell("buyer"), cell("buyer_name")),
            seller,
            payee,
            payee_account: cell("payee_account").and_then(fields::iban),
            preceding: preceding
                .map(|number| Preceding { number, issue_date: None })
                .into_iter()
                .collect(),
            order_reference: fields::reference(cell("order_reference")),
            despatch_reference: fields::reference(cell("despatch_reference")),
            contract_reference: fields::reference(cell("contract_reference")),
            lines: Vec::new(),
            line: None,
            document_hash: None,
            born_assigned: Vec::new(),
        };
        // A table is made for the registry: a line without its parties is a mistake of that line.
        draft.parties()?;
        Ok(draft.flag_assignment())
    }
}

fn type_code(cell: Option<&str>) -> Result<(u16, Kind), ReadError> {
    match cell.map(folded).as_deref() {
        None | Some("invoice" | "factuur") => Ok((380, Kind::Invoice)),
        Some("creditnote" | "credit" | "creditnota") => Ok((381, Kind::CreditNote)),
        Some(code) => fields::type_code(code),
    }
}

fn date(term: Term, cell: Option<&str>) -> Result<Date, ReadError> {
    let text = cell.ok_or(ReadError::Missing(term))?;
    let expected = "a date such as 2026-11-21 or 21-11-2026 (day first)";
    cells::date(text).ok_or_else(|| ReadError::invalid(term, text, expected))
}

fn party(cell: Option<&str>, name: Option<&str>) -> DraftParty {
    let mut party = DraftParty { name: fields::name(name), ..DraftParty::default() };
    for text in cell.into_iter().flat_map(|cell| cell.split('|')).map(str::trim).take(16) {
        match text.parse::<PartyId>().ok().or_else(|| party_ids::vat_id(text, None)) {
            Some(id) => party.ids.push(id),
            None => party.unread.push(super::error::quoted(text)),
        }
    }
    party.ids = party_ids::in_order(party.ids);
    party
}
