//! A small registry in memory with real keys, honest by itself; the tests make it cheat.

use serde_json::{Value, json};
use tallystick::audit::PublishedReadModels;
use tallystick::domain::{RULES_VERSION, State};
use tallystick::invoice::Core;
use tallystick::log::{Checkpoint, Frontier, NoteSigner, Vkey, leaf_hash};
use tallystick::record::Record;
use tallystick::signing::SecretKey;
use tallystick::statement::{SignedStatement, StatementType};
use tallystick::types::{InvoiceId, Origin, PartyId, StatementId, Timestamp};

/// The participants: their number is the seed of their key.
pub(crate) const OPERATOR: u8 = 1;
pub(crate) const SUPPLIER: u8 = 2;
pub(crate) const DEBTOR: u8 = 3;
pub(crate) const BANK: u8 = 4;
pub(crate) const FACTOR: u8 = 5;
/// Suppliers beyond the first, for long logs.
pub(crate) const MORE_SUPPLIERS: u8 = 100;

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) entries: Vec<Vec<u8>>,
    pub(crate) now: Timestamp,
    signer: NoteSigner,
    statements: u64,
}

pub(crate) fn key(participant: u8) -> SecretKey {
    SecretKey::from_seed(&[participant; 32])
}

pub(crate) fn party(participant: u8) -> PartyId {
    format!("0106:{:08}", 10_000_000 + u32::from(participant)).parse().expect("a party id")
}

fn origin() -> Origin {
    "registry.example/test".parse().expect("an origin")
}

pub(crate) fn signer(seed: u8) -> NoteSigner {
    NoteSigner::new(origin(), ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
}

pub(crate) fn core(supplier: u8, number: &str, gross_minor: i64) -> Value {
    json!({
        "seller": party(supplier), "buyer": party(DEBTOR), "number": number, "type": 380,
        "issue_date": "2026-11-02", "currency": "EUR", "gross_minor": gross_minor,
    })
}

pub(crate) fn invoice_id(core: &Value) -> InvoiceId {
    serde_json::from_value::<Core>(core.clone()).expect("a core").id()
}

impl World {
    /// A registry that is open, with its participants.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            state: State::new(origin()),
            entries: Vec::new(),
            now: "2026-11-21T09:00:00Z".parse().expect("a time"),
            signer: signer(99),
            statements: 0,
        };
        world.say(
            OPERATOR,
            "registry.opened.v1",
            &json!({"operator": party(OPERATOR), "key": key(OPERATOR).public(), "rules": RULES_VERSION,
                    "skew_seconds": 300, "check_digits": "ignored"}),
        );
        for (participant, role) in
            [(SUPPLIER, "supplier"), (DEBTOR, "debtor"), (BANK, "financier"), (FACTOR, "financier")]
        {
            world.admit(participant, role);
        }
        world
    }

    pub(crate) fn admit(&mut self, participant: u8, role: &str) {
        let data = json!({"party": party(participant), "roles": [role],
                          "key": key(participant).public(), "assurance": "document"});
        self.say(OPERATOR, "participant.admitted.v1", &data);
    }

    /// Signs a statement as of now.
    pub(crate) fn sign(&mut self, author: u8, kind: &str, data: &Value) -> SignedStatement {
        self.sign_with(&key(author), author, kind, data)
    }

    pub(crate) fn sign_with(
        &mut self,
        key: &SecretKey,
        author: u8,
        kind: &str,
        data: &Value,
    ) -> SignedStatement {
        self.statements += 1;
        let kind: StatementType = kind.parse().expect("a type");
        let reference = format!("ref-{}", self.statements);
        let data = data.to_string();
        SignedStatement::sign(key, kind, &party(author), &reference, self.now, &origin(), &data)
            .expect("a statement")
    }

    /// Signs, decides and records a statement.
    pub(crate) fn say(&mut self, author: u8, kind: &str, data: &Value) {
        let statement = self.sign(author, kind, data);
        self.record(&statement);
    }

    /// Signs, decides and records a statement that others refer to.
    pub(crate) fn tell(&mut self, author: u8, kind: &str, data: &Value) -> StatementId {
        let statement = self.sign(author, kind, data);
        self.record(&statement);
        statement.statement().id
    }

    /// Decides and records a statement.
    pub(crate) fn record(&mut self, signed: &SignedStatement) {
        let decision = self.state.decide(signed.statement(), self.now).expect("the rules admit it");
        let outcome = decision.outcome.clone();
        let record = Record::new(self.now, RULES_VERSION, signed.bytes(), outcome);
        self.entries.push(record.encode().expect("it fits"));
        self.state.apply(signed.statement(), self.now, decision);
        self.now = self.now.plus_millis(1);
    }

    /// An invoice of the supplier, and two financings of it by two financiers: one conflict.
    pub(crate) fn double_financing(&mut self) -> [StatementId; 2] {
        let core = core(SUPPLIER, "F-1001", 125_000);
        self.say(
            SUPPLIER,
            "invoice.registered.v1",
            &json!({"invoice": core, "amount_due_minor": 125_000}),
        );
        [BANK, FACTOR].map(|financier| self.finance(financier, &core, 100_000))
    }

    pub(crate) fn finance(
        &mut self,
        financier: u8,
        core: &Value,
        claimed_minor: i64,
    ) -> StatementId {
        let data = json!({
            "invoices": [{"id": invoice_id(core), "claimed_minor": claimed_minor}], "currency": "EUR",
            "kind": "factoring", "recourse": "with", "disclosure": "silent", "on_conflict": "record",
        });
        self.tell(financier, "financing.recorded.v1", &data)
    }

    /// Many records of many suppliers: invoices, every fourth of them financed.
    pub(crate) fn bulk(&mut self, records: usize) {
        for supplier in 0..MORE_SUPPLIERS {
            self.admit(SUPPLIER_BASE + supplier, "supplier");
        }
        let end = self.entries.len() + records;
        let mut number = 0_u64;
        while self.entries.len() < end {
            number += 1;
            let supplier =
                SUPPLIER_BASE + u8::try_from(number % u64::from(MORE_SUPPLIERS)).expect("small");
            let core = core(
                supplier,
                &format!("2026-{number:07}"),
                10_000 + i64::try_from(number).expect("small"),
            );
            self.say(
                supplier,
                "invoice.registered.v1",
                &json!({"invoice": core, "amount_due_minor": 10_000}),
            );
            if number.is_multiple_of(4) && self.entries.len() < end {
                self.finance(BANK, &core, 9_000);
            }
        }
    }

    pub(crate) fn vkey(&self) -> Vkey {
        self.signer.vkey()
    }

    /// The signed checkpoint over all entries.
    pub(crate) fn note(&self) -> String {
        self.sign_over(&self.entries)
    }

    /// What the registry signs when it says that these are its entries.
    pub(crate) fn sign_over(&self, entries: &[Vec<u8>]) -> String {
        let mut frontier = Frontier::new();
        for entry in entries {
            frontier.push(leaf_hash(entry));
        }
        let checkpoint =
            Checkpoint { origin: origin(), size: frontier.size(), root: frontier.root() };
        checkpoint.sign(&self.signer).expect("a note")
    }

    pub(crate) fn published(&mut self) -> PublishedReadModels {
        PublishedReadModels::from_state(&mut self.state).expect("rows are encoded")
    }
}

/// The first of the suppliers of [`World::bulk`].
const SUPPLIER_BASE: u8 = 100;
