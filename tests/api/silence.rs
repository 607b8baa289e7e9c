//! A silent financing is not visible to the debtor: by no endpoint, count, order, event or account of reads.
//!
//! The same story is told twice, once with everything silent in it and once with as many statements that have
//! nothing to do with the debtor. What the debtor's side reads, at every address that there is, and what it is answered
//! when it tries something must be the same, byte for byte and header for header, but for what is random in an answer
//! (the request's id), for the roots and hashes of the two logs, and for the numbers of claims. The debtor's side are the
//! debtor, the service provider that speaks for it, and whom it gave a mandate.

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};

struct Telling {
    registry: Registry,
    silent: bool,
    next_key: u8,
}

impl Telling {
    /// Makes a statement of the silent story, or one that is nobody's business in its place.
    fn whisper(&mut self, by: &Party, kind: &str, data: &Value) -> String {
        if self.silent {
            return id(&self.registry.state(by, kind, data));
        }
        let key = Party::new(by.id, self.next_key);
        self.next_key += 1;
        let data = json!({"party": by.id, "key": key.key.public(), "assurance": "email-link"});
        id(&self.registry.state(by, "key.added.v1", &data))
    }
}

/// Who and what there is once a story is told.
struct Told {
    registry: Registry,
    /// The debtor, its service provider, and a financier with its mandate and nothing else.
    side: [Party; 3],
    /// Whoever has silent rights in the silent story.
    whisperers: [Party; 3],
    supplier: Party,
    /// The invoice that was financed silently, the one on which a right is disclosed too, one that the supplier registers
    /// after a financier, and one that only a financier knows of.
    invoices: [String; 4],
    /// What of it stands in an address, and in which way it is named there.
    names: Vec<(String, &'static str)>,
    /// The data of the invoice that only a financier knows of.
    hidden: Value,
}

#[expect(clippy::too_many_lines, reason = "one story, told in its order")]
fn tell(silent: bool) -> Told {
    let registry = Registry::start();
    registry.freeze();
    let party = |id: &'static str, seed: u8, role: &str| {
        let party = Party::new(id, seed);
        registry.admit(&party, &[role]);
        party
    };
    let supplier = party("0106:00000003", 3, "supplier");
    let debtor = Party::new("0106:00000004", 4);
    registry.admit(&debtor, &["debtor", "supplier"]);
    let holder = party("0106:00000005", 5, "financier");
    let rival = party("0106:00000006", 6, "financier");
    let heir = party("0106:00000007", 7, "financier");
    let open = party("0106:00000008", 8, "financier");
    let friend = party("0106:00000009", 9, "financier");
    let provider = party("0106:00000010", 10, "service_provider");
    let mut telling = Telling { registry, silent, next_key: 150 };

    let data = invoice(&supplier, &debtor, "2026-0001", 100_000);
    let shared = invoice_id(&data);
    telling.registry.state(&supplier, "invoice.registered.v1", &data);
    let other = invoice(&supplier, &debtor, "2026-0002", 50_000);
    let disclosed = invoice_id(&other);
    telling.registry.state(&supplier, "invoice.registered.v1", &other);
    // The holder and the friend have mandates: that they read is the debtor's business, what else they are to the invoice is not.
    let grant = |to: &Party| {
        json!({
            "to": to.id, "scope": {"kind": "all"}, "show": ["document", "process", "payment", "amounts"],
            "until": telling.registry.at(60 * 86_400),
        })
    };
    let (one, two) = (grant(&holder), grant(&friend));
    let mandate = id(&telling.registry.state(&debtor, "mandate.granted.v1", &one));
    telling.registry.state(&debtor, "mandate.granted.v1", &two);
    let types = json!({"delegate": provider.id, "types": ["status.reported.v1"]});
    telling.registry.state(&debtor, "delegation.granted.v1", &types);

    // A registration, with an account and a claim to be born assigned.
    let mut again = data.clone();
    again["payee_account"] = json!("11".repeat(32));
    again["payee_differs"] = json!(true);
    again["documents"] = json!(["22".repeat(32)]);
    telling.whisper(&holder, "invoice.registered.v1", &again);
    // An invoice that the financier registers before the supplier does, in its own spelling, with less due and an order
    // that is not the supplier's; and one that the supplier never registers.
    let late = invoice(&supplier, &debtor, "2026-0101", 70_000);
    let mut early = late.clone();
    early["invoice"]["number"] = json!("2026 0101");
    early["amount_due_minor"] = json!(60_000);
    early["references"] = json!({"order": "PO-1"});
    telling.whisper(&holder, "invoice.registered.v1", &early);
    let hidden = invoice(&supplier, &debtor, "2026-0777", 80_000);
    telling.whisper(&holder, "invoice.registered.v1", &hidden);
    let unknown = invoice_id(&hidden);
    telling.whisper(
        &holder,
        "financing.recorded.v1",
        &financing(&unknown, 80_000, "silent", "refuse"),
    );
    telling.whisper(
        &holder,
        "financing.recorded.v1",
        &financing(&invoice_id(&early), 60_000, "silent", "refuse"),
    );
    telling.registry.pass(3_600);
    telling.registry.state(&supplier, "invoice.registered.v1", &late);
    // A reservation, a financing that takes its place, a rival's claims, refused and recorded.
    let reserve = json!({
        "invoices": [{"id": shared, "claimed_minor": 60_000}], "currency": "EUR",
        "until": telling.registry.at(3_600), "on_conflict": "refuse",
    });
    let reservation = telling.whisper(&holder, "financing.reserved.v1", &reserve);
    let mut record = financing(&shared, 60_000, "silent", "refuse");
    record["reservation"] = json!(reservation);
    let held = telling.whisper(&holder, "financing.recorded.v1", &record);
    let refused = financing(&shared, 70_000, "silent", "refuse");
    telling.whisper(&rival, "financing.recorded.v1", &refused);
    let recorded = financing(&shared, 70_000, "silent", "record");
    let second = telling.whisper(&rival, "financing.recorded.v1", &recorded);
    // On the other invoice a silent claim comes before one that is disclosed.
    let before = financing(&disclosed, 20_000, "silent", "refuse");
    let before = telling.whisper(&holder, "financing.recorded.v1", &before);
    let told = financing(&disclosed, 30_000, "disclosed", "record");
    telling.registry.state(&open, "financing.recorded.v1", &told);
    // A pledge of all that the supplier is owed, and an offer of the invoice.
    let pledge = json!({
        "seller": supplier.id, "kind": "pledge", "disclosure": "silent", "on_conflict": "record",
    });
    telling.whisper(&heir, "blanket.recorded.v1", &pledge);
    let offer = json!({"to": rival.id, "invoices": [shared], "until": telling.registry.at(86_400)});
    telling.whisper(&supplier, "financing.requested.v1", &offer);
    // The seller says so too, and takes it back.
    for status in ["assigned_confidential", "released"] {
        let report = json!({
            "invoice": shared, "status": status, "effective_at": telling.registry.at(-60),
            "source": {"kind": "seller"},
        });
        telling.whisper(&supplier, "status.reported.v1", &report);
    }
    // What the holders are told: a copy is registered and something happens to it, terms grow longer than they were,
    // the debtor's own supplier sells in a circle, an approval does not come, the mandate is narrowed.
    let mut copy = data.clone();
    copy["invoice"]["due_date"] = json!("2027-02-01");
    copy["payee_account"] = json!("33".repeat(32));
    telling.registry.state(&supplier, "invoice.registered.v1", &copy);
    let queried = json!({
        "invoice": invoice_id(&copy), "status": "queried", "effective_at": telling.registry.at(-60),
        "source": {"kind": "ledger"},
    });
    telling.registry.state(&debtor, "status.reported.v1", &queried);
    let back = invoice(&debtor, &supplier, "2026-0003", 31_000);
    telling.registry.state(&debtor, "invoice.registered.v1", &back);
    telling.registry.pass(40 * 86_400);
    telling.registry.state(&telling.registry.operator, "time.passed.v1", &json!({}));
    // The claims pass on and end in every way.
    let transfer = json!({"financing": held, "to": heir.id});
    telling.whisper(&holder, "financing.transferred.v1", &transfer);
    telling.whisper(&rival, "financing.released.v1", &json!({"financing": second}));
    let settled = json!({
        "financing": held, "currency": "EUR", "invoices": [{"id": shared, "received_minor": 60_000}],
    });
    telling.whisper(&heir, "financing.settled.v1", &settled);
    telling.whisper(&holder, "financing.returned.v1", &json!({"financing": before}));

    Told {
        registry: telling.registry,
        side: [debtor, provider, friend],
        whisperers: [holder, rival, heir],
        supplier,
        invoices: [shared, disclosed, invoice_id(&late), unknown],
        names: vec![(held, "{held}"), (mandate, "{mandate}")],
        hidden,
    }
}

/// Every address that can be read without naming a file of the log, with everything in it that this story has.
fn addresses(told: &Told) -> Vec<String> {
    let api: Value = serde_json::from_str(&tallystick::http::openapi()).expect("JSON");
    let mut addresses = Vec::new();
    for (path, item) in api["paths"].as_object().expect("paths") {
        let public = !item["get"]["security"].is_null();
        if item.get("get").is_none() || public {
            continue;
        }
        let mut of_path = vec![path.clone()];
        let mut fill = |part: &str, with: &[&str]| {
            if of_path[0].contains(part) {
                of_path = with.iter().map(|value| path.replace(part, value)).collect();
            }
        };
        let invoices: Vec<&str> = told.invoices.iter().map(String::as_str).collect();
        fill("{invoice_id}", &invoices);
        fill("{statement_id}", &[told.names[0].0.as_str(), told.names[1].0.as_str()]);
        fill("{conflict_id}", &["cas_0"]);
        fill("{party}", &[told.supplier.id, told.side[0].id, told.whisperers[0].id]);
        let unfilled = |it: &String| it.contains('{');
        addresses.extend(of_path.into_iter().filter(|it| !unfilled(it)));
    }
    for more in [
        "/v1/invoices?status=confidentially_assigned",
        "/v1/invoices?status=free",
        "/v1/invoices?status=released",
        "/v1/invoices?status=assigned",
        "/v1/invoices?number=2026-0777",
        "/v1/invoices?limit=1",
        "/v1/invoices?limit=2",
        "/v1/events?after=3",
    ] {
        addresses.push(more.to_owned());
    }
    assert!(addresses.len() > 30, "{addresses:?}");
    addresses
}

/// What one of the debtor's side gets, at every address: status, headers and body.
fn read(told: &Told, by: &Party) -> Vec<(String, u16, String)> {
    let mut seen = Vec::new();
    for address in addresses(told) {
        let answer = told.registry.get(by, &address);
        let mut named = address.clone();
        for (name, as_what) in &told.names {
            named = named.replace(name, as_what);
        }
        // The account of reads has who looked, which is compared by itself.
        if !address.starts_with("/v1/reads") {
            let headers = answer.headers_but(&["date", "x-request-id"]);
            let text = masked(&answer.text());
            seen.push((named, answer.status, format!("{headers:?}\n{text}")));
        }
    }
    seen
}

/// What the debtor tries on the invoices, one after another; the answers.
fn tried(told: &Told) -> Vec<(String, u16, String)> {
    let [debtor, provider, _] = &told.side;
    let registry = &told.registry;
    let mut tries = Vec::new();
    let mut say = |by: &Party, kind: &str, data: &Value| {
        let statement = if by.id == provider.id {
            registry.sign_as(&provider.key, debtor.id, &registry.reference(), kind, data)
        } else {
            registry.sign(by, kind, data)
        };
        let answer = registry.submit(&statement);
        let json = answer.json();
        let told = ["code", "detail", "hint", "verdict", "findings", "position"];
        let told = told.map(|member| json[member].to_string()).join(" ");
        tries.push((format!("{} {kind} {data}", by.id), answer.status, told));
    };
    for invoice in [3, 2, 0, 1].map(|place| &told.invoices[place]) {
        let status = |status: &str| {
            json!({
                "invoice": invoice, "status": status, "effective_at": registry.at(-5),
                "source": {"kind": "ledger"},
            })
        };
        say(provider, "status.reported.v1", &status("booked"));
        say(debtor, "status.reported.v1", &status("approved"));
        let credit = json!({
            "invoice": invoice, "credit_note": "C-1", "issue_date": "2026-11-20", "currency": "EUR",
            "amount_minor": 10_000,
        });
        say(debtor, "invoice.credited.v1", &credit);
        let guarantee = |minor: i64| json!({"invoice": invoice, "amount_minor": minor, "currency": "EUR", "date": "2027-03-01"});
        say(debtor, "invoice.guaranteed.v1", &guarantee(90_001));
        say(debtor, "invoice.guaranteed.v1", &guarantee(40_000));
        say(debtor, "status.reported.v1", &status("paid"));
        let too_much = json!({
            "invoice": invoice, "credit_note": "C-2", "issue_date": "2026-11-20", "currency": "EUR",
            "amount_minor": 1_000_000,
        });
        say(debtor, "invoice.credited.v1", &too_much);
        say(debtor, "invoice.cancelled.v1", &json!({"invoice": invoice, "reason": "error"}));
    }
    say(debtor, "financing.recorded.v1", &financing(&told.invoices[0], 1_000, "silent", "record"));
    // A mandate over what it may not know of does not show whether it is there.
    let to = json!({
        "to": told.side[2].id, "scope": {"kind": "invoices", "invoices": [told.invoices[3]]},
        "show": ["document"], "until": registry.at(86_400),
    });
    say(debtor, "mandate.granted.v1", &to);
    let check = registry.check(debtor, &told.hidden);
    let check = (format!("check {}", told.hidden), check.status, check.code());
    tries.push(check);
    tries
}

/// What the debtor reads and what it is answered, and then what it reads again, and once it registered what it had not
/// known of.
fn all(silent: bool) -> Vec<(String, u16, String)> {
    let told = tell(silent);
    let mut seen = Vec::new();
    for reader in &told.whisperers {
        for address in addresses(&told) {
            told.registry.get(reader, &address);
        }
    }
    for reader in &told.side {
        seen.extend(read(&told, reader));
    }
    let debtor = &told.side[0];
    for invoice in &told.invoices {
        let route = format!("/v1/reads?invoice={invoice}");
        seen.push((route.clone(), 200, readers(&told.registry, debtor, &route)));
    }
    let own = told.registry.get(debtor, "/v1/reads");
    seen.push(("own reads".to_owned(), own.status, own.json()["data"].to_string()));
    told.registry.jump(50 * 86_400);
    seen.extend(tried(&told));
    seen.extend(read(&told, debtor));
    told.registry.jump(51 * 86_400);
    told.registry.state(debtor, "invoice.registered.v1", &told.hidden);
    for reader in &told.side {
        // The place in the list is that of the first registration, whoever's: the one thing that is left to be seen.
        let again = read(&told, reader).into_iter();
        seen.extend(again.filter(|(address, ..)| !is_list_of_invoices(address)));
    }
    seen
}

/// Whether an address is that of the list of invoices.
fn is_list_of_invoices(address: &str) -> bool {
    address.split('?').next() == Some("/v1/invoices")
}

/// Takes out what is random in an answer, and the number of a claim: it counts all claims of the registry, as a
/// position counts all its records.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let mut json: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(members) = json.as_object_mut() {
            members.remove("request_id");
            // The roots and hashes of the log.
            members.remove("log");
        }
        let mut parts = Vec::new();
        for part in json.to_string().split("clm_") {
            parts.push(part.trim_start_matches(|c: char| c.is_ascii_digit()).to_owned());
        }
        parts.join("clm_")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Who looked and on what ground. How often a mandate's holder looked is its own doing, so each once.
fn readers(registry: &Registry, by: &Party, route: &str) -> String {
    let mut readers: Vec<String> = Vec::new();
    if registry.get(by, route).status != 200 {
        return "none".to_owned();
    }
    for read in registry.list(by, route) {
        assert!(read.get("route").is_none(), "{read}");
        readers.push(format!("{} {}", read["reader"], read["grounds"]));
    }
    readers.sort();
    readers.dedup();
    readers.join("\n")
}

#[test]
fn the_debtors_side_gets_the_same_whether_or_not_there_is_a_silent_financing() {
    let with = all(true);
    let without = all(false);
    assert_eq!(with.len(), without.len());
    let pairs = with.iter().zip(&without);
    let differ = pairs.filter(|(with, without)| with != without);
    let differ: Vec<String> =
        differ.map(|(with, without)| format!("{with:?}\n{without:?}")).collect();
    assert!(differ.is_empty(), "{}", differ.join("\n\n"));
    let claims = with.iter().filter(|(route, ..)| route.ends_with("/claims"));
    let disclosed: usize = claims.map(|(_, _, text)| text.matches("\"claim\"").count()).sum();
    assert_eq!(disclosed, 3, "the disclosed claim is there, each time that the debtor looks");
}

#[test]
fn in_the_silent_story_the_silent_things_are_there() {
    let told = tell(true);
    let [holder, rival, heir] = &told.whisperers;
    for (reader, holdings) in [(holder, 5), (rival, 1), (heir, 1)] {
        assert_eq!(told.registry.list(reader, "/v1/portfolio").len(), holdings, "{}", reader.id);
    }
    assert_eq!(told.registry.list(&told.supplier, "/v1/invoices").len(), 6);
    let hidden = format!("/v1/invoices/{}", told.invoices[3]);
    assert_eq!(told.registry.get(&told.supplier, &hidden).status, 200);
    assert_eq!(told.registry.get(&told.side[0], &hidden).status, 404);
    // It is known to the debtor once its holder asks for a mandate over it, which tells of itself.
    let ask = json!({
        "debtor": told.side[0].id, "scope": {"kind": "all"}, "until": told.registry.at(86_400),
    });
    told.registry.state(holder, "mandate.requested.v1", &ask);
    assert_eq!(told.registry.get(&told.side[0], &hidden).status, 200);
}
