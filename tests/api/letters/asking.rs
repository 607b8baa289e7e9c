//! From a request to a letter: who is asked where, what holds a letter up, how many go, and what the asker hears.

use serde_json::{Value, json};
use tallystick::invitation::Limits;

use crate::letters::office::{Office, token};
use crate::registry::Party;

fn all() -> Value {
    json!({"kind": "all"})
}

const DAY: i64 = 24 * 60 * 60;

#[test]
fn a_request_waits_for_an_address_and_then_for_the_operator_and_then_goes() {
    let mut office = Office::open();
    let request = office.ask(&office.bank, &office.debtor, &all());
    office.until(&["address_missing"]);
    let letter = office.letters().remove(0);
    assert_eq!((&letter["id"], &letter["request"]), (&json!("ltr_0"), &json!(request)));
    assert_eq!(
        (&letter["debtor"], &letter["asker"]),
        (&json!("0106:00000004"), &json!("0106:00000006"))
    );
    assert_eq!(letter.get("email"), None);
    // The address is new to the registry, and looks like the bank's.
    let contact = json!({"name": "Bakkerij Jansen", "email": "ap@o0st.example", "language": "nl"});
    let set = office.contact(&office.debtor, &contact);
    let odd = json!([
        {"code": "domain_first_seen"},
        {"code": "domain_resembles", "domain": "oost.example", "party": "0106:00000006"},
    ]);
    assert_eq!(set["findings"], odd);
    office.until(&["held"]);
    let held = office.registry.list(&office.registry.operator, "/v1/letters?status=held");
    assert_eq!((&held[0]["findings"], &held[0]["email"]), (&odd, &json!("ap@o0st.example")));
    assert!(office.mail().is_empty(), "nothing goes before the operator says so");
    // The operator approves what he saw, and nothing else.
    let (status, problem) = office.letter(0, "approve", &json!({"email": "ap@oost.example"}));
    assert_eq!((status, &problem["code"]), (409, &json!("letter_not_held")));
    assert!(office.mail().is_empty());
    let (status, _) = office.letter(0, "approve", &json!({"email": "ap@o0st.example"}));
    assert_eq!(status, 200);
    office.until(&["sent"]);
    token(&office.one_mail());
    let shown = office.registry.get(&office.registry.operator, "/v1/contacts/0106:00000004").json();
    assert!(shown["confirmed_at"].is_string(), "the address is known from now on");
    assert_eq!(shown["findings"][0]["code"], "domain_resembles");
    let (status, problem) = office.letter(0, "approve", &json!({"email": "ap@o0st.example"}));
    assert_eq!((status, &problem["code"]), (409, &json!("letter_not_held")), "it went");
}

#[test]
fn a_letter_to_the_askers_own_domain_is_held_even_if_the_address_was_confirmed() {
    let mut office = Office::open();
    office.reach(&office.supplier, "Drukkerij Smit", "info@smit.example", "nl");
    office.contact(&office.debtor, &json!({"name": "Jansen", "email": "jansen@mail.smit.example"}));
    let confirm = "/v1/contacts/0106:00000004/confirm";
    let email = json!({"email": "jansen@mail.smit.example"});
    office.registry.send(&office.registry.operator, "POST", confirm, &email);
    office.ask(&office.supplier, &office.debtor, &all());
    office.until(&["held"]);
    let findings = office.letters()[0]["findings"].clone();
    assert_eq!(findings, json!([{"code": "domain_of_asker", "party": "0106:00000003"}]));
    // For another asker nothing is odd.
    office.ask(&office.bank, &office.debtor, &all());
    office.until(&["held", "sent"]);
    assert_eq!(office.mail().len(), 1);
    let (status, letter) = office.letter(0, "drop", &Value::Null);
    assert_eq!((status, &letter["status"]), (200, &json!("dropped")));
    assert!(office.mail().is_empty());
}

#[test]
fn what_an_asker_hears_does_not_depend_on_whether_the_debtor_can_be_reached() {
    let mut office = Office::open();
    office.reach(&office.debtor, "Jansen", "ap@jansen.example", "en");
    let ids =
        [&office.debtor, &office.other].map(|debtor| office.ask(&office.bank, debtor, &all()));
    office.until(&["sent", "address_missing"]);
    assert_eq!(office.mail().len(), 1);
    let heard = |office: &Office, deed: &dyn Fn(&str) -> crate::registry::Answer| {
        let _ = office;
        ids.each_ref().map(|id| {
            let answer = deed(id);
            let text = answer.text().replace(id.as_str(), "ID");
            let mut json: Value = serde_json::from_str(&text).expect("JSON");
            for varying in ["request_id", "as_of"] {
                json[varying] = Value::Null;
            }
            (answer.status, json)
        })
    };
    let remind = |office: &Office| {
        let [one, other] = heard(office, &|id| {
            let path = format!("/v1/mandates/{id}/remind");
            office.registry.send(&office.bank, "POST", &path, &Value::Null)
        });
        assert_eq!(one, other);
        (one.0, one.1["code"].as_str().unwrap_or_default().to_owned())
    };
    let asked = office.registry.list(&office.bank, "/v1/mandates");
    assert_eq!(
        asked.iter().map(|it| &it["status"]).collect::<Vec<_>>(),
        ["requested", "requested"]
    );
    assert_eq!(remind(&office), (409, "reminder_too_soon".to_owned()));
    for _ in 0..3 {
        office.registry.pass(DAY);
        assert_eq!(remind(&office).0, 202);
        office.until(&["sent", "address_missing"]);
        assert_eq!(office.mail().len(), 1, "again, to the one that can be reached");
        assert_eq!(remind(&office), (409, "reminder_too_soon".to_owned()));
    }
    office.registry.pass(DAY);
    assert_eq!(remind(&office), (409, "reminder_too_soon".to_owned()), "three times in all");
    // Only who asked may remind, and only while there is no answer.
    let path = format!("/v1/mandates/{}/remind", ids[0]);
    for stranger in [&office.supplier, &office.debtor, &office.registry.operator] {
        assert_eq!(office.registry.send(stranger, "POST", &path, &Value::Null).status, 404);
    }
    grant(&office, &office.debtor, &ids[0]);
    let answer = office.registry.send(&office.bank, "POST", &path, &Value::Null);
    assert_eq!((answer.status, answer.code().as_str()), (409, "request_closed"));
}

fn grant(office: &Office, debtor: &Party, request: &str) {
    let data = json!({
        "to": office.bank.id, "scope": all(), "show": ["process"],
        "until": "2027-06-30T22:00:00Z", "request": request,
    });
    office.registry.state(debtor, "mandate.granted.v1", &data);
}

#[test]
fn a_letter_is_not_needed_once_the_request_is_answered_or_over_or_its_asker_is_suspended() {
    let mut office = Office::open();
    let answered = office.ask(&office.bank, &office.debtor, &all());
    let declined = office.ask(&office.bank, &office.debtor, &all());
    office.ask(&office.supplier, &office.debtor, &all());
    let short =
        json!({"debtor": office.debtor.id, "scope": all(), "until": office.registry.at(60)});
    office.registry.state(&office.bank, "mandate.requested.v1", &short);
    office.until(&["address_missing"; 4]);
    grant(&office, &office.debtor, &answered);
    let decline = json!({"request": declined});
    office.registry.state(&office.debtor, "mandate.declined.v1", &decline);
    let suspend = json!({"party": office.supplier.id, "reason": "other"});
    office.registry.state(&office.registry.operator, "participant.suspended.v1", &suspend);
    office.registry.pass(61);
    office.until(&["dropped"; 4]);
    office.reach(&office.debtor, "Jansen", "ap@jansen.example", "en");
    office.ask(&office.bank, &office.debtor, &all());
    office.until(&["dropped", "dropped", "dropped", "dropped", "sent"]);
    assert_eq!(office.mail().len(), 1);
}

#[test]
fn a_debtor_gets_only_so_many_letters_a_day_and_the_rest_later() {
    let limits = Limits { per_pair: 2, per_debtor: 3, ..Limits::default() };
    let mut office = Office::open_with(limits);
    office.reach(&office.debtor, "Jansen", "ap@jansen.example", "en");
    for _ in 0..3 {
        office.ask(&office.bank, &office.debtor, &all());
    }
    office.until(&["sent", "sent", "limited"]);
    office.ask(&office.supplier, &office.debtor, &all());
    office.ask(&office.supplier, &office.debtor, &all());
    office.until(&["sent", "sent", "limited", "sent", "limited"]);
    assert_eq!(office.mail().len(), 3);
    // Also over a restart.
    office.registry.restart_after(|_| ());
    office.until(&["sent", "sent", "limited", "sent", "limited"]);
    office.registry.pass(DAY);
    office.until(&["sent"; 5]);
    assert_eq!(office.mail().len(), 2);
}

#[test]
fn a_letter_is_sent_once_over_restarts_and_again_when_asked() {
    let mut office = Office::open();
    office.reach(&office.debtor, "Jansen", "ap@jansen.example", "en");
    office.ask(&office.bank, &office.debtor, &all());
    office.until(&["sent"]);
    let first = office.one_mail();
    office.registry.restart_after(|_| ());
    office.ask(&office.bank, &office.other, &all());
    office.until(&["sent", "address_missing"]);
    assert!(office.mail().is_empty());
    let (status, _) = office.letter(0, "resend", &Value::Null);
    assert_eq!(status, 200);
    office.until(&["sent", "address_missing"]);
    let second = office.one_mail();
    assert_ne!(token(&first), token(&second), "each letter has a link of its own");
}

#[test]
fn an_erased_contact_is_gone_and_its_letters_wait() {
    let mut office = Office::open();
    office.reach(&office.debtor, "Jansen", "ap@jansen.example", "en");
    let path = "/v1/contacts/0106:00000004";
    let operator = office.registry.operator.clone();
    assert_eq!(office.registry.list(&operator, "/v1/contacts").len(), 3);
    assert_eq!(office.registry.send(&operator, "DELETE", path, &Value::Null).status, 204);
    assert_eq!(office.registry.get(&operator, path).status, 404);
    assert_eq!(office.registry.list(&operator, "/v1/contacts?limit=1").len(), 2);
    office.ask(&office.bank, &office.debtor, &all());
    office.until(&["address_missing"]);
    assert!(office.mail().is_empty());
    // Nothing of it ever was in the log or in anybody's events.
    for reader in [&operator, &office.bank, &office.debtor] {
        let events = office.registry.get(reader, "/v1/events").text();
        assert!(!events.contains("jansen") && !events.contains("Jansen"), "{events}");
    }
}
