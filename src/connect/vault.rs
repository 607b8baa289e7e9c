//! Secrets of connections: kept only sealed, shown never.
//!
//! AES-256-GCM under a key that is given at start and kept elsewhere: whoever gets the registry's folder gets no
//! token. The connection's id is bound in as associated data, so that a sealed secret opens for its own connection
//! alone; nonces are random, and a secret is sealed at most some thousand times a day.

use core::fmt;
use std::fs;
use std::io;
use std::path::Path;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

/// The version byte of a sealed secret.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 12;
/// The longest secret.
pub const SECRET_BYTES_MAX: usize = 16 << 10;

/// A key, token or the like of a connection: wiped when it is dropped, and never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes a secret.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret, for the one request that it is for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a secret cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// It was sealed under another key, for another connection, or was changed.
    #[error("it does not open: the vault key is another one, or the stored secret was changed")]
    Sealed,
    /// No randomness, or too long.
    #[error("it cannot be sealed")]
    Unsealable,
}

/// Seals and opens secrets.
pub struct Vault(Aes256Gcm);

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(…)")
    }
}

impl Vault {
    /// A vault under a key.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(&(*key).into()))
    }

    /// Reads the key from a file: 32 bytes in base64, as `openssl rand -base64 32` makes them.
    ///
    /// # Errors
    /// Where the file cannot be read, or is something else.
    pub fn read(file: &Path) -> io::Result<Self> {
        let text = Zeroizing::new(fs::read_to_string(file)?);
        let mut bytes = Zeroizing::new([0; 33]);
        let decoded = STANDARD.decode_slice(text.trim(), bytes.as_mut_slice());
        let key = bytes.first_chunk().filter(|_| decoded == Ok(32));
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "it is not 32 bytes in base64");
        key.map(Self::new).ok_or_else(wrong)
    }

    /// Seals a secret for whatever has this name.
    ///
    /// # Errors
    /// [`VaultError::Unsealable`].
    pub fn seal(&self, name: &[u8], secret: &Secret) -> Result<Vec<u8>, VaultError> {
        let plain = secret.reveal().as_bytes();
        if plain.len() > SECRET_BYTES_MAX {
            return Err(VaultError::Unsealable);
        }
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).map_err(|_| VaultError::Unsealable)?;
        let payload = Payload { msg: plain, aad: name };
        let closed = self.0.encrypt(&nonce.into(), payload).map_err(|_| VaultError::Unsealable)?;
        Ok([&[VERSION][..], &nonce, &closed].concat())
    }

    /// Opens what was sealed under this name.
    ///
    /// # Errors
    /// [`VaultError::Sealed`].
    pub fn open(&self, name: &[u8], sealed: &[u8]) -> Result<Secret, VaultError> {
        let (version, rest) = sealed.split_first().ok_or(VaultError::Sealed)?;
        let (nonce, closed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Sealed)?;
        if *version != VERSION {
            return Err(VaultError::Sealed);
        }
        let payload = Payload { msg: closed, aad: name };
        let plain = self.0.decrypt(&(*nonce).into(), payload).map_err(|_| VaultError::Sealed)?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| VaultError::Sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("a token that nobody may see".to_owned())
    }

    #[test]
    fn a_secret_opens_under_its_key_and_for_its_connection_alone() {
        let vault = Vault::new(&[7; 32]);
        let sealed = vault.seal(b"one", &secret()).unwrap();
        assert_eq!(vault.open(b"one", &sealed), Ok(secret()));
        assert_eq!(vault.open(b"other", &sealed), Err(VaultError::Sealed));
        assert_eq!(Vault::new(&[8; 32]).open(b"one", &sealed), Err(VaultError::Sealed));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(vault.open(b"one", &changed), Err(VaultError::Sealed), "{place}");
        }
        assert_eq!(vault.open(b"one", &[]), Err(VaultError::Sealed));
    }

    #[test]
    fn what_is_sealed_twice_does_not_look_alike_and_does_not_show() {
        let vault = Vault::new(&[7; 32]);
        let (one, other) =
            (vault.seal(b"", &secret()).unwrap(), vault.seal(b"", &secret()).unwrap());
        assert_ne!(one, other);
        assert!(!one.windows(7).any(|part| part == b"a token"));
        assert_eq!(format!("{:?} {vault:?}", secret()), "Secret(…) Vault(…)");
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        for text in ["", "AAAA", "not base64", &STANDARD.encode([1; 33])] {
            fs::write(&file, text).unwrap();
            assert!(Vault::read(&file).is_err(), "{text}");
        }
        fs::write(&file, format!("{}\n", STANDARD.encode([7; 32]))).unwrap();
        let sealed = Vault::new(&[7; 32]).seal(b"one", &secret()).unwrap();
        assert_eq!(Vault::read(&file).unwrap().open(b"one", &sealed), Ok(secret()));
    }
}
