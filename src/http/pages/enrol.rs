//! How a debtor's browser gets a key that counts: the operator admits the debtor or adds the key, in the debtor's name
//! as far as its registered mail address vouches for it and no further (`email-link`).

use crate::domain::{Standing, State};
use crate::http::pages::choice;
use crate::signing::{PublicKey, SecretKey, jws};
use crate::statement::{Assurance, KeyAdded, Malformed, ParticipantAdmitted, Payload, Role};
use crate::types::{Origin, PartyId, Timestamp};

/// The operator's hand: a key of the operator that the registry may sign with by itself.
pub struct Clerk {
    key: SecretKey,
}

impl Clerk {
    /// A hand with this key; whose it is and whether it is in force is looked up whenever it signs.
    pub const fn new(key: SecretKey) -> Self {
        Self { key }
    }

    /// The participant whose key it is.
    pub(super) fn party(&self, state: &State) -> Option<PartyId> {
        let row = state.participant_by_key(&self.key.public().thumbprint())?;
        Some(state.participant(row)?.id.clone())
    }

    /// Signs a statement of the operator.
    pub(super) fn sign(
        &self,
        party: &PartyId,
        payload: &Payload,
        reference: &str,
        now: Timestamp,
        origin: &Origin,
    ) -> Result<Vec<u8>, Malformed> {
        let text = choice::text(payload, party, reference, now, origin)?;
        Ok(jws::sign(&self.key, text.as_bytes(), None).into_bytes())
    }
}

/// What a key is to a debtor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bond {
    /// Its own, and in force.
    Known,
    /// To be made its own by this statement of the operator.
    Missing(Box<Payload>),
    /// Its own once, and revoked.
    Revoked,
    /// Somebody else's.
    Other,
    /// The debtor may not speak now.
    Suspended,
}

impl Bond {
    /// What a key is to a debtor.
    pub(super) fn of(state: &State, debtor: &PartyId, key: &PublicKey) -> Self {
        let row = state.participant_by_id(debtor);
        let participant = row.and_then(|row| state.participant(row));
        if participant.as_ref().is_some_and(|it| it.standing == Standing::Suspended) {
            return Self::Suspended;
        }
        if let Some(owner) = state.participant_by_key(&key.thumbprint()) {
            if Some(owner) != row {
                return Self::Other;
            }
            let known = participant.as_ref().and_then(|it| it.key(&key.thumbprint()));
            return match known.map(|known| known.revoked_at) {
                Some(None) => Self::Known,
                _ => Self::Revoked,
            };
        }
        let (party, key, assurance) = (debtor.clone(), *key, Assurance::EmailLink);
        Self::Missing(Box::new(if participant.is_some() {
            Payload::KeyAdded(KeyAdded { party, key, assurance })
        } else {
            let roles = vec![Role::Debtor];
            let admitted = ParticipantAdmitted { party, roles, key, assurance, details: None };
            Payload::ParticipantAdmitted(admitted)
        }))
    }
}
