//! The floor: how many entries were acknowledged, kept in a file of its own beside the database.
//!
//! sled takes a broken tail for an append that a crash cut off, and drops it without a word. That is
//! right for what was never acknowledged and a silent loss for what was. The floor tells the two
//! apart: a log that opens with fewer entries than its floor is damaged.
//!
//! The floor is written after the acknowledged data is durable and is not synced itself, so it costs
//! no second disk sync: a power cut may leave it behind, never ahead. It has two slots that are written
//! in turn, in sectors of their own, so that a torn write leaves the other.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use crate::store::packing::{Kind, seal, unseal};

/// How far the slots are apart: a sector of any disk in use.
const SLOT_BYTES: u64 = 4_096;
/// The slots, by the parity of the number of writes.
const SLOTS: [u64; 2] = [0, SLOT_BYTES];
/// A sealed u64.
const RECORD_BYTES: usize = 24;

/// The file.
#[derive(Debug)]
pub(super) struct Floor {
    file: File,
    odd: bool,
}

impl Floor {
    /// Makes the file with a floor of 0, durably.
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        let mut floor = Self { file, odd: false };
        floor.raise(0)?;
        floor.raise(0)?;
        floor.sync()?;
        Ok(floor)
    }

    /// Opens the file; the floor is `None` where neither slot is as it was written.
    pub(super) fn open(path: &Path) -> io::Result<(Self, Option<u64>)> {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let mut floor = None;
        for slot in SLOTS {
            let mut record = [0; RECORD_BYTES];
            file.seek(SeekFrom::Start(slot))?;
            let size = match file.read_exact(&mut record) {
                Ok(()) => unseal(Kind::Floor, &[], &record)
                    .and_then(|content| content.try_into().ok())
                    .map(u64::from_be_bytes),
                Err(cut) if cut.kind() == io::ErrorKind::UnexpectedEof => None,
                Err(error) => return Err(error),
            };
            floor = floor.max(size);
        }
        Ok((Self { file, odd: false }, floor))
    }

    /// Writes a floor, not synced.
    pub(super) fn raise(&mut self, size: u64) -> io::Result<()> {
        let [even, odd] = SLOTS;
        self.file.seek(SeekFrom::Start(if self.odd { odd } else { even }))?;
        self.file.write_all(&seal(Kind::Floor, &[], &size.to_be_bytes()))?;
        self.odd = !self.odd;
        Ok(())
    }

    /// Makes the written floor durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_whole_slot_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("floor");
        let mut floor = Floor::create(&path).unwrap();
        assert_eq!(Floor::open(&path).unwrap().1, Some(0));
        floor.raise(7).unwrap();
        floor.raise(9).unwrap();
        assert_eq!(Floor::open(&path).unwrap().1, Some(9));

        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..4_100]).unwrap();
        assert_eq!(Floor::open(&path).unwrap().1, Some(7), "the second slot is torn");
        std::fs::write(&path, b"").unwrap();
        assert_eq!(Floor::open(&path).unwrap().1, None);
    }
}
