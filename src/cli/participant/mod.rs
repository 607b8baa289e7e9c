//! `participant`: who takes part, with which keys.
//!
//! Names never enter the log: a salted commitment to them does. The opening of that commitment is kept beside the
//! log (`details/`), or printed for safekeeping where the registry is elsewhere; whoever erases it has erased the
//! name, and no proof breaks.

mod opening;
mod speaker;

use std::path::PathBuf;

use clap::ValueEnum;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cli::client::Place;
use crate::cli::failure::failure;
use crate::cli::identity::{Passphrase, public_key};
use crate::cli::participant::opening::Opening;
use crate::cli::{Ending, host};
use crate::statement::{Assurance, RevocationReason, Role, StatementType, SuspensionReason};
use crate::types::{DocumentHash, KeyId, PartyId};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Admits a participant with its roles and its first key
    Admit(Admit),
    /// Suspends a participant: it may no longer speak
    #[command(mut_arg("sign_with", |arg| arg.alias("key")))]
    Suspend(Suspend),
    /// Lets a suspended participant speak again
    #[command(mut_arg("sign_with", |arg| arg.alias("key")))]
    Reinstate(Reinstate),
    /// Links another party id to a participant, so that a seller cannot become two
    #[command(mut_arg("sign_with", |arg| arg.alias("key")))]
    Link(Link),
    /// Adds a key to a participant
    AddKey(AddKey),
    /// Adds a new key to a participant and revokes the old one
    RotateKey(RotateKey),
    /// Revokes a key: statements under it are refused from then on
    RevokeKey(RevokeKey),
}

/// With whose authority, and where.
#[derive(Debug, clap::Args)]
pub(crate) struct Authority {
    /// The registry's folder, while no registry runs on it: signs with the operator's key in it
    #[cfg(feature = "server")]
    #[arg(long, value_name = "DIR", conflicts_with = "url")]
    data: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// The private key that signs: the operator's, or for its own keys the participant's
    #[arg(long, value_name = "FILE", env = "TALLYSTICK_KEY")]
    sign_with: Option<PathBuf>,
    /// Who signs, such as 0106:12345678
    #[arg(long = "as", value_name = "PARTY", env = "TALLYSTICK_AS")]
    party: Option<PartyId>,
    #[command(flatten)]
    passphrase: Passphrase,
    /// Prints the receipts as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Admit {
    /// Its party id, such as 0106:12345678
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    /// Its name, kept beside the log and never in it
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it may do; several with commas
    #[arg(long = "role", value_name = "ROLE", required = true, value_delimiter = ',')]
    roles: Vec<RoleName>,
    /// Its public key: a file with a JWK or PEM, or the JWK itself
    #[arg(long, value_name = "PUB")]
    key: String,
    /// How sure it is that the key is the participant's
    #[arg(long, value_enum, default_value = "document")]
    assurance: AssuranceName,
    #[command(flatten)]
    authority: Authority,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Suspend {
    /// The participant
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    /// Why
    #[arg(long, value_enum, default_value = "other")]
    reason: SuspendedFor,
    #[command(flatten)]
    authority: Authority,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reinstate {
    /// The participant
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    #[command(flatten)]
    authority: Authority,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Link {
    /// A party id of the participant
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    /// The other party id of the same legal entity
    #[arg(long, value_name = "PARTY")]
    alias: PartyId,
    /// The document that proves it; its SHA-256 goes into the log
    #[arg(long, value_name = "FILE")]
    evidence: Option<PathBuf>,
    #[command(flatten)]
    authority: Authority,
}

#[derive(Debug, clap::Args)]
pub(crate) struct AddKey {
    /// The participant
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    /// The public key to add: a file with a JWK or PEM, or the JWK itself
    #[arg(long, value_name = "PUB")]
    key: String,
    /// How sure it is that the key is the participant's
    #[arg(long, value_enum, default_value = "document")]
    assurance: AssuranceName,
    #[command(flatten)]
    authority: Authority,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RotateKey {
    /// The participant
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    /// The new public key: a file with a JWK or PEM, or the JWK itself
    #[arg(long, value_name = "PUB")]
    key: String,
    /// The thumbprint of the key that it replaces; otherwise the one that signs
    #[arg(long, value_name = "KID")]
    old: Option<KeyId>,
    /// How sure it is that the new key is the participant's
    #[arg(long, value_enum, default_value = "document")]
    assurance: AssuranceName,
    #[command(flatten)]
    authority: Authority,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RevokeKey {
    /// The participant
    #[arg(long, value_name = "PARTY")]
    id: PartyId,
    /// The thumbprint of the key
    #[arg(long, value_name = "KID", required_unless_present = "key", conflicts_with = "key")]
    kid: Option<KeyId>,
    /// The public key itself: a file with a JWK or PEM
    #[arg(long, value_name = "PUB")]
    key: Option<String>,
    /// Why
    #[arg(long, value_enum, default_value = "superseded")]
    reason: RevokedFor,
    #[command(flatten)]
    authority: Authority,
}

/// Declares the words of the command line for an enumeration of the statements.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident for $target:ident { $($variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, ValueEnum)]
        #[value(rename_all = "snake_case")]
        enum $name { $($variant),* }

        impl From<$name> for $target {
            fn from(name: $name) -> Self {
                match name { $($name::$variant => Self::$variant),* }
            }
        }
    };
}

words!(RoleName for Role { Supplier, Debtor, Financier, ServiceProvider, Auditor, Operator });
words!(SuspendedFor for SuspensionReason { OwnRequest, KeyCompromise, Misconduct, Insolvency, Other });
words!(RevokedFor for RevocationReason { Superseded, Compromised, Ceased });
words!(AssuranceName for Assurance { EmailLink, Document, ElectronicIdentity });

/// Runs the command.
///
/// # Errors
/// Where a key cannot be read, or the registry cannot be reached or opened.
pub(crate) fn run(command: &Command) -> anyhow::Result<Ending> {
    match command {
        Command::Admit(args) => admit(args),
        Command::Suspend(args) => {
            let data = json!({ "party": args.id, "reason": SuspensionReason::from(args.reason) });
            state(&args.authority, StatementType::ParticipantSuspended, &data)
        }
        Command::Reinstate(args) => {
            let data = json!({ "party": args.id });
            state(&args.authority, StatementType::ParticipantReinstated, &data)
        }
        Command::Link(args) => {
            let mut data = json!({ "party": args.id, "alias": args.alias });
            if let Some(file) = &args.evidence {
                let hash: [u8; 32] = Sha256::digest(host::read(file, 1 << 30)?).into();
                insert(&mut data, "evidence", json!(DocumentHash::from_bytes(hash)));
            }
            state(&args.authority, StatementType::PartyLinked, &data)
        }
        Command::AddKey(args) => {
            let data = key_added(&args.id, &args.key, args.assurance)?;
            state(&args.authority, StatementType::KeyAdded, &data)
        }
        Command::RotateKey(args) => rotate(args),
        Command::RevokeKey(args) => {
            let key = match (&args.kid, &args.key) {
                (Some(kid), _) => *kid,
                (None, Some(given)) => public_key(given)?.thumbprint(),
                (None, None) => return Err(failure("which key?", "name it with --kid")),
            };
            let data = key_revoked(&args.id, key, args.reason.into());
            state(&args.authority, StatementType::KeyRevoked, &data)
        }
    }
}

fn admit(args: &Admit) -> anyhow::Result<Ending> {
    let mut speaker = args.authority.speaker()?;
    let roles: Vec<Role> = args.roles.iter().map(|role| Role::from(*role)).collect();
    let mut data = json!({
        "party": args.id, "roles": roles, "key": public_key(&args.key)?,
        "assurance": Assurance::from(args.assurance),
    });
    let opening = match &args.name {
        None => None,
        Some(name) => Some(Opening::new(name)?),
    };
    if let Some(opening) = &opening {
        insert(&mut data, "details", json!(opening.commitment()?));
        // Before the statement: a commitment in the log that nobody can open is worth nothing.
        speaker.keep(opening)?;
    }
    let admitted = speaker.say(StatementType::ParticipantAdmitted, &data)?;
    if let (false, Some(opening)) = (admitted, &opening) {
        speaker.forget(opening)?;
    }
    Ok(speaker.ending())
}

fn rotate(args: &RotateKey) -> anyhow::Result<Ending> {
    let mut speaker = args.authority.speaker()?;
    let old = match args.old {
        Some(kid) => kid,
        None if speaker.party == args.id => speaker.key.public().thumbprint(),
        None => {
            return Err(failure(
                "which key is replaced?",
                "name its thumbprint with --old: the operator signs, not the participant",
            ));
        }
    };
    let added = key_added(&args.id, &args.key, args.assurance)?;
    if speaker.say(StatementType::KeyAdded, &added)? {
        let revoked = key_revoked(&args.id, old, RevocationReason::Superseded);
        speaker.say(StatementType::KeyRevoked, &revoked)?;
    }
    Ok(speaker.ending())
}

fn key_added(party: &PartyId, key: &str, assurance: AssuranceName) -> anyhow::Result<Value> {
    let assurance = Assurance::from(assurance);
    Ok(json!({ "party": party, "key": public_key(key)?, "assurance": assurance }))
}

fn key_revoked(party: &PartyId, key: KeyId, reason: RevocationReason) -> Value {
    json!({ "party": party, "key": key, "reason": reason })
}

fn state(authority: &Authority, kind: StatementType, data: &Value) -> anyhow::Result<Ending> {
    let mut speaker = authority.speaker()?;
    speaker.say(kind, data)?;
    Ok(speaker.ending())
}

fn insert(data: &mut Value, member: &str, value: Value) {
    if let Some(object) = data.as_object_mut() {
        object.insert(member.to_owned(), value);
    }
}
