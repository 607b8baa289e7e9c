//! Everything that can be wrong with what is sent, each with its own documented problem.
//!
//! The walk makes every problem happen over HTTP that can be made to happen there, and lists the others with the
//! reason. A code that is in neither list, or in both, fails the test.

mod cases;
mod hooks;
mod offers;
mod rules;
mod wire;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tallystick::signing::SecretKey;
use tallystick::types::Timestamp;

use crate::registry::{Answer, ORIGIN, Party, Registry, id, invoice, invoice_id};

/// What cannot be made to happen from outside, and why.
const UNREACHABLE: &[(&str, &str)] = &[
    ("record_too_large", "the longest statement leaves room for the longest outcome"),
    ("log_full", "takes four thousand million records"),
    ("internal_error", "is a bug"),
    ("outcome_unknown", "the writer must die between taking a statement and answering"),
    ("unavailable", "the disk must fail"),
    ("overloaded", "has a test of its own, in `limits`: the queue must be full"),
    ("too_many_checks", "has a test of its own, in `checks`: eight requests must be under way"),
    ("stopping", "has a test of its own, in `streams`: the registry must be stopping"),
    ("webhook_event_gone", "has a test of its own, in `webhooks`: a mandate must be revoked"),
    ("vault_missing", "has a test of its own, in `connections`: there must be no vault"),
    (
        "connection_not_allowed",
        "has a test of its own, in `connections`, as have the others on connections",
    ),
    ("connection_invalid", "in `connections`"),
    ("connection_too_many", "in `connections`"),
    ("connection_busy", "in `connections`: it must be read just then"),
    ("connection_not_delegated", "in `connections`"),
    ("connection_consent_unknown", "in `connections`: a package must have been consented at"),
    ("connection_notice_invalid", "in `consents`: a package must give notices"),
    ("connection_trouble", "in `connections`: the package must fail"),
    ("letter_not_held", "has a test of its own, in `letters`: there must be a letter"),
    ("request_closed", "in `letters`: a debtor must have been asked"),
    ("reminder_too_soon", "in `letters`"),
    ("not_a_response", "has a test of its own, in `responses`, as have the others on responses"),
    ("response_unreadable", "in `responses`"),
    ("response_incomplete", "in `responses`"),
    ("response_unmatched", "in `responses`"),
    ("response_ambiguous", "in `responses`"),
    ("response_not_yours", "in `responses`"),
    ("response_none", "in `responses`"),
    ("request_timeout", "has a test of its own, in `limits`: a request must be slow"),
];

/// A problem that was met: the code that it should have, and the answer.
pub(crate) type Met = Vec<(&'static str, Answer)>;

/// A registry with people and an invoice, for statements that go wrong.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) supplier: Party,
    pub(crate) debtor: Party,
    pub(crate) financier: Party,
    pub(crate) other_financier: Party,
    pub(crate) provider: Party,
    /// Known to nobody.
    pub(crate) stranger: Party,
    pub(crate) invoice: String,
    /// The registration of the invoice.
    pub(crate) registration: String,
}

impl World {
    fn new() -> Self {
        let registry = Registry::start();
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let supplier = party("0106:00000003", 3, "supplier");
        let debtor = party("0106:00000004", 4, "debtor");
        let financier = party("0106:00000005", 5, "financier");
        let other_financier = party("0106:00000006", 6, "financier");
        let provider = party("0106:00000007", 7, "service_provider");
        let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
        let registration = id(&registry.state(&supplier, "invoice.registered.v1", &data));
        Self {
            supplier,
            debtor,
            financier,
            other_financier,
            provider,
            stranger: Party::new("0106:00000099", 99),
            invoice: invoice_id(&data),
            registration,
            registry,
        }
    }

    /// Sends a statement of a party.
    pub(crate) fn say(&self, by: &Party, kind: &str, data: &Value) -> Answer {
        self.registry.submit(&self.registry.sign(by, kind, data))
    }

    /// Another invoice of the supplier to the debtor.
    pub(crate) fn another(&self, number: &str) -> String {
        let data = invoice(&self.supplier, &self.debtor, number, 100_000);
        self.registry.state(&self.supplier, "invoice.registered.v1", &data);
        invoice_id(&data)
    }

    /// A payload as it should be, to be spoilt.
    pub(crate) fn event(&self, kind: &str, data: &Value) -> Value {
        json!({
            "specversion": "1.0", "id": self.registry.reference(), "source": self.supplier.id,
            "type": kind, "time": self.registry.now().to_string(), "registry": ORIGIN, "data": data,
        })
    }
}

/// A compact JWS with any header over any payload.
pub(crate) fn jws(key: &SecretKey, header: &str, payload: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(input.as_bytes()).as_bytes());
    format!("{input}.{signature}")
}

/// The header that a JWS should have.
pub(crate) fn header(key: &SecretKey) -> Value {
    json!({"alg": "Ed25519", "kid": key.public().thumbprint()})
}

/// Checks that an answer is a problem document, whole and consistent.
fn check(code: &str, answer: &Answer) {
    let json = answer.json();
    assert_eq!(answer.code(), code, "{}", answer.text());
    assert_eq!(answer.header("content-type"), "application/problem+json", "{code}");
    assert_eq!(json["type"], format!("/problems/{code}"));
    assert_eq!(json["status"], answer.status, "{code}");
    assert_eq!(json["request_id"], answer.header("x-request-id"), "{code}");
    for member in ["title", "detail"] {
        assert!(json[member].as_str().is_some_and(|text| text.len() > 3), "{code}: {json}");
    }
    let is_token = code.starts_with("token_") || answer.status == 401;
    assert_eq!(answer.status == 401, is_token, "{code}");
    assert_eq!(answer.header("www-authenticate").starts_with("Bearer"), is_token, "{code}");
    assert_eq!(answer.header("retry-after").is_empty(), answer.status != 503, "{code}");
}

#[test]
fn every_problem_is_met_over_http_or_listed_with_the_reason() {
    let world = World::new();
    let mut met = wire::statements(&world);
    met.extend(wire::tokens(&world));
    met.extend(wire::requests(&world));
    met.extend(hooks::webhooks(&world));
    met.extend(rules::envelopes(&world));
    met.extend(rules::participants(&world));
    met.extend(rules::contents(&world));
    met.extend(rules::states(&world));
    met.extend(rules::pledges(&world));
    met.extend(offers::offers(&world));
    met.extend(cases::cases(&world));
    let documented = tallystick::http::problems();
    for (code, answer) in &met {
        check(code, answer);
        let entry = documented.iter().find(|entry| entry.code == *code);
        let status = entry.expect(code).status.as_u16();
        assert!(answer.status == status || answer.status == 401, "{code}: {}", answer.status);
        let page = world.registry.get_open(&format!("/problems/{code}"));
        assert_eq!(page.status, 200, "{code}");
        assert!(page.text().contains(code), "{code}");
    }
    let met: BTreeSet<&str> = met.iter().map(|(code, _)| *code).collect();
    for entry in &documented {
        let unreachable = UNREACHABLE.iter().any(|(code, _)| *code == entry.code);
        let code = entry.code;
        assert!(met.contains(code) || unreachable, "{code} was not met");
        assert!(!(met.contains(code) && unreachable), "{code} was met after all");
    }
    let nothing_else = met.iter().all(|code| documented.iter().any(|entry| entry.code == *code));
    assert!(nothing_else);
}

#[test]
fn a_refused_statement_leaves_no_trace() {
    let world = World::new();
    let size = || world.registry.get_open("/checkpoint").text().lines().nth(1).map(str::to_owned);
    let before = size();
    let answer = world.say(&world.stranger, "rules.adopted.v1", &json!({"rules": 2}));
    assert_eq!(answer.code(), "key_unknown");
    assert_eq!(size(), before);
    assert!(Timestamp::default() < world.registry.now());
}
