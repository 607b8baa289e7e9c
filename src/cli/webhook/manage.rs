//! `webhook add`, `list`, `test`, `enable`, `rotate`, `remove`: thin over `/v1/webhooks`.

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
            print(&hook)?
        } else {
            show(&hook)?
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
    let hooks = args.caller.session()?.get_json("/v1/webhooks?limit=100")?;
    if args.caller.json {
        print(&hooks)?;
        return Ok(Ending::Fine);
    }
    let hooks = hooks["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    for hook in hooks {
        show(hook)?;
    }
    if hooks.is_empty() {
        say("there is none: `tallystick webhook add URL` makes one");
    }
    let fine = |hook: &Value| hook["status"] == "enabled";
    Ok(Ending::found_if(!hooks.iter().all(fine)))
}

pub(super) fn test(args: &One) -> anyhow::Result<Ending> {
    let path = format!("/v1/webhooks/{}/test", args.id);
    let delivery = args.caller.session()?.send_json("POST", &path, &json!({}))?;
    if args.caller.json {
        print(&delivery)?;
    }
    let text = |member: &str| delivery[member].as_str().unwrap_or_default().to_owned();
    let answered = delivery["http_status"].as_u64();
    let answer = answered.map_or_else(|| text("failure"), |status| status.to_string());
    let taken = delivery["status"] == "taken";
    let line = format!("{} {}: {answer}", text("message"), text("status"));
    if taken {
        say_good(line)
    } else {
        say_bad(line)
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

/// A webhook for people: how it is doing, and the keys to check its messages with.
fn show(hook: &Value) -> anyhow::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let types: Vec<String> = hook["types"].as_array().into_iter().flatten().map(text).collect();
    let why = &hook["disabled"]["reason"];
    let why = why.as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let (id, status, url) = (text(&hook["id"]), text(&hook["status"]), text(&hook["url"]));
    print(format_args!("{id} {status}{why} {url} {}", types.join(" ")))?;
    for key in hook["keys"].as_array().into_iter().flatten() {
        let until = key["until"].as_str().map(|until| format!(" until {until}"));
        print(format_args!("  {}{}", text(&key["key"]), until.unwrap_or_default()))?;
    }
    Ok(())
}
