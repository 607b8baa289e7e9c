//! Where letters are posted: a mail server, over TLS, or a folder for trials.
//!
//! Blocks. Knows nothing of what letters say.

use core::time::Duration;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use axum::http::Uri;
use lettre::message::Mailbox;
use lettre::transport::file::FileTransport;
use lettre::transport::smtp::SmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Message, Transport as _};

use crate::invitation::letter::Fate;

/// How long the mail server may take for a step.
const STEP_MAX: Duration = Duration::from_secs(20);

/// Where letters are posted.
#[derive(Debug, Clone)]
pub struct Post(Way);

#[derive(Debug, Clone)]
enum Way {
    Folder(FileTransport),
    Smtp(Box<SmtpTransport>),
}

/// Why letters cannot be posted like this.
#[derive(Debug, thiserror::Error)]
pub enum PostError {
    /// The folder cannot be made.
    #[error("the mail folder cannot be made")]
    Folder(#[source] io::Error),
    /// Not the address of a mail server.
    #[error(
        "a mail server is given as smtps://USER@HOST (TLS from the start) or smtp://USER@HOST (STARTTLS, always required)"
    )]
    Url,
    /// Plain SMTP to another machine.
    #[error(
        "without TLS letters go to this machine only: `?tls=none` is for 127.0.0.1, ::1 and localhost"
    )]
    Plain,
    /// Not a certificate.
    #[error("the certificates of the mail server's authority cannot be read")]
    Certificate,
}

/// A mail server.
#[derive(Clone, Default)]
pub struct Server {
    /// `smtps://[USER[:PASSWORD]@]HOST[:PORT]`, `smtp://…` for STARTTLS.
    pub url: String,
    /// The password, where it is not in the URL.
    pub password: Option<String>,
    /// Certificates in PEM that are trusted beside the system's.
    pub authority: Option<Vec<u8>>,
}

impl Post {
    /// A folder; each letter becomes a file of its own, `.eml`, as it would have been sent.
    ///
    /// # Errors
    /// [`PostError::Folder`].
    pub fn folder(dir: &Path) -> Result<Self, PostError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // Links are in it.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir).map_err(PostError::Folder)?;
        Ok(Self(Way::Folder(FileTransport::new(PathBuf::from(dir)))))
    }

    /// A mail server, for letters from an address. Nothing is sent unencrypted, except to this machine.
    ///
    /// # Errors
    /// [`PostError`].
    pub fn smtp(server: &Server, from: &Mailbox) -> Result<Self, PostError> {
        let uri: Uri = server.url.parse().map_err(|_| PostError::Url)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(PostError::Url)?;
        let local = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
        let (required, plain) = match (uri.scheme_str(), uri.query()) {
            (Some("smtps"), None) => (false, false),
            (Some("smtp"), None) => (true, false),
            (Some("smtp"), Some("tls=none")) if local => (false, true),
            (Some("smtp"), Some("tls=none")) => return Err(PostError::Plain),
            _ => return Err(PostError::Url),
        };
        let bare = server.url.split('?').next().unwrap_or_default();
        let mut builder = SmtpTransport::from_url(bare).map_err(|_| PostError::Url)?;
        if !plain {
            let domain = host.trim_start_matches('[').trim_end_matches(']').to_owned();
            let mut parameters = TlsParameters::builder(domain);
            for certificate in certificates(server.authority.as_deref().unwrap_or_default())? {
                parameters = parameters.add_root_certificate(certificate);
            }
            let parameters = parameters.build().map_err(|_| PostError::Certificate)?;
            let tls = if required { Tls::Required(parameters) } else { Tls::Wrapper(parameters) };
            builder = builder.tls(tls);
        }
        if let Some(password) = &server.password {
            let authority = uri.authority().map_or("", |it| it.as_str());
            let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
            let user = user.split(':').next().unwrap_or_default();
            let user = percent_decoded(user).filter(|it| !it.is_empty()).ok_or(PostError::Url)?;
            builder = builder.credentials(Credentials::new(user, password.clone()));
        }
        let name = ClientId::Domain(from.email.domain().to_owned());
        let transport = builder.hello_name(name).timeout(Some(STEP_MAX)).build();
        Ok(Self(Way::Smtp(Box::new(transport))))
    }

    /// Posts a letter. Blocks. What a server answered stands in the log lines, without the address.
    pub(super) fn send(&self, message: &Message) -> Fate {
        match &self.0 {
            Way::Folder(folder) => match folder.send(message) {
                Ok(_) => Fate::Sent,
                Err(error) => {
                    tracing::error!(%error, "a letter cannot be written into the mail folder");
                    Fate::Failed
                }
            },
            Way::Smtp(transport) => match transport.send(message) {
                Ok(_) => Fate::Sent,
                Err(error) => {
                    let code = error.status().map(|code| code.to_string());
                    let refused = is_final(error.is_permanent(), code.as_deref());
                    let class = if error.is_tls() { "tls" } else { "smtp" };
                    tracing::warn!(class, code, refused, "a letter was not taken");
                    if refused { Fate::Refused } else { Fate::Failed }
                }
            },
        }
    }
}

/// Whether an answer is about this letter and will not change: what is about us (RFC 4954: who we are; RFC 3207: TLS)
/// is mended by the operator, and then every letter goes.
fn is_final(permanent: bool, code: Option<&str>) -> bool {
    permanent && matches!(code, Some("550" | "551" | "552" | "553" | "554" | "556"))
}

/// Every certificate in a PEM file.
fn certificates(pem: &[u8]) -> Result<Vec<Certificate>, PostError> {
    const END: &str = "-----END CERTIFICATE-----";
    let text = core::str::from_utf8(pem).map_err(|_| PostError::Certificate)?;
    let blocks = text.split_inclusive(END).filter(|block| block.contains(END));
    let found = blocks
        .map(|block| Certificate::from_pem(block.as_bytes()).map_err(|_| PostError::Certificate))
        .collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() && !pem.is_empty() { Err(PostError::Certificate) } else { Ok(found) }
}

/// A text with `%40` and the like read.
fn percent_decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            let digits = core::str::from_utf8(&digits).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smtp(url: &str) -> Result<Post, PostError> {
        let server = Server { url: url.to_owned(), ..Server::default() };
        Post::smtp(&server, &"registry@registry.example".parse().unwrap())
    }

    #[test]
    fn nothing_leaves_this_machine_without_tls() {
        for fine in [
            "smtps://mail.example",
            "smtps://user:pass@mail.example:465",
            "smtp://user%40firm.example:pass@mail.example:587",
            "smtp://127.0.0.1:2525?tls=none",
            "smtp://localhost:2525?tls=none",
        ] {
            assert!(smtp(fine).is_ok(), "{fine}");
        }
        for wrong in [
            "smtp://mail.example?tls=none",
            "smtp://mail.example?tls=opportunistic",
            "smtp://mail.example?tls=",
            "http://mail.example",
            "mail.example",
            "smtp://",
            "",
        ] {
            assert!(smtp(wrong).is_err(), "{wrong}");
        }
        assert!(matches!(smtp("smtp://10.0.0.1?tls=none"), Err(PostError::Plain)));
    }

    #[test]
    fn only_an_answer_about_the_letter_itself_is_final() {
        assert!(is_final(true, Some("550")));
        for ours in [Some("535"), Some("530"), Some("502"), None] {
            assert!(!is_final(true, ours), "{ours:?}");
        }
        assert!(!is_final(false, Some("451")));
    }

    #[test]
    fn a_user_of_a_url_is_read() {
        assert_eq!(percent_decoded("a%40b").as_deref(), Some("a@b"));
        assert_eq!(percent_decoded("a%4"), None);
        assert_eq!(percent_decoded("a%zz"), None);
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let server = |authority: &[u8]| Server {
            url: "smtps://mail.example".to_owned(),
            authority: Some(authority.to_vec()),
            ..Server::default()
        };
        let from = "registry@registry.example".parse().unwrap();
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for wrong in [b"nothing".as_slice(), broken, &[0xff]] {
            assert!(Post::smtp(&server(wrong), &from).is_err());
        }
    }
}
