//! The debtor's own response messages, from a folder that its access point or platform writes them to: Peppol Invoice
//! Response and the French life cycle message.
//!
//! - The folder lies under one that the operator gave; a setting names it and nothing else. It is read and never written
//!   to: what was read is remembered by name, length and time of change.
//! - Only the buyer's word counts here: the seller's word and a platform's are not the debtor's to state.
//! - A file that is no message, or that cannot be read, is passed over and noted in the server's own log by its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::connect::client::Client;
use crate::connect::connector::{
    Access, Batch, CURSOR_BYTES_MAX, Connector, Entry, Payment, Setting, Settings, Stand, Trouble,
};
use crate::einvoice::DOCUMENT_BYTES_MAX;
use crate::einvoice::response::{self, Figure, Meaning, ResponseDraft, Voice};
use crate::statement::{SourceKind, Status};
use crate::types::{Currency, Minor, Timestamp};

/// How many files are read at once.
const FILES_MAX: usize = 100;

/// The connector.
#[derive(Debug, Clone)]
pub struct Messages {
    root: Option<PathBuf>,
}

impl Messages {
    /// Messages in folders under this one; without one, messages are only ever given as files.
    pub const fn new(root: Option<PathBuf>) -> Self {
        Self { root }
    }

    fn folder(&self, settings: &Settings) -> Option<PathBuf> {
        let name = settings.get("folder").filter(|name| !name.is_empty())?;
        Some(self.root.as_ref()?.join(name))
    }
}

/// The files that were read: 64 bits of a hash of each.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Seen(BTreeSet<u64>);

impl Connector for Messages {
    fn system(&self) -> &'static str {
        "peppol"
    }

    fn settings(&self) -> &'static [Setting] {
        &[Setting { name: "folder", required: false }]
    }

    fn check(&self, settings: &Settings, _: &Client) -> Result<(), String> {
        let Some(name) = settings.get("folder") else { return Ok(()) };
        if self.root.is_none() {
            return Err(
                "`folder`: this registry reads no folders; give the messages as files".to_owned()
            );
        }
        // A name, and no way to anywhere else.
        let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(plain) {
            return Err("`folder` is a name of letters, digits, `-` and `_`".to_owned());
        }
        let is_there = self.folder(settings).is_some_and(|folder| is_own_folder(&folder));
        if is_there { Ok(()) } else { Err("`folder` is not there: ask the operator".to_owned()) }
    }

    fn takes_secret(&self) -> bool {
        false
    }

    fn pace(&self) -> Option<Duration> {
        self.root.is_some().then_some(Duration::from_mins(1))
    }

    fn read(&self, access: &mut Access<'_>, cursor: Option<&[u8]>) -> Result<Batch, Trouble> {
        let Seen(seen) =
            cursor.and_then(|bytes| postcard::from_bytes(bytes).ok()).unwrap_or_default();
        // Without a folder there is nothing to read, and nothing wrong.
        let Some(folder) = self.folder(access.settings()) else { return Ok(Batch::default()) };
        if !is_own_folder(&folder) {
            return Err(Trouble::Unreachable);
        }
        let files = listed(&folder).ok_or(Trouble::Unreachable)?;
        let new: Vec<_> = files.iter().filter(|(mark, _)| !seen.contains(*mark)).collect();
        let more = new.len() > FILES_MAX;
        let mut entries = Vec::new();
        let mut now_seen: BTreeSet<u64> =
            seen.into_iter().filter(|mark| files.contains_key(mark)).collect();
        for (mark, path) in new.into_iter().take(FILES_MAX) {
            let bytes = fs::read(path).map_err(|_| Trouble::Unreachable)?;
            match entries_of(&bytes, access.now()) {
                Ok(found) => entries.extend(found),
                Err(error) => {
                    let file = path.file_name().unwrap_or_default();
                    tracing::warn!(?file, code = error.code(), "a message was passed over");
                }
            }
            now_seen.insert(*mark);
        }
        let cursor = postcard::to_allocvec(&Seen(now_seen)).map_err(|_| Trouble::Store)?;
        if cursor.len() > CURSOR_BYTES_MAX {
            return Err(Trouble::Malformed("the folder holds too many files: move old ones away"));
        }
        Ok(Batch { entries, cursor, more })
    }

    fn take(
        &self,
        access: &mut Access<'_>,
        cursor: Option<&[u8]>,
        file: &[u8],
    ) -> Result<Batch, Trouble> {
        let found = entries_of(file, access.now());
        let entries = found.map_err(|_| {
            Trouble::Malformed("no Peppol Invoice Response, and no French life cycle message")
        })?;
        if entries.is_empty() {
            return Err(Trouble::Malformed("the message says nothing that a buyer states"));
        }
        Ok(Batch { entries, cursor: cursor.unwrap_or_default().to_vec(), more: false })
    }
}

/// Whether it is a folder itself, and no link to one elsewhere.
fn is_own_folder(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir())
}

/// The plain files of a folder that may be messages, by what tells one from another.
fn listed(folder: &Path) -> Option<BTreeMap<u64, PathBuf>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with('.');
        let Ok(found) = entry.metadata() else { continue };
        // What is still being written has another name with those who write in two steps, and grows with others.
        if hidden || !found.is_file() || found.len() > u64::try_from(DOCUMENT_BYTES_MAX).ok()? {
            continue;
        }
        let changed = found.modified().ok()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut hash = blake3::Hasher::new();
        hash.update(name.as_encoded_bytes());
        hash.update(&found.len().to_be_bytes());
        hash.update(&changed.as_nanos().to_be_bytes());
        let mark = hash.finalize().as_bytes().first_chunk().copied().map(u64::from_be_bytes)?;
        files.insert(mark, entry.path());
    }
    Some(files)
}

/// What a message says, where the buyer says it.
fn entries_of(bytes: &[u8], now: Timestamp) -> Result<Vec<Entry>, response::ResponseError> {
    let drafts = response::read(bytes)?;
    Ok(drafts.iter().filter_map(|draft| entry(draft, now)).collect())
}

fn entry(draft: &ResponseDraft, now: Timestamp) -> Option<Entry> {
    let Meaning::Status(status) = draft.meaning else { return None };
    if draft.voice != Voice::Buyer {
        return None;
    }
    let sum = |figure| sum(draft, figure);
    let (mut process, mut payment) = (None, None);
    match status {
        Status::PaymentInitiated | Status::Paid => payment = Some(Payment::Initiated),
        // An Invoice Response names no currency: then all that is sure is that money is on its way.
        Status::PartPaid => {
            payment = Some(sum(Figure::Paid).map_or(Payment::Initiated, Payment::Part));
        }
        Status::Received
        | Status::InProcess
        | Status::Booked
        | Status::Queried
        | Status::ApprovedPart
        | Status::Approved
        | Status::Refused => {
            let reasons = draft.reasons.iter().map(|code| code.as_str().to_owned()).collect();
            let amount = (status == Status::ApprovedPart).then(|| sum(Figure::Approved)).flatten();
            process = Some(Stand { amount_minor: amount, reasons, ..Stand::at(status) });
        }
        // Not the buyer's to say, or nothing that a message of a buyer says.
        Status::Delivered
        | Status::NotDelivered
        | Status::RejectedTechnical
        | Status::Answered
        | Status::PaymentSelected
        | Status::PaymentPromised
        | Status::PaymentReversed
        | Status::PaymentFailed
        | Status::AssignedDisclosed
        | Status::AssignedConfidential
        | Status::PayeeChanged
        | Status::Released => return None,
    }
    Some(Entry {
        key: draft.message.clone(),
        suppliers: draft.seller.clone(),
        number: draft.number.as_str().to_owned(),
        issued: draft.issue_date,
        total: None,
        // A day without an hour ends later than now, today.
        changed_at: draft.effective_at.min(now),
        source: SourceKind::Buyer,
        document: None,
        process,
        payment,
    })
}

/// The sum of the amounts of a kind; `None` where a currency is missing or they are of several.
fn sum(draft: &ResponseDraft, figure: Figure) -> Option<Minor> {
    let mut sum: Option<(Minor, Currency)> = None;
    for amount in draft.amounts.iter().filter(|amount| amount.figure == figure) {
        let currency = amount.currency?;
        let minor = currency.minor(&amount.decimal)?;
        sum = match sum {
            None => Some((minor, currency)),
            Some((before, same)) if same == currency => Some((before.checked_add(minor)?, same)),
            Some(_) => return None,
        };
    }
    sum.map(|(minor, _)| minor).filter(|minor| *minor > 0)
}
