//! `sign`: a statement from its data, signed, on standard output.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::failure::WithHint as _;
use crate::cli::identity::Identity;
use crate::cli::terminal::print;
use crate::cli::{Ending, host};
use crate::statement::{SignedStatement, StatementType};
use crate::types::Origin;

/// The longest file of data that is read; a statement is far smaller.
const DATA_BYTES_MAX: u64 = 1 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The statement type, such as invoice.registered (with or without its version)
    #[arg(value_name = "TYPE", value_parser = statement_type)]
    kind: StatementType,
    #[command(flatten)]
    identity: Identity,
    /// The name (origin) of the registry that it is for
    #[arg(long, value_name = "ORIGIN", env = "TALLYSTICK_REGISTRY")]
    registry: Origin,
    /// The data: JSON, or @FILE, or @- for standard input
    #[arg(long, value_name = "JSON|@FILE")]
    data: String,
    /// Your own id of the statement: the same id again is the same statement (otherwise a random one)
    #[arg(long)]
    id: Option<String>,
}

/// Reads the name of a statement type; version 1 where none is given.
///
/// # Errors
/// A sentence that lists the types.
pub(crate) fn statement_type(text: &str) -> Result<StatementType, String> {
    text.parse().or_else(|_| format!("{text}.v1").parse()).map_err(|_| {
        let names: Vec<&str> = StatementType::ALL.iter().map(|kind| kind.as_str()).collect();
        format!("the types are {}", names.join(", "))
    })
}

/// Runs the command.
///
/// # Errors
/// Where the key cannot be read or the data does not fit the type.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let data = match args.data.strip_prefix('@') {
        Some(file) => host::read_text(Path::new(file), DATA_BYTES_MAX)?,
        None => args.data.clone(),
    };
    let reference = args.id.clone().map_or_else(host::fresh_id, Ok)?;
    let signed = SignedStatement::sign(
        &args.identity.secret()?,
        args.kind,
        &args.identity.party,
        &reference,
        host::now(),
        &args.registry,
        &data,
    );
    let signed = signed
        .context("this statement cannot be signed")
        .hint(format!("schemas/{}.json says what its data has", args.kind))?;
    print(String::from_utf8_lossy(signed.bytes()))?;
    Ok(Ending::Fine)
}
