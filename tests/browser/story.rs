//! From the link in a letter to what the financier sees, and back, in a browser.

use serde_json::json;

use crate::driver::{Browser, Look, PHONE};
use crate::registry::{DEBTOR, FINANCIER, Registry, SUPPLIER};

/// What the financier sees of an axis of an invoice; nothing where it does not see the invoice.
fn seen(registry: &Registry, invoice: &str, axis: &str) -> Option<String> {
    let (status, body) = registry.read(FINANCIER, &format!("/v1/invoices/{invoice}"));
    let state = body["axes"][axis]["state"].as_str();
    (status == 200).then(|| state.unwrap_or("(nothing)").to_owned())
}

#[test]
fn a_debtor_lets_a_financier_see_says_what_became_of_an_invoice_and_stops_it_again() {
    let Some(browser) = Browser::open(PHONE) else { return };
    let registry = Registry::start(true);
    let invoice = registry.register(DEBTOR, "2026-0042", 123_456);
    let other = registry.register(DEBTOR, "2026-0043", 9_900);
    registry.reach();
    registry.ask(&json!({"kind": "suppliers", "suppliers": [SUPPLIER]}));
    let link = registry.letter(&[]);

    // What opens links does no harm, and the page says who asks before anything can be pressed.
    browser.go(&link);
    browser.go(&link);
    browser.wait("Noord Factoring N.V.");
    assert!(browser.text().contains("Bakkerij Jansen B.V."), "{}", browser.text());
    browser.picture("1-link");
    browser.press("button[value=choose]");

    // The choice as it was asked for; then what is signed, in words and exactly.
    browser.wait("Welke facturen?");
    browser.picture("2-choose");
    browser.press("form[action='/mandate/choose'] button");
    browser.wait("Lezen en ondertekenen");
    browser.wait("mag de status zien");
    browser.picture("3-sign");
    assert_eq!(seen(&registry, &invoice, "process"), None, "nothing before it is signed");
    let shown = browser.run("return document.querySelector('[data-statement]').textContent");
    browser.press("form[data-sign] button");
    browser.wait("Ondertekend en vastgelegd");
    browser.picture("4-done");
    assert_eq!(seen(&registry, &invoice, "process").as_deref(), Some("(nothing)"));

    // What is in the log is what was shown, and the key is bound to the registered address only.
    let (_, mandates) = registry.read(DEBTOR, "/v1/mandates");
    let granted = &mandates["data"][1];
    assert_eq!((&granted["status"], &granted["holder"]), (&json!("active"), &json!(FINANCIER)));
    let shown: serde_json::Value =
        serde_json::from_str(shown.as_str().expect("text")).expect("JSON");
    assert_eq!(shown["data"]["until"], granted["until"]);
    let (_, debtor) = registry.read(DEBTOR, &format!("/v1/participants/{DEBTOR}"));
    assert_eq!(debtor["keys"][1]["assurance"], "email-link");
    let exported = browser.run(
        "return new Promise((done) => { const open = indexedDB.open('tallystick'); open.onsuccess = () => {
           const all = open.result.transaction('keys').objectStore('keys').getAll();
           all.onsuccess = () => crypto.subtle.exportKey('pkcs8', all.result[0].privateKey)
             .then(() => done('taken'), () => done('kept')); }; })",
    );
    assert_eq!(exported, "kept", "the private key cannot be read, not even by the page");

    // Confirming by hand.
    browser.press("a[href='/mandate/invoices'].button");
    browser.wait("Wat is er met deze facturen gebeurd?");
    browser.picture("5-invoices");
    browser.press(&format!("select[name='state.{invoice}'] option[value=approved]"));
    browser.press(&format!("select[name='state.{other}'] option[value=queried]"));
    browser.press(&format!("select[name='reason.{other}'] option[value=QTY]"));
    browser.press("form[action^='/mandate/invoices'] .choices button");
    browser.wait("Factuur 2026-0042 van Bakkerij Jansen B.V.");
    browser.picture("6-sign-two");
    browser.press("form[data-sign] button");
    browser.wait("Ondertekend en vastgelegd");
    assert_eq!(seen(&registry, &invoice, "process").as_deref(), Some("approved"));
    assert_eq!(seen(&registry, &other, "process").as_deref(), Some("queried"));

    // A later visit needs a fresh link; this browser's key is known by then.
    browser.press("footer button.link");
    browser.wait("Dit bezoek is voorbij");
    browser.go(&registry.link(None));
    browser.press("button[value=home]");
    browser.wait("Machtigingen die u gaf");
    browser.picture("7-home");
    browser.press("form[action='/mandate/stop'] button");
    browser.wait("eindigt nu");
    browser.press("form[data-sign] button");
    browser.wait("Ondertekend en vastgelegd");
    assert_eq!(seen(&registry, &invoice, "process"), None, "it ends at once");
    browser.press("a[href='/mandate'].button");
    browser.wait("gestopt");
    let (_, debtor) = registry.read(DEBTOR, &format!("/v1/participants/{DEBTOR}"));
    assert_eq!(debtor["keys"].as_array().map(Vec::len), Some(2), "one key for one browser");
}

#[test]
fn without_scripts_every_page_works_and_the_command_is_shown() {
    let Some(browser) = Browser::open(Look { scripts: false, ..PHONE }) else { return };
    let registry = Registry::start(true);
    let invoice = registry.register(DEBTOR, "2026-0042", 123_456);
    let request = registry.ask(&json!({"kind": "invoices", "invoices": [invoice]}));
    browser.go(&registry.link(Some(&request)));
    browser.wait("2026-0042");
    browser.press("button[value=choose]");
    browser.wait("Welke facturen?");
    browser.press("form[action='/mandate/choose'] button");
    browser.wait("Lezen en ondertekenen");
    let text = browser.text();
    assert!(text.contains("Deze browser kan niet ondertekenen"), "{text}");
    assert!(
        text.contains(&format!("tallystick sign mandate.granted.v1 --key KEY.pem --as {DEBTOR}"))
    );
    assert!(text.contains(&request) && text.contains(&invoice), "{text}");
    browser.picture("8-no-scripts");
    assert_eq!(seen(&registry, &invoice, "process"), None);
}

#[test]
fn pages_fit_a_desktop_and_speak_three_languages() {
    let Some(browser) = Browser::open(Look { size: (1_280, 900), scripts: true }) else { return };
    let registry = Registry::start(true);
    for number in 0..12 {
        registry.register(DEBTOR, &format!("2026-{number:04}"), 100_000 + number);
    }
    let request = registry.ask(&json!({"kind": "all"}));
    let link = registry.link(Some(&request));
    browser.go(&link);
    browser.wait("vraagt om de status");
    browser.press("a[lang=en]");
    browser.wait("asks to see the status of your invoices");
    browser.press("a[lang=fr]");
    browser.wait("demande à voir");
    browser.picture("9-desktop-link");
    browser.press("button[value=choose]");
    browser.wait("Quelles factures ?");
    browser.picture("9-desktop-choose");
    // Nothing is wider than the window: there is no sideways scrolling.
    for look in ["/mandate", "/mandate/invoices"] {
        browser.go(&format!("{}{look}", registry.url));
        let overflow =
            "return document.documentElement.scrollWidth - document.documentElement.clientWidth";
        assert_eq!(browser.run(overflow), 0, "{look}");
    }
    browser.picture("9-desktop-invoices");
    let blocked = browser.run(
        "return new Promise((done) => { document.addEventListener('securitypolicyviolation', () => done('blocked'));
           const script = document.createElement('script'); script.textContent = 'window.owned = 1';
           document.body.append(script); setTimeout(() => done(String(window.owned)), 5000); })",
    );
    assert_eq!(blocked, "blocked", "no script but ours runs");
}
