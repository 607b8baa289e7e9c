//! Letters over SMTP: encrypted or not at all, and what becomes of those that are not taken.

use serde_json::json;
use tallystick::invitation::{Post, Server};

use crate::letters::office::{Office, header, parse, part, sender, token};
use crate::letters::sink::{Certificates, Sink};

fn post(server: &Server) -> Post {
    Post::smtp(server, &sender().from).expect("a mail server")
}

fn plain(sink: &Sink) -> Post {
    let url = format!("smtp://127.0.0.1:{}?tls=none", sink.port);
    post(&Server { url, ..Server::default() })
}

fn ask(office: &Office) {
    office.ask(&office.bank, &office.debtor, &json!({"kind": "all"}));
}

#[test]
fn a_letter_goes_over_tls_to_a_server_that_shows_its_certificate() {
    let dir = tempfile::tempdir().expect("a folder");
    let certificates = Certificates::make(dir.path());
    let sink = Sink::open(Some(&certificates));
    let office = Office::open_posting(post(&Server {
        url: format!("smtp://clerk%40registry.example@localhost:{}", sink.port),
        password: Some("pass word".to_owned()),
        authority: Some(certificates.authority.clone()),
    }));
    office.reach(&office.debtor, "Bakkerij Jansen", "ap@jansen.example", "fr");
    ask(&office);
    let received = sink.next();
    assert!(received.tls);
    assert_eq!(received.login.as_deref(), Some(" clerk@registry.example pass word"));
    assert_eq!(received.hello, "registry.example");
    assert!(received.from.starts_with("FROM:<registry@registry.example>"), "{}", received.from);
    assert_eq!(received.to, ["TO:<ap@jansen.example>"]);
    let mail = parse(&received.data);
    assert_eq!(mail["defects"], json!([]));
    assert_eq!(header(&mail, "content-type").len(), 1);
    assert!(header(&mail, "subject")[0].contains("demande à voir"), "beyond ASCII");
    assert!(part(&mail, 0).contains("être") || part(&mail, 0).contains("révoquer"));
    token(&mail);
    office.until(&["sent"]);
}

#[test]
fn a_server_that_cannot_be_believed_gets_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let certificates = Certificates::make(dir.path());
    // One with a certificate that nobody vouches for, and one without TLS at all.
    let strange = Sink::open(Some(&certificates));
    let open = Sink::open(None);
    for sink in [strange, open] {
        let office = Office::open_posting(post(&Server {
            url: format!("smtp://clerk:secret@localhost:{}", sink.port),
            ..Server::default()
        }));
        office.reach(&office.debtor, "Bakkerij Jansen", "ap@jansen.example", "nl");
        ask(&office);
        office.until(&["failing"]);
        assert!(sink.is_empty());
    }
}

#[test]
fn a_letter_that_is_not_taken_now_goes_later_and_one_that_never_is_waits_for_the_operator() {
    let sink = Sink::open(None);
    let office = Office::open_posting(plain(&sink));
    office.reach(&office.debtor, "Bakkerij Jansen", "ap@jansen.example", "nl");
    sink.refuse("451 come back later");
    ask(&office);
    office.until(&["failing"]);
    assert!(sink.is_empty());
    office.registry.pass(60);
    assert_eq!(sink.next().to, ["TO:<ap@jansen.example>"]);
    office.until(&["sent"]);

    sink.refuse("550 no such user");
    ask(&office);
    office.until(&["sent", "refused"]);
    office.registry.pass(24 * 60 * 60);
    assert!(sink.is_empty(), "it is not tried again by itself");
    // With another address it goes, once the operator confirmed that.
    let other = json!({"name": "Bakkerij Jansen", "email": "crediteuren@jansen.example"});
    office.contact(&office.debtor, &other);
    office.until(&["sent", "held"]);
    office.reach(&office.debtor, "Bakkerij Jansen", "crediteuren@jansen.example", "nl");
    assert_eq!(sink.next().to, ["TO:<crediteuren@jansen.example>"]);
    office.until(&["sent", "sent"]);
}
