//! The entries of a registry over HTTP: checkpoint and tiles (C2SP tlog-tiles), and the published read models.
//!
//! The read models are asked for before the checkpoint, so that the checkpoint is not older than they are. Bundles
//! of entries are fetched ahead by several threads and handed over in order. Every request is one that changes
//! nothing, so whatever fails in passing is asked for again.

use core::cell::RefCell;
use core::time::Duration;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, anyhow, bail};
use ureq::http::StatusCode;

use super::{Args, Outcome, Task, bar, finish};
use crate::audit::{Auditor, Code, Finding, Opened, Progress, PublishedReadModels};
use crate::cli::client::{Client, issue_token};
use crate::cli::failure::{WithHint as _, failure};
use crate::cli::identity::secret_key;
use crate::log::{
    Checkpoint, HashReader, Prover, TILE_WIDTH, TileId, TileNodes, TilePath, decode_bundle,
};
use crate::signing::SecretKey;
use crate::types::PartyId;

/// What to do where the registry does not say what it is asked for.
const NEEDS_KEY: &str = "a registry shows entries to auditors and the operator only: add --key FILE --as PARTY, or audit an exported file with --log FILE";
const NEEDS_ROLE: &str =
    "the participant of --as needs the role auditor, and --key has to be a key of its own";
/// How often a request is made that fails in passing.
const ATTEMPTS: u32 = 6;
/// How many threads fetch, and how many bundles each may be ahead: at most 16 times 16 MB.
const FETCHERS: usize = 4;
const AHEAD: usize = 4;
/// How long a token is good for, and when it is replaced.
const TOKEN_SECONDS: u32 = 240;
const TOKEN_RENEWAL: Duration = Duration::from_mins(2);
/// How often, and how long apart, the checkpoint is asked for until it covers the read models.
const CHECKPOINT_ASKED: u32 = 50;
const CHECKPOINT_PAUSE: Duration = Duration::from_millis(200);

pub(super) fn audit(args: &Args, task: &Task, saved: Option<Progress>) -> anyhow::Result<Outcome> {
    let identity = match (&args.key, &args.party) {
        (Some(key), Some(party)) => Some((secret_key(key, &args.passphrase)?, party.clone())),
        // A log as plain files asks nobody who they are.
        (None, None) => None,
        (_, _) => return Err(failure("--key and --as go together", NEEDS_KEY)),
    };
    let registry = Registry {
        client: Client::new(&args.url)?,
        identity,
        audience: task.vkey.name().to_owned(),
        token: Mutex::new(None),
    };
    let (published, unreadable) = registry.read_models()?;
    let own = registry.checkpoint(task, published.as_ref().map_or(0, |it| it.as_of))?;
    let mut auditor = match task.open(&own, saved, published)? {
        Opened::Refused(report) => return Ok(Outcome::Refused(report)),
        Opened::Ready(auditor) => *auditor,
    };
    if let Some(finding) = unreadable {
        auditor.note(finding);
    }
    registry.feed(&mut auditor)?;
    let unproven = auditor.unproven();
    if !unproven.is_empty() {
        registry.prove(&mut auditor, &unproven)?;
    }
    finish(auditor)
}

/// A registry, as its auditor asks it.
struct Registry {
    client: Client,
    identity: Option<(SecretKey, PartyId)>,
    audience: String,
    token: Mutex<Option<(Instant, String)>>,
}

/// What a request came to.
enum Answer {
    Bytes(Vec<u8>),
    /// There is no such thing.
    Missing,
}

impl Registry {
    fn token(&self) -> anyhow::Result<Option<String>> {
        let Some((key, party)) = &self.identity else { return Ok(None) };
        let mut held = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, token)) = &*held
            && since.elapsed() < TOKEN_RENEWAL
        {
            return Ok(Some(token.clone()));
        }
        let token = issue_token(key, party, &self.audience, TOKEN_SECONDS)?;
        *held = Some((Instant::now(), token.clone()));
        Ok(Some(token))
    }

    fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let mut attempt = 1_u32;
        loop {
            let answered = self.client.get_any(path, self.token()?.as_deref());
            let again = attempt < ATTEMPTS;
            match answered {
                Ok((status, body)) if status.is_success() => return Ok(Answer::Bytes(body)),
                Ok((StatusCode::NOT_FOUND, _)) => return Ok(Answer::Missing),
                Ok((status, _)) if status.is_server_error() && again => {}
                Ok((status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN), _)) => {
                    let refused = Err(anyhow!("the registry answered {status} to {path}"));
                    return match self.identity {
                        Some(_) => refused.hint(NEEDS_ROLE),
                        None => refused.hint(NEEDS_KEY),
                    };
                }
                Ok((status, _)) => bail!("the registry answered {status} to {path}"),
                Err(error) if !again => return Err(error),
                Err(_) => {}
            }
            thread::sleep(Duration::from_millis(250).saturating_mul(1 << attempt.min(5)));
            attempt = attempt.saturating_add(1);
        }
    }

    /// What is published, or what is wrong with it.
    fn read_models(&self) -> anyhow::Result<(Option<PublishedReadModels>, Option<Finding>)> {
        let wrong = |detail: String| Finding::new(None, Code::ReadModelsUnreadable, detail);
        Ok(match self.get("/v1/audit/read-models")? {
            // Plain files have none: what they are compared with is then asked of the registry another time.
            Answer::Missing if self.identity.is_none() => (None, None),
            Answer::Missing => (None, Some(wrong("the registry does not publish them".to_owned()))),
            Answer::Bytes(json) => match serde_json::from_slice(&json) {
                Ok(published) => (Some(published), None),
                Err(error) => (None, Some(wrong(error.to_string()))),
            },
        })
    }

    /// The newest checkpoint, as soon as it covers `size` entries. One that does not hold is the audit's to judge.
    fn checkpoint(&self, task: &Task, size: u64) -> anyhow::Result<String> {
        let mut asked = 0_u32;
        loop {
            let Answer::Bytes(note) = self.get("/checkpoint")? else {
                bail!("the registry has no checkpoint");
            };
            let note = String::from_utf8(note).context("the checkpoint is not text")?;
            let covers = Checkpoint::open(&note, &task.vkey).map_or(true, |it| it.size >= size);
            asked = asked.saturating_add(1);
            if covers || asked >= CHECKPOINT_ASKED {
                return Ok(note);
            }
            thread::sleep(CHECKPOINT_PAUSE);
        }
    }

    /// Fetches the entries that the audit still needs.
    fn feed(&self, auditor: &mut Auditor) -> anyhow::Result<()> {
        let (start, size) = (auditor.position(), auditor.target().size);
        let width = u64::from(TILE_WIDTH);
        let first = start.checked_div(width).unwrap_or(0);
        let bundles = first..size.div_ceil(width);
        let mut bar = bar(auditor);
        thread::scope(|scope| {
            let receivers: Vec<Receiver<_>> = (0..FETCHERS)
                .map(|fetcher| {
                    let (sender, receiver) = sync_channel(AHEAD);
                    let mine = bundles.clone().skip(fetcher).step_by(FETCHERS);
                    scope.spawn(move || self.fetch(mine, size, &sender));
                    receiver
                })
                .collect();
            for (bundle, receiver) in bundles.clone().zip(receivers.iter().cycle()) {
                let fetched = receiver.recv().context("a fetching thread ended early")?;
                let entries = match fetched? {
                    Ok(entries) => entries,
                    Err(finding) => {
                        auditor.note(finding);
                        break;
                    }
                };
                let before =
                    if bundle == first { start.checked_rem(width).unwrap_or(0) } else { 0 };
                let entries = entries.into_iter().skip(usize::try_from(before)?);
                let position = auditor.position();
                auditor.feed(entries);
                bar.advance(auditor.position().saturating_sub(position));
            }
            // Dropping the receivers ends the threads that are still ahead.
            drop(receivers);
            Ok(())
        })
    }

    fn fetch(&self, bundles: impl Iterator<Item = u64>, size: u64, to: &SyncSender<Fetched>) {
        for bundle in bundles {
            let fetched = self.bundle(bundle, size);
            let failed = !matches!(fetched, Ok(Ok(_)));
            if to.send(fetched).is_err() || failed {
                return;
            }
        }
    }

    /// The entries of a bundle, as far as the checkpoint reaches.
    fn bundle(&self, index: u64, size: u64) -> Fetched {
        let width = TileId::new(0, index).width_at(size);
        let mut answer = self.get(&format!("/{}", TilePath::Entries { index, width }))?;
        let mut served = width;
        if matches!(answer, Answer::Missing) && width < TILE_WIDTH {
            // A log may drop a partial bundle once there is the full one.
            served = TILE_WIDTH;
            answer = self.get(&format!("/{}", TilePath::Entries { index, width: served }))?;
        }
        let position = index.checked_mul(u64::from(TILE_WIDTH));
        let wrong = |detail: String| Finding::new(position, Code::LogUnreadable, detail);
        let Answer::Bytes(bytes) = answer else {
            return Ok(Err(wrong(format!("the registry does not serve entry bundle {index}"))));
        };
        Ok(match decode_bundle(&bytes, served) {
            Ok(entries) => {
                Ok(entries.into_iter().take(usize::from(width)).map(<[u8]>::to_vec).collect())
            }
            Err(error) => Err(wrong(format!("entry bundle {index}: {error}"))),
        })
    }

    /// Asks for the proofs that the log extends earlier checkpoints.
    fn prove(&self, auditor: &mut Auditor, earlier: &[Checkpoint]) -> anyhow::Result<()> {
        let tiles = Tiles { registry: self, held: RefCell::default(), error: RefCell::default() };
        let size = auditor.target().size;
        for checkpoint in earlier {
            let proof = Prover::new(size, &tiles).and_then(|it| it.consistency(checkpoint.size));
            if let Some(error) = tiles.error.take() {
                return Err(error).context("the hash tiles could not be fetched");
            }
            // A registry that does not have the tiles cannot prove anything: no hashes prove nothing.
            auditor.prove(checkpoint, &proof.unwrap_or_default());
        }
        Ok(())
    }
}

/// Entries, or what is wrong with them, or why they could not be fetched.
type Fetched = anyhow::Result<Result<Vec<Vec<u8>>, Finding>>;

/// Hash tiles, fetched when they are needed.
struct Tiles<'a> {
    registry: &'a Registry,
    held: RefCell<BTreeMap<TileId, Arc<TileNodes>>>,
    error: RefCell<Option<anyhow::Error>>,
}

impl HashReader for Tiles<'_> {
    fn tile(&self, id: TileId, width: u16) -> Option<Arc<TileNodes>> {
        if let Some(nodes) = self.held.borrow().get(&id).filter(|it| it.width() >= width) {
            return Some(Arc::clone(nodes));
        }
        let fetch = |width| match self
            .registry
            .get(&format!("/{}", TilePath::Hashes { tile: id, width }))
        {
            Ok(Answer::Bytes(bytes)) => TileNodes::from_bytes(&bytes),
            Ok(Answer::Missing) => None,
            Err(error) => {
                self.error.borrow_mut().get_or_insert(error);
                None
            }
        };
        let nodes = Arc::new(fetch(width).or_else(|| fetch(TILE_WIDTH))?);
        self.held.borrow_mut().insert(id, Arc::clone(&nodes));
        Some(nodes).filter(|nodes| nodes.width() >= width)
    }
}
