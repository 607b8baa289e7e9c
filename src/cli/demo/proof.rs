//! Why anyone should believe it: an auditor verifies everything, and four forgeries are caught.
//!
//! The forgeries are made on copies of the log: by whoever can write to a disk, and by an operator who has the
//! log's own key.

use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::Path;

use anyhow::{Context as _, anyhow};

use crate::audit::{CheckVerdict, PublishedReadModels, Report};
use crate::cli::audit;
use crate::cli::demo::cast::Cast;
use crate::cli::demo::narrator::{bad, chapter, detail, good, pause, tell};
use crate::cli::demo::stage::Stage;
use crate::cli::demo::story::expect;
use crate::cli::export;
use crate::cli::identity::{Passphrase, secret_key};
use crate::domain::{Effect, Outcome};
use crate::log::{Checkpoint, Frontier, NoteSigner, leaf_hash};
use crate::record::{LogFile, LogWriter, Record};

/// 9: the auditor verifies everything over HTTP.
///
/// # Errors
/// Where the audit cannot be made or does not verify.
pub(super) fn audit(stage: &Stage, cast: &Cast) -> anyhow::Result<()> {
    chapter(9, "The auditor believes nobody")?;
    tell(
        "De Vries Accountants has the registry's public key from elsewhere, and takes everything else \
         from the log: who the participants are, whether each signature holds, what the rules give for \
         each statement. Then it compares the result with what the registry shows.",
    )?;
    let auditor = &cast.auditor;
    let report =
        audit::of_registry(&stage.url, &stage.vkey, &auditor.key_file, &auditor.session.party)?;
    for result in report.checks.iter().filter(|it| it.verdict != CheckVerdict::NotChecked) {
        good(format_args!("{:<46} {:>4} checked", result.check.title(), result.checked))?;
    }
    expect(report.verified, "the audit")?;
    pause()?;
    good(report.verdict())?;
    Ok(())
}

/// A log in memory, to be tampered with.
struct Copy {
    checkpoint: String,
    published: Vec<u8>,
    entries: Vec<Vec<u8>>,
}

/// 10: forgeries on copies.
///
/// # Errors
/// Where one of them is not caught.
pub(super) fn forge(stage: &Stage, cast: &Cast) -> anyhow::Result<()> {
    chapter(10, "Four forgeries")?;
    tell(
        "The auditor keeps a copy of the log and the checkpoint that it verified. Now the copy is \
         tampered with. The first three forgers can write to a disk; the last one is the operator \
         himself, who also has the key that signs the log.",
    )?;
    let original = stage.file("log.export");
    export::fetch(&cast.auditor.session, &original)?;
    let copy = Copy::read(&original)?;
    let seen = stage.file("checkpoint");
    std::fs::write(&seen, &copy.checkpoint)?;
    let middle = copy.entries.len().checked_div(2).unwrap_or(0);

    let mut flipped = Copy::read(&original)?;
    let byte = flipped.entries.get_mut(middle).and_then(|entry| entry.last_mut());
    *byte.context("no entry")? ^= 1;
    caught(stage, "one bit is flipped in one record", &flipped, Some(&seen))?;

    let mut shorter = Copy::read(&original)?;
    drop(shorter.entries.remove(middle));
    caught(stage, "a record is taken out", &shorter, Some(&seen))?;

    let mut cut = Copy::read(&original)?;
    cut.entries.truncate(middle);
    caught(stage, "the end is cut off", &cut, Some(&seen))?;

    let mut quiet = Copy::read(&original)?;
    quiet.suppress_conflict(stage)?;
    caught(stage, "the operator erases the double financing and signs the log anew", &quiet, None)?;
    caught(stage, "… against the checkpoint that the auditor has kept", &quiet, Some(&seen))?;
    Ok(())
}

impl Copy {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let mut file = LogFile::open(BufReader::new(File::open(path)?))?;
        let mut entries = Vec::new();
        while let Some(entry) = file.next_entry()? {
            entries.push(entry);
        }
        let (checkpoint, published) = (file.checkpoint().to_owned(), file.published().to_vec());
        Ok(Self { checkpoint, published, entries })
    }

    fn write(&self, path: &Path) -> anyhow::Result<()> {
        let file = BufWriter::new(File::create(path)?);
        let mut writer = LogWriter::new(file, &self.checkpoint, &self.published)?;
        self.entries.iter().try_for_each(|entry| writer.entry(entry))?;
        drop(writer.finish()?);
        Ok(())
    }

    /// What an operator would do who wants a conflict never to have been seen: the outcome rewritten, the list
    /// of conflicts emptied, the tree computed anew and signed with the real key.
    fn suppress_conflict(&mut self, stage: &Stage) -> anyhow::Result<()> {
        let mut found = false;
        for entry in &mut self.entries {
            let record = Record::decode(entry)?;
            let conflict = |effect| matches!(effect, Effect::Conflict(_));
            if record.outcome.findings.iter().any(|finding| conflict(finding.effect)) {
                found = true;
                let quiet = Outcome::admitted();
                let forged = Record::new(record.time, record.rules, record.statement, quiet);
                let forged = forged.encode()?;
                *entry = forged;
            }
        }
        expect(found, "the conflict in the log")?;
        let mut published: PublishedReadModels = serde_json::from_slice(&self.published)?;
        published.conflicts.clear();
        self.published = serde_json::to_vec(&published)?;
        let mut tree = Frontier::new();
        self.entries.iter().for_each(|entry| tree.push(leaf_hash(entry)));
        let key = secret_key(&stage.log_key(), &Passphrase::default())?;
        let signer = NoteSigner::new(stage.origin.clone(), key.as_signing_key().clone());
        let (origin, size, root) = (stage.origin.clone(), tree.size(), tree.root());
        self.checkpoint = Checkpoint { origin, size, root }.sign(&signer)?;
        Ok(())
    }
}

/// A forgery is audited, and must not pass.
fn caught(stage: &Stage, what: &str, copy: &Copy, seen: Option<&Path>) -> anyhow::Result<()> {
    let path = stage.file("log.forged");
    copy.write(&path)?;
    let report: Report = audit::of_file(&path, &stage.vkey, seen)?;
    if report.verified {
        return Err(anyhow!("{what}: the audit did not see it"));
    }
    bad(format_args!("{what}: caught"))?;
    let finding = report.findings.first().context("no finding")?;
    let at = finding.position.map(|at| format!("position {at}: ")).unwrap_or_default();
    detail(format_args!("{at}{}", finding.code))?;
    detail(&finding.detail)?;
    Ok(())
}
