//! Crashes, power cuts and damage of the files of a log: an error, or what was acknowledged; never
//! other data, never a panic that escapes.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::store::{
    Batch, Log, OpenError, ReadError,
    conformance::{SMALL, append, entries, written},
    database::{Database, Durable, FileSync},
    faulty::draw,
    sled_log::SledLog,
};

/// Numbers below a limit, the same ones in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(draw(&mut self.0)).unwrap().checked_rem(limit).unwrap()
    }
}

/// The content of a folder and the folders in it.
type Image = BTreeMap<PathBuf, Vec<u8>>;

fn image(dir: &Path) -> Image {
    let mut files = Image::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for found in fs::read_dir(&folder).unwrap() {
            let path = found.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_path_buf();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    files
}

fn restore(image: &Image, dir: &Path) {
    fs::create_dir_all(dir.join("log/blobs")).unwrap();
    for (name, bytes) in image {
        fs::write(dir.join(name), bytes).unwrap();
    }
}

/// Opens a log and reads it whole, as a start and an audit do.
fn read_all(dir: &Path) -> Result<Vec<Vec<u8>>, String> {
    let log = SledLog::open_with(dir, SMALL).map_err(|error| error.to_string())?;
    let size = log.verify_all().map_err(|error| error.to_string())?;
    log.reader().read(0, size).map_err(|error| error.to_string())
}

#[test]
fn flipped_and_cut_files_are_noticed_or_harmless() {
    const COUNT: u64 = 600;
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), COUNT);
    let whole = image(dir.path());
    let mut dice = Dice(1);
    let (mut noticed, mut harmless) = (0, 0);
    for name in whole.keys().filter(|name| !whole[*name].is_empty()) {
        let length = whole[name].len();
        let tries = if name.ends_with("db") { 30 } else { 4 };
        for round in 0..tries {
            let mut damaged = whole.clone();
            let bytes = damaged.get_mut(name).unwrap();
            if round % 2 == 0 {
                bytes[dice.below(length)] ^= 1 << dice.below(8);
            } else {
                bytes.truncate(dice.below(length));
            }
            let copy = tempfile::tempdir().unwrap();
            restore(&damaged, copy.path());
            match read_all(copy.path()) {
                Err(_) => noticed += 1,
                Ok(read) => {
                    assert!(read == entries(0..COUNT), "{} in round {round}", name.display());
                    harmless += 1;
                }
            }
        }
    }
    assert!(noticed > 20, "{noticed} noticed, {harmless} harmless");
}

#[test]
fn a_lost_file_is_noticed() {
    for (file, told) in [("db", "`db` is missing"), ("conf", "`conf`"), ("floor", "`floor`")] {
        let dir = tempfile::tempdir().unwrap();
        written(dir.path(), 30);
        fs::remove_file(dir.path().join("log").join(file)).unwrap();
        let error = SledLog::open_with(dir.path(), SMALL).err().unwrap();
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(told) && error.to_string().contains("restore"));
    }
}

/// sled drops a broken tail without a word, and with it what was acknowledged.
#[test]
fn an_older_database_under_the_same_floor_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 100);
    let older = image(dir.path());
    let mut log = SledLog::open_with(dir.path(), SMALL).unwrap();
    append(&mut log, 1);
    drop(log);
    let mut mixed = older;
    mixed.insert("log/floor".into(), fs::read(dir.path().join("log/floor")).unwrap());
    let copy = tempfile::tempdir().unwrap();
    restore(&mixed, copy.path());
    let error = SledLog::open_with(copy.path(), SMALL).err().unwrap();
    assert!(
        error.to_string().contains("101 entries were acknowledged and 100 are left"),
        "{error}"
    );
}

#[test]
fn a_half_written_snapshot_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 50);
    let half = dir.path().join("log/snap.00000000FFFFFFFF.generating");
    fs::write(&half, b"half").unwrap();
    assert_eq!(read_all(dir.path()).unwrap(), entries(0..50));
    assert!(!half.exists());
}

#[test]
fn a_log_is_open_once_and_never_made_unasked() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(SledLog::open(dir.path()), Err(OpenError::Missing { .. })));
    let log = SledLog::create_with(dir.path(), SMALL).unwrap();
    let again = SledLog::open_with(dir.path(), SMALL);
    assert!(matches!(again, Err(OpenError::Locked { .. })), "{:?}", again.err());
    let other = SledLog::create_with(dir.path(), SMALL);
    assert!(matches!(other, Err(OpenError::Exists { .. })), "{:?}", other.err());
    drop(log);
    SledLog::open_with(dir.path(), SMALL).unwrap();
}

#[test]
fn half_of_a_new_log_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("log.creating/blobs")).unwrap();
    fs::write(dir.path().join("log.creating/conf"), b"").unwrap();
    drop(SledLog::create_with(dir.path(), SMALL).unwrap());
    assert_eq!(read_all(dir.path()).unwrap(), entries(0..0));
}

/// Every sync, before it is done: `then` sees the files as they are on the disk and in the page cache.
struct Watched<F> {
    files: FileSync,
    syncs: AtomicUsize,
    then: F,
}

impl<F: Fn() + Send + Sync> Durable for Watched<F> {
    fn sync(&self) -> io::Result<()> {
        self.files.sync()?;
        self.syncs.fetch_add(1, Ordering::SeqCst);
        (self.then)();
        Ok(())
    }
}

fn watched<F: Fn() + Send + Sync + 'static>(dir: &Path, then: F) -> (SledLog, Arc<Watched<F>>) {
    let log = dir.join("log");
    let files = FileSync::open(&log).unwrap();
    let watched = Arc::new(Watched { files, syncs: AtomicUsize::new(0), then });
    let durable: Arc<dyn Durable> = watched.clone();
    let database = Database::open_with(&log, SMALL, "hint", |_| Ok(durable)).unwrap();
    (SledLog::from_database(&log, database, SMALL).unwrap(), watched)
}

#[test]
fn each_acknowledged_append_had_its_own_sync() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 3);
    let (mut log, watched) = watched(dir.path(), || ());
    for _ in 0..20 {
        let before = watched.syncs.load(Ordering::SeqCst);
        append(&mut log, 2);
        assert_eq!(watched.syncs.load(Ordering::SeqCst), before + 1);
        log.append(log.size(), &Batch { checkpoint: Some("text"), ..Batch::default() }).unwrap();
        assert_eq!(watched.syncs.load(Ordering::SeqCst), before + 2);
    }
}

/// A disk keeps, of what was written since the last sync, any part: nothing, all, some blocks of it.
///
/// The files are taken at each sync. From two neighbours, images are made in which each block written
/// between them is there or is not, and the length is the old or the new one. Everything that was
/// acknowledged at the first of the two has to be in each. (A block that was written twice between two
/// syncs is here with its last content only.)
#[test]
fn a_power_cut_takes_nothing_that_was_acknowledged() {
    const BLOCK: usize = 4_096;
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 1);
    let images = Arc::new(Mutex::new(Vec::new()));
    let (mut log, _) = watched(dir.path(), {
        let (images, dir) = (Arc::clone(&images), dir.path().to_path_buf());
        move || images.lock().unwrap().push(image(&dir))
    });
    let mut dice = Dice(2);
    let mut older: Option<(Image, u64)> = None;
    let mut cuts = 0;
    for round in 0..100 {
        append(&mut log, [1, 7, 60, 250][dice.below(4)]);
        let taken = images.lock().unwrap().split_off(0);
        let newer = taken.into_iter().next_back().unwrap();
        if let Some((older, acknowledged)) = older.filter(|_| round % 5 == 4) {
            for keep_percent in [0, 50, 95, 100] {
                let mut cut = newer.clone();
                for (name, bytes) in &mut cut {
                    let old = older.get(name).map(Vec::as_slice).unwrap_or_default();
                    let keeps_length = dice.below(100) < keep_percent;
                    for at in (0..bytes.len()).step_by(BLOCK) {
                        let end = bytes.len().min(at + BLOCK);
                        if dice.below(100) >= keep_percent {
                            let block = old.get(at..).unwrap_or_default();
                            let block = &block[..block.len().min(end - at)];
                            bytes[at..end].fill(0);
                            bytes[at..at + block.len()].copy_from_slice(block);
                        }
                    }
                    if !keeps_length {
                        bytes.truncate(old.len());
                    }
                }
                let copy = tempfile::tempdir().unwrap();
                restore(&cut, copy.path());
                let read = read_all(copy.path()).unwrap();
                let size = u64::try_from(read.len()).unwrap();
                assert!(size >= acknowledged, "{size} of {acknowledged} in round {round}");
                assert!(read == entries(0..size), "round {round}");
                cuts += 1;
            }
        }
        older = Some((newer, log.size()));
    }
    assert_eq!(cuts, 80);
    assert_eq!(fs::read_dir(dir.path().join("log/blobs")).unwrap().count(), 0);
}

#[test]
fn what_is_read_is_checked() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 40);
    {
        let database = Database::open(&dir.path().join("log"), SMALL, "hint").unwrap();
        let tree = database.tree("entries").unwrap();
        let (key, value) = tree.first().unwrap().unwrap();
        let mut changed = value.to_vec();
        *changed.last_mut().unwrap() ^= 1;
        tree.insert(key, changed).unwrap();
        database.commit().unwrap();
    }
    let error = SledLog::open_with(dir.path(), SMALL).err().unwrap();
    assert!(error.to_string().contains("the value at position 0"), "{error}");
}

#[test]
fn a_missing_or_changed_value_below_those_checked_at_open_is_a_read_error() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 1_000);
    let [lost, next] = {
        let database = Database::open(&dir.path().join("log"), SMALL, "hint").unwrap();
        let tree = database.tree("entries").unwrap();
        let keys: Vec<_> = tree.iter().keys().take(4).map(Result::unwrap).collect();
        tree.remove(&keys[2]).unwrap();
        database.commit().unwrap();
        [&keys[2], &keys[3]].map(|key| u64::from_be_bytes(key.as_ref().try_into().unwrap()))
    };
    let log = SledLog::open_with(dir.path(), SMALL).unwrap();
    let reader = log.reader();
    assert_eq!(reader.read(0, lost).unwrap(), entries(0..lost));
    for (from, to) in [(0, lost + 1), (lost, lost + 1), (lost, next), (next - 1, next), (0, 1_000)]
    {
        assert!(matches!(reader.read(from, to), Err(ReadError::Damaged { .. })), "{from}..{to}");
    }
    assert!(matches!(log.verify_all(), Err(ReadError::Damaged { .. })));
    assert_eq!(reader.read(next, 30).unwrap(), entries(next..30));
}

/// A page above a quarter of a segment would go to a file that no sync of the data file covers.
#[test]
fn pages_of_the_largest_values_stay_in_the_one_file_that_is_synced() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = SledLog::create(dir.path()).unwrap();
    for at in 0..60 {
        log.append(at, &Batch { entries: &[vec![1; 65_535]], ..Batch::default() }).unwrap();
        assert_eq!(fs::read_dir(dir.path().join("log/blobs")).unwrap().count(), 0);
    }
}
