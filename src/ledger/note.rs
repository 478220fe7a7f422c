//! Signed notes (<https://c2sp.org/signed-note>) with Ed25519 signatures.

use crate::ledger::LedgerError;
use crate::ledger::key::Signer;
use data_encoding::{BASE64, HEXLOWER};
use ed25519_dalek::{Signature, VerifyingKey};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The signature type of Ed25519.
const ED25519: u8 = 1;
/// Longer notes are not looked at, and neither are more signatures.
const LONGEST: usize = 1 << 20;
const MOST_SIGNATURES: usize = 100;

/// Checks that a text can be the name of a key, and so the origin of a ledger.
///
/// # Errors
///
/// [`LedgerError::Usage`] if it is empty or has white space, control characters or a `+`.
pub fn check_name(name: &str) -> Result<(), LedgerError> {
    let bad = name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+');
    if bad {
        return Err(LedgerError::Usage(format!(
            "{name:?} cannot be a ledger's origin or a key's name: write a URL without its scheme, such as \
             example.org/acme/app/ledger, without spaces and `+`"
        )));
    }
    Ok(())
}

/// A public key with the name that it signs under: `name+hash+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Puts a name to a key.
    ///
    /// # Errors
    ///
    /// [`LedgerError::Usage`] if it cannot be a name, or the bytes are no point of the curve.
    pub fn new(name: &str, bytes: &[u8; 32]) -> Result<Self, LedgerError> {
        check_name(name)?;
        let key = VerifyingKey::from_bytes(bytes)
            .map_err(|_| LedgerError::Usage(format!("the key of {name} is no Ed25519 public key")))?;
        Ok(Self { name: name.to_owned(), key })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// The id that stands before its signatures.
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new_with_prefix(self.name.as_bytes())
            .chain_update([b'\n', ED25519])
            .chain_update(self.key.as_bytes())
            .finalize();
        [hash[0], hash[1], hash[2], hash[3]]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519][..], self.key.as_bytes()].concat();
        write!(f, "{}+{}+{}", self.name, HEXLOWER.encode(&self.id()), BASE64.encode(&key))
    }
}

impl FromStr for VerifierKey {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let wrong = |problem: &str| {
            LedgerError::Usage(format!(
                "not a verifier key: {problem}; write NAME+HASH+BASE64, as `keytrail ledger keygen` prints it"
            ))
        };
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("it has no three parts with `+` between them"));
        };
        let key = BASE64.decode(key.as_bytes()).map_err(|_| wrong("its last part is no base64"))?;
        let Some((&ED25519, key)) = key.split_first() else {
            return Err(wrong("it is not of type Ed25519 (1)"));
        };
        let key = key.try_into().map_err(|_| wrong("an Ed25519 key has 32 bytes"))?;
        let verifier = Self::new(name, key)?;
        if id.to_lowercase() != HEXLOWER.encode(&verifier.id()) {
            return Err(wrong("its hash does not fit its name and key"));
        }
        Ok(verifier)
    }
}

/// One signature line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    name: String,
    id: [u8; 4],
    signature: Vec<u8>,
}

/// A text with signatures under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    whole: String,
    text_length: usize,
    lines: Vec<Line>,
}

impl SignedNote {
    /// Signs a text, which ends in a line feed.
    pub fn sign(text: &str, signer: &Signer) -> Self {
        let signature = signer.sign(text.as_bytes());
        let key = signer.verifier();
        let bytes = [&key.id()[..], &signature].concat();
        let whole = format!("{text}\n\u{2014} {} {}\n", key.name(), BASE64.encode(&bytes));
        let line = Line { name: key.name().to_owned(), id: key.id(), signature: signature.to_vec() };
        Self { whole, text_length: text.len(), lines: vec![line] }
    }

    /// Reads a note. No signature is checked.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(whole: &str) -> Result<Self, &'static str> {
        if whole.len() > LONGEST {
            return Err("it is too long");
        }
        if whole.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err("it has control characters, such as the carriage returns of Windows");
        }
        let text_length = whole.rfind("\n\n").ok_or("there is no empty line before its signatures")? + 1;
        let signatures = whole[text_length + 1..].strip_suffix('\n').ok_or("its last line has no end")?;
        let mut lines = Vec::new();
        for line in signatures.split('\n') {
            let wrong = "a signature line is not of its form";
            let (name, bytes) =
                line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')).ok_or(wrong)?;
            check_name(name).map_err(|_| wrong)?;
            let bytes = BASE64.decode(bytes.as_bytes()).map_err(|_| wrong)?;
            let (id, signature) = bytes.split_first_chunk::<4>().ok_or(wrong)?;
            if signature.is_empty() || lines.len() == MOST_SIGNATURES {
                return Err(wrong);
            }
            lines.push(Line { name: name.to_owned(), id: *id, signature: signature.to_vec() });
        }
        Ok(Self { whole: whole.to_owned(), text_length, lines })
    }

    /// All of it.
    pub fn whole(&self) -> &str {
        &self.whole
    }

    /// What is signed.
    pub fn text(&self) -> &str {
        &self.whole[..self.text_length]
    }

    /// The names of the keys that signed it, by its own word.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.name.as_str())
    }

    /// The names of the known keys whose signatures are right. Signatures of unknown keys do not
    /// count, neither for nor against it.
    ///
    /// # Errors
    ///
    /// The name of a known key whose signature is wrong.
    pub fn verify(&self, known: &[VerifierKey]) -> Result<Vec<String>, String> {
        let mut right = Vec::new();
        for line in &self.lines {
            for key in known.iter().filter(|key| key.name == line.name && key.id() == line.id) {
                let holds = Signature::from_slice(&line.signature)
                    .and_then(|signature| key.key.verify_strict(self.text().as_bytes(), &signature));
                if holds.is_err() {
                    return Err(line.name.clone());
                }
                right.push(line.name.clone());
            }
        }
        right.dedup();
        Ok(right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(name: &str) -> Signer {
        Signer::from_seed(name, &[7; 32]).expect("a name")
    }

    #[test]
    fn a_note_is_read_and_verified_as_it_was_signed() {
        let note = SignedNote::sign("one\n\ntwo\n", &signer("example.org/a"));
        let read = SignedNote::parse(note.whole()).expect("it is a note");
        assert_eq!((&read, read.text()), (&note, "one\n\ntwo\n"));
        let known: VerifierKey =
            signer("example.org/a").verifier().to_string().parse().expect("it is a verifier key");
        assert_eq!(read.verify(std::slice::from_ref(&known)), Ok(vec!["example.org/a".to_owned()]));
        // The same key under another name is another key.
        assert_eq!(read.verify(&[signer("example.org/b").verifier().clone()]), Ok(Vec::new()));
        let changed = SignedNote::parse(&note.whole().replace("one", "two")).expect("it is a note");
        assert_eq!(changed.verify(&[known]), Err("example.org/a".to_owned()));
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let note = SignedNote::sign("one\n", &signer("a"));
        let whole = note.whole();
        for wrong in [
            String::new(),
            "one\n".to_owned(),
            "one\n\n".to_owned(),
            whole.trim_end().to_owned(),
            whole.replace('\n', "\r\n"),
            whole.replace('\u{2014}', "-"),
            whole.replace(" a ", " a+b "),
            format!("{whole}\n"),
        ] {
            assert!(SignedNote::parse(&wrong).is_err(), "{wrong:?}");
        }
        for wrong in ["", "a+b", "a+00000000+AQ==", "a b+00000000+AQ=="] {
            assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
        }
        let right = signer("a").verifier().to_string();
        assert!(right.replacen("a+", "b+", 1).parse::<VerifierKey>().is_err());
    }
}
