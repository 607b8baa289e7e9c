//! Everything is bounded, and every answer says what it has to.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use crate::registry::{Answer, Party, Registry, invoice};

/// Sends bytes as they are, and reads all that comes back.
fn raw(registry: &Registry, bytes: &[u8]) -> String {
    let address = registry.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn more_than_fits_into_the_queue_is_refused_as_a_whole_and_leaves_nothing() {
    let registry = Registry::start_unopened(8);
    registry.open();
    let (supplier, debtor) = (Party::new("0106:00000003", 3), Party::new("0106:00000004", 4));
    registry.admit(&supplier, &["supplier"]);
    let line = |number: i64| {
        let data = invoice(&supplier, &debtor, &format!("N-{number}"), 100);
        registry.sign(&supplier, "invoice.registered.v1", &data)
    };
    let lines: Vec<String> = (0..200).map(line).collect();
    let answer = registry.post("application/x-ndjson", lines.join("\n").as_bytes());
    assert_eq!((answer.status, answer.code().as_str()), (503, "overloaded"), "{}", answer.text());
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(registry.list(&supplier, "/v1/invoices").len(), 0, "nothing was taken");
    // What fits is taken, then and later.
    let answer = registry.submit(&lines[0]);
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(registry.list(&supplier, "/v1/invoices").len(), 1);
    let long = "x".repeat(20_000);
    assert_eq!(registry.submit(&long).code(), "overloaded");
}

#[test]
fn a_request_that_does_not_come_to_its_end_is_given_up() {
    let registry = Registry::start();
    let head = "POST /v1/statements HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
                content-type: application/jose\r\ncontent-length: 100\r\n\r\nabc";
    let answer = Answer::parse(&raw(&registry, head.as_bytes()));
    assert_eq!((answer.status, answer.code().as_str()), (408, "request_timeout"));
}

#[test]
fn headers_are_bounded() {
    let registry = Registry::start();
    let many = "x-more: 1\r\n".repeat(100);
    let long = format!("x-long: {}\r\n", "x".repeat(300_000));
    for headers in [many, long] {
        let request =
            format!("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{headers}\r\n");
        let answer = raw(&registry, request.as_bytes());
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    assert!(raw(&registry, b"\x16\x03\x01 this is not HTTP\r\n\r\n").starts_with("HTTP/1.1 400"));
    assert_eq!(registry.get_open("/healthz").text(), "ok\n");
}

#[test]
fn every_answer_has_a_request_id_and_tells_browsers_to_keep_out() {
    let registry = Registry::start();
    let given = registry.get_with("/healthz", &[("x-request-id", "mine-1.a_B")]);
    assert_eq!(given.header("x-request-id"), "mine-1.a_B");
    for bad in ["a b", "<script>", &"x".repeat(65)] {
        let answer = registry.get_with("/nowhere", &[("x-request-id", bad)]);
        assert!(answer.header("x-request-id").starts_with("req_"), "{bad}");
        assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    }
    for path in ["/healthz", "/docs", "/checkpoint", "/v1/invoices", "/nowhere", "/openapi.json"] {
        let answer = registry.get_open(path);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'none'"),
            "{path}"
        );
        assert!(!answer.header("cache-control").is_empty(), "{path}");
    }
    let wrong = registry.get_open("/v1/statements");
    assert_eq!((wrong.status, wrong.header("allow")), (405, "POST"));
}

#[test]
fn what_is_served_can_be_cached_as_far_as_it_never_changes() {
    let registry = Registry::start();
    let supplier = Party::new("0106:00000003", 3);
    registry.admit(&supplier, &["supplier"]);
    let debtor = Party::new("0106:00000004", 4);
    let lines: Vec<String> = (0..300)
        .map(|number| {
            let data = invoice(&supplier, &debtor, &format!("N-{number}"), 100);
            registry.sign(&supplier, "invoice.registered.v1", &data)
        })
        .collect();
    assert_eq!(registry.post("application/x-ndjson", lines.join("\n").as_bytes()).status, 200);
    let cache = |path: &str| {
        let answer = registry.get_open(path);
        (answer.status, answer.header("cache-control").to_owned(), answer.body.len())
    };
    let immutable = "public, max-age=31536000, immutable".to_owned();
    assert_eq!(cache("/tile/0/000"), (200, immutable, 8_192));
    assert_eq!(cache("/tile/0/001.p/2"), (200, "public, max-age=3600".to_owned(), 64));
    assert_eq!(cache("/checkpoint").1, "no-cache");
    for missing in
        ["/tile/0/002", "/tile/0/001", "/tile/0/1", "/tile/0/001.p/200", "/tile/0/../0/000"]
    {
        assert_eq!(cache(missing).0, 404, "{missing}");
    }
}

#[test]
fn the_metrics_count_what_happened() {
    let registry = Registry::start();
    registry.submit("nonsense");
    registry.get_open("/v1/invoices");
    let answer = registry.get_open("/metrics");
    assert!(answer.header("content-type").starts_with("text/plain"));
    let text = answer.text();
    for name in [
        "tallystick_rejections_total{code=\"jws_not_compact\"}",
        "tallystick_problems_total{code=\"token_missing\"}",
        "tallystick_http_seconds_bucket",
        "route=\"/v1/invoices\"",
        "tallystick_batch_statements",
        "tallystick_log_size",
        "tallystick_streams_open",
    ] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    assert!(!text.contains(&json!("0106:").to_string()), "nobody's id is a label");
}
