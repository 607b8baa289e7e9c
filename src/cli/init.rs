//! `init`: makes a registry.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::failure::WithHint as _;
use crate::cli::folder::OpenFolder;
use crate::cli::terminal::{print, say, say_good};
use crate::cli::{Ending, host};
use crate::domain::RULES_VERSION;
use crate::engine::Folder;
use crate::signing::SecretKey;
use crate::statement::{SignedStatement, StatementType};
use crate::types::{Origin, PartyId};

/// How far the time of a statement may lie from the registry's, in seconds.
const SKEW_SECONDS: u32 = 300;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder; made if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// The registry's name (origin): unique and for ever, such as registry.example/2026
    #[arg(long, value_name = "NAME")]
    origin: Origin,
    /// The operator's party id
    #[arg(long, value_name = "PARTY", default_value = "0106:00000000")]
    operator: PartyId,
    /// Admits party ids whose check digits are wrong: for trials with sample data
    #[arg(long)]
    ignore_check_digits: bool,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where there is a registry already, or the folder cannot be written.
pub(crate) fn run(args: &Args) -> anyhow::Result<Ending> {
    let seeds = zeroize::Zeroizing::new([host::random::<32>()?, host::random::<32>()?]);
    let made = Folder::create(&args.data, &args.origin, &seeds)
        .context("no registry was made")
        .hint("give --data a folder of its own, empty or not there yet")?;
    open_registry(args, &made.operator_key)?;
    let (vkey, key_file) = (made.vkey.to_string(), made.operator_key_file.display().to_string());
    if args.json {
        print(serde_json::json!({
            "object": "registry", "origin": args.origin, "vkey": vkey, "operator": args.operator,
            "operator_key": key_file, "operator_kid": made.operator_key.public().thumbprint(),
        }))?;
    } else {
        print(&vkey)?;
    }
    let dir = args.data.display();
    say_good(format_args!("{} is open; its verifier key (vkey) is above: publish it", args.origin));
    say(format_args!(
        "  {dir}/log-key.pem       signs checkpoints: whoever has it can rewrite history"
    ));
    say(format_args!(
        "  {dir}/operator-key.pem  signs admissions as {}: move it to a safe",
        args.operator
    ));
    say(format_args!("  {dir}/log               the log; back it up with `tallystick backup`"));
    say(format_args!("next: tallystick serve --data {dir}"));
    Ok(Ending::Fine)
}

/// The first statement, which names the operator and the rules.
fn open_registry(args: &Args, key: &SecretKey) -> anyhow::Result<()> {
    let check_digits = if args.ignore_check_digits { "ignored" } else { "required" };
    let data = serde_json::json!({
        "operator": args.operator, "key": key.public(), "rules": RULES_VERSION,
        "skew_seconds": SKEW_SECONDS, "check_digits": check_digits,
    });
    let opened = SignedStatement::sign(
        key,
        StatementType::RegistryOpened,
        &args.operator,
        "genesis",
        host::now(),
        &args.origin,
        &data.to_string(),
    )?;
    let folder = OpenFolder::open(&args.data)?;
    folder
        .submit(&opened)?
        .context("the registry was made, but not opened")
        .hint(format!("remove {} and start again with another --operator", args.data.display()))?;
    Ok(())
}
