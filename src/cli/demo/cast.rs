//! Who plays: an operator, a supplier, a debtor, two financiers and an auditor, each with a key of its own.
//!
//! What they do goes over HTTP, signed by themselves, as any client's requests would.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use serde_json::{Value, json};

use crate::cli::client::{Client, Problem, Reply, Session};
use crate::cli::demo::stage::Stage;
use crate::cli::host;
use crate::record::Receipt;
use crate::signing::SecretKey;
use crate::statement::{SignedStatement, StatementType};

/// Somebody who takes part.
pub(super) struct Actor {
    /// The name.
    pub(super) name: &'static str,
    /// The roles, as statements have them.
    pub(super) role: &'static str,
    /// Where the private key is.
    pub(super) key_file: PathBuf,
    /// At the registry, in its own name.
    pub(super) session: Session,
}

/// Everybody.
pub(super) struct Cast {
    /// The neutral third party.
    pub(super) operator: Actor,
    /// Sells.
    pub(super) supplier: Actor,
    /// Buys.
    pub(super) debtor: Actor,
    /// The first financier.
    pub(super) first: Actor,
    /// The second financier.
    pub(super) second: Actor,
    /// Verifies.
    pub(super) auditor: Actor,
}

impl Cast {
    /// Makes a key for everybody but the operator, who has one already.
    ///
    /// # Errors
    /// Where keys cannot be written.
    pub(super) fn gather(stage: &mut Stage) -> anyhow::Result<Self> {
        let client = Client::new(&stage.url)?;
        let operator_key = stage.operator.take().context("the operator has no key")?;
        let actor = |name, role, party: &str, key: SecretKey, file: &str| {
            let session = Session {
                client: client.clone(),
                origin: stage.origin.clone(),
                party: party.parse()?,
                key: Arc::new(key),
            };
            let key_file = stage.file(file);
            host::write_private(&key_file, session.key.to_pem()?.as_bytes())?;
            anyhow::Ok(Actor { name, role, key_file, session })
        };
        let fresh = || {
            let seed = zeroize::Zeroizing::new(host::random::<32>()?);
            anyhow::Ok(SecretKey::from_seed(&seed))
        };
        Ok(Self {
            operator: actor(
                "The operator",
                "operator",
                "0106:00000000",
                operator_key,
                "operator.pem",
            )?,
            supplier: actor(
                "Weverij De Linde",
                "supplier",
                "0106:00000019",
                fresh()?,
                "supplier.pem",
            )?,
            debtor: actor(
                "Brouwerij Sint-Anna",
                "debtor",
                "0208:0999999031",
                fresh()?,
                "debtor.pem",
            )?,
            first: actor("Noorderkrediet", "financier", "0106:00000027", fresh()?, "first.pem")?,
            second: actor(
                "Hanze Handelsbank",
                "financier",
                "0106:00000035",
                fresh()?,
                "second.pem",
            )?,
            auditor: actor(
                "De Vries Accountants",
                "auditor",
                "0106:00000043",
                fresh()?,
                "auditor.pem",
            )?,
        })
    }

    /// Those whom the operator admits.
    pub(super) const fn admitted(&self) -> [&Actor; 5] {
        [&self.supplier, &self.debtor, &self.first, &self.second, &self.auditor]
    }
}

impl Actor {
    /// Signs a statement and sends it.
    ///
    /// # Errors
    /// Where the registry cannot be reached; a refusal at the door is an answer.
    pub(super) fn try_say(
        &self,
        kind: StatementType,
        data: &Value,
    ) -> anyhow::Result<Result<Receipt, Problem>> {
        let signed = SignedStatement::sign(
            &self.session.key,
            kind,
            &self.session.party,
            &host::fresh_id()?,
            host::now(),
            &self.session.origin,
            &data.to_string(),
        )?;
        Ok(match self.session.client.submit(signed.bytes())? {
            Reply::Receipt(receipt, _) => Ok(*receipt),
            Reply::Problem(problem, _) => Err(problem),
        })
    }

    /// Says something that the registry must admit, or the story is wrong.
    ///
    /// # Errors
    /// Where it does not.
    pub(super) fn say(&self, kind: StatementType, data: &Value) -> anyhow::Result<Receipt> {
        self.try_say(kind, data)?
            .map_err(|problem| anyhow!("{} was not let to say {kind}: {problem}", self.name))
    }

    /// What a path shows to it.
    ///
    /// # Errors
    /// Where it shows nothing.
    pub(super) fn sees(&self, path: &str) -> anyhow::Result<Value> {
        self.session.get_json(path)
    }

    /// The entries of a list that it sees.
    ///
    /// # Errors
    /// As [`Self::sees`].
    pub(super) fn list(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut answer = self.sees(path)?;
        let data = answer.get_mut("data").map(Value::take);
        match data {
            Some(Value::Array(entries)) => Ok(entries),
            _ => Err(anyhow!("{path} is not a list")),
        }
    }
}

/// The data of an admission.
pub(super) fn admission(actor: &Actor) -> Value {
    json!({
        "party": actor.session.party, "roles": [actor.role], "key": actor.session.key.public(),
        "assurance": "electronic-identity",
    })
}
