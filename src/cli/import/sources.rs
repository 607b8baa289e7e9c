//! Where documents come from: files, folders and archives, one document at a time.
//!
//! A folder is read in the order of its names, so that two runs report alike. What a document says is for
//! `einvoice` to read.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::cli::host;
use crate::einvoice::archive::{self, Limits};
use crate::einvoice::{self, Draft, Format};

/// The largest file that is opened: an archive; a document is far smaller.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// A document, or a line of a table: what it is called and what was read.
pub(super) struct Document {
    /// The path; within an archive the entry's after it.
    pub(super) label: String,
    /// What was read, or why nothing was.
    pub(super) read: Result<Draft, Unread>,
}

/// Why a document gave no draft.
#[derive(Debug, Clone)]
pub(crate) struct Unread {
    /// The stable code.
    pub(crate) code: &'static str,
    /// What is wrong and what to do.
    pub(crate) words: String,
}

/// Every file under the paths, folders opened, in the order of their names.
///
/// # Errors
/// Where a path is not there or a folder cannot be listed.
pub(super) fn files(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
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
pub(super) fn documents(path: &Path) -> Vec<Document> {
    let label = path.display().to_string();
    let bytes = match host::read(path, FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => return vec![unread(label, "unreadable", format!("{error:#}"))],
    };
    if einvoice::format(&bytes) != Format::Archive {
        return read(&label, &bytes);
    }
    let mut documents = Vec::new();
    let walked = archive::walk(&bytes, Limits::default(), &mut |entry| {
        let label = format!("{label}/{}", entry.name);
        match entry.content {
            Ok(content) => documents.extend(read(&label, content)),
            Err(error) => documents.push(unread(label, "archive_entry", error.to_string())),
        }
    });
    if let Err(error) = walked {
        documents.push(unread(label, error.code(), error.to_string()));
    }
    documents
}

pub(super) fn read(label: &str, bytes: &[u8]) -> Vec<Document> {
    match einvoice::read(bytes) {
        Err(error) => vec![unread(label.to_owned(), error.code(), error.to_string())],
        Ok(drafts) => drafts
            .into_iter()
            .map(|draft| match draft {
                Ok(draft) => Document { label: label.to_owned(), read: Ok(draft) },
                Err(error) => {
                    let label = format!("{label}:{}", error.line);
                    unread(label, error.error.code(), error.error.to_string())
                }
            })
            .collect(),
    }
}

fn unread(label: String, code: &'static str, words: String) -> Document {
    Document { label, read: Err(Unread { code, words }) }
}
