//! Taking up a registry: the read models as saved, then every later record decided again.
//!
//! Recovery is an audit without signatures. A record whose outcome comes out otherwise stops the start: the
//! software differs from the one that wrote the log, or the log from what was written.

use std::path::Path;
use std::sync::Arc;

use crate::domain::{PageSource, State};
use crate::engine::ledger::Library;
use crate::engine::maintenance::{self, Saved};
use crate::engine::saver::{SavedViews, saved_summary};
use crate::engine::{StartError, sequencer};
use crate::record::Record;
use crate::statement::SignedStatement;
use crate::store::views::ViewsStore;
use crate::types::Origin;

/// Entries that are read at once.
const CHUNK: u64 = 1_024;

/// The read models of a registry, as of the end of its log.
pub(super) fn recover(
    dir: &Path,
    origin: &Origin,
    library: &Library,
) -> Result<(State, Arc<ViewsStore>), StartError> {
    let size = library.head().size;
    match saved_state(dir, origin, size) {
        Ok((state, views)) => match catch_up(state, library, size) {
            Ok(state) => return Ok((state, views)),
            // What was saved may be wrong in a way that no checksum shows; the log decides.
            Err(error) => {
                tracing::warn!(%error, "the saved read models do not lead to the log's outcomes")
            }
        },
        Err(error) => tracing::warn!(error, "the read models are rebuilt from the log"),
    }
    rebuild(dir, origin, library)
}

/// The read models made anew from the log alone.
pub(super) fn rebuild(
    dir: &Path,
    origin: &Origin,
    library: &Library,
) -> Result<(State, Arc<ViewsStore>), StartError> {
    let views = Arc::new(ViewsStore::recreate(dir)?);
    let mut state = State::new(origin.clone());
    state.attach(&source(&views), state.summary().lengths);
    Ok((catch_up(state, library, library.head().size)?, views))
}

/// The digest of the read models as saved, brought up to the end of the log.
pub(super) fn saved(dir: &Path, origin: &Origin, library: &Library) -> Saved {
    let size = library.head().size;
    let found = match ViewsStore::open(dir) {
        Ok(views) => saved_summary(&views),
        Err(error) => Err(error.to_string()),
    };
    let digest = match found {
        Ok(None) => return Saved::Nothing,
        Err(error) => Err(error),
        Ok(Some(_)) => saved_state(dir, origin, size).and_then(|(state, _)| {
            let caught_up = catch_up(state, library, size);
            maintenance::digest(&mut caught_up.map_err(|error| error.to_string())?)
        }),
    };
    digest.map_or_else(Saved::Unusable, Saved::Digest)
}

fn source(views: &Arc<ViewsStore>) -> Arc<dyn PageSource> {
    Arc::new(SavedViews(Arc::clone(views)))
}

fn saved_state(
    dir: &Path,
    origin: &Origin,
    log_size: u64,
) -> Result<(State, Arc<ViewsStore>), String> {
    let views = Arc::new(ViewsStore::open(dir).map_err(|error| error.to_string())?);
    let Some(summary) = saved_summary(&views)? else {
        return Err("none are saved".to_owned());
    };
    if summary.size > log_size {
        return Err(format!("they reflect {} records and the log has {log_size}", summary.size));
    }
    let state = State::load(origin.clone(), &summary, &source(&views))?;
    Ok((state, views))
}

fn catch_up(mut state: State, library: &Library, size: u64) -> Result<State, StartError> {
    while state.size() < size {
        let from = state.size();
        let to = from.saturating_add(CHUNK).min(size);
        for (position, entry) in (from..to).zip(library.entries(from, to)?) {
            replay(&mut state, position, &entry)?;
        }
        if let Some(fault) = state.fault() {
            return Err(StartError::Views(fault.to_owned()));
        }
    }
    Ok(state)
}

fn replay(state: &mut State, position: u64, entry: &[u8]) -> Result<(), StartError> {
    let differs = |what: String| StartError::Replay { position, what };
    let record = Record::decode(entry).map_err(|error| differs(error.to_string()))?;
    let signed =
        SignedStatement::parse(record.statement).map_err(|error| differs(error.to_string()))?;
    let decision = state
        .decide(signed.statement(), record.time)
        .map_err(|rejection| differs(rejection.to_string()))?;
    if decision.outcome != record.outcome || sequencer::rules_of(state) != record.rules {
        return Err(differs("this software gives it another outcome".to_owned()));
    }
    state.apply(signed.statement(), record.time, decision);
    Ok(())
}
