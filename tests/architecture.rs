//! The layers hold: what each module may import, that the core is pure, and that a newcomer finds the way.
//!
//! The table below is the reading order of src/lib.rs. A module imports only what stands above it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

/// Module, whether it is pure, and what it may import.
const LAYERS: &[(&str, bool, &[&str])] = &[
    ("types", true, &[]),
    ("signing", true, &["types"]),
    ("invoice", true, &["types"]),
    ("statement", true, &["types", "signing", "invoice"]),
    ("domain", true, &["types", "signing", "invoice", "statement"]),
    ("log", true, &["types"]),
    ("record", true, &["types", "signing", "invoice", "statement", "domain", "log"]),
    ("audit", true, &["types", "signing", "invoice", "statement", "domain", "log", "record"]),
    ("einvoice", true, &["types", "invoice", "statement", "domain"]),
    ("store", false, &["types", "log"]),
    (
        "engine",
        false,
        &["types", "signing", "statement", "domain", "log", "record", "audit", "store"],
    ),
    ("webhooks", false, &["types", "signing", "statement", "domain", "store"]),
    ("invitation", false, &["types", "statement", "store"]),
    (
        "connect",
        false,
        &[
            "types",
            "signing",
            "invoice",
            "statement",
            "domain",
            "einvoice",
            "store",
            "engine",
            "webhooks",
        ],
    ),
    (
        "http",
        false,
        &[
            "types",
            "signing",
            "invoice",
            "statement",
            "domain",
            "log",
            "record",
            "audit",
            "einvoice",
            "store",
            "engine",
            "webhooks",
            "invitation",
            "connect",
        ],
    ),
    (
        "cli",
        false,
        &[
            "types",
            "signing",
            "invoice",
            "statement",
            "domain",
            "log",
            "record",
            "audit",
            "einvoice",
            "store",
            "engine",
            "webhooks",
            "invitation",
            "connect",
            "http",
        ],
    ),
];

/// What has no place in a function of values.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime",
    "Instant",
    "tokio",
    "async fn",
    ".await",
    "sled::",
    "axum",
    "getrandom",
    "HashMap",
    "HashSet",
    "println!",
    "thread::spawn",
];

/// Longest file, without its tests.
const LINES_MAX: usize = 700;

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The code of a file without comments and without its tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

/// Files that hold nothing but tests or what only tests use.
fn is_test(path: &Path) -> bool {
    let name = path.to_string_lossy();
    ["/tests/", "/tests.rs", "/conformance.rs", "/damage.rs", "/proptests.rs"]
        .iter()
        .any(|it| name.contains(it))
}

fn layer_of(path: &Path) -> Option<&'static (&'static str, bool, &'static [&'static str])> {
    let relative = path.strip_prefix(source()).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy();
    let name = first.trim_end_matches(".rs");
    LAYERS.iter().find(|(layer, ..)| *layer == name)
}

/// The modules that a file names after `crate::`, also within braces.
fn imports(code: &str) -> Vec<String> {
    let word = |text: &str| {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let mut found = Vec::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let (mut depth, mut start) = (0_u32, true);
        for (place, letter) in group.char_indices() {
            match letter {
                '{' => depth = depth.saturating_add(1),
                '}' if depth == 0 => break,
                '}' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => start = true,
                _ if start && letter.is_alphanumeric() => {
                    found.push(word(&group[place..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn imports_are_found_alone_and_in_braces() {
    let code = "use crate::types::Date;\nuse crate::{\n    log::{Hash, a::B},\n    store::Log,\n};\ncrate::domain::x()";
    assert_eq!(imports(code), ["types", "log", "store", "domain"]);
}

#[test]
fn a_module_imports_only_what_stands_above_it() {
    let mut wrong = Vec::new();
    for path in files(&source()).iter().filter(|path| !is_test(path)) {
        let Some((layer, _, allowed)) = layer_of(path) else { continue };
        for other in imports(&code(path)) {
            if LAYERS.iter().any(|(known, ..)| *known == other)
                && other != *layer
                && !allowed.contains(&&*other)
            {
                wrong.push(format!("{} imports {other}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for path in files(&source()).iter().filter(|path| !is_test(path)) {
        if !layer_of(path).is_some_and(|(_, pure, _)| *pure) {
            continue;
        }
        let code = code(path);
        for word in IMPURE {
            if code.contains(word) {
                wrong.push(format!("{} has {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for_and_is_short_enough_to_read() {
    let mut wrong = Vec::new();
    for path in files(&source()) {
        if !fs::read_to_string(&path).unwrap().starts_with("//!") {
            wrong.push(format!("{} does not begin with //!", path.display()));
        }
        let lines = code(&path).lines().count();
        if lines > LINES_MAX && !is_test(&path) {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_library_lists_its_modules_in_reading_order() {
    let text = fs::read_to_string(source().join("lib.rs")).unwrap();
    let listed: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let expected: Vec<&str> = LAYERS.iter().map(|(layer, ..)| *layer).collect();
    assert_eq!(listed, expected);
}

/// A table whose checks cannot fail protects nothing.
#[test]
fn the_table_names_only_modules_that_stand_above() {
    for (place, (layer, _, allowed)) in LAYERS.iter().enumerate() {
        for other in *allowed {
            assert!(
                LAYERS[..place].iter().any(|(above, ..)| above == other),
                "{layer} may not import {other}"
            );
        }
        assert!(source().join(layer).is_dir(), "{layer} is not there");
    }
}
