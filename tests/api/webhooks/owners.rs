//! What an owner can set, what is refused and how, and that it is nobody else's business.

use serde_json::{Value, json};
use tallystick::webhooks;

use crate::registry::{Registry, quick_webhooks};
use crate::webhooks::delivery::{World, path};
use crate::webhooks::receiver::{BROKEN, Receiver, TAKEN};

fn refused(world: &World, body: &Value) -> (u16, String) {
    let answer = world.registry.send(&world.holder, "POST", "/v1/webhooks", body);
    (answer.status, answer.code())
}

#[test]
fn a_webhook_is_made_shown_changed_and_removed() {
    let world = World::new();
    let wish = json!({"url": "http://127.0.0.1:1/a", "types": ["alert.*", "mandate.revoked.v1"], "description": "risk desk"});
    let made = world.registry.send(&world.holder, "POST", "/v1/webhooks", &wish);
    assert_eq!(made.status, 201, "{}", made.text());
    let hook = made.json();
    assert_eq!(made.header("location"), path(&hook, ""));
    for member in ["url", "types", "description"] {
        assert_eq!(hook[member], wish[member], "{member}");
    }
    assert_eq!(hook["status"], "enabled");
    assert!(hook["keys"][0]["key"].as_str().is_some_and(|key| key.starts_with("whpk_")));
    let shown = world.show(&world.holder, &hook);
    assert_eq!((&shown["keys"], &shown["created_at"]), (&hook["keys"], &hook["created_at"]));
    assert_eq!(world.registry.list(&world.holder, "/v1/webhooks").len(), 1);

    let changed = world.change(
        &world.holder,
        &hook,
        &json!({"types": ["*"], "description": "", "status": "disabled"}),
    );
    assert_eq!(changed["types"], json!(["*"]));
    assert!(changed["description"].is_null());
    assert_eq!(changed["disabled"]["reason"], "owner");
    assert_eq!(changed["url"], wish["url"], "what is not named stays");

    let removed = world.registry.send(&world.holder, "DELETE", &path(&hook, ""), &Value::Null);
    assert_eq!((removed.status, removed.text().as_str()), (204, ""));
    assert_eq!(world.registry.get(&world.holder, &path(&hook, "")).status, 404);
    assert_eq!(world.registry.list(&world.holder, "/v1/webhooks").len(), 0);
}

#[test]
fn a_test_says_at_once_what_became_of_it_and_holds_under_the_key() {
    let world = World::new();
    let receiver = Receiver::answering(&[TAKEN, BROKEN]);
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    world.change(&world.holder, &hook, &json!({"status": "disabled"}));
    let test = || world.registry.send(&world.holder, "POST", &path(&hook, "/test"), &json!({}));
    let answer = test();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let delivery = answer.json();
    assert_eq!((&delivery["status"], &delivery["http_status"]), (&json!("taken"), &json!(204)));
    assert_eq!(
        (&delivery["trigger"], &delivery["type"]),
        (&json!("test"), &json!("webhook.test.v1"))
    );
    let message = receiver.next();
    assert_eq!(json!(message.id()), delivery["message"]);
    assert!(message.holds(hook["keys"][0]["key"].as_str().expect("a key"), world.registry.now()));
    assert_eq!(message.event()["data"]["webhook"], hook["id"]);
    assert_eq!(test().json()["status"], "refused");
    assert_ne!(receiver.next().id(), message.id());
    world.change(&world.holder, &hook, &json!({"url": "http://127.0.0.1:1/nobody"}));
    let nobody = test().json();
    assert_eq!((&nobody["status"], &nobody["failure"]), (&json!("failed"), &json!("unreachable")));
    assert_eq!(world.deliveries(&world.holder, &hook).len(), 3);
}

#[test]
fn a_delivery_is_sent_again_under_its_id_when_its_owner_wants() {
    let world = World::new();
    let receiver = Receiver::willing();
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    world.second_claim("2026-0001");
    let first = receiver.next();
    world.until(&world.holder, &hook, |it| it["last_delivered_at"].is_string());
    let delivery = world.deliveries(&world.holder, &hook)[0].clone();
    let resend = format!("/deliveries/{}/resend", delivery["id"].as_str().expect("an id"));
    let answer = world.registry.send(&world.holder, "POST", &path(&hook, &resend), &json!({}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["trigger"], "resend");
    let again = receiver.next();
    assert_eq!((again.id(), again.text()), (first.id(), first.text()));
    for missing in
        ["/deliveries/dlv_77/resend", "/deliveries/dlv_00/resend", "/deliveries/x/resend"]
    {
        let answer = world.registry.send(&world.holder, "POST", &path(&hook, missing), &json!({}));
        assert!([400, 404].contains(&answer.status), "{missing} {}", answer.text());
    }
}

#[test]
fn the_webhook_of_another_is_not_there() {
    let world = World::new();
    let hook = world.hook(&world.holder, &json!({"url": "http://127.0.0.1:1/a"}));
    let none = json!({"id": "whk_AAAAAAAAAAAAAAAAAAAAAA"});
    let requests = [
        ("GET", "", Value::Null),
        ("PATCH", "", json!({})),
        ("DELETE", "", Value::Null),
        ("POST", "/rotate", Value::Null),
        ("POST", "/test", json!({})),
        ("GET", "/deliveries", Value::Null),
        ("POST", "/deliveries/dlv_0/resend", Value::Null),
    ];
    for reader in [&world.rival, &world.registry.operator] {
        for (method, rest, body) in &requests {
            let [yours, nobodys] = [&hook, &none].map(|hook| {
                let answer = world.registry.send(reader, method, &path(hook, rest), body);
                let mut json = answer.json();
                json["request_id"] = Value::Null;
                (answer.status, json)
            });
            assert_eq!(yours, nobodys, "{method} {rest}");
            assert_eq!(yours.0, 404, "{method} {rest}: {}", yours.1);
        }
        assert!(world.registry.list(reader, "/v1/webhooks").is_empty());
    }
    world.show(&world.holder, &hook);
}

#[test]
fn what_cannot_be_set_is_refused_with_a_code_of_its_own() {
    let world = World::new();
    let good = "http://127.0.0.1:1/a";
    world.hook(&world.holder, &json!({"url": good}));
    let long = "x".repeat(300);
    for (body, status, code) in [
        (json!({}), 400, "body_invalid"),
        (json!({"url": 7}), 400, "body_invalid"),
        (json!({"url": "http://127.0.0.1:1/b", "secret": "s"}), 400, "body_invalid"),
        (json!([]), 400, "body_invalid"),
        (json!({"url": ""}), 422, "webhook_url_invalid"),
        (json!({"url": "ftp://bank.example/"}), 422, "webhook_url_invalid"),
        (json!({"url": "https://user:pw@bank.example/"}), 422, "webhook_url_invalid"),
        (json!({"url": "https://169.254.169.254/"}), 422, "webhook_url_invalid"),
        (json!({"url": "http://127.0.0.1:1/b", "types": []}), 422, "webhook_types_invalid"),
        (
            json!({"url": "http://127.0.0.1:1/b", "types": ["alert.second_clam.v1"]}),
            422,
            "webhook_types_invalid",
        ),
        (json!({"url": "http://127.0.0.1:1/b", "description": long}), 422, "webhook_invalid"),
        (json!({"url": "http://127.0.0.1:1/b", "after": 1_000_000}), 422, "webhook_invalid"),
        (json!({"url": good}), 409, "webhook_url_taken"),
    ] {
        assert_eq!(refused(&world, &body), (status, code.to_owned()), "{body}");
    }
    let send = |media: &str, body: &[u8]| {
        let answer = world.registry.send_bytes(&world.holder, "POST", "/v1/webhooks", media, body);
        (answer.status, answer.code())
    };
    assert_eq!(send("application/json", b"{"), (400, "body_invalid".to_owned()));
    assert_eq!(send("text/plain", b"{}"), (415, "media_type_unsupported".to_owned()));
    assert_eq!(send("application/json", &vec![b' '; 20_000]), (413, "body_too_large".to_owned()));
    let hook = world.registry.list(&world.holder, "/v1/webhooks")[0].clone();
    let rotate = json!({"overlap_seconds": 700_000});
    let answer = world.registry.send(&world.holder, "POST", &path(&hook, "/rotate"), &rotate);
    assert_eq!((answer.status, answer.code().as_str()), (422, "webhook_invalid"));
    assert_eq!(world.registry.list(&world.holder, "/v1/webhooks").len(), 1);
}

#[test]
fn a_participant_has_ten_webhooks_at_most() {
    let world = World::new();
    for number in 0..webhooks::PER_OWNER_MAX {
        world.hook(&world.holder, &json!({"url": format!("http://127.0.0.1:1/{number}")}));
    }
    let more = json!({"url": "http://127.0.0.1:1/more"});
    assert_eq!(refused(&world, &more), (409, "webhook_too_many".to_owned()));
    world.hook(&world.rival, &more);
    let own = world.registry.list(&world.holder, "/v1/webhooks?limit=3");
    let urls: Vec<Value> = own.iter().map(|it| it["url"].clone()).collect();
    let expected = (0..webhooks::PER_OWNER_MAX).map(|it| json!(format!("http://127.0.0.1:1/{it}")));
    assert_eq!(urls, expected.collect::<Vec<_>>());
    let gone = world.registry.send(&world.holder, "DELETE", &path(&own[0], ""), &Value::Null);
    assert_eq!(gone.status, 204);
    world.hook(&world.holder, &more);
}

#[test]
fn unless_the_operator_allows_it_nothing_is_sent_into_his_own_network() {
    let strict = webhooks::Options { reach: webhooks::Reach::default(), ..quick_webhooks() };
    let mut world = World::on(Registry::start_with(strict));
    let receiver = Receiver::willing();
    for url in [
        receiver.url.as_str(),
        "https://127.0.0.1:8443/",
        "https://localhost/",
        "https://10.0.0.8/",
        "https://[::1]/",
    ] {
        assert_eq!(
            refused(&world, &json!({"url": url})),
            (422, "webhook_url_invalid".to_owned()),
            "{url}"
        );
    }
    // An operator who becomes stricter is obeyed by webhooks that were made before.
    world.registry.allow(quick_webhooks());
    let hook = world.hook(&world.holder, &json!({"url": receiver.url}));
    world.registry.allow(strict);
    let test = world.registry.send(&world.holder, "POST", &path(&hook, "/test"), &json!({}));
    assert_eq!(test.json()["failure"], "address_not_public", "{}", test.text());
    assert!(receiver.is_empty());
}
