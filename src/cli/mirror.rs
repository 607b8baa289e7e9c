//! A log as plain files, as C2SP tlog-tiles has it: any static web server can then serve it to auditors.
//!
//! Tiles and bundles are written once, each in one piece, and the checkpoint after everything that it commits to: a
//! reader never finds a checkpoint that the files beside it do not bear out. What is partial goes once it is whole.
//!
//! The bundles hold the statements of everyone: who may read the folder is for its owner to say. Where the log
//! comes from is not known here.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::cli::failure::WithHint as _;
use crate::log::{Checkpoint, Note, TILE_WIDTH, TileId, TilePath};

/// The name of the checkpoint in the folder, and below a log's address.
const CHECKPOINT: &str = "checkpoint";

/// A folder with a copy of a log.
pub(crate) struct Mirror {
    dir: PathBuf,
    /// What the folder's checkpoint commits to.
    held: Option<Checkpoint>,
}

impl Mirror {
    /// Takes up a folder, or makes it.
    ///
    /// # Errors
    /// Where it cannot be made, or its checkpoint cannot be read.
    pub(crate) fn open(dir: &Path) -> anyhow::Result<Self> {
        let shown = dir.display();
        fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {shown}"))?;
        let held = match fs::read_to_string(dir.join(CHECKPOINT)) {
            Ok(note) => Some(parse(&note).with_context(|| format!("the checkpoint in {shown}"))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {shown}")),
        };
        Ok(Self { dir: dir.to_path_buf(), held })
    }

    /// Brings the folder to a signed checkpoint, with tiles and bundles from `fetch`. Returns the size.
    ///
    /// # Errors
    /// Where something cannot be fetched or written, or the folder holds another log or a longer one.
    pub(crate) fn catch_up(
        &mut self,
        note: &str,
        mut fetch: impl FnMut(&TilePath) -> anyhow::Result<Vec<u8>>,
    ) -> anyhow::Result<u64> {
        let newest = parse(note)?;
        let shown = self.dir.display();
        let from = match &self.held {
            Some(held) if *held == newest => return Ok(newest.size),
            Some(held) if held.origin != newest.origin => {
                let error = anyhow::anyhow!("{shown} holds the log of {}", held.origin);
                return Err(error).hint("name another folder for this one");
            }
            Some(held) if held.size > newest.size => {
                bail!("{shown} holds {} records, this log has {}", held.size, newest.size)
            }
            Some(held) => held.size,
            None => 0,
        };
        for path in changed(from, newest.size) {
            let bytes = fetch(&path)?;
            self.put(&path.to_string(), &bytes)?;
        }
        self.put(CHECKPOINT, note.as_bytes())?;
        for path in changed(from, newest.size).filter(|path| path.width() == TILE_WIDTH) {
            let mut partial = self.dir.join(path.to_string()).into_os_string();
            partial.push(".p");
            match fs::remove_dir_all(&partial) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        let size = newest.size;
        self.held = Some(newest);
        Ok(size)
    }

    /// Writes a file in one piece.
    fn put(&self, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let path = self.dir.join(name);
        let new = self.dir.join("new");
        let write = || {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let mut file = File::create(&new)?;
            file.write_all(bytes)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))
    }
}

/// What a log of `to` records has that it had not, or not as wide, with `from`.
fn changed(from: u64, to: u64) -> impl Iterator<Item = TilePath> {
    let width = u64::from(TILE_WIDTH);
    let levels = (0_u8..8).map(move |level| {
        let hashes = |size: u64| size.checked_shr(u32::from(level) * 8).unwrap_or(0);
        (level, hashes(from).checked_div(width).unwrap_or(0), hashes(to).div_ceil(width))
    });
    levels.flat_map(move |(level, first, end)| {
        (first..end).flat_map(move |index| {
            let tile = TileId::new(level, index);
            let width = tile.width_at(to);
            let new = width > tile.width_at(from);
            let hashes = new.then_some(TilePath::Hashes { tile, width });
            let entries = (new && level == 0).then_some(TilePath::Entries { index, width });
            hashes.into_iter().chain(entries)
        })
    })
}

/// The checkpoint of a note; its signature is checked by whoever knows the log's key.
fn parse(note: &str) -> anyhow::Result<Checkpoint> {
    let note = Note::parse(note).context("the checkpoint is not a signed note")?;
    Checkpoint::parse(note.text()).context("the checkpoint cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(from: u64, to: u64) -> Vec<String> {
        changed(from, to).map(|path| path.to_string()).collect()
    }

    #[test]
    fn what_a_log_gained_is_named_once() {
        assert_eq!(names(0, 0), Vec::<String>::new());
        assert_eq!(names(0, 3), ["tile/0/000.p/3", "tile/entries/000.p/3"]);
        assert_eq!(names(3, 3), Vec::<String>::new());
        let grown = ["tile/0/000", "tile/entries/000", "tile/0/001.p/1", "tile/entries/001.p/1"];
        assert_eq!(names(3, 257), [&grown[..], &["tile/1/000.p/1"]].concat());
        assert_eq!(names(257, 258), ["tile/0/001.p/2", "tile/entries/001.p/2"]);
        assert_eq!(names(65_535, 65_536).last().map(String::as_str), Some("tile/2/000.p/1"));
    }
}
