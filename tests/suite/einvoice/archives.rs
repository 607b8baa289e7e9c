//! Archives: honest ones give their files, dishonest ones are cut off.

use std::io::{Cursor, Read as _, Write as _};

use flate2::{Compression, read::GzEncoder};
use proptest::prelude::*;
use tallystick::einvoice::archive::{self, ArchiveError, EntryError, Limits};
use zip::{ZipWriter, write::SimpleFileOptions};

type Shown = Vec<(String, Result<Vec<u8>, EntryError>)>;

fn walk(bytes: &[u8], limits: Limits) -> (Shown, Result<(), ArchiveError>) {
    let mut shown = Vec::new();
    let outcome = archive::walk(bytes, limits, &mut |entry| {
        shown.push((entry.name.to_owned(), entry.content.map(<[u8]>::to_vec)));
    });
    (shown, outcome)
}

fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, SimpleFileOptions::default()).expect("a name");
        writer.write_all(content).expect("memory");
    }
    writer.finish().expect("memory").into_inner()
}

fn tar_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(u64::try_from(content.len()).expect("a size"));
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).expect("memory");
    }
    builder.into_inner().expect("memory")
}

fn gzip_of(content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzEncoder::new(content, Compression::best()).read_to_end(&mut bytes).expect("memory");
    bytes
}

const FILES: &[(&str, &[u8])] = &[("a/one.xml", b"<one/>"), ("two.csv", b"2")];

fn expected() -> Shown {
    FILES.iter().map(|(name, content)| ((*name).to_owned(), Ok(content.to_vec()))).collect()
}

#[test]
fn every_kind_of_archive_gives_its_files_in_order() {
    for bytes in [zip_of(FILES), tar_of(FILES), gzip_of(&tar_of(FILES))] {
        assert_eq!(walk(&bytes, Limits::default()), (expected(), Ok(())));
    }
    let single = walk(&gzip_of(b"<one/>"), Limits::default());
    assert_eq!(single, (vec![("content".to_owned(), Ok(b"<one/>".to_vec()))], Ok(())));
    assert_eq!(walk(b"<one/>", Limits::default()).1, Err(ArchiveError::Unrecognised));
}

#[test]
fn an_archive_is_opened_inside_an_archive_but_no_deeper() {
    let inner = zip_of(FILES);
    let outer = gzip_of(&tar_of(&[("inner.zip", &inner), ("bare.xml.gz", &gzip_of(b"x"))]));
    let (shown, outcome) = walk(&outer, Limits::default());
    let names = shown.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["inner.zip/a/one.xml", "inner.zip/two.csv", "bare.xml.gz"]);
    assert_eq!(outcome, Ok(()));
    let third = zip_of(&[("outer.tgz", &outer)]);
    let (shown, outcome) = walk(&third, Limits::default());
    assert_eq!(shown[0], ("outer.tgz/inner.zip".to_owned(), Err(EntryError::Nested)));
    assert_eq!(outcome, Ok(()));
}

#[test]
fn bombs_are_cut_off() {
    let zeros = vec![0; 4 << 20];
    let limits = Limits { entries_max: 10, entry_bytes_max: 1 << 20, total_bytes_max: 3 << 20 };
    for bytes in
        [zip_of(&[("zeros", &zeros)]), gzip_of(&tar_of(&[("zeros", &zeros)])), gzip_of(&zeros)]
    {
        let (shown, outcome) = walk(&bytes, limits);
        let too_large = shown.iter().all(|(_, content)| *content == Err(EntryError::TooLarge));
        assert!(too_large && shown.len() <= 1, "{shown:?}");
        assert!(matches!(outcome, Ok(()) | Err(ArchiveError::Total(_))), "{outcome:?}");
    }
    let megabyte = vec![7; 1 << 20];
    let four = ["a", "b", "c", "d"].map(|name| (name, megabyte.as_slice()));
    for bytes in [zip_of(&four), tar_of(&four), gzip_of(&tar_of(&four))] {
        let (shown, outcome) = walk(&bytes, limits);
        assert_eq!(outcome, Err(ArchiveError::Total(3 << 20)));
        assert!(shown.len() <= 3, "{}", shown.len());
    }
    let many = (0..11).map(|n| n.to_string()).collect::<Vec<_>>();
    let many = many.iter().map(|name| (name.as_str(), b"x".as_slice())).collect::<Vec<_>>();
    for bytes in [zip_of(&many), tar_of(&many)] {
        let (shown, outcome) = walk(&bytes, limits);
        assert_eq!((shown.len(), outcome), (10, Err(ArchiveError::Entries(10))));
    }
}

#[test]
fn names_are_labels_and_printable() {
    let (shown, _) = walk(&zip_of(&[("../../etc/\u{1b}[31mpasswd", b"x")]), Limits::default());
    assert_eq!(shown[0].0, "../../etc/?[31mpasswd");
}

proptest! {
    #[test]
    fn no_damage_makes_the_walk_panic(
        kind in 0_usize..3,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match kind {
            0 => zip_of(FILES),
            1 => tar_of(FILES),
            _ => gzip_of(&tar_of(FILES)),
        };
        for (place, byte) in edits {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = walk(&bytes, Limits::default());
        bytes.truncate(cut.index(bytes.len()));
        let _ = walk(&bytes, Limits::default());
    }
}
