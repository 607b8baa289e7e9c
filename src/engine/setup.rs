//! A registry's folder: its name and its keys. Made once, never implicitly.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::log::{NoteSigner, Vkey};
use crate::signing::{KeyError, SecretKey};
use crate::store::OpenError;
use crate::store::sled_log::SledLog;
use crate::types::Origin;

const DESCRIPTION: &str = "registry.json";
const LOG_KEY: &str = "log-key.pem";
/// The file of the operator's first key, within the folder of a registry.
pub const OPERATOR_KEY: &str = "operator-key.pem";

/// Why a folder is not a registry's, or cannot become one.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// There is a registry already.
    #[error("{0} holds a registry already: it is not overwritten")]
    Exists(PathBuf),
    /// There is no registry.
    #[error("{0} holds no registry: make one with `tallystick init`")]
    Missing(PathBuf),
    /// Its description cannot be read.
    #[error("{0} cannot be understood: {1}")]
    Description(PathBuf, String),
    /// A key cannot be read.
    #[error("the key file {0} cannot be read: {1}")]
    Key(PathBuf, KeyError),
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The log cannot be made.
    #[error(transparent)]
    Log(#[from] OpenError),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    format: u16,
    origin: Origin,
}

/// A registry's folder, opened.
pub struct Folder {
    origin: Origin,
    log_key: SecretKey,
}

/// What making a registry gave.
pub struct Initialised {
    /// The key that its checkpoints are checked with.
    pub vkey: Vkey,
    /// The operator's key, which signs the first statement.
    pub operator_key: SecretKey,
    /// Where that key is kept.
    pub operator_key_file: PathBuf,
}

impl Folder {
    /// Makes a registry's folder with fresh keys and an empty log. The seeds must come from a good source of
    /// randomness.
    ///
    /// # Errors
    /// [`InitError::Exists`] where there is one; nothing is overwritten.
    pub fn create(
        dir: &Path,
        origin: &Origin,
        seeds: &[[u8; 32]; 2],
    ) -> Result<Initialised, InitError> {
        let [log_seed, operator_seed] = seeds;
        let (log_key, operator_key) =
            (SecretKey::from_seed(log_seed), SecretKey::from_seed(operator_seed));
        let operator_key_file = dir.join(OPERATOR_KEY);
        drop(begin(dir, &log_key)?);
        write_key(&operator_key_file, &operator_key)?;
        finish(dir, origin)?;
        let signer = NoteSigner::new(origin.clone(), log_key.as_signing_key().clone());
        Ok(Initialised { vkey: signer.vkey(), operator_key, operator_key_file })
    }

    /// Opens a registry's folder.
    ///
    /// # Errors
    /// [`InitError::Missing`] where there is none.
    pub fn open(dir: &Path) -> Result<Self, InitError> {
        let path = dir.join(DESCRIPTION);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(InitError::Missing(dir.to_path_buf()));
            }
            Err(error) => return Err(InitError::File(path, error)),
        };
        let description: Description = serde_json::from_str(&text)
            .map_err(|error| InitError::Description(path.clone(), error.to_string()))?;
        if description.format != 1 {
            let words = format!("format {} is not known", description.format);
            return Err(InitError::Description(path, words));
        }
        let key_file = dir.join(LOG_KEY);
        let pem = fs::read_to_string(&key_file)
            .map_err(|error| InitError::File(key_file.clone(), error))?;
        let log_key = SecretKey::from_pem(&Zeroizing::new(pem), None)
            .map_err(|error| InitError::Key(key_file, error))?;
        Ok(Self { origin: description.origin, log_key })
    }

    /// The registry's origin.
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Signs its checkpoints.
    pub fn signer(&self) -> NoteSigner {
        NoteSigner::new(self.origin.clone(), self.log_key.as_signing_key().clone())
    }
}

/// Makes a folder with a log key and an empty log. It is no registry before [`finish`].
pub(super) fn begin(dir: &Path, log_key: &SecretKey) -> Result<SledLog, InitError> {
    let taken = [DESCRIPTION, LOG_KEY, OPERATOR_KEY, "log", "views"]
        .iter()
        .any(|name| dir.join(name).exists());
    if taken {
        return Err(InitError::Exists(dir.to_path_buf()));
    }
    fs::create_dir_all(dir).map_err(|error| InitError::File(dir.to_path_buf(), error))?;
    write_key(&dir.join(LOG_KEY), log_key)?;
    Ok(SledLog::create(dir)?)
}

/// Makes the folder a registry's. The description comes last: a folder without it is no registry.
pub(super) fn finish(dir: &Path, origin: &Origin) -> Result<(), InitError> {
    let description = dir.join(DESCRIPTION);
    let text = serde_json::to_string(&Description { format: 1, origin: origin.clone() })
        .map_err(|error| InitError::Description(description.clone(), error.to_string()))?;
    let written = File::create_new(&description).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| InitError::File(description, error))
}

/// Writes a private key that only its owner can read; never over another file.
fn write_key(path: &Path, key: &SecretKey) -> Result<(), InitError> {
    let pem = key.to_pem().map_err(|error| InitError::Key(path.to_path_buf(), error))?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        file.write_all(pem.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| InitError::File(path.to_path_buf(), error))
}
