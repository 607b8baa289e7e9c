//! `contact`: how debtors are reached, and the letters to them; the operator's work, thin over `/v1/contacts` and
//! `/v1/letters`.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Ending;
use crate::cli::client::{Place, Session};
use crate::cli::identity::Identity;
use crate::cli::terminal::{print, say, say_bad, say_good};
use crate::types::PartyId;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Sets what a participant is called and where its letters go, and says what is odd about the address
    Set(Set),
    /// Shows one contact, or all
    Show(Show),
    /// Confirms an address, after you made sure that it is the participant's
    Confirm(Confirm),
    /// Erases a contact; links that went to it end
    Erase(Party),
    /// Lists the letters to debtors; --open only those that wait for you
    Letters(Letters),
    /// Lets a letter go that is held, after you made sure that the address is the debtor's
    Approve(Approve),
    /// Sends a letter again, with a new link
    Resend(One),
    /// Drops a letter: it is not sent
    Drop(One),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// The participant, such as 0106:12345678
    #[arg(value_name = "PARTY")]
    of: PartyId,
    /// What it is called
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Where its letters go, as the participant itself said; never as somebody says who asks it for something
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// The language of its letters
    #[arg(long, value_parser = ["nl", "en", "fr"], default_value = "en")]
    language: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The participant; all, where it is absent
    #[arg(value_name = "PARTY")]
    of: Option<PartyId>,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Confirm {
    /// The participant
    #[arg(value_name = "PARTY")]
    of: PartyId,
    /// The address that you confirm
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Party {
    /// The participant
    #[arg(value_name = "PARTY")]
    of: PartyId,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Letters {
    /// Only those that wait for you: without an address, held, or refused
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// The letter: `ltr_…`
    id: String,
    /// The address that it may go to
    #[arg(long, value_name = "ADDRESS")]
    email: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The letter: `ltr_…`
    id: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
struct CallerArgs {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    identity: Identity,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

impl CallerArgs {
    fn session(&self) -> anyhow::Result<Session> {
        Session::open(&self.place, &self.identity)
    }

    fn contact(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Ending> {
        let answer = self.session()?.send_json(method, path, body)?;
        if self.json {
            print(&answer)?;
        }
        let contact = Contact::deserialize(&answer).context("this is not a contact")?;
        contact.show(self.json)
    }

    fn letter(&self, id: &str, deed: &str, body: &Value) -> anyhow::Result<Ending> {
        let path = format!("/v1/letters/{id}/{deed}");
        let answer = self.session()?.send_json("POST", &path, body)?;
        if self.json {
            print(&answer)?;
        }
        Letter::deserialize(&answer).context("this is not a letter")?.show(self.json)?;
        Ok(Ending::Fine)
    }

    /// Every entry of a list.
    fn all(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let session = self.session()?;
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let next = cursor.as_ref().map(|it| format!("&cursor={it}")).unwrap_or_default();
            let page = session.get_json(&format!("{path}?limit=100{next}"))?;
            let data = page.get("data").and_then(Value::as_array);
            all.extend(data.context("this is not a list")?.iter().cloned());
            cursor = page.get("next_cursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where the registry cannot be reached or refuses.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    match command {
        Command::Set(args) => {
            let mut body = json!({ "name": args.name, "language": args.language });
            if let Some(members) = body.as_object_mut() {
                members.extend(args.email.iter().map(|it| ("email".to_owned(), json!(it))));
            }
            args.caller.contact("PUT", &format!("/v1/contacts/{}", args.of), &body)
        }
        Command::Show(args) => show(args),
        Command::Confirm(args) => {
            let path = format!("/v1/contacts/{}/confirm", args.of);
            args.caller.contact("POST", &path, &json!({ "email": args.email }))
        }
        Command::Erase(args) => {
            let path = format!("/v1/contacts/{}", args.of);
            args.caller.session()?.send_json("DELETE", &path, &Value::Null)?;
            say_good(format_args!("the contact of {} is erased", args.of));
            Ok(Ending::Fine)
        }
        Command::Letters(args) => letters(args),
        Command::Approve(args) => {
            args.caller.letter(&args.id, "approve", &json!({ "email": args.email }))
        }
        Command::Resend(args) => args.caller.letter(&args.id, "resend", &Value::Null),
        Command::Drop(args) => args.caller.letter(&args.id, "drop", &Value::Null),
    }
}

fn show(args: &Show) -> anyhow::Result<Ending> {
    let contacts = match &args.of {
        Some(party) => vec![args.caller.session()?.get_json(&format!("/v1/contacts/{party}"))?],
        None => args.caller.all("/v1/contacts")?,
    };
    if args.caller.json {
        contacts.iter().try_for_each(print)?;
        return Ok(Ending::Fine);
    }
    for contact in &contacts {
        Contact::deserialize(contact).context("this is not a contact")?.show(false)?;
    }
    if contacts.is_empty() {
        say("there is none: `tallystick contact set PARTY --name NAME --email ADDRESS` makes one");
    }
    Ok(Ending::Fine)
}

fn letters(args: &Letters) -> anyhow::Result<Ending> {
    let all = args.caller.all("/v1/letters")?;
    let mut waiting = false;
    for json in &all {
        let letter = Letter::deserialize(json).context("this is not a letter")?;
        waiting |= letter.needs_operator();
        if args.open && !letter.needs_operator() {
            continue;
        }
        if args.caller.json {
            print(json)?;
        } else {
            letter.show(false)?;
        }
    }
    Ok(Ending::found_if(waiting))
}

/// A contact, as far as it is shown.
#[derive(Deserialize)]
struct Contact {
    party: String,
    name: String,
    email: Option<String>,
    language: String,
    confirmed_at: Option<String>,
    findings: Vec<Finding>,
}

/// A letter, as far as it is shown.
#[derive(Deserialize)]
struct Letter {
    id: String,
    debtor: String,
    asker: Option<String>,
    email: Option<String>,
    status: String,
    findings: Vec<Finding>,
    sent_at: Option<String>,
}

/// Something odd about an address.
#[derive(Deserialize)]
struct Finding {
    code: String,
    domain: Option<String>,
    party: Option<String>,
}

impl Finding {
    fn say(&self) {
        let party = self.party.as_deref().unwrap_or("another participant");
        match self.code.as_str() {
            "domain_first_seen" => say_bad("no address at this domain was confirmed before"),
            "domain_internationalised" => {
                say_bad("the domain stands for one in another alphabet, where letters look alike");
            }
            "domain_resembles" => {
                let domain = self.domain.as_deref().unwrap_or("another one");
                say_bad(format_args!("the domain looks like {domain}, which is that of {party}"));
            }
            "domain_shared" => say_bad(format_args!("the domain is also that of {party}")),
            "domain_of_asker" => {
                say_bad(format_args!("the domain is that of {party}, which is who asks"));
            }
            code => say_bad(code),
        }
    }
}

impl Contact {
    fn show(&self, said: bool) -> anyhow::Result<Ending> {
        let Self { party, name, email, language, confirmed_at, findings } = self;
        if !said {
            let email = email.as_deref().unwrap_or("(no address)");
            let state = if confirmed_at.is_some() { "confirmed" } else { "not confirmed" };
            print(format_args!("{party} {name}: {email}, {language}, {state}"))?;
        }
        findings.iter().for_each(Finding::say);
        let waits = email.is_some() && confirmed_at.is_none();
        if waits && let Some(email) = email {
            say(format_args!(
                "letters are held: call {name} at a number that you knew before, then \
                 `tallystick contact confirm {party} --email {email}`"
            ));
        }
        Ok(Ending::found_if(waits))
    }
}

impl Letter {
    fn needs_operator(&self) -> bool {
        matches!(self.status.as_str(), "address_missing" | "held" | "refused")
    }

    fn show(&self, said: bool) -> anyhow::Result<()> {
        let Self { id, debtor, asker, email, status, findings, sent_at } = self;
        if !said {
            let asker = asker.as_ref().map(|it| format!(" for {it}")).unwrap_or_default();
            let email = email.as_ref().map(|it| format!(" at {it}")).unwrap_or_default();
            let sent = sent_at.as_ref().map(|it| format!(", last sent {it}")).unwrap_or_default();
            print(format_args!("{id} {status}: to {debtor}{email}{asker}{sent}"))?;
        }
        findings.iter().for_each(Finding::say);
        Ok(())
    }
}
