//! What the owner of a connection does with it: make, give another secret, consent, read now, give a file, remove.

use core::time::Duration;
use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::connect::connection::{Asked, Condition, Connection, ConnectionId, Counts};
use crate::connect::connector::{Access, Batch, Connector, Settings, Trouble};
use crate::connect::rounds::{self, Settled};
use crate::connect::vault::{Secret, Vault};
use crate::connect::{Connections, DESCRIPTION_BYTES_MAX, PER_OWNER_MAX, SECRET_BYTES_MAX, never};
use crate::engine::Engine;
use crate::store::Fault;
use crate::types::{KeyId, PartyId, Timestamp};

/// The longest setting.
const SETTING_BYTES_MAX: usize = 8 << 10;
/// How long an owner may take at the package's own page.
const CONSENT_MILLIS: i64 = 15 * 60 * 1_000;
/// How long an owner who wants it read now waits for that.
const READ_NOW_MAX: Duration = Duration::from_secs(8);

/// Why an owner's wish is not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnerError {
    /// There is no such connection, or it is another's: alike.
    #[error("there is no such connection")]
    NotFound,
    /// The registry has no key to seal secrets under.
    #[error("this registry was started without a vault key: it keeps no connections")]
    NoVault,
    /// The owner has as many as there may be.
    #[error("a participant has at most {PER_OWNER_MAX} connections")]
    TooMany,
    /// There is no such kind of package.
    #[error("`system` is one of {0}")]
    System(String),
    /// A setting is not what it may be.
    #[error("{0}")]
    Setting(String),
    /// The secret is missing, too long, or not asked for.
    #[error("{0}")]
    Secret(&'static str),
    /// What came back from the package belongs to no consent that was asked for, or to one that is over.
    #[error("this consent was not asked for, was used already, or took longer than 15 minutes")]
    ConsentUnknown,
    /// It is being read just now.
    #[error("the connection is being read: try again in a moment")]
    Busy,
    /// The package did not do its part.
    #[error("{0}")]
    Trouble(#[from] Trouble),
    /// The owner has not delegated `status.reported.v1` to the connector service.
    #[error("you have not delegated `status.reported.v1` to the connector service, or no longer")]
    NotDelegated,
    /// The registry does not answer now.
    #[error("the connections cannot be stored")]
    Storage,
}

impl From<Fault> for OwnerError {
    fn from(fault: Fault) -> Self {
        tracing::error!(%fault, "the connections database cannot be written");
        Self::Storage
    }
}

/// Who sets it: the owner, the key that he signed with where he did, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// The owner's first party id.
    pub owner: &'a PartyId,
    /// The key.
    pub key: Option<KeyId>,
    /// The registry's time.
    pub now: Timestamp,
}

/// A connection that an owner wants.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The kind of package.
    pub system: String,
    /// What the kind takes.
    pub settings: Settings,
    /// The secret, where the kind takes one.
    pub secret: Option<Secret>,
    /// What the owner calls it.
    pub description: Option<String>,
}

impl Connections {
    /// The names of the kinds of packages that there are.
    pub fn systems(&self) -> Vec<&'static str> {
        self.0.options.connectors.iter().map(|connector| connector.system()).collect()
    }

    /// Whether connections can be kept at all.
    pub fn has_vault(&self) -> bool {
        self.0.vault.is_some()
    }

    fn vault(&self) -> Result<&Vault, OwnerError> {
        self.0.vault.as_ref().ok_or(OwnerError::NoVault)
    }

    /// The connector of a kind.
    pub fn connector(&self, system: &str) -> Result<&Arc<dyn Connector>, OwnerError> {
        let mut all = self.0.options.connectors.iter();
        let found = all.find(|connector| connector.system() == system);
        found.ok_or_else(|| OwnerError::System(self.systems().join(", ")))
    }

    /// Makes a connection. It is read soon, if nothing more is needed for that.
    ///
    /// # Errors
    /// [`OwnerError`]; nothing was made.
    pub async fn make(
        &self,
        by: By<'_>,
        wish: Wish,
        engine: &Engine,
    ) -> Result<Connection, OwnerError> {
        let vault = self.vault()?;
        let Wish { system, settings, secret, description } = wish;
        let connector = self.connector(&system)?;
        self.check_settings(connector.as_ref(), &settings)?;
        check_description(description.as_deref())?;
        let takes = connector.takes_secret();
        check_secret(takes, secret.as_ref())?;
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).map_err(|_| OwnerError::Storage)?;
        let id = ConnectionId(bytes);
        let seal = |secret: Secret| vault.seal(id.as_bytes(), &secret);
        let sealed = secret.map(seal).transpose().map_err(|_| OwnerError::Storage)?;
        let connection = Connection {
            id,
            owner: by.owner.clone(),
            set_with: by.key,
            system,
            settings,
            description: description.filter(|text| !text.is_empty()),
            created_at: by.now,
            sealed,
            asked: None,
            ready: !connector.consents(),
            cursor: None,
            read_at: None,
            next_at: if connector.pace().is_some() { by.now } else { never() },
            failing: None,
            counts: Counts::default(),
            refused: None,
        };
        self.enrol(engine).await;
        let made = connection.clone();
        self.on_desk(move |all| all.0.desk.add(made)).await?;
        self.0.desk.wake();
        Ok(connection)
    }

    fn check_settings(
        &self,
        connector: &dyn Connector,
        settings: &Settings,
    ) -> Result<(), OwnerError> {
        let known = connector.settings();
        for (name, value) in settings {
            if !known.iter().any(|setting| setting.name == name) {
                let names: Vec<_> = known.iter().map(|setting| setting.name).collect();
                let words = format!("`settings` takes {}", names.join(", "));
                return Err(OwnerError::Setting(words));
            }
            if value.len() > SETTING_BYTES_MAX {
                return Err(OwnerError::Setting(format!("`{name}` is too long")));
            }
        }
        let missing = known.iter().find(|it| it.required && !settings.contains_key(it.name));
        if let Some(missing) = missing {
            return Err(OwnerError::Setting(format!("`{}` is missing", missing.name)));
        }
        connector.check(settings, &self.0.client).map_err(OwnerError::Setting)
    }

    /// Gives a connection another secret, after the one before was revoked or ran out. It is read at once.
    ///
    /// # Errors
    /// [`OwnerError`]; nothing was changed.
    pub async fn give_secret(
        &self,
        by: By<'_>,
        id: ConnectionId,
        secret: Secret,
    ) -> Result<Connection, OwnerError> {
        let (number, connection) = self.0.desk.get(by.owner, id)?;
        check_secret(self.connector(&connection.system)?.takes_secret(), Some(&secret))?;
        let (key, now) = (by.key, by.now);
        // Not while it is read: the old secret's failure would count against the new one.
        self.exclusively(number, move |all, _| {
            let sealed = all.vault()?.seal(id.as_bytes(), &secret);
            let sealed = sealed.map_err(|_| OwnerError::Storage)?;
            let change = move |connection: &mut Connection| {
                connection.sealed = Some(sealed);
                connection.set_with = key;
                connection.failing = None;
                connection.next_at = now;
                connection.clone()
            };
            let changed = all.0.desk.change(number, change)?;
            all.0.desk.wake();
            changed.ok_or(OwnerError::NotFound)
        })
        .await
    }

    /// Where the owner must go to consent; `back` is our address for the way back. An earlier consent that was asked
    /// for no longer counts.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn consent(
        &self,
        by: By<'_>,
        id: ConnectionId,
        back: &str,
    ) -> Result<Option<String>, OwnerError> {
        let (number, connection) = self.0.desk.get(by.owner, id)?;
        let connector = Arc::clone(self.connector(&connection.system)?);
        if !connector.consents() {
            return Ok(None);
        }
        let mut bytes = Zeroizing::new([0; 32]);
        getrandom::fill(bytes.as_mut_slice()).map_err(|_| OwnerError::Storage)?;
        let state = URL_SAFE_NO_PAD.encode(*bytes);
        let (hash, back) = (*blake3::hash(state.as_bytes()).as_bytes(), back.to_owned());
        let (now, until) = (by.now, by.now.plus_millis(CONSENT_MILLIS));
        self.exclusively(number, move |all, connection| {
            let asked = |access: &mut Access<'_>| connector.consent(access, &back, &state);
            let url = all.with_access(number, &connection, now, asked)??;
            let asked = url.is_some().then_some(Asked { state: hash, back, until });
            all.0.desk.change(number, |connection| connection.asked = asked)?;
            Ok(url)
        })
        .await
    }

    /// Takes what came back from the package's page. It is taken once.
    ///
    /// # Errors
    /// [`OwnerError::ConsentUnknown`] for whatever was not asked for; [`OwnerError::Trouble`] where the package does
    /// not give what it promised, and the consent has to be asked for again.
    pub async fn redeem(
        &self,
        state: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<Connection, OwnerError> {
        let hash = *blake3::hash(state.as_bytes()).as_bytes();
        let (number, _) = self.0.desk.asked(&hash).ok_or(OwnerError::ConsentUnknown)?;
        let code = Zeroizing::new(code.to_owned());
        self.exclusively(number, move |all, connection| {
            let connector = Arc::clone(all.connector(&connection.system)?);
            // Taken before it is used: what comes back twice is refused whatever the package does.
            let taken = all.0.desk.change(number, |connection| {
                connection.asked.take_if(|asked| asked.state == hash)
            })?;
            let asked = taken.flatten().filter(|asked| now < asked.until);
            let asked = asked.ok_or(OwnerError::ConsentUnknown)?;
            let redeem = |access: &mut Access<'_>| connector.redeem(access, &asked.back, &code);
            all.with_access(number, &connection, now, redeem)??;
            let change = |connection: &mut Connection| {
                connection.ready = true;
                connection.failing = None;
                connection.next_at = now;
                connection.clone()
            };
            let changed = all.0.desk.change(number, change)?;
            all.0.desk.wake();
            changed.ok_or(OwnerError::NotFound)
        })
        .await
    }

    /// Takes a package's notice that something changed: what it is about is read at once. Whether it is genuine.
    ///
    /// # Errors
    /// [`OwnerError::System`], [`OwnerError::Storage`].
    pub async fn notified(
        &self,
        system: &str,
        notice: &[u8],
        now: Timestamp,
    ) -> Result<bool, OwnerError> {
        let connector = Arc::clone(self.connector(system)?);
        if !connector.is_told(None, notice) {
            return Ok(false);
        }
        let (system, notice) = (system.to_owned(), notice.to_vec());
        self.on_desk(move |all| {
            for number in all.0.desk.of_system(&system) {
                let concerned = all.0.desk.snapshot(number).is_some_and(|connection| {
                    connection.condition() == Condition::Active
                        && connector.is_told(connection.cursor.as_deref(), &notice)
                });
                if concerned {
                    all.0.desk.change(number, |connection| connection.next_at = now)?;
                }
            }
            all.0.desk.wake();
            Ok(true)
        })
        .await
    }

    /// Reads a connection now, whatever its schedule, also one whose key the package refused. Where that takes long it
    /// goes on, and the connection is as it was so far.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn read_now(
        &self,
        by: By<'_>,
        id: ConnectionId,
        engine: &Engine,
    ) -> Result<Connection, OwnerError> {
        self.vault()?;
        let (number, connection) = self.0.desk.get(by.owner, id)?;
        if self.connector(&connection.system)?.pace().is_none() {
            return Err(Trouble::NotOffered.into());
        }
        if !self.may_state(by.owner, engine).await {
            return Err(OwnerError::NotDelegated);
        }
        let connection = self.0.desk.take(number).ok_or(OwnerError::Busy)?;
        let (all, engine) = (self.clone(), engine.clone());
        let reading = tokio::spawn(async move {
            rounds::serve(&all, &engine, number, connection).await;
            all.0.desk.end(number);
        });
        // Dropping the handle lets the task go on.
        drop(tokio::time::timeout(READ_NOW_MAX, reading).await);
        Ok(self.0.desk.get(by.owner, id)?.1)
    }

    /// Takes a file that the owner gives.
    ///
    /// # Errors
    /// [`OwnerError`]; what was stated before stays stated, and the same file can be given again.
    pub async fn take_file(
        &self,
        by: By<'_>,
        id: ConnectionId,
        file: Vec<u8>,
        engine: &Engine,
    ) -> Result<Connection, OwnerError> {
        let (number, connection) = self.0.desk.get(by.owner, id)?;
        let connector = Arc::clone(self.connector(&connection.system)?);
        if !self.may_state(by.owner, engine).await {
            return Err(OwnerError::NotDelegated);
        }
        let now = by.now;
        let read = self.exclusively(number, move |all, connection| {
            let cursor = connection.cursor.as_deref();
            let take = |access: &mut Access<'_>| connector.take(access, cursor, &file);
            Ok(all.with_access(number, &connection, now, take)??)
        });
        let batch: Batch = read.await?;
        let _busy = self.0.desk.take(number).ok_or(OwnerError::Busy)?;
        let settled = rounds::settle(self, engine, number, batch).await;
        if settled.is_ok() {
            let change = move |connection: &mut Connection| connection.succeeded(now, never());
            self.on_desk(move |all| Ok(all.0.desk.change(number, change)?)).await?;
        }
        self.0.desk.end(number);
        match settled {
            Ok(()) => Ok(self.0.desk.get(by.owner, id)?.1),
            Err(Settled::NotDelegated) => Err(OwnerError::NotDelegated),
            Err(Settled::Later) => Err(OwnerError::Storage),
        }
    }

    /// Removes a connection, its secret and whatever was kept of the books. What was stated stays stated.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn remove(&self, owner: &PartyId, id: ConnectionId) -> Result<(), OwnerError> {
        let (number, _) = self.0.desk.get(owner, id)?;
        self.on_desk(move |all| Ok(all.0.desk.remove(number)?)).await
    }

    /// The connections of an owner with their numbers, in the order in which they were made.
    pub fn of(&self, owner: &PartyId) -> Vec<(u64, Connection)> {
        self.0.desk.of(owner)
    }

    /// A connection of an owner.
    ///
    /// # Errors
    /// [`OwnerError::NotFound`].
    pub fn get(&self, owner: &PartyId, id: ConnectionId) -> Result<Connection, OwnerError> {
        Ok(self.0.desk.get(owner, id)?.1)
    }

    /// How many entries of a connection wait for an invoice that is registered.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn waiting(&self, owner: &PartyId, id: ConnectionId) -> Result<u64, OwnerError> {
        let (number, _) = self.0.desk.get(owner, id)?;
        self.on_desk(move |all| {
            all.0.desk.store.waiting_len(number).map_err(|error| {
                tracing::error!(%error, "the connections database cannot be read");
                OwnerError::Storage
            })
        })
        .await
    }

    /// What an owner set is on the disk before he hears of it; on a thread that may block.
    async fn on_desk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, OwnerError> + Send + 'static,
    ) -> Result<T, OwnerError> {
        let all = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&all)).await;
        done.map_err(|_| OwnerError::Storage)?
    }

    /// Does something with a connection that nobody else has meanwhile, on a thread that may block.
    async fn exclusively<T: Send + 'static>(
        &self,
        number: u64,
        work: impl FnOnce(&Self, Connection) -> Result<T, OwnerError> + Send + 'static,
    ) -> Result<T, OwnerError> {
        self.vault()?;
        let connection = self.0.desk.take(number).ok_or(OwnerError::Busy)?;
        let done = self.on_desk(move |all| work(all, connection)).await;
        self.0.desk.end(number);
        done
    }

    /// Lets a connector work with what a connection has. Blocks.
    pub(super) fn with_access<T>(
        &self,
        number: u64,
        connection: &Connection,
        now: Timestamp,
        work: impl FnOnce(&mut Access<'_>) -> T,
    ) -> Result<T, Trouble> {
        let vault = self.0.vault.as_ref().ok_or(Trouble::Store)?;
        let name = connection.id.as_bytes();
        let open = |sealed: &Vec<u8>| vault.open(name, sealed);
        let secret = connection.sealed.as_ref().map(open).transpose();
        let secret = secret.map_err(|_| Trouble::Store)?;
        let keep = |secret: &Secret| {
            let sealed = vault.seal(name, secret).map_err(|_| Trouble::Store)?;
            let kept = self.0.desk.change(number, |connection| connection.sealed = Some(sealed));
            match kept {
                Ok(Some(())) => Ok(()),
                // Removed meanwhile: its tokens are not used any more.
                Ok(None) | Err(_) => Err(Trouble::Store),
            }
        };
        let client = &self.0.client;
        Ok(work(&mut Access::new(&connection.settings, client, now, secret, &keep)))
    }
}

fn check_description(description: Option<&str>) -> Result<(), OwnerError> {
    let wrong =
        |text: &&str| text.len() > DESCRIPTION_BYTES_MAX || text.chars().any(char::is_control);
    match description.filter(wrong) {
        Some(_) => {
            Err(OwnerError::Setting("`description` is a line of at most 256 bytes".to_owned()))
        }
        None => Ok(()),
    }
}

fn check_secret(takes: bool, secret: Option<&Secret>) -> Result<(), OwnerError> {
    match (takes, secret.map(|secret| secret.reveal().len())) {
        (true, None | Some(0)) => Err(OwnerError::Secret("`secret` is missing")),
        (true, Some(1..=SECRET_BYTES_MAX)) | (false, None) => Ok(()),
        (true, Some(_)) => Err(OwnerError::Secret("`secret` is longer than 16,384 bytes")),
        (false, Some(_)) => {
            Err(OwnerError::Secret("`secret` is not taken: this kind asks the package for its own"))
        }
    }
}
