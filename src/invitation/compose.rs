//! Writes letters: who asks, why, for which invoices, until when, and the link; as text and as HTML that says the same.
//!
//! The plain text comes first (RFC 2046, 5.1.4: the last part is the richest). Every value is escaped by the template
//! of its form. Nothing that an asking party wrote is in a letter, except which invoices it means.

use std::time::{Duration, UNIX_EPOCH};

use askama::Template;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::invitation::contact::{Contact, Language};
use crate::invitation::letter::Letter;
use crate::invitation::source::{Request, Wanted};
use crate::invitation::words::{Words, WordsError};
use crate::types::{PartyId, Timestamp};

/// How many suppliers a letter names.
const SUPPLIERS_TOLD_MAX: usize = 10;
/// How much of an invoice's number a letter shows.
const NUMBER_CHARS_MAX: usize = 40;

/// What is the same in every letter.
#[derive(Debug, Clone)]
pub struct Sender {
    /// From whom; its name is what the registry is called in letters.
    pub from: Mailbox,
    /// To whom answers go: a person reads them.
    pub reply_to: Mailbox,
    /// Where the registry's pages are, such as `https://registry.example`.
    pub public_url: String,
}

/// What a letter is written from.
pub(super) struct Draft<'a> {
    pub(super) letter: &'a Letter,
    pub(super) contact: &'a Contact,
    /// The request that it is about; none for the mandates as a whole.
    pub(super) request: Option<&'a Request>,
    /// The link, whole.
    pub(super) url: &'a str,
    pub(super) expires_at: Timestamp,
    pub(super) now: Timestamp,
}

/// Why a letter is not written.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    #[error(transparent)]
    Words(#[from] WordsError),
    #[error("a template cannot be filled in")]
    Template(#[from] askama::Error),
    #[error("the address is not one")]
    Address(#[from] lettre::address::AddressError),
    #[error("the message cannot be put together")]
    Message(#[from] lettre::error::Error),
}

/// What both forms say.
struct Said {
    subject: String,
    greeting: String,
    intro: String,
    facts: Vec<Fact>,
    choice: String,
    button: String,
    once: String,
    doubt: String,
    registry: String,
    address: String,
}

/// One of who, why, which and until when.
struct Fact {
    label: String,
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "letter.txt", escape = "none", config = "src/invitation/askama.toml")]
struct Plain<'a> {
    greeting: &'a str,
    intro: &'a str,
    facts: &'a [Fact],
    choice: &'a str,
    button: &'a str,
    url: &'a str,
    once: &'a str,
    doubt: &'a str,
    registry: &'a str,
    address: &'a str,
}

#[derive(Template)]
#[template(path = "letter.html", config = "src/invitation/askama.toml")]
struct Rich<'a> {
    language: Language,
    subject: &'a str,
    greeting: &'a str,
    intro: &'a str,
    facts: &'a [Fact],
    choice: &'a str,
    button: &'a str,
    url: &'a str,
    once: &'a str,
    doubt: &'a str,
    registry: &'a str,
    address: &'a str,
}

/// Writes a letter. `name` says what a participant is called in the operator's record.
pub(super) fn compose(
    sender: &Sender,
    draft: &Draft<'_>,
    name: impl Fn(&PartyId) -> Option<String>,
) -> Result<Message, ComposeError> {
    let words = Words::of(draft.contact.language)?;
    let registry = sender.from.name.clone();
    let registry = registry.unwrap_or_else(|| sender.from.email.domain().to_owned());
    let called = |party: &PartyId| name(party).unwrap_or_else(|| party.to_string());
    let said = match draft.request {
        Some(request) => asked(&words, &registry, draft, request, &called)?,
        None => own(&words, &registry, draft)?,
    };
    let plain = Plain {
        greeting: &said.greeting,
        intro: &said.intro,
        facts: &said.facts,
        choice: &said.choice,
        button: &said.button,
        url: draft.url,
        once: &said.once,
        doubt: &said.doubt,
        registry: &said.registry,
        address: &said.address,
    };
    let rich = Rich {
        language: draft.contact.language,
        subject: &said.subject,
        greeting: &said.greeting,
        intro: &said.intro,
        facts: &said.facts,
        choice: &said.choice,
        button: &said.button,
        url: draft.url,
        once: &said.once,
        doubt: &said.doubt,
        registry: &said.registry,
        address: &said.address,
    };
    let parts = MultiPart::alternative_plain_html(plain.render()?, rich.render()?);
    let email = draft.contact.email.as_ref().map_or("", |email| email.as_str());
    let to = Mailbox::new(Some(draft.contact.name.clone()), email.parse()?);
    let seconds = u64::try_from(draft.now.millis()).unwrap_or_default();
    let date = UNIX_EPOCH.checked_add(Duration::from_millis(seconds)).unwrap_or(UNIX_EPOCH);
    let id = format!(
        "<{}.{}.{}@{}>",
        draft.letter.id,
        draft.letter.sent.len(),
        draft.now.millis(),
        sender.from.email.domain()
    );
    let message = Message::builder()
        .from(sender.from.clone())
        .reply_to(sender.reply_to.clone())
        .to(to)
        .subject(said.subject)
        .date(date)
        .message_id(Some(id))
        // Out-of-office machines do not answer what says this (RFC 3834).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Content-Language"),
            draft.contact.language.code().to_owned(),
        ))
        .multipart(parts)?;
    Ok(message)
}

/// A request, told to its debtor.
fn asked(
    words: &Words,
    registry: &str,
    draft: &Draft<'_>,
    request: &Request,
    called: &impl Fn(&PartyId) -> String,
) -> Result<Said, ComposeError> {
    let (asker, debtor) = (called(&request.asker), draft.contact.name.as_str());
    let asker = asker.as_str();
    let why = if request.financier { "why-financier" } else { "why-supplier" };
    let who = if asker == request.asker.as_str() {
        asker.to_owned()
    } else {
        format!("{asker} ({})", request.asker)
    };
    let fact = |key: &str, lines: Vec<String>| -> Result<Fact, WordsError> {
        Ok(Fact { label: words.say(key, &[])?, lines })
    };
    let facts = vec![
        fact("who", vec![who])?,
        fact("why", vec![words.say(why, &[("asker", asker.into())])?])?,
        fact("which", which(words, &request.wanted, called)?)?,
        fact("until", vec![words.moment(request.until)?])?,
    ];
    let supplier = match &request.wanted {
        Wanted::Suppliers(suppliers) if suppliers.len() == 1 => suppliers.first(),
        Wanted::All | Wanted::Suppliers(_) | Wanted::Invoices { .. } => None,
    };
    let subject = match supplier.filter(|supplier| **supplier != request.asker) {
        Some(supplier) => {
            let supplier = called(supplier);
            words.say(
                "subject-supplier",
                &[("asker", asker.into()), ("supplier", supplier.into())],
            )?
        }
        None => words.say("subject-all", &[("asker", asker.into())])?,
    };
    let expires = words.moment(draft.expires_at)?;
    Ok(Said {
        subject,
        greeting: words.say("greeting", &[])?,
        intro: words.say("intro", &[("asker", asker.into()), ("debtor", debtor.into())])?,
        facts,
        choice: words.say("choice", &[])?,
        button: words.say("button", &[])?,
        once: words.say("once", &[("expires", expires.into()), ("debtor", debtor.into())])?,
        doubt: words.say("doubt", &[("registry", registry.into())])?,
        registry: registry.to_owned(),
        address: words.say(
            "address",
            &[("registry", registry.into()), ("debtor", debtor.into()), ("asker", asker.into())],
        )?,
    })
}

/// A link to the mandates that were given, which the debtor asked for.
fn own(words: &Words, registry: &str, draft: &Draft<'_>) -> Result<Said, ComposeError> {
    let debtor = draft.contact.name.as_str();
    let expires = words.moment(draft.expires_at)?;
    Ok(Said {
        subject: words.say("subject-manage", &[("registry", registry.into())])?,
        greeting: words.say("greeting", &[])?,
        intro: words.say("intro-manage", &[("debtor", debtor.into())])?,
        facts: Vec::new(),
        choice: String::new(),
        button: words.say("button-manage", &[])?,
        once: words.say("once", &[("expires", expires.into()), ("debtor", debtor.into())])?,
        doubt: words.say("doubt-manage", &[("registry", registry.into())])?,
        registry: registry.to_owned(),
        address: words
            .say("address-manage", &[("registry", registry.into()), ("debtor", debtor.into())])?,
    })
}

/// A number as a letter shows it. Whoever registered the invoice chose it, perhaps for the link that a mail program would
/// make of it: what is no part of a number is a space here, and no two words are joined by a full stop.
fn number(text: &str) -> String {
    let letters: Vec<char> = text.chars().take(NUMBER_CHARS_MAX).collect();
    let letter =
        |at: Option<usize>| at.and_then(|at| letters.get(at)).is_some_and(|c| c.is_alphabetic());
    let shown = letters.iter().enumerate().map(|(at, c)| match c {
        '.' if letter(at.checked_sub(1)) && letter(at.checked_add(1)) => ' ',
        '.' | '-' | '/' | '_' | '#' => *c,
        c if c.is_alphanumeric() => *c,
        _ => ' ',
    });
    shown.collect()
}

/// Which invoices.
fn which(
    words: &Words,
    wanted: &Wanted,
    called: &impl Fn(&PartyId) -> String,
) -> Result<Vec<String>, WordsError> {
    let more = |all: usize, told: usize| -> Result<Option<String>, WordsError> {
        let count = all.saturating_sub(told);
        let more = || words.say("which-more", &[("count", count.into())]);
        (count > 0).then(more).transpose()
    };
    match wanted {
        Wanted::All => Ok(vec![words.say("which-all", &[])?]),
        Wanted::Suppliers(suppliers) => {
            let names: Vec<String> =
                suppliers.iter().take(SUPPLIERS_TOLD_MAX).map(called).collect();
            let list = words.list(&names)?;
            let mut lines = vec![words.say("which-suppliers", &[("suppliers", list.into())])?];
            lines.extend(more(suppliers.len(), names.len())?);
            Ok(lines)
        }
        Wanted::Invoices { told, count } => {
            let count = *count;
            let mut lines = vec![words.say("which-invoices", &[("count", count.into())])?];
            for invoice in told {
                let (date, seller) = (words.day(invoice.issue_date)?, called(&invoice.seller));
                let number = number(&invoice.number);
                let values =
                    [("number", number.into()), ("date", date.into()), ("seller", seller.into())];
                lines.push(words.say("which-invoice", &values)?);
            }
            lines.extend(more(count, told.len())?);
            Ok(lines)
        }
    }
}
