//! Exact Online: the purchase journal, payment terms and the list of payables, over its REST API.
//!
//! - The owner consents on Exact's own page, to an application that the operator registered there ([`App`]).
//! - A round goes through the tables one page at a time: journal and drafts by time of change, terms and deletions by
//!   sync timestamp, the list of payables whole. Only at its end something is said, so that all of it belongs together.
//! - Within the limits: what the headers say is left is not used up, and 429 is obeyed.
//!
//! Tested against a stand-in of ours that is true to the published contract, and not against Exact.

mod books;
mod notice;
mod rows;
mod tokens;

use core::fmt::Write as _;
use core::time::Duration;
use std::fs;
use std::io;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::connect::client::{Client, Reply};
use crate::connect::connector::{
    Access, Batch, CURSOR_BYTES_MAX, Connector, Setting, Settings, Trouble,
};
use crate::connect::exact::books::Books;
use crate::connect::exact::rows::{
    AccountRow, DeletedRow, EntryRow, Guid, InvoiceRow, Me, Page, PayableRow, TermRow,
};
use crate::connect::vault::Secret;
use crate::types::Timestamp;

/// The connector's name.
const SYSTEM: &str = "exact-online";
/// What is subscribed to: the journal, and whatever moves money.
const TOPICS: [&str; 3] = ["PurchaseEntries", "BankEntries", "FinancialTransactions"];
/// How far back invoices are read when a company is read first: nobody finances older ones.
const HORIZON_MS: i64 = 400 * 86_400_000;
/// How long an entry that is not open is remembered after its last change.
const REMEMBERED_MS: i64 = 60 * 86_400_000;
/// How many ids stand in one filter.
const IDS_MAX: usize = 20;
/// How many entries are told at once.
const TOLD_MAX: usize = 200;
/// How many calls of a minute or day are left to others of the same application.
const SPARE_CALLS: u64 = 2;

/// The application that the operator registered in Exact's App Center.
#[derive(Debug)]
pub struct App {
    base: String,
    client_id: String,
    client_secret: Secret,
    notices: Option<Notices>,
}

/// Where the application's notices go, and what they are checked with.
#[derive(Debug)]
struct Notices {
    url: String,
    secret: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AppFile {
    base: Option<String>,
    webhook_url: Option<String>,
    client_id: String,
    client_secret: String,
    webhook_secret: Option<String>,
}

impl App {
    /// Reads it from a JSON file: `client_id` and `client_secret`; where notices are wanted `webhook_secret` and
    /// `webhook_url` (this registry's `/connections/notices/exact-online`, on the domain of the way back); and `base` for
    /// another country than the Netherlands.
    ///
    /// # Errors
    /// Where the file cannot be read, or is something else.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = zeroize::Zeroizing::new(fs::read(file)?);
        let wrong =
            |_| io::Error::new(io::ErrorKind::InvalidData, "it is no application of Exact Online");
        let file: AppFile = serde_json::from_slice(&text).map_err(wrong)?;
        let base = file.base.unwrap_or_else(|| "https://start.exactonline.nl".to_owned());
        let secret = file.webhook_secret.map(Secret::new);
        let notices = file.webhook_url.zip(secret).map(|(url, secret)| Notices { url, secret });
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            client_id: file.client_id,
            client_secret: Secret::new(file.client_secret),
            notices,
        })
    }
}

/// The connector.
#[derive(Debug)]
pub struct Exact {
    app: App,
}

impl Exact {
    /// A connector of this application.
    pub const fn new(app: App) -> Self {
        Self { app }
    }
}

/// Where a round stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
enum Step {
    #[default]
    Entries,
    Drafts,
    Terms,
    Deletions,
    Payables,
    Missing,
    Suppliers,
    Telling,
}

/// The cursor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Cursor {
    division: u64,
    /// How many of the topics are subscribed to.
    subscribed: usize,
    step: Step,
    /// The rest of the table that is being read.
    next: Option<String>,
    /// When the last whole round began, and when this one did: times of the registry, less some minutes.
    since_ms: i64,
    begun_ms: i64,
    terms: u64,
    deletions: u64,
    /// Before then, nothing is asked.
    quiet_until_ms: i64,
    books: Books,
}

impl Connector for Exact {
    fn system(&self) -> &'static str {
        SYSTEM
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting { name: "division", required: false }]
    }

    fn check(&self, settings: &Settings, _: &Client) -> Result<(), String> {
        match settings.get("division") {
            Some(division) if division.parse::<u64>().is_err() => {
                Err("`division` is the number of a company in Exact Online".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn takes_secret(&self) -> bool {
        false
    }

    fn consents(&self) -> bool {
        true
    }

    fn is_told(&self, cursor: Option<&[u8]>, notice: &[u8]) -> bool {
        let Some(notices) = &self.app.notices else { return false };
        let division = notice::division(&notices.secret, notice);
        let Some(cursor) = cursor else { return division.is_some() };
        let cursor: Option<Cursor> = postcard::from_bytes(cursor).ok();
        cursor.is_some_and(|cursor| division == Some(cursor.division))
    }

    fn consent(
        &self,
        access: &mut Access<'_>,
        back: &str,
        state: &str,
    ) -> Result<Option<String>, Trouble> {
        tokens::consent(&self.app, access, back, state).map(Some)
    }

    fn redeem(&self, access: &mut Access<'_>, back: &str, code: &str) -> Result<(), Trouble> {
        tokens::redeem(&self.app, access, back, code)
    }

    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble> {
        let mut cursor: Cursor = match cursor {
            Some(bytes) => postcard::from_bytes(bytes).unwrap_or_default(),
            None => Cursor::default(),
        };
        let now = access.now();
        if let Some(wait) = duration(cursor.quiet_until_ms.saturating_sub(now.millis())) {
            return Err(Trouble::Limited(Some(wait)));
        }
        let mut round = Round { app: &self.app, now, cursor: &mut cursor, access };
        let (entries, more) = round.step()?;
        if !more {
            cursor.books.forget(now.plus_millis(REMEMBERED_MS.saturating_neg()));
        }
        let bytes = fitting(&mut cursor)?;
        Ok(Batch { entries, cursor: bytes, more })
    }
}

/// The cursor's bytes. What does not fit is forgotten, the settled and the oldest first.
fn fitting(cursor: &mut Cursor) -> Result<Vec<u8>, Trouble> {
    let mut most = usize::MAX;
    loop {
        cursor.books.forget_beyond(most);
        let bytes = postcard::to_allocvec(cursor).map_err(|_| Trouble::Store)?;
        if bytes.len() <= CURSOR_BYTES_MAX {
            return Ok(bytes);
        }
        most = cursor.books.len().saturating_mul(9).checked_div(10).unwrap_or_default();
        if cursor.books.len() == 0 {
            return Err(Trouble::Store);
        }
    }
}

/// One call of the connector.
struct Round<'r, 'a> {
    app: &'r App,
    now: Timestamp,
    cursor: &'r mut Cursor,
    access: &'r mut Access<'a>,
}

impl Round<'_, '_> {
    /// Goes one step, and says whether there is another one to go now.
    fn step(&mut self) -> Result<(Vec<super::Entry>, bool), Trouble> {
        match self.cursor.step {
            Step::Entries => {
                self.begin()?;
                let filter = self.modified();
                let page: Page<EntryRow> =
                    self.page("purchaseentry/PurchaseEntries", EntryRow::SELECT, &filter)?;
                page.rows.into_iter().for_each(|row| self.cursor.books.entry(row));
                self.go_on(page.next, Step::Drafts);
            }
            Step::Drafts => {
                let filter = self.modified();
                let page: Result<Page<InvoiceRow>, _> =
                    self.page("purchase/PurchaseInvoices", InvoiceRow::SELECT, &filter);
                // Not part of every subscription.
                let page = match page {
                    Err(Trouble::Forbidden) => Page { rows: Vec::new(), next: None },
                    page => page?,
                };
                page.rows.into_iter().for_each(|row| self.cursor.books.draft(row));
                self.go_on(page.next, Step::Terms);
            }
            Step::Terms => {
                let filter = format!("Timestamp gt {}L", self.cursor.terms);
                let page: Page<TermRow> =
                    self.page("sync/Cashflow/PaymentTerms", TermRow::SELECT, &filter)?;
                let horizon = self.horizon();
                for row in &page.rows {
                    self.cursor.books.term(row, horizon);
                }
                let last = page.rows.iter().filter_map(|row| row.timestamp).max();
                // The next page goes on behind the last timestamp: no token of a page is needed.
                self.cursor.terms = last.unwrap_or(self.cursor.terms);
                let next = page.next.and(last).map(|_| String::new());
                self.go_on(next, Step::Deletions);
            }
            Step::Deletions => {
                let filter = format!("Timestamp gt {}L", self.cursor.deletions);
                let page: Page<DeletedRow> =
                    self.page("sync/Deleted", DeletedRow::SELECT, &filter)?;
                page.rows.iter().for_each(|row| self.cursor.books.deleted(row));
                let last = page.rows.iter().map(|row| row.timestamp).max();
                self.cursor.deletions = last.unwrap_or(self.cursor.deletions);
                let next = page.next.and(last).map(|_| String::new());
                self.go_on(next, Step::Payables);
            }
            Step::Payables => {
                if self.cursor.next.is_none() {
                    self.cursor.books.begin_list();
                }
                let page: Page<PayableRow> =
                    self.page("read/financial/PayablesList", PayableRow::SELECT, "")?;
                for row in &page.rows {
                    self.cursor.books.payable(row, self.now);
                }
                if page.next.is_none() {
                    self.cursor.books.end_list(self.now);
                }
                self.go_on(page.next, Step::Missing);
            }
            Step::Missing => self.missing()?,
            Step::Suppliers => self.suppliers()?,
            Step::Telling => {
                let told = self.cursor.books.tell(TOLD_MAX);
                let more = !self.cursor.books.is_told();
                if !more {
                    self.cursor.since_ms = self.cursor.begun_ms;
                    self.cursor.step = Step::Entries;
                }
                return Ok((told, more));
            }
        }
        Ok((Vec::new(), true))
    }

    /// Begins a round, where none is under way.
    fn begin(&mut self) -> Result<(), Trouble> {
        if self.cursor.next.is_some() {
            return Ok(());
        }
        // Their clock may be behind ours.
        self.cursor.begun_ms = self.now.plus_millis(-300_000).millis();
        if let Ok(division) = self.access.setting("division").parse() {
            self.cursor.division = division;
        } else if self.cursor.division == 0 {
            let url = format!("{}/api/v1/current/Me?$select=CurrentDivision", self.app.base);
            let me: Page<Me> = self.get(&url)?;
            let first = me.rows.first().ok_or(Trouble::Malformed("the company of Exact Online"))?;
            self.cursor.division = first.division;
        }
        self.subscribe()
    }

    /// Subscribes to notices, once. It is the only thing that is ever sent there, and touches no books.
    fn subscribe(&mut self) -> Result<(), Trouble> {
        let Some(notices) = &self.app.notices else { return Ok(()) };
        let url = format!(
            "{}/api/v1/{}/webhooks/WebhookSubscriptions",
            self.app.base, self.cursor.division
        );
        for topic in TOPICS.iter().skip(self.cursor.subscribed) {
            let token = tokens::token(self.app, self.access)?;
            let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.reveal()));
            let headers =
                [("authorization", bearer.as_str()), ("content-type", "application/json")];
            let body = serde_json::json!({ "Topic": topic, "CallbackURL": notices.url });
            let reply = self.access.client().post(&url, &headers, body.to_string().as_bytes())?;
            match reply.status() {
                429 => return Err(Trouble::Limited(None)),
                401 => return Err(Trouble::Revoked),
                // Subscribed already, not offered for the company, or not reachable: without notices it is read by pace.
                _ => self.cursor.subscribed = self.cursor.subscribed.saturating_add(1),
            }
        }
        Ok(())
    }

    /// Entries that terms or the list speak of, and that are not known: asked for with their payments.
    fn missing(&mut self) -> Result<(), Trouble> {
        let (ids, numbers) = self.cursor.books.wanted(IDS_MAX);
        if ids.is_empty() && numbers.is_empty() {
            self.go_on(None, Step::Suppliers);
            return Ok(());
        }
        let filter = either("EntryID", &ids, |id| format!("guid'{id}'"));
        let rest = either("EntryNumber", &numbers, i64::to_string);
        let filter = [filter, rest].into_iter().filter(|part| !part.is_empty());
        let filter = filter.collect::<Vec<_>>().join(" or ");
        let rows: Vec<EntryRow> =
            self.whole("purchaseentry/PurchaseEntries", EntryRow::SELECT, &filter)?;
        let found: Vec<Guid> = rows.iter().map(|row| row.id).collect();
        for row in rows {
            self.cursor.books.entry(row);
        }
        let found: Vec<Guid> = found.into_iter().filter(|id| self.cursor.books.knows(id)).collect();
        for found in found.chunks(IDS_MAX) {
            let filter = either("TransactionEntryID", found, |id| format!("guid'{id}'"));
            let rows: Vec<TermRow> =
                self.whole("cashflow/Payments", TermRow::SELECT_PAYMENT, &filter)?;
            let horizon = self.horizon();
            for row in &rows {
                self.cursor.books.term(row, horizon);
            }
        }
        self.cursor.books.not_there(&ids, &numbers, self.now);
        Ok(())
    }

    /// Who the suppliers are of whose invoices something is to be said.
    fn suppliers(&mut self) -> Result<(), Trouble> {
        let asked = self.cursor.books.unknown_suppliers(IDS_MAX);
        if asked.is_empty() {
            self.go_on(None, Step::Telling);
            return Ok(());
        }
        let filter = either("ID", &asked, |id| format!("guid'{id}'"));
        let rows: Vec<AccountRow> = self.whole("crm/Accounts", AccountRow::SELECT, &filter)?;
        self.cursor.books.accounts(&asked, &rows);
        Ok(())
    }

    fn go_on(&mut self, next: Option<String>, then: Step) {
        if next.is_none() {
            self.cursor.step = then;
        }
        self.cursor.next = next;
    }

    fn horizon(&self) -> Timestamp {
        Timestamp::default().plus_millis(self.cursor.begun_ms.saturating_sub(HORIZON_MS))
    }

    fn modified(&self) -> String {
        let first = self.cursor.begun_ms.saturating_sub(HORIZON_MS);
        let since = Timestamp::default().plus_millis(self.cursor.since_ms.max(first));
        let time = since.to_string();
        format!("Modified ge datetime'{}'", time.trim_end_matches('Z'))
    }

    /// The next page of a table.
    fn page<T: DeserializeOwned>(
        &mut self,
        table: &str,
        columns: &str,
        filter: &str,
    ) -> Result<Page<T>, Trouble> {
        let url = match self.cursor.next.as_deref().filter(|next| !next.is_empty()) {
            Some(next) => next.to_owned(),
            None => self.url(table, columns, filter),
        };
        let page: Page<T> = self.get(&url)?;
        // A token goes nowhere else than where it is from.
        let own = format!("{}/api/v1/{}/{table}?", self.app.base, self.cursor.division);
        if page.next.as_deref().is_some_and(|next| !next.starts_with(&own)) {
            return Err(Trouble::Malformed("the next page of Exact Online"));
        }
        Ok(page)
    }

    /// All rows of a table that pass a filter, which are few.
    fn whole<T: DeserializeOwned>(
        &mut self,
        table: &str,
        columns: &str,
        filter: &str,
    ) -> Result<Vec<T>, Trouble> {
        self.cursor.next = None;
        let mut rows = Vec::new();
        loop {
            let page: Page<T> = self.page(table, columns, filter)?;
            rows.extend(page.rows);
            self.cursor.next = page.next;
            if self.cursor.next.is_none() {
                return Ok(rows);
            }
        }
    }

    fn url(&self, table: &str, columns: &str, filter: &str) -> String {
        let mut url =
            format!("{}/api/v1/{}/{table}?$select={columns}", self.app.base, self.cursor.division);
        if !filter.is_empty() {
            url.push_str("&$filter=");
            for byte in filter.bytes() {
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'\'') {
                    url.push(char::from(byte));
                } else {
                    // Writing to a text cannot fail.
                    let _ = write!(url, "%{byte:02X}");
                }
            }
        }
        url
    }

    fn get<T: DeserializeOwned>(&mut self, url: &str) -> Result<Page<T>, Trouble> {
        let token = tokens::token(self.app, self.access)?;
        let bearer = zeroize::Zeroizing::new(format!("Bearer {}", token.reveal()));
        let headers = [("authorization", bearer.as_str()), ("accept", "application/json")];
        let reply = self.access.client().get(url, &headers)?;
        let quiet = quiet_until(&reply, SPARE_CALLS);
        if reply.status() == 429 {
            let until = quiet_until(&reply, 0).or(quiet).unwrap_or_default();
            return Err(Trouble::Limited(duration(until.saturating_sub(self.now.millis()))));
        }
        self.cursor.quiet_until_ms = quiet.unwrap_or_default();
        rows::page(&reply.success()?)
    }
}

/// Until when nothing may be asked, by the headers of an answer, if no more than so many calls are left.
fn quiet_until(reply: &Reply, spare: u64) -> Option<i64> {
    let number = |name: &str| reply.header(name).and_then(|value| value.parse::<u64>().ok());
    let spans = [
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("x-ratelimit-minutely-remaining", "x-ratelimit-minutely-reset"),
    ];
    let used_up = spans.iter().filter(|(left, _)| number(left).is_some_and(|left| left <= spare));
    used_up.filter_map(|(_, reset)| i64::try_from(number(reset)?).ok()).max()
}

fn duration(millis: i64) -> Option<Duration> {
    u64::try_from(millis).ok().filter(|millis| *millis > 0).map(Duration::from_millis)
}

fn either<T>(column: &str, values: &[T], write: impl Fn(&T) -> String) -> String {
    let parts = values.iter().map(|value| format!("{column} eq {}", write(value)));
    parts.collect::<Vec<_>>().join(" or ")
}
