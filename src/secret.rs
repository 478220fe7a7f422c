//! The one type that may hold a secret's bytes.
//!
//! A [`Secret`] is wiped when dropped and has no `Display`, `Clone`, `Hash`, `PartialEq` or
//! `Serialize`; its `Debug` prints the mask. Whoever needs the bytes has to write
//! [`Secret::expose`], which is easy to find in a review.

use hmac::{Hmac, KeyInit, Mac};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroizing;

/// The bytes of a secret.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes a copy of the bytes.
    pub fn new(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The bytes in the clear. Never write them anywhere unless the user asked for it.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The form that may be shown: at most a public prefix and stars.
    pub fn masked(&self, public_prefix: usize) -> Masked {
        Masked::of(&self.0, public_prefix)
    }

    /// The secret's identity under `key`.
    pub fn fingerprint(&self, key: &FingerprintKey) -> Fingerprint {
        key.fingerprint(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(****)")
    }
}

/// A secret's showable form. Its length says nothing about the secret's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Masked(String);

impl Masked {
    /// Keeps the first `public_prefix` bytes if they are printable ASCII and at least twelve bytes
    /// stay hidden, so that a short secret shows nothing at all.
    pub fn of(secret: &[u8], public_prefix: usize) -> Self {
        const HIDDEN_AT_LEAST: usize = 12;
        let keep = public_prefix.min(secret.len().saturating_sub(HIDDEN_AT_LEAST));
        let mut shown = String::with_capacity(keep + 8);
        if keep == public_prefix {
            for &byte in &secret[..keep] {
                if byte.is_ascii_graphic() {
                    shown.push(char::from(byte));
                } else {
                    shown.clear();
                    break;
                }
            }
        }
        shown.push_str("********");
        Self(shown)
    }

    /// The mask as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A secret's identity: the first 128 bits of an HMAC-SHA256 of its bytes.
///
/// Two places with the same fingerprint hold the same secret. Without the key nobody can test
/// guesses against it.
/// Files for people have it as `Display` writes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// A fingerprint of no secret: it stands where one is missing, and is never written.
    pub(crate) const ZERO: Self = Self([0; 16]);

    /// Reads the form that `Display` writes: 32 lower-case hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return <[u8; 16]>::deserialize(deserializer).map(Self);
        }
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| D::Error::custom("a fingerprint has 32 lower-case hexadecimal digits"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&data_encoding::HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The key of all fingerprints of a run.
///
/// Without a key of the user's own, a fixed public key is used: fingerprints then stay the same on
/// every machine, but a weak password could be guessed from a committed baseline.
pub struct FingerprintKey {
    mac: Hmac<Sha256>,
    id: String,
}

/// Set apart from every other use of HMAC-SHA256, by name and version.
const DOMAIN: &[u8] = b"keytrail secret fingerprint v1";

impl FingerprintKey {
    /// The public key, used where the user has set none.
    pub fn public() -> Self {
        Self::keyed(DOMAIN, "public".to_owned())
    }

    /// A key of the user's own. Any bytes will do; surrounding white space is dropped, so that a
    /// trailing line feed in a key file makes no difference.
    pub fn from_user(key: &[u8]) -> Self {
        let key = key.trim_ascii();
        let digest = Sha256::new().chain_update(b"keytrail key id v1\0").chain_update(key).finalize();
        Self::keyed(key, data_encoding::HEXLOWER.encode(&digest[..4]))
    }

    fn keyed(key: &[u8], id: String) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
        Self { mac, id }
    }

    /// Names the key without giving it away: `public`, or eight hexadecimal digits.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The identity of these bytes.
    pub fn fingerprint(&self, secret: &[u8]) -> Fingerprint {
        let mut mac = self.mac.clone();
        mac.update(DOMAIN);
        mac.update(b"\0");
        mac.update(secret);
        let full = mac.finalize().into_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&full[..16]);
        Fingerprint(short)
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintKey({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let text = "correct horse battery staple";
        assert!(!format!("{:?}", Secret::new(text.as_bytes())).contains("horse"));
    }

    #[test]
    fn a_mask_keeps_a_prefix_only_of_a_long_secret() {
        assert_eq!(Masked::of(b"abc_0123456789ab", 4).as_str(), "abc_********");
        assert_eq!(Masked::of(b"abc_0123456789a", 4).as_str(), "********");
        assert_eq!(Masked::of(b"short", 4).as_str(), "********");
        assert_eq!(Masked::of(&[0xff; 40], 4).as_str(), "********");
    }

    #[test]
    fn fingerprints_depend_on_key_and_secret() {
        let public = FingerprintKey::public();
        let user = FingerprintKey::from_user(b"a key\n");
        let same = FingerprintKey::from_user(b"a key");
        assert_ne!(public.fingerprint(b"x"), user.fingerprint(b"x"));
        assert_eq!(same.fingerprint(b"x"), user.fingerprint(b"x"));
        assert_ne!(user.fingerprint(b"x"), user.fingerprint(b"y"));
        assert_eq!(same.id(), user.id());
        let shown = user.fingerprint(b"x").to_string();
        assert_eq!(Fingerprint::parse(&shown), Some(user.fingerprint(b"x")));
        assert_eq!(Fingerprint::parse("zz"), None);
        let print = user.fingerprint(b"x");
        assert_eq!(serde_json::to_string(&print).unwrap(), format!("\"{shown}\""));
        assert_eq!(serde_json::from_str::<Fingerprint>(&format!("\"{shown}\"")).unwrap(), print);
        assert!(serde_json::from_str::<Fingerprint>("\"zz\"").is_err());
        let kept = postcard::to_stdvec(&print).unwrap();
        assert_eq!((kept.len(), postcard::from_bytes(&kept)), (16, Ok(print)));
    }
}
