//! The command over exported files: what it prints, and how it ends.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tallystick::record::LogWriter;

use super::world::World;

/// Writes an exported log.
fn export(dir: &Path, name: &str, note: &str, published: &[u8], entries: &[Vec<u8>]) -> PathBuf {
    let mut writer = LogWriter::new(Vec::new(), note, published).expect("a stream");
    for entry in entries {
        writer.entry(entry).expect("written");
    }
    let path = dir.join(name);
    std::fs::write(&path, writer.finish().expect("written")).expect("written");
    path
}

fn audit(world: &World, log: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallystick"));
    command.args(["audit", "--vkey", &world.vkey().to_string(), "--log"]).arg(log).args(more);
    command.output().expect("it runs")
}

fn ending(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

#[test]
fn the_exit_code_tells_fine_found_and_could_not_run_apart() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut world = super::story();
    let published = serde_json::to_vec(&world.published()).expect("json");
    let note = world.note();

    let good = export(dir.path(), "good", &note, &published, &world.entries);
    let output = audit(&world, &good, &[]);
    assert_eq!(ending(&output), 0, "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("VERIFIED") && said.contains("--checkpoint"), "{said}");

    // A flipped bit anywhere behind the first line is a finding, or what it hit was no part of the log.
    let bytes = std::fs::read(&good).expect("read");
    for at in (18..bytes.len()).step_by(bytes.len() / 12) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        let path = dir.path().join("flipped");
        std::fs::write(&path, flipped).expect("written");
        let output = audit(&world, &path, &["--json"]);
        assert_eq!(ending(&output), 1, "{at}: {output:?}");
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
        assert_eq!(report["verified"], false);
    }

    let garbage = dir.path().join("garbage");
    std::fs::write(&garbage, b"no log").expect("written");
    assert_eq!(ending(&audit(&world, &garbage, &[])), 2);
    assert_eq!(ending(&audit(&world, &dir.path().join("missing"), &[])), 2);
}

#[test]
fn a_file_that_ends_early_is_found() {
    let dir = tempfile::tempdir().expect("a folder");
    let world = super::story();
    let outside = dir.path().join("checkpoint");
    std::fs::write(&outside, world.note()).expect("written");
    let outside = outside.to_str().expect("text");
    // In the midst of an entry.
    let log = export(dir.path(), "log", &world.note(), b"", &world.entries);
    let bytes = std::fs::read(&log).expect("read");
    std::fs::write(&log, &bytes[..bytes.len() - 10]).expect("written");
    let output = audit(&world, &log, &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("log_unreadable") && said.contains("cut_tail"), "{said}");
    assert_eq!(ending(&output), 1);
    // At an entry, with a checkpoint that fits: only one from elsewhere tells.
    let cut = &world.entries[..6];
    let log = export(dir.path(), "log", &world.sign_over(cut), b"", cut);
    assert_eq!(ending(&audit(&world, &log, &[])), 0);
    let output = audit(&world, &log, &["--checkpoint", outside]);
    assert_eq!(ending(&output), 1);
    assert!(String::from_utf8_lossy(&output.stdout).contains("cut_tail"));
}

#[test]
fn the_remembered_state_makes_the_next_run_shorter_and_shows_a_rewritten_past() {
    let dir = tempfile::tempdir().expect("a folder");
    let (world, _, other) = super::fork();
    let state = dir.path().join("state");
    let options = ["--json", "--state", state.to_str().expect("text")];
    let records = |output: &Output| {
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("json");
        (report["from"].clone(), report["records"].clone())
    };
    let early = export(
        dir.path(),
        "early",
        &world.sign_over(&world.entries[..6]),
        b"",
        &world.entries[..6],
    );
    let output = audit(&world, &early, &options);
    assert_eq!((ending(&output), records(&output)), (0, (0.into(), 6.into())));
    let late = export(dir.path(), "late", &world.note(), b"", &world.entries);
    let output = audit(&world, &late, &options);
    assert_eq!((ending(&output), records(&output)), (0, (6.into(), 2.into())));
    let saved = std::fs::read(&state).expect("read");
    let forked = export(dir.path(), "forked", &world.sign_over(&other), b"", &other);
    let output = audit(&world, &forked, &options);
    assert_eq!(ending(&output), 1);
    assert!(String::from_utf8_lossy(&output.stdout).contains("\"fork\""));
    // What was good stays remembered.
    assert_eq!(std::fs::read(&state).expect("read"), saved);
    std::fs::write(&state, b"damaged").expect("written");
    assert_eq!(ending(&audit(&world, &late, &options)), 2);
}
