//! Named checks of a secret's own bytes: checksums that must hold, structures that must decode.
//!
//! A rule names its check in the key `check`. A proof makes a finding certain, a refutation says
//! that the bytes only look like a secret. Every check is linear in its input and reads at most
//! [`READ_AHEAD`] bytes after the match. Notes never hold bytes that a holder of the report could
//! use: only what the token says of itself in the clear, such as an account number or a date.

mod atlassian;
mod aws;
mod azure;
mod base58;
mod basic_auth;
mod bech32;
mod chosen_password;
mod cisco;
mod cloudflare;
mod crc16;
mod discord;
mod gcp;
mod github;
mod gitlab;
mod grafana;
mod jwt;
mod luhn;
mod mnemonic;
mod no_words;
mod openai;
mod pem;
mod sentry;
mod slack;
mod solana;

use crate::token::encode;
use std::ops::Range;

/// The most bytes that a check reads after the start of a match.
pub const READ_AHEAD: usize = 64 << 10;

/// What a check says of a secret's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They are what they look like; what holds, for a note.
    Proved(&'static str),
    /// They are not what they look like; why.
    Refuted(&'static str),
    /// They tell nothing either way.
    Unknown,
}

/// A verdict with what was noticed on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether the bytes hold what their looks promise.
    pub verdict: Verdict,
    /// Where the whole secret stands in the text, if it reaches further than the match.
    pub span: Option<Range<usize>>,
    /// Facts about the secret: key size, issuer, account, dates.
    pub notes: Vec<String>,
    /// Whether the secret is worth less than it seems (a key that a passphrase protects), so that
    /// confidence should fall by one step.
    pub weaker: bool,
}

impl From<Verdict> for Outcome {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, span: None, notes: Vec::new(), weaker: false }
    }
}

impl Outcome {
    fn unknown() -> Self {
        Verdict::Unknown.into()
    }

    fn proved(why: &'static str) -> Self {
        Verdict::Proved(why).into()
    }

    fn refuted(why: &'static str) -> Self {
        Verdict::Refuted(why).into()
    }

    fn with(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// Makes the checksum of a token from what stands before it.
type Complete = fn(&[u8]) -> Option<String>;

/// A named check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// The name used in rules.
    pub name: &'static str,
    /// What it looks at, in one line.
    pub about: &'static str,
    judge: fn(&[u8], Range<usize>) -> Outcome,
    complete: Option<Complete>,
}

impl Check {
    /// Judges a secret by its own bytes alone.
    pub fn verify(&self, secret: &[u8]) -> Verdict {
        (self.judge)(secret, 0..secret.len()).verdict
    }

    /// Judges the secret at a place in a text. Some checks read on from there (the body of a PEM
    /// key, the JSON object round a key) and report the whole of the secret as `span`.
    pub fn verify_in(&self, text: &[u8], secret: Range<usize>) -> Outcome {
        if secret.start > secret.end || secret.end > text.len() {
            return Outcome::unknown();
        }
        (self.judge)(text, secret)
    }

    /// The checksum that completes a token, for examples made from templates. `None` where the
    /// check has no checksum or the token so far is not of its form.
    pub fn complete(&self, token_so_far: &[u8]) -> Option<String> {
        self.complete.and_then(|complete| complete(token_so_far))
    }
}

/// All checks, sorted by name.
pub const fn all() -> &'static [Check] {
    ALL
}

/// The check of a name.
pub fn by_name(name: &str) -> Option<Check> {
    ALL.binary_search_by(|check| check.name.cmp(name)).ok().map(|at| ALL[at])
}

/// The most bytes that a check which reads on looks at before a match.
pub const READ_BEHIND: usize = 4 << 10;

/// Whether a check looks at more than the match and what stands next to it: up to [`READ_BEHIND`]
/// before it and [`READ_AHEAD`] after.
pub fn reads_on(name: &str) -> bool {
    matches!(name, "pem" | "gcp-service-account")
}

/// Whether a check of this name exists.
pub fn exists(name: &str) -> bool {
    by_name(name).is_some()
}

static ALL: &[Check] = &[
    Check {
        name: "atlassian",
        about: "Atlassian and Bitbucket tokens: the CRC-32 at the end, where it can be recomputed",
        judge: atlassian::judge,
        complete: None,
    },
    Check {
        name: "aws-key-id",
        about: "AWS access key ids: the account number inside",
        judge: aws::judge,
        complete: None,
    },
    Check {
        name: "azure-storage",
        about: "Azure account keys: 88 characters of base64 that hold 64 bytes",
        judge: azure::judge,
        complete: None,
    },
    Check {
        name: "base58check-extended",
        about: "extended private keys of BIP 32: double SHA-256 checksum",
        judge: base58::judge_extended,
        complete: Some(base58::complete_extended),
    },
    Check {
        name: "base58check-wif",
        about: "Bitcoin private keys in wallet import format: double SHA-256 checksum",
        judge: base58::judge_wif,
        complete: Some(base58::complete_wif),
    },
    Check {
        name: "basic-auth",
        about: "Basic authorization: base64 of a name, a colon and a password",
        judge: basic_auth::judge,
        complete: None,
    },
    Check {
        name: "bech32-age",
        about: "age identities: Bech32 checksum",
        judge: bech32::judge_age,
        complete: Some(bech32::complete_age),
    },
    Check {
        name: "bech32-nostr",
        about: "private keys of Nostr: Bech32 checksum",
        judge: bech32::judge_nostr,
        complete: Some(bech32::complete_nostr),
    },
    Check {
        name: "bip39",
        about: "mnemonic sentences of wallets: words and checksum of BIP 39",
        judge: mnemonic::judge,
        complete: Some(mnemonic::complete),
    },
    Check {
        name: "chosen-password",
        about: "Passwords that people choose: what reads like a word is a sample",
        judge: chosen_password::judge,
        complete: None,
    },
    Check {
        name: "cisco-type-7",
        about: "Cisco's type 7 passwords: what they hide is text",
        judge: cisco::judge,
        complete: Some(cisco::complete),
    },
    Check {
        name: "cloudflare",
        about: "Cloudflare's credentials with a prefix: CRC-32 in the last eight characters",
        judge: cloudflare::judge,
        complete: Some(cloudflare::complete),
    },
    Check {
        name: "crc16-nkey",
        about: "NATS seeds: CRC-16 and key type",
        judge: crc16::judge_nkey,
        complete: Some(crc16::complete_nkey),
    },
    Check {
        name: "crc16-stellar",
        about: "Stellar secret seeds: CRC-16 and version",
        judge: crc16::judge_stellar,
        complete: Some(crc16::complete_stellar),
    },
    Check {
        name: "discord",
        about: "Discord bot tokens: the bot's id and the date it was made",
        judge: discord::judge,
        complete: None,
    },
    Check {
        name: "gcp-service-account",
        about: "Google service accounts: the JSON object round the private key",
        judge: gcp::judge,
        complete: None,
    },
    Check {
        name: "github",
        about: "GitHub and npm tokens: CRC-32 in the last six characters",
        judge: github::judge,
        complete: Some(github::complete),
    },
    Check {
        name: "gitlab-routable",
        about: "GitLab routable tokens: length and CRC-32 at the end",
        judge: gitlab::judge,
        complete: Some(gitlab::complete),
    },
    Check {
        name: "grafana",
        about: "Grafana tokens: CRC-32 of service accounts, JSON inside the others",
        judge: grafana::judge,
        complete: Some(grafana::complete),
    },
    Check {
        name: "jwt",
        about: "JSON Web Tokens: header and claims decode; demo and unsigned tokens are refuted",
        judge: jwt::judge,
        complete: None,
    },
    Check {
        name: "luhn",
        about: "Card numbers: the Luhn digit",
        judge: luhn::judge,
        complete: Some(luhn::complete),
    },
    Check {
        name: "no-words",
        about: "Tokens without a shape of their own: what reads like words is a name",
        judge: no_words::judge,
        complete: None,
    },
    Check {
        name: "openai",
        about: "OpenAI keys: the vendor's marker, and the sort of key",
        judge: openai::judge,
        complete: None,
    },
    Check {
        name: "pem",
        about: "Private keys in armour: PKCS#1, PKCS#8, SEC1, OpenSSH and OpenPGP decode",
        judge: pem::judge,
        complete: None,
    },
    Check {
        name: "sentry-org",
        about: "Sentry organisation tokens: the JSON inside",
        judge: sentry::judge,
        complete: None,
    },
    Check {
        name: "slack",
        about: "Slack tokens and webhooks: the ids inside are no placeholders",
        judge: slack::judge,
        complete: None,
    },
    Check {
        name: "solana",
        about: "Solana key pairs: the public key belongs to the private one",
        judge: solana::judge,
        complete: Some(solana::complete),
    },
];

/// Judges a secret that needs no text round it.
fn alone(text: &[u8], secret: Range<usize>, judge: impl FnOnce(&[u8]) -> Outcome) -> Outcome {
    text.get(secret).map_or_else(Outcome::unknown, judge)
}

/// A value from inside a token as a note may show it: one line of printable characters, not long.
fn shown(value: &str) -> String {
    const LONGEST: usize = 80;
    let mut text: String = value.chars().filter(|c| !c.is_control()).take(LONGEST + 1).collect();
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).collect();
        text.push('…');
    }
    text
}

/// The day of a Unix time in seconds, `2024-05-31`; `None` outside years 0 to 9999.
fn day(seconds: i64) -> Option<String> {
    let time = jiff::Timestamp::from_second(seconds).ok()?;
    let date = time.to_zoned(jiff::tz::TimeZone::UTC).date();
    (date.year() >= 0).then(|| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_found() {
        assert!(ALL.windows(2).all(|pair| pair[0].name < pair[1].name));
        for check in all() {
            assert_eq!(by_name(check.name).map(|found| found.name), Some(check.name));
        }
        assert!(by_name("nothing").is_none());
    }

    #[test]
    fn no_check_panics_on_odd_input() {
        let mut inputs: Vec<Vec<u8>> =
            vec![vec![], vec![0], vec![0xff; 300], b"a.b.c".to_vec(), b"-----BEGIN".to_vec()];
        let starts = [
            "ghp_",
            "github_pat_",
            "ghs_1_",
            "glpat-",
            "glsa_",
            "glc_",
            "eyJ",
            "AKIA",
            "xoxb-",
            "xoxp-1",
            "SU",
            "S",
            "AGE-SECRET-KEY-1",
            "K",
            "L",
            "5",
            "sk-",
            "ATATT3xFfGF0",
            "ATBB",
            "sntrys_",
            "-----BEGIN PRIVATE KEY-----",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
            "-----BEGIN PGP PRIVATE KEY BLOCK-----",
            "{\"private_key\":\"",
        ];
        for start in starts {
            for length in [0, 1, 5, 6, 7, 20, 36, 44, 50, 51, 52, 54, 58, 64, 88, 200] {
                for fill in ["A", "1", "-", ".", "_", "=", "\\", "\"", "\n"] {
                    inputs.push(format!("{start}{}", fill.repeat(length)).into_bytes());
                }
            }
        }
        for input in &inputs {
            for check in all() {
                check.verify(input);
                check.complete(input);
                let middle = input.len() / 2;
                check.verify_in(input, middle..input.len());
                check.verify_in(input, 0..middle);
                check.verify_in(input, input.len()..input.len() + 9);
            }
        }
    }

    #[test]
    fn notes_stay_short_and_on_one_line() {
        assert_eq!(shown("a\nb\u{1b}[0m"), "ab[0m");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 81);
        assert_eq!(day(0).as_deref(), Some("1970-01-01"));
        assert_eq!(day(i64::MAX), None);
    }
}
