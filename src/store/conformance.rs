//! The contract of a log, run over each engine.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tempfile::TempDir;

use crate::{
    log::TileId,
    store::{
        AppendError, Batch, Log, ReadError, TILE_BYTES, database::Tuning, memory::MemoryLog,
        sled_log::SledLog,
    },
};

/// Small, so that few entries make many values, pages and segments.
pub(super) const SMALL: Tuning =
    Tuning { segment_bytes: 512 << 10, cache_bytes: 4 << 20, value_bytes_max: 2_000 };

/// An engine whose log can be closed and opened again.
trait Engine {
    fn start() -> Self;
    fn log(&mut self) -> &mut dyn Log;
    fn restart(self) -> Self;
}

impl Engine for MemoryLog {
    fn start() -> Self {
        Self::new()
    }
    fn log(&mut self) -> &mut dyn Log {
        self
    }
    fn restart(self) -> Self {
        self.reopen()
    }
}

struct OnDisk {
    log: SledLog,
    dir: TempDir,
}

impl Engine for OnDisk {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { log: SledLog::create_with(dir.path(), SMALL).unwrap(), dir }
    }
    fn log(&mut self) -> &mut dyn Log {
        &mut self.log
    }
    fn restart(self) -> Self {
        let Self { log, dir } = self;
        drop(log);
        Self { log: SledLog::open_with(dir.path(), SMALL).unwrap(), dir }
    }
}

/// The entry at a position: its length and bytes follow from it.
pub(super) fn entry(position: u64) -> Vec<u8> {
    let length = usize::try_from(position * 37 % 700).unwrap();
    position.to_be_bytes().iter().copied().cycle().take(length + 8).collect()
}

pub(super) fn entries(range: core::ops::Range<u64>) -> Vec<Vec<u8>> {
    range.map(entry).collect()
}

pub(super) fn append(log: &mut (impl Log + ?Sized), count: u64) {
    let at = log.size();
    let entries = entries(at..at + count);
    log.append(at, &Batch { entries: &entries, ..Batch::default() }).unwrap();
}

fn tile(fill: u8) -> Box<[u8]> {
    vec![fill; TILE_BYTES].into()
}

fn entries_come_back_in_any_range<E: Engine>() {
    let mut engine = E::start();
    let counts = [1, 1, 1, 64, 3, 500, 1, 0, 9];
    let mut size = 0;
    for count in counts {
        append(engine.log(), count);
        size += count;
        let reader = engine.log().reader();
        assert_eq!((engine.log().size(), reader.size()), (size, size));
        assert_eq!(reader.read(0, size).unwrap(), entries(0..size));
    }
    let mut engine = engine.restart();
    append(engine.log(), 10);
    size += 10;
    let mut engine = engine.restart();
    let reader = engine.log().reader();
    assert_eq!(reader.size(), size);
    for (from, to) in [(0, 0), (0, 1), (2, 5), (3, 70), (66, 67), (500, size), (size, size)] {
        assert_eq!(reader.read(from, to).unwrap(), entries(from..to), "{from}..{to}");
    }
    for (from, to) in [(0, size + 1), (2, 1), (size + 1, size + 1), (u64::MAX, u64::MAX)] {
        assert_eq!(reader.read(from, to), Err(ReadError::OutOfRange { from, to, size }));
    }
}

fn another_position_is_refused_and_changes_nothing<E: Engine>() {
    let mut engine = E::start();
    append(engine.log(), 5);
    for at in [0, 4, 6, u64::MAX] {
        let outcome = engine.log().append(at, &Batch { entries: &[vec![1]], ..Batch::default() });
        assert_eq!(outcome, Err(AppendError::WrongPosition { at, size: 5 }));
    }
    append(engine.log(), 1);
    assert_eq!(engine.log().reader().read(0, 6).unwrap(), entries(0..6));
}

fn what_cannot_be_stored_is_refused_and_changes_nothing<E: Engine>() {
    let mut engine = E::start();
    let short_tile = [(TileId::new(0, 0), vec![0; 32].into())];
    let long_entry = [vec![1], vec![0; 65_536]];
    for batch in [
        Batch { tiles: &short_tile, entries: &[vec![1]], ..Batch::default() },
        Batch { entries: &long_entry, ..Batch::default() },
    ] {
        let outcome = engine.log().append(0, &batch);
        assert!(matches!(outcome, Err(AppendError::Unstorable(_))), "{outcome:?}");
        assert_eq!(engine.log().size(), 0);
    }
    engine
        .log()
        .append(0, &Batch { entries: &[vec![], vec![7; 65_535]], ..Batch::default() })
        .unwrap();
    assert_eq!(engine.log().reader().read(0, 2).unwrap(), [vec![], vec![7; 65_535]]);
}

fn tiles_and_the_checkpoint_are_kept<E: Engine>() {
    let mut engine = E::start();
    let tiles: [(TileId, Box<[u8]>); 2] =
        [(TileId::new(0, 0), tile(1)), (TileId::new(0, 1), tile(2))];
    let reader = engine.log().reader();
    assert_eq!(
        (reader.checkpoint().unwrap(), reader.tile(TileId::new(0, 0)).unwrap()),
        (None, None)
    );
    let content = entries(0..300);
    engine
        .log()
        .append(0, &Batch { entries: &content, tiles: &tiles, checkpoint: Some("first\n") })
        .unwrap();
    engine.log().append(300, &Batch { checkpoint: Some("second\n"), ..Batch::default() }).unwrap();
    drop(reader);
    let mut engine = engine.restart();
    let reader = engine.log().reader();
    assert_eq!(reader.size(), 300);
    assert_eq!(reader.checkpoint().unwrap().as_deref(), Some("second\n"));
    assert_eq!(reader.tile(TileId::new(0, 0)).unwrap(), Some(tile(1)));
    assert_eq!(reader.tile(TileId::new(0, 1)).unwrap(), None, "its entries are not all there yet");
    assert_eq!(reader.tile(TileId::new(1, 0)).unwrap(), None);
    assert_eq!(reader.tile(TileId::new(255, u64::MAX)).unwrap(), None);
    append(engine.log(), 212);
    assert_eq!(reader.tile(TileId::new(0, 1)).unwrap(), Some(tile(2)));
}

fn readers_follow_while_the_writer_writes<E: Engine>() {
    let mut engine = E::start();
    let reader = engine.log().reader();
    let done = Arc::new(AtomicBool::new(false));
    let follower = thread::spawn({
        let done = Arc::clone(&done);
        move || {
            let mut seen = 0;
            loop {
                let last = done.load(Ordering::Acquire);
                let size = reader.size();
                assert!(size >= seen);
                assert_eq!(reader.read(seen, size).unwrap(), entries(seen..size));
                seen = size;
                if last {
                    return seen;
                }
            }
        }
    });
    for count in 0..40 {
        append(engine.log(), count);
    }
    done.store(true, Ordering::Release);
    assert_eq!(follower.join().unwrap(), engine.log().size());
}

macro_rules! over_each_engine {
    ($($test:ident)*) => {
        mod memory { $(#[test] fn $test() { super::$test::<super::MemoryLog>(); })* }
        mod sled { $(#[test] fn $test() { super::$test::<super::OnDisk>(); })* }
    };
}

over_each_engine! {
    entries_come_back_in_any_range
    another_position_is_refused_and_changes_nothing
    what_cannot_be_stored_is_refused_and_changes_nothing
    tiles_and_the_checkpoint_are_kept
    readers_follow_while_the_writer_writes
}

/// A log of `count` entries on disk, closed.
pub(super) fn written(dir: &Path, count: u64) {
    let mut log = SledLog::create_with(dir, SMALL).unwrap();
    while log.size() < count {
        let left = count - log.size();
        append(&mut log, left.min(7));
    }
}
