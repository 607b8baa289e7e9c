//! An audit of an honest registry finds nothing; of a registry that cheats in any of the ways that we could
//! think of, it finds what it did.
#![expect(clippy::arithmetic_side_effects, reason = "the numbers of tests are small")]

mod command;
mod world;

use base64::Engine as _;
use proptest::prelude::*;
use serde_json::json;
use tallystick::audit::{
    Auditor, Check, CheckVerdict, Finished, Opened, Progress, PublishedReadModels,
    PublishedResolution, Report,
};
use tallystick::domain::{Effect, RULES_VERSION};
use tallystick::log::{NoteSigner, Vkey};
use tallystick::record::{LogFile, LogWriter, Record};
use tallystick::signing::SecretKey;

use world::{BANK, FACTOR, OPERATOR, SUPPLIER, World, core, key, party, signer};

/// Audits entries in chunks of a size; `None` where the checkpoint was refused.
fn run(
    vkey: &Vkey,
    notes: &[&str],
    saved: Option<Progress>,
    published: Option<PublishedReadModels>,
    entries: &[Vec<u8>],
    chunk: usize,
) -> Result<Finished, Box<Report>> {
    match Auditor::open(vkey, notes, saved, published).expect("saved state loads") {
        Opened::Refused(report) => Err(report),
        Opened::Ready(mut auditor) => {
            // Short logs go through all stages at once, too.
            auditor.in_stretches_of(chunk);
            let start = usize::try_from(auditor.position()).expect("small");
            auditor.history(&entries[..start.min(entries.len())]);
            for chunk in entries[start.min(entries.len())..].chunks(chunk) {
                auditor.feed(chunk.to_vec());
            }
            Ok(auditor.finish().expect("it ends"))
        }
    }
}

fn report(
    vkey: &Vkey,
    notes: &[&str],
    published: Option<PublishedReadModels>,
    entries: &[Vec<u8>],
) -> Report {
    run(vkey, notes, None, published, entries, 7).map_or_else(|report| *report, |it| it.report)
}

fn codes(report: &Report) -> Vec<(Option<u64>, &'static str)> {
    report.findings.iter().map(|finding| (finding.position, finding.code)).collect()
}

/// The entry with its outcome or time edited.
fn edited(entry: &[u8], edit: impl FnOnce(&mut Record<'_>)) -> Vec<u8> {
    let mut record = Record::decode(entry).expect("a record");
    edit(&mut record);
    record.encode().expect("it fits")
}

fn story() -> World {
    let mut world = World::new();
    world.double_financing();
    world
}

#[test]
fn an_honest_registry_is_verified_in_every_check() {
    let mut world = story();
    let published = world.published();
    assert_eq!(published.conflicts.len(), 1);
    for chunk in [1, 3, 100] {
        let published = Some(published.clone());
        let report = run(&world.vkey(), &[&world.note()], None, published, &world.entries, chunk);
        let report = report.expect("opened").report;
        assert_eq!(codes(&report), []);
        assert!(report.verified);
        assert_eq!((report.records, report.signatures, report.size), (8, 8, 8));
        assert_eq!(report.conflicts, 1);
        let open = report.checks.iter().filter(|it| it.verdict == CheckVerdict::NotChecked);
        assert_eq!(open.map(|it| it.check).collect::<Vec<_>>(), [Check::History]);
    }
}

/// What came with version 2 of the rules: pledges, waivers, consents, and the case file up to its resolution.
#[test]
fn pledges_consents_and_case_files_are_verified_in_every_check() {
    let mut world = World::new();
    let deed = json!({"seller": party(SUPPLIER), "kind": "pledge", "disclosure": "silent", "on_conflict": "refuse"});
    let blanket = world.tell(BANK, "blanket.recorded.v1", &deed);
    world.double_financing();
    let [acknowledged, contested, settled] = [
        ("conflict.acknowledged.v1", json!({"conflict": "cas_0"})),
        ("conflict.contested.v1", json!({"conflict": "cas_0", "reason": "duplicate_entry"})),
        ("conflict.disclosed.v1", json!({"conflict": "cas_0"})),
    ];
    for (kind, data) in [acknowledged, contested, settled] {
        world.say(FACTOR, kind, &data);
    }
    let waiver = json!({"blanket": blanket, "financier": party(FACTOR)});
    world.say(BANK, "blanket.waived.v1", &waiver);
    let other = core(SUPPLIER, "F-2002", 70_000);
    let registered = json!({"invoice": other, "amount_due_minor": 70_000});
    world.say(SUPPLIER, "invoice.registered.v1", &registered);
    world.finance(FACTOR, &other, 70_000);
    let resolution = json!({"conflict": "cas_0", "resolution": {"kind": "fraud_confirmed"}});
    world.say(OPERATOR, "conflict.resolved.v1", &resolution);
    world.say(BANK, "blanket.released.v1", &json!({"blanket": blanket}));
    let published = world.published();
    assert!(!published.conflicts.is_empty());
    for chunk in [1, 100] {
        let published = Some(published.clone());
        let report = run(&world.vkey(), &[&world.note()], None, published, &world.entries, chunk);
        let report = report.expect("opened").report;
        assert_eq!(codes(&report), []);
        assert!(report.verified);
    }
}

#[test]
fn a_resolution_that_is_published_in_another_way_is_found() {
    let mut world = World::new();
    let [financing, _] = world.double_financing();
    world.say(BANK, "financing.released.v1", &json!({"financing": financing}));
    let fraud = json!({"conflict": "cas_0", "resolution": {"kind": "fraud_confirmed"}});
    world.say(OPERATOR, "conflict.resolved.v1", &fraud);
    let (honest, note, vkey) = (world.published(), world.note(), world.vkey());
    let resolutions = honest.conflicts[0].resolutions.iter();
    let shown: Vec<(u64, &str)> =
        resolutions.map(|it| (it.position, it.resolution.as_str())).collect();
    assert_eq!(shown, [(8, "released"), (9, "fraud_confirmed")]);
    let audit = |published: PublishedReadModels| {
        codes(&report(&vkey, &[&note], Some(published), &world.entries))
    };
    assert_eq!(audit(honest.clone()), []);
    for edit in [
        |it: &mut Vec<PublishedResolution>| drop(it.pop()),
        |it: &mut Vec<PublishedResolution>| it[0].resolution = "withdrawn".to_owned(),
        |it: &mut Vec<PublishedResolution>| it[1].position = 8,
    ] {
        let mut wrong = honest.clone();
        edit(&mut wrong.conflicts[0].resolutions);
        assert_eq!(audit(wrong), [(Some(7), "conflict_differs")]);
    }
}

#[test]
fn an_empty_log_is_verified() {
    let world = World::new();
    let note = world.sign_over(&[]);
    assert_eq!(codes(&report(&world.vkey(), &[&note], None, &[])), []);
}

#[test]
fn the_report_of_an_honest_registry_reads_well() {
    let mut world = story();
    let published = world.published();
    let report = report(&world.vkey(), &[&world.note()], Some(published), &world.entries);
    insta::assert_snapshot!(format!("{report}\n{}", report.verdict()));
}

#[test]
fn the_report_of_a_cheating_registry_reads_well() {
    let mut world = story();
    let mut published = world.published();
    published.conflicts.clear();
    let mut entries = world.entries.clone();
    entries[7] = edited(&entries[7], |record| record.outcome.findings.clear());
    let note = world.sign_over(&entries);
    let report = report(&world.vkey(), &[&note], Some(published), &entries);
    insta::assert_snapshot!(format!("{report}\n{}", report.verdict()));
}

#[test]
fn a_removed_record_is_found() {
    let world = story();
    let (note, vkey) = (world.note(), world.vkey());
    for gone in 0..world.entries.len() {
        let mut entries = world.entries.clone();
        entries.remove(gone);
        let found = codes(&report(&vkey, &[&note], None, &entries));
        assert!(found.contains(&(Some(7), "cut_tail")), "{gone}: {found:?}");
    }
}

#[test]
fn reordered_records_are_found() {
    let world = story();
    let (note, vkey) = (world.note(), world.vkey());
    for first in 0..world.entries.len() - 1 {
        let mut entries = world.entries.clone();
        entries.swap(first, first + 1);
        let found = codes(&report(&vkey, &[&note], None, &entries));
        assert!(found.contains(&(None, "root_differs")), "{first}: {found:?}");
        assert!(found.iter().any(|(_, code)| *code == "time_backwards"), "{first}: {found:?}");
    }
}

#[test]
fn a_cut_tail_is_found_against_a_checkpoint_from_outside() {
    let world = story();
    let outside = world.note();
    let cut = &world.entries[..6];
    let inside = world.sign_over(cut);
    let found = codes(&report(&world.vkey(), &[&inside, &outside], None, cut));
    assert_eq!(found, [(Some(6), "cut_tail")]);
}

#[test]
fn a_surplus_tail_is_found() {
    let world = story();
    let note = world.sign_over(&world.entries[..6]);
    let found = codes(&report(&world.vkey(), &[&note], None, &world.entries));
    assert_eq!(found, [(Some(6), "surplus_entries")]);
}

#[test]
fn another_key_than_the_trusted_one_is_found() {
    let world = story();
    let found = codes(&report(&signer(98).vkey(), &[&world.note()], None, &world.entries));
    assert_eq!(found, [(None, "checkpoint_invalid")]);
    let other = NoteSigner::new(
        "registry.example/other".parse().expect("an origin"),
        ed25519_dalek::SigningKey::from_bytes(&[99; 32]),
    );
    let found = codes(&report(&other.vkey(), &[&world.note()], None, &world.entries));
    assert_eq!(found, [(None, "checkpoint_invalid")]);
}

#[test]
fn a_forged_signature_is_found_even_when_tree_and_checkpoint_are_signed_anew() {
    let mut world = World::new();
    // The registry writes a statement of the supplier itself, with a key of its own under the supplier's `kid`.
    let data = json!({"invoice": core(SUPPLIER, "F-1", 1_000), "amount_due_minor": 1_000});
    let honest = world.sign(SUPPLIER, "invoice.registered.v1", &data);
    let forged = {
        let jws = String::from_utf8(honest.bytes().to_vec()).expect("text");
        let (input, _) = jws.rsplit_once('.').expect("three parts");
        let signature = SecretKey::from_seed(&[77; 32]).sign(input.as_bytes());
        let encoded = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(signature.as_bytes());
        tallystick::statement::SignedStatement::parse(format!("{input}.{encoded}").as_bytes())
            .expect("well formed")
    };
    world.record(&forged);
    let published = world.published();
    let found = codes(&report(&world.vkey(), &[&world.note()], Some(published), &world.entries));
    assert_eq!(found, [(Some(5), "signature_invalid")]);
}

#[test]
fn a_decision_that_the_rules_do_not_give_is_found() {
    let world = story();
    let mut entries = world.entries.clone();
    // The first financing is said to have met an earlier claim, that of a favoured financier.
    let finding = Record::decode(&entries[7]).expect("a record").outcome.findings[0].clone();
    entries[6] = edited(&entries[6], |record| record.outcome.findings.push(finding));
    let note = world.sign_over(&entries);
    let found = codes(&report(&world.vkey(), &[&note], None, &entries));
    assert_eq!(found, [(Some(6), "outcome_differs")]);
}

#[test]
fn a_suppressed_conflict_is_found_in_the_record_and_in_what_is_published() {
    let mut world = story();
    let mut published = world.published();
    published.conflicts.clear();
    let mut entries = world.entries.clone();
    entries[7] = edited(&entries[7], |record| {
        assert!(matches!(record.outcome.findings[0].effect, Effect::Conflict(_)));
        record.outcome.findings.clear();
    });
    let note = world.sign_over(&entries);
    let found = codes(&report(&world.vkey(), &[&note], Some(published), &entries));
    assert_eq!(found, [(Some(7), "outcome_suppresses_conflict"), (Some(7), "conflict_suppressed")]);
}

#[test]
fn whatever_is_wrong_in_what_is_published_is_found() {
    let mut world = story();
    let (honest, note, vkey) = (world.published(), world.note(), world.vkey());
    let audit = |published: PublishedReadModels| {
        codes(&report(&vkey, &[&note], Some(published), &world.entries))
    };
    let mut digest = serde_json::to_value(&honest).expect("json");
    digest["digest"] = json!("00".repeat(32));
    assert_eq!(
        audit(serde_json::from_value(digest).expect("published")),
        [(None, "read_models_differ")]
    );
    let mut cleared = honest.clone();
    cleared.conflicts[0].cleared_at = Some(world.now);
    assert_eq!(audit(cleared), [(Some(7), "conflict_differs")]);
    let mut invented = honest.clone();
    invented.conflicts.push(invented.conflicts[0].clone());
    assert_eq!(audit(invented), [(None, "conflict_invented")]);
    let mut late = honest;
    late.as_of = 9;
    assert_eq!(audit(late), [(None, "read_models_not_comparable")]);
}

#[test]
fn what_is_published_of_an_earlier_size_is_compared_on_the_way() {
    let mut world = World::new();
    let early = world.published();
    world.double_financing();
    let found =
        codes(&report(&world.vkey(), &[&world.note()], Some(early.clone()), &world.entries));
    assert_eq!(found, []);
    let mut wrong = early;
    wrong.as_of = 6;
    let found = codes(&report(&world.vkey(), &[&world.note()], Some(wrong), &world.entries));
    assert_eq!(found, [(None, "read_models_differ")]);
}

#[test]
fn time_that_runs_backwards_is_found() {
    let mut world = story();
    world.now = world.now.plus_millis(-60_000);
    world.say(
        SUPPLIER,
        "invoice.registered.v1",
        &json!({"invoice": core(SUPPLIER, "F-2", 1_000), "amount_due_minor": 1_000}),
    );
    let found = codes(&report(&world.vkey(), &[&world.note()], None, &world.entries));
    assert_eq!(found, [(Some(8), "time_backwards")]);
}

#[test]
fn a_record_under_other_rules_is_found() {
    let world = story();
    let mut entries = world.entries.clone();
    entries[5] = edited(&entries[5], |record| record.rules = RULES_VERSION + 1);
    let found = codes(&report(&world.vkey(), &[&world.sign_over(&entries)], None, &entries));
    assert_eq!(found, [(Some(5), "rules_version")]);
}

/// Appends what the rules reject.
fn smuggle(world: &mut World, jws: &[u8]) -> Vec<Vec<u8>> {
    let outcome = tallystick::domain::Outcome::admitted();
    let mut entries = world.entries.clone();
    entries.push(Record::new(world.now, RULES_VERSION, jws, outcome).encode().expect("it fits"));
    entries
}

#[test]
fn a_record_by_a_revoked_key_is_found() {
    let mut world = story();
    let revoked = json!({"party": party(BANK), "key": key(BANK).public().thumbprint(), "reason": "compromised"});
    world.say(OPERATOR, "key.revoked.v1", &revoked);
    let core = core(SUPPLIER, "F-1001", 125_000);
    let data = json!({
        "invoices": [{"id": world::invoice_id(&core), "claimed_minor": 1}], "currency": "EUR",
        "kind": "factoring", "recourse": "with", "disclosure": "silent", "on_conflict": "record",
    });
    let statement = world.sign(BANK, "financing.recorded.v1", &data);
    let entries = smuggle(&mut world, statement.bytes());
    let report = report(&world.vkey(), &[&world.sign_over(&entries)], None, &entries);
    assert_eq!(codes(&report), [(Some(9), "decision_rejected")]);
    assert!(report.findings[0].detail.contains("key_revoked"), "{:?}", report.findings);
}

#[test]
fn statements_that_the_rules_reject_are_found_and_the_audit_goes_on_at_the_right_position() {
    let mut world = World::new();
    let stranger = world.sign_with(
        &key(66),
        SUPPLIER,
        "invoice.registered.v1",
        &json!({"invoice": core(SUPPLIER, "F-3", 1_000), "amount_due_minor": 1_000}),
    );
    let mut entries = smuggle(&mut world, stranger.bytes());
    world.entries = entries.clone();
    entries = smuggle(&mut world, b"no statement");
    entries.push(b"no record".to_vec());
    // What follows has a conflict whose opening position counts the three.
    let before = world.entries.len() - 1;
    world.entries.truncate(before);
    world.double_financing();
    entries.extend(world.entries[before..].to_vec());
    let found = codes(&report(&world.vkey(), &[&world.sign_over(&entries)], None, &entries));
    assert_eq!(
        found,
        [
            (Some(5), "key_unknown"),
            (Some(5), "decision_rejected"),
            (Some(6), "statement_malformed"),
            (Some(7), "record_malformed"),
        ]
    );
}

/// Audits all there is and keeps the progress.
fn progress(world: &World, entries: &[Vec<u8>], saved: Option<Vec<u8>>) -> Vec<u8> {
    let saved = saved.map(|bytes| Progress::from_bytes(bytes, &world.vkey()).expect("saved"));
    let note = world.sign_over(entries);
    let finished = run(&world.vkey(), &[&note], saved, None, entries, 5).expect("opened");
    assert_eq!(codes(&finished.report), []);
    finished.into_progress().expect("encoded").expect("verified")
}

#[test]
fn incremental_is_full() {
    let mut world = World::new();
    world.bulk(300);
    let third = world.entries.len() / 3;
    let mut saved = progress(&world, &world.entries[..third], None);
    saved = progress(&world, &world.entries[..2 * third], Some(saved));
    // Nothing new is fine, too.
    saved = progress(&world, &world.entries[..2 * third], Some(saved));
    world.double_financing();
    let published = world.published();
    let saved = Progress::from_bytes(saved, &world.vkey()).expect("saved");
    let (note, vkey) = (world.note(), world.vkey());
    let part = run(&vkey, &[&note], Some(saved), Some(published.clone()), &world.entries, 50)
        .expect("opened");
    let full = run(&vkey, &[&note], None, Some(published), &world.entries, 50).expect("opened");
    assert_eq!(codes(&part.report), []);
    assert_eq!(part.report.digest, full.report.digest);
    assert_eq!(part.report.conflicts, 1);
    assert_eq!(part.report.from, u64::try_from(2 * third).expect("small"));
    assert_eq!(part.report.from + part.report.records, full.report.records);
    // What both leave behind is the same, byte for byte.
    assert_eq!(part.into_progress().expect("encoded"), full.into_progress().expect("encoded"));
}

/// A registry that rewrote its history after position 5, and signs both.
fn fork() -> (World, Vec<u8>, Vec<Vec<u8>>) {
    let world = story();
    let saved = progress(&world, &world.entries, None);
    let mut other = World::new();
    other.say(
        SUPPLIER,
        "invoice.registered.v1",
        &json!({"invoice": core(SUPPLIER, "F-9", 5_000), "amount_due_minor": 5_000}),
    );
    other.double_financing();
    other.finance(FACTOR, &core(SUPPLIER, "F-9", 5_000), 4_000);
    (world, saved, other.entries)
}

#[test]
fn a_forked_log_is_found_against_the_remembered_checkpoint() {
    let (world, saved, other) = fork();
    let vkey = world.vkey();
    let read = || Some(Progress::from_bytes(saved.clone(), &vkey).expect("saved"));
    // The other history is longer: found in the entries that were checked before.
    let note = world.sign_over(&other);
    let finished = run(&vkey, &[&note], read(), None, &other, 5).expect("opened");
    assert_eq!(codes(&finished.report)[0], (Some(7), "fork"));
    assert!(finished.into_progress().expect("encoded").is_none());
    // It is as long: found from the two checkpoints alone.
    let note = world.sign_over(&other[..8]);
    let finished = run(&vkey, &[&note], read(), None, &[], 5).expect("opened");
    assert_eq!(codes(&finished.report)[0], (Some(7), "fork"));
    // It is shorter: the registry went back.
    let note = world.sign_over(&other[..7]);
    let found =
        run(&vkey, &[&note], read(), None, &other, 5).map(|it| it.report).expect_err("refused");
    assert_eq!(codes(&found), [(Some(7), "rolled_back")]);
}

#[test]
fn a_forked_log_is_found_where_only_new_entries_are_read() {
    let (world, saved, other) = fork();
    let vkey = world.vkey();
    let saved = Progress::from_bytes(saved, &vkey).expect("saved");
    let note = world.sign_over(&other);
    let Opened::Ready(mut auditor) =
        Auditor::open(&vkey, &[&note], Some(saved), None).expect("loads")
    else {
        panic!("the checkpoint holds")
    };
    auditor.feed(other[8..].to_vec());
    let unproven = auditor.unproven();
    assert_eq!(unproven.iter().map(|it| it.size).collect::<Vec<_>>(), [8]);
    // The proof that the registry can give is that of its second history.
    let mut tree = tallystick::log::Tree::new();
    for entry in &other {
        tree.append(tallystick::log::leaf_hash(entry));
    }
    let tiles: std::collections::BTreeMap<_, _> = tree
        .partials()
        .filter_map(|(id, hashes)| {
            Some((id, std::sync::Arc::new(tallystick::log::TileNodes::new(hashes)?)))
        })
        .collect();
    let size = u64::try_from(other.len()).expect("small");
    let proof = tallystick::log::consistency(8, size, &tiles).expect("a proof");
    auditor.prove(&unproven[0], &proof);
    let found = codes(&auditor.finish().expect("it ends").report);
    assert!(
        found.contains(&(Some(7), "fork")) && found.contains(&(None, "root_differs")),
        "{found:?}"
    );
}

#[test]
fn a_second_history_is_found_against_an_older_checkpoint_from_outside() {
    let (world, _, other) = fork();
    let (old, new) = (world.note(), world.sign_over(&other));
    let found = codes(&report(&world.vkey(), &[&old, &new], None, &other));
    assert_eq!(found, [(Some(7), "fork")]);
    let honest = codes(&report(
        &world.vkey(),
        &[&world.sign_over(&world.entries[..5]), &old],
        None,
        &world.entries,
    ));
    assert_eq!(honest, []);
}

#[test]
fn a_damaged_or_foreign_state_file_is_refused() {
    let world = story();
    let saved = progress(&world, &world.entries, None);
    assert!(Progress::from_bytes(saved.clone(), &signer(98).vkey()).is_err());
    for byte in (0..saved.len()).step_by(7) {
        let mut damaged = saved.clone();
        damaged[byte] ^= 1;
        assert!(Progress::from_bytes(damaged, &world.vkey()).is_err(), "{byte}");
        assert!(Progress::from_bytes(saved[..byte].to_vec(), &world.vkey()).is_err(), "{byte}");
    }
}

#[test]
fn an_exported_log_is_audited_as_the_log_is() {
    let mut world = story();
    let published = serde_json::to_vec(&world.published()).expect("json");
    let mut writer = LogWriter::new(Vec::new(), &world.note(), &published).expect("a stream");
    world.entries.iter().for_each(|entry| writer.entry(entry).expect("written"));
    let bytes = writer.finish().expect("written");
    let mut file = LogFile::open(bytes.as_slice()).expect("a log");
    let published = serde_json::from_slice(file.published()).expect("published");
    let note = file.checkpoint().to_owned();
    let (entries, error) = file.next_entries(100);
    assert!(error.is_none());
    assert_eq!(entries, world.entries);
    assert!(report(&world.vkey(), &[&note], Some(published), &entries).verified);
}

#[test]
fn findings_are_counted_beyond_those_that_are_kept() {
    let mut world = World::new();
    world.bulk(1_100);
    let entries: Vec<Vec<u8>> =
        world.entries.iter().map(|entry| edited(entry, |it| it.rules = 9)).collect();
    let report = report(&world.vkey(), &[&world.sign_over(&entries)], None, &entries);
    assert_eq!(report.findings.len(), tallystick::audit::FINDINGS_MAX);
    assert_eq!(report.findings_total, u64::try_from(entries.len()).expect("small"));
    assert!(report.findings.iter().map(|it| it.position).is_sorted());
}

#[test]
fn every_code_is_unique() {
    let mut texts: Vec<_> = tallystick::audit::Code::ALL.iter().map(|code| code.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), tallystick::audit::Code::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_flipped_bit_is_found_wherever_it_is(place: prop::sample::Index, bit in 0_u8..8) {
        let mut world = story();
        let published = world.published();
        let mut entries = world.entries.clone();
        let total = entries.iter().map(Vec::len).sum::<usize>();
        let mut at = place.index(total);
        let entry = entries.iter_mut().find(|entry| {
            let here = at < entry.len();
            if !here { at -= entry.len(); }
            here
        });
        entry.expect("within the log")[at] ^= 1 << bit;
        let report = report(&world.vkey(), &[&world.note()], None, &entries);
        prop_assert!(codes(&report).contains(&(None, "root_differs")));
        // Even if the registry signs the changed log, it is not the one that its authors, its rules and its read models
        // give. (The time of a record shows in the read models only.)
        let resigned = self::report(&world.vkey(), &[&world.sign_over(&entries)], Some(published), &entries);
        prop_assert!(!resigned.verified);
    }
}

#[test]
fn the_specification_has_a_line_for_every_code() {
    let text = include_str!("../../../docs/SPECIFICATION.md");
    for code in tallystick::audit::Code::ALL {
        let meaning = code.meaning().trim_end_matches('.');
        let line = format!("| `{}` | ", code.as_str());
        let found = text.lines().any(|it| it.starts_with(&line) && it.contains(meaning));
        assert!(found, "{line}{meaning}");
    }
}
