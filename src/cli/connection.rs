//! `connection add`, `list`, `read`, `give`, `secret`, `remove`: thin over `/v1/connections`.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cli::client::{Place, Reply, Session};
use crate::cli::failure::{WithHint as _, failure};
use crate::cli::identity::Identity;
use crate::cli::terminal::{print, say, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::statement::{SignedStatement, StatementType};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Connects your accounting package, and lets what is read of it be stated for you
    Add(Add),
    /// Lists the connections and how they are doing
    List(List),
    /// Reads a connection now and says how that went
    Read(One),
    /// Prints where you consent on the package's own page, for kinds that ask there
    Consent(Consent),
    /// Gives a connection a file to read: open items, messages
    Give(Give),
    /// Gives a connection another key or token, after the one before was taken back or ran out
    Secret(NewSecret),
    /// Removes a connection, its secret and whatever was kept of the books
    Remove(One),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The kind of package, such as tryton
    system: String,
    /// A setting of the kind, such as `url=https://books.example`; as often as needed
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting)]
    settings: Vec<(String, String)>,
    /// A file with the key or token that the package gave out; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// What you call it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct One {
    /// The connection: `con_…`
    id: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Consent {
    /// The connection: `con_…`
    id: String,
    /// Where the package sends you back to: the registry's address as your browser reaches it, and /connections/back
    #[arg(long, value_name = "URL")]
    back: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Give {
    /// The connection: `con_…`
    id: String,
    /// The file
    file: PathBuf,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct NewSecret {
    /// The connection: `con_…`
    id: String,
    /// A file with the new key or token; - reads it from standard input
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
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

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or the registry cannot be reached.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    match command {
        Command::Add(args) => add(args),
        Command::List(args) => list(args),
        Command::Read(args) => read(args),
        Command::Consent(args) => consent(args),
        Command::Give(args) => give(args),
        Command::Secret(args) => secret(args),
        Command::Remove(args) => remove(args),
    }
}

impl CallerArgs {
    fn session(&self) -> anyhow::Result<Session> {
        Session::open(&self.place, &self.identity)
    }

    /// Shows how a connection is doing.
    fn show(&self, connection: &Value) -> anyhow::Result<Ending> {
        let shown = Shown::of(connection)?;
        if self.json {
            print(connection)?;
        } else {
            shown.show()?;
        }
        Ok(Ending::found_if(shown.status != "active"))
    }
}

fn add(args: &Add) -> anyhow::Result<Ending> {
    let settings: Map<String, Value> =
        args.settings.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    let mut body = json!({ "system": args.system, "settings": settings });
    if let Some(members) = body.as_object_mut() {
        if let Some(file) = &args.secret_file {
            members.insert("secret".to_owned(), json!(secret_of(file)?));
        }
        members.extend(args.description.iter().map(|it| ("description".to_owned(), json!(it))));
    }
    let session = args.caller.session()?;
    let mut connection = session.send_json("POST", "/v1/connections", &body)?;
    let made = Shown::of(&connection)?;
    if matches!(made.status.as_str(), "not_delegated" | "pending") {
        if let Some(delegate) = &made.delegate {
            delegate_to(&session, delegate)?;
            connection = session.get_json(&format!("/v1/connections/{}", made.id))?;
        } else {
            say_bad("the registry's connector service is not admitted yet: ask its operator");
        }
    }
    args.caller.show(&connection)
}

/// Lets the connector service state what is read.
fn delegate_to(session: &Session, delegate: &str) -> anyhow::Result<()> {
    let data = json!({ "delegate": delegate, "types": [StatementType::StatusReported] });
    let signed = SignedStatement::sign(
        &session.key,
        StatementType::DelegationGranted,
        &session.party,
        &host::fresh_id()?,
        host::now(),
        &session.origin,
        &data.to_string(),
    )
    .context("the delegation cannot be signed")?;
    match session.client.submit(signed.bytes())? {
        Reply::Receipt(receipt, _) => {
            let position = receipt.position;
            say_good(format_args!(
                "{delegate} may state statuses for you (position {position}); \
                 `delegation.revoked.v1` ends that"
            ));
            Ok(())
        }
        Reply::Problem(problem, _) => Err(failure(
            format!("the connection is made, and the delegation was refused: {problem}"),
            "sign `delegation.granted.v1` for `status.reported.v1` yourself",
        )),
    }
}

fn list(args: &List) -> anyhow::Result<Ending> {
    let page = args.caller.session()?.get_json("/v1/connections?limit=100")?;
    if args.caller.json {
        print(&page)?;
        return Ok(Ending::Fine);
    }
    let page = Page::deserialize(&page).context("this is not a list of connections")?;
    for connection in &page.data {
        connection.show()?;
    }
    if page.data.is_empty() {
        say("there is none: `tallystick connection add SYSTEM` makes one");
    }
    Ok(Ending::found_if(page.data.iter().any(|it| it.status != "active")))
}

fn consent(args: &Consent) -> anyhow::Result<Ending> {
    let path = format!("/v1/connections/{}/consent", args.id);
    let consent = args.caller.session()?.send_json("POST", &path, &json!({ "back": args.back }))?;
    if args.caller.json {
        print(&consent)?;
    } else {
        say(consent.get("url").and_then(Value::as_str).unwrap_or_default());
        say_good(
            "open it in a browser within 15 minutes: the package sends you back to the registry",
        );
    }
    Ok(Ending::Fine)
}

fn read(args: &One) -> anyhow::Result<Ending> {
    let path = format!("/v1/connections/{}/read", args.id);
    let connection = args.caller.session()?.send_json("POST", &path, &json!({}))?;
    args.caller.show(&connection)
}

fn give(args: &Give) -> anyhow::Result<Ending> {
    let file = std::fs::read(&args.file)
        .with_context(|| format!("{} cannot be read", args.file.display()))?;
    let path = format!("/v1/connections/{}/files", args.id);
    let connection = args.caller.session()?.send_file(&path, &file)?;
    args.caller.show(&connection)
}

fn secret(args: &NewSecret) -> anyhow::Result<Ending> {
    let path = format!("/v1/connections/{}", args.id);
    let body = json!({ "secret": secret_of(&args.secret_file)? });
    let connection = args.caller.session()?.send_json("PATCH", &path, &body)?;
    args.caller.show(&connection)
}

fn remove(args: &One) -> anyhow::Result<Ending> {
    let path = format!("/v1/connections/{}", args.id);
    args.caller.session()?.send_json("DELETE", &path, &Value::Null)?;
    say_good(format_args!("{} is removed; take the key back in the package too", args.id));
    Ok(Ending::Fine)
}

fn setting(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

/// A secret never stands on the command line, where others can see it.
fn secret_of(file: &Path) -> anyhow::Result<String> {
    let text = if file.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text
        .with_context(|| format!("the secret in {} cannot be read", file.display()))
        .hint("it is a text: a key or a token")?;
    Ok(text.trim().to_owned())
}

/// A list of connections, as far as it is shown.
#[derive(Deserialize)]
struct Page {
    data: Vec<Shown>,
}

/// A connection, as far as it is shown.
#[derive(Deserialize)]
struct Shown {
    id: String,
    system: String,
    status: String,
    stale: bool,
    delegate: Option<String>,
    failing: Option<Failing>,
    last_read_at: Option<String>,
    entries_read: u64,
    statuses_stated: u64,
    statuses_refused: u64,
}

#[derive(Deserialize)]
struct Failing {
    detail: String,
}

impl Shown {
    fn of(json: &Value) -> anyhow::Result<Self> {
        Self::deserialize(json).context("this is not a connection")
    }

    fn show(&self) -> anyhow::Result<()> {
        let Self { id, system, status, entries_read, statuses_stated, statuses_refused, .. } = self;
        let stale = if self.stale { ", stale" } else { "" };
        let why = self.failing.as_ref().map(|it| format!(" ({})", it.detail)).unwrap_or_default();
        print(format_args!("{id} {system} {status}{stale}{why}"))?;
        let read = self.last_read_at.as_deref().unwrap_or("never");
        print(format_args!(
            "  last read {read}; {entries_read} entries read, {statuses_stated} statuses stated, \
             {statuses_refused} refused"
        ))?;
        Ok(())
    }
}
