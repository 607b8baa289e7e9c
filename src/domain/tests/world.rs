//! A small registry to try the rules on: an operator, a supplier, a debtor, financiers and a service provider,
//! each with a real key, and a clock that the test sets.

use serde_json::{Value, json};

use crate::domain::{
    Alert, AlertCode, Case, CheckRefusal, CheckReport, Claim, Effect, Finding, Outcome,
    Participant, Receivable, Rejection, Row, State, Verdict, View,
};
use crate::signing::SecretKey;
use crate::statement::{SignedStatement, Statement, StatementType};
use crate::types::{InvoiceId, Minor, Origin, PartyId, StatementId, Timestamp};

/// Somebody who can sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Actor {
    pub(super) party: &'static str,
    pub(super) seed: u8,
}

pub(super) const OPERATOR: Actor = Actor { party: "0106:10000001", seed: 1 };
pub(super) const SUPPLIER: Actor = Actor { party: "0106:20000002", seed: 2 };
pub(super) const DEBTOR: Actor = Actor { party: "0208:0403019261", seed: 3 };
pub(super) const BANK: Actor = Actor { party: "0106:30000003", seed: 4 };
pub(super) const FACTOR: Actor = Actor { party: "0106:40000004", seed: 5 };
pub(super) const LENDER: Actor = Actor { party: "0106:45000004", seed: 6 };
pub(super) const PORTAL: Actor = Actor { party: "0106:50000005", seed: 7 };
pub(super) const AUDITOR: Actor = Actor { party: "0106:60000006", seed: 8 };
/// Another supplier that is admitted.
pub(super) const RIVAL: Actor = Actor { party: "0106:70000007", seed: 9 };
/// Nobody that the registry knows.
pub(super) const STRANGER: Actor = Actor { party: "0106:80000008", seed: 10 };
/// The supplier's VAT number, which nothing but a link ties to its register number.
pub(super) const SUPPLIER_VAT: &str = "9944:NL854502130B01";

pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 24 * HOUR;

impl Actor {
    pub(super) fn key(self) -> SecretKey {
        SecretKey::from_seed(&[self.seed; 32])
    }

    pub(super) fn id(self) -> PartyId {
        self.party.parse().unwrap()
    }

    pub(super) fn jwk(self) -> Value {
        serde_json::to_value(self.key().public()).unwrap()
    }

    pub(super) fn kid(self) -> String {
        self.key().public().thumbprint().to_string()
    }
}

/// What was admitted, to be replayed.
pub(super) struct Admitted {
    pub(super) statement: Statement,
    pub(super) at: Timestamp,
    pub(super) outcome: Outcome,
}

pub(super) struct World {
    pub(super) state: State,
    pub(super) log: Vec<Admitted>,
    pub(super) now: Timestamp,
    said: u32,
    /// The statement that was said last.
    pub(super) last: StatementId,
}

pub(super) fn origin() -> Origin {
    "registry.example/test".parse().unwrap()
}

impl World {
    /// A registry of which nothing was said yet.
    pub(super) fn unopened() -> Self {
        Self {
            state: State::new(origin()),
            log: Vec::new(),
            now: "2026-11-21T09:00:00Z".parse().unwrap(),
            said: 0,
            last: StatementId::from_bytes([0; 32]),
        }
    }

    /// A registry with everybody admitted, and nothing else.
    pub(super) fn new() -> Self {
        Self::with_all(&opening())
    }

    /// The same under a version of the rules.
    pub(super) fn under(rules: u16) -> Self {
        Self::with_all(&with(opening(), &json!({"rules": rules})))
    }

    fn with_all(opening: &Value) -> Self {
        let mut world = Self::unopened();
        world.say(OPERATOR, "registry.opened.v1", opening).unwrap();
        for (actor, roles) in [
            (SUPPLIER, json!(["supplier"])),
            (DEBTOR, json!(["debtor"])),
            (BANK, json!(["financier"])),
            (FACTOR, json!(["financier"])),
            (LENDER, json!(["financier"])),
            (PORTAL, json!(["service_provider"])),
            (AUDITOR, json!(["auditor"])),
            (RIVAL, json!(["supplier"])),
        ] {
            world.admit(actor, &roles).unwrap();
        }
        world
    }

    pub(super) fn open(&mut self) {
        self.say(OPERATOR, "registry.opened.v1", &opening()).unwrap();
    }

    pub(super) fn admit(&mut self, actor: Actor, roles: &Value) -> Result<Outcome, Rejection> {
        let data = json!({
            "party": actor.party, "roles": roles, "key": actor.jwk(), "assurance": "electronic-identity"
        });
        self.say(OPERATOR, "participant.admitted.v1", &data)
    }

    /// Says something with the author's own key.
    pub(super) fn say(
        &mut self,
        author: Actor,
        kind: &str,
        data: &Value,
    ) -> Result<Outcome, Rejection> {
        self.say_with(author, author.party, kind, data)
    }

    /// Says something on an author's account with somebody's key.
    pub(super) fn say_with(
        &mut self,
        with_key_of: Actor,
        author: &str,
        kind: &str,
        data: &Value,
    ) -> Result<Outcome, Rejection> {
        self.said += 1;
        let reference = format!("s{}", self.said);
        let statement = self.statement(with_key_of, author, &reference, kind, data);
        self.hear(&statement)
    }

    /// Signs and parses, so that a test says nothing that could not be said.
    pub(super) fn statement(
        &self,
        with_key_of: Actor,
        author: &str,
        reference: &str,
        kind: &str,
        data: &Value,
    ) -> Statement {
        let kind: StatementType = kind.parse().unwrap();
        let (author, data) = (author.parse().unwrap(), data.to_string());
        let signed = SignedStatement::sign(
            &with_key_of.key(),
            kind,
            &author,
            reference,
            self.now,
            &origin(),
            &data,
        );
        signed.unwrap_or_else(|malformed| panic!("{kind} {data}: {malformed}")).statement().clone()
    }

    /// Decides a statement and applies the decision.
    pub(super) fn hear(&mut self, statement: &Statement) -> Result<Outcome, Rejection> {
        let decision = self.state.decide(statement, self.now)?;
        let outcome = decision.outcome.clone();
        self.state.apply(statement, self.now, decision);
        self.last = statement.id;
        let (statement, outcome) = (statement.clone(), outcome);
        self.log.push(Admitted { statement, at: self.now, outcome: outcome.clone() });
        Ok(outcome)
    }

    /// How much was said, admitted or not.
    pub(super) fn said_so_far(&self) -> u32 {
        self.said
    }

    pub(super) fn pass(&mut self, millis: i64) {
        self.now = self.now.plus_millis(millis);
    }

    /// The supplier registers an invoice.
    pub(super) fn invoice(&mut self, number: &str, gross: Minor) -> InvoiceId {
        self.registered(SUPPLIER, &registration(number, gross))
    }

    pub(super) fn registered(&mut self, author: Actor, data: &Value) -> InvoiceId {
        self.say(author, "invoice.registered.v1", data).unwrap();
        serde_json::from_value::<crate::invoice::Core>(data["invoice"].clone()).unwrap().id()
    }

    /// Records a silent financing that may conflict.
    pub(super) fn finance(&mut self, who: Actor, items: &[(InvoiceId, Minor)]) -> Outcome {
        self.say(who, "financing.recorded.v1", &recording(items)).unwrap()
    }

    /// Records a silent financing unless it conflicts.
    pub(super) fn try_finance(&mut self, who: Actor, items: &[(InvoiceId, Minor)]) -> Outcome {
        let data = with(recording(items), &json!({"on_conflict": "refuse"}));
        self.say(who, "financing.recorded.v1", &data).unwrap()
    }

    /// Reserves for a number of hours, unless it conflicts.
    pub(super) fn reserve(
        &mut self,
        who: Actor,
        items: &[(InvoiceId, Minor)],
        hours: i64,
    ) -> Outcome {
        let data = self.reservation(items, hours);
        self.say(who, "financing.reserved.v1", &data).unwrap()
    }

    pub(super) fn reservation(&self, items: &[(InvoiceId, Minor)], hours: i64) -> Value {
        json!({
            "invoices": claimed(items), "currency": "EUR", "on_conflict": "refuse",
            "until": self.now.plus_millis(hours * HOUR),
        })
    }

    pub(super) fn status(
        &mut self,
        who: Actor,
        invoice: InvoiceId,
        status: &str,
        more: &Value,
    ) -> Outcome {
        self.try_status(who, invoice, status, more).unwrap()
    }

    pub(super) fn try_status(
        &mut self,
        who: Actor,
        invoice: InvoiceId,
        status: &str,
        more: &Value,
    ) -> Result<Outcome, Rejection> {
        let source = if who == SUPPLIER { "seller" } else { "ledger" };
        let data = json!({
            "invoice": invoice, "status": status, "effective_at": self.now, "source": {"kind": source}
        });
        self.say(who, "status.reported.v1", &with(data, more))
    }

    pub(super) fn row(&self, who: Actor) -> u32 {
        self.state.participant_by_id(&who.id()).unwrap()
    }

    pub(super) fn participant(&self, who: Actor) -> Row<Participant> {
        self.state.participant(self.row(who)).unwrap()
    }

    pub(super) fn receivable(&self, id: InvoiceId) -> Row<Receivable> {
        self.state.receivable_by_id(&id).unwrap().1
    }

    pub(super) fn open_minor(&self, id: InvoiceId) -> Minor {
        self.receivable(id).open_minor()
    }

    /// Who holds how much of an invoice now, in order of place.
    pub(super) fn holders(&self, id: InvoiceId) -> Vec<(u32, Minor)> {
        let receivable = self.receivable(id);
        let mut claims: Vec<Claim> = receivable.active_claims(self.now).cloned().collect();
        claims.sort_by_key(|claim| claim.place);
        claims.iter().map(|claim| (claim.holder, claim.amount_minor)).collect()
    }

    pub(super) fn alerts(&self, who: Actor) -> Vec<Row<Alert>> {
        let rows = self.state.alerts_of(self.row(who)).iter();
        rows.map(|row| self.state.alert(*row).unwrap()).collect()
    }

    /// What somebody was told, in order.
    pub(super) fn told(&self, who: Actor) -> Vec<AlertCode> {
        self.alerts(who).iter().map(|alert| alert.code).collect()
    }

    /// What somebody is told of an invoice that he would claim so much of, or all.
    pub(super) fn check(&self, who: Actor, data: &Value, claimed: Option<Minor>) -> CheckReport {
        self.try_check(who, data, claimed).unwrap()
    }

    pub(super) fn try_check(
        &self,
        who: Actor,
        data: &Value,
        claimed: Option<Minor>,
    ) -> Result<CheckReport, CheckRefusal> {
        let data = serde_json::from_value(data.clone()).unwrap();
        self.state.check(self.row(who), &data, claimed, self.now)
    }

    pub(super) fn cases(&self) -> Vec<Row<Case>> {
        (0..self.state.cases_len()).map(|row| self.state.case(row).unwrap()).collect()
    }

    /// The conflicts that no statement cleared.
    pub(super) fn open_cases(&self) -> usize {
        self.cases().iter().filter(|case| case.cleared_at.is_none()).count()
    }

    pub(super) fn view(&self, who: Actor, id: InvoiceId) -> View {
        self.state.view(self.row(who), &self.receivable(id), self.now)
    }

    /// Whether the statement said last belongs to somebody's events.
    pub(super) fn concerns(&self, who: Actor) -> bool {
        let position = u32::try_from(self.state.size() - 1).unwrap();
        self.state.feed_of(self.row(who)).contains(&position)
    }
}

pub(super) fn opening() -> Value {
    json!({
        "operator": OPERATOR.party, "key": OPERATOR.jwk(), "rules": 3, "skew_seconds": 300,
        "check_digits": "required",
    })
}

/// An invoice of the supplier to the debtor.
pub(super) fn registration(number: &str, gross: Minor) -> Value {
    json!({
        "invoice": {
            "seller": SUPPLIER.party, "buyer": DEBTOR.party, "number": number, "type": 380,
            "issue_date": "2026-11-01", "due_date": "2026-12-01", "currency": "EUR", "gross_minor": gross,
        },
        "amount_due_minor": gross,
    })
}

/// The same with other members in its core.
pub(super) fn altered(mut registration: Value, core: &Value) -> Value {
    registration["invoice"] = with(registration["invoice"].take(), core);
    registration["amount_due_minor"] = registration["invoice"]["gross_minor"].clone();
    registration
}

/// The same object with other members.
pub(super) fn with(mut object: Value, members: &Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

pub(super) fn claimed(items: &[(InvoiceId, Minor)]) -> Value {
    items.iter().map(|(id, minor)| json!({"id": id, "claimed_minor": minor})).collect()
}

pub(super) fn recording(items: &[(InvoiceId, Minor)]) -> Value {
    json!({
        "invoices": claimed(items), "currency": "EUR", "kind": "factoring", "recourse": "without",
        "disclosure": "silent", "on_conflict": "record",
    })
}

pub(super) fn disclosed(items: &[(InvoiceId, Minor)]) -> Value {
    with(recording(items), &json!({"disclosure": "disclosed"}))
}

/// The one finding of an outcome.
pub(super) fn only(outcome: &Outcome) -> Finding {
    let [finding] = outcome.findings.as_slice() else { panic!("{outcome:?}") };
    finding.clone()
}

pub(super) fn is_conflict(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Admitted && matches!(only(outcome).effect, Effect::Conflict(_))
}

pub(super) fn is_refused(outcome: &Outcome) -> bool {
    outcome.verdict == Verdict::Refused && only(outcome).effect == Effect::Refused
}

pub(super) fn is_free(outcome: &Outcome) -> bool {
    *outcome == Outcome::admitted()
}

/// The code of a rejection.
pub(super) fn code(result: Result<Outcome, Rejection>) -> &'static str {
    match result {
        Ok(outcome) => panic!("admitted: {outcome:?}"),
        Err(rejection) => rejection.code(),
    }
}
