//! A world of authors and their signed statements, made before the clock of a benchmark starts.

use anyhow::{Context as _, Result};
use rayon::prelude::*;

use crate::signing::SecretKey;
use crate::statement::{SignedStatement, StatementType};
#[cfg(feature = "server")]
use crate::types::InvoiceId;
use crate::types::{Origin, PartyId, Timestamp};

/// Every tenth invoice is financed.
const FINANCED_EVERY: u64 = 10;

/// The operator's party id in a benchmark.
pub(super) const OPERATOR: &str = "0106:00000000";

/// Authors with their keys.
pub(super) struct World {
    origin: Origin,
    suppliers: Vec<(PartyId, SecretKey)>,
    financiers: Vec<(PartyId, SecretKey)>,
    time: Timestamp,
}

impl World {
    /// Makes `authors` suppliers and a tenth as many financiers, with keys from their numbers.
    pub(super) fn new(origin: Origin, authors: u32, time: Timestamp) -> Result<Self> {
        let person = |first: u32| {
            move |number: u32| -> Result<(PartyId, SecretKey)> {
                let number = first.saturating_add(number);
                let party = format!("0106:{number:08}").parse().context("a party id")?;
                let mut seed = [0; 32];
                for (place, byte) in seed.iter_mut().zip(number.to_be_bytes()) {
                    *place = byte;
                }
                Ok((party, SecretKey::from_seed(&seed)))
            }
        };
        let financiers = (authors / 10).max(1);
        Ok(Self {
            origin,
            suppliers: (0..authors.max(1)).map(person(20_000_000)).collect::<Result<_>>()?,
            financiers: (0..financiers).map(person(30_000_000)).collect::<Result<_>>()?,
            time,
        })
    }

    /// The statements that open the registry and admit every author, in order.
    pub(super) fn opening(&self, operator: &SecretKey) -> Result<Vec<Vec<u8>>> {
        let opened = serde_json::json!({
            "operator": OPERATOR, "key": operator.public(), "rules": 3, "skew_seconds": 86_400,
            "check_digits": "required",
        });
        let party: PartyId = OPERATOR.parse()?;
        let mut statements =
            vec![self.sign(operator, &party, "registry.opened.v1", "open", &opened)?];
        let everyone = self.suppliers.iter().map(|it| (it, "supplier"));
        for ((id, key), role) in everyone.chain(self.financiers.iter().map(|it| (it, "financier")))
        {
            let admitted = serde_json::json!({
                "party": id, "roles": [role], "key": key.public(), "assurance": "document",
            });
            statements.push(self.sign(
                operator,
                &party,
                "participant.admitted.v1",
                id.as_str(),
                &admitted,
            )?);
        }
        Ok(statements)
    }

    /// The statements with the numbers `from..to`, signed on all cores.
    pub(super) fn statements(&self, from: u64, to: u64) -> Result<Vec<Vec<u8>>> {
        (from..to).into_par_iter().map(|number| self.statement(number)).collect()
    }

    /// Whether the statement with this number finances the invoice that was registered just before it: the last of
    /// every ten does.
    pub(super) fn finances(number: u64) -> bool {
        number % FINANCED_EVERY == FINANCED_EVERY.saturating_sub(1)
    }

    /// The supplier that registers the invoice with this number, and the invoice.
    #[cfg(feature = "server")]
    pub(super) fn registered(&self, number: u64) -> Result<(&PartyId, &SecretKey, InvoiceId)> {
        let (seller, key) = pick(&self.suppliers, number)?;
        let core: crate::invoice::Core = serde_json::from_value(invoice(seller, number))?;
        Ok((seller, key, core.id()))
    }

    /// A financier.
    #[cfg(feature = "server")]
    pub(super) fn financier(&self, number: u64) -> Result<(&PartyId, &SecretKey)> {
        pick(&self.financiers, number)
    }

    fn statement(&self, number: u64) -> Result<Vec<u8>> {
        if !Self::finances(number) {
            let (seller, key) = pick(&self.suppliers, number)?;
            let invoice = serde_json::json!({"invoice": invoice(seller, number), "amount_due_minor": due(number)});
            return self.sign(key, seller, "invoice.registered.v1", &number.to_string(), &invoice);
        }
        let earlier = number.saturating_sub(1);
        let (seller, _) = pick(&self.suppliers, earlier)?;
        let core: crate::invoice::Core = serde_json::from_value(invoice(seller, earlier))?;
        let (financier, key) = pick(&self.financiers, number / FINANCED_EVERY)?;
        let financing = serde_json::json!({
            "invoices": [{"id": core.id(), "claimed_minor": due(earlier)}], "currency": "EUR",
            "kind": "factoring", "recourse": "without", "disclosure": "disclosed", "on_conflict": "refuse",
        });
        self.sign(key, financier, "financing.recorded.v1", &number.to_string(), &financing)
    }

    fn sign(
        &self,
        key: &SecretKey,
        author: &PartyId,
        kind: &str,
        reference: &str,
        data: &serde_json::Value,
    ) -> Result<Vec<u8>> {
        let kind: StatementType = kind.parse()?;
        let data = data.to_string();
        let signed =
            SignedStatement::sign(key, kind, author, reference, self.time, &self.origin, &data)?;
        Ok(signed.bytes().to_vec())
    }
}

fn pick(people: &[(PartyId, SecretKey)], number: u64) -> Result<(&PartyId, &SecretKey)> {
    let count = u64::try_from(people.len()).unwrap_or(1).max(1);
    let place = usize::try_from(number.checked_rem(count).unwrap_or(0))?;
    people.get(place).map(|(id, key)| (id, key)).context("nobody to speak")
}

fn due(number: u64) -> u64 {
    10_000_u64.saturating_add(number % 900_000)
}

fn invoice(seller: &PartyId, number: u64) -> serde_json::Value {
    let day = (number % 28).saturating_add(1);
    let buyer = number % 9_000;
    serde_json::json!({
        "seller": seller, "buyer": format!("0106:4000{buyer:04}"), "number": format!("2026-{number:07}"),
        "type": 380, "issue_date": format!("2026-10-{day:02}"), "due_date": format!("2026-11-{day:02}"),
        "currency": "EUR", "gross_minor": due(number),
    })
}
