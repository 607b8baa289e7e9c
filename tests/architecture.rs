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
    ("einvoice", true, &["types", "invoice"]),
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
            "store",
            "engine",
            "webhooks",
            "invitation",
