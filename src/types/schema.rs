//! JSON Schemas of the types that are texts in JSON: what a reader of `schemas/` and of the API sees.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::types::{
    CaseId, ClaimId, Currency, Date, DocumentHash, InvoiceId, KeyId, Origin, PartyId, StatementId,
    Timestamp,
};

/// Describes a type whose JSON form is a text of a given pattern.
macro_rules! text_schema {
    ($($name:ident: $pattern:expr, $format:expr, $description:literal;)*) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let object = ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some($description))
                    .pattern::<&str>($pattern)
                    .format($format);
                RefOr::T(Schema::Object(object.build()))
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )*};
}

const DATE: Option<SchemaFormat> = Some(SchemaFormat::KnownFormat(KnownFormat::Date));
const DATE_TIME: Option<SchemaFormat> = Some(SchemaFormat::KnownFormat(KnownFormat::DateTime));

text_schema! {
    InvoiceId: Some("^inv_[A-Za-z0-9_-]{43}$"), None, "The content hash of an invoice's normalised core.";
    StatementId: Some("^stm_[A-Za-z0-9_-]{43}$"), None, "A hash of a statement's author and the author's own id.";
    KeyId: Some("^[A-Za-z0-9_-]{43}$"), None, "The JWK thumbprint (RFC 7638) of a public key.";
    DocumentHash: Some("^[0-9a-f]{64}$"), None, "The SHA-256 of a document's bytes.";
    CaseId: Some("^cas_(0|[1-9][0-9]{0,19})$"), None, "A conflict's case number.";
    ClaimId: Some("^clm_(0|[1-9][0-9]{0,19})$"), None, "A claim's number.";
    PartyId: Some("^[0-9]{4}:.{1,50}$"), None, "An ISO 6523 scheme and a value, such as 0106:12345678.";
    Origin: Some("^[!-*,-~]{1,255}$"), None, "The name of a registry, such as registry.example/2026.";
    Currency: Some("^[A-Z]{3}$"), None, "An ISO 4217 code.";
    Date: Some("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"), DATE, "A calendar day.";
    Timestamp: None, DATE_TIME, "An RFC 3339 date-time.";
}
