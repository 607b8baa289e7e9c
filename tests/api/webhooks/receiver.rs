//! A receiver of webhooks: answers as it is told, keeps what it got, and checks it as a stranger would.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver as Inbox, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use tallystick::signing::webhook::{self, Headers, TOLERANCE_S};
use tallystick::types::Timestamp;

/// How long anything may take here before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A message as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Message {
    /// A header.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    /// `webhook-id`
    pub(crate) fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// The event.
    pub(crate) fn event(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    /// Whether it holds under a key at a time.
    pub(crate) fn holds(&self, key: &str, now: Timestamp) -> bool {
        let key = webhook::read_key(key).expect("a key");
        let headers = Headers {
            id: self.id(),
            timestamp: self.header("webhook-timestamp"),
            signature: self.header("webhook-signature"),
        };
        webhook::verify(&[key], headers, &self.body, now, TOLERANCE_S).is_ok()
    }
}

/// A receiver on a port of its own.
pub(crate) struct Receiver {
    /// Its address.
    pub(crate) url: String,
    inbox: Inbox<Message>,
    answers: Arc<Mutex<VecDeque<&'static str>>>,
}

/// Takes a message.
pub(crate) const TAKEN: &str = "204 No Content\r\n";
/// Does not.
pub(crate) const BROKEN: &str = "500 Internal Server Error\r\ncontent-length: 0\r\n";
/// Wants no more.
pub(crate) const GONE: &str = "410 Gone\r\ncontent-length: 0\r\n";
/// Points elsewhere.
pub(crate) const MOVED: &str =
    "307 Temporary Redirect\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n";

impl Receiver {
    /// A receiver that answers like this, and then takes everything.
    pub(crate) fn answering(answers: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let (sender, inbox) = channel();
        let answers: Arc<Mutex<VecDeque<_>>> = Arc::new(Mutex::new(answers.to_vec().into()));
        let told = Arc::clone(&answers);
        // Ends with the test: nobody connects any more, and the process goes.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let next = || told.lock().expect("no panic").pop_front().unwrap_or(TAKEN);
                if take(stream, &sender, next).is_none() {
                    return;
                }
            }
        });
        Self { url, inbox, answers }
    }

    /// A receiver that takes everything.
    pub(crate) fn willing() -> Self {
        Self::answering(&[])
    }

    /// The next message.
    pub(crate) fn next(&self) -> Message {
        self.inbox.recv_timeout(PATIENCE).expect("a message")
    }

    /// Answers like this next, before it takes everything again.
    pub(crate) fn then(&self, answers: &[&'static str]) {
        self.answers.lock().expect("no panic").extend(answers);
    }

    /// Whether everything that came was looked at.
    pub(crate) fn is_empty(&self) -> bool {
        self.inbox.try_recv().is_err()
    }
}

/// Reads a request, keeps it, then answers.
fn take(
    mut stream: TcpStream,
    inbox: &Sender<Message>,
    answer: impl FnOnce() -> &'static str,
) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut headers = Vec::new();
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    loop {
        line.clear();
        if reader.read_line(&mut line).ok()? == 0 {
            return Some(());
        }
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length?.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    // Answered first: whoever sees the message in the inbox knows that the answer is on its way.
    write!(stream, "HTTP/1.1 {}\r\n", answer()).ok()?;
    inbox.send(Message { headers, body }).ok()
}
