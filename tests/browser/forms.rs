//! What a person should not do, or others do in its name: each ends on a clear page, and nothing is half done.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use tallystick::signing::{SecretKey, jws};

use crate::registry::{DEBTOR, FINANCIER, Registry, STRANGER, SUPPLIER, key};

/// A page as it came: status, text, and where it leads.
struct Page {
    status: u16,
    text: String,
    location: String,
}

impl Page {
    /// The value of a hidden field of a form.
    fn field(&self, action: &str, name: &str) -> String {
        let form = self.text.split(&format!("action=\"{action}\"")).nth(1);
        let form = form.unwrap_or_else(|| panic!("no form {action}: {}", self.text));
        let form = form.split("</form>").next().unwrap_or_default();
        let field = form.split(&format!("name=\"{name}\" value=\"")).nth(1);
        field.and_then(|rest| rest.split('"').next()).expect("a value").to_owned()
    }

    /// The texts to sign.
    fn statements(&self) -> Vec<String> {
        let parts = self.text.split("<pre data-statement>").skip(1);
        let text = |part: &str| {
            let text = part.split("</pre>").next().unwrap_or_default();
            text.replace("&#34;", "\"").replace("&quot;", "\"").replace("&#39;", "'")
        };
        parts.map(text).collect()
    }
}

/// A visitor that speaks HTTP: a browser whose key we have.
struct Visitor<'a> {
    registry: &'a Registry,
    key: SecretKey,
    cookie: String,
    site: &'static str,
}

fn encode(fields: &[(&str, &str)]) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    let pairs = fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value)));
    pairs.collect::<Vec<_>>().join("&")
}

impl<'a> Visitor<'a> {
    fn new(registry: &'a Registry) -> Self {
        let key = SecretKey::from_seed(&[77; 32]);
        Self { registry, key, cookie: String::new(), site: "same-origin" }
    }

    fn jwk(&self) -> String {
        json!(self.key.public()).to_string()
    }

    fn send(&mut self, method: &str, url: &str, body: Option<String>) -> Page {
        let url = if url.starts_with('/') {
            format!("{}{url}", self.registry.url)
        } else {
            url.to_owned()
        };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if !self.cookie.is_empty() {
            request = request.header("cookie", &self.cookie);
        }
        if body.is_some() {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .header("sec-fetch-site", self.site);
        }
        let request = request.body(body.unwrap_or_default()).expect("a request");
        let mut answer = self.registry.agent.run(request).expect("an answer");
        let header = |name: &str| {
            let value = answer.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let (location, cookie) = (header("location"), header("set-cookie"));
        if !cookie.is_empty() {
            cookie.split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
        }
        let text = answer.body_mut().read_to_string().expect("text");
        let status = answer.status().as_u16();
        if status != 303 {
            assert!(header_is_html(&answer), "{status}: {text}");
        }
        Page { status, text, location }
    }

    fn get(&mut self, url: &str) -> Page {
        self.send("GET", url, None)
    }

    fn post(&mut self, url: &str, fields: &[(&str, &str)]) -> Page {
        self.send("POST", url, Some(encode(fields)))
    }

    /// Uses a link up.
    fn enter(&mut self, link: &str, then: &str) -> Page {
        let jwk = self.jwk();
        self.post(&format!("{link}?lang=en"), &[("key", &jwk), ("then", then)])
    }

    /// Signs the sheet that lies there; the fields to send.
    fn sign(&mut self, change: impl Fn(String) -> String) -> (String, String) {
        let page = self.get("/mandate/sign");
        assert_eq!(page.status, 200, "{}", page.text);
        let signed: Vec<String> = page
            .statements()
            .into_iter()
            .map(|text| jws::sign(&self.key, change(text).as_bytes(), None))
            .collect();
        (page.field("/mandate/sign", "form"), signed.join("\n"))
    }
}

fn header_is_html(answer: &ureq::http::Response<ureq::Body>) -> bool {
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// A registry in which the financier asked, with the request and an invoice of the debtor.
fn asked() -> (Registry, String, String) {
    let registry = Registry::start(true);
    let invoice = registry.register(DEBTOR, "2026-0042", 123_456);
    let request = registry.ask(&json!({"kind": "suppliers", "suppliers": [SUPPLIER]}));
    (registry, request, invoice)
}

fn log_size(registry: &Registry) -> u64 {
    registry.read(DEBTOR, "/v1/mandates").1["as_of"].as_u64().expect("a size")
}

const TERMS: [(&str, &str); 3] = [("show", "process"), ("until", "2027-03-01"), ("how", "hand")];

/// The fields of a choice for one supplier.
fn choice<'a>(mark: &'a str, request: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut fields =
        vec![("form", mark), ("request", request), ("which", "suppliers"), ("supplier", SUPPLIER)];
    fields.extend(TERMS);
    fields
}

#[test]
fn a_link_that_does_not_hold_says_why_and_opens_nothing() {
    let (registry, request, _) = asked();
    let size = log_size(&registry);
    let mut visitor = Visitor::new(&registry);
    let link = registry.link(Some(&request));
    assert_eq!(visitor.enter(&link, "choose").status, 303);
    let mut second = Visitor::new(&registry);
    for page in [second.get(&link), second.enter(&link, "choose")] {
        assert_eq!(page.status, 410);
        assert!(page.text.contains("This link was used already"), "{}", page.text);
    }
    assert!(second.cookie.is_empty(), "no visit begins");
    let unknown = format!("/mandate/{}", "A".repeat(43));
    for url in [unknown.as_str(), "/mandate/x", &format!("{link}x")] {
        let page = second.get(url);
        assert_eq!(page.status, 404, "{url}");
        assert!(page.text.contains("This link is not one of ours"), "{}", page.text);
        assert!(!page.text.contains("0106:") && !page.text.contains("Brug"), "{}", page.text);
    }
    let newer = registry.link(Some(&request));
    let newest = registry.link(Some(&request));
    assert!(second.get(&newer).text.contains("This link was replaced"));
    registry.pass(15 * 86_400);
    let page = second.enter(&newest, "choose");
    assert_eq!(page.status, 410);
    assert!(page.text.contains("This link has expired"), "{}", page.text);
    assert_eq!(log_size(&registry), size, "nothing was recorded");
}

#[test]
fn a_visit_ends_by_itself_and_without_one_no_page_shows_anything() {
    let (registry, request, _) = asked();
    let mut visitor = Visitor::new(&registry);
    for path in ["/mandate", "/mandate/invoices", "/mandate/sign", "/mandate/done"] {
        let page = visitor.get(path);
        assert_eq!(page.status, 403, "{path}");
        assert!(page.text.contains("This visit is over"), "{}", page.text);
    }
    visitor.enter(&registry.link(Some(&request)), "choose");
    assert_eq!(visitor.get("/mandate").status, 200);
    registry.pass(3_601);
    assert_eq!(visitor.get("/mandate").status, 403);
}

#[test]
fn a_form_that_was_tampered_with_is_refused_whole() {
    let (registry, request, _) = asked();
    let foreign = registry.register(STRANGER, "2026-0099", 1_000);
    let mut visitor = Visitor::new(&registry);
    visitor.enter(&registry.link(Some(&request)), "choose");
    let address = format!("/mandate/choose?request={request}");
    let mark = visitor.get(&address).field("/mandate/choose", "form");
    let good = choice(&mark, &request);
    let with = |name: &'static str, value: &'static str| {
        let mut fields = good.clone();
        fields.retain(|(key, _)| *key != name);
        fields.push((name, value));
        fields
    };
    let tampered = [
        with("which", "everything"),
        with("show", "bank_account"),
        with("supplier", "nobody"),
        with("until", "tomorrow"),
        with("to", FINANCIER),
        [good.clone(), vec![("until", "2027-04-01")]].concat(),
    ];
    for fields in tampered {
        let page = visitor.post("/mandate/choose", &fields);
        assert_eq!(page.status, 400, "{fields:?}: {}", page.text);
        assert!(page.text.contains("This form is not as we made it"), "{}", page.text);
    }
    let mut fields = with("which", "invoices");
    fields.push(("invoice", &foreign));
    let page = visitor.post("/mandate/choose", &fields);
    assert_eq!(page.status, 404);
    assert!(page.text.contains("An invoice in this form is not yours"), "{}", page.text);
    let state = format!("state.{foreign}");
    let page = visitor.post("/mandate/invoices", &[("form", &mark), (&state, "approved")]);
    assert!(page.text.contains("An invoice in this form is not yours"), "{}", page.text);
    let strange = registry.ask_of(STRANGER);
    let page = visitor.post("/mandate/choose", &choice(&mark, &strange));
    assert!(page.text.contains("There is no such request or mandate of yours"), "{}", page.text);
    let old = visitor.post("/mandate/choose", &choice("AAAA", &request));
    assert!(old.text.contains("This form is not the newest"), "{}", old.text);
    visitor.site = "cross-site";
    let foreign = visitor.post("/mandate/choose", &good);
    assert!(foreign.text.contains("This form is not the newest"), "{}", foreign.text);
    visitor.site = "same-origin";
    assert_eq!(visitor.get("/mandate/sign").location, "/mandate", "there is nothing to sign");
    for (name, slip) in
        [("which", "Choose for which"), ("show", "at least one thing"), ("until", "Fill in a day")]
    {
        let mut fields = good.clone();
        fields.retain(|(key, _)| *key != name);
        let page = visitor.post("/mandate/choose", &fields);
        assert_eq!(page.status, 422, "{name}");
        assert!(page.text.contains(slip), "{name}: {}", page.text);
    }
}

#[test]
fn only_what_was_shown_is_taken_and_only_once() {
    let (registry, request, invoice) = asked();
    let mut visitor = Visitor::new(&registry);
    visitor.enter(&registry.link(Some(&request)), "choose");
    let address = format!("/mandate/choose?request={request}");
    let mark = visitor.get(&address).field("/mandate/choose", "form");
    let size = log_size(&registry);
    assert_eq!(visitor.post("/mandate/choose", &choice(&mark, &request)).location, "/mandate/sign");

    let (sheet, signed) =
        visitor.sign(|text| text.replace("\"process\"", "\"process\",\"amounts\""));
    let page = visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
    assert!(page.text.contains("What was signed is not what was shown"), "{}", page.text);
    let (sheet, signed) = visitor.sign(|text| text);
    let other =
        jws::sign(&key(DEBTOR), visitor.get("/mandate/sign").statements()[0].as_bytes(), None);
    let flipped = format!("{}{}", &signed[..signed.len() - 4], "AAAA");
    for wrong in [other, flipped, "x".to_owned()] {
        let page = visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &wrong)]);
        assert!(page.text.contains("The signature does not hold"), "{}", page.text);
    }
    let twice = format!("{signed}\n{signed}");
    let page = visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &twice)]);
    assert!(page.text.contains("What was signed is not what was shown"), "{}", page.text);
    assert_eq!(log_size(&registry), size, "nothing was recorded, not even the key");

    // A text that lay there too long is written anew, and the old one is not taken.
    registry.pass(250);
    let page = visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
    assert!(page.text.contains("The text was too old"), "{}", page.text);
    let (sheet, signed) = visitor.sign(|text| text);
    let fields = [("form", sheet.as_str()), ("signed", signed.as_str())];
    assert_eq!(visitor.post("/mandate/sign", &fields).location, "/mandate/done");
    assert_eq!(log_size(&registry), size + 2, "the key and the mandate");
    let page = visitor.post("/mandate/sign", &fields);
    assert!(page.text.contains("This was signed already"), "{}", page.text);
    assert_eq!(log_size(&registry), size + 2);

    // What the registry refuses is told beside what it took.
    let state = format!("state.{invoice}");
    let mark = visitor.get("/mandate/invoices").field("/mandate/invoices", "form");
    for (say, title) in
        [("refused", "Signed and recorded"), ("approved", "Not everything was recorded")]
    {
        visitor.post("/mandate/invoices", &[("form", &mark), (&state, say)]);
        let (sheet, signed) = visitor.sign(|text| text);
        visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
        let page = visitor.get("/mandate/done");
        assert!(page.text.contains(title), "{say}: {}", page.text);
    }
}

#[test]
fn a_request_is_refused_in_one_step_and_then_waits_for_nobody() {
    let (registry, request, _) = asked();
    let mut visitor = Visitor::new(&registry);
    let link = registry.link(Some(&request));
    assert_eq!(visitor.enter(&link, "refuse").location, "/mandate/sign");
    let (sheet, signed) = visitor.sign(|text| text);
    visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
    let page = visitor.get("/mandate");
    assert!(page.text.contains("Nobody waits for an answer"), "{}", page.text);
    let (_, mandates) = registry.read(FINANCIER, "/v1/mandates");
    assert_eq!(mandates["data"][0]["status"], "declined");
}

#[test]
fn a_registry_without_the_operators_hand_takes_only_keys_that_are_registered() {
    let registry = Registry::start(false);
    let request = registry.ask(&json!({"kind": "all"}));
    let mut visitor = Visitor::new(&registry);
    visitor.enter(&registry.link(Some(&request)), "refuse");
    let (sheet, signed) = visitor.sign(|text| text);
    let page = visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
    assert_eq!(page.status, 503);
    assert!(page.text.contains("cannot register your key now"), "{}", page.text);
    // The debtor's own key needs no hand.
    let mut firm = Visitor { key: key(DEBTOR), ..Visitor::new(&registry) };
    firm.enter(&registry.link(Some(&request)), "refuse");
    let (sheet, signed) = firm.sign(|text| text);
    let page = firm.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
    assert_eq!(page.location, "/mandate/done", "{}", page.text);
}

#[test]
fn a_key_of_somebody_else_or_a_revoked_one_begins_no_visit() {
    let (registry, request, _) = asked();
    let link = registry.link(Some(&request));
    let mut visitor = Visitor { key: key(STRANGER), ..Visitor::new(&registry) };
    let page = visitor.enter(&link, "choose");
    assert!(page.text.contains("This key belongs to somebody else"), "{}", page.text);
    let thumbprint = key(DEBTOR).public().thumbprint();
    let spare = SecretKey::from_seed(&[88; 32]);
    let added = json!({"party": DEBTOR, "key": spare.public(), "assurance": "document"});
    registry.state(DEBTOR, "key.added.v1", &added);
    let revoked = json!({"party": DEBTOR, "key": thumbprint, "reason": "superseded"});
    registry.state(DEBTOR, "key.revoked.v1", &revoked);
    let mut visitor = Visitor { key: key(DEBTOR), ..Visitor::new(&registry) };
    let page = visitor.enter(&link, "choose");
    assert!(
        page.text.contains("data-renew=\"yes\""),
        "the browser is asked for a new key: {}",
        page.text
    );
    assert_eq!(Visitor::new(&registry).enter(&link, "choose").status, 303, "the link still holds");
}

#[test]
fn a_silent_assignment_never_shows_on_the_pages_of_the_debtor() {
    let show = |disclosure: Option<&str>| {
        let (registry, request, invoice) = asked();
        if let Some(disclosure) = disclosure {
            let data = json!({
                "invoices": [{"id": invoice, "claimed_minor": 100_000}], "currency": "EUR",
                "kind": "factoring", "recourse": "with", "disclosure": disclosure,
                "on_conflict": "refuse", "advanced_minor": 50_000,
            });
            registry.state(FINANCIER, "financing.recorded.v1", &data);
        }
        let mut visitor = Visitor::new(&registry);
        visitor.enter(&registry.link(Some(&request)), "choose");
        let mark = visitor.get("/mandate").field("/mandate/leave", "form");
        let paths =
            ["/mandate", "/mandate/invoices", &format!("/mandate/choose?request={request}")];
        paths.map(|path| visitor.get(path).text.replace(&mark, "").replace(&request, ""))
    };
    let none = show(None);
    assert_eq!(none, show(Some("silent")));
    assert!(show(Some("disclosed"))[1].contains("Pay to Noord Factoring N.V."));
}

/// A body that is no form is refused like any other, and a page never runs or loads what is not ours.
#[test]
fn pages_are_strict_about_what_they_load_and_take() {
    let (registry, request, _) = asked();
    let answer = registry.agent.get(registry.link(Some(&request))).call().expect("an answer");
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let policy = header("content-security-policy").expect("a policy");
    for part in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    assert_eq!(header("cache-control"), Some("no-store"));
    assert_eq!(header("referrer-policy"), Some("no-referrer"));
    let mut visitor = Visitor::new(&registry);
    let page = visitor.enter(&registry.link(Some(&request)), "choose");
    assert_eq!(page.status, 303);
    assert!(
        URL_SAFE_NO_PAD
            .decode(visitor.cookie.split('=').nth(1).unwrap_or_default())
            .is_ok_and(|it| it.len() == 32)
    );
}

#[test]
fn who_comes_too_late_asks_for_a_new_link_and_learns_nothing_from_the_answer() {
    let registry = Registry::start(true);
    registry.reach();
    registry.ask(&json!({"kind": "all"}));
    let first = registry.letter(&[]);
    let mut visitor = Visitor::new(&registry);
    visitor.enter(&first, "choose");
    let mut late = Visitor::new(&registry);
    let page = late.get(&format!("{first}?lang=en"));
    let token = page.field("/mandate/fresh?lang=en", "link");
    assert!(first.ends_with(&token), "{token}");
    let told = late.post("/mandate/fresh?lang=en", &[("link", &token)]);
    assert!(told.text.contains("Look in your mailbox"), "{}", told.text);
    let strange = late.post("/mandate/fresh?lang=en", &[("link", &"A".repeat(43))]);
    assert_eq!(told.text, strange.text);
    let second = registry.letter(&[first]);
    let page = late.get(&format!("{second}?lang=en"));
    assert!(page.text.contains("Your mandates"), "{}", page.text);
    assert_eq!(late.enter(&second, "home").location, "/mandate");
}

#[test]
fn a_package_is_connected_allowed_by_signing_and_disconnected() {
    let (registry, request, _) = asked();
    let mut visitor = Visitor::new(&registry);
    visitor.enter(&registry.link(Some(&request)), "choose");
    let mark = visitor.get("/mandate/connect").field("/mandate/connect", "form");
    let connect = |visitor: &mut Visitor<'_>, extra: &[(&str, &str)]| {
        let fields =
            [("form", mark.as_str()), ("system", "tryton"), ("setting.url", "http://127.0.0.1:9/")];
        visitor.post("/mandate/connect", &[&fields, extra].concat())
    };
    let page = connect(&mut visitor, &[("secret", "key-1")]);
    assert_eq!(page.status, 422);
    assert!(
        page.text.contains("This did not work: ") && !page.text.contains("key-1"),
        "{}",
        page.text
    );
    let page = connect(&mut visitor, &[("setting.folder", "etc"), ("secret", "key-1")]);
    assert!(page.text.contains("This form is not as we made it"), "{}", page.text);
    let page = connect(&mut visitor, &[("setting.database", "books"), ("secret", "key-1")]);
    assert_eq!(page.location, "/mandate/sign", "{}", page.text);
    let page = visitor.get("/mandate/connect");
    assert!(page.text.contains("may not report for you yet") && !page.text.contains("key-1"));
    let (sheet, signed) = visitor.sign(|text| {
        assert!(text.contains("delegation.granted.v1") && text.contains("status.reported.v1"));
        text
    });
    let page = visitor.post("/mandate/sign", &[("form", &sheet), ("signed", &signed)]);
    assert_eq!(page.location, "/mandate/done", "{}", page.text);
    let page = visitor.get("/mandate/connect");
    assert!(!page.text.contains("may not report for you yet"), "{}", page.text);
    let id = page.field("/mandate/disconnect", "connection");
    let mut other = Visitor::new(&registry);
    let foreign = other.post("/mandate/disconnect", &[("form", &mark), ("connection", &id)]);
    assert!(foreign.text.contains("This visit is over"), "{}", foreign.text);
    let page = visitor.post("/mandate/disconnect", &[("form", &mark), ("connection", &id)]);
    assert_eq!(page.location, "/mandate/connect", "{}", page.text);
    assert!(!visitor.get("/mandate/connect").text.contains("data-connection"));
}
