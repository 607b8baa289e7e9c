//! Why a well-formed, well-signed statement is not admitted.

use crate::invoice::CoreError;
use crate::types::PartyId;

/// What a rejection asks of the one who made the statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Not allowed: who signed it may not say it.
    Forbidden,
    /// There is no such thing, or it is not yours to know.
    NotFound,
    /// It contradicts what the log holds already.
    Contradicts,
    /// It breaks a rule by itself.
    BreaksRule,
}

/// Declares every rejection once: variant, stable code, remedy, and the sentence that says what to do.
macro_rules! rejections {
    ($($(#[$doc:meta])* $variant:ident $(($inner:ty))? = $code:literal, $remedy:ident, $message:literal;)*) => {
        /// Why a statement was rejected, in the order of the checks: who says it, what it says by itself, what
        /// the log holds already. A statement that fails several is rejected for the first; of several invoices,
        /// for the first of them that fails. The codes are stable; docs/SPECIFICATION.md has a line for each.
        #[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
        pub enum Rejection {
            $($(#[$doc])* #[error($message)] $variant $(($inner))?,)*
        }

        impl Rejection {
            /// Every code with its remedy and its sentence, in the order of the checks.
            pub const ALL: &[(&'static str, Remedy, &'static str)] =
                &[$(($code, Remedy::$remedy, $message)),*];

            /// The stable code.
            pub const fn code(&self) -> &'static str {
                match self { $(Self::$variant { .. } => $code,)* }
            }

            /// What it asks of the author.
            pub const fn remedy(&self) -> Remedy {
                match self { $(Self::$variant { .. } => Remedy::$remedy,)* }
            }
        }
    };
}

rejections! {
    /// The registry has no first record yet, and this is not `registry.opened`.
    NotOpened = "registry_not_opened", Contradicts, "the registry is not open yet: its first statement must be `registry.opened.v1`";
    /// `registry` names another registry.
    OtherRegistry = "registry_mismatch", BreaksRule, "`registry` names another registry: sign the statement for the origin of this one";
    /// `registry.opened` on an open registry.
    AlreadyOpened = "registry_already_opened", Contradicts, "the registry is open already: it is opened once";
    /// `time` is too far from the registry's time.
    TimeSkew = "time_outside_skew", BreaksRule, "`time` is too far from the registry's time: check the clock and sign again";
    /// Another statement of this author has this `id`.
    ReferenceReused = "id_reused", Contradicts, "another statement of this author has this `id`: send the same bytes again, or choose a new `id`";
    /// No participant has this key.
    KeyUnknown = "key_unknown", Forbidden, "no participant has the key that `kid` names: have it added, or check `kid` (RFC 7638 thumbprint)";
    /// The signature does not hold.
    SignatureInvalid = "signature_invalid", Forbidden, "the signature does not hold under the key that `kid` names";
    /// The key was revoked.
    KeyRevoked = "key_revoked", Forbidden, "the key was revoked: sign with one that is in force";
    /// `source` is not a participant.
    AuthorUnknown = "author_unknown", Forbidden, "`source` is not a participant of this registry";
    /// The author is suspended.
    AuthorSuspended = "author_suspended", Forbidden, "the author is suspended: the operator can reinstate it";
    /// The key is another participant's, who may not speak for the author.
    NotDelegated = "not_delegated", Forbidden, "the key is not the author's, and its holder has no delegation for this type from the author";
    /// The author's roles do not include one that may make this statement.
    RoleNotAllowed = "role_not_allowed", Forbidden, "the author has no role that may make a statement of this type";
    /// The type came with newer rules than those in force.
    RulesTooOld = "rules_too_old", Contradicts, "this type of statement came with newer rules than those in force: the operator can adopt them";

    /// The software does not know these rules.
    RulesUnknown = "rules_unknown", BreaksRule, "this registry does not know these rules: upgrade it before adopting them";
    /// The rules are not newer than those in force.
    RulesNotNewer = "rules_not_newer", Contradicts, "the rules are not newer than those in force";
    /// A party id's check digits are wrong.
    CheckDigits(PartyId) = "party_check_digits", BreaksRule, "the check digits of a party id are wrong: compare it with the official register";
    /// Roles are empty or repeated.
    RolesMalformed = "roles_malformed", BreaksRule, "`roles` must name at least one role and none twice";
    /// Types are empty, repeated, or cannot be delegated.
    DelegationTypes = "delegation_types", BreaksRule, "`types` must name at least one type and none twice, and none on keys, delegations or the registry";
    /// The core cannot be an invoice.
    Core(CoreError) = "invoice_unfit", BreaksRule, "the invoice cannot be registered: {0}";
    /// The amount due is not between 0 and the gross amount.
    AmountDue = "amount_due_invalid", BreaksRule, "`amount_due_minor` must lie between 0 and the gross amount";
    /// A list has too many entries or one twice.
    ListMalformed = "list_malformed", BreaksRule, "a list is empty, too long, or names something twice";
    /// A waiver names nothing that it is for, or both invoices and debtors.
    WaiverScope = "waiver_scope", BreaksRule, "a waiver names invoices, or debtors, or a financier, or a financier with one of the two: a pledge is given up by releasing it";
    /// The days of issue of a blanket pledge end before they begin.
    IssueRange = "issue_range_invalid", BreaksRule, "`issued_from` is after `issued_until`: the pledge would cover nothing";
    /// Details are empty or repeated.
    ShowMalformed = "show_malformed", BreaksRule, "`show` must name at least one detail and none twice";
    /// A term of tacit acceptance is nothing or more than a year.
    TacitTerm = "tacit_term_invalid", BreaksRule, "`tacit.days` must lie between 1 and 365";
    /// The amount is not positive, or too large.
    AmountInvalid = "amount_invalid", BreaksRule, "an amount must lie between 1 and 9007199254740991 minor units";
    /// The status calls for an amount or date that is missing.
    StatusIncomplete = "status_incomplete", BreaksRule, "this status calls for `amount_minor` with `currency`, or for a `date`";
    /// The effective time lies in the future.
    EffectiveInFuture = "effective_in_future", BreaksRule, "`effective_at` lies in the future";
    /// The day of a guarantee is over.
    GuaranteeDate = "guarantee_date_past", BreaksRule, "`date` is over: a guarantee is to pay today (UTC) or later";
    /// A term ends in the past or too late.
    TermInvalid = "term_invalid", BreaksRule, "`until` must lie in the future and after `from`";
    /// The reservation's term is not within 72 hours.
    ReservationTerm = "reservation_term", BreaksRule, "`until` must lie in the future and at most 72 hours after the registry's time";

    /// No such participant.
    ParticipantUnknown = "participant_unknown", NotFound, "no participant has this party id";
    /// The party is a participant already.
    PartyTaken = "party_taken", Contradicts, "this party id belongs to a participant already";
    /// A participant adds or revokes another's key.
    KeyNotYours = "key_not_yours", Forbidden, "a participant may add and revoke its own keys only";
    /// A participant's own key claims more assurance than the key that signs.
    AssuranceRaised = "assurance_raised", Forbidden, "a key that signs for a new key cannot give it more assurance than its own";
    /// The key belongs to a participant already.
    KeyTaken = "key_taken", Contradicts, "this key belongs to a participant already: every participant makes its own";
    /// The participant has no such key, or it is revoked already.
    KeyNotInForce = "key_not_in_force", NotFound, "the participant has no such key in force";
    /// It is the last key of the operator.
    LastOperatorKey = "last_operator_key", BreaksRule, "the operator's last key cannot be revoked: add another one first";
    /// The operator cannot be suspended.
    OperatorSuspended = "operator_not_suspendable", BreaksRule, "the operator cannot be suspended";
    /// The participant is suspended already, or not suspended.
    StandingUnchanged = "standing_unchanged", Contradicts, "the participant has this standing already";
    /// The delegate is the author itself, or has no service provider role.
    DelegateUnfit = "delegate_unfit", BreaksRule, "a delegate must be another participant that has the role service_provider";
    /// There is no such delegation.
    DelegationUnknown = "delegation_unknown", NotFound, "there is no delegation to this participant";
    /// Asked of, or granted to, a participant that cannot have it.
    MandateParty = "mandate_party_unfit", BreaksRule, "a mandate is asked of a debtor, and granted to another participant that is a financier or supplier";
    /// There is no such mandate of this author, or it is not in force.
    MandateUnknown = "mandate_unknown", NotFound, "there is no such mandate of yours, or it is over";
    /// A mandate under which silence counts would reach invoices that were sent before.
    TacitWidened = "tacit_scope_widened", BreaksRule, "a mandate under which silence counts as acceptance cannot be widened: grant another one";
    /// Offered to someone who cannot finance it.
    OffereeUnfit = "offeree_unfit", BreaksRule, "invoices are offered to another active participant that is a financier";
    /// There is no such offer to this author, or it is over.
    RequestUnknown = "request_unknown", NotFound, "there is no such offer to you that is open: it was declined, taken up whole or its time is over";
    /// The other financier cannot take it over.
    TransfereeUnfit = "transferee_unfit", BreaksRule, "a right is transferred to another active participant that is a financier";
    /// The financier in whose favour it is cannot be that.
    BeneficiaryUnfit = "beneficiary_unfit", BreaksRule, "a waiver or consent is in favour of another active participant that is a financier";
    /// There is no such financing of this author, or it has ended.
    FinancingUnknown = "financing_unknown", NotFound, "there is no such financing of yours, or it has ended on an invoice that is named";
    /// There is no such reservation of this author, or it has lapsed or was used.
    ReservationUnknown = "reservation_unknown", NotFound, "there is no such reservation of yours that stands: it lapsed, was released or was used";
    /// The reservation was extended already.
    ReservationExtended = "reservation_extended_already", Contradicts, "a reservation is extended once";
    /// A blanket pledge over one's own receivables, or of a seller towards itself.
    BlanketParty = "blanket_party_unfit", BreaksRule, "a blanket pledge is over the receivables of another party, and towards another debtor than that party";
    /// There is no such blanket pledge of this author, or it was released.
    BlanketUnknown = "blanket_unknown", NotFound, "there is no such blanket pledge of yours, or it was released";
    /// The author has the same blanket pledge already.
    BlanketRepeated = "blanket_repeated", Contradicts, "a blanket pledge of yours over the same receivables stands already";
    /// There are more blanket pledges or waivers than anybody needs.
    BlanketLimit = "blanket_limit", BreaksRule, "a financier has at most 64 standing pledges over one seller, and 1,000 waivers of one pledge that name no invoices";
    /// There is no such waiver or consent of this author, or it was withdrawn.
    ConsentUnknown = "consent_unknown", NotFound, "there is no such waiver or consent of yours, or it was withdrawn";
    /// There is no such conflict for this author.
    ConflictUnknown = "conflict_unknown", NotFound, "there is no such conflict, or you hold no right in it";
    /// The author may not end a conflict in this way.
    ResolutionNotYours = "resolution_not_yours", Forbidden, "only the operator confirms fraud, and says which invoices are told apart";
    /// The conflict is over, or the author's rights in it have ended.
    ConflictOver = "conflict_over", Contradicts, "the conflict is over, or your rights in it have ended";
    /// The ranks are not those of the rights that stand.
    RanksMalformed = "ranks_malformed", BreaksRule, "the ranks must be those of all rights that stand in the conflict, each once";
    /// The author is not a party to the invoice that it registers.
    NotAParty = "not_a_party", Forbidden, "a supplier registers its own sales and a debtor its own purchases: the author is neither party of this invoice";
    /// There is no such invoice for this author.
    InvoiceUnknown = "invoice_unknown", NotFound, "there is no such invoice, or it is not yours";
    /// The claims are on one and the same invoice.
    SameInvoice = "same_invoice", Contradicts, "the claims are on one and the same invoice, or on invoices that nothing relates: there is nothing to tell apart";
    /// The invoice has ended.
    InvoiceEnded = "invoice_ended", Contradicts, "the invoice was rejected, cancelled or credited in full";
    /// The source is not one that this author may name.
    SourceNotYours = "source_not_yours", Forbidden, "a seller reports as source `seller`, a debtor as `ledger`, `buyer` or `platform`";
    /// The currency is not the invoice's.
    CurrencyMismatch = "currency_mismatch", BreaksRule, "the currency is not that of the invoice";
    /// The same credit note was recorded already.
    CreditNoteRepeated = "credit_note_repeated", Contradicts, "this credit note was recorded against the invoice already";
    /// More is credited than is left.
    CreditExceeds = "credit_exceeds_invoice", BreaksRule, "the credit notes together exceed the invoice's gross amount";
    /// More is guaranteed than there is to pay.
    GuaranteeExceeds = "guarantee_exceeds", BreaksRule, "a guarantee is at most for what is due, less what was credited and reported paid";
    /// The guarantee takes something back, or adds nothing.
    GuaranteeWeaker = "guarantee_not_stronger", Contradicts, "the invoice is guaranteed already: another guarantee is for more or for an earlier day, and for neither less nor later";
    /// The status cannot follow the one before it.
    OutOfTransition = "status_out_of_transition", Contradicts, "this status cannot follow the present one on its axis";
    /// A participation in no right that its holder consented to.
    ParticipationUnfounded = "participation_unfounded", Contradicts, "a participation is a share in a standing claim on the invoice whose holder consented to yours";
    /// The claim is more than the invoice's open amount, or than what the reservation holds.
    OverCapacity = "over_capacity", BreaksRule, "the claim is more than the invoice's open amount";
    /// The shares are more than is open.
    SharesExceed = "shares_exceed", BreaksRule, "the shares together are more than the open amount of an invoice in the conflict that you hold a claim on";
    /// The author said the same in this conflict.
    StepRepeated = "step_repeated", Contradicts, "you said the same in this conflict already";
    /// The author has said too much in this conflict.
    CaseFull = "case_full", BreaksRule, "you have named 32 documents or made 64 steps in this conflict: no more are taken";
    /// The registry's counters are full.
    LogFull = "log_full", BreaksRule, "this log is full: the operator must open its successor";
    /// The record would not fit into a log entry.
    RecordTooLarge = "record_too_large", BreaksRule, "the statement and its outcome do not fit into one log entry: split the bordereau";
}
