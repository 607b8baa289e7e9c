//! `demo`: the whole story on a temporary registry, and then that registry to try things on.
//!
//! Everything in it goes over real HTTP, signed by whoever does it. If anything comes out differently from what
//! is told, the demo fails.

mod cast;
mod doubles;
mod narrator;
mod proof;
mod stage;
mod story;

use crate::cli::Ending;
use crate::cli::demo::cast::Cast;
use crate::cli::demo::narrator::{chapter, pause, tell};
use crate::cli::demo::stage::Stage;
use crate::cli::demo::story::Plot;
use crate::cli::terminal::{print, say};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stops after the story
    #[arg(long)]
    exit: bool,
}

/// Runs the command.
///
/// # Errors
/// Where the story does not come out as it is told.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let mut stage = Stage::set()?;
    let cast = Cast::gather(&mut stage)?;
    tell(
        "Tallystick is a registry of invoices run by a neutral third party. What follows happens now, \
         on this machine, over HTTP: every line with a position is a signed statement in a log that \
         nobody can change unseen.",
    )?;
    story::open(&cast)?;
    let plot = story::import(&cast)?;
    story::mandate(&cast, &plot)?;
    story::finance(&cast, &plot)?;
    doubles::same(&cast, &plot)?;
    doubles::renumbered(&cast, &plot)?;
    doubles::redated(&cast, &plot)?;
    doubles::credit(&cast, &plot)?;
    proof::audit(&stage, &cast)?;
    proof::forge(&stage, &cast)?;
    pause()?;
    if !args.exit {
        invite(&stage, &cast, &plot)?;
        stage.wait();
        say("stopping; the registry of this demo is removed");
    }
    Ok(Ending::Fine)
}

/// Says what to try.
fn invite(stage: &Stage, cast: &Cast, plot: &Plot) -> anyhow::Result<()> {
    chapter(11, "Your turn")?;
    tell(
        "The registry is still running. Tokens last a few minutes; the commands make fresh ones. \
         Ctrl-C stops it and removes everything.",
    )?;
    let (url, origin) = (&stage.url, &stage.origin);
    print(format_args!("    API reference       {url}/docs"))?;
    print(format_args!("    OpenAPI 3.1         {url}/openapi.json"))?;
    print(format_args!("    signed checkpoint   {url}/checkpoint"))?;
    pause()?;
    let program = std::env::current_exe()?;
    let (program, keys) = (program.display(), stage.file(""));
    let keys = keys.display();
    print("    # once, in your shell")?;
    print(format_args!(
        "    ask() {{ curl -sN -H \"Authorization: Bearer $({program} token --key {keys}$1.pem --as $2 --aud {origin})\" \"{url}$3\"; }}"
    ))?;
    pause()?;
    let invoice = format!("/v1/invoices/{}", plot.invoice);
    for (what, actor, path) in [
        ("the first financier's portfolio", &cast.first, "/v1/portfolio"),
        ("what it was told", &cast.first, "/v1/alerts"),
        ("the conflict, as the second financier sees it", &cast.second, "/v1/conflicts"),
        ("the invoice, as its debtor sees it", &cast.debtor, invoice.as_str()),
        (
            "everything that concerns the supplier, as it happens",
            &cast.supplier,
            "/v1/events?after=0",
        ),
    ] {
        let key = actor.key_file.file_stem().unwrap_or_default().display();
        print(format_args!("    # {what}"))?;
        print(format_args!("    ask {key} {} '{path}'", actor.session.party))?;
    }
    pause()?;
    let auditor = &cast.auditor;
    let (key, party, vkey) = (auditor.key_file.display(), &auditor.session.party, &stage.vkey);
    print("    # the audit, on your own account")?;
    print(format_args!(
        "    {program} audit --url {url} --vkey '{vkey}' --key {key} --as {party}"
    ))?;
    pause()?;
    for actor in cast.admitted() {
        let session = &actor.session;
        print(format_args!("    token of {:<21} {}", actor.name, session.token()?))?;
    }
    Ok(())
}
