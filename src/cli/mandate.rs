//! `mandate`: a financier or supplier asks for one; a debtor grants, declines or revokes; both see what there is.

use anyhow::Context as _;
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::cli::client::{Place, Reply, Session};
use crate::cli::failure::failure;
use crate::cli::identity::Identity;
use crate::cli::terminal::{print, say, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::statement::{Detail, SignedStatement, StatementType};
use crate::types::{Date, InvoiceId, PartyId, StatementId, Timestamp};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Asks a debtor for a mandate; the registry writes to it
    Request(Request),
    /// Has the letter of a request sent again
    Remind(One),
    /// Lists the mandates that you granted, hold, asked for or are asked for
    List(List),
    /// Grants a mandate, as the debtor
    Grant(Grant),
    /// Declines a request, as the debtor
    Decline(One),
    /// Revokes a mandate, as the debtor: it ends at once
    Revoke(One),
}

/// For which invoices.
#[derive(Debug, clap::Args)]
#[group(id = "which", required = true, multiple = false)]
pub(crate) struct Which {
    /// For all invoices that the debtor receives
    #[arg(long)]
    all: bool,
    /// For the invoices of this supplier; several with commas
    #[arg(long = "supplier", value_name = "PARTY", value_delimiter = ',')]
    suppliers: Vec<PartyId>,
    /// For this invoice (`inv_…`); several with commas
    #[arg(long = "invoice", value_name = "INVOICE", value_delimiter = ',')]
    invoices: Vec<InvoiceId>,
}

impl Which {
    fn scope(&self) -> Value {
        if !self.suppliers.is_empty() {
            json!({ "kind": "suppliers", "suppliers": self.suppliers })
        } else if !self.invoices.is_empty() {
            json!({ "kind": "invoices", "invoices": self.invoices })
        } else {
            json!({ "kind": "all" })
        }
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Request {
    /// The debtor who is asked
    #[arg(long, value_name = "PARTY")]
    debtor: PartyId,
    #[command(flatten)]
    which: Which,
    /// Until when: a day, to its end in UTC, or a time
    #[arg(long, value_name = "DAY", value_parser = until)]
    until: Timestamp,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Grant {
    /// Who may see
    #[arg(long, value_name = "PARTY")]
    to: PartyId,
    #[command(flatten)]
    which: Which,
    /// What may be seen; several with commas
    #[arg(
        long,
        value_enum,
        value_delimiter = ',',
        default_value = "document,process,payment,amounts"
    )]
    show: Vec<Shown>,
    /// Until when: a day, to its end in UTC, or a time
    #[arg(long, value_name = "DAY", value_parser = until)]
    until: Timestamp,
    /// The request that this answers (`stm_…`)
    #[arg(long, value_name = "STATEMENT")]
    request: Option<StatementId>,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The statement that asked for it or granted it: `stm_…`
    id: StatementId,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
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

/// What a mandate lets its holder see.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shown {
    Document,
    Process,
    Payment,
    Amounts,
}

impl From<Shown> for Detail {
    fn from(shown: Shown) -> Self {
        match shown {
            Shown::Document => Self::Document,
            Shown::Process => Self::Process,
            Shown::Payment => Self::Payment,
            Shown::Amounts => Self::Amounts,
        }
    }
}

/// Reads a time, or a day to its end.
fn until(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day: Date = text.parse().map_err(|_| "give a day such as 2027-06-30, or a time")?;
    let next = day.day_number().checked_add(1).and_then(Date::from_day_number);
    let next = next.ok_or("the day is too far away")?;
    format!("{next}T00:00:00Z").parse().map_err(|_| "the day is too far away".to_owned())
}

impl CallerArgs {
    fn session(&self) -> anyhow::Result<Session> {
        Session::open(&self.place, &self.identity)
    }

    /// Signs and submits a statement.
    fn state(&self, kind: StatementType, data: &Value) -> anyhow::Result<Ending> {
        let session = self.session()?;
        let (reference, now, data) = (host::fresh_id()?, host::now(), data.to_string());
        let (party, origin) = (&session.party, &session.origin);
        let signed =
            SignedStatement::sign(&session.key, kind, party, &reference, now, origin, &data)
                .context("this statement cannot be signed")?;
        let reply = session.client.submit(signed.bytes())?;
        if self.json {
            print(reply.json())?;
        }
        match &reply {
            Reply::Receipt(receipt, _) => {
                if !self.json {
                    print(receipt.id)?;
                }
                say_good(format_args!("{kind} stands at position {}", receipt.position));
                Ok(Ending::Fine)
            }
            Reply::Problem(problem, _) => {
                say_bad(problem);
                Ok(Ending::Found)
            }
        }
    }
}

/// Runs the command.
///
/// # Errors
/// Where the registry cannot be reached or does not answer as one.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    match command {
        Command::Request(args) => {
            let data = json!({
                "debtor": args.debtor, "scope": args.which.scope(), "until": args.until,
            });
            args.caller.state(StatementType::MandateRequested, &data)
        }
        Command::Remind(args) => {
            let path = format!("/v1/mandates/{}/remind", args.id);
            let answer = args.caller.session()?.send_json("POST", &path, &Value::Null)?;
            if args.caller.json {
                print(answer)?;
            }
            say_good("noted: the registry writes again, where it can");
            Ok(Ending::Fine)
        }
        Command::List(args) => list(args),
        Command::Grant(args) => {
            let show: Vec<Detail> = args.show.iter().map(|it| Detail::from(*it)).collect();
            let mut data = json!({
                "to": args.to, "scope": args.which.scope(), "show": show, "until": args.until,
            });
            if let Some(members) = data.as_object_mut() {
                members.extend(args.request.iter().map(|it| ("request".to_owned(), json!(it))));
            }
            args.caller.state(StatementType::MandateGranted, &data)
        }
        Command::Decline(args) => {
            args.caller.state(StatementType::MandateDeclined, &json!({ "request": args.id }))
        }
        Command::Revoke(args) => {
            args.caller.state(StatementType::MandateRevoked, &json!({ "mandate": args.id }))
        }
    }
}

fn list(args: &List) -> anyhow::Result<Ending> {
    let session = args.caller.session()?;
    let mut cursor = String::new();
    let mut none = true;
    loop {
        let page = session.get_json(&format!("/v1/mandates?limit=100{cursor}"))?;
        let data = page.get("data").and_then(Value::as_array);
        let Some(data) = data else {
            return Err(failure("this is not a list of mandates", "is --url a registry?"));
        };
        for mandate in data {
            none = false;
            if args.caller.json {
                print(mandate)?;
                continue;
            }
            let word = |name: &str| mandate.get(name).and_then(Value::as_str).unwrap_or_default();
            let scope = mandate.get("scope").and_then(|it| it.get("kind")).and_then(Value::as_str);
            print(format_args!(
                "{} {}: {} for {}, {}, until {}",
                word("id"),
                word("status"),
                word("debtor"),
                word("holder"),
                scope.unwrap_or_default(),
                word("until")
            ))?;
        }
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    if none && !args.caller.json {
        say("there is none");
    }
    Ok(Ending::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_to_its_end() {
        assert_eq!(
            until("2027-06-30").map(|it| it.to_string()),
            Ok("2027-07-01T00:00:00.000Z".to_owned())
        );
        assert_eq!(
            until("2027-06-30T12:00:00Z").map(|it| it.to_string()),
            Ok("2027-06-30T12:00:00.000Z".to_owned())
        );
        assert!(until("tomorrow").is_err());
    }
}
