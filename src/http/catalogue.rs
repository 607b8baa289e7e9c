//! Every problem that the door can answer with: its stable code, its status and its sentence.
//!
//! The codes of statements and tokens are declared where they are decided (`statement`, `domain`, `signing`);
//! here they get their HTTP status. `/problems/{code}` is made from this list, and a test walks through it.

use axum::http::StatusCode;

use crate::domain::{Rejection, Remedy};
use crate::signing::{JwsError, TokenError};
use crate::statement::Malformed;

/// Declares the problems of the door itself.
macro_rules! faults {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $message:literal;)*) => {
        /// A problem of the door itself: before or beside a statement's own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Fault {
            $($(#[$doc])* $variant,)*
        }

        impl Fault {
            /// Every one.
            pub(super) const ALL: &[Self] = &[$(Self::$variant),*];

            /// The stable code.
            pub(super) const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }

            /// The HTTP status.
            pub(super) const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// What it means and what to do.
            pub(super) const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

faults! {
    /// No `Authorization`.
    TokenMissing = "token_missing", UNAUTHORIZED, "send `Authorization: Bearer` and a JWT that you signed with your registered key (see /docs)";
    /// Another scheme than Bearer.
    TokenScheme = "token_scheme", UNAUTHORIZED, "`Authorization` must be `Bearer` and a JWT that you signed with your registered key";
    /// The key was revoked.
    TokenKeyRevoked = "token_key_revoked", UNAUTHORIZED, "the key that signed the token was revoked: sign with one that is in force";
    /// The participant is suspended.
    ParticipantSuspended = "participant_suspended", FORBIDDEN, "the participant is suspended: the operator can reinstate it";
    /// Only the operator and auditors.
    OversightOnly = "oversight_only", FORBIDDEN, "this is for auditors and the operator";
    /// Only the operator.
    OperatorOnly = "operator_only", FORBIDDEN, "this is for the operator";
    /// No such thing, or not the reader's.
    NotFound = "not_found", NOT_FOUND, "there is no such thing, or it is not yours to see";
    /// No such route.
    RouteUnknown = "route_unknown", NOT_FOUND, "there is nothing at this address: /docs lists what there is";
    /// A route with other methods.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "the address does not take this method: `allow` names those that it takes";
    /// A parameter is unknown, repeated or wrong.
    ParameterInvalid = "parameter_invalid", BAD_REQUEST, "a parameter of the address is unknown, given twice, or has a value that it cannot have: `parameter` names it";
    /// A cursor that is not of this list.
    CursorInvalid = "cursor_invalid", BAD_REQUEST, "the cursor was not given out by this list: start without one";
    /// The body has another type.
    MediaType = "media_type_unsupported", UNSUPPORTED_MEDIA_TYPE, "send one statement as `application/jose`, one check as `application/json`, or many, one a line, as `application/x-ndjson`";
    /// The body is too long.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "the body is longer than this address takes: 65,536 bytes for one statement or check, 67,108,864 for many, 4,194,304 for statements that are decided together";
    /// The body ended early or could not be read.
    BodyUnreadable = "body_unreadable", BAD_REQUEST, "the body ended before its end or could not be read";
    /// The body is not the JSON that is expected.
    BodyInvalid = "body_invalid", BAD_REQUEST, "the body is not the JSON object that this address takes: `detail` says what is wrong with it";
    /// The body came too slowly.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "the request was not complete in time: send it again";
    /// A check that is not one.
    CheckInvalid = "check_invalid", BAD_REQUEST, "a check is the data of `invoice.registered.v1` in JSON, with `claimed_minor` beside it where less than all is claimed";
    /// A check that the caller may not make.
    CheckNotAllowed = "check_not_allowed", FORBIDDEN, "checks are for financiers, for suppliers on their own sales, and for the operator and auditors; nobody checks its own purchases";
    /// A statement that does not belong here.
    StatementUnfit = "statement_unfit", UNPROCESSABLE_ENTITY, "here go 1 to 1,000 of your own `invoice.registered.v1`, `financing.reserved.v1` and `financing.recorded.v1` statements, one a line: nothing of this was accepted";
    /// A message that is no response.
    NotAResponse = "not_a_response", UNPROCESSABLE_ENTITY, "send a Peppol Invoice Response 3 or a French life cycle message (CDAR): `detail` says what came instead";
    /// A response that cannot be read.
    ResponseUnreadable = "response_unreadable", UNPROCESSABLE_ENTITY, "the response cannot be read: `detail` says what is missing or wrong in it";
    /// A response that says too little for a statement.
    ResponseIncomplete = "response_incomplete", UNPROCESSABLE_ENTITY, "the response can be read and cannot be stated as it is: `detail` says what it lacks";
    /// A response to no invoice that the caller sees.
    ResponseUnmatched = "response_unmatched", NOT_FOUND, "there is no invoice of that seller, number, type and date, or it is not yours to see: register it first";
    /// A response to several.
    ResponseAmbiguous = "response_ambiguous", CONFLICT, "several invoices have that seller, number and type: ask for a message that has the invoice's date";
    /// A response that somebody else states.
    ResponseNotYours = "response_not_yours", FORBIDDEN, "only the seller and the buyer state what a response says of their invoice, and the buyer does not state the seller's word";
    /// No response to write.
    ResponseNone = "response_none", NOT_FOUND, "the buyer's side has reported nothing yet that an Invoice Response says";
    /// More checks than one participant may make.
    TooManyChecks = "too_many_checks", TOO_MANY_REQUESTS, "you made more checks than one participant may make at a time: send the rest after `retry-after` seconds";
    /// A webhook's URL.
    WebhookUrl = "webhook_url_invalid", UNPROCESSABLE_ENTITY, "messages are not sent to this URL: it must be https and lead to a public address, without credentials or fragment";
    /// A webhook's types.
    WebhookTypes = "webhook_types_invalid", UNPROCESSABLE_ENTITY, "one of the types would never come: give types as events have them, their first word and `.*`, or `*`";
    /// Another wish for a webhook.
    WebhookInvalid = "webhook_invalid", UNPROCESSABLE_ENTITY, "a webhook cannot be set like this: `detail` says what is wrong";
    /// The participant has a webhook with this URL.
    WebhookUrlTaken = "webhook_url_taken", CONFLICT, "you have a webhook with this URL: change that one";
    /// The participant has as many webhooks as it may.
    WebhookTooMany = "webhook_too_many", CONFLICT, "a participant has at most ten webhooks: remove one first";
    /// An event that is not told any more.
    WebhookEventGone = "webhook_event_gone", CONFLICT, "the event is not told to you any more: what a mandate showed is gone with it";
    /// No key to seal secrets under.
    VaultMissing = "vault_missing", SERVICE_UNAVAILABLE, "this registry keeps no connections: it was started without a vault key (`serve --vault-key FILE`), and nothing is kept unsealed";
    /// A connection for somebody who is no debtor.
    ConnectionNotAllowed = "connection_not_allowed", FORBIDDEN, "connections are for debtors, to their own books";
    /// A connection that cannot be made or changed like this.
    ConnectionInvalid = "connection_invalid", UNPROCESSABLE_ENTITY, "a connection cannot be set like this: `detail` says what is wrong";
    /// The participant has as many connections as it may.
    ConnectionTooMany = "connection_too_many", CONFLICT, "a participant has at most ten connections: remove one first";
    /// A connection that somebody is at work with.
    ConnectionBusy = "connection_busy", CONFLICT, "the connection is being read just now: try again in a moment";
    /// A connection whose owner has not delegated.
    ConnectionNotDelegated = "connection_not_delegated", CONFLICT, "nothing may be stated for you: state `delegation.granted.v1` for `status.reported.v1` to the `delegate` that the connection names";
    /// A consent that nobody asked for, or that came back before.
    ConnectionConsentUnknown = "connection_consent_unknown", CONFLICT, "this consent was not asked for, was used already, or took longer than 15 minutes: ask for it anew";
    /// A notice of a package that is not genuine.
    ConnectionNotice = "connection_notice_invalid", FORBIDDEN, "the notice is not the package's: its code is not that of its content";
    /// The package did not do its part.
    ConnectionTrouble = "connection_trouble", BAD_GATEWAY, "the package, or the file, is not as it should be: `detail` says how; nothing was stated of it";
    /// A contact.
    ContactInvalid = "contact_invalid", UNPROCESSABLE_ENTITY, "a contact cannot be set like this: `detail` says what is wrong";
    /// The address that is confirmed is not the one on record.
    ContactChanged = "contact_changed", CONFLICT, "the address on record is not the one that you confirm: look at it again";
    /// A letter that waits for no approval.
    LetterNotHeld = "letter_not_held", CONFLICT, "the letter does not wait for approval, or would go to another address than the one that you approve: look at it again";
    /// A request that waits for no answer.
    RequestClosed = "request_closed", CONFLICT, "the request does not wait for an answer any more: it was answered or declined, or its time is over";
    /// A reminder too many.
    ReminderTooSoon = "reminder_too_soon", CONFLICT, "a debtor is reminded of a request once a day, and three times in all: a day after the request or the reminder before";
    /// More than the registry takes now.
    Overloaded = "overloaded", SERVICE_UNAVAILABLE, "the registry has more to do than it takes now: nothing of this was accepted; send it again after `retry-after` seconds";
    /// It is being stopped.
    Stopping = "stopping", SERVICE_UNAVAILABLE, "the registry is being stopped: nothing of this was accepted; send it again after `retry-after` seconds";
    /// Whether a statement was admitted is not known.
    OutcomeUnknown = "outcome_unknown", SERVICE_UNAVAILABLE, "whether the statement was admitted is not known: send the same bytes again, and you get the receipt if it was";
    /// Storage does not answer.
    Unavailable = "unavailable", SERVICE_UNAVAILABLE, "the registry cannot answer now: try again after `retry-after` seconds";
    /// `min_size` was not reached in time.
    SizeNotReached = "size_not_reached", SERVICE_UNAVAILABLE, "the log did not reach `min_size` in time: try again, or ask without it";
    /// A bug.
    Internal = "internal_error", INTERNAL_SERVER_ERROR, "something went wrong on our side; the request id helps the operator to find out what";
}

/// A problem, as its page documents it.
pub struct Entry {
    /// The stable code.
    pub code: &'static str,
    /// The status that it has.
    pub status: StatusCode,
    /// What is wrong and what to do.
    pub text: String,
    /// Where it is met.
    pub place: &'static str,
}

/// A code in words.
pub(super) fn title(code: &str) -> String {
    let mut words = code.replace('_', " ");
    if let Some(first) = words.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    words
}

/// The status of bytes that are not a statement.
pub(super) const fn malformed_status(malformed: &Malformed) -> StatusCode {
    match malformed {
        Malformed::Jws(error) => jws_status(*error),
        Malformed::Envelope(_)
        | Malformed::Reference
        | Malformed::Type(_)
        | Malformed::Data { .. } => StatusCode::BAD_REQUEST,
    }
}

/// The status of bytes that are not a JWS; as a token they are a 401.
const fn jws_status(error: JwsError) -> StatusCode {
    match error {
        JwsError::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        JwsError::Parts
        | JwsError::Detached
        | JwsError::Base64
        | JwsError::HeaderTooLong
        | JwsError::Header
        | JwsError::HeaderDuplicate
        | JwsError::HeaderMember
        | JwsError::Critical
        | JwsError::Unencoded
        | JwsError::EmbeddedKey
        | JwsError::Transformed
        | JwsError::AlgorithmMissing
        | JwsError::AlgorithmNone
        | JwsError::Algorithm
        | JwsError::KeyIdMissing
        | JwsError::KeyId
        | JwsError::Signature => StatusCode::BAD_REQUEST,
    }
}

/// Every way in which bytes are not a JWS.
const JWS_ERRORS: [JwsError; 18] = [
    JwsError::TooLong,
    JwsError::Parts,
    JwsError::Detached,
    JwsError::Base64,
    JwsError::HeaderTooLong,
    JwsError::Header,
    JwsError::HeaderDuplicate,
    JwsError::HeaderMember,
    JwsError::Critical,
    JwsError::Unencoded,
    JwsError::EmbeddedKey,
    JwsError::Transformed,
    JwsError::AlgorithmMissing,
    JwsError::AlgorithmNone,
    JwsError::Algorithm,
    JwsError::KeyIdMissing,
    JwsError::KeyId,
    JwsError::Signature,
];

/// The status of a rejection.
pub(super) fn rejection_status(code: &str, remedy: Remedy) -> StatusCode {
    match remedy {
        _ if code == Rejection::RecordTooLarge.code() => StatusCode::PAYLOAD_TOO_LARGE,
        Remedy::Forbidden => StatusCode::FORBIDDEN,
        Remedy::NotFound => StatusCode::NOT_FOUND,
        Remedy::Contradicts => StatusCode::CONFLICT,
        Remedy::BreaksRule => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

/// Every problem, each code once, in the order in which a request can meet them.
pub fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for fault in Fault::ALL {
        let (code, status, text) = (fault.code(), fault.status(), fault.message().to_owned());
        entries.push(Entry { code, status, text, place: "a request" });
    }
    for error in JWS_ERRORS {
        let (code, status, text) = (error.code(), jws_status(error), error.to_string());
        entries.push(Entry { code, status, text, place: "a statement; with status 401, a token" });
    }
    let tokens = [
        TokenError::Type,
        TokenError::Claims("what is wrong".to_owned()),
        TokenError::Audience,
        TokenError::Expired,
        TokenError::TooLongLived,
        TokenError::NotYetValid,
        TokenError::UnknownKey,
        TokenError::Signature,
    ];
    for error in tokens {
        let (code, text) = (error.code(), error.to_string());
        entries.push(Entry { code, status: StatusCode::UNAUTHORIZED, text, place: "a token" });
    }
    let malformed = [
        Malformed::Envelope("what is wrong".to_owned()),
        Malformed::Reference,
        Malformed::Type("the type".to_owned()),
        Malformed::Data { kind: "…", message: "what is wrong".to_owned() },
    ];
    for error in malformed {
        let (code, status, text) = (error.code(), malformed_status(&error), error.to_string());
        entries.push(Entry { code, status, text, place: "a statement" });
    }
    for (code, remedy, message) in Rejection::ALL {
        let (status, text) = (rejection_status(code, *remedy), (*message).to_owned());
        entries.push(Entry { code, status, text, place: "a statement" });
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_is_there_once() {
        let entries = entries();
        let codes: BTreeSet<&str> = entries.iter().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), entries.len());
        let snake = |code: &str| {
            code.bytes().all(|c| c.is_ascii_lowercase() || c == b'_' || c.is_ascii_digit())
        };
        assert!(codes.iter().all(|code| snake(code)), "{codes:?}");
        assert_eq!(title("key_unknown"), "Key unknown");
    }
}
