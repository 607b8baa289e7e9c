//! What is odd about an address: shown to the operator before anything is sent there. Functions of values.
//!
//! An attack on mandates needs a mailbox: one at a domain that looks like the debtor's, or one of the asking side's. A domain
//! that nobody had before, one that resembles another, and one that is another participant's are each a
//! finding. A finding never decides: the operator does, who can call the debtor at a number that he knows.

use serde::Serialize;
use utoipa::ToSchema;

use crate::invitation::contact::{Contact, Email};
use crate::types::PartyId;

/// Something odd about an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
#[schema(as = ContactFinding)]
pub enum Finding {
    /// No address at this domain was confirmed before.
    DomainFirstSeen,
    /// The domain stands for one in another alphabet, where letters look like others.
    DomainInternationalised,
    /// It looks like the domain of another participant.
    DomainResembles {
        /// The domain that it looks like.
        domain: String,
        /// Whose that is.
        party: PartyId,
    },
    /// It is the domain of another participant.
    DomainShared {
        /// Whose.
        party: PartyId,
    },
    /// It is the domain of the participant that asks.
    DomainOfAsker {
        /// Who asks.
        party: PartyId,
    },
}

/// The most findings that are told of one kind.
const TOLD_MAX: usize = 5;

/// What is odd about an address, given all contacts.
pub(super) fn findings<'a>(
    party: &PartyId,
    email: &Email,
    all: impl Iterator<Item = &'a Contact>,
) -> Vec<Finding> {
    let domain = email.domain();
    let (mut first, mut shared, mut alike) = (true, Vec::new(), Vec::new());
    for other in all {
        let Some(known) = other.email.as_ref().map(Email::domain) else { continue };
        let same = within(domain, known) || within(known, domain);
        first &= !(same && other.confirmed_at.is_some());
        if other.party == *party {
            continue;
        }
        let of = other.party.clone();
        if same && shared.len() < TOLD_MAX {
            shared.push(Finding::DomainShared { party: of });
        } else if !same && alike.len() < TOLD_MAX && resembles(domain, known) {
            alike.push(Finding::DomainResembles { domain: known.to_owned(), party: of });
        }
    }
    let mut found = Vec::new();
    if first {
        found.push(Finding::DomainFirstSeen);
    }
    if domain.split('.').any(|label| label.starts_with("xn--")) {
        found.push(Finding::DomainInternationalised);
    }
    found.append(&mut alike);
    found.append(&mut shared);
    found
}

/// Whether a letter that somebody asked for would go to its own domain.
pub(super) fn asker_finding(email: &Email, asker: &Contact) -> Option<Finding> {
    let own = asker.email.as_ref()?.domain();
    let domain = email.domain();
    let same = within(domain, own) || within(own, domain);
    same.then(|| Finding::DomainOfAsker { party: asker.party.clone() })
}

/// Whether a domain is another one or lies below it.
fn within(domain: &str, other: &str) -> bool {
    let rest = domain.strip_suffix(other);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether one domain could be taken for the other, whatever they end with.
fn resembles(one: &str, other: &str) -> bool {
    let (one, other) = (outline(one), outline(other));
    let (short, long) = if one.len() <= other.len() { (&one, &other) } else { (&other, &one) };
    let letters = short.chars().count();
    one == other
        || (letters >= 5 && long.contains(short.as_str()))
        || (letters >= 5 && one_slip(&one, &other))
}

/// How the telling label of a domain looks at a glance: without hyphens, and with one letter for those that look alike.
fn outline(domain: &str) -> String {
    let name = domain.rsplit_once('.').map_or(domain, |(name, _)| name);
    // Of `mail.firm.co` it is `firm` that people know.
    let label = name.split('.').rev().max_by_key(|label| label.len()).unwrap_or(name);
    let plain: String = label
        .chars()
        .filter(|c| *c != '-')
        .map(|c| match c {
            '0' => 'o',
            '1' | 'i' | 'j' => 'l',
            '5' => 's',
            '8' => 'b',
            '9' | 'q' => 'g',
            'u' => 'v',
            c => c,
        })
        .collect();
    plain.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace("nn", "m")
}

/// Whether two texts differ by one letter that is another, missing, or has changed places with its neighbour.
fn one_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let ahead = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (one.get(ahead..).unwrap_or(&[]), other.get(ahead..).unwrap_or(&[]));
    let behind = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let inner = |text: &[char]| -> Vec<char> {
        text.iter().take(text.len().saturating_sub(behind)).copied().collect()
    };
    match (inner(one).as_slice(), inner(other).as_slice()) {
        ([], [_]) | ([_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::invitation::contact::Language;
    use crate::types::Timestamp;

    fn contact(party: &str, email: &str, confirmed: bool) -> Contact {
        let now = Timestamp::default();
        Contact {
            party: party.parse().unwrap(),
            name: "N".to_owned(),
            email: Some(email.parse().unwrap()),
            language: Language::English,
            set_at: now,
            confirmed_at: confirmed.then_some(now),
        }
    }

    fn codes(email: &str, all: &[Contact]) -> Vec<String> {
        let party = "0106:00000009".parse().unwrap();
        let found = findings(&party, &email.parse().unwrap(), all.iter());
        let code =
            |it: &Finding| serde_json::to_value(it).unwrap()["code"].as_str().unwrap().to_owned();
        found.iter().map(code).collect()
    }

    #[test]
    fn domains_that_could_be_taken_for_each_other_are_found_and_others_are_not() {
        for (one, other) in [
            ("bakker.example", "bakker.test"),
            ("bakker.example", "bakkker.example"),
            ("bakker.example", "baker.example"),
            ("bakker.example", "bakekr.example"),
            ("bakker.example", "bakker-invoices.test"),
            ("bakker.example", "bak-ker.example"),
            ("molen.example", "rnolen.example"),
            ("wonen.example", "vvonen.example"),
            ("staal10.example", "staallo.example"),
            ("bakker.example", "mail.bakkers.example"),
        ] {
            assert!(resembles(one, other) && resembles(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("bakker.example", "slager.example"),
            ("ing.example", "eng.example"),
            ("bakker.example", "bakmeesters.example"),
            ("abc.example", "abcdef.example"),
        ] {
            assert!(!resembles(one, other) && !resembles(other, one), "{one} {other}");
        }
    }

    #[test]
    fn what_is_odd_about_an_address_is_said() {
        let known = [contact("0106:00000001", "ap@bakker.example", true)];
        assert_eq!(codes("ap@slager.example", &known), ["domain_first_seen"]);
        assert_eq!(codes("x@bakker.example", &known), ["domain_shared"]);
        assert_eq!(codes("x@mail.bakker.example", &known), ["domain_shared"]);
        assert_eq!(codes("x@bakkerr.example", &known), ["domain_first_seen", "domain_resembles"]);
        assert_eq!(
            codes("x@xn--bcher-kva.example", &known),
            ["domain_first_seen", "domain_internationalised"]
        );
        // What nobody confirmed is not known, and neither is what only ends alike.
        let unconfirmed = [contact("0106:00000001", "ap@bakker.example", false)];
        assert_eq!(codes("x@bakker.example", &unconfirmed), ["domain_first_seen", "domain_shared"]);
        assert_eq!(codes("x@kker.example", &known), ["domain_first_seen"]);
        // One's own address is not somebody else's.
        let own = [contact("0106:00000009", "ap@bakker.example", true)];
        assert_eq!(codes("new@bakker.example", &own), [""; 0]);
    }

    #[test]
    fn a_letter_to_the_askers_own_domain_is_found() {
        let asker = contact("0106:00000002", "info@bank.example", true);
        let finding = |email: &str| asker_finding(&email.parse().unwrap(), &asker);
        assert!(finding("debtor@bank.example").is_some());
        assert!(finding("debtor@mail.bank.example").is_some());
        assert!(finding("debtor@riverbank.example").is_none());
    }
}
