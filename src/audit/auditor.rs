//! An audit in progress: entries in, a report out.
//!
//! Three stages work on three stretches of the log at once: the newest is read on all cores, the one before it is
//! decided in order on one, and the signatures of the one before that are checked on all. Findings leave in the
//! order of the log all the same, because a stretch is counted only after its last stage.

use std::sync::Arc;

use crate::audit::finding::{Check, Code, Finding};
use crate::audit::progress::{self, Progress, ProgressError, Shelf};
use crate::audit::published::{PublishedReadModels, ReadModelDigest};
use crate::audit::replay::{Decided, Known, Replay};
use crate::audit::report::{Report, Tally};
use crate::audit::stages::{Parsed, parse, verify};
use crate::domain::State;
use crate::log::{Checkpoint, Frontier, Hash, KeyKind, Vkey, leaf_hash, verify_consistency};
use crate::signing::Verifier;

/// How many entries go through the stages together, some 10 MB of them. Signatures are checked key by key: of a
/// hundred authors each then has some eighty, which is enough to find parts of its table in the cache.
const STRETCH: usize = 8_192;

/// How many keys have a verification table at a time, 172 KiB each.
const TABLES_MAX: usize = 1_024;

/// Why an audit cannot be made. That something disagrees is not an error but a [`Finding`].
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The saved state of an earlier run cannot be used.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// The read models could not be encoded.
    #[error("the read models could not be encoded")]
    Encoding(#[from] postcard::Error),
}

/// What an audit begins with.
pub enum Opened {
    /// Entries may come.
    Ready(Box<Auditor>),
    /// A checkpoint does not hold, or goes back behind an earlier one: there is nothing to check against.
    Refused(Box<Report>),
}

/// An audit in progress.
pub struct Auditor {
    log: Vkey,
    /// The checkpoint that is audited.
    target: Checkpoint,
    /// Its signed note.
    note: String,
    /// How many signed checkpoints were given.
    notes: u64,
    /// Where this run begins.
    start: u64,
    /// The checkpoint at which an earlier run ended.
    remembered: Option<Known>,
    shelf: Option<Arc<Shelf>>,
    /// The tree over the leaves before `start`, where they are at hand again.
    past: Frontier,
    replay: Replay,
    verifier: Verifier,
    stretch: usize,
    pending: Vec<Vec<u8>>,
    parsed: Vec<Parsed>,
    decided: Decided,
    /// The position of the next entry that is handed over.
    next: u64,
    surplus: u64,
    tally: Tally,
}

impl Auditor {
    /// Begins an audit of the log with this key.
    ///
    /// `notes` are signed checkpoints, at least one: the largest is audited, and the log must agree with the others.
    /// One of them should come from outside the log's own copy, or a cut tail shows only against itself. `saved` is
    /// where an earlier audit ended. `published` is what the registry publishes of its read models, not later than
    /// the largest checkpoint.
    ///
    /// # Errors
    /// [`AuditError::Progress`] where the saved state does not load.
    pub fn open(
        log: &Vkey,
        notes: &[&str],
        saved: Option<Progress>,
        published: Option<PublishedReadModels>,
    ) -> Result<Opened, AuditError> {
        let mut opened = Vec::new();
        let mut findings = Vec::new();
        for note in notes {
            match open_note(note, log) {
                Ok(checkpoint) => opened.push((checkpoint, *note)),
                Err(finding) => findings.push(finding),
            }
        }
        opened.sort_by_key(|(checkpoint, _)| checkpoint.size);
        let newest = opened.pop().filter(|_| findings.is_empty());
        let Some((target, note)) = newest else {
            return Ok(Opened::Refused(Report::refused(log, findings)));
        };
        let remembered = saved.as_ref().map(|saved| Known::new(saved.checkpoint.clone()));
        if let Some(finding) = remembered.as_ref().and_then(|it| rolled_back(it, &target)) {
            return Ok(Opened::Refused(Report::refused(log, vec![finding])));
        }
        let (state, frontier) = match &saved {
            Some(saved) => (saved.state(target.origin.clone())?, saved.frontier.clone()),
            None => (State::new(target.origin.clone()), Frontier::new()),
        };
        let start = frontier.size();
        let known = opened.into_iter().map(|(checkpoint, _)| Known::new(checkpoint)).collect();
        let mut auditor = Self {
            log: log.clone(),
            target,
            note: note.to_owned(),
            notes: u64::try_from(notes.len()).unwrap_or(u64::MAX),
            start,
            remembered,
            shelf: saved.map(|saved| saved.shelf),
            past: Frontier::new(),
            replay: Replay::new(state, frontier, known, published),
            verifier: Verifier::new(TABLES_MAX),
            stretch: STRETCH,
            pending: Vec::new(),
            parsed: Vec::new(),
            decided: Decided::default(),
            next: start,
            surplus: 0,
            tally: Tally::default(),
        };
        auditor.begin();
        Ok(Opened::Ready(Box::new(auditor)))
    }

    /// Compares what can be compared before the first entry.
    fn begin(&mut self) {
        let mut findings = Vec::new();
        let target = &self.target;
        let known = self.replay.known.iter_mut().chain(self.remembered.as_mut());
        for known in known.filter(|known| known.checkpoint.size == target.size) {
            findings.extend(known.compare(target.root));
        }
        self.replay.pass(&mut findings);
        self.tally.add(findings);
    }

    /// Takes so many entries through the stages together, in place of 8,192: fewer for little memory. What is found is
    /// the same.
    pub const fn in_stretches_of(&mut self, entries: usize) {
        self.stretch = entries;
    }

    /// The checkpoint that is audited.
    pub const fn target(&self) -> &Checkpoint {
        &self.target
    }

    /// The position of the entry that is expected next; entries from here to the size of [`Self::target`] are to be
    /// handed over.
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// Takes entries that an earlier run checked, from position 0 on, to see that they are still the same. They may
    /// be left out; a second history then shows against the new root only.
    pub fn history(&mut self, entries: &[Vec<u8>]) {
        let mut findings = Vec::new();
        for entry in entries {
            if self.past.size() >= self.start {
                break;
            }
            self.past.push(leaf_hash(entry));
            let (size, root) = (self.past.size(), &self.past);
            let known = self.replay.known.iter_mut().chain(self.remembered.as_mut());
            for known in known.filter(|it| it.checkpoint.size == size && !it.compared) {
                findings.extend(known.compare(root.root()));
            }
        }
        self.tally.add(findings);
    }

    /// Takes the next entries, however many.
    pub fn feed(&mut self, entries: impl IntoIterator<Item = Vec<u8>>) {
        for entry in entries {
            if self.next >= self.target.size {
                self.surplus = self.surplus.saturating_add(1);
                continue;
            }
            self.next = self.next.saturating_add(1);
            self.pending.push(entry);
            if self.pending.len() >= self.stretch {
                self.step();
            }
        }
    }

    /// Adds what the caller found: that the source could not be read to its end, for instance.
    pub fn note(&mut self, finding: Finding) {
        self.drain();
        self.tally.add(vec![finding]);
    }

    /// Moves every stretch one stage on.
    fn step(&mut self) {
        let entries = core::mem::take(&mut self.pending);
        let parsed = core::mem::take(&mut self.parsed);
        let Decided { signatures, mut findings } = core::mem::take(&mut self.decided);
        let (replay, verifier) = (&mut self.replay, &self.verifier);
        let (decided, (parsed, invalid)) = rayon::join(
            || replay.decide(parsed),
            || rayon::join(|| parse(entries), || verify(verifier, signatures)),
        );
        self.decided = decided;
        self.parsed = parsed;
        findings.extend(invalid);
        self.tally.add(findings);
    }

    fn drain(&mut self) {
        while !self.pending.is_empty() || !self.parsed.is_empty() || !self.decided.is_empty() {
            self.step();
        }
    }

    /// The earlier checkpoints that the entries alone did not confirm: show that the log extends them with
    /// [`Self::prove`].
    pub fn unproven(&mut self) -> Vec<Checkpoint> {
        self.drain();
        self.confirm_remembered();
        let known = self.replay.known.iter().chain(self.remembered.as_ref());
        let open = known.filter(|it| !it.compared && it.checkpoint.size <= self.start);
        open.map(|known| known.checkpoint.clone()).collect()
    }

    /// Takes the proof (RFC 6962, section 2.1.2) that the audited checkpoint extends an earlier one.
    pub fn prove(&mut self, earlier: &Checkpoint, proof: &[Hash]) {
        let (target, mut findings) = (&self.target, Vec::new());
        let known = self.replay.known.iter_mut().chain(self.remembered.as_mut());
        for known in known.filter(|it| !it.compared && it.checkpoint == *earlier) {
            known.compared = true;
            let (size, root) = (earlier.size, earlier.root);
            let held = verify_consistency(size, &root, target.size, &target.root, proof);
            findings.extend(held.err().map(|error| {
                let detail = format!(
                    "the registry signed root {root} for size {size} and cannot show that its log of {} entries extends it: {error}",
                    target.size
                );
                Finding::new(size.checked_sub(1), Code::Fork, detail)
            }));
        }
        self.tally.add(findings);
    }

    /// The same root over more entries on top of the remembered ones: only the same beginning gives it.
    fn confirm_remembered(&mut self) {
        let frontier = &self.replay.frontier;
        let extended = frontier.size() == self.target.size && frontier.root() == self.target.root;
        for known in self.remembered.iter_mut().filter(|_| extended) {
            known.compared = true;
        }
    }

    /// Ends the audit.
    ///
    /// # Errors
    /// [`AuditError`], where the saved state that it began with turned out to be unusable.
    pub fn finish(mut self) -> Result<Finished, AuditError> {
        self.drain();
        self.confirm_remembered();
        if let Some(fault) = self.replay.state.fault() {
            return Err(ProgressError::Damaged(fault.to_owned()).into());
        }
        let ending = self.ending();
        self.tally.add(ending);
        let Self { log, target, note, notes, start, remembered, shelf, mut replay, tally, .. } =
            self;
        let digest = match &replay.rebuilt {
            Some(rebuilt) if rebuilt.as_of == replay.state.size() => rebuilt.digest,
            _ => ReadModelDigest::from_bytes(replay.state.digest()?),
        };
        let known = replay.known.iter().chain(remembered.as_ref());
        let history = known.filter(|known| known.compared).count();
        let history = u64::try_from(history).unwrap_or(u64::MAX);
        let conflicts = u64::from(replay.state.cases_len());
        let (counts, published) = (replay.counts, u64::from(replay.rebuilt.is_some()));
        let findings_total = tally.total();
        let (checks, findings) = tally.close(|check| match check {
            Check::Checkpoint => notes,
            Check::History => history,
            Check::Tree | Check::Records => counts.leaves,
            Check::Statements => counts.records,
            Check::Signatures => counts.signatures,
            Check::Time | Check::Rules | Check::Decisions => counts.statements,
            Check::ReadModels => published,
            Check::Conflicts => published.saturating_mul(conflicts.max(1)),
        });
        let report = Report {
            object: "audit_report",
            verified: findings_total == 0,
            origin: target.origin.to_string(),
            vkey: log.to_string(),
            size: target.size,
            root: Some(target.root),
            from: start,
            records: counts.leaves,
            signatures: counts.signatures,
            checks,
            findings_total,
            findings,
            digest: Some(digest),
            conflicts,
        };
        Ok(Finished { report, note, replay, shelf })
    }

    /// What only the end shows.
    fn ending(&self) -> Vec<Finding> {
        let (target, frontier) = (&self.target, &self.replay.frontier);
        let (size, root) = (frontier.size(), frontier.root());
        let mut findings = Vec::new();
        let mut find = |position, code, detail| findings.push(Finding::new(position, code, detail));
        if size < target.size {
            let detail =
                format!("the checkpoint commits to {} entries, the log has {size}", target.size);
            find(Some(size), Code::CutTail, detail);
        } else if root != target.root {
            let mut detail = format!(
                "the entries hash to root {root}, the checkpoint commits to {}: an entry was changed, removed, added or moved",
                target.root
            );
            if self.start > 0 {
                detail.push_str(" since the earlier audit, or the log before it was rewritten");
            }
            find(None, Code::RootDiffers, detail);
        }
        if self.surplus > 0 {
            let (surplus, size) = (self.surplus, target.size);
            let detail =
                format!("{surplus} entries beyond the {size} that the checkpoint commits to");
            find(Some(size), Code::SurplusEntries, detail);
        }
        if let Some(published) =
            self.replay.published.as_ref().filter(|_| self.replay.rebuilt.is_none())
        {
            let detail = format!(
                "they are as of size {}, this audit went from {} to {size}",
                published.as_of, self.start
            );
            find(None, Code::ReadModelsNotComparable, detail);
        }
        findings
    }
}

/// An audit that has ended.
pub struct Finished {
    /// What it says.
    pub report: Report,
    note: String,
    replay: Replay,
    shelf: Option<Arc<Shelf>>,
}

impl Finished {
    /// What the next audit can go on from, as the bytes of a file; `None` where something was found, because only a
    /// good checkpoint is to be remembered.
    ///
    /// # Errors
    /// [`ProgressError::Encoding`].
    pub fn into_progress(mut self) -> Result<Option<Vec<u8>>, ProgressError> {
        if !self.report.verified {
            return Ok(None);
        }
        let snapshot = self.replay.state.begin_save();
        progress::encode(self.note, self.replay.frontier, snapshot, self.shelf.as_deref()).map(Some)
    }
}

fn open_note(note: &str, log: &Vkey) -> Result<Checkpoint, Finding> {
    let invalid = |detail: String| Finding::new(None, Code::CheckpointInvalid, detail);
    if log.kind() != KeyKind::Text {
        return Err(invalid("the trusted key is a witness's, not a log's".to_owned()));
    }
    Checkpoint::open(note, log)
        .map_err(|error| invalid(format!("under the key of {}: {error}", log.name())))
}

fn rolled_back(remembered: &Known, target: &Checkpoint) -> Option<Finding> {
    let (before, now) = (remembered.checkpoint.size, target.size);
    let detail =
        format!("an earlier audit saw a checkpoint of {before} entries, the newest now has {now}");
    (before > now).then(|| Finding::new(Some(now), Code::RolledBack, detail))
}
