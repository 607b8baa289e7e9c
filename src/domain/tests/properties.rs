//! What holds whatever is said, in whatever order, with whatever pauses and restarts.

use core::num::NonZeroUsize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::world::*;
use crate::domain::receivable::Receivable;
use crate::domain::standing::Standing;
use crate::domain::watch::is_same;
use crate::domain::{About, AlertCode, Column, PageSource, State, VIEWS_VERSION};
use crate::statement::Payload;
use crate::types::{CaseId, ClaimId, InvoiceId, StatementId};

/// Something that may happen. Numbers choose among what there is, so that most of it makes sense.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Time passes, in minutes.
    Pass(u32),
    Register {
        who: u8,
        number: u8,
        variant: u8,
        due: u8,
        file: u8,
    },
    Link {
        party: u8,
        alias: u8,
    },
    Reserve {
        who: u8,
        items: Vec<(u8, u8)>,
        hours: u8,
        extends: bool,
        refuse: bool,
    },
    Record {
        who: u8,
        items: Vec<(u8, u8)>,
        takes_over: bool,
        refuse: bool,
        disclosed: bool,
    },
    End {
        who: u8,
        financing: u8,
        how: u8,
        named: Option<u8>,
    },
    Transfer {
        who: u8,
        financing: u8,
        to: u8,
        named: Option<u8>,
    },
    Credit {
        invoice: u8,
        note: u8,
        minor: u8,
    },
    Cancel {
        invoice: u8,
    },
    Status {
        who: u8,
        invoice: u8,
        status: u8,
        minor: u8,
        age: u8,
    },
    Mandate {
        to: u8,
        what: u8,
        mandate: u8,
    },
    Standing {
        who: u8,
        suspend: bool,
    },
    /// A pledge of everything, its end, a waiver, a consent, a withdrawal.
    Agree(super::pledging::Agreement),
    /// A save, which may fail.
    Save {
        fails: bool,
    },
}

const FINANCIERS: [Actor; 3] = [BANK, FACTOR, LENDER];
const STATUSES: [&str; 14] = [
    "received",
    "booked",
    "queried",
    "answered",
    "approved",
    "refused",
    "payment_selected",
    "payment_initiated",
    "part_paid",
    "paid",
    "payment_reversed",
    "payment_failed",
    "assigned_confidential",
    "released",
];

pub(super) fn step() -> impl Strategy<Value = Step> {
    let items = || prop::collection::vec((any::<u8>(), 1_u8..120), 1..4);
    let named = || prop::option::weighted(0.3, any::<u8>());
    prop_oneof![
        2 => (1_u32..12_000).prop_map(Step::Pass),
        5 => (0_u8..6, 0_u8..3, 0_u8..7, 0_u8..4, 0_u8..4).prop_map(|(who, number, variant, due, file)| {
            Step::Register { who, number, variant, due, file }
        }),
        1 => (0_u8..4, 0_u8..3).prop_map(|(party, alias)| Step::Link { party, alias }),
        3 => (0_u8..3, items(), 0_u8..74, any::<bool>(), any::<bool>())
            .prop_map(|(who, items, hours, extends, refuse)| Step::Reserve { who, items, hours, extends, refuse }),
        6 => (0_u8..3, items(), any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(who, items, takes_over, refuse, disclosed)| {
                Step::Record { who, items, takes_over, refuse, disclosed }
            }),
        3 => (0_u8..3, any::<u8>(), 0_u8..3, named())
            .prop_map(|(who, financing, how, named)| Step::End { who, financing, how, named }),
        2 => (0_u8..3, any::<u8>(), 0_u8..3, named())
            .prop_map(|(who, financing, to, named)| Step::Transfer { who, financing, to, named }),
        1 => (any::<u8>(), 0_u8..3, 1_u8..120).prop_map(|(invoice, note, minor)| Step::Credit { invoice, note, minor }),
        1 => (0_u8..255).prop_map(|invoice| Step::Cancel { invoice }),
        2 => (0_u8..2, any::<u8>(), 0_u8..14, 1_u8..120, 0_u8..3).prop_map(|(who, invoice, status, minor, age)| {
            Step::Status { who, invoice, status, minor, age }
        }),
        1 => (0_u8..3, 0_u8..4, any::<u8>()).prop_map(|(to, what, mandate)| Step::Mandate { to, what, mandate }),
        1 => (0_u8..9, any::<bool>()).prop_map(|(who, suspend)| Step::Standing { who, suspend }),
        3 => super::pledging::agreement().prop_map(Step::Agree),
        1 => any::<bool>().prop_map(|fails| Step::Save { fails }),
    ]
}

/// Picks from a list.
pub(super) fn pick<T: Copy>(list: &[T], number: u8) -> Option<T> {
    usize::from(number).checked_rem(list.len()).map(|place| list[place])
}

/// A world that remembers what can be referred to.
pub(super) struct Story {
    pub(super) w: World,
    invoices: Vec<InvoiceId>,
    pub(super) financings: Vec<StatementId>,
    reservations: Vec<StatementId>,
    mandates: Vec<StatementId>,
    agreed: super::pledging::Agreed,
}

impl Story {
    pub(super) fn new() -> Self {
        let (invoices, financings, reservations, mandates) = Default::default();
        let agreed = super::pledging::Agreed::default();
        Self { w: World::new(), invoices, financings, reservations, mandates, agreed }
    }

    fn items(&self, items: &[(u8, u8)]) -> Vec<(InvoiceId, i64)> {
        let mut picked = BTreeMap::new();
        for (invoice, minor) in items {
            if let Some(id) = pick(&self.invoices, *invoice) {
                picked.insert(id, i64::from(*minor));
            }
        }
        picked.into_iter().collect()
    }

    /// Says what the step is about; whether it is admitted is for the rules.
    pub(super) fn take(&mut self, step: &Step) -> bool {
        match step.clone() {
            Step::Pass(minutes) => {
                self.w.pass(i64::from(minutes) * 60_000);
                false
            }
            Step::Register { who, number, variant, due, file } => {
                self.register(who, number, variant, due, file)
            }
            Step::Link { party, alias } => self.link(party, alias),
            Step::Reserve { who, items, hours, extends, refuse } => {
                let mut data = self.w.reservation(&self.items(&items), i64::from(hours));
                data["on_conflict"] = on_conflict(refuse);
                if let Some(earlier) = pick(&self.reservations, hours).filter(|_| extends) {
                    data["extends"] = json!(earlier);
                }
                let said = self.w.say(FINANCIERS[usize::from(who)], "financing.reserved.v1", &data);
                self.reservations.extend(said.as_ref().ok().map(|_| self.w.last));
                self.financings.extend(said.as_ref().ok().map(|_| self.w.last));
                said.is_ok()
            }
            Step::Record { who, items, takes_over, refuse, disclosed: open } => {
                let items = self.items(&items);
                let mut data = if open { disclosed(&items) } else { recording(&items) };
                data["on_conflict"] = on_conflict(refuse);
                if let Some(earlier) = self.reservations.last().filter(|_| takes_over) {
                    data["reservation"] = json!(earlier);
                }
                let said = self.w.say(FINANCIERS[usize::from(who)], "financing.recorded.v1", &data);
                self.financings.extend(said.as_ref().ok().map(|_| self.w.last));
                said.is_ok()
            }
            Step::End { who, financing, how, named } => {
                let Some(financing) = pick(&self.financings, financing) else { return false };
                let named = named.and_then(|named| pick(&self.invoices, named));
                let (kind, data) = match how {
                    0 => (
                        "financing.released.v1",
                        json!({"financing": financing, "invoices": named.into_iter().collect::<Vec<_>>()}),
                    ),
                    1 => (
                        "financing.returned.v1",
                        json!({"financing": financing, "invoices": named.into_iter().collect::<Vec<_>>()}),
                    ),
                    _ => (
                        "financing.settled.v1",
                        json!({
                            "financing": financing, "currency": "EUR",
                            "invoices": named.map(|id| json!({"id": id, "received_minor": 20})).into_iter().collect::<Vec<_>>(),
                        }),
                    ),
                };
                self.w.say(FINANCIERS[usize::from(who)], kind, &data).is_ok()
            }
            Step::Transfer { who, financing, to, named } => {
                let Some(financing) = pick(&self.financings, financing) else { return false };
                let named: Vec<_> =
                    named.and_then(|named| pick(&self.invoices, named)).into_iter().collect();
                let data = json!({"financing": financing, "to": FINANCIERS[usize::from(to)].party, "invoices": named});
                self.w.say(FINANCIERS[usize::from(who)], "financing.transferred.v1", &data).is_ok()
            }
            Step::Credit { invoice, note, minor } => {
                let Some(id) = pick(&self.invoices, invoice) else { return false };
                super::rejections::credit(&mut self.w, id, &format!("CN-{note}"), i64::from(minor))
                    .is_ok()
            }
            Step::Cancel { invoice } if invoice < 40 => {
                let Some(id) = pick(&self.invoices, invoice) else { return false };
                super::rejections::cancel(&mut self.w, id).is_ok()
            }
            Step::Cancel { .. } | Step::Save { .. } => false,
            Step::Status { who, invoice, status, minor, age } => {
                let Some(id) = pick(&self.invoices, invoice) else { return false };
                let who = [SUPPLIER, DEBTOR][usize::from(who)];
                let mut more =
                    json!({"effective_at": self.w.now.plus_millis(-i64::from(age) * HOUR)});
                let status = STATUSES[usize::from(status)];
                if matches!(status, "part_paid" | "payment_reversed") {
                    more = with(more, &json!({"amount_minor": minor, "currency": "EUR"}));
                }
                self.w.try_status(who, id, status, &more).is_ok()
            }
            Step::Mandate { to, what, mandate } => self.mandate(to, what, mandate),
            Step::Agree(agreement) => {
                self.agreed.take(&mut self.w, &agreement, &self.invoices, &self.financings)
            }
            Step::Standing { who, suspend } => {
                let who = [SUPPLIER, DEBTOR, BANK, FACTOR][usize::from(who) % 4];
                let data = json!({"party": who.party, "reason": "other"});
                let said = if suspend && self.w.said_so_far().is_multiple_of(5) {
                    self.w.say(OPERATOR, "participant.suspended.v1", &data)
                } else {
                    self.w.say(OPERATOR, "participant.reinstated.v1", &json!({"party": who.party}))
                };
                said.is_ok()
            }
        }
    }

    fn link(&mut self, party: u8, alias: u8) -> bool {
        let party = [SUPPLIER, DEBTOR, BANK, RIVAL][usize::from(party)].party;
        let alias = [SUPPLIER_VAT, STRANGER.party, "9944:NL002455799B11"][usize::from(alias)];
        let link = json!({"party": party, "alias": alias});
        self.w.say(OPERATOR, "party.linked.v1", &link).is_ok()
    }

    fn register(&mut self, who: u8, number: u8, variant: u8, due: u8, file: u8) -> bool {
        let mut data = described(number, variant, due, file);
        let who = [SUPPLIER, DEBTOR, BANK, FACTOR, LENDER, RIVAL][usize::from(who)];
        let said = self.w.say(who, "invoice.registered.v1", &data);
        if said.is_ok() {
            let id = serde_json::from_value::<crate::invoice::Core>(data["invoice"].take())
                .unwrap()
                .id();
            if !self.invoices.contains(&id) {
                self.invoices.push(id);
            }
        }
        said.is_ok()
    }

    fn mandate(&mut self, to: u8, what: u8, mandate: u8) -> bool {
        let to = FINANCIERS[usize::from(to)];
        let until = self.w.now.plus_millis(30 * DAY);
        let said = match (what, pick(&self.mandates, mandate)) {
            (0, _) => super::rejections::mandate_request(&mut self.w, to),
            (2, Some(mandate)) => {
                self.w.say(DEBTOR, "mandate.revoked.v1", &json!({"mandate": mandate}))
            }
            (3, Some(mandate)) => self.w.say(
                DEBTOR,
                "mandate.amended.v1",
                &json!({
                    "mandate": mandate, "show": ["payment"], "until": until,
                    "scope": {"kind": "suppliers", "suppliers": [SUPPLIER.party]},
                }),
            ),
            (_, request) => {
                let mut more = json!({"until": until});
                if let Some(request) = request.filter(|_| what == 1) {
                    more["request"] = json!(request);
                }
                super::rejections::grant(&mut self.w, to, &more)
            }
        };
        self.mandates.extend(said.as_ref().ok().map(|_| self.w.last));
        said.is_ok()
    }
}

/// What is said of an invoice when it is registered.
pub(super) fn described(number: u8, variant: u8, due: u8, file: u8) -> Value {
    let core = match variant {
        0 => json!({"due_date": null}),
        1 => json!({"gross_minor": 200}),
        2 => json!({"seller": SUPPLIER_VAT}),
        3 => json!({"currency": "USD"}),
        4 => json!({"buyer": "9944:NL002455799B11"}),
        5 => json!({"seller": RIVAL.party, "buyer": STRANGER.party}),
        _ => json!({}),
    };
    let mut data =
        altered(registration(&format!("INV-{number}"), 100 + i64::from(number) * 7), &core);
    if due == 0 {
        data["amount_due_minor"] = json!(60);
    }
    if file > 0 {
        data["documents"] = json!([format!("{file:064x}")]);
    }
    data
}

fn on_conflict(refuse: bool) -> Value {
    json!(if refuse { "refuse" } else { "record" })
}

/// Pages in memory.
#[derive(Default)]
struct Shelf(Mutex<BTreeMap<(Column, u32), Vec<u8>>>);

impl PageSource for Shelf {
    fn load(&self, column: Column, page: u32) -> Result<Vec<u8>, String> {
        self.0.lock().unwrap().get(&(column, page)).cloned().ok_or_else(|| "is missing".to_owned())
    }
}

impl Shelf {
    /// Saves what changed; where it fails, half of it is written and nothing is said to be safe.
    fn save(&self, state: &mut State, fails: bool) -> crate::domain::Summary {
        let (pages, summary) = state.begin_save().encode().unwrap();
        let kept = if fails { pages.len() / 2 } else { pages.len() };
        for (column, page, bytes) in pages.into_iter().take(kept) {
            self.0.lock().unwrap().insert((column, page), bytes);
        }
        if !fails {
            state.saved();
        }
        summary
    }
}

/// Lets a state keep one unchanged page of each column in memory, so that it loads all the time.
fn starve(state: &mut State, source: &Arc<dyn PageSource>) {
    let lengths = state.lengths();
    for (column, length) in state.columns_mut().into_iter().zip(lengths) {
        column.attach(Arc::clone(source), length, NonZeroUsize::new(1));
    }
}

/// Asserts that two states give the same answers.
pub(super) fn assert_same(one: &mut State, other: &mut State) {
    assert_eq!((one.fault(), other.fault()), (None, None));
    assert_eq!(one.summary(), other.summary());
    assert_eq!(one.digest().unwrap(), other.digest().unwrap());
    assert_eq!(one.index.trades_between, other.index.trades_between);
    assert_eq!(one.index.calendar, other.index.calendar);
    for row in 0..one.participants.len() {
        assert_eq!(one.feed_of(row), other.feed_of(row));
        assert_eq!(one.alerts_of(row), other.alerts_of(row));
        assert_eq!(one.financings_of(row), other.financings_of(row));
        assert_eq!(one.mandates_of(row), other.mandates_of(row));
        assert_eq!(one.registered_by(row), other.registered_by(row));
        assert_eq!(one.blankets_of(row), other.blankets_of(row));
        assert_eq!(one.consents_of(row), other.consents_of(row));
        assert_eq!(one.requests_of(row), other.requests_of(row));
        let ids = |state: &State| state.party_ids(&state.participant(row).unwrap());
        assert_eq!(ids(one), ids(other));
    }
    for row in 0..one.parties.len() {
        assert_eq!(one.trades_of_entity(row), other.trades_of_entity(row));
        assert_eq!(one.blankets_of_entity(row), other.blankets_of_entity(row));
        let id = one.parties.get(row).unwrap().id.clone();
        assert_eq!(one.participant_by_id(&id), other.participant_by_id(&id));
    }
    for row in 0..one.blankets_len() {
        assert_eq!(one.waivers_of(row), other.waivers_of(row));
        assert_eq!(one.cases_of_blanket(row), other.cases_of_blanket(row));
        let standing = |state: &State| format!("{:?}", state.blanket(row).unwrap().released);
        assert_eq!(standing(one), standing(other));
    }
    for row in 0..one.receivables_len() {
        assert_eq!(one.consents_on(row), other.consents_on(row));
        let related = |state: &State| -> Vec<(u32, String)> {
            let receivable = state.receivable(row).unwrap();
            let related = state.related(&receivable).into_iter();
            related
                .map(|it| (it.row, format!("{:?}{:?}{:?}", it.relation, it.keys, it.differs)))
                .collect()
        };
        assert_eq!(related(one), related(other));
    }
    for entry in 0..one.size() {
        let statement = one.journal_entry(entry).unwrap().statement;
        assert_eq!(other.position_of(&statement), Some(entry));
    }
}

/// Decides and applies what was admitted again, from the beginning or from a place in the log.
pub(super) fn replay(state: &mut State, w: &World, from: usize) {
    for admitted in &w.log[from..] {
        let decision = state.decide(&admitted.statement, admitted.at).unwrap();
        assert_eq!(decision.outcome, admitted.outcome);
        state.apply(&admitted.statement, admitted.at, decision);
    }
}

/// What was seen of earlier states.
#[derive(Default)]
struct Seen {
    places: BTreeMap<ClaimId, (u64, i64)>,
    cleared: BTreeSet<CaseId>,
}

/// What must hold of every state.
fn assert_sound(w: &World, seen: &mut Seen) {
    let standing = Standing::new(&w.state, w.now);
    for case in w.cases() {
        if case.cleared_at.is_some() && seen.cleared.insert(case.id) {
            let disputed = standing.disputed(&case.claims, &case.blankets);
            assert!(!disputed, "{:?} is not clear", case.id);
        }
    }
    for row in 0..w.state.receivables_len() {
        let receivable = w.state.receivable(row).unwrap();
        assert!((0..=receivable.due_minor).contains(&receivable.open_minor()));
        for claim in &receivable.claims {
            let place = (claim.place, claim.since.millis());
            assert_eq!(
                *seen.places.entry(claim.id).or_insert(place),
                place,
                "the place of {:?}",
                claim.id
            );
        }
        for (one, other) in receivable.claims.iter().zip(receivable.claims.iter().skip(1)) {
            assert!(one.id < other.id);
        }
        for related in w.state.related(&receivable) {
            let back = w.state.related(&related.receivable);
            assert!(back.iter().any(|back| back.row == row && back.relation == related.relation));
        }
    }
    for case in w.cases() {
        let claims = &case.claims;
        assert_eq!(claims.len(), claims.iter().collect::<BTreeSet<_>>().len());
        for (row, claim) in claims {
            let receivable = w.state.receivable(*row).unwrap();
            assert!(receivable.cases.contains(&case.id));
            assert!(receivable.claims.iter().any(|known| known.id == *claim));
        }
    }
    for alert in 0..w.state.alerts_len() {
        let alert = w.state.alert(alert).unwrap();
        if let About::Blanket { row, .. } = alert.about {
            assert_eq!(w.state.blanket(row).unwrap().holder, alert.to);
        }
        let Some(row) = alert.receivable() else { continue };
        let on = w.state.receivable(row).unwrap();
        let holds = on.claims.iter().any(|claim| claim.was_held_by(alert.to));
        assert!(
            holds,
            "an alert is about an invoice on which one holds or held a right: {alert:?}",
            alert = *alert
        );
    }
    assert_told(w);
    super::pledging::assert_sound(w);
    // After the statement said last, whatever claim it made or moved fits or is in an open conflict.
    let Some(last) = w.log.last().filter(|last| last.at == w.now) else { return };
    let claims_changed = matches!(
        last.statement.payload,
        Payload::FinancingRecorded(_)
            | Payload::FinancingReserved(_)
            | Payload::FinancingTransferred(_)
    );
    if !claims_changed {
        return;
    }
    let Some(crate::domain::Subject::Financing(financing)) = w.state.subject_of(&last.statement.id)
    else {
        return;
    };
    let mut rows: BTreeSet<u32> = BTreeSet::new();
    for row in &w.state.financing(financing).unwrap().receivables {
        let receivable = w.state.receivable(*row).unwrap();
        if receivable.active_claims(w.now).any(|claim| claim.financing == financing) {
            rows.extend(standing.around(*row, &receivable).iter().map(|claim| claim.held.row));
        }
    }
    for row in rows {
        let receivable = w.state.receivable(row).unwrap();
        let around = standing.around(row, &receivable);
        let held: Vec<_> = around.iter().map(|claim| claim.held).collect();
        for clash in standing.clashes(&held, None) {
            let open = w.cases().into_iter().any(|case| {
                case.cleared_at.is_none()
                    && clash.iter().all(|it| case.claims.contains(&(it.row, it.id)))
            });
            assert!(open, "{around:?} do not fit and are in no conflict");
        }
    }
}

/// Whom the statement said last told what.
fn assert_told(w: &World) {
    let Some(last) = w.log.last() else { return };
    let position = w.state.size() - 1;
    let alerts = (0..w.state.alerts_len()).filter_map(|row| w.state.alert(row));
    let alerts: Vec<_> = alerts.filter(|alert| alert.position == position).collect();
    let author = w.state.participant_by_id(&last.statement.author);
    let of_time = [AlertCode::ApprovalOverdue, AlertCode::MandateExpired];
    // Whoever links two invoices by what he registers may find himself in a conflict.
    let of_claimant = [AlertCode::CircularTrade, AlertCode::OwnCopy];
    let of_author = of_time.iter().chain(&of_claimant).chain(&[AlertCode::SecondClaim]);
    let of_author: BTreeSet<AlertCode> = of_author.copied().collect();
    let mut told = BTreeSet::new();
    for alert in &alerts {
        assert!(Some(alert.to) != author || of_author.contains(&alert.code), "{:?}", **alert);
        let about = if matches!(alert.about, About::Blanket { .. }) {
            format!("{:?}", (alert.about, alert.case))
        } else {
            format!("{:?}", (alert.receivable(), alert.case))
        };
        assert!(told.insert((alert.to, alert.code, about)), "told twice: {:?}", **alert);
    }
    let (code, id) = if let Payload::InvoiceCancelled(data) = &last.statement.payload {
        (AlertCode::Cancelled, data.invoice)
    } else if let Payload::InvoiceCredited(data) = &last.statement.payload {
        (AlertCode::Credited, data.invoice)
    } else {
        return;
    };
    // Exactly those who hold a claim, on the invoice or on one that is the same receivable.
    let (row, receivable) = w.state.receivable_by_id(&id).unwrap();
    // As it was before: an invoice that has ended is judged otherwise.
    let receivable = Receivable { end: None, ..receivable.clone() };
    let related = w.state.related(&receivable);
    let same = related.iter().filter(|it| is_same(it.relation));
    let mut expected = BTreeSet::new();
    for (row, on) in
        [(row, &receivable)].into_iter().chain(same.map(|it| (it.row, &*it.receivable)))
    {
        let holders = on.active_claims(last.at).map(|claim| (claim.holder, row));
        expected.extend(holders.filter(|(holder, _)| Some(*holder) != author));
    }
    let holders: BTreeSet<u32> = expected.iter().map(|(holder, _)| *holder).collect();
    let by_relation = |row: u32| related.iter().any(|it| it.row == row && !is_same(it.relation));
    let told = alerts.iter().filter(|alert| alert.code == code);
    let told = told.map(|alert| (alert.to, alert.receivable().unwrap()));
    // Of another invoice of the same order hears who was not told already.
    let told = told.filter(|(to, row)| !by_relation(*row) || holders.contains(to)).collect();
    assert_eq!(expected, told);
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn a_state_is_the_same_live_rebuilt_and_taken_up(steps in prop::collection::vec(step(), 1..70), cut: u8) {
        let mut story = Story::new();
        let shelf = Arc::new(Shelf::default());
        let source: Arc<dyn PageSource> = Arc::<Shelf>::clone(&shelf);
        // The live state loads what it saved all the time.
        shelf.save(&mut story.w.state, false);
        starve(&mut story.w.state, &source);
        let mut seen = Seen::default();
        let half = usize::from(cut) * steps.len() / 256;
        let mut taken_up = None;
        for (number, step) in steps.iter().enumerate() {
            if let Step::Save { fails } = step {
                shelf.save(&mut story.w.state, *fails);
            } else if story.take(step) {
                assert_sound(&story.w, &mut seen);
            }
            if number == half {
                // A copy as of here, on a shelf of its own.
                let summary = shelf.save(&mut story.w.state, false);
                let copy = Shelf(Mutex::new(shelf.0.lock().unwrap().clone()));
                let copy: Arc<dyn PageSource> = Arc::new(copy);
                let mut state = State::load(origin(), &summary, &copy).unwrap();
                starve(&mut state, &copy);
                taken_up = Some((state, story.w.log.len()));
            }
        }
        let w = &mut story.w;
        let mut rebuilt = State::new(origin());
        replay(&mut rebuilt, w, 0);
        assert_same(&mut w.state, &mut rebuilt);
        if let Some((mut state, from)) = taken_up {
            replay(&mut state, w, from);
            assert_same(&mut state, &mut rebuilt);
        }
        let summary = shelf.save(&mut w.state, false);
        let mut last = State::load(origin(), &summary, &source).unwrap();
        assert_same(&mut last, &mut rebuilt);
    }

    #[test]
    fn no_value_makes_deciding_panic(
        amounts in prop::collection::vec(prop_oneof![any::<i64>(), Just(i64::MAX), Just(i64::MIN), Just(1)], 6),
        times in prop::collection::vec(prop_oneof![0_i64..=253_402_300_799_999, Just(253_402_300_799_999), Just(0)], 3),
        now in prop_oneof![0_i64..=253_402_300_799_999, Just(253_402_300_799_999), Just(0)],
    ) {
        let mut w = World::new();
        let id = w.invoice("1", crate::types::MINOR_MAX);
        w.finance(BANK, &[(id, 5)]);
        let financing = w.last;
        w.now = crate::types::Timestamp::from_millis(now).unwrap();
        let time = |n: usize| crate::types::Timestamp::from_millis(times[n]).unwrap();
        let mut odd = registration("2", amounts[0]);
        odd["amount_due_minor"] = json!(amounts[1]);
        for (who, kind, data) in [
            (SUPPLIER, "invoice.registered.v1", odd),
            (SUPPLIER, "invoice.credited.v1", json!({
                "invoice": id, "credit_note": "x", "issue_date": "9999-12-31", "currency": "EUR", "amount_minor": amounts[2]
            })),
            (DEBTOR, "status.reported.v1", json!({
                "invoice": id, "status": "part_paid", "effective_at": time(0), "source": {"kind": "ledger"},
                "amount_minor": amounts[3], "currency": "EUR"
            })),
            (BANK, "financing.recorded.v1", with(recording(&[(id, amounts[4])]), &json!({"advanced_minor": amounts[5]}))),
            (FACTOR, "financing.reserved.v1", with(w.reservation(&[(id, amounts[4])], 1), &json!({"until": time(1)}))),
            (BANK, "financing.settled.v1", json!({
                "financing": financing, "currency": "EUR", "invoices": [{"id": id, "received_minor": amounts[5]}]
            })),
            (DEBTOR, "mandate.granted.v1", json!({
                "to": BANK.party, "scope": {"kind": "all"}, "show": ["process"], "from": time(0), "until": time(2)
            })),
        ] {
            drop(w.say(who, kind, &data));
            prop_assert!(w.open_minor(id) >= 0);
        }
    }
}

#[test]
fn views_of_another_version_or_with_a_page_missing_are_not_taken_up() {
    let mut w = World::new();
    w.invoice("1", 100);
    let shelf = Arc::new(Shelf::default());
    let source: Arc<dyn PageSource> = Arc::<Shelf>::clone(&shelf);
    let summary = shelf.save(&mut w.state, false);
    let older = crate::domain::Summary { version: VIEWS_VERSION - 1, ..summary.clone() };
    assert!(State::load(origin(), &older, &source).is_err());
    State::load(origin(), &summary, &source).map_err(|_| ()).unwrap();
    shelf.0.lock().unwrap().remove(&(State::COLUMNS[2], 0));
    assert!(State::load(origin(), &summary, &source).is_err());
}
