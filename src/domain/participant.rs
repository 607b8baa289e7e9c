//! Who is who: parties, the participants among them, their keys and their delegates.

use serde::{Deserialize, Serialize};

use crate::signing::PublicKey;
use crate::statement::{Assurance, Role, StatementType};
use crate::types::{DocumentHash, KeyId, PartyId, Timestamp};

/// A party id that the registry has met, in canonical form.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Party {
    /// The id.
    pub id: PartyId,
    /// The row of the party id that stands for the whole legal entity: its own, until it is linked.
    pub entity: u32,
    /// The participant that this entity is; on the entity's own row.
    pub participant: Option<u32>,
}

/// A legal entity that was admitted.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Participant {
    /// The row of its entity among the parties.
    pub entity: u32,
    /// Its first party id, canonical.
    pub id: PartyId,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Whether it may speak now.
    pub standing: Standing,
    /// Its keys, the oldest first.
    pub keys: Vec<Key>,
    /// Who may speak on its behalf.
    pub delegations: Vec<Delegation>,
    /// The commitment to its name and contact details.
    pub details: Option<DocumentHash>,
    /// When it was admitted.
    pub admitted_at: Timestamp,
}

impl Participant {
    /// Whether it has a role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it reads everything.
    pub fn sees_all(&self) -> bool {
        self.has(Role::Operator) || self.has(Role::Auditor)
    }

    /// One of its keys.
    pub fn key(&self, id: &KeyId) -> Option<&Key> {
        self.keys.iter().find(|key| key.id == *id)
    }
}

/// Whether a participant may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It may.
    Active,
    /// It may not, until it is reinstated.
    Suspended,
}

/// A participant's key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Key {
    /// Its thumbprint.
    pub id: KeyId,
    /// The key.
    pub key: PublicKey,
    /// How sure the operator is of it.
    pub assurance: Assurance,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A permission to speak on a participant's behalf.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delegation {
    /// The participant who may.
    pub delegate: u32,
    /// What it may state.
    pub types: Vec<StatementType>,
    /// When the permission ends by itself.
    pub until: Option<Timestamp>,
}
