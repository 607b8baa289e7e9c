//! `serve`: runs a registry until it is told to stop.

use core::time::Duration;
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use anyhow::Context as _;
use clap::ValueEnum;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::Ending;
use crate::cli::failure::{WithHint as _, failure};
use crate::cli::folder::runtime;
use crate::cli::identity::{Passphrase, secret_key};
use crate::cli::mirror::Mirror;
use crate::cli::posting::Posting;
use crate::connect::exact::{App, Exact};
use crate::connect::peppol::Messages;
use crate::connect::{self, Connections, Connector as _, Vault};
use crate::engine::{Engine, Options};
use crate::http::{self, Beside, Clerk};
use crate::invitation::{self, Invitations};
use crate::log::TilePath;
use crate::webhooks::{self, Reach, Webhooks};

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct Args {
    /// The registry's folder
    #[arg(long, value_name = "DIR", env = "TALLYSTICK_DATA")]
    data: PathBuf,
    /// Where it listens; put a proxy with TLS before it
    #[arg(
        long,
        value_name = "ADDRESS",
        env = "TALLYSTICK_LISTEN",
        default_value = "127.0.0.1:8420"
    )]
    listen: SocketAddr,
    /// How log lines look; JSON unless standard error is a terminal
    #[arg(long, value_name = "FORMAT")]
    log: Option<LogFormat>,
    /// Keeps a copy of the log in this folder as plain files (C2SP tiles, entries included), for auditors to fetch
    /// from any web server
    #[arg(long, value_name = "DIR")]
    tiles: Option<PathBuf>,
    /// Sends webhooks to private and loopback addresses too
    #[arg(long)]
    webhooks_private: bool,
    /// Sends webhooks over plain http and to private addresses too: for trials
    #[arg(long)]
    webhooks_insecure: bool,
    /// A key of the operator with which the registry makes the keys of debtors' browsers count, once their owners
    /// opened the link that was sent to their registered address; without it they sign by command
    #[arg(long, value_name = "FILE", env = "TALLYSTICK_OPERATOR_KEY")]
    operator_key: Option<PathBuf>,
    #[command(flatten)]
    passphrase: Passphrase,
    /// The key under which secrets of connections to accounting packages are sealed: 32 bytes in base64; without it
    /// there are none
    #[arg(long, value_name = "FILE", env = "TALLYSTICK_VAULT_KEY")]
    vault_key: Option<PathBuf>,
    /// Reads accounting packages at private and loopback addresses too
    #[arg(long)]
    connections_private: bool,
    /// Reads accounting packages over plain http and at private addresses too: for trials
    #[arg(long)]
    connections_insecure: bool,
    /// Reads debtors' own response messages (Peppol, France) in folders under this one; the `folder` of a connection names one
    #[arg(long, value_name = "DIR")]
    messages: Option<PathBuf>,
    /// The application of Exact Online with which debtors connect it: a JSON object with `client_id`, `client_secret`
    /// and, where there are notices, `webhook_secret` and `webhook_url`
    #[arg(long, value_name = "FILE")]
    exact_app: Option<PathBuf>,
    /// How often accounting packages are read, whatever is usual for their kind
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    connections_every: Option<u64>,
    #[command(flatten)]
    posting: Posting,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// Runs the command.
///
/// # Errors
/// Where the registry does not start, or its writer failed.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    start_logging(args.log);
    let engine = Engine::open(&args.data, Options::default())
        .with_context(|| format!("the registry in {} does not start", args.data.display()))
        .hint("docs/OPERATING.md says what each reason means and what to do")?;
    let reach = Reach {
        plain: args.webhooks_insecure,
        private: args.webhooks_private || args.webhooks_insecure,
    };
    let options = webhooks::Options { reach, ..webhooks::Options::default() };
    let webhooks = Webhooks::open(&args.data, options)
        .context("the webhooks of the registry cannot be opened")
        .hint("docs/OPERATING.md says what each reason means and what to do")?;
    let mail = args.posting.mail(&format!("http://{}", args.listen))?;
    if mail.is_none() {
        tracing::info!("letters to debtors wait: --smtp or --mail-folder says where they go");
    }
    let letters = invitation::Options { mail, ..invitation::Options::default() };
    let invitations = Invitations::open_with(&args.data, letters)
        .context("the invitations of the registry cannot be opened")
        .hint("docs/OPERATING.md says what each reason means and what to do")?;
    let clerk = clerk(args.operator_key.as_deref(), &args.passphrase)?;
    let connections = connections(args)?;
    let over_tls = args.posting.is_over_tls();
    let beside =
        Beside::new(webhooks, invitations, connections).with_clerk(clerk).over_tls(over_tls);
    let mirror = args.tiles.as_deref().map(Mirror::open).transpose()?;
    runtime()?.block_on(serve(engine, beside, mirror, args.listen))
}

/// The operator's hand.
fn clerk(file: Option<&Path>, passphrase: &Passphrase) -> anyhow::Result<Option<Clerk>> {
    let Some(file) = file else { return Ok(None) };
    let key = secret_key(file, passphrase)?;
    Ok(Some(Clerk::new(key)))
}

/// Opens the connections to accounting packages, with the key that their secrets are sealed under.
fn connections(args: &Args) -> anyhow::Result<Connections> {
    let vault = args.vault_key.as_deref().map(|file| {
        Vault::read(file)
            .with_context(|| format!("the vault key in {} cannot be read", file.display()))
            .hint("`openssl rand -base64 32` makes one; keep it apart from the registry's folder")
    });
    let reach = Reach {
        plain: args.connections_insecure,
        private: args.connections_private || args.connections_insecure,
    };
    let every = args.connections_every.map(Duration::from_secs);
    let key = |file: &PathBuf| secret_key(file, &args.passphrase).map(Arc::new);
    let operator = args.operator_key.as_ref().map(key).transpose()?;
    let mut options = connect::Options { reach, every, operator, ..connect::Options::default() };
    if let Some(dir) = &args.messages {
        let messages = Messages::new(Some(dir.clone()));
        options.connectors.retain(|connector| connector.system() != messages.system());
        options.connectors.push(Arc::new(messages));
    }
    if let Some(file) = &args.exact_app {
        let app = App::read(file)
            .with_context(|| format!("the application in {} cannot be read", file.display()))
            .hint("a JSON object with `client_id` and `client_secret`, as Exact gave them out")?;
        options.connectors.push(Arc::new(Exact::new(app)));
    }
    Connections::open(&args.data, vault.transpose()?, options)
        .context("the connections of the registry cannot be opened")
        .hint("docs/OPERATING.md says what each reason means and what to do")
}

async fn serve(
    engine: Engine,
    beside: Beside,
    mirror: Option<Mirror>,
    address: SocketAddr,
) -> anyhow::Result<Ending> {
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}"))
        .hint("is something else listening there? --listen takes another address")?;
    let url = format!("http://{}", listener.local_addr()?);
    let origin = engine.origin().as_str();
    tracing::info!(url, origin, vkey = %engine.vkey(), "serving {origin} on {url}");
    let mirroring = mirror.map(|mirror| keep_up(mirror, engine.clone())).transpose()?;
    let stop = stopped(engine.clone())?;
    http::serve(engine.clone(), beside, listener, stop).await?;
    engine.shutdown().await;
    if let Some(mirroring) = mirroring {
        // It ends with the last batch.
        drop(tokio::task::spawn_blocking(move || drop(mirroring.join())).await);
    }
    if engine.failed() {
        return Err(failure(
            "the writer of the log failed; what was acknowledged is safe",
            "look at the last error above, then start the registry again",
        ));
    }
    tracing::info!("stopped; everything accepted was answered");
    Ok(Ending::Fine)
}

/// Keeps a copy of the log as files, on a thread of its own: nobody waits for it. What cannot be written now is
/// written with the next batch.
fn keep_up(mut mirror: Mirror, engine: Engine) -> anyhow::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::current();
    let mut durable = engine.durable();
    let keep = move || {
        loop {
            let note = engine.checkpoint();
            let fetch = |path: &TilePath| engine.tile(path)?.context("a tile is not there");
            if let Err(error) = mirror.catch_up(&note, fetch) {
                tracing::error!(error = format!("{error:#}"), "the copy of the log falls behind");
            }
            if runtime.block_on(durable.changed()).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("mirror".to_owned()).spawn(keep).context("no thread")
}

/// Ends when the operator asks for it, or when the writer stopped by itself.
fn stopped(engine: Engine) -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    Ok(async move {
        let mut durable = engine.durable();
        let writer_ended = async { while durable.changed().await.is_ok() {} };
        tokio::select! {
            _ = terminate.recv() => tracing::info!("asked to terminate: taking no more requests"),
            _ = interrupt.recv() => tracing::info!("interrupted: taking no more requests"),
            () = writer_ended => tracing::error!("the writer of the log stopped: stopping"),
        }
    })
}

fn start_logging(format: Option<LogFormat>) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let terminal = std::io::stderr().is_terminal();
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(terminal && !plain);
    let started = match format {
        Some(LogFormat::Text) => lines.try_init(),
        None if terminal => lines.try_init(),
        Some(LogFormat::Json) | None => lines.json().try_init(),
    };
    // Only a second start within a process fails, and then there are lines already.
    drop(started);
}
