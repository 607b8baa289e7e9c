//! Taking up a registry: the read models as saved, then every later record decided again.
//!
//! Recovery is an audit without signatures. A record whose outcome comes out otherwise stops the start: the
//! software differs from the one that wrote the log, or the log from what was written.

use std::path::Path;
use std::sync::Arc;

use crate::domain::{PageSource, State};
use crate::engine::StartError;
use crate::engine::ledger::Library;
use crate::engine::maintenance::{self, Saved};
use crate::engine::saver::{SavedViews, save, saved_summary};
use crate::engine::sequencer::CHANGED_PAGES_MAX;
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
        Ok((state, views)) => match catch_up(state, &views, library, size) {
            Ok(state) => return Ok((state, views)),
            // What was saved may be wrong in a way that no checksum shows; the log decides.
            Err(error) => {
                tracing::warn!(%error, "the saved read models do not lead to the log's outcomes");
            }
        },
        Err(None) => tracing::info!("no read models are saved yet: they are made from the log"),
        Err(Some(error)) => tracing::warn!(error, "the read models are rebuilt from the log"),
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
    let state = catch_up(state, &views, library, library.head().size)?;
    Ok((state, views))
}

/// The digest of the read models as saved, brought up to the end of the log.
pub(super) fn saved(dir: &Path, origin: &Origin, library: &Library) -> Saved {
    let size = library.head().size;
    let (state, views) = match saved_state(dir, origin, size) {
        Ok(found) => found,
        Err(None) => return Saved::Nothing,
        Err(Some(error)) => return Saved::Unusable(error),
    };
    let caught_up = catch_up(state, &views, library, size).map_err(|error| error.to_string());
    let digest = caught_up.and_then(|mut state| maintenance::digest(&mut state));
    digest.map_or_else(Saved::Unusable, Saved::Digest)
}

fn source(views: &Arc<ViewsStore>) -> Arc<dyn PageSource> {
    Arc::new(SavedViews(Arc::clone(views)))
}

fn saved_state(
    dir: &Path,
    origin: &Origin,
    log_size: u64,
) -> Result<(State, Arc<ViewsStore>), Option<String>> {
    let views = Arc::new(ViewsStore::open(dir).map_err(|error| error.to_string())?);
    let Some(summary) = saved_summary(&views)? else { return Err(None) };
    if summary.size > log_size {
        let words = format!("they reflect {} records and the log has {log_size}", summary.size);
        return Err(Some(words));
    }
    let state = State::load(origin.clone(), &summary, &source(&views))?;
    Ok((state, views))
}

/// Decides and applies the records that a state does not reflect yet, and saves now and then: a long log does not
/// fit into memory as changed pages.
fn catch_up(
    mut state: State,
    views: &ViewsStore,
    library: &Library,
    size: u64,
) -> Result<State, StartError> {
    while state.size() < size {
        let from = state.size();
        let to = from.saturating_add(CHUNK).min(size);
        for (position, entry) in (from..to).zip(library.entries(from, to)?) {
            replay(&mut state, position, &entry)?;
        }
        if let Some(fault) = state.fault() {
            return Err(StartError::Views(fault.to_owned()));
        }
        if state.changed_pages() > CHANGED_PAGES_MAX {
            save(views, state.begin_save()).map_err(StartError::Views)?;
            state.saved();
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
    if decision.outcome != record.outcome || state.rules_for(signed.statement()) != record.rules {
        return Err(differs("this software gives it another outcome".to_owned()));
    }
    state.apply(signed.statement(), record.time, decision);
    Ok(())
}
