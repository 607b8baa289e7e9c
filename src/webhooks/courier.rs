//! Carries a message to its receiver: one request, no redirects, nothing of the answer kept but its status.
//!
//! The client blocks: it is called on threads that may.

use core::time::Duration;
use std::time::Instant;

use ureq::{Agent, Error};

use crate::signing::webhook::{HEADER_ID, HEADER_SIGNATURE, HEADER_TIMESTAMP};
use crate::webhooks::client::{NotPublic, client};
use crate::webhooks::endpoint::{Failure, Outcome};
use crate::webhooks::reach::Reach;

/// How long an attempt may take in all; a test is answered within the ten seconds that a request has.
pub const ATTEMPT_MAX: Duration = Duration::from_secs(8);

/// A message to be carried.
pub(super) struct Message {
    pub(super) url: String,
    pub(super) id: String,
    pub(super) seconds: i64,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
}

/// How it went.
pub(super) struct Report {
    pub(super) outcome: Outcome,
    pub(super) took: Duration,
    /// How long the receiver asks to be left alone.
    pub(super) asked: Option<Duration>,
}

/// Sends messages.
pub(super) struct Courier {
    agent: Agent,
    reach: Reach,
}

impl Courier {
    pub(super) fn new(reach: Reach, attempt_max: Duration) -> Self {
        let attempt_max = attempt_max.min(ATTEMPT_MAX);
        Self { agent: client(reach, attempt_max, "tallystick-webhooks"), reach }
    }

    /// Sends a message. Blocks, for as long as an attempt may take.
    pub(super) fn carry(&self, message: &Message) -> Report {
        let begun = Instant::now();
        // The operator may allow less than when the endpoint was made.
        if self.reach.check_url(&message.url).is_err() {
            let outcome = Outcome::Failed(Failure::AddressNotPublic);
            return Report { outcome, took: begun.elapsed(), asked: None };
        }
        let request = self
            .agent
            .post(&message.url)
            .header("content-type", "application/cloudevents+json")
            .header(HEADER_ID, &message.id)
            .header(HEADER_TIMESTAMP, message.seconds.to_string())
            .header(HEADER_SIGNATURE, &message.signature);
        let (outcome, asked) = match request.send(message.body.as_slice()) {
            Ok(response) => {
                let asked = response.headers().get("retry-after");
                let asked = asked.and_then(|value| value.to_str().ok()?.parse().ok());
                (Outcome::Answered(response.status().as_u16()), asked.map(Duration::from_secs))
            }
            Err(error) => (Outcome::Failed(failure(&error)), None),
        };
        Report { outcome, took: begun.elapsed(), asked }
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the client's list of errors is open")]
fn failure(error: &Error) -> Failure {
    match error {
        Error::Other(inner) if inner.is::<NotPublic>() => Failure::AddressNotPublic,
        Error::HostNotFound => Failure::NameUnknown,
        Error::Timeout(_) => Failure::Timeout,
        Error::Tls(_) | Error::Rustls(_) | Error::TlsRequired => Failure::Tls,
        Error::Io(error) if is_tls(error) => Failure::Tls,
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Failure::Timeout,
        Error::Protocol(_) | Error::LargeResponseHeader(..) | Error::Http(_) => Failure::Protocol,
        _ => Failure::Unreachable,
    }
}

/// rustls reports a bad certificate as an error of the connection.
fn is_tls(error: &std::io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use ureq::unversioned::resolver::DefaultResolver;
    use ureq::unversioned::transport::DefaultConnector;

    use crate::webhooks::client::Guard;

    fn message(url: &str) -> Message {
        Message {
            url: url.to_owned(),
            id: "evt_1".to_owned(),
            seconds: 1,
            signature: "v1a,AAAA".to_owned(),
            body: b"{}".to_vec(),
        }
    }

    fn carry(reach: Reach, url: &str) -> Outcome {
        Courier::new(reach, ATTEMPT_MAX).carry(&message(url)).outcome
    }

    const OPEN: Reach = Reach { plain: true, private: true };

    /// Answers one request with these bytes.
    fn answering(answer: &'static [u8]) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                let mut part = [0; 1_024];
                let length = stream.read(&mut part).unwrap();
                assert_ne!(length, 0, "{}", String::from_utf8_lossy(&request));
                request.extend_from_slice(&part[..length]);
            }
            stream.write_all(answer).unwrap();
            String::from_utf8(request).unwrap()
        });
        (url, thread)
    }

    #[test]
    fn an_address_that_is_not_public_is_not_connected_to_whatever_its_name() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let plain = Reach { plain: true, private: false };
        // The name passes the check of the URL; it is the address that it leads to which does not.
        let guard = Guard { reach: plain, names: DefaultResolver::default() };
        let config = Agent::config_builder().max_redirects(0).proxy(None).build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), guard);
        for host in ["localhost", "127.0.0.1", "2130706433", "0x7f000001"] {
            let error = agent.post(format!("http://{host}:{port}/")).send(&b"{}"[..]).unwrap_err();
            let known = [Failure::AddressNotPublic, Failure::NameUnknown, Failure::Unreachable];
            assert!(known.contains(&failure(&error)), "{host}: {error}");
        }
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("http://{host}:{port}/");
            assert_eq!(carry(plain, &url), Outcome::Failed(Failure::AddressNotPublic), "{host}");
        }
        assert!(listener.accept().is_err(), "nobody came");
    }

    #[test]
    fn a_message_has_its_headers_and_its_body_as_signed() {
        let (url, thread) = answering(b"HTTP/1.1 204 No Content\r\n\r\n");
        assert_eq!(carry(OPEN, &url), Outcome::Answered(204));
        let request = thread.join().unwrap();
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
        for line in [
            "webhook-id: evt_1",
            "webhook-timestamp: 1",
            "webhook-signature: v1a,AAAA",
            "content-type: application/cloudevents+json",
            "content-length: 2",
        ] {
            assert!(request.to_lowercase().contains(&line.to_lowercase()), "{request}");
        }
    }

    #[test]
    fn a_redirect_is_an_answer_and_nothing_to_follow() {
        let (url, thread) = answering(
            b"HTTP/1.1 307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        );
        assert_eq!(carry(OPEN, &url), Outcome::Answered(307));
        thread.join().unwrap();
    }

    #[test]
    fn what_the_receiver_asks_for_is_heard() {
        let (url, thread) = answering(
            b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n",
        );
        let report = Courier::new(OPEN, ATTEMPT_MAX).carry(&message(&url));
        assert_eq!(
            (report.outcome, report.asked),
            (Outcome::Answered(429), Some(Duration::from_mins(2)))
        );
        thread.join().unwrap();
    }

    #[test]
    fn an_answer_that_is_none_is_a_failure_with_a_name() {
        for answer in [&b"not HTTP at all\r\n\r\n"[..], b""] {
            let (url, thread) = answering(answer);
            assert!(matches!(carry(OPEN, &url), Outcome::Failed(_)));
            thread.join().unwrap();
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        assert_eq!(carry(OPEN, &url), Outcome::Failed(Failure::Unreachable));
    }

    #[test]
    fn a_receiver_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let report = Courier::new(OPEN, Duration::from_millis(50)).carry(&message(&url));
        assert_eq!(report.outcome, Outcome::Failed(Failure::Timeout));
    }
}
