//! Ed25519 keys and signatures (RFC 8032), and the forms in which people keep and exchange them.
//!
//! A [`PublicKey`] has exactly one encoding and is not of small order, so that its thumbprint (RFC 7638)
//! identifies it and no signature can hold under it for every message. A [`SecretKey`] is wiped when it is
//! dropped and never shown. Which participant a key belongs to is not known here.

use core::{cmp::Ordering, fmt, hash};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use curve25519_dalek::EdwardsPoint;
use ed25519_dalek::{
    Signer as _, SigningKey, VerifyingKey,
    pkcs8::{DecodePublicKey as _, KeypairBytes, PublicKeyBytes, spki::EncodePublicKey as _},
};
use pkcs8::{
    DecodePrivateKey as _, EncodePrivateKey as _, EncryptedPrivateKeyInfoRef, LineEnding,
    PrivateKeyInfoRef, SecretDocument,
    der::pem::PemLabel as _,
    pkcs5::{pbes2, scrypt},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};
use utoipa::openapi::{
    RefOr,
    schema::{AdditionalProperties, Object, ObjectBuilder, Schema, Type},
};
use zeroize::Zeroizing;

use crate::types::KeyId;

/// Why bytes or a text are not a key that we use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes are not the canonical encoding of a point (RFC 8032, 5.1.3).
    #[error("not the canonical encoding of an Ed25519 public key")]
    Point,
    /// The point has small order: some signature would hold under it for almost any message.
    #[error("a public key of small order proves nothing")]
    Weak,
    /// Not a JWK of an Ed25519 public key (RFC 8037): what is wrong with it.
    #[error("not a JWK of an Ed25519 public key: {0}")]
    Jwk(String),
    /// A private key where a public one belongs: it has just been shown to somebody.
    #[error("this is a private key; a public key is expected")]
    Private,
    /// Not a PEM file of the expected kind with one Ed25519 key (RFC 8410).
    #[error("not a PEM file of an Ed25519 key")]
    Pem,
    /// A JWK and a PEM of another key after it.
    #[error("the JWK and the PEM are of two keys")]
    Two,
    /// The private key is encrypted and no passphrase was given.
    #[error("the private key is encrypted: a passphrase is needed")]
    PassphraseMissing,
    /// The private key could not be decrypted with this passphrase.
    #[error("the passphrase does not open the private key")]
    PassphraseWrong,
}

/// An Ed25519 public key: canonically encoded, not of small order.
#[derive(Clone, Copy)]
pub struct PublicKey {
    /// Keeps the point beside its encoding: decompressing costs a tenth of a verification.
    verifying: VerifyingKey,
    /// Computed once: each statement is matched with it.
    thumbprint: KeyId,
}

impl PublicKey {
    /// Takes the 32 bytes of RFC 8032.
    ///
    /// # Errors
    /// [`KeyError::Point`] where they are not the one encoding of a point, [`KeyError::Weak`] where that point
    /// has small order.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let verifying = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Point)?;
        // Decompression accepts y ≥ p and "negative zero": two spellings of one key would be two thumbprints.
        if verifying.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::Point);
        }
        if verifying.is_weak() {
            return Err(KeyError::Weak);
        }
        Ok(Self::new(verifying))
    }

    fn new(verifying: VerifyingKey) -> Self {
        // RFC 7638: the required members in lexicographic order, without white space.
        let mut hash = Sha256::new();
        hash.update(br#"{"crv":"Ed25519","kty":"OKP","x":""#);
        hash.update(URL_SAFE_NO_PAD.encode(verifying.as_bytes()));
        hash.update(br#""}"#);
        Self { verifying, thumbprint: KeyId::from_bytes(hash.finalize().into()) }
    }

    /// The 32 bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.verifying.as_bytes()
    }

    /// The key's identity: its JWK thumbprint (RFC 7638, SHA-256), the `kid` of what it signs.
    pub fn thumbprint(&self) -> KeyId {
        self.thumbprint
    }

    /// Reads a public key as people hand it over: a JWK (RFC 8037), SPKI PEM (RFC 8410), or one after the other, as
    /// `tallystick key show` prints them.
    ///
    /// # Errors
    /// [`KeyError`]; a private key is refused as such, and so are two keys.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if let Some(at) = text.find("-----BEGIN").filter(|_| text.starts_with('{')) {
            let (jwk, pem) = text.split_at(at);
            let (jwk, pem) = (Self::from_text(jwk)?, Self::from_text(pem)?);
            return if jwk == pem { Ok(jwk) } else { Err(KeyError::Two) };
        }
        if text.starts_with('{') {
            let jwk =
                serde_json::from_str::<Jwk>(text).map_err(|e| KeyError::Jwk(e.to_string()))?;
            return jwk.key();
        }
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::Private);
        }
        let spki = PublicKeyBytes::from_public_key_pem(text).map_err(|_| KeyError::Pem)?;
        Self::from_bytes(&spki.0)
    }

    /// The key as SPKI PEM (RFC 8410), as `openssl pkey -pubout` writes it.
    ///
    /// # Errors
    /// [`KeyError::Pem`], which does not happen with 32 bytes.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        PublicKeyBytes(*self.as_bytes())
            .to_public_key_pem(LineEnding::LF)
            .map_err(|_| KeyError::Pem)
    }

    /// Whether the signature holds, by the rules of [`crate::signing::strict`], without tables.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature.as_bytes());
        self.verifying.verify_strict(message, &signature).is_ok()
    }

    /// −A, for tables.
    #[expect(clippy::arithmetic_side_effects, reason = "negating a point has no overflow")]
    pub(super) fn negated(&self) -> EdwardsPoint {
        -self.verifying.to_edwards()
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for PublicKey {}

impl PartialOrd for PublicKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for PublicKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl hash::Hash for PublicKey {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.thumbprint)
    }
}

/// A JWK as it may be written. `kid`, `alg` and `use` are what libraries add; they must not contradict the key.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    d: Option<de::IgnoredAny>,
}

impl Jwk {
    fn key(&self) -> Result<PublicKey, KeyError> {
        let wrong = |what: &str| Err(KeyError::Jwk(what.to_owned()));
        if self.d.is_some() {
            return Err(KeyError::Private);
        }
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return wrong("expected `kty` OKP and `crv` Ed25519");
        }
        if self.alg.as_deref().is_some_and(|alg| !matches!(alg, "Ed25519" | "EdDSA")) {
            return wrong("expected `alg` Ed25519 or none");
        }
        if self.r#use.as_deref().is_some_and(|r#use| r#use != "sig") {
            return wrong("expected `use` sig or none");
        }
        let mut bytes = [0; 32];
        if !matches!(URL_SAFE_NO_PAD.decode_slice(&self.x, &mut bytes), Ok(32)) {
            return wrong("`x` is not 32 bytes in base64url");
        }
        let key = PublicKey::from_bytes(&bytes)?;
        if self.kid.as_deref().is_some_and(|kid| kid.parse() != Ok(key.thumbprint())) {
            return wrong("`kid` is not the thumbprint of the key (RFC 7638)");
        }
        Ok(key)
    }
}

/// A JWK as we write it.
#[derive(Serialize)]
struct JwkOut<'a> {
    kty: &'a str,
    crv: &'a str,
    x: &'a str,
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            let x = URL_SAFE_NO_PAD.encode(self.as_bytes());
            JwkOut { kty: "OKP", crv: "Ed25519", x: &x }.serialize(serializer)
        } else {
            self.as_bytes().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            Jwk::deserialize(deserializer)?.key().map_err(de::Error::custom)
        } else {
            let bytes = <[u8; 32]>::deserialize(deserializer)?;
            Self::from_bytes(&bytes).map_err(de::Error::custom)
        }
    }
}

impl utoipa::PartialSchema for PublicKey {
    fn schema() -> RefOr<Schema> {
        let one_of = |values: &[&str]| {
            Object::from(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .enum_values(Some(values.iter().copied())),
            )
        };
        let coded = |description: &str| {
            ObjectBuilder::new()
                .schema_type(Type::String)
                .pattern(Some("^[A-Za-z0-9_-]{43}$"))
                .description(Some(description))
        };
        ObjectBuilder::new()
            .description(Some("An Ed25519 public key as a JWK (RFC 8037)."))
            .property("kty", one_of(&["OKP"]))
            .property("crv", one_of(&["Ed25519"]))
            .property("x", coded("The public key, base64url without padding."))
            .property("kid", coded("Where given, the thumbprint of the key (RFC 7638)."))
            .property("alg", one_of(&["Ed25519", "EdDSA"]))
            .property("use", one_of(&["sig"]))
            .required("kty")
            .required("crv")
            .required("x")
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
            .into()
    }
}

impl utoipa::ToSchema for PublicKey {}

/// An Ed25519 signature: 64 bytes, R and s of RFC 8032, not yet checked against anything.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Takes the 64 bytes of RFC 8032.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes of RFC 8032.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signature({})", URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// An Ed25519 private key. It is wiped from memory when dropped.
pub struct SecretKey {
    signing: SigningKey,
    public: PublicKey,
}

impl SecretKey {
    /// Takes the 32 secret bytes of RFC 8032, which must come from a good source of randomness.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let signing = SigningKey::from_bytes(seed);
        // A clamped scalar times B is never of small order, and encoding a point is canonical.
        let public = PublicKey::new(signing.verifying_key());
        Self { signing, public }
    }

    /// The public key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key as the dalek library has it, for the signer of notes.
    pub(crate) const fn as_signing_key(&self) -> &SigningKey {
        &self.signing
    }

    /// Signs a message (RFC 8032, deterministic).
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.signing.sign(message).to_bytes())
    }

    /// The key file of RFC 8410 in clear: PKCS#8 version 1, which OpenSSL reads from 1.1.1 on (version 2,
    /// which carries the public key too, only from 3.5).
    ///
    /// # Errors
    /// [`KeyError::Pem`], which does not happen with 32 bytes.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        self.keypair().to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Pem)
    }

    /// The key file encrypted under a passphrase: PBES2 with scrypt and AES-256-CBC, as
    /// `openssl pkcs8 -topk8 -scrypt` writes it. `salt` and `iv` must be fresh random bytes.
    ///
    /// # Errors
    /// [`KeyError::Pem`], which does not happen with 32 bytes.
    pub fn to_encrypted_pem(
        &self,
        passphrase: &str,
        salt: &[u8; 16],
        iv: [u8; 16],
    ) -> Result<Zeroizing<String>, KeyError> {
        // 2^14 blocks of 8: 16 MiB. OpenSSL refuses to spend more than 32 MiB on opening a file.
        let cost = scrypt::Params::new(14, 8, 1).map_err(|_| KeyError::Pem)?;
        let parameters = pbes2::Parameters::generate_scrypt_aes256cbc(cost, salt, iv)
            .map_err(|_| KeyError::Pem)?;
        let clear = self.keypair().to_pkcs8_der().map_err(|_| KeyError::Pem)?;
        PrivateKeyInfoRef::try_from(clear.as_bytes())
            .map_err(|_| KeyError::Pem)?
            .encrypt_with_params(parameters, passphrase)
            .and_then(|sealed| {
                Ok(sealed.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF)?)
            })
            .map_err(|_| KeyError::Pem)
    }

    /// Reads a key file: PKCS#8 PEM (either version), encrypted or not. A passphrase for a file in clear is
    /// not used.
    ///
    /// # Errors
    /// [`KeyError::PassphraseMissing`] or [`KeyError::PassphraseWrong`] for an encrypted file,
    /// [`KeyError::Pem`] for anything that is not a key file, or whose public key is not that of its secret.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let (label, document) = SecretDocument::from_pem(text.trim()).map_err(|_| KeyError::Pem)?;
        let pair = if label == EncryptedPrivateKeyInfoRef::PEM_LABEL {
            let passphrase = passphrase.ok_or(KeyError::PassphraseMissing)?;
            let clear = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes())
                .map_err(|_| KeyError::Pem)?
                .decrypt(passphrase)
                .map_err(|_| KeyError::PassphraseWrong)?;
            // Wrong padding is one sign of a wrong passphrase, an unreadable key the other.
            KeypairBytes::from_pkcs8_der(clear.as_bytes()).map_err(|_| KeyError::PassphraseWrong)?
        } else if label == PrivateKeyInfoRef::PEM_LABEL {
            KeypairBytes::from_pkcs8_der(document.as_bytes()).map_err(|_| KeyError::Pem)?
        } else {
            return Err(KeyError::Pem);
        };
        let key = Self::from_seed(&pair.secret_key);
        if pair.public_key.is_some_and(|public| public.0 != *key.public.as_bytes()) {
            return Err(KeyError::Pem);
        }
        Ok(key)
    }

    /// Version 1: without the public key.
    fn keypair(&self) -> KeypairBytes {
        KeypairBytes { secret_key: self.signing.to_bytes(), public_key: None }
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKey(of {})", self.public.thumbprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use proptest::prelude::*;
    use std::{
        io::Write as _,
        process::{Command, Stdio},
    };

    /// RFC 8037, A.1: the seed of its example.
    const RFC_SEED: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
    /// RFC 8037, A.2.
    const RFC_JWK: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    fn rfc_key() -> SecretKey {
        SecretKey::from_seed(&URL_SAFE_NO_PAD.decode(RFC_SEED).unwrap().try_into().unwrap())
    }

    /// RFC 8037, A.2 and A.3.
    #[test]
    fn jwk_and_thumbprint_are_those_of_the_standard() {
        let key = rfc_key();
        assert_eq!(serde_json::to_string(key.public()).unwrap(), RFC_JWK);
        assert_eq!(PublicKey::from_text(RFC_JWK).as_ref(), Ok(key.public()));
        assert_eq!(
            key.public().thumbprint().to_string(),
            "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
        );
    }

    #[test]
    fn a_jwk_may_say_more_but_nothing_that_contradicts_the_key() {
        let with = |more: &str| RFC_JWK.replace('}', &format!("{more}}}"));
        for good in [
            r#","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k""#,
            r#","alg":"EdDSA","use":"sig""#,
            r#","alg":"Ed25519""#,
        ] {
            assert!(PublicKey::from_text(&with(good)).is_ok(), "{good}");
        }
        for bad in [
            r#","kid":"mine""#,
            r#","alg":"ES256""#,
            r#","use":"enc""#,
            r#","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo""#,
            r#","key":1"#,
        ] {
            assert!(matches!(PublicKey::from_text(&with(bad)), Err(KeyError::Jwk(_))), "{bad}");
        }
        for bad in [
            RFC_JWK.replace("OKP", "EC"),
            RFC_JWK.replace("Ed25519", "X25519"),
            RFC_JWK.replace("URo", "URp"),
            RFC_JWK.replace("URo", "UR"),
            RFC_JWK.replace("URo\"", "URo=\""),
            "{}".to_owned(),
        ] {
            assert!(matches!(PublicKey::from_text(&bad), Err(KeyError::Jwk(_))), "{bad}");
        }
        assert_eq!(PublicKey::from_text(&with(r#","d":"AAAA""#)), Err(KeyError::Private));
        assert_eq!(PublicKey::from_text(&rfc_key().to_pem().unwrap()), Err(KeyError::Private));
        assert_eq!(PublicKey::from_text("ssh-ed25519 AAAA"), Err(KeyError::Pem));
    }

    #[test]
    fn a_key_has_one_encoding_and_is_not_of_small_order() {
        for torsion in EIGHT_TORSION {
            let weak = torsion.compress().to_bytes();
            assert_eq!(PublicKey::from_bytes(&weak), Err(KeyError::Weak));
            // Of mixed order: unusual, and harmless under an equation without cofactor.
            let mixed = (ED25519_BASEPOINT_POINT + torsion).compress().to_bytes();
            assert!(PublicKey::from_bytes(&mixed).is_ok());
        }
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(PublicKey::from_bytes(&no_point), Err(KeyError::Point));
        let mut other_one = [0xff; 32];
        (other_one[0], other_one[31]) = (0xee, 0x7f);
        assert_eq!(PublicKey::from_bytes(&other_one), Err(KeyError::Point));
    }

    #[test]
    fn both_forms_of_a_key_one_after_the_other_are_that_key() {
        let (one, two) = (SecretKey::from_seed(&[1; 32]), SecretKey::from_seed(&[2; 32]));
        let both = |jwk: &SecretKey, pem: &SecretKey| {
            let jwk = serde_json::to_string(jwk.public()).unwrap();
            format!("{jwk}\n{}", pem.public().to_pem().unwrap())
        };
        assert_eq!(PublicKey::from_text(&both(&one, &one)), Ok(*one.public()));
        assert_eq!(PublicKey::from_text(&both(&one, &two)), Err(KeyError::Two));
        let jwk = serde_json::to_string(one.public()).unwrap();
        let private = format!("{jwk}\n{}", one.to_pem().unwrap().as_str());
        assert_eq!(PublicKey::from_text(&private), Err(KeyError::Private));
    }

    #[test]
    fn key_files_open_with_the_right_passphrase_only() {
        let key = rfc_key();
        let clear = key.to_pem().unwrap();
        let sealed = key.to_encrypted_pem("correct horse", &[1; 16], [2; 16]).unwrap();
        let open = |pem: &str, passphrase| {
            SecretKey::from_pem(pem, passphrase).map(|key| key.public().thumbprint())
        };
        let expected = key.public().thumbprint();
        assert_eq!(open(&clear, None), Ok(expected));
        assert_eq!(open(&sealed, Some("correct horse")), Ok(expected));
        assert_eq!(open(&sealed, None), Err(KeyError::PassphraseMissing));
        assert_eq!(open(&sealed, Some("wrong horse")), Err(KeyError::PassphraseWrong));
        assert_eq!(open(&key.public().to_pem().unwrap(), None), Err(KeyError::Pem));
        assert_eq!(open("", None), Err(KeyError::Pem));
        assert!(!format!("{key:?}").contains(RFC_SEED));
    }

    /// Runs `openssl` with a text on its standard input; `None` where there is no `openssl`.
    fn openssl(arguments: &[&str], input: &str) -> Option<String> {
        let child = Command::new("openssl")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else {
            eprintln!("SKIPPED: there is no openssl to read our key files with");
            return None;
        };
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "openssl {arguments:?}");
        Some(String::from_utf8(output.stdout).unwrap())
    }

    #[test]
    fn openssl_reads_our_key_files_and_we_read_its() {
        let key = rfc_key();
        let sealed = key.to_encrypted_pem("correct horse", &[1; 16], [2; 16]).unwrap();
        for (arguments, pem) in [
            (&["pkey", "-pubout"][..], &*key.to_pem().unwrap()),
            (&["pkey", "-pubout", "-passin", "pass:correct horse"], &*sealed),
        ] {
            let Some(public) = openssl(arguments, pem) else { return };
            assert_eq!(PublicKey::from_text(&public).as_ref(), Ok(key.public()));
            assert_eq!(public, key.public().to_pem().unwrap());
        }
        let Some(theirs) = openssl(&["genpkey", "-algorithm", "ed25519"], "") else { return };
        let theirs_public = openssl(&["pkey", "-pubout"], &theirs).unwrap();
        let read = SecretKey::from_pem(&theirs, None).unwrap();
        assert_eq!(PublicKey::from_text(&theirs_public).as_ref(), Ok(read.public()));
    }

    #[test]
    fn the_schema_allows_what_is_written_and_forbids_a_private_key() {
        let schema = serde_json::to_value(<PublicKey as utoipa::PartialSchema>::schema()).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let mut jwk = serde_json::to_value(rfc_key().public()).unwrap();
        assert!(validator.is_valid(&jwk));
        jwk["d"] = "AAAA".into();
        assert!(!validator.is_valid(&jwk));
    }

    proptest! {
        #[test]
        fn encodings_of_a_key_are_lossless(seed: [u8; 32]) {
            let secret = SecretKey::from_seed(&seed);
            let key = secret.public();
            prop_assert_eq!(PublicKey::from_bytes(key.as_bytes()), Ok(*key));
            prop_assert_eq!(&PublicKey::from_text(&serde_json::to_string(key)?).unwrap(), key);
            prop_assert_eq!(&PublicKey::from_text(&key.to_pem().unwrap()).unwrap(), key);
            let bytes = postcard::to_stdvec(key).unwrap();
            prop_assert_eq!(bytes.as_slice(), key.as_bytes());
            prop_assert_eq!(&postcard::from_bytes::<PublicKey>(&bytes).unwrap(), key);
        }
    }
}
