//! Where the story plays: a registry in a temporary folder, served over real HTTP, and gone at the end.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cli::folder::runtime;
use crate::cli::host;
use crate::connect::{self, Connections};
use crate::engine::{Engine, Folder, Options};
use crate::http::{self, Beside};
use crate::invitation::Invitations;
use crate::log::Vkey;
use crate::signing::SecretKey;
use crate::types::Origin;
use crate::webhooks::{self, Reach, Webhooks};

/// The name of the registry of the story.
const ORIGIN: &str = "registry.example/demo";
/// Where it listens, if nobody else does.
const PORT: u16 = 8_420;

/// A registry that runs.
pub(super) struct Stage {
    /// Its folder.
    folder: Temporary,
    /// Its address.
    pub(super) url: String,
    /// Its name.
    pub(super) origin: Origin,
    /// The key that its checkpoints are checked with.
    pub(super) vkey: Vkey,
    /// The operator's key.
    pub(super) operator: Option<SecretKey>,
    runtime: Runtime,
    /// Ends when somebody interrupts.
    interrupted: JoinHandle<()>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<std::io::Result<()>>>,
}

impl Stage {
    /// Makes a registry and serves it.
    ///
    /// # Errors
    /// Where the folder cannot be written, or no port is free.
    pub(super) fn set() -> anyhow::Result<Self> {
        let folder = Temporary::new()?;
        let origin: Origin = ORIGIN.parse()?;
        let seeds = zeroize::Zeroizing::new([host::random::<32>()?, host::random::<32>()?]);
        let dir = folder.path().join("registry");
        let made = Folder::create(&dir, &origin, &seeds).context("no registry was made")?;
        let engine = Engine::open(&dir, Options::default())?;
        // Whoever tries webhooks on the demo has his receiver on this machine.
        let reach = Reach { plain: true, private: true };
        let webhooks =
            Webhooks::open(&dir, webhooks::Options { reach, ..webhooks::Options::default() })?;
        let invitations = Invitations::open(&dir)?;
        let connections = Connections::open(&dir, None, connect::Options::default())?;
        let beside = Beside::new(webhooks, invitations, connections);
        let runtime = runtime()?;
        // From here on: who interrupts the story gets its end, and the folder is removed.
        let mut signals = {
            let _within = runtime.enter();
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
        };
        let interrupted = runtime.spawn(async move {
            tokio::select! {
                _ = signals.0.recv() => {}
                _ = signals.1.recv() => {}
            }
        });
        let listener = runtime.block_on(listen())?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let server = runtime.spawn(http::serve(engine, beside, listener, async move {
            drop(stopped.await);
        }));
        Ok(Self {
            folder,
            url,
            origin,
            vkey: made.vkey,
            operator: Some(made.operator_key),
            runtime,
            interrupted,
            stop: Some(stop),
            server: Some(server),
        })
    }

    /// A file in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The file of the log's key, which a cheating operator would use.
    pub(super) fn log_key(&self) -> PathBuf {
        self.file("registry").join("log-key.pem")
    }

    /// Serves until somebody interrupts, also if that was before.
    pub(super) fn wait(&mut self) {
        // An ended task, too, is a reason to stop.
        drop(self.runtime.block_on(&mut self.interrupted));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            drop(self.runtime.block_on(server));
        }
    }
}

/// The usual address, or any port of this machine.
async fn listen() -> anyhow::Result<TcpListener> {
    let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpListener::bind(at(PORT)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(at(0)).await.context("no port is free"),
    }
}

/// A folder that is removed when it is no longer needed.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> anyhow::Result<Self> {
        let path = std::env::temp_dir().join(format!("tallystick-demo-{}", host::fresh_id()?));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for what may be removed.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
