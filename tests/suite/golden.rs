//! Logs that earlier versions of the rules wrote are decided as they were then.

use std::path::Path;

use tallystick::audit::{Auditor, Opened};
use tallystick::domain::Relation;
use tallystick::log::Vkey;
use tallystick::record::{LogFile, Record};

/// The story of `tallystick demo`, with a second claim on the same invoice, on one with another number and on one with
/// another date.
#[test]
fn a_log_of_version_1_replays_as_version_1() {
    let relations = replay(1);
    assert!(relations.contains(&Relation::Identical) && relations.contains(&Relation::Altered));
}

/// Dressed and redated copies, a pledge and its waiver, a case file, and sources that speak of one invoice at once,
/// where version 3 would come to other payments and refuse a claim.
#[test]
fn a_log_of_version_2_replays_as_version_2() {
    let relations = replay(2);
    for relation in [Relation::Identical, Relation::Altered, Relation::Covered] {
        assert!(relations.contains(&relation), "{relation:?}");
    }
}

/// Audits a log that was written under a version of the rules; what its findings are.
fn replay(rules: u16) -> Vec<Relation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let file = |ending: &str| folder.join(format!("rules-{rules}.{ending}"));
    let vkey = std::fs::read_to_string(file("vkey")).expect("the key");
    let vkey: Vkey = vkey.trim().parse().expect("a verifier key");
    let bytes = std::fs::read(file("log")).expect("the log");
    let mut file = LogFile::open(bytes.as_slice()).expect("a log file");
    let checkpoint = file.checkpoint().to_owned();
    let (entries, damage) = file.next_entries(usize::MAX);
    assert!(damage.is_none());
    let records: Vec<Record<'_>> =
        entries.iter().map(|entry| Record::decode(entry).expect("a record")).collect();
    assert!(records.iter().all(|record| record.rules == rules));
    let findings = records.iter().flat_map(|record| &record.outcome.findings);
    let relations = findings.map(|finding| finding.relation).collect();

    let opened = Auditor::open(&vkey, &[&checkpoint], None, None).expect("no state was saved");
    let Opened::Ready(mut auditor) = opened else {
        unreachable!("the checkpoint is signed by the log's key");
    };
    auditor.feed(entries.clone());
    let finished = auditor.finish().expect("it ends");
    assert_eq!(finished.report.findings, []);
    relations
}
