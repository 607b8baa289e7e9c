//! What a letter says, in which form, and that nothing in it is what somebody else made of it.

use serde_json::{Value, json};

use crate::letters::office::{Office, header, part, token};
use crate::registry::{Party, invoice, invoice_id};

/// The text of a part with line breaks as spaces.
fn flat(mail: &Value, number: usize) -> String {
    part(mail, number).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_letter_says_who_asks_why_for_which_invoices_and_until_when_in_three_languages() {
    let said = [
        (
            "nl",
            "Kredietbank Oost vraagt inzage in de status van facturen van Drukkerij Smit",
            [
                "Kredietbank Oost vraagt Bakkerij Jansen om inzage in de status van facturen",
                "Kredietbank Oost (0106:00000006)",
                "financiert leveranciers en wil kunnen zien",
                "de facturen van Drukkerij Smit",
                "30 juni 2027 om 22:00 uur (UTC)",
                "De link werkt één keer, tot 5 december 2026",
                "Kredietbank Oost heeft dat adres niet opgegeven",
            ],
        ),
        (
            "en",
            "Kredietbank Oost asks to see the status of invoices from Drukkerij Smit",
            [
                "Kredietbank Oost asks Bakkerij Jansen to be allowed to see the status of invoices",
                "Kredietbank Oost (0106:00000006)",
                "finances suppliers and would like to see",
                "the invoices from Drukkerij Smit",
                "30 June 2027 at 22:00 (UTC)",
                "The link works once, until 5 December 2026",
                "Kredietbank Oost did not give that address",
            ],
        ),
        (
            "fr",
            "Kredietbank Oost demande à voir le statut des factures de Drukkerij Smit",
            [
                "Kredietbank Oost demande à Bakkerij Jansen de pouvoir consulter le statut",
                "Kredietbank Oost (0106:00000006)",
                "finance des fournisseurs et souhaite voir",
                "les factures de Drukkerij Smit",
                "30 juin 2027 à 22:00 (UTC)",
                "Le lien fonctionne une seule fois, jusqu’au 5 décembre 2026",
                "Kredietbank Oost n’a pas fourni cette adresse",
            ],
        ),
    ];
    for (language, subject, sentences) in said {
        let mut office = Office::open();
        office.reach(&office.debtor, "Bakkerij Jansen", "ap@jansen.example", language);
        let scope = json!({"kind": "suppliers", "suppliers": [office.supplier.id]});
        office.ask(&office.bank, &office.debtor, &scope);
        office.until(&["sent"]);
        let mail = office.one_mail();
        assert_eq!(header(&mail, "subject"), [subject]);
        assert_eq!(header(&mail, "content-language"), [language]);
        for number in [0, 1] {
            let text = flat(&mail, number);
            for sentence in sentences {
                assert!(text.contains(sentence), "{sentence}\n{text}");
            }
        }
        assert!(part(&mail, 1).contains(&format!("<html lang=\"{language}\">")));
        token(&mail);
    }
}

#[test]
fn a_letter_is_a_message_as_mail_programs_expect_it() {
    let mut office = Office::open();
    office.reach(&office.debtor, "Bakkerij Jansen", "ap@jansen.example", "nl");
    office.ask(&office.supplier, &office.debtor, &json!({"kind": "all"}));
    office.until(&["sent"]);
    let mail = office.one_mail();
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(mail["type"], "multipart/alternative");
    for once in [
        "from",
        "to",
        "reply-to",
        "subject",
        "date",
        "message-id",
        "mime-version",
        "content-type",
        "auto-submitted",
    ] {
        assert_eq!(header(&mail, once).len(), 1, "{once}: {:#}", mail["headers"]);
    }
    assert_eq!(mail["to"], json!(["ap@jansen.example"]));
    assert_eq!(mail["to_name"], json!(["Bakkerij Jansen"]));
    assert_eq!(header(&mail, "from"), ["Registry of Trials <registry@registry.example>"]);
    assert_eq!(header(&mail, "reply-to"), ["Jo Clerk <desk@registry.example>"]);
    assert_eq!(header(&mail, "auto-submitted"), ["auto-generated"]);
    let id = &header(&mail, "message-id")[0];
    assert!(id.starts_with("<ltr_0.") && id.ends_with("@registry.example>"), "{id}");
    assert!(header(&mail, "date")[0].starts_with("Sat, 21 Nov 2026"), "the registry's clock");
    let parts = mail["parts"].as_array().expect("parts");
    let kinds: Vec<&Value> = parts.iter().map(|part| &part["type"]).collect();
    assert_eq!(kinds, ["text/plain", "text/html"], "the plain one first");
    for part in parts {
        assert_eq!(part["charset"], "utf-8");
        let headers = part["headers"].as_array().expect("headers");
        assert_eq!(headers.iter().filter(|name| **name == "content-type").count(), 1);
    }
    // Nothing is fetched when it is opened: no pictures, no scripts, no styles from elsewhere.
    let rich = part(&mail, 1);
    for fetched in ["<img", "<script", "<link", "src=", "@import", "url("] {
        assert!(!rich.contains(fetched), "{fetched}");
    }
    let text = flat(&mail, 0);
    assert!(text.contains("Drukkerij Smit levert aan u"), "{text}");
    assert!(text.contains("alle facturen die u ontvangt"), "{text}");
}

#[test]
fn a_hostile_name_is_shown_and_does_nothing() {
    let evil = "<script>alert(1)</script>\"'&{{7*7}} <x@evil.example>, y@evil.example";
    let mut office = Office::open();
    office.contact(&office.bank, &json!({"name": evil, "email": "desk@oost.example"}));
    office.reach(&office.debtor, evil, "ap@jansen.example", "en");
    office.ask(&office.bank, &office.debtor, &json!({"kind": "all"}));
    office.until(&["sent"]);
    let mail = office.one_mail();
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(mail["to"], json!(["ap@jansen.example"]), "one receiver");
    // Python's parser puts a space where a long name was folded.
    let bare = |text: &str| text.replace(' ', "");
    assert_eq!(bare(mail["to_name"][0].as_str().expect("a name")), bare(evil));
    assert_eq!(
        header(&mail, "subject"),
        [format!("{evil} asks to see the status of your invoices")]
    );
    assert!(part(&mail, 0).contains(evil));
    let rich = part(&mail, 1);
    assert!(!rich.contains("<script") && !rich.contains("<x@evil"), "{rich}");
    assert!(
        rich.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;{{7*7}}"),
        "{rich}"
    );
    token(&mail);
}

#[test]
fn a_name_that_breaks_a_header_or_turns_the_writing_is_refused() {
    let office = Office::open();
    let path = format!("/v1/contacts/{}", office.debtor.id);
    for (name, email) in [
        ("A\r\nBcc: x@evil.example", "ap@jansen.example"),
        ("A\u{202e}B", "ap@jansen.example"),
        ("", "ap@jansen.example"),
        ("Jansen", "ap@jansen.example\r\nBcc: x@evil.example"),
        ("Jansen", "ap@jansen.example, x@evil.example"),
        ("Jansen", "ap@jänsen.example"),
        ("Jansen", "jansen"),
    ] {
        let body = json!({"name": name, "email": email});
        let answer = office.registry.send(&office.registry.operator, "PUT", &path, &body);
        assert_eq!((answer.status, answer.code().as_str()), (422, "contact_invalid"), "{name:?}");
        assert!(!answer.text().contains("evil"), "what was sent is not sent back");
    }
}

#[test]
fn invoices_are_named_by_number_day_and_seller_and_others_are_only_counted() {
    let mut office = Office::open();
    office.reach(&office.debtor, "Bakkerij Jansen", "ap@jansen.example", "en");
    let registry = &office.registry;
    let mut ids = Vec::new();
    for number in ["2026-0042", "www.evil.example/login"] {
        let data = invoice(&office.supplier, &office.debtor, number, 12_345);
        registry.state(&office.supplier, "invoice.registered.v1", &data);
        ids.push(invoice_id(&data));
    }
    // One to somebody else, and one that nobody registered.
    let others = invoice(&office.supplier, &office.other, "SECRET-7", 99_000);
    registry.state(&office.supplier, "invoice.registered.v1", &others);
    ids.push(invoice_id(&others));
    ids.push(invoice_id(&invoice(&office.supplier, &office.debtor, "none", 1)));
    // One that only another bank registered: that is its secret.
    let silent = Party::new("0106:00000007", 7);
    registry.admit(&silent, &["financier"]);
    let quiet = invoice(&office.supplier, &office.debtor, "SECRET-8", 88_000);
    registry.state(&silent, "invoice.registered.v1", &quiet);
    ids.push(invoice_id(&quiet));
    office.ask(&office.bank, &office.debtor, &json!({"kind": "invoices", "invoices": ids}));
    office.until(&["sent"]);
    let mail = office.one_mail();
    for number in [0, 1] {
        let text = flat(&mail, number);
        assert!(text.contains("5 invoices"), "{text}");
        assert!(text.contains("2026-0042 of 1 October 2026, from Drukkerij Smit"), "{text}");
        assert!(text.contains("www evil example/login of 1 October 2026"), "{text}");
        assert!(text.contains("and 3 more"), "{text}");
        for hidden in ["SECRET", "12345", "123.45", "123,45"] {
            assert!(!text.contains(hidden), "{hidden}: {text}");
        }
    }
}
