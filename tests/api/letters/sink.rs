//! A mail server that keeps what it is given: over TCP, with STARTTLS where it has a certificate.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// A letter as it came.
#[derive(Debug)]
pub(super) struct Received {
    /// Over TLS.
    pub(super) tls: bool,
    /// What the client called itself.
    pub(super) hello: String,
    /// The credentials that it gave, decoded, with a space for each zero byte.
    pub(super) login: Option<String>,
    /// From whom, in the envelope.
    pub(super) from: String,
    /// To whom, in the envelope.
    pub(super) to: Vec<String>,
    /// The message.
    pub(super) data: Vec<u8>,
}

/// A mail server.
pub(super) struct Sink {
    /// Its port on this machine.
    pub(super) port: u16,
    letters: Receiver<Received>,
    /// What it says to the next receivers instead of taking them.
    refusals: Arc<Mutex<Vec<&'static str>>>,
}

/// A certificate for `localhost`, made by an authority that was made for it.
pub(super) struct Certificates {
    /// The authority's certificate, in PEM.
    pub(super) authority: Vec<u8>,
    config: Arc<ServerConfig>,
}

impl Certificates {
    /// Makes them with OpenSSL, in a folder.
    pub(super) fn make(dir: &Path) -> Self {
        let openssl = |arguments: &str| {
            let made = Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output();
            let made = made.expect("openssl (Debian: openssl)");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        };
        std::fs::write(dir.join("san"), "subjectAltName=DNS:localhost").expect("a file");
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(&format!("req -x509 {key} -keyout ca.key -out ca.pem -subj /CN=Authority -days 2"));
        openssl(&format!("req {key} -keyout own.key -out own.csr -subj /CN=localhost"));
        openssl(
            "x509 -req -in own.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out own.pem",
        );
        let chain = vec![CertificateDer::from_pem_file(dir.join("own.pem")).expect("PEM")];
        let key = PrivateKeyDer::from_pem_file(dir.join("own.key")).expect("PEM");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a certificate");
        let authority = std::fs::read(dir.join("ca.pem")).expect("PEM");
        Self { authority, config: Arc::new(config) }
    }
}

impl Sink {
    /// Opens one, with STARTTLS where there is a certificate.
    pub(super) fn open(certificates: Option<&Certificates>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (sender, letters) = channel();
        let refusals = Arc::new(Mutex::new(Vec::new()));
        let (config, shared) =
            (certificates.map(|it| Arc::clone(&it.config)), Arc::clone(&refusals));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (config, sender) = (config.clone(), sender.clone());
                let refusals = Arc::clone(&shared);
                thread::spawn(move || {
                    let limit = Some(Duration::from_secs(10));
                    stream.set_read_timeout(limit).expect("a limit");
                    let mut session = Session { config, sender, refusals, login: None };
                    session.plain(stream);
                });
            }
        });
        Self { port, letters, refusals }
    }

    /// Says this to the next receiver instead of taking it.
    pub(super) fn refuse(&self, answer: &'static str) {
        self.refusals.lock().expect("a lock").push(answer);
    }

    /// The next letter.
    pub(super) fn next(&self) -> Received {
        self.letters.recv_timeout(Duration::from_secs(20)).expect("a letter")
    }

    /// Whether nothing came.
    pub(super) fn is_empty(&self) -> bool {
        self.letters.try_recv().is_err()
    }
}

struct Session {
    config: Option<Arc<ServerConfig>>,
    sender: Sender<Received>,
    refusals: Arc<Mutex<Vec<&'static str>>>,
    login: Option<String>,
}

/// How a conversation ended.
enum End {
    Over,
    StartTls,
}

impl Session {
    fn plain(&mut self, mut stream: TcpStream) {
        let _ = stream.write_all(b"220 sink ready\r\n");
        let mut reader = BufReader::new(stream);
        if let End::StartTls = self.talk(&mut reader, false) {
            let config = self.config.clone().expect("a certificate");
            let connection = ServerConnection::new(config).expect("a connection");
            let stream = StreamOwned::new(connection, reader.into_inner());
            self.talk(&mut BufReader::new(stream), true);
        }
    }

    fn talk<S: Read + Write>(&mut self, stream: &mut BufReader<S>, tls: bool) -> End {
        let (mut hello, mut from, mut to) = (String::new(), String::new(), Vec::new());
        loop {
            let mut line = String::new();
            if !matches!(stream.read_line(&mut line), Ok(1..)) {
                return End::Over;
            }
            let line = line.trim_end().to_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            let answer = match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    rest.clone_into(&mut hello);
                    match (&self.config, tls) {
                        (Some(_), false) => "250-sink\r\n250 STARTTLS".to_owned(),
                        (_, true) => "250-sink\r\n250 AUTH PLAIN".to_owned(),
                        (None, false) => "250 sink".to_owned(),
                    }
                }
                "STARTTLS" if self.config.is_some() => {
                    let _ = stream.get_mut().write_all(b"220 go on\r\n");
                    return End::StartTls;
                }
                "AUTH" => {
                    use base64::{Engine as _, engine::general_purpose::STANDARD};
                    let given = rest.trim_start_matches("PLAIN ");
                    let given = STANDARD.decode(given).expect("base64");
                    self.login = Some(String::from_utf8(given).expect("text").replace('\0', " "));
                    "235 welcome".to_owned()
                }
                "MAIL" => {
                    rest.clone_into(&mut from);
                    "250 fine".to_owned()
                }
                "RCPT" => {
                    if let Some(refusal) = self.refusals.lock().expect("a lock").pop() {
                        refusal.to_owned()
                    } else {
                        to.push(rest.to_owned());
                        "250 fine".to_owned()
                    }
                }
                "DATA" => {
                    let _ = stream.get_mut().write_all(b"354 go on\r\n");
                    let received = Received {
                        tls,
                        hello: hello.clone(),
                        login: self.login.clone(),
                        from: core::mem::take(&mut from),
                        to: core::mem::take(&mut to),
                        data: data(stream),
                    };
                    self.sender.send(received).expect("a reader");
                    "250 taken".to_owned()
                }
                "QUIT" => {
                    let _ = stream.get_mut().write_all(b"221 bye\r\n");
                    return End::Over;
                }
                "NOOP" | "RSET" => "250 fine".to_owned(),
                _ => "500 what?".to_owned(),
            };
            if stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).is_err() {
                return End::Over;
            }
        }
    }
}

/// A message up to the line with a full stop (RFC 5321, 4.5.2).
fn data(stream: &mut impl std::io::BufRead) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        stream.read_until(b'\n', &mut line).expect("a line");
        match line.as_slice() {
            b".\r\n" | b"" => return data,
            [b'.', rest @ ..] => data.extend_from_slice(rest),
            line => data.extend_from_slice(line),
        }
    }
}
