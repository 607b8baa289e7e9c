//! Who stands before a page: the visit, the language, and whether the request comes from a page of ours.

use core::convert::Infallible;

use askama::Template;
use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;

use crate::domain::State;
use crate::http::App;
use crate::http::pages::form::Fields;
use crate::http::pages::session::{self, Sheet, Visit};
use crate::http::pages::trouble::Trouble;
use crate::http::pages::words::{Language, Words};
use crate::http::pages::{choice, go, page};
use crate::statement::Payload;
use crate::types::{PartyId, Timestamp};

/// Whoever asks for a page.
pub(in crate::http) struct Guest {
    /// The door.
    pub(super) app: App,
    /// The query of the address.
    pub(super) query: Fields,
    /// The address without the language in its query.
    pub(super) here: String,
    headers: HeaderMap,
    secret: Option<String>,
    wanted: Option<Language>,
}

impl FromRequestParts<App> for Guest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
        let Query(mut pairs) = pairs.unwrap_or_else(|_| Query(Vec::new()));
        let wanted = pairs.extract_if(.., |(name, _)| name == "lang").last();
        let wanted = wanted.and_then(|(_, code)| Language::of(&code));
        let kept = parts.uri.query().unwrap_or_default().split('&');
        let kept: Vec<&str> =
            kept.filter(|pair| !pair.is_empty() && !pair.starts_with("lang=")).collect();
        let path = parts.uri.path();
        let here =
            if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
        let guest = Self {
            app: app.clone(),
            query: Fields::new(pairs),
            here,
            headers: parts.headers.clone(),
            secret: session::cookie(&parts.headers),
            wanted,
        };
        if let Some(language) = wanted {
            let _ = guest.visit(|visit| visit.language = language);
        }
        Ok(guest)
    }
}

impl Guest {
    /// The registry's time.
    pub(super) fn now(&self) -> Timestamp {
        self.app.engine.now()
    }

    /// The address of the registry, as the visitor's browser has it.
    pub(super) fn address(&self) -> String {
        let host = self.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let scheme = if self.app.pages.secure { "https" } else { "http" };
        format!("{scheme}://{}", host.unwrap_or("localhost"))
    }

    /// The text of the link that the address is of.
    fn token(&self) -> Option<String> {
        let path = self.here.split('?').next()?;
        path.strip_prefix("/mandate/").map(str::to_owned)
    }

    /// The page that says that a new link may be under way: the same for every text, so that it tells nobody anything.
    pub(super) fn told_to_wait(&self) -> Response {
        let words = self.words(None);
        let mut frame = self.frame(words, words.say("trouble-fresh-title").into_owned());
        "/mandate".clone_into(&mut frame.here);
        let text = words.say("trouble-fresh-sent").into_owned();
        page(StatusCode::OK, &TroublePage { f: frame, text, nothing: false, fresh: None })
    }

    /// Looks at the visit, or changes it.
    ///
    /// # Errors
    /// [`Trouble::VisitOver`].
    pub(super) fn visit<T>(&self, look: impl FnOnce(&mut Visit) -> T) -> Result<T, Trouble> {
        let secret = self.secret.as_deref().ok_or(Trouble::VisitOver)?;
        self.app.pages.visits.with(secret, self.now(), look).ok_or(Trouble::VisitOver)
    }

    /// The same guest within a visit that has just begun.
    pub(super) fn within(&self, secret: &str) -> Self {
        Self {
            app: self.app.clone(),
            query: Fields::default(),
            here: self.here.clone(),
            headers: self.headers.clone(),
            secret: Some(secret.to_owned()),
            wanted: self.wanted,
        }
    }

    /// Ends the visit.
    pub(super) fn leave(&self) {
        if let Some(secret) = &self.secret {
            self.app.pages.visits.end(secret);
        }
    }

    /// The debtor whose visit it is.
    ///
    /// # Errors
    /// [`Trouble::VisitOver`].
    pub(super) fn debtor(&self) -> Result<PartyId, Trouble> {
        self.visit(|visit| visit.debtor.clone())
    }

    /// Whether a form may come from where this one comes from. Browsers say so themselves; the secrets in the form
    /// and the cookie that other sites do not send say it again.
    ///
    /// # Errors
    /// [`Trouble::FormStale`].
    pub(super) fn own_site(&self) -> Result<(), Trouble> {
        let site = self.headers.get("sec-fetch-site").and_then(|site| site.to_str().ok());
        match site {
            None | Some("same-origin") => Ok(()),
            Some(_) => Err(Trouble::FormStale),
        }
    }

    /// Whether a form is one of this visit; takes its mark.
    ///
    /// # Errors
    /// [`Trouble::FormStale`], [`Trouble::FormTampered`], [`Trouble::VisitOver`].
    pub(super) fn own_form(&self, fields: &mut Fields) -> Result<(), Trouble> {
        self.own_site()?;
        let mark = fields.text("form")?;
        let own = self.visit(|visit| mark.as_deref() == Some(visit.form.as_str()))?;
        if own { Ok(()) } else { Err(Trouble::FormStale) }
    }

    /// The words of the language that is read.
    pub(super) fn words(&self, letter: Option<Language>) -> &'static Words {
        let of_visit = || self.visit(|visit| visit.language).ok();
        let accepted = || Language::accepted(&self.headers);
        let language = self.wanted.or_else(of_visit).or(letter).or_else(accepted);
        language.unwrap_or(Language::English).words()
    }

    /// What stands around a page.
    pub(super) fn frame(&self, words: &'static Words, title: String) -> Frame {
        let (form, debtor) = self
            .visit(|visit| (visit.form.clone(), Some(visit.debtor.clone())))
            .unwrap_or_default();
        Frame {
            w: words,
            title,
            debtor: debtor.map(|debtor| self.app.called(&debtor)),
            here: self.here.clone(),
            origin: self.app.engine.origin().to_string(),
            form,
        }
    }

    /// The answer of a page, or the page that tells what was wrong.
    pub(super) fn answer(&self, answer: Result<Response, Trouble>) -> Response {
        answer.unwrap_or_else(|trouble| {
            tracing::info!(trouble = trouble.key(), "a page told what was wrong");
            let words = self.words(None);
            let key = trouble.key();
            let mut frame = self.frame(words, words.say(key).into_owned());
            // What was asked for need not have an answer to GET.
            frame.here = if frame.visiting() { "/mandate".to_owned() } else { self.here.clone() };
            let template = TroublePage {
                f: frame,
                text: words.say(&format!("{key}-text")).into_owned(),
                nothing: trouble != Trouble::SignedAlready,
                fresh: trouble.ended_link().and_then(|()| self.token()),
            };
            page(trouble.status(), &template)
        })
    }

    /// Lays statements out to be signed, and goes to where they are shown.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) fn lay_out(
        &self,
        payloads: Vec<Payload>,
        back: &str,
        next: &'static str,
    ) -> Result<Response, Trouble> {
        let references = payloads.iter().map(|_| session::secret()).collect::<Option<Vec<_>>>();
        let (references, form) = references.zip(session::secret()).ok_or(Trouble::Busy)?;
        let debtor = self.debtor()?;
        let mut sheet = Sheet {
            form,
            payloads,
            references,
            texts: Vec::new(),
            made_at: self.now(),
            back: back.to_owned(),
            next,
        };
        self.write_out(&debtor, &mut sheet)?;
        self.visit(|visit| visit.sheet = Some(sheet))?;
        Ok(go("/mandate/sign"))
    }

    /// Writes the exact texts of a sheet, with the time of now.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(super) fn write_out(&self, debtor: &PartyId, sheet: &mut Sheet) -> Result<(), Trouble> {
        let (now, origin) = (self.now(), self.app.engine.origin());
        let pairs = sheet.payloads.iter().zip(&sheet.references);
        let texts =
            pairs.map(|(payload, reference)| choice::text(payload, debtor, reference, now, origin));
        sheet.texts = texts.collect::<Result<_, _>>()?;
        sheet.made_at = now;
        Ok(())
    }

    /// Asks the state, and answers when what it saw is durable.
    ///
    /// # Errors
    /// [`Trouble::Busy`].
    pub(super) async fn ask<T>(
        &self,
        ask: impl FnOnce(&State, Timestamp) -> T,
    ) -> Result<T, Trouble> {
        Ok(self.app.engine.query(ask).await?.value)
    }
}

impl App {
    /// What a participant is called on pages: as the operator's record has it, with its party id.
    pub(super) fn called(&self, party: &PartyId) -> String {
        let contact = self.invitations.contact(core::slice::from_ref(party));
        contact.map_or_else(|| party.to_string(), |contact| format!("{} ({party})", contact.name))
    }
}

/// What stands around every page.
pub(super) struct Frame {
    /// The words.
    pub(super) w: &'static Words,
    /// The title.
    pub(super) title: String,
    /// What the visitor is called.
    pub(super) debtor: Option<String>,
    /// The address that shows this page.
    pub(super) here: String,
    /// The registry's name.
    pub(super) origin: String,
    /// The mark of forms of the visit; empty where there is none.
    pub(super) form: String,
}

impl Frame {
    /// The languages: code, name, and whether it is this page's.
    pub(super) fn languages(&self) -> [(&'static str, &'static str, bool); 3] {
        Language::ALL.map(|it| (it.code(), it.name(), it == self.w.language()))
    }

    /// The address of this page in another language.
    pub(super) fn in_language(&self, code: &str) -> String {
        let joint = if self.here.contains('?') { '&' } else { '?' };
        format!("{}{joint}lang={code}", self.here)
    }

    /// Whether there is a visit.
    pub(super) const fn visiting(&self) -> bool {
        !self.form.is_empty()
    }
}

#[derive(Template)]
#[template(path = "trouble.html", config = "src/http/pages/askama.toml")]
struct TroublePage {
    f: Frame,
    text: String,
    nothing: bool,
    /// The text of a link that a new one can be asked for with.
    fresh: Option<String>,
}
