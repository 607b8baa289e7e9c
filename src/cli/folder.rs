//! A registry's folder, opened by the operator while no registry runs on it.
//!
//! What is done here goes through the engine like everything else: there is no second way into the log.

use std::future::Future;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};

use crate::cli::failure::WithHint as _;
use crate::cli::identity::{Passphrase, secret_key};
use crate::engine::{Engine, OPERATOR_KEY, Options};
use crate::record::{Receipt, Record};
use crate::signing::SecretKey;
use crate::statement::{Payload, SignedStatement};
use crate::types::PartyId;

/// An engine without a network, and a runtime for it.
pub(crate) struct OpenFolder {
    dir: PathBuf,
    engine: Engine,
    runtime: tokio::runtime::Runtime,
}

impl OpenFolder {
    /// Opens a registry's folder.
    ///
    /// # Errors
    /// Where it is none, is damaged, or a registry runs on it.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let engine = Engine::open(dir, Options::default())
            .with_context(|| format!("the registry in {} cannot be opened", dir.display()))
            .hint(
                "if it is running, stop it first, or use --url; docs/OPERATING.md has the rest",
            )?;
        let runtime = runtime()?;
        Ok(Self { dir: dir.to_path_buf(), engine, runtime })
    }

    /// The engine.
    pub(crate) const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Waits for an answer.
    pub(crate) fn wait<T>(&self, answer: impl Future<Output = T>) -> T {
        self.runtime.block_on(answer)
    }

    /// The party that the first record of the log names as the operator.
    ///
    /// # Errors
    /// Where the log does not begin as one.
    pub(crate) fn operator(&self) -> anyhow::Result<PartyId> {
        let first = self.engine.record(0)?.context("the registry was never opened")?;
        let record = Record::decode(&first)?;
        let signed = SignedStatement::parse(record.statement)?;
        let Payload::RegistryOpened(opened) = &signed.statement().payload else {
            return Err(anyhow!("the first record does not open a registry"));
        };
        Ok(opened.operator.clone())
    }

    /// The operator's key, kept in the folder.
    ///
    /// # Errors
    /// Where it was moved away, as it should be once the registry is set up.
    pub(crate) fn operator_key(&self, passphrase: &Passphrase) -> anyhow::Result<SecretKey> {
        let path = self.dir.join(OPERATOR_KEY);
        if !path.exists() {
            return Err(anyhow!("{} is not there", path.display()))
                .hint("say where the operator's key is with --sign-with FILE");
        }
        secret_key(&path, passphrase)
    }

    /// Submits one statement.
    ///
    /// # Errors
    /// Where it cannot be made durable. A refusal is an answer.
    pub(crate) fn submit(
        &self,
        statement: &SignedStatement,
    ) -> anyhow::Result<Result<Receipt, crate::engine::Refusal>> {
        let submissions = self.wait(self.engine.submit(vec![statement.bytes().to_vec()]))?;
        let submission = submissions.into_iter().next().context("no answer")?;
        Ok(submission.result.map(|admitted| admitted.receipt))
    }
}

impl Drop for OpenFolder {
    fn drop(&mut self) {
        // Saves the read models, so that the next start has nothing to catch up with.
        self.runtime.block_on(self.engine.shutdown());
    }
}

/// A runtime for one command.
///
/// # Errors
/// Where the system gives no threads.
pub(crate) fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")
}
