//! The log's files, read by the transparency log packages of the Go project, which share no code with ours.
//!
//! Needs `go` and `golang.org/x/mod` (Debian: `golang-go golang-golang-x-mod-dev`). Where they are missing the tests
//! say so and pass, unless the variable `TALLYSTICK_INTEROP` is `required`.

#![expect(clippy::expect_used, reason = "a helper of a test that cannot go on ends it")]

use std::{
    collections::BTreeMap,
    env,
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, OnceLock},
};

use ed25519_dalek::SigningKey;
use tallystick::log::{
    Checkpoint, NoteSigner, Prover, TILE_WIDTH, TileId, TileNodes, TilePath, Tree, encode_bundle,
    leaf_hash,
};

/// The Go program, built once; nothing where it cannot be.
fn verifier() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build_verifier).as_deref()
}

fn build_verifier() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = folder.join("verify-go");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/verify.go");
    let built = Command::new("go")
        .env("GO111MODULE", "off")
        .env(
            "GOPATH",
            env::var_os("TALLYSTICK_GOPATH").unwrap_or_else(|| "/usr/share/gocode".into()),
        )
        .env("GOCACHE", folder.join("go-cache"))
        .args(["build", "-o"])
        .args([program.as_os_str(), source.as_ref()])
        .output();
    let reason = match built {
        Ok(output) if output.status.success() => return Some(program),
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let required = env::var_os("TALLYSTICK_INTEROP").is_some_and(|value| value == "required");
    assert!(!required, "the Go verifier is required but cannot be built: {reason}");
    // Not `eprintln!`, which the test harness would hide with a test that passes.
    let warning =
        format!("SKIPPED: no log was checked with Go, its verifier cannot be built: {reason}\n");
    io::stderr().write_all(warning.as_bytes()).expect("standard error");
    None
}

/// A log in files as it would be served, with an older checkpoint and proofs besides.
struct StaticLog {
    folder: tempfile::TempDir,
    vkey: String,
}

impl StaticLog {
    /// Writes `size` small entries; the older checkpoint is over the first `old`.
    fn write(size: u64, old: u64) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let origin = "log.example/interop".parse().expect("a good origin");
        let signer = NoteSigner::new(origin, SigningKey::from_bytes(&[42; 32]));
        let log = Self { folder, vkey: signer.vkey().to_string() };
        let checkpoint = |tree: &Tree| {
            let checkpoint =
                Checkpoint { origin: signer.name().clone(), size: tree.size(), root: tree.root() };
            checkpoint.sign(&signer).expect("a good text")
        };

        let entries = (0..size).map(|number| format!("entry {number}")).collect::<Vec<_>>();
        let mut tree = Tree::new();
        let mut old_root = None;
        for entry in &entries {
            tree.append(leaf_hash(entry.as_bytes()));
            if tree.size() == old {
                log.put("old", checkpoint(&tree).as_bytes());
                old_root = Some(tree.root());
            }
        }
        log.put("checkpoint", checkpoint(&tree).as_bytes());

        let mut tiles = tree.take_completed().into_iter().collect::<BTreeMap<_, _>>();
        for (tile, hashes) in tree.partials() {
            tiles.insert(tile, Arc::new(TileNodes::new(hashes).expect("not empty")));
        }
        for (tile, nodes) in &tiles {
            let path = TilePath::Hashes { tile: *tile, width: nodes.width() };
            log.put(&path.to_string(), &nodes.to_bytes());
        }
        for (index, entries) in (0..).zip(entries.chunks(usize::from(TILE_WIDTH))) {
            let path = TilePath::Entries { index, width: TileId::new(0, index).width_at(size) };
            log.put(&path.to_string(), &encode_bundle(entries).expect("1 to 256 short entries"));
        }

        let prover = Prover::new(size, &tiles).expect("all tiles are there");
        let mut proofs = String::new();
        let sample = (0..size).step_by(97).chain(size.checked_sub(1));
        for index in sample {
            write!(proofs, "leaf {index}").expect("a string");
            for hash in prover.inclusion(index).expect("all tiles are there") {
                write!(proofs, " {hash}").expect("a string");
            }
            proofs.push('\n');
        }
        if let Some(root) = old_root {
            write!(proofs, "tree {old} {root}").expect("a string");
            for hash in prover.consistency(old).expect("all tiles are there") {
                write!(proofs, " {hash}").expect("a string");
            }
            proofs.push('\n');
        }
        log.put("proofs", proofs.as_bytes());
        log
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn put(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a new folder");
        fs::write(path, bytes).expect("a new file");
    }

    /// What the Go program says; `Err` where it refuses.
    fn verify(&self, verifier: &Path) -> Result<String, String> {
        let mut command = Command::new(verifier);
        if self.path("old").exists() {
            command.arg("-old").arg(self.path("old")).arg("-proofs").arg(self.path("proofs"));
        }
        let output =
            command.arg(&self.vkey).arg(self.folder.path()).output().expect("the program runs");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// Flips one bit in the middle of a file, asks for the verdict, and puts the file back.
    fn verify_flipped(&self, verifier: &Path, path: &str) -> Result<String, String> {
        let original = fs::read(self.path(path)).expect("a file of the log");
        let mut flipped = original.clone();
        let middle = flipped.len() / 2;
        *flipped.get_mut(middle).expect("no file is empty") ^= 1;
        self.put(path, &flipped);
        let verdict = self.verify(verifier);
        self.put(path, &original);
        verdict
    }
}

#[test]
fn go_accepts_logs_of_every_shape() {
    let Some(verifier) = verifier() else { return };
    for (size, old) in [
        (0, 0),
        (1, 1),
        (2, 1),
        (255, 128),
        (256, 255),
        (257, 256),
        (512, 3),
        (1000, 617),
        (70_000, 65_537),
    ] {
        let verdict = StaticLog::write(size, old).verify(verifier);
        assert!(verdict.as_ref().is_ok_and(|text| text.starts_with("ok: ")), "{size}: {verdict:?}");
    }
}

#[test]
fn go_refuses_a_log_with_a_flipped_bit_anywhere() {
    let Some(verifier) = verifier() else { return };
    let log = StaticLog::write(70_000, 60_000);
    let files = [
        ("checkpoint", "signature"),
        ("old", "signature"),
        ("tile/0/000", "tile/0/000 is not the tile"),
        ("tile/0/255", "tile/0/255 is not the tile"),
        ("tile/0/273.p/112", "tile/0/273 is not the tile"),
        ("tile/1/000", "tile/1/000 is not the tile"),
        ("tile/1/001.p/17", "tile/1/001 is not the tile"),
        ("tile/2/000.p/1", "tile/2/000 is not the tile"),
        ("tile/entries/000", ""),
        ("tile/entries/273.p/112", ""),
        ("proofs", "line"),
    ];
    for (path, reason) in files {
        let verdict = log.verify_flipped(verifier, path);
        assert!(verdict.as_ref().is_err_and(|text| text.contains(reason)), "{path}: {verdict:?}");
    }
    let verdict = log.verify(verifier);
    assert!(verdict.is_ok(), "the log was put back: {verdict:?}");
}
