//! Companies that do not exist: party ids with the check digits of their country, a second id, an account.

use crate::cli::bench::detect::chance::Chance;
use crate::types::PartyId;

/// A company.
#[derive(Debug, Clone)]
pub(super) struct Company {
    /// Its register number.
    pub(super) id: PartyId,
    /// Another id of it: its VAT number, or a location number.
    pub(super) alias: Option<PartyId>,
    /// Whether the alias follows from the id by itself, without a link.
    pub(super) alias_is_derived: bool,
    /// The account that it is paid on.
    pub(super) account: String,
}

/// An id that its check digits fit, with a random middle part.
fn valid(
    chance: &mut Chance,
    make: impl Fn(&str, u64) -> String,
    digits: usize,
) -> Option<PartyId> {
    (0..40_u64).find_map(|_| {
        let middle = chance.digits(digits);
        let mut ids = (0..100).filter_map(|check| make(&middle, check).parse::<PartyId>().ok());
        ids.find(PartyId::is_valid)
    })
}

impl Company {
    /// Makes one. Sellers of the euro area and around it.
    pub(super) fn new(chance: &mut Chance) -> Option<Self> {
        let account = format!("ACC{}", chance.digits(14));
        let location = |chance: &mut Chance| {
            valid(chance, |middle, check| format!("0088:{middle}{}", check % 10), 12)
        };
        let (id, alias, alias_is_derived) = match chance.below(10) {
            0..=4 => {
                let id = format!("0106:{}", chance.digits(8)).parse().ok();
                let vat =
                    valid(chance, |middle, check| format!("9944:NL{middle}{}B01", check % 10), 8);
                (id, vat, false)
            }
            5 => {
                let id = valid(chance, |middle, check| format!("0208:0{middle}{check:02}"), 7);
                let vat = id.as_ref().map(|id| format!("9925:BE{}", id.value()));
                (id, vat.and_then(|vat| vat.parse().ok()), true)
            }
            6 => {
                let id = valid(chance, |middle, check| format!("0002:{middle}{}", check % 10), 8);
                let siren = id.as_ref().map(PartyId::value).unwrap_or_default();
                let mut keys = (0..97_u32)
                    .filter_map(|key| format!("9957:FR{key:02}{siren}").parse::<PartyId>().ok());
                let vat = keys.find(PartyId::is_valid);
                (id, vat, true)
            }
            7 | 8 => {
                let id = valid(chance, |middle, check| format!("9930:DE{middle}{}", check % 10), 8);
                (id, location(chance), false)
            }
            _ => {
                let id =
                    valid(chance, |middle, check| format!("0211:IT{middle}015{}", check % 10), 7);
                (id, location(chance), false)
            }
        };
        Some(Self { id: id?, alias, alias_is_derived, account })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_company_has_ids_that_a_live_registry_takes() {
        let mut chance = Chance::new(7);
        for _ in 0..300 {
            let company = Company::new(&mut chance).expect("a company");
            let alias = company.alias.expect("an alias");
            assert!(company.id.is_valid() && alias.is_valid(), "{} {alias}", company.id);
            assert_eq!(alias.canonical() == company.id, company.alias_is_derived, "{alias}");
        }
    }
}
