//! The entries of an exported log.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, bail};

use super::{Outcome, Task, bar, finish};
use crate::audit::{Code, Finding, Opened, Progress, PublishedReadModels};
use crate::cli::failure::WithHint as _;
use crate::record::{ExportError, LogFile};

/// How many entries are read at a time.
const CHUNK: usize = 1_024;

pub(super) fn audit(path: &Path, task: &Task, saved: Option<Progress>) -> anyhow::Result<Outcome> {
    let shown = path.display();
    let opened = File::open(path).with_context(|| format!("cannot read {shown}"))?;
    let mut file = match LogFile::open(BufReader::with_capacity(1 << 20, opened)) {
        Err(error @ (ExportError::Magic | ExportError::Io(_))) => {
            return Err(error)
                .with_context(|| format!("cannot read {shown}"))
                .hint("`tallystick export` writes a log file");
        }
        Err(error) => {
            let finding = Finding::new(None, Code::LogUnreadable, error.to_string());
            let report = crate::audit::Report::refused(&task.vkey, vec![finding]);
            return Ok(Outcome::Refused(report));
        }
        Ok(file) => file,
    };
    let (published, unreadable) = read_models(file.published());
    let own = file.checkpoint().to_owned();
    let mut auditor = match task.open(&own, saved, published)? {
        Opened::Refused(report) => return Ok(Outcome::Refused(report)),
        Opened::Ready(auditor) => *auditor,
    };
    if let Some(finding) = unreadable {
        auditor.note(finding);
    }
    let mut bar = bar(&auditor);
    // An earlier run checked these; they must still be the same.
    let mut known = usize::try_from(auditor.position())?;
    loop {
        let (entries, error) = file.next_entries(if known > 0 { known.min(CHUNK) } else { CHUNK });
        let end = entries.is_empty();
        if known > 0 {
            known = known.saturating_sub(entries.len());
            auditor.history(&entries);
        } else {
            bar.advance(u64::try_from(entries.len())?);
            auditor.feed(entries);
        }
        match error {
            Some(ExportError::Io(error)) => bail!("{shown} could not be read to its end: {error}"),
            Some(error) => {
                auditor.note(Finding::new(None, Code::LogUnreadable, error.to_string()));
                break;
            }
            None if end => break,
            None => {}
        }
    }
    drop(bar);
    finish(auditor)
}

/// The read models that the file brings, or what is wrong with them.
fn read_models(json: &[u8]) -> (Option<PublishedReadModels>, Option<Finding>) {
    if json.is_empty() {
        return (None, None);
    }
    match serde_json::from_slice(json) {
        Ok(published) => (Some(published), None),
        Err(error) => {
            (None, Some(Finding::new(None, Code::ReadModelsUnreadable, error.to_string())))
        }
    }
}
