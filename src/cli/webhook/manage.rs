//! `webhook add`, `list`, `test`, `enable`, `rotate`, `remove`: thin over `/v1/webhooks`.

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::Ending;
use crate::cli::client::{Place, Session};
use crate::cli::identity::Identity;
use crate::cli::terminal::{print, say, say_bad, say_good};

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// Where messages go: https, to a public address
    address: String,
    /// Which events: types as events have them, alert.* and so on, or *; all alerts unless it is given
    #[arg(long = "type", value_name = "TYPE")]
    types: Vec<String>,
    /// What you call it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Begins after this log position, rather than now
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
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
    /// The webhook: `whk_…`
    id: String,
    #[command(flatten)]
    caller: CallerArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// The webhook: `whk_…`
    id: String,
    /// How long the key before signs too, in seconds; 0 if it leaked
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    overlap: u32,
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

    /// Makes a request about a webhook and shows what it is then.
    fn show(&self, method: &str, path: &str, body: &Value) -> anyhow::Result<Ending> {
        let hook = self.session()?.send_json(method, path, body)?;
        if self.json {
            print(&hook)?;
        } else {
            Hook::of(&hook)?.show()?;
        }
        Ok(Ending::Fine)
    }
}

pub(super) fn add(args: &Add) -> anyhow::Result<Ending> {
    let mut body = json!({ "url": args.address });
    if let Some(members) = body.as_object_mut() {
        if !args.types.is_empty() {
            members.insert("types".to_owned(), json!(args.types));
        }
        members.extend(args.description.iter().map(|it| ("description".to_owned(), json!(it))));
        members.extend(args.after.iter().map(|it| ("after".to_owned(), json!(it))));
    }
    args.caller.show("POST", "/v1/webhooks", &body)
}

pub(super) fn list(args: &List) -> anyhow::Result<Ending> {
    let page = args.caller.session()?.get_json("/v1/webhooks?limit=100")?;
    if args.caller.json {
        print(&page)?;
        return Ok(Ending::Fine);
    }
    let page = Hooks::deserialize(&page).context("this is not a list of webhooks")?;
    for hook in &page.data {
        hook.show()?;
    }
    if page.data.is_empty() {
        say("there is none: `tallystick webhook add URL` makes one");
    }
    Ok(Ending::found_if(page.data.iter().any(|hook| hook.status != "enabled")))
}

pub(super) fn test(args: &One) -> anyhow::Result<Ending> {
    let path = format!("/v1/webhooks/{}/test", args.id);
    let delivery = args.caller.session()?.send_json("POST", &path, &json!({}))?;
    if args.caller.json {
        print(&delivery)?;
    }
    let delivery = Delivery::deserialize(&delivery).context("this is not a delivery")?;
    let answer = delivery.http_status.map(|status| status.to_string());
    let answer = answer.or(delivery.failure).unwrap_or_default();
    let line = format!("{} {}: {answer}", delivery.message, delivery.status);
    let taken = delivery.status == "taken";
    if taken {
        say_good(line);
    } else {
        say_bad(line);
    }
    Ok(Ending::found_if(!taken))
}

pub(super) fn enable(args: &One) -> anyhow::Result<Ending> {
    let path = format!("/v1/webhooks/{}", args.id);
    args.caller.show("PATCH", &path, &json!({ "status": "enabled" }))
}

pub(super) fn rotate(args: &Rotate) -> anyhow::Result<Ending> {
    let path = format!("/v1/webhooks/{}/rotate", args.id);
    args.caller.show("POST", &path, &json!({ "overlap_seconds": args.overlap }))
}

pub(super) fn remove(args: &One) -> anyhow::Result<Ending> {
    let path = format!("/v1/webhooks/{}", args.id);
    args.caller.session()?.send_json("DELETE", &path, &Value::Null)?;
    say_good(format_args!("{} is removed", args.id));
    Ok(Ending::Fine)
}

/// A list of webhooks, as far as it is shown.
#[derive(Deserialize)]
struct Hooks {
    data: Vec<Hook>,
}

/// A webhook, as far as it is shown.
#[derive(Deserialize)]
struct Hook {
    id: String,
    url: String,
    types: Vec<String>,
    status: String,
    disabled: Option<Disabled>,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Disabled {
    reason: String,
}

#[derive(Deserialize)]
struct Key {
    key: String,
    until: Option<String>,
}

/// An attempt, as far as it is shown.
#[derive(Deserialize)]
struct Delivery {
    message: String,
    status: String,
    http_status: Option<u16>,
    failure: Option<String>,
}

impl Hook {
    fn of(json: &Value) -> anyhow::Result<Self> {
        Self::deserialize(json).context("this is not a webhook")
    }

    /// Shows how it is doing, and the keys to check its messages with.
    fn show(&self) -> anyhow::Result<()> {
        let Self { id, url, types, status, disabled, keys } = self;
        let why = disabled.as_ref().map(|it| format!(" ({})", it.reason)).unwrap_or_default();
        print(format_args!("{id} {status}{why} {url} {}", types.join(" ")))?;
        for Key { key, until } in keys {
            let until = until.as_ref().map(|until| format!(" until {until}")).unwrap_or_default();
            print(format_args!("  {key}{until}"))?;
        }
        Ok(())
    }
}
