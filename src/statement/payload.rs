//! The statement types, each with its name, its payload and its JSON Schema.

use core::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::statement::{
    BlanketRecorded, BlanketReleased, BlanketWaived, CofinancingConsented, ConflictAcknowledged,
    ConflictContested, ConflictDisclosed, ConflictEvidenced, ConflictResolved, ConsentWithdrawn,
    DelegationGranted, DelegationRevoked, FinancingDeclined, FinancingRecorded, FinancingReleased,
    FinancingRequested, FinancingReserved, FinancingReturned, FinancingSettled,
    FinancingTransferred, InvoiceCancelled, InvoiceCredited, InvoiceGuaranteed, InvoiceRegistered,
    KeyAdded, KeyRevoked, Malformed, MandateAmended, MandateDeclined, MandateGranted,
    MandateRequested, MandateRevoked, ParticipantAdmitted, ParticipantReinstated,
    ParticipantSuspended, PartyLinked, RegistryOpened, RulesAdopted, StatusReported, TimePassed,
};

/// Declares the types once: everything that must know all of them is made from this list.
macro_rules! payloads {
    ($($name:literal => $variant:ident, since $since:literal;)*) => {
        /// The name of a statement type with its version, as CloudEvents `type` has it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum StatementType {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl StatementType {
            /// Every type, in the order of the specification.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The version of the rules that it came with: a log under older rules does not admit it.
            pub const fn since(self) -> u16 {
                match self { $(Self::$variant => $since,)* }
            }

            /// The schema of its payload, and those that it refers to by name.
            pub fn schema(self) -> (RefOr<Schema>, Vec<(String, RefOr<Schema>)>) {
                let mut named = Vec::new();
                match self {
                    $(Self::$variant => {
                        <$variant as ToSchema>::schemas(&mut named);
                        (<$variant as PartialSchema>::schema(), named)
                    })*
                }
            }
        }

        /// What a statement says.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Payload {
            $(#[doc = concat!("`", $name, "`")] $variant($variant),)*
        }

        impl Payload {
            /// Its type.
            pub const fn kind(&self) -> StatementType {
                match self { $(Self::$variant(_) => StatementType::$variant,)* }
            }

            /// Reads the `data` of a type.
            ///
            /// # Errors
            /// [`Malformed::Type`] or [`Malformed::Data`].
            pub fn parse(kind: &str, data: &str) -> Result<Self, Malformed> {
                match kind {
                    $($name => serde_json::from_str(data).map(Self::$variant).map_err(|error| {
                        Malformed::Data { kind: $name, message: error.to_string() }
                    }),)*
                    _ => Err(Malformed::Type(kind.chars().take(64).collect())),
                }
            }

            /// Writes the `data` of its type.
            ///
            /// # Errors
            /// None for a payload that was parsed; kept because serialisation says so.
            pub fn to_json(&self) -> Result<String, serde_json::Error> {
                match self { $(Self::$variant(payload) => serde_json::to_string(payload),)* }
            }
        }
    };
}

payloads! {
    "registry.opened.v1" => RegistryOpened, since 1;
    "rules.adopted.v1" => RulesAdopted, since 1;
    "time.passed.v1" => TimePassed, since 2;
    "participant.admitted.v1" => ParticipantAdmitted, since 1;
    "participant.suspended.v1" => ParticipantSuspended, since 1;
    "participant.reinstated.v1" => ParticipantReinstated, since 1;
    "party.linked.v1" => PartyLinked, since 1;
    "key.added.v1" => KeyAdded, since 1;
    "key.revoked.v1" => KeyRevoked, since 1;
    "delegation.granted.v1" => DelegationGranted, since 1;
    "delegation.revoked.v1" => DelegationRevoked, since 1;
    "invoice.registered.v1" => InvoiceRegistered, since 1;
    "invoice.credited.v1" => InvoiceCredited, since 1;
    "invoice.cancelled.v1" => InvoiceCancelled, since 1;
    "invoice.guaranteed.v1" => InvoiceGuaranteed, since 3;
    "status.reported.v1" => StatusReported, since 1;
    "mandate.requested.v1" => MandateRequested, since 1;
    "mandate.granted.v1" => MandateGranted, since 1;
    "mandate.declined.v1" => MandateDeclined, since 3;
    "mandate.amended.v1" => MandateAmended, since 1;
    "mandate.revoked.v1" => MandateRevoked, since 1;
    "financing.requested.v1" => FinancingRequested, since 3;
    "financing.declined.v1" => FinancingDeclined, since 3;
    "financing.reserved.v1" => FinancingReserved, since 1;
    "financing.recorded.v1" => FinancingRecorded, since 1;
    "financing.released.v1" => FinancingReleased, since 1;
    "financing.settled.v1" => FinancingSettled, since 1;
    "financing.returned.v1" => FinancingReturned, since 1;
    "financing.transferred.v1" => FinancingTransferred, since 1;
    "blanket.recorded.v1" => BlanketRecorded, since 2;
    "blanket.released.v1" => BlanketReleased, since 2;
    "blanket.waived.v1" => BlanketWaived, since 2;
    "cofinancing.consented.v1" => CofinancingConsented, since 2;
    "consent.withdrawn.v1" => ConsentWithdrawn, since 2;
    "conflict.acknowledged.v1" => ConflictAcknowledged, since 2;
    "conflict.contested.v1" => ConflictContested, since 2;
    "conflict.evidenced.v1" => ConflictEvidenced, since 2;
    "conflict.disclosed.v1" => ConflictDisclosed, since 2;
    "conflict.resolved.v1" => ConflictResolved, since 2;
}

impl fmt::Display for StatementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for StatementType {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let known = Self::ALL.iter().find(|kind| kind.as_str() == text);
        known.copied().ok_or_else(|| Malformed::Type(text.chars().take(64).collect()))
    }
}

impl Serialize for StatementType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StatementType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

impl PartialSchema for StatementType {
    fn schema() -> RefOr<Schema> {
        let names = Self::ALL.iter().map(|kind| kind.as_str());
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .description(Some("The name of a statement type with its version."))
            .enum_values(Some(names))
            .into()
    }
}

impl ToSchema for StatementType {}
