//! Reading invoices: our own samples, hostile documents, archives, and a large collection of other people's.

mod archives;
mod collection;
mod hostile;
mod responses;
mod responses_written;
mod samples;

/// A file of `tests/samples`.
fn sample(name: &str) -> Vec<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name);
    std::fs::read(&path).expect("the sample lies in the repository")
}
