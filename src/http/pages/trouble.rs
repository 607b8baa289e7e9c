//! What can be wrong on a page, each told in words and with a way on. Nothing was done where one of these is told.

use axum::http::StatusCode;

use crate::engine::{QueryError, SubmitError};
use crate::http::pages::form::Tampered;
use crate::statement::Malformed;

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The link never was one.
    LinkUnknown,
    /// Its time is over.
    LinkExpired,
    /// It was used before.
    LinkUsed,
    /// A newer letter took its place.
    LinkWithdrawn,
    /// There is no visit, or it is over.
    VisitOver,
    /// The form is not the newest of the visit, or comes from elsewhere.
    FormStale,
    /// The form is not one of ours.
    FormTampered,
    /// It names an invoice of which the visitor is not the buyer.
    ForeignInvoice,
    /// It names a request or mandate that is not the visitor's, or no longer stands.
    ForeignMandate,
    /// What was signed is not what was shown.
    StatementOther,
    /// The signature does not hold.
    Signature,
    /// The same sheet was sent before.
    SignedAlready,
    /// The key is another participant's.
    KeyOther,
    /// The key was revoked.
    KeyRevoked,
    /// There is no key to sign with.
    KeyMissing,
    /// The debtor is suspended.
    Suspended,
    /// The operator's hand is missing, or was refused.
    Enrol,
    /// The registry has too much to do, or stops.
    Busy,
}

impl Trouble {
    /// Every one.
    #[cfg(test)]
    pub(super) const ALL: &[Self] = &[
        Self::LinkUnknown,
        Self::LinkExpired,
        Self::LinkUsed,
        Self::LinkWithdrawn,
        Self::VisitOver,
        Self::FormStale,
        Self::FormTampered,
        Self::ForeignInvoice,
        Self::ForeignMandate,
        Self::StatementOther,
        Self::Signature,
        Self::SignedAlready,
        Self::KeyOther,
        Self::KeyRevoked,
        Self::KeyMissing,
        Self::Suspended,
        Self::Enrol,
        Self::Busy,
    ];

    /// The key of its title; that of its text ends in `-text`.
    pub(super) const fn key(&self) -> &'static str {
        match self {
            Self::LinkUnknown => "trouble-link-unknown",
            Self::LinkExpired => "trouble-link-expired",
            Self::LinkUsed => "trouble-link-used",
            Self::LinkWithdrawn => "trouble-link-withdrawn",
            Self::VisitOver => "trouble-visit-over",
            Self::FormStale => "trouble-form-stale",
            Self::FormTampered => "trouble-form-tampered",
            Self::ForeignInvoice => "trouble-foreign-invoice",
            Self::ForeignMandate => "trouble-foreign-mandate",
            Self::StatementOther => "trouble-statement-other",
            Self::Signature => "trouble-signature",
            Self::SignedAlready => "trouble-signed-already",
            Self::KeyOther => "trouble-key-other",
            Self::KeyRevoked => "trouble-key-revoked",
            Self::KeyMissing => "trouble-key-missing",
            Self::Suspended => "trouble-suspended",
            Self::Enrol => "trouble-enrol",
            Self::Busy => "trouble-busy",
        }
    }

    /// The status of its page.
    pub(super) const fn status(&self) -> StatusCode {
        match self {
            Self::LinkUnknown | Self::ForeignInvoice | Self::ForeignMandate => {
                StatusCode::NOT_FOUND
            }
            Self::LinkExpired | Self::LinkUsed | Self::LinkWithdrawn => StatusCode::GONE,
            Self::VisitOver | Self::Suspended | Self::KeyOther | Self::KeyRevoked => {
                StatusCode::FORBIDDEN
            }
            Self::FormStale | Self::SignedAlready => StatusCode::CONFLICT,
            Self::FormTampered | Self::StatementOther | Self::Signature | Self::KeyMissing => {
                StatusCode::BAD_REQUEST
            }
            Self::Enrol | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Trouble {
    /// Whether it is about a link that held once: a new one can be asked for.
    pub(super) const fn ended_link(&self) -> Option<()> {
        if matches!(self, Self::LinkExpired | Self::LinkUsed | Self::LinkWithdrawn) {
            Some(())
        } else {
            None
        }
    }
}

impl From<Tampered> for Trouble {
    fn from(_: Tampered) -> Self {
        Self::FormTampered
    }
}

impl From<QueryError> for Trouble {
    fn from(error: QueryError) -> Self {
        tracing::warn!(?error, "a page was not answered");
        Self::Busy
    }
}

impl From<SubmitError> for Trouble {
    fn from(error: SubmitError) -> Self {
        tracing::warn!(?error, "a page's statements were not answered");
        Self::Busy
    }
}

impl From<Malformed> for Trouble {
    fn from(malformed: Malformed) -> Self {
        tracing::error!(%malformed, "a page made a statement that cannot be read");
        Self::FormTampered
    }
}
