//! Private keys and certificates, as far as they tell of themselves without being used: PEM (RFC
//! 7468) and its old encrypted form (RFC 1421), OpenSSH (`PROTOCOL.key`), `OpenPGP` (RFC 9580) and
//! X.509 (RFC 5280). The check `pem` reads keys with the same code.

pub mod armour;
mod body;
pub mod der;
pub mod openpgp;
pub mod openssh;
mod putty;
mod x509;

use super::text::shown;
use super::{Around, Carrier, encode};
use crate::facts::{Expiry, KeyFacts, TokenFacts};
use crate::moment::Moment;
use armour::{BEGIN, Block, Body};
use std::borrow::Cow;
use x509::Certificate;

/// Keys and certificates beyond this are not decoded.
const LONGEST: usize = 64 << 10;
/// How far round a key its certificate may stand, and how many are looked at.
const CERTIFICATES_WITHIN: usize = 16 << 10;
const MOST_CERTIFICATES: usize = 8;

/// What the bytes of a key say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// What it is: `OpenSSH private key`.
    pub form: &'static str,
    /// Which structure held, as a verdict.
    pub proof: &'static str,
    /// What sort of key: `RSA private key, 2048 bits`.
    pub note: String,
    /// The cipher that a passphrase unlocks, if there is one.
    pub locked: Option<String>,
    /// The algorithm: `RSA`, `ECDSA P-256`; empty if the passphrase hides it.
    pub algorithm: String,
    /// The size in bits.
    pub bits: Option<u32>,
    /// The cipher by its name, if it is encrypted and the form tells it.
    pub cipher: Option<String>,
    /// How the passphrase becomes a key, if the form tells it.
    pub kdf: Option<String>,
    /// The comment or user id.
    pub comment: Option<String>,
    /// When it was made.
    pub made: Option<Moment>,
    /// When it expires.
    pub expires: Option<Moment>,
    /// The modulus or the public point, to know a certificate by.
    pub public: Option<Vec<u8>>,
}

impl Key {
    /// Decodes what stands between a BEGIN and an END line; the error says why it is no key.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for a verdict.
    pub fn read(label: &[u8], body: &Body) -> Result<Self, &'static str> {
        if body.data.is_empty() {
            return Err("no key stands between the BEGIN and the END line");
        }
        let bytes = encode::base64(&body.data).ok_or("the body is no base64")?;
        if label.starts_with(b"PGP ") {
            return openpgp::key(&bytes, body.sum).ok_or("the body is no OpenPGP key");
        }
        openssh::key(&bytes).or_else(|| der::key(&bytes)).ok_or("the body does not decode to a private key")
    }

    fn into_facts(self) -> TokenFacts {
        let is_openpgp = self.form.starts_with("OpenPGP");
        let mut facts = TokenFacts {
            form: Some(self.form.to_owned()),
            subject: self.comment,
            issued: self.made,
            expires: self.expires.map(Expiry::At),
            key: Some(KeyFacts {
                algorithm: self.algorithm,
                bits: self.bits,
                encrypted: Some(self.locked.is_some()),
            }),
            ..TokenFacts::default()
        };
        if is_openpgp {
            facts.expires = facts.expires.or(Some(Expiry::Never));
            facts.revocable = Some("by publishing a revocation certificate".to_owned());
        }
        facts.more.extend(self.cipher.map(|cipher| ("cipher".to_owned(), cipher)));
        facts.more.extend(self.kdf.map(|kdf| ("kdf".to_owned(), kdf)));
        facts
    }
}

/// The facts of a key or a certificate in armour, with those of the certificate beside a key.
pub fn facts(carrier: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    let text = armoured(carrier.secret)?;
    let block = Block::at(&text)?;
    if matches!(block.label, b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE") {
        return Some(certificate_facts(Certificate::read(&block.body()?.0)?));
    }
    if !block.label.ends_with(b"PRIVATE KEY") && !block.label.ends_with(b"PRIVATE KEY BLOCK") {
        return None;
    }
    let (body, _) = block.body()?;
    if let Some(cipher) = &body.locked {
        return Some(locked(block.label, cipher));
    }
    let key = Key::read(block.label, &body).ok()?;
    let public = key.public.clone();
    let mut facts = key.into_facts();
    if let Some(certificate) = beside(around, public.as_deref()) {
        facts.more.extend(certificate.notes());
    }
    Some(facts)
}

/// The text of an armoured block, also where it is base64 once more.
fn armoured(secret: &[u8]) -> Option<Cow<'_, [u8]>> {
    if secret.len() > LONGEST {
        return None;
    }
    if secret.starts_with(BEGIN) {
        return Some(Cow::Borrowed(secret));
    }
    secret.starts_with(b"LS0tLS1C").then(|| encode::base64(secret).map(Cow::Owned))?
}

/// The old encrypted form (RFC 1421 as OpenSSL writes it) shows only its label and cipher.
fn locked(label: &[u8], cipher: &str) -> TokenFacts {
    let algorithm = match label {
        b"RSA PRIVATE KEY" => "RSA",
        b"EC PRIVATE KEY" => "EC",
        b"DSA PRIVATE KEY" => "DSA",
        _ => "",
    };
    let mut facts = TokenFacts {
        form: Some("private key".to_owned()),
        key: Some(KeyFacts { algorithm: algorithm.to_owned(), bits: None, encrypted: Some(true) }),
        ..TokenFacts::default()
    };
    facts.more.extend(shown(cipher).map(|cipher| ("cipher".to_owned(), cipher)));
    facts
}

/// The facts of a key of `PuTTY`.
pub fn putty(_: &Carrier<'_>, around: Around<'_>) -> Option<TokenFacts> {
    putty::facts(around)
}

fn certificate_facts(certificate: Certificate) -> TokenFacts {
    let mut facts = TokenFacts {
        form: Some("X.509 certificate".to_owned()),
        subject: certificate.subject,
        issuer: certificate.issuer,
        audience: certificate.names,
        not_before: Some(certificate.not_before),
        expires: Some(Expiry::At(certificate.not_after)),
        key: Some(KeyFacts { algorithm: certificate.algorithm, bits: certificate.bits, encrypted: None }),
        revocable: Some("by its issuer, through a revocation list or OCSP".to_owned()),
        ..TokenFacts::default()
    };
    facts.more.extend(certificate.serial.map(|serial| ("serial".to_owned(), serial)));
    facts
}

/// The first certificate after a key, else before it, that is not another key's.
fn beside(around: Around<'_>, public: Option<&[u8]>) -> Option<Certificate> {
    let after = &around.after[..around.after.len().min(CERTIFICATES_WITHIN)];
    let before = &around.before[around.before.len().saturating_sub(CERTIFICATES_WITHIN)..];
    [after, before].into_iter().find_map(|text| {
        memchr::memmem::find_iter(text, b"-----BEGIN CERTIFICATE-----")
            .take(MOST_CERTIFICATES)
            .filter_map(|at| Certificate::read(&Block::at(&text[at..])?.body()?.0))
            .find(|certificate| match (public, certificate.public.as_deref()) {
                (Some(own), Some(other)) => own == other,
                _ => true,
            })
    })
}

/// A number in big-endian bytes, at most as many as fit.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, &byte| number << 8 | usize::from(byte))
}

/// The length of a positive integer in bits; `None` for zero.
fn bits(number: &[u8]) -> Option<u32> {
    let start = number.iter().position(|&byte| byte != 0)?;
    u32::try_from((number.len() - start) * 8).ok()?.checked_sub(number[start].leading_zeros())
}

#[cfg(test)]
mod tests;
