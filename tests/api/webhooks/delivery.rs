//! What is sent, to whom, in which order, signed with what; and what is not.

use std::fs;
use std::time::Instant;

use serde_json::{Value, json};

use crate::registry::{Party, Registry, financing, id, invoice, invoice_id};
use crate::webhooks::receiver::{BROKEN, GONE, MOVED, Message, PATIENCE, Receiver};

/// A registry with a seller, a buyer and two financiers.
pub(crate) struct World {
    pub(crate) registry: Registry,
    pub(crate) seller: Party,
    pub(crate) buyer: Party,
    pub(crate) holder: Party,
    pub(crate) rival: Party,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::on(Registry::start())
    }

    pub(crate) fn on(registry: Registry) -> Self {
        let party = |id: &'static str, seed: u8, role: &str| {
            let party = Party::new(id, seed);
            registry.admit(&party, &[role]);
            party
        };
        let seller = party("0106:00000003", 3, "supplier");
        let buyer = party("0106:00000004", 4, "debtor");
        let holder = party("0106:00000006", 6, "financier");
        let rival = party("0106:00000007", 7, "financier");
        Self { registry, seller, buyer, holder, rival }
    }

    /// Registers an invoice that is like no other; its id.
    pub(crate) fn invoice(&self, number: &str) -> String {
        let last = number.bytes().last().map_or(0, |digit| i64::from(digit - b'0'));
        let data = invoice(&self.seller, &self.buyer, number, 100_000 + last * 15_000);
        self.registry.state(&self.seller, "invoice.registered.v1", &data);
        invoice_id(&data)
    }

    /// A financier claims most of an invoice.
    pub(crate) fn claim(&self, by: &Party, invoice: &str) -> Value {
        let data = financing(invoice, 90_000, "silent", "record");
        self.registry.state(by, "financing.recorded.v1", &data)
    }

    /// An invoice that is financed twice: the holder is alerted.
    pub(crate) fn second_claim(&self, number: &str) -> String {
        let invoice = self.invoice(number);
        self.claim(&self.holder, &invoice);
        self.claim(&self.rival, &invoice);
        invoice
    }

    /// Makes a webhook.
    pub(crate) fn hook(&self, by: &Party, wish: &Value) -> Value {
        let answer = self.registry.send(by, "POST", "/v1/webhooks", wish);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()
    }

    /// Shows a webhook.
    pub(crate) fn show(&self, by: &Party, hook: &Value) -> Value {
        let answer = self.registry.get(by, &path(hook, ""));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Changes a webhook.
    pub(crate) fn change(&self, by: &Party, hook: &Value, wish: &Value) -> Value {
        let answer = self.registry.send(by, "PATCH", &path(hook, ""), wish);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Waits until a webhook is as it should be.
    pub(crate) fn until(&self, by: &Party, hook: &Value, good: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let shown = self.show(by, hook);
            if good(&shown) {
                return shown;
            }
            assert!(begun.elapsed() < PATIENCE, "{shown:#}");
            std::thread::yield_now();
        }
    }

    /// The deliveries of a webhook, the newest first.
    pub(crate) fn deliveries(&self, by: &Party, hook: &Value) -> Vec<Value> {
        self.registry.list(by, &path(hook, "/deliveries"))
    }
}

/// The address of a webhook.
pub(crate) fn path(hook: &Value, rest: &str) -> String {
    format!("/v1/webhooks/{}{rest}", hook["id"].as_str().expect("an id"))
}

fn key(hook: &Value) -> &str {
    hook["keys"][0]["key"].as_str().expect("a key")
}

fn kinds(messages: &[Message]) -> Vec<String> {
    let kind = |message: &Message| message.event()["type"].as_str().expect("a type").to_owned();
    messages.iter().map(kind).collect()
}

#[test]
fn the_holder_is_sent_a_signed_alert_of_a_second_claim_and_nothing_of_the_invoice() {
    let world = World::new();
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    let invoice = world.second_claim("2026-0001");

    let message = receiver.next();
    assert!(message.holds(key(&hook), world.registry.now()), "{message:?}");
    assert!(
        !message.holds(key(&hook), world.registry.now().plus_millis(400_000)),
        "replayed later"
    );
    let event = message.event();
    assert_eq!(event["type"], "alert.second_claim.v1");
    assert_eq!((&event["subject"], &event["specversion"]), (&json!(invoice), &json!("1.0")));
    assert_eq!(message.header("content-type"), "application/cloudevents+json");
    // The same event, word for word, as the caller reads it.
    let events = world.registry.get(&world.holder, "/v1/events").lines();
    assert!(events.contains(&event), "{event}");
    assert_eq!(
        message.id(),
        format!("evt_{}", event["id"].as_str().unwrap_or_default().replace('.', "_"))
    );
    for secret in [world.rival.id, world.seller.id, "2026-0001", "90000", "115000"] {
        assert!(!message.text().contains(secret), "{secret}");
    }
    // Its own statements are no alerts, and nothing else was asked for.
    world.until(&world.holder, &hook, |shown| shown["last_delivered_at"].is_string());
    assert!(receiver.is_empty());
}

#[test]
fn a_message_that_is_not_taken_comes_again_under_the_same_id_and_in_its_order() {
    let world = World::new();
    let receiver = Receiver::answering(&[BROKEN, MOVED]);
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    let first = world.second_claim("2026-0001");
    let second = world.second_claim("2026-0004");

    let messages: Vec<Message> = (0..4).map(|_| receiver.next()).collect();
    let subjects: Vec<Value> = messages.iter().map(|it| it.event()["subject"].clone()).collect();
    assert_eq!(subjects, [&first, &first, &first, &second].map(|it| json!(it)));
    let ids: Vec<&str> = messages.iter().map(Message::id).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
    assert!(messages.iter().all(|it| it.holds(key(&hook), world.registry.now())));

    world.until(&world.holder, &hook, |shown| shown["status"] == "enabled");
    let deliveries = world.deliveries(&world.holder, &hook);
    let statuses: Vec<Value> = deliveries.iter().map(|it| it["http_status"].clone()).collect();
    assert_eq!(statuses, [204, 204, 307, 500].map(|it| json!(it)), "{deliveries:#?}");
    assert_eq!(deliveries[3]["status"], "refused");
    assert!(
        deliveries[3]["next_attempt_at"].is_string() && deliveries[0]["next_attempt_at"].is_null()
    );
    assert_eq!(deliveries[3]["message"], json!(ids[0]));
}

#[test]
fn only_what_is_wanted_is_sent() {
    let world = World::new();
    let receiver = Receiver::willing();
    let types = json!(["financing.recorded.v1", "alert.*"]);
    world.hook(&world.holder, &json!({"url": receiver.url, "types": types}));
    world.second_claim("2026-0001");
    assert_eq!(
        kinds(&[receiver.next(), receiver.next()]),
        ["financing.recorded.v1", "alert.second_claim.v1"]
    );
}

#[test]
fn what_happened_before_is_sent_from_the_position_that_is_asked_for() {
    let world = World::new();
    let invoice = world.second_claim("2026-0001");
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url, "after": 0}));
    assert_eq!(receiver.next().event()["subject"], json!(invoice));
    world.until(&world.holder, &hook, |shown| shown["last_delivered_at"].is_string());
    world.change(&world.holder, &hook, &json!({"after": 0}));
    assert_eq!(receiver.next().event()["subject"], json!(invoice), "again, because it was wished");
}

#[test]
fn while_a_key_is_replaced_messages_hold_under_both() {
    let world = World::new();
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    let rotate = path(&hook, "/rotate");
    let rotated =
        world.registry.send(&world.holder, "POST", &rotate, &json!({"overlap_seconds": 600}));
    assert_eq!(rotated.status, 200, "{}", rotated.text());
    let keys = rotated.json()["keys"].clone();
    assert_eq!(keys[1]["key"], json!(key(&hook)));
    assert!(
        keys[1]["until"].is_string()
            && keys[0]["until"].is_null()
            && keys[0]["key"] != keys[1]["key"]
    );

    world.second_claim("2026-0001");
    let message = receiver.next();
    for key in [&keys[0]["key"], &keys[1]["key"]] {
        assert!(message.holds(key.as_str().expect("a key"), world.registry.now()));
    }
    world.registry.pass(601);
    world.second_claim("2026-0004");
    let message = receiver.next();
    assert!(message.holds(keys[0]["key"].as_str().expect("a key"), world.registry.now()));
    assert!(!message.holds(key(&hook), world.registry.now()), "its time is over");
    let shown = world.show(&world.holder, &hook);
    assert_eq!(shown["keys"].as_array().map(Vec::len), Some(1));
    // A key that leaked signs nothing more.
    let rotated =
        world.registry.send(&world.holder, "POST", &rotate, &json!({"overlap_seconds": 0}));
    assert_eq!(rotated.json()["keys"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_restart_goes_on_where_it_was_with_the_same_key() {
    let mut world = World::new();
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    let first = world.second_claim("2026-0001");
    assert_eq!(receiver.next().event()["subject"], json!(first));
    world.until(&world.holder, &hook, |shown| shown["last_delivered_at"].is_string());
    world.change(&world.holder, &hook, &json!({"status": "disabled"}));
    let second = world.second_claim("2026-0004");
    world.registry.restart_after(|_| ());
    assert_eq!(world.show(&world.holder, &hook)["disabled"]["reason"], "owner");
    assert_eq!(world.deliveries(&world.holder, &hook).len(), 1);
    world.change(&world.holder, &hook, &json!({"status": "enabled"}));
    let message = receiver.next();
    assert_eq!(message.event()["subject"], json!(second), "neither lost nor repeated");
    assert!(message.holds(key(&hook), world.registry.now()));
}

#[test]
fn a_lost_secret_is_said_and_another_key_helps() {
    let mut world = World::new();
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    world.registry.restart_after(|dir| {
        fs::remove_file(dir.join(tallystick::webhooks::SECRET_FILE)).expect("it was there");
    });
    assert_eq!(world.show(&world.holder, &hook)["disabled"]["reason"], "secret_lost");
    let enable = json!({"status": "enabled"});
    let refused = world.registry.send(&world.holder, "PATCH", &path(&hook, ""), &enable);
    assert_eq!((refused.status, refused.code().as_str()), (422, "webhook_invalid"));
    let rotated = world.registry.send(&world.holder, "POST", &path(&hook, "/rotate"), &json!({}));
    world.change(&world.holder, &hook, &enable);
    world.second_claim("2026-0001");
    assert!(receiver.next().holds(key(&rotated.json()), world.registry.now()));
}

#[test]
fn what_a_revoked_mandate_showed_is_not_sent_not_even_again() {
    let world = World::new();
    let receiver = Receiver::answering(&[BROKEN]);
    let invoice = world.invoice("2026-0001");
    let grant = json!({
        "to": world.holder.id, "scope": {"kind": "all"}, "show": ["process"],
        "until": world.registry.at(86_400),
    });
    let mandate = id(&world.registry.state(&world.buyer, "mandate.granted.v1", &grant));
    let hook = world
        .hook(&world.holder, &json!({"url": receiver.url, "types": ["status.*", "mandate.*"]}));
    let report = json!({
        "invoice": invoice, "status": "booked", "effective_at": world.registry.at(-60),
        "source": {"kind": "ledger", "system": "exact-online"},
    });
    // It fails until the mandate is revoked, so that its last attempt comes after that.
    receiver.then(&vec![BROKEN; 10_000]);
    world.registry.state(&world.buyer, "status.reported.v1", &report);
    assert_eq!(kinds(&[receiver.next()]), ["status.reported.v1"]);
    world.registry.state(&world.buyer, "mandate.revoked.v1", &json!({"mandate": mandate}));
    let begun = Instant::now();
    while kinds(&[receiver.next()]) != ["mandate.revoked.v1"] {
        assert!(begun.elapsed() < PATIENCE);
    }
    // What is still sent again is the revocation; the report is gone.
    assert_eq!(kinds(&[receiver.next()]), ["mandate.revoked.v1"]);
    let deliveries = world.deliveries(&world.holder, &hook);
    let reported =
        deliveries.iter().find(|it| it["type"] == "status.reported.v1").expect("an attempt");
    let resend = format!("/deliveries/{}/resend", reported["id"].as_str().expect("an id"));
    let answer = world.registry.send(&world.holder, "POST", &path(&hook, &resend), &json!({}));
    assert_eq!((answer.status, answer.code().as_str()), (409, "webhook_event_gone"));
}

#[test]
fn a_suspended_participant_is_sent_nothing_until_it_is_reinstated() {
    let world = World::new();
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    let other = Receiver::willing();
    let watcher = world.hook(&world.registry.operator, &json!({"url": other.url}));
    let out = json!({"party": world.holder.id, "reason": "misconduct"});
    let invoice = world.invoice("2026-0001");
    world.claim(&world.holder, &invoice);
    world.registry.state(&world.registry.operator, "participant.suspended.v1", &out);
    world.claim(&world.rival, &invoice);
    // The operator has heard of it; the one that is suspended has not.
    assert_eq!(other.next().event()["subject"], json!(invoice));
    world.until(&world.registry.operator, &watcher, |it| it["last_delivered_at"].is_string());
    assert!(receiver.is_empty());
    let back = json!({"party": world.holder.id});
    world.registry.state(&world.registry.operator, "participant.reinstated.v1", &back);
    assert_eq!(receiver.next().event()["subject"], json!(invoice), "{hook}");
}

#[test]
fn a_webhook_set_with_a_key_that_was_revoked_sends_nothing_more() {
    let world = World::new();
    let receiver = Receiver::willing();
    let stolen = Party::new(world.holder.id, 60);
    let add =
        json!({"party": world.holder.id, "key": stolen.key.public(), "assurance": "document"});
    world.registry.state(&world.registry.operator, "key.added.v1", &add);
    let hook = world.hook(&stolen, &json!({"url": receiver.url}));
    let kid = stolen.key.public().thumbprint();
    assert_eq!(hook["set_with"], json!(kid));
    let revoke = json!({"party": world.holder.id, "key": kid, "reason": "compromised"});
    world.registry.state(&world.registry.operator, "key.revoked.v1", &revoke);
    let invoice = world.second_claim("2026-0001");
    world.until(&world.holder, &hook, |it| it["disabled"]["reason"] == "key_revoked");
    assert!(receiver.is_empty());
    let enabled = world.change(&world.holder, &hook, &json!({"status": "enabled"}));
    assert_eq!(enabled["set_with"], json!(world.holder.key.public().thumbprint()));
    assert_eq!(receiver.next().event()["subject"], json!(invoice), "nothing was lost");
}

#[test]
fn an_endpoint_that_is_gone_is_left_alone_until_its_owner_says_otherwise() {
    let world = World::new();
    let receiver = Receiver::answering(&[GONE]);
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    world.second_claim("2026-0001");
    receiver.next();
    let shown = world.until(&world.holder, &hook, |it| it["status"] == "disabled");
    assert_eq!(shown["disabled"]["reason"], "gone");
    world.change(&world.holder, &hook, &json!({"status": "enabled"}));
    receiver.next();
    world.until(&world.holder, &hook, |it| it["last_delivered_at"].is_string());
}

#[test]
fn an_endpoint_that_fails_for_days_is_disabled_and_loses_nothing() {
    let world = World::new();
    let receiver = Receiver::answering(&vec![BROKEN; 10_000]);
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    let invoice = world.second_claim("2026-0001");
    receiver.next();
    world.until(&world.holder, &hook, |it| it["status"] == "failing");
    world.registry.pass(3 * 86_400);
    let shown = world.until(&world.holder, &hook, |it| it["status"] == "disabled");
    assert_eq!(shown["disabled"]["reason"], "failing");
    let better = Receiver::willing();
    world.change(&world.holder, &hook, &json!({"url": better.url, "status": "enabled"}));
    assert_eq!(better.next().event()["subject"], json!(invoice));
}

#[test]
fn what_is_sent_is_accounted_for_as_a_look() {
    let world = World::new();
    let receiver = Receiver::answering(&[BROKEN, BROKEN]);
    world.hook(&world.holder, &json!({"url": receiver.url}));
    let invoice = world.second_claim("2026-0001");
    for _ in 0..3 {
        receiver.next();
    }
    let begun = Instant::now();
    loop {
        let reads =
            world.registry.get(&world.registry.operator, &format!("/v1/reads?invoice={invoice}"));
        let told = reads.text().matches("\"webhook\"").count();
        if told == 1 {
            break;
        }
        assert!(told < 2 && begun.elapsed() < PATIENCE, "{}", reads.text());
    }
}
