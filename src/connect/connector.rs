//! What a package's connector is: the one small interface between an accounting package and the registry.
//!
//! - A connector reads and never writes: what it sends to a package asks for something, or renews its own token.
//! - It says how entries stand in the package's books, in the registry's words (STANDARDS 9.1). Which registered invoice an
//!   entry is, what of it is news, and what is stated about it is the same for all packages, and not its business.
//! - It keeps nothing: what it must remember is in the cursor that it gets back and in the secret that is sealed.
//! - It blocks: it is called on a thread that may, and one connection is read by one thread at a time.
//! - Its [`Trouble`] has no room for what a package answered, so that no token gets into a log or an answer.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::connect::client::Client;
use crate::connect::vault::Secret;
use crate::statement::{Code, SourceKind, Status};
use crate::types::{Currency, Date, Minor, PartyId, Timestamp};

/// What a connection's owner set beside the secret: the package's address, a database, a company, a mapping.
pub type Settings = BTreeMap<String, String>;

/// The longest cursor.
pub const CURSOR_BYTES_MAX: usize = 256 << 10;

/// One kind of accounting package.
pub trait Connector: Send + Sync + 'static {
    /// Its name in statements and in the API: `tryton`, `exact-online`. Lower-case letters, digits and dashes.
    fn system(&self) -> &'static str;

    /// The settings that it takes: their names, and whether each must be there.
    fn settings(&self) -> &'static [Setting];

    /// Checks settings before they are kept. Their names have been checked against [`Self::settings`].
    ///
    /// # Errors
    /// A sentence for the owner, which begins with the setting in backticks.
    fn check(&self, settings: &Settings, client: &Client) -> Result<(), String>;

    /// Whether the owner gives the secret (a key, an app token) when he makes the connection.
    fn takes_secret(&self) -> bool {
        true
    }

    /// How often it is read; `None` for what is only ever given to the registry ([`Self::take`]).
    fn pace(&self) -> Option<Duration> {
        Some(Duration::from_mins(15))
    }

    /// Whether the owner consents at a page of the package before anything can be read.
    fn consents(&self) -> bool {
        false
    }

    /// Whether a notice of the package is genuine, and about the books of this cursor: then they are read at once.
    /// Without a cursor only whether it is genuine.
    fn is_told(&self, _cursor: Option<&[u8]>, _notice: &[u8]) -> bool {
        false
    }

    /// Where the owner must go to consent, for packages that ask on a page of their own (OAuth 2). `back` is our
    /// address for the way back and `state` what must come back with it, once. What is needed then (a PKCE
    /// verifier) is kept as the secret with [`Access::keep`].
    ///
    /// # Errors
    /// [`Trouble`].
    fn consent(
        &self,
        _access: &mut Access<'_>,
        _back: &str,
        _state: &str,
    ) -> Result<Option<String>, Trouble> {
        Ok(None)
    }

    /// Takes what came back from that page, and keeps the tokens that it gives with [`Access::keep`].
    ///
    /// # Errors
    /// [`Trouble`].
    fn redeem(&self, _access: &mut Access<'_>, _back: &str, _code: &str) -> Result<(), Trouble> {
        Err(Trouble::NotOffered)
    }

    /// Reads one page of what changed since the cursor; everything there is, where there is none yet.
    ///
    /// # Errors
    /// [`Trouble`]; the cursor stays where it was, and the same page is asked for again later.
    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble>;

    /// Takes a file that the owner gives (open items, messages). What was taken before comes in the cursor.
    ///
    /// # Errors
    /// [`Trouble`]; nothing of it was taken.
    fn take(
        &self,
        _access: &mut Access<'_>,
        _cursor: Option<&[u8]>,
        _file: &[u8],
    ) -> Result<Batch, Trouble> {
        Err(Trouble::NotOffered)
    }
}

/// A setting that a connector takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
}

/// What a connector gets to work with.
pub struct Access<'a> {
    settings: &'a Settings,
    client: &'a Client,
    now: Timestamp,
    secret: Option<Secret>,
    keep: &'a dyn Fn(&Secret) -> Result<(), Trouble>,
}

impl<'a> Access<'a> {
    /// What a connection has at a time; `keep` seals a secret and makes it durable.
    pub fn new(
        settings: &'a Settings,
        client: &'a Client,
        now: Timestamp,
        secret: Option<Secret>,
        keep: &'a dyn Fn(&Secret) -> Result<(), Trouble>,
    ) -> Self {
        Self { settings, client, now, secret, keep }
    }

    /// The connection's settings.
    pub const fn settings(&self) -> &'a Settings {
        self.settings
    }

    /// A setting; empty where it is not there.
    pub fn setting(&self, name: &str) -> &'a str {
        self.settings.get(name).map_or("", String::as_str)
    }

    /// Makes requests.
    pub const fn client(&self) -> &'a Client {
        self.client
    }

    /// The registry's time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The secret as it was given or last kept.
    ///
    /// # Errors
    /// [`Trouble::Revoked`] where there is none.
    pub fn secret(&self) -> Result<&Secret, Trouble> {
        self.secret.as_ref().ok_or(Trouble::Revoked)
    }

    /// Replaces the secret. It is sealed and on the disk when this returns: a token that may be used only once is
    /// kept before it is used.
    ///
    /// # Errors
    /// [`Trouble::Store`]; the old one is still kept.
    pub fn keep(&mut self, secret: Secret) -> Result<(), Trouble> {
        (self.keep)(&secret)?;
        self.secret = Some(secret);
        Ok(())
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// The entries that changed, in no order.
    pub entries: Vec<Entry>,
    /// Where to go on; at most [`CURSOR_BYTES_MAX`].
    pub cursor: Vec<u8>,
    /// Whether there is more to read now.
    pub more: bool,
}

/// An entry of a package's purchase ledger, or a message on one: how it stands now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The package's own id of it, which no other entry of the connection has.
    pub key: String,
    /// The ids that the supplier can be known by; any one of them is enough.
    pub suppliers: Vec<PartyId>,
    /// The supplier's number, as the package has it.
    pub number: String,
    /// The supplier's date, where it is known: an invoice of another year is another one, and a day tells apart invoices
    /// of one number.
    pub issued: Option<Date>,
    /// Total and currency, where they are known: likewise.
    pub total: Option<(Minor, Currency)>,
    /// When it came to stand so, by the package's clock.
    pub changed_at: Timestamp,
    /// What kind of source says so.
    pub source: SourceKind,
    /// The document axis, where it says something on it.
    pub document: Option<Stand>,
    /// The debtor's process, where it says something on it.
    pub process: Option<Stand>,
    /// The money, where it says something on it.
    pub payment: Option<Payment>,
}

/// Where an entry stands on the document or process axis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stand {
    /// The status.
    pub status: Status,
    /// The amount that is approved, for an approval in part.
    pub amount_minor: Option<Minor>,
    /// Why, in codes of some list.
    pub reasons: Vec<String>,
    /// Whether it is void in the books: another entry of the same invoice that is not counts instead of it.
    pub void: bool,
}

impl Stand {
    /// A status alone.
    pub const fn at(status: Status) -> Self {
        Self { status, amount_minor: None, reasons: Vec::new(), void: false }
    }
}

/// Where the money of an entry stands. What lies between two of these (a payment that came back, one that failed) is
/// found by comparing, not by the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Payment {
    /// Nothing was paid, and nothing is on its way.
    Open,
    /// Selected for a payment run.
    Selected,
    /// Ordered.
    Initiated,
    /// Promised for a day.
    Promised(Date),
    /// So much was paid in all.
    Part(Minor),
    /// Paid in full, perhaps on a day that is known.
    Paid(Option<Date>),
}

/// A code of a statement, of what visible characters of a text there are; none where there are none.
pub fn code(text: &str) -> Option<Code> {
    let visible: String = text.chars().filter(char::is_ascii_graphic).take(64).collect();
    visible.parse().ok()
}

/// Why a package was not read. It has no room for what the package answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The package does not believe the key or token any more: the owner took it back there, or it ran out.
    #[error("the package refuses the key: it was revoked or ran out")]
    Revoked,
    /// The key is believed, and may not read this.
    #[error("the key may not read what is needed")]
    Forbidden,
    /// The package asks to be left alone, for so long if it says so.
    #[error("the package asks for fewer requests")]
    Limited(Option<Duration>),
    /// It cannot be reached, or does not answer in time.
    #[error("the package cannot be reached")]
    Unreachable,
    /// Its address is not one that the operator allows.
    #[error("the address of the package is not allowed")]
    Address,
    /// It answered with another status than one that is known.
    #[error("the package answered with status {0}")]
    Answered(u16),
    /// It answered, or the file says, something else than what is agreed.
    #[error("what was read is not what was expected: {0}")]
    Malformed(&'static str),
    /// A line of a file that was given cannot be read.
    #[error("line {0} of the file: {1}")]
    Line(u64, &'static str),
    /// This kind of connection does not do this.
    #[error("this kind of connection does not do this")]
    NotOffered,
    /// The registry's own database failed.
    #[error("the registry cannot keep what it needs")]
    Store,
}

impl Trouble {
    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::Forbidden => "forbidden",
            Self::Limited(_) => "limited",
            Self::Unreachable => "unreachable",
            Self::Address => "address_not_allowed",
            Self::Answered(_) => "answered",
            Self::Malformed(_) | Self::Line(..) => "malformed",
            Self::NotOffered => "not_offered",
            Self::Store => "store",
        }
    }
}
