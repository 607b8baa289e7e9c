//! Who speaks: a private key from a file, and the participant that it speaks for.
//!
//! A passphrase comes from the environment or a file, never from the command line, where every user of the
//! machine could read it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use zeroize::Zeroizing;

use crate::cli::failure::WithHint as _;
use crate::cli::host;
use crate::signing::{KeyError, PublicKey, SecretKey};
use crate::types::PartyId;

/// The longest key file that is read.
const KEY_BYTES_MAX: u64 = 16 * 1_024;
/// Where a passphrase is looked for when no file is named.
const PASSPHRASE: &str = "TALLYSTICK_PASSPHRASE";

/// Where the passphrase of a key file is.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Passphrase {
    /// A file whose first line is the passphrase of the key file (otherwise the environment variable
    /// `TALLYSTICK_PASSPHRASE`)
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Passphrase {
    /// The passphrase, where there is one.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub(crate) fn read(&self) -> anyhow::Result<Option<Zeroizing<String>>> {
        let text = match &self.passphrase_file {
            Some(path) => Some(Zeroizing::new(host::read_text(path, KEY_BYTES_MAX)?)),
            None => std::env::var(PASSPHRASE).ok().map(Zeroizing::new),
        };
        let first_line = |text: Zeroizing<String>| {
            let line = text.lines().next().unwrap_or_default();
            Zeroizing::new(line.to_owned())
        };
        Ok(text.map(first_line).filter(|passphrase| !passphrase.is_empty()))
    }
}

/// Who asks or signs.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Identity {
    /// The private key file (PKCS#8 PEM, as `key new` makes it)
    #[arg(long, value_name = "FILE", env = "TALLYSTICK_KEY")]
    pub(crate) key: PathBuf,
    /// The participant that it speaks for, such as 0106:12345678
    #[arg(long = "as", value_name = "PARTY", env = "TALLYSTICK_AS")]
    pub(crate) party: PartyId,
    #[command(flatten)]
    pub(crate) passphrase: Passphrase,
}

impl Identity {
    /// The key, opened.
    ///
    /// # Errors
    /// Where the file is not a private key, or the passphrase does not open it.
    pub(crate) fn secret(&self) -> anyhow::Result<SecretKey> {
        secret_key(&self.key, &self.passphrase)
    }
}

/// Opens a private key file.
///
/// # Errors
/// Where the file is not a private key, or the passphrase does not open it.
pub(crate) fn secret_key(path: &Path, passphrase: &Passphrase) -> anyhow::Result<SecretKey> {
    let text = Zeroizing::new(host::read_text(path, KEY_BYTES_MAX)?);
    let passphrase = passphrase.read()?;
    let opened = SecretKey::from_pem(&text, passphrase.as_ref().map(|text| text.as_str()));
    let shown = path.display();
    match opened {
        Err(KeyError::PassphraseMissing) => Err(anyhow!("{shown} is encrypted"))
            .hint(format!("put its passphrase into {PASSPHRASE}, or name --passphrase-file")),
        Err(error) => Err(error)
            .with_context(|| format!("{shown} is not a private key that can be used"))
            .hint("`tallystick key new --out FILE` makes one"),
        Ok(key) => Ok(key),
    }
}

/// Reads a public key as people hand it over: a JWK or PEM in a file, or the text itself.
///
/// # Errors
/// Where it is none of these.
pub(crate) fn public_key(given: &str) -> anyhow::Result<PublicKey> {
    let path = Path::new(given.strip_prefix('@').unwrap_or(given));
    let text = if given.trim_start().starts_with('{') {
        given.to_owned()
    } else {
        host::read_text(path, KEY_BYTES_MAX)?
    };
    PublicKey::from_text(&text)
        .with_context(|| format!("{given} is not a public key"))
        .hint("a JWK or PEM is wanted: `tallystick key show FILE` prints the public half of a key")
}

/// The JWK of a public key (RFC 8037).
///
/// # Errors
/// None for a key; kept because serialisation says so.
pub(crate) fn jwk(key: &PublicKey) -> anyhow::Result<String> {
    Ok(serde_json::to_string(key)?)
}
