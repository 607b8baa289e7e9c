//! The two stages of an audit that need no order: reading entries, and checking signatures.
//!
//! Both run on all cores. What they say of an entry depends on nothing but the entry, and on the key that the
//! ordered stage between them found for it.

use rayon::prelude::*;

use crate::audit::finding::{Code, Finding};
use crate::domain::Outcome;
use crate::log::{Hash, leaf_hash};
use crate::record::{Record, RecordError};
use crate::signing::{Check, PublicKey, Signed as _, Verifier};
use crate::statement::{Malformed, SignedStatement};
use crate::types::Timestamp;

/// Signatures that are checked together: they share one inversion.
const GROUP: usize = 64;

/// An entry, read.
pub(super) struct Parsed {
    /// Its hash as a leaf of the tree.
    pub(super) leaf: Hash,
    /// The record, or why it is none.
    pub(super) record: Result<ParsedRecord, RecordError>,
}

/// A record, owning its statement.
pub(super) struct ParsedRecord {
    pub(super) time: Timestamp,
    pub(super) rules: u16,
    pub(super) outcome: Outcome,
    /// The statement, or why it is none. Boxed, since it goes from stage to stage.
    pub(super) statement: Result<Box<SignedStatement>, Malformed>,
}

/// Hashes and reads entries.
pub(super) fn parse(entries: Vec<Vec<u8>>) -> Vec<Parsed> {
    entries.into_par_iter().with_min_len(16).map(|entry| parse_one(&entry)).collect()
}

fn parse_one(entry: &[u8]) -> Parsed {
    let record = Record::decode(entry).map(|record| ParsedRecord {
        time: record.time,
        rules: record.rules,
        outcome: record.outcome,
        statement: SignedStatement::parse(record.statement).map(Box::new),
    });
    Parsed { leaf: leaf_hash(entry), record }
}

/// A signature with the key under which it must hold.
pub(super) struct ToVerify {
    pub(super) position: u64,
    pub(super) statement: Box<SignedStatement>,
    pub(super) key: PublicKey,
    /// The row of the participant whose key it is: signatures of one are checked together.
    pub(super) signer: Option<u32>,
}

/// Checks signatures; a finding for each that does not hold, in no order.
pub(super) fn verify(verifier: &Verifier, mut signatures: Vec<ToVerify>) -> Vec<Finding> {
    // One signer after the other: the key's table is read from memory once, and not once a signature.
    signatures.sort_unstable_by_key(|signature| (signature.signer, signature.position));
    signatures
        .par_chunks(GROUP)
        .flat_map_iter(|group| {
            let checks: Vec<Check<'_>> = group
                .iter()
                .map(|signature| Check {
                    key: &signature.key,
                    message: signature.statement.signing_input(),
                    signature: signature.statement.signature(),
                })
                .collect();
            let holds = verifier.verify_many(&checks);
            let failed = group.iter().zip(holds).filter(|(_, holds)| !holds);
            failed.map(|(signature, _)| invalid(signature)).collect::<Vec<_>>()
        })
        .collect()
}

fn invalid(signature: &ToVerify) -> Finding {
    let statement = signature.statement.statement();
    let detail = format!(
        "the signature of {} does not hold under key {}: statement {}",
        statement.author, statement.key, statement.id
    );
    Finding::new(Some(signature.position), Code::SignatureInvalid, detail)
}
