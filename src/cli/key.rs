//! `key`: makes private keys and shows public ones.

use std::path::PathBuf;

use crate::cli::failure::failure;
use crate::cli::identity::{Passphrase, jwk, public_key, secret_key};
use crate::cli::terminal::{print, say, say_good};
use crate::cli::{Ending, host};
use crate::signing::{PublicKey, SecretKey};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Makes a private Ed25519 key (PKCS#8 PEM, readable by its owner only) and prints its public half
    New(New),
    /// Prints the public half of a key file: JWK, thumbprint, PEM
    Show(Show),
}

#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// Where the private key goes; never over another file
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypts the file under a passphrase (scrypt and AES-256)
    #[arg(long)]
    encrypt: bool,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Prints the public half as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// A private key file, or a public key as JWK or PEM
    file: PathBuf,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Prints JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
///
/// # Errors
/// Where a file cannot be read or written.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    match command {
        Command::New(args) => new(args),
        Command::Show(args) => show(args),
    }
}

fn new(args: &New) -> anyhow::Result<Ending> {
    let seed = zeroize::Zeroizing::new(host::random::<32>()?);
    let key = SecretKey::from_seed(&seed);
    let pem = if args.encrypt {
        let passphrase = args.passphrase.read()?.ok_or_else(|| {
            failure(
                "there is no passphrase to encrypt under",
                "put it into TALLYSTICK_PASSPHRASE, or into a file for --passphrase-file",
            )
        })?;
        key.to_encrypted_pem(&passphrase, &host::random()?, host::random()?)?
    } else {
        key.to_pem()?
    };
    host::write_private(&args.out, pem.as_bytes())?;
    say_good(format_args!("{} holds the private key: keep it secret", args.out.display()));
    print_public(key.public(), args.json)
}

fn show(args: &Show) -> anyhow::Result<Ending> {
    let shown = args.file.display().to_string();
    if let Ok(key) = public_key(&shown) {
        return print_public(&key, args.json);
    }
    print_public(secret_key(&args.file, &args.passphrase)?.public(), args.json)
}

fn print_public(key: &PublicKey, as_json: bool) -> anyhow::Result<Ending> {
    let (kid, pem) = (key.thumbprint(), key.to_pem()?);
    if as_json {
        print(serde_json::json!({ "kid": kid, "jwk": key, "pem": pem }))?;
    } else {
        say(format_args!("thumbprint (kid): {kid}"));
        print(jwk(key)?)?;
        print(pem.trim_end())?;
    }
    Ok(Ending::Fine)
}
