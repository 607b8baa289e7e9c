//! Who signs what is read: the connector service, a participant of its own with a key of its own.
//!
//! Its key is made at the first start and lies in the registry's folder; it can state nothing but what a debtor has
//! delegated to it. It is admitted as a service provider by the operator's key where that lies in the folder, under an
//! id that is made of the key; an operator who keeps its key elsewhere, or wants another id, admits it itself.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use zeroize::Zeroizing;

use crate::domain::{Participant, Standing, State};
use crate::engine::{Engine, OPERATOR_KEY, Refusal};
use crate::signing::{PublicKey, SecretKey};
use crate::statement::{Malformed, Role, SignedStatement, StatementType};
use crate::types::{Origin, PartyId, Timestamp};

/// The file of the service's key, within the folder of a registry.
pub const SERVICE_KEY: &str = "connector-key.pem";

const CONTEXT: &str = "tallystick 2026 connector service party v1";

/// The connector service of a registry.
pub(super) struct Service {
    key: SecretKey,
    operator: Option<Arc<SecretKey>>,
    operator_key: PathBuf,
}

/// Why it is no participant yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum NotYet {
    /// The registry is not open, or does not answer now.
    #[error("the registry does not answer")]
    Later,
    /// The operator has to admit it.
    #[error("{0}: the operator has to admit the key in {SERVICE_KEY} as a service_provider")]
    ByHand(String),
}

impl Service {
    /// Takes up the service's key, or makes it.
    ///
    /// # Errors
    /// Where the file cannot be read, written or understood.
    pub(super) fn open(dir: &Path, operator: Option<Arc<SecretKey>>) -> io::Result<Self> {
        let path = dir.join(SERVICE_KEY);
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        let key = match fs::read_to_string(&path) {
            Ok(pem) => SecretKey::from_pem(&Zeroizing::new(pem), None)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(dir, &path),
            Err(error) => Err(error),
        };
        Ok(Self { key: key.map_err(named)?, operator, operator_key: dir.join(OPERATOR_KEY) })
    }

    /// Its public key.
    pub(super) fn public(&self) -> &PublicKey {
        self.key.public()
    }

    /// The participant that has its key.
    pub(super) fn row(&self, state: &State) -> Option<u32> {
        state.participant_by_key(&self.public().thumbprint())
    }

    /// The party id under which debtors delegate to it.
    pub(super) fn party(&self, state: &State) -> Option<PartyId> {
        state.participant(self.row(state)?).map(|participant| participant.id.clone())
    }

    /// Whether it may state statuses for a participant at a time.
    pub(super) fn may_state(&self, state: &State, owner: &Participant, now: Timestamp) -> bool {
        let Some(row) = self.row(state) else { return false };
        let stands = state.participant(row).is_some_and(|service| {
            let key = service.key(&self.public().thumbprint());
            let in_force = key.is_some_and(|key| key.revoked_at.is_none());
            service.standing == Standing::Active && in_force && service.has(Role::ServiceProvider)
        });
        let speaks = owner.standing == Standing::Active && owner.has(Role::Debtor);
        stands
            && speaks
            && owner.delegations.iter().any(|delegation| {
                delegation.delegate == row
                    && delegation.types.contains(&StatementType::StatusReported)
                    && delegation.until.is_none_or(|until| now < until)
            })
    }

    /// Signs a status on a debtor's behalf.
    ///
    /// # Errors
    /// [`Malformed`].
    pub(super) fn sign(
        &self,
        author: &PartyId,
        reference: &str,
        now: Timestamp,
        registry: &Origin,
        data: &str,
    ) -> Result<SignedStatement, Malformed> {
        let kind = StatementType::StatusReported;
        SignedStatement::sign(&self.key, kind, author, reference, now, registry, data)
    }

    /// The operator's key: the one that was given, or that in the folder.
    fn operators(&self) -> Result<Arc<SecretKey>, &'static str> {
        if let Some(key) = &self.operator {
            return Ok(Arc::clone(key));
        }
        let pem = fs::read_to_string(&self.operator_key).map(Zeroizing::new);
        let pem = pem.map_err(|_| "the operator's key is not in the folder")?;
        let key = SecretKey::from_pem(&pem, None);
        key.map(Arc::new).map_err(|_| "the operator's key in the folder cannot be read")
    }

    /// Has the operator's key admit it, where it is not admitted yet.
    pub(super) async fn enrol(&self, engine: &Engine) -> Result<(), NotYet> {
        let ask = |state: &State, _| {
            let operator = state.participant(state.rulebook()?.operator)?;
            Some((self.row(state).is_some(), operator.id.clone()))
        };
        let answer = engine.query(ask).await.map_err(|_| NotYet::Later)?;
        let (admitted, operator) = answer.value.ok_or(NotYet::Later)?;
        if admitted {
            return Ok(());
        }
        let by_hand = NotYet::ByHand;
        let key = self.operators().map_err(|why| by_hand(why.to_owned()))?;
        let data = json!({
            "party": party_of(self.public()), "roles": [Role::ServiceProvider],
            "key": self.public(), "assurance": "document",
        });
        let reference = format!("connector-service-{}", self.public().thumbprint());
        let statement = SignedStatement::sign(
            &key,
            StatementType::ParticipantAdmitted,
            &operator,
            &reference,
            engine.now(),
            engine.origin(),
            &data.to_string(),
        );
        let statement = statement.map_err(|error| by_hand(error.to_string()))?;
        let submitted = engine.submit(vec![statement.bytes().to_vec()]).await;
        let submission = submitted.map_err(|_| NotYet::Later)?.into_iter().next();
        match submission.map(|submission| submission.result) {
            Some(Ok(_)) => Ok(()),
            Some(Err(refusal @ (Refusal::Rejected(_) | Refusal::Malformed(_)))) => {
                Err(by_hand(refusal.to_string()))
            }
            None => Err(NotYet::Later),
        }
    }
}

/// An id for a service that has none of its own: a location number of the range that GS1 leaves to whoever uses it
/// within his own walls.
fn party_of(key: &PublicKey) -> String {
    let hash = blake3::derive_key(CONTEXT, key.as_bytes());
    let number = hash.first_chunk().copied().map_or(0, u64::from_be_bytes);
    let digits = format!("2{:011}", number % 100_000_000_000);
    let weighted = digits.bytes().zip([1_u32, 3].into_iter().cycle());
    let sum = weighted.fold(0, |sum: u32, (digit, weight)| {
        sum.saturating_add(u32::from(digit.saturating_sub(b'0')).saturating_mul(weight))
    });
    format!("0088:{digits}{}", 10_u32.saturating_sub(sum % 10) % 10)
}

/// Makes the key, so that only its owner can read it, whole or not at all.
fn make(dir: &Path, path: &Path) -> io::Result<SecretKey> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice()).map_err(io::Error::other)?;
    let key = SecretKey::from_seed(&seed);
    let pem = key.to_pem().map_err(io::Error::other)?;
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
    file.write_all(pem.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(dir)?.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_comes_back_and_only_its_owner_can_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let one = Service::open(dir.path(), None).unwrap();
        let again = Service::open(dir.path(), None).unwrap();
        assert_eq!(one.public().as_bytes(), again.public().as_bytes());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(dir.path().join(SERVICE_KEY)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(dir.path().join(SERVICE_KEY), "no key").unwrap();
        assert!(Service::open(dir.path(), None).is_err(), "a damaged key is not replaced");
    }

    #[test]
    fn an_id_that_is_made_of_a_key_is_one() {
        for seed in 0..50 {
            let key = SecretKey::from_seed(&[seed; 32]);
            let party: PartyId = party_of(key.public()).parse().unwrap();
            assert!(party.is_valid() && party.value().starts_with('2'), "{party}");
        }
    }
}
