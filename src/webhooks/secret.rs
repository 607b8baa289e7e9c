//! The one secret of the registry's webhooks, and the keys that are derived from it.
//!
//! An endpoint's private key is a function of the secret, the endpoint's id and the key's number: there is one file to
//! guard, and the database has nothing secret in it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use crate::signing::SecretKey;
use crate::webhooks::endpoint::WebhookId;

/// The file of the secret, within the folder of a registry.
pub const SECRET_FILE: &str = "webhook-secret";

const CONTEXT: &str = "tallystick 2026 webhook signing key v1";

/// What every endpoint's key comes from.
pub(super) struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// Reads the secret of a registry, or makes it.
    ///
    /// # Errors
    /// Where the file cannot be read, written or understood.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(SECRET_FILE);
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it is not 32 bytes in base64");
        match fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                let mut bytes = Zeroizing::new([0; 33]);
                let decoded = STANDARD.decode_slice(text.trim(), bytes.as_mut_slice());
                decoded.ok().filter(|length| *length == 32).ok_or_else(wrong)?;
                bytes.first_chunk().map(|bytes| Self(Zeroizing::new(*bytes))).ok_or_else(wrong)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = Zeroizing::new([0; 32]);
                getrandom::fill(bytes.as_mut_slice()).map_err(io::Error::other)?;
                write(dir, &path, &Zeroizing::new(STANDARD.encode(*bytes)))?;
                Ok(Self(bytes))
            }
            Err(error) => Err(error),
        }
    }

    /// A key of an endpoint.
    pub(super) fn key(&self, id: WebhookId, generation: u32) -> SecretKey {
        let mut material = Zeroizing::new([0; 52]);
        let parts = self.0.iter().chain(&id.0).copied().chain(generation.to_be_bytes());
        for (place, byte) in material.iter_mut().zip(parts) {
            *place = byte;
        }
        let seed = Zeroizing::new(blake3::derive_key(CONTEXT, material.as_slice()));
        SecretKey::from_seed(&seed)
    }
}

/// Writes the secret so that only its owner can read it, whole or not at all.
fn write(dir: &Path, path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_back_from_the_file_and_differ_by_endpoint_and_number() {
        let dir = tempfile::tempdir().unwrap();
        let secret = Secret::open(dir.path()).unwrap();
        let (one, other) = (WebhookId([1; 16]), WebhookId([2; 16]));
        let key = |secret: &Secret, id, generation| *secret.key(id, generation).public();
        let again = Secret::open(dir.path()).unwrap();
        assert_eq!(key(&secret, one, 0), key(&again, one, 0));
        assert_ne!(key(&secret, one, 0), key(&secret, one, 1));
        assert_ne!(key(&secret, one, 0), key(&secret, other, 0));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_can_read_the_secret() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        Secret::open(dir.path()).unwrap();
        let mode = fs::metadata(dir.path().join(SECRET_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_secret_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        for text in ["", "AAAA", "not base64", &STANDARD.encode([1; 33])] {
            fs::write(dir.path().join(SECRET_FILE), text).unwrap();
            assert!(Secret::open(dir.path()).is_err(), "{text}");
            assert_eq!(fs::read_to_string(dir.path().join(SECRET_FILE)).unwrap(), text);
        }
    }
}
