//! Where a registry posts its letters: the options of `serve`, read.

use std::path::PathBuf;

use anyhow::Context as _;
use lettre::message::Mailbox;

use crate::cli::failure::{WithHint as _, failure};
use crate::cli::host;
use crate::invitation::{Mail, Post, Sender, Server};

/// The longest file of a password or of certificates.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// From whom letters of a trial are.
const TRIAL_FROM: &str = "Tallystick <registry@tallystick.invalid>";

/// Where letters to debtors go.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Posting {
    /// Writes letters to debtors into this folder, one file each (.eml): for trials
    #[arg(long, value_name = "DIR", conflicts_with = "smtp")]
    mail_folder: Option<PathBuf>,
    /// Sends letters to debtors through this mail server: `smtps://USER@HOST` (TLS from the start) or
    /// `smtp://USER@HOST` (STARTTLS, always required)
    #[arg(
        long,
        value_name = "URL",
        env = "TALLYSTICK_SMTP",
        requires = "mail_from",
        requires = "public_url"
    )]
    smtp: Option<String>,
    /// A file whose first line is the password at the mail server
    #[arg(long, value_name = "FILE", requires = "smtp")]
    smtp_password_file: Option<PathBuf>,
    /// Certificates (PEM) that the mail server's may be signed with, beside the system's
    #[arg(long, value_name = "FILE", requires = "smtp")]
    smtp_ca: Option<PathBuf>,
    /// From whom letters are, such as "Registry <registry@registry.example>"
    #[arg(long, value_name = "MAILBOX", env = "TALLYSTICK_MAIL_FROM")]
    mail_from: Option<Mailbox>,
    /// Who reads the answers: a person; the sender, unless it is given
    #[arg(long, value_name = "MAILBOX", env = "TALLYSTICK_MAIL_REPLY_TO")]
    mail_reply_to: Option<Mailbox>,
    /// Where debtors find the registry's pages, such as `https://registry.example`; links lead there
    #[arg(long, value_name = "URL", env = "TALLYSTICK_PUBLIC_URL")]
    public_url: Option<String>,
}

impl Posting {
    /// Whether people reach the pages over TLS only.
    pub(crate) fn is_over_tls(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Where letters are posted, if at all. `own` is where the registry itself listens.
    ///
    /// # Errors
    /// Where the options do not fit, or a file or folder cannot be used.
    pub(crate) fn mail(&self, own: &str) -> anyhow::Result<Option<Mail>> {
        if self.mail_folder.is_none() && self.smtp.is_none() {
            return Ok(None);
        }
        let from = match &self.mail_from {
            Some(from) => from.clone(),
            None => TRIAL_FROM.parse().context("no sender")?,
        };
        let public_url = self.public_url.clone().unwrap_or_else(|| own.to_owned());
        let public_url = public_url.trim_end_matches('/').to_owned();
        let web = public_url.starts_with("https://") || public_url.starts_with("http://");
        if !web || public_url.contains(['?', '#']) || public_url.contains(char::is_whitespace) {
            return Err(failure(
                format!("{public_url} is not where pages are"),
                "give --public-url in full, such as https://registry.example",
            ));
        }
        let post = match (&self.mail_folder, &self.smtp) {
            (Some(dir), _) => Post::folder(dir).with_context(|| dir.display().to_string()),
            (None, Some(url)) => {
                let password = self.smtp_password_file.as_deref();
                let password = password.map(|file| host::read_text(file, FILE_BYTES_MAX));
                let first = |text: String| text.lines().next().unwrap_or_default().to_owned();
                let authority = self.smtp_ca.as_deref();
                let server = Server {
                    url: url.clone(),
                    password: password.transpose()?.map(first),
                    authority: authority
                        .map(|file| host::read(file, FILE_BYTES_MAX))
                        .transpose()?,
                };
                Post::smtp(&server, &from).context("letters cannot be posted")
            }
            (None, None) => return Ok(None),
        };
        let post = post.hint("docs/OPERATING.md says how letters are sent")?;
        let reply_to = self.mail_reply_to.clone().unwrap_or_else(|| from.clone());
        Ok(Some(Mail { post, sender: Sender { from, reply_to, public_url } }))
    }
}
