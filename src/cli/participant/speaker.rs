//! Somebody with a key, and a way to a registry: its folder while none runs on it, or its address.

#[cfg(feature = "server")]
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::Value;
#[cfg(feature = "server")]
use serde_json::json;

use crate::cli::client::{Reply, Session};
use crate::cli::failure::{WithHint as _, failure};
#[cfg(feature = "server")]
use crate::cli::folder::OpenFolder;
use crate::cli::identity::Identity;
#[cfg(feature = "server")]
use crate::cli::identity::secret_key;
use crate::cli::participant::Authority;
use crate::cli::participant::opening::Opening;
use crate::cli::terminal::{print, say, say_bad, say_good};
use crate::cli::{Ending, host};
use crate::signing::SecretKey;
use crate::statement::{SignedStatement, StatementType};
use crate::types::PartyId;

/// Where statements go.
enum Channel {
    #[cfg(feature = "server")]
    Folder(Box<OpenFolder>, PathBuf),
    Http(Session),
}

/// Somebody with a key, and a way to a registry.
pub(super) struct Speaker {
    channel: Channel,
    pub(super) party: PartyId,
    pub(super) key: Arc<SecretKey>,
    as_json: bool,
    refused: bool,
}

impl Authority {
    /// Who signs, and where it goes.
    ///
    /// # Errors
    /// Where neither was said, a key cannot be read, or the registry cannot be opened.
    pub(super) fn speaker(&self) -> anyhow::Result<Speaker> {
        #[cfg(feature = "server")]
        if let Some(dir) = &self.data {
            let folder = OpenFolder::open(dir)?;
            let party = self.party.clone().map_or_else(|| folder.operator(), Ok)?;
            let key = match &self.sign_with {
                Some(file) => secret_key(file, &self.passphrase)?,
                None => folder.operator_key(&self.passphrase)?,
            };
            let channel = Channel::Folder(Box::new(folder), dir.join("details"));
            let key = Arc::new(key);
            return Ok(Speaker { channel, party, key, as_json: self.json, refused: false });
        }
        let (Some(key), Some(party)) = (self.sign_with.clone(), self.party.clone()) else {
            return Err(failure(
                "it is not said who signs",
                "add --sign-with FILE and --as PARTY, or --data DIR for a registry that is not running",
            ));
        };
        let identity = Identity { key, party, passphrase: self.passphrase.clone() };
        let session = Session::open(&self.place, &identity)?;
        let (party, key) = (session.party.clone(), Arc::clone(&session.key));
        let channel = Channel::Http(session);
        Ok(Speaker { channel, party, key, as_json: self.json, refused: false })
    }
}

impl Speaker {
    /// Signs and submits; whether it was admitted.
    pub(super) fn say(&mut self, kind: StatementType, data: &Value) -> anyhow::Result<bool> {
        let origin = match &self.channel {
            #[cfg(feature = "server")]
            Channel::Folder(folder, _) => folder.engine().origin(),
            Channel::Http(session) => &session.origin,
        };
        let (reference, now) = (host::fresh_id()?, host::now());
        let data = data.to_string();
        let signed =
            SignedStatement::sign(&self.key, kind, &self.party, &reference, now, origin, &data)
                .context("this statement cannot be signed")?;
        let answer = match &self.channel {
            #[cfg(feature = "server")]
            Channel::Folder(folder, _) => match folder.submit(&signed)? {
                Ok(receipt) => Ok((receipt.position, serde_json::to_value(&receipt)?)),
                Err(refusal) => {
                    let (code, detail) = (refusal.code(), refusal.to_string());
                    Err((format!("{code}: {detail}"), json!({ "code": code, "detail": detail })))
                }
            },
            Channel::Http(session) => match session.client.submit(signed.bytes())? {
                Reply::Receipt(receipt, json) => Ok((receipt.position, json)),
                Reply::Problem(problem, json) => Err((problem.to_string(), json)),
            },
        };
        let (admitted, json) = match answer {
            Ok((position, json)) => {
                say_good(format_args!("{kind} stands at position {position}"));
                (true, json)
            }
            Err((problem, json)) => {
                say_bad(problem);
                self.refused = true;
                (false, json)
            }
        };
        if self.as_json {
            print(json)?;
        }
        Ok(admitted)
    }

    /// Keeps what opens a commitment, or hands it to whoever must keep it.
    pub(super) fn keep(&self, opening: &Opening) -> anyhow::Result<()> {
        let text = serde_json::to_string(opening)?;
        match &self.channel {
            #[cfg(feature = "server")]
            Channel::Folder(_, details) => {
                std::fs::create_dir_all(details)
                    .with_context(|| format!("cannot make {}", details.display()))?;
                let file = details.join(format!("{}.json", opening.commitment()?));
                host::write_private(&file, text.as_bytes())
            }
            Channel::Http(_) => {
                say("the name is not in the log; keep this, which opens the commitment to it:");
                print(text).context("the opening could not be printed").hint("nothing was sent")
            }
        }
    }

    /// Removes what opens a commitment that never got into the log.
    #[cfg_attr(
        not(feature = "server"),
        expect(unused_variables, clippy::unnecessary_wraps, reason = "only a folder keeps any")
    )]
    pub(super) fn forget(&self, opening: &Opening) -> anyhow::Result<()> {
        match &self.channel {
            #[cfg(feature = "server")]
            Channel::Folder(_, details) => {
                let file = details.join(format!("{}.json", opening.commitment()?));
                std::fs::remove_file(&file)
                    .with_context(|| format!("cannot remove {}", file.display()))
            }
            Channel::Http(_) => Ok(()),
        }
    }

    /// How the command ends.
    pub(super) const fn ending(&self) -> Ending {
        Ending::found_if(self.refused)
    }
}
