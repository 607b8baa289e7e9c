//! What is wrong before anything is decided: the bytes, the token, the request.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpStream};

use serde_json::{Value, json};
use tallystick::signing::SecretKey;

use crate::bad_input::{Met, World, header, jws};
use crate::registry::{ORIGIN, Party, invoice};

/// A header that is not as it should be, and the code for it.
fn headers(key: &SecretKey) -> Vec<(&'static str, String)> {
    let with = |name: &str, value: Value| {
        let mut header = header(key);
        header[name] = value;
        header.to_string()
    };
    let without = |name: &str| {
        let mut header = header(key);
        header.as_object_mut().expect("an object").remove(name);
        header.to_string()
    };
    let kid = key.public().thumbprint();
    vec![
        ("jws_header_malformed", "[]".to_owned()),
        (
            "jws_header_duplicate_member",
            format!(r#"{{"alg":"Ed25519","alg":"Ed25519","kid":"{kid}"}}"#),
        ),
        ("jws_header_unknown_member", with("iat", json!(1))),
        ("jws_crit_not_allowed", with("crit", json!(["exp"]))),
        ("jws_b64_not_allowed", with("b64", json!(false))),
        ("jws_key_not_allowed", with("jwk", json!({}))),
        ("jws_payload_transformed", with("zip", json!("DEF"))),
        ("jws_header_too_long", with("typ", json!("x".repeat(600)))),
        ("jws_alg_missing", without("alg")),
        ("jws_alg_none", with("alg", json!("none"))),
        ("jws_alg_not_allowed", with("alg", json!("HS256"))),
        ("jws_kid_missing", without("kid")),
        ("jws_kid_malformed", with("kid", json!("key-1"))),
    ]
}

/// Texts that are not a compact JWS at all.
fn texts(key: &SecretKey, payload: &str) -> Vec<(&'static str, String)> {
    let good = jws(key, &header(key).to_string(), payload);
    let (input, signature) = good.rsplit_once('.').expect("three parts");
    let (head, _) = input.split_once('.').expect("two parts");
    vec![
        ("jws_too_long", "x".repeat(57_000)),
        ("jws_not_compact", "a.b".to_owned()),
        ("jws_not_compact", String::new()),
        ("jws_payload_detached", format!("{head}..{signature}")),
        ("jws_not_base64url", format!("{head}.e30=.{signature}")),
        ("jws_signature_malformed", format!("{input}.AAAA")),
    ]
}

/// Statements that are none.
pub(crate) fn statements(world: &World) -> Met {
    let key = &world.supplier.key;
    let event = world.event("invoice.registered.v1", &json!({}));
    let mut bodies = texts(key, &event.to_string());
    for (code, header) in headers(key) {
        bodies.push((code, jws(key, &header, &event.to_string())));
    }
    let spoilt = |name: &str, value: Value| {
        let mut event = event.clone();
        event[name] = value;
        jws(key, &header(key).to_string(), &event.to_string())
    };
    bodies.extend([
        ("envelope_malformed", jws(key, &header(key).to_string(), "{}")),
        ("envelope_malformed", jws(key, &header(key).to_string(), "not json")),
        ("envelope_malformed", spoilt("specversion", json!("0.3"))),
        ("envelope_malformed", spoilt("colour", json!("red"))),
        ("envelope_malformed", spoilt("source", json!("0106:1"))),
        ("envelope_malformed", spoilt("time", json!("yesterday"))),
        ("id_malformed", spoilt("id", json!(""))),
        ("id_malformed", spoilt("id", json!("x".repeat(129)))),
        ("type_unknown", spoilt("type", json!("invoice.registered.v2"))),
        ("data_malformed", spoilt("data", json!({"invoice": 1}))),
    ]);
    bodies.into_iter().map(|(code, body)| (code, world.registry.submit(&body))).collect()
}

/// Tokens that do not identify anybody.
pub(crate) fn tokens(world: &World) -> Met {
    let registry = &world.registry;
    let (supplier, key) = (&world.supplier, &world.supplier.key);
    let now = registry.now().millis() / 1_000;
    let claims = json!({"iss": supplier.id, "aud": ORIGIN, "exp": now + 60, "jti": "1"});
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        jws(key, &header(key).to_string(), &claims.to_string())
    };
    let mut tokens = texts(key, &claims.to_string());
    // A header line has a limit of its own.
    tokens.retain(|(code, token)| *code != "jws_too_long" && !token.is_empty());
    for (code, header) in headers(key) {
        tokens.push((code, jws(key, &header, &claims.to_string())));
    }
    let mut typed = header(key);
    typed["typ"] = json!("statement");
    let foreign = jws(&world.debtor.key, &header(key).to_string(), &claims.to_string());
    tokens.extend([
        ("token_type", jws(key, &typed.to_string(), &claims.to_string())),
        ("token_claims_malformed", with("jti", json!(null))),
        ("token_claims_malformed", with("iss", json!("me"))),
        ("token_wrong_audience", with("aud", json!("other.example"))),
        ("token_expired", with("exp", json!(now - 1))),
        ("token_too_long_lived", with("exp", json!(now + 302))),
        ("token_not_yet_valid", with("nbf", json!(now + 60))),
        ("token_unknown_key", with("iss", json!(world.debtor.id))),
        ("token_unknown_key", registry.token(&world.stranger)),
        ("token_signature_invalid", foreign),
    ]);
    let read = |authorization: &str| {
        registry.get_with("/v1/invoices", &[("authorization", authorization)])
    };
    let mut met: Met =
        tokens.into_iter().map(|(code, token)| (code, read(&format!("Bearer {token}")))).collect();
    met.push(("token_missing", registry.get_open("/v1/invoices")));
    met.push(("token_scheme", read("Basic Zm9vOmJhcg==")));
    met.push(("token_scheme", read("x")));

    let gone = Party::new("0106:00000020", 20);
    registry.admit(&gone, &["supplier"]);
    let token = format!("Bearer {}", registry.token(&gone));
    let data = json!({"party": gone.id, "reason": "own_request"});
    registry.state(&registry.operator, "participant.suspended.v1", &data);
    met.push(("participant_suspended", read(&token)));
    registry.state(&registry.operator, "participant.reinstated.v1", &json!({"party": gone.id}));
    let revoked = gone.key.public().thumbprint();
    let data = json!({"party": gone.id, "key": revoked, "reason": "ceased"});
    registry.state(&gone, "key.revoked.v1", &data);
    met.push(("token_key_revoked", read(&token)));
    met
}

/// Requests that are wrong whatever they ask.
pub(crate) fn requests(world: &World) -> Met {
    let registry = &world.registry;
    let get = |path: &str| registry.get(&world.supplier, path);
    let long = "x".repeat(70_000);
    let sale = invoice(&world.supplier, &world.debtor, "2026-0001", 100_000);
    let of_debtor = format!("/v1/contacts/{}", world.debtor.id);
    let contact = |method: &str, path: &str, body: Value| {
        registry.send(&registry.operator, method, path, &body)
    };
    let known = json!({"name": "Jansen", "email": "ap@jansen.example", "language": "nl"});
    assert_eq!(contact("PUT", &of_debtor, known).status, 200);
    let confirm = format!("{of_debtor}/confirm");
    vec![
        ("contact_invalid", contact("PUT", &of_debtor, json!({"name": ""}))),
        ("contact_changed", contact("POST", &confirm, json!({"email": "ap@jansen.test"}))),
        ("oversight_only", get("/v1/audit/read-models")),
        ("operator_only", get("/v1/letters")),
        ("not_found", get("/v1/conflicts/cas_9")),
        ("not_found", get("/problems/nothing")),
        ("not_found", get("/tile/0/999")),
        ("not_found", get("/schemas/nothing.json")),
        ("route_unknown", get("/v2/invoices")),
        ("route_unknown", get("/")),
        ("method_not_allowed", registry.get_open("/v1/statements")),
        ("parameter_invalid", get("/v1/invoices/inv_short")),
        ("parameter_invalid", get("/v1/invoices?color=red")),
        ("parameter_invalid", get("/v1/invoices?limit=0")),
        ("parameter_invalid", get("/v1/invoices?limit=1&limit=2")),
        ("parameter_invalid", get("/v1/invoices?seller=me")),
        ("parameter_invalid", get("/v1/invoices?issued_from=2026-02-30")),
        ("parameter_invalid", get("/v1/invoices?min_size=9000000000")),
        ("parameter_invalid", get("/v1/events?after=-1")),
        ("cursor_invalid", get("/v1/invoices?cursor=AAAA")),
        ("size_not_reached", get("/v1/invoices?min_size=100000")),
        ("media_type_unsupported", registry.post("application/json", b"{}")),
        ("body_too_large", registry.post("application/jose", long.as_bytes())),
        ("body_unreadable", cut_short(world)),
        ("check_invalid", registry.check(&world.financier, &json!({}))),
        ("check_not_allowed", registry.check(&world.provider, &sale)),
        (
            "statement_unfit",
            registry.post_as(&world.financier, "/v1/financings", "application/x-ndjson", b""),
        ),
    ]
}

/// A request that promises more than it sends.
fn cut_short(world: &World) -> crate::registry::Answer {
    let address = world.registry.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let head = "POST /v1/statements HTTP/1.1\r\nhost: x\r\ncontent-type: application/jose\r\n\
                content-length: 100\r\n\r\nabc";
    stream.write_all(head.as_bytes()).expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    crate::registry::Answer::parse(&answer)
}
