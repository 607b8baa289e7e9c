//! What holds of pledges, waivers and consents whatever is said: a part of the properties.
//!
//! What a waiver or consent may hide is asked of the statements themselves, and not of what the rules made of them.

use proptest::prelude::*;
use serde_json::json;

use super::blankets::pledging;
use super::world::*;
use crate::domain::standing::{Held, Part, Standing, exceed};
use crate::domain::{Claim, Receivable};
use crate::statement::Payload;
use crate::types::{InvoiceId, PartyId, StatementId};

/// Something that financiers agree on.
#[derive(Debug, Clone)]
pub(super) enum Agreement {
    Pledge { who: u8, of: u8, narrow: u8, refuse: bool },
    Release { who: u8, pledge: u8 },
    Waive { who: u8, pledge: u8, invoice: u8, to: u8, what: u8, hours: u8 },
    Consent { who: u8, financing: u8, to: u8, limit: u8, named: u8 },
    Withdraw { who: u8, consent: u8 },
    Share { who: u8, invoice: u8, minor: u8 },
}

pub(super) fn agreement() -> impl Strategy<Value = Agreement> {
    prop_oneof![
        3 => (0_u8..3, 0_u8..4, 0_u8..4, any::<bool>())
            .prop_map(|(who, of, narrow, refuse)| Agreement::Pledge { who, of, narrow, refuse }),
        1 => (0_u8..3, any::<u8>()).prop_map(|(who, pledge)| Agreement::Release { who, pledge }),
        3 => (0_u8..3, any::<u8>(), any::<u8>(), 0_u8..3, 0_u8..5, 0_u8..30).prop_map(
            |(who, pledge, invoice, to, what, hours)| {
                Agreement::Waive { who, pledge, invoice, to, what, hours }
            }
        ),
        3 => (0_u8..3, any::<u8>(), 0_u8..3, 0_u8..120, any::<u8>()).prop_map(
            |(who, financing, to, limit, named)| {
                Agreement::Consent { who, financing, to, limit, named }
            }
        ),
        1 => (0_u8..3, any::<u8>()).prop_map(|(who, consent)| Agreement::Withdraw { who, consent }),
        2 => (0_u8..3, any::<u8>(), 1_u8..120)
            .prop_map(|(who, invoice, minor)| Agreement::Share { who, invoice, minor }),
    ]
}

/// What was agreed so far.
#[derive(Default)]
pub(super) struct Agreed {
    pledges: Vec<StatementId>,
    consents: Vec<StatementId>,
}

const FINANCIERS: [Actor; 3] = [BANK, FACTOR, LENDER];

fn of(who: u8) -> Actor {
    FINANCIERS[usize::from(who)]
}

fn pick<T: Copy>(list: &[T], number: u8) -> Option<T> {
    usize::from(number).checked_rem(list.len()).map(|place| list[place])
}

impl Agreed {
    /// Says it; whether it is admitted is for the rules.
    pub(super) fn take(
        &mut self,
        w: &mut World,
        agreement: &Agreement,
        invoices: &[InvoiceId],
        financings: &[StatementId],
    ) -> bool {
        let (who, kind, data) = match *agreement {
            Agreement::Pledge { who, of: seller, narrow, refuse } => {
                let sellers = [SUPPLIER.party, SUPPLIER_VAT, RIVAL.party, SUPPLIER.party];
                let mut data = pledging();
                data["seller"] = json!(sellers[usize::from(seller)]);
                data["on_conflict"] = json!(if refuse { "refuse" } else { "record" });
                match narrow {
                    1 => data["debtor"] = json!(DEBTOR.party),
                    2 => data["issued_from"] = json!("2026-11-01"),
                    3 => data["issued_until"] = json!("2026-10-31"),
                    _ => {}
                }
                (who, "blanket.recorded.v1", data)
            }
            Agreement::Release { who, pledge } => {
                let Some(blanket) = pick(&self.pledges, pledge) else { return false };
                (who, "blanket.released.v1", json!({"blanket": blanket}))
            }
            Agreement::Waive { who, pledge, invoice, to, what, hours } => {
                let Some(blanket) = pick(&self.pledges, pledge) else { return false };
                let mut data = json!({"blanket": blanket});
                if what % 3 == 0 {
                    data["invoices"] = json!(pick(invoices, invoice).as_slice());
                }
                if what == 1 {
                    data["debtors"] = json!([DEBTOR.party]);
                }
                if what > 1 {
                    data["financier"] = json!(of(to).party);
                }
                if hours > 0 {
                    data["until"] = json!(w.now.plus_millis(i64::from(hours) * HOUR));
                }
                (who, "blanket.waived.v1", data)
            }
            Agreement::Consent { who, financing, to, limit, named } => {
                let Some(financing) = pick(financings, financing) else { return false };
                let mut data = json!({"financing": financing, "financier": of(to).party});
                if limit > 0 {
                    data["up_to_minor"] = json!(limit);
                    data["currency"] = json!("EUR");
                }
                if named < 80 {
                    data["invoices"] = json!(pick(invoices, named).as_slice());
                }
                (who, "cofinancing.consented.v1", data)
            }
            Agreement::Withdraw { who, consent } => {
                let Some(consent) = pick(&self.consents, consent) else { return false };
                (who, "consent.withdrawn.v1", json!({"consent": consent}))
            }
            Agreement::Share { who, invoice, minor } => {
                let Some(invoice) = pick(invoices, invoice) else { return false };
                let share = recording(&[(invoice, i64::from(minor))]);
                let share = with(share, &json!({"kind": "participation"}));
                (who, "financing.recorded.v1", share)
            }
        };
        let said = w.say(of(who), kind, &data).is_ok();
        if said && matches!(agreement, Agreement::Pledge { .. }) {
            self.pledges.push(w.last);
        }
        if said && matches!(agreement, Agreement::Waive { .. } | Agreement::Consent { .. }) {
            self.consents.push(w.last);
        }
        said
    }
}

/// What must hold of every state.
pub(super) fn assert_sound(w: &World) {
    let standing = Standing::new(&w.state, w.now);
    for row in 0..w.state.receivables_len() {
        let receivable = w.state.receivable(row).unwrap();
        let claims = standing.on(row, &receivable);
        for held in &claims {
            // Whoever meets a pledge is in an open case with it.
            for (blanket, _) in standing.pledges(&receivable, held, None) {
                let open = w.cases().into_iter().any(|case| {
                    case.cleared_at.is_none()
                        && case.claims.contains(&(row, held.id))
                        && case.blankets.contains(&blanket)
                });
                assert!(open, "{held:?} meets the pledge {blanket} and is in no conflict with it");
            }
            assert_nothing_hidden(w, &standing, &receivable, held);
        }
        assert_consented(w, &receivable, &claims);
    }
    for case in w.cases() {
        for blanket in &case.blankets {
            let row = u32::try_from(case.id.number()).unwrap();
            assert!(w.state.cases_of_blanket(*blanket).contains(&row), "both sides name the case");
        }
    }
}

fn claim_of(receivable: &Receivable, held: &Held) -> Claim {
    receivable.claims.iter().find(|claim| claim.id == held.id).unwrap().clone()
}

fn held_ever(w: &World, claim: &Claim, party: &PartyId) -> bool {
    w.state.participant_by_id(party).is_some_and(|row| claim.was_held_by(row))
}

/// A pledge that covers a claim and is not met was waived for it by a statement, or is the claim's own side's.
fn assert_nothing_hidden(w: &World, standing: &Standing<'_>, receivable: &Receivable, held: &Held) {
    let claim = claim_of(receivable, held);
    let met = standing.pledges(receivable, held, None);
    for (row, blanket) in w.state.blankets_over(
        &receivable.core.seller,
        &receivable.core.buyer,
        receivable.core.issue_date,
    ) {
        let shared = held.part.amount_minor == 0;
        let own = claim.was_held_by(blanket.holder) || blanket.position >= claim.place || shared;
        if own || met.iter().any(|(met, _)| *met == row) {
            continue;
        }
        let mine = (0..w.state.blankets_len()).filter_map(|row| w.state.blanket(row));
        let behind_own = mine
            .into_iter()
            .any(|mine| claim.was_held_by(mine.holder) && mine.position < blanket.position);
        let waived = w.log.iter().any(|said| {
            let Payload::BlanketWaived(data) = &said.statement.payload else { return false };
            let names_it = data.invoices.is_empty() || data.invoices.contains(&receivable.id);
            let mut debtors = data.debtors.iter();
            let buyer = &receivable.core.buyer;
            let to_it = data.debtors.is_empty() || debtors.any(|it| w.state.same_entity(it, buyer));
            data.blanket == blanket.statement
                && names_it
                && to_it
                && data.financier.as_ref().is_none_or(|to| held_ever(w, &claim, to))
                && data.until.is_none_or(|until| claim.since < until)
        });
        assert!(waived || behind_own, "{held:?} hides from the pledge {row} without a waiver");
    }
}

/// Two claims on one invoice that do not fit, and are in no open case together, stand by a statement of consent.
fn assert_consented(w: &World, receivable: &Receivable, claims: &[Held]) {
    for later in claims {
        for earlier in claims.iter().filter(|it| it.place < later.place) {
            // A payment is for both. What was claimed after it is looked at where it is claimed.
            let open_minor = receivable.worth_minor();
            let parts = [earlier.part, later.part].map(|part| Part { open_minor, ..part });
            let fits = earlier.holder == later.holder || !exceed(parts);
            if fits || earlier.part.amount_minor == 0 || later.part.amount_minor == 0 {
                continue;
            }
            let row = earlier.row;
            let in_one_case = w.cases().into_iter().any(|case| {
                case.cleared_at.is_none()
                    && [earlier.id, later.id].iter().all(|id| case.claims.contains(&(row, *id)))
            });
            let (of, to) = (claim_of(receivable, earlier), claim_of(receivable, later));
            let consented = w.log.iter().any(|said| {
                let Payload::CofinancingConsented(data) = &said.statement.payload else {
                    return false;
                };
                (data.invoices.is_empty() || data.invoices.contains(&receivable.id))
                    && held_ever(w, &of, &said.statement.author)
                    && held_ever(w, &to, &data.financier)
                    && data.up_to_minor.is_none_or(|limit| to.amount_minor <= limit)
            });
            assert!(in_one_case || consented, "{earlier:?} and {later:?} do not fit");
        }
    }
}
