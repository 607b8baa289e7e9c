//! What only the machine can give: its clock, its randomness, and files that are never overwritten.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::cli::failure::WithHint as _;
use crate::types::Timestamp;

/// The machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Timestamp::default().plus_millis(millis)
}

/// Bytes from the operating system's source of randomness.
///
/// # Errors
/// Where there is none; no key is made then.
pub(crate) fn random<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow!("no randomness: {error}"))?;
    Ok(bytes)
}

/// A fresh name that nobody guesses and nothing else has: 128 random bits as text.
///
/// # Errors
/// As [`random`].
pub(crate) fn fresh_id() -> anyhow::Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(random::<16>()?))
}

/// Makes a file that only its owner can read, never over another one.
///
/// # Errors
/// Where it exists or cannot be made.
pub(crate) fn create_private(path: &Path) -> anyhow::Result<File> {
    let shown = path.display();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(anyhow!("{shown} exists already: it is not overwritten"))
                .hint("choose another name, or move the file away first")
        }
        opened => opened.with_context(|| format!("cannot write {shown}")),
    }
}

/// Writes a file that only its owner can read, durably, never over another one.
///
/// # Errors
/// Where it exists or cannot be written.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let mut file = create_private(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Reads a file, or standard input for `-`, up to a bound.
///
/// # Errors
/// Where it cannot be read or is longer.
pub(crate) fn read(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;
    let shown = path.display();
    let mut bytes = Vec::new();
    let limit = bytes_max.saturating_add(1);
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        let file = File::open(path).with_context(|| format!("cannot read {shown}"))?;
        file.take(limit).read_to_end(&mut bytes)
    };
    read.with_context(|| format!("cannot read {shown}"))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > bytes_max {
        return Err(anyhow!("{shown} is longer than {bytes_max} bytes"));
    }
    Ok(bytes)
}

/// Reads a file of text, as [`read`] does.
///
/// # Errors
/// As [`read`], and where it is not UTF-8.
pub(crate) fn read_text(path: &Path, bytes_max: u64) -> anyhow::Result<String> {
    String::from_utf8(read(path, bytes_max)?)
        .with_context(|| format!("{} is not text", path.display()))
}
