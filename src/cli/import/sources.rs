//! Where documents come from: files, folders and archives, one document at a time.
//!
//! A folder is read in the order of its names, so that two runs report alike. What a document says is for
//! `einvoice` to read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::failure::failure;
use crate::cli::host;
use crate::cli::terminal::Progress;
use crate::einvoice::archive::{self, Limits};
use crate::einvoice::{self, Draft, Format, LineError};

/// The largest file that is opened: an archive; a document is far smaller.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A document, or a line of a table: what it is called and what was read.
pub(in crate::cli) struct Document {
    /// The path; within an archive the entry's after it.
    pub(in crate::cli) label: String,
    /// What was read, or why nothing was.
    pub(in crate::cli) read: Result<Draft, Unread>,
}

/// Why a document gave no draft.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    /// The stable code.
    pub(crate) code: &'static str,
    /// What is wrong and what to do.
    pub(crate) words: String,
}

/// Reads every document under the paths, in the order of their names.
///
/// # Errors
/// Where a path cannot be read, or there are no documents.
pub(in crate::cli) fn all(paths: &[PathBuf]) -> anyhow::Result<Vec<Document>> {
    let files = files(paths)?;
    let mut progress = Progress::new(u64::try_from(files.len()).unwrap_or(u64::MAX), "files read");
    let mut found = Vec::new();
    for file in &files {
        found.extend(documents(file));
        progress.advance(1);
    }
    drop(progress);
    if found.is_empty() {
        let advice = "name files, folders or archives of invoices";
        return Err(failure("there are no documents", advice));
    }
    Ok(found)
}

/// Every file under the paths, folders opened, in the order of their names.
///
/// # Errors
/// Where a path is not there or a folder cannot be listed.
pub(in crate::cli) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        let shown = path.display();
        let about = fs::metadata(path).with_context(|| format!("cannot read {shown}"))?;
        if about.is_dir() {
            let entries = fs::read_dir(path).with_context(|| format!("cannot list {shown}"))?;
            let mut inner = entries
                .map(|entry| entry.map(|entry| entry.path()))
                .collect::<Result<Vec<_>, _>>()
                .with_context(|| format!("cannot list {shown}"))?;
            inner.sort();
            // Hidden files are a file manager's, not invoices; a link could lead around in circles.
            inner.retain(|path| !is_hidden(path) && !path.is_symlink());
            files.extend(self::files(&inner)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

/// Reads the documents of one file.
fn documents(path: &Path) -> Vec<Document> {
    let mut documents = Vec::new();
    contents(path, &mut |label, content| match content {
        Ok(bytes) => documents.extend(read(&label, bytes)),
        Err(unread) => documents.push(Document { label, read: Err(unread) }),
    });
    documents
}

/// Is shown the label of a content with its bytes, or why they cannot be read.
pub(in crate::cli) type Show<'a> = dyn FnMut(String, Result<&[u8], Unread>) + 'a;

/// Shows what a file holds, or what each entry of it holds where it is an archive, or why that cannot be read.
pub(in crate::cli) fn contents(path: &Path, show: &mut Show<'_>) {
    let label = path.display().to_string();
    let bytes = match host::read(path, FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            return show(label, Err(Unread { code: "unreadable", words: format!("{error:#}") }));
        }
    };
    if einvoice::format(&bytes) != Format::Archive {
        return show(label, Ok(&bytes));
    }
    let walked = archive::walk(&bytes, Limits::default(), &mut |entry| {
        let why =
            |error: archive::EntryError| Unread { code: "archive_entry", words: error.to_string() };
        show(format!("{label}/{}", entry.name), entry.content.map_err(why));
    });
    if let Err(error) = walked {
        show(label, Err(Unread { code: error.code(), words: error.to_string() }));
    }
}

pub(in crate::cli) fn read(label: &str, bytes: &[u8]) -> Vec<Document> {
    match einvoice::read(bytes) {
        Err(error) => vec![unread(label.to_owned(), error.code(), error.to_string())],
        Ok(drafts) => drafts
            .into_iter()
            .map(|draft| {
                let line = match &draft {
                    Ok(draft) => draft.line,
                    Err(error) => Some(error.line),
                };
                let label = line.map_or_else(|| label.to_owned(), |line| format!("{label}:{line}"));
                match draft {
                    Ok(draft) => Document { label, read: Ok(draft) },
                    Err(LineError { error, .. }) => unread(label, error.code(), error.to_string()),
                }
            })
            .collect(),
    }
}

fn unread(label: String, code: &'static str, words: String) -> Document {
    Document { label, read: Err(Unread { code, words }) }
}
