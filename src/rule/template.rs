//! Fills the examples of rules: no live-looking secret is ever committed, the random part is made
//! from a seed when the examples run (`docs/rule-format.md`, "Examples").

mod keys;
mod random;

use crate::detect::checks;
use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER};
use random::Random;

/// How deep encodings may be nested.
const DEEPEST: usize = 8;
/// How many characters one directive may make.
const LONGEST: usize = 1 << 16;

/// Why a template cannot be expanded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{{` without its `}}`.
    #[error("`{{{{` at byte {0} is not closed by `}}}}`")]
    Unclosed(usize),
    /// A directive that does not exist.
    #[error("no directive is called `{0}`; see \"Examples\" in the description of the rule format")]
    Unknown(String),
    /// A directive with an argument that it cannot use.
    #[error("directive `{directive}`: {problem}")]
    Argument {
        /// The directive's name.
        directive: String,
        /// What is wrong and what would be right.
        problem: String,
    },
    /// Encodings inside encodings without end.
    #[error("directives are nested more than {DEEPEST} deep")]
    TooDeep,
}

/// Expands a template. The same seed gives the same bytes.
pub fn expand(template: &str, seed: u64) -> Result<Vec<u8>, TemplateError> {
    let mut expander = Expander { template, at: 0, random: Random::new(seed) };
    expander.text(None)
}

struct Expander<'a> {
    template: &'a str,
    at: usize,
    random: Random,
}

impl<'a> Expander<'a> {
    fn rest(&self) -> &'a str {
        &self.template[self.at..]
    }

    /// Expands up to the end of the template, or of the directive whose depth is given.
    fn text(&mut self, inside: Option<(usize, usize)>) -> Result<Vec<u8>, TemplateError> {
        let mut out = Vec::new();
        // Braces of the text itself, such as JSON's, so that `{{b64:{"a":1}}}` ends where it should.
        let mut braces = 0usize;
        while let Some(next) = self.rest().chars().next() {
            if self.rest().starts_with("{{") {
                self.directive(&mut out, inside.map_or(0, |(_, depth)| depth))?;
                continue;
            }
            if inside.is_some() && next == '}' && braces == 0 && self.rest().starts_with("}}") {
                self.at += 2;
                return Ok(out);
            }
            match next {
                '{' => braces += 1,
                '}' => braces = braces.saturating_sub(1),
                _ => {}
            }
            out.extend_from_slice(next.encode_utf8(&mut [0; 4]).as_bytes());
            self.at += next.len_utf8();
        }
        match inside {
            Some((start, _)) => Err(TemplateError::Unclosed(start)),
            None => Ok(out),
        }
    }

    fn directive(&mut self, out: &mut Vec<u8>, depth: usize) -> Result<(), TemplateError> {
        if depth >= DEEPEST {
            return Err(TemplateError::TooDeep);
        }
        let start = self.at;
        self.at += 2;
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        let name = &rest[..length];
        self.at += length;
        if self.rest().starts_with(':') {
            self.at += 1;
            let text = self.text(Some((start, depth + 1)))?;
            out.extend(encode(name, &text)?);
            return Ok(());
        }
        let close = self.rest().find("}}").ok_or(TemplateError::Unclosed(start))?;
        let argument = self.rest()[..close].trim();
        self.at += close + 2;
        match name {
            "lb" => out.extend(b"{{"),
            "uuid" => out.extend(self.random.uuid().bytes()),
            "sum" => {
                let sum = sum(argument, out)?;
                out.extend(sum.bytes());
            }
            "pem" => {
                let key =
                    keys::armoured(argument, &mut self.random).ok_or_else(|| TemplateError::Argument {
                        directive: "pem".into(),
                        problem: format!(
                            "no sort of key is called `{argument}`; use {}",
                            keys::SORTS.join(", ")
                        ),
                    })?;
                out.extend(key.bytes());
            }
            _ => {
                let alphabet = alphabet(name).ok_or_else(|| TemplateError::Unknown(name.to_owned()))?;
                let length = self.length(name, argument)?;
                out.extend(self.random.word(alphabet, length));
                if name == "password" {
                    let from = out.len() - length;
                    self.random.mix_in(&mut out[from..], &[LETTERS, DIGITS, PUNCTUATION]);
                }
            }
        }
        Ok(())
    }

    /// A length, `20` or `20-40`.
    fn length(&mut self, directive: &str, argument: &str) -> Result<usize, TemplateError> {
        let (least, most) = argument.split_once('-').unwrap_or((argument, argument));
        match (least.parse::<usize>(), most.parse::<usize>()) {
            (Ok(least), Ok(most)) if least <= most && most <= LONGEST => {
                Ok(least + self.random.below(most - least + 1))
            }
            _ => Err(TemplateError::Argument {
                directive: directive.to_owned(),
                problem: format!(
                    "`{argument}` is no length; write a number up to {LONGEST} or a range such as `20-40`"
                ),
            }),
        }
    }
}

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &[u8] = b"0123456789";
/// Stands for itself in shells, URLs and strings of all languages.
const PUNCTUATION: &[u8] = b"-_.~!*^";

fn alphabet(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "hex" => b"0123456789abcdef",
        "HEX" => b"0123456789ABCDEF",
        "alnum" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "lower" => b"abcdefghijklmnopqrstuvwxyz",
        "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "alpha" => LETTERS,
        "digit" => DIGITS,
        "lower-alnum" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "upper-alnum" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "base64" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
        "base64url" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
        "base32" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "base58" => b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz",
        "BECH32" => b"QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
        "bech32" => b"qpzry9x8gf2tvdw0s3jn54khce6mua7l",
        "password" => b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~!*^",
        _ => return None,
    })
}

fn encode(name: &str, text: &[u8]) -> Result<Vec<u8>, TemplateError> {
    let encoded = match name {
        "b64" => BASE64.encode(text),
        "b64nopad" => BASE64_NOPAD.encode(text),
        "b64url" => BASE64URL_NOPAD.encode(text),
        "hexof" => HEXLOWER.encode(text),
        "json" => {
            let quoted = serde_json::Value::from(String::from_utf8_lossy(text)).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        _ => return Err(TemplateError::Unknown(name.to_owned())),
    };
    Ok(encoded.into_bytes())
}

/// The checksum of the token that the output ends in.
fn sum(name: &str, out: &[u8]) -> Result<String, TemplateError> {
    let refuse = |problem: String| TemplateError::Argument { directive: "sum".into(), problem };
    let check = checks::by_name(name).ok_or_else(|| refuse(format!("no check is called `{name}`")))?;
    let start = out
        .iter()
        .rposition(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'`' | b'='))
        .map_or(0, |at| at + 1);
    check.complete(&out[start..]).ok_or_else(|| {
        refuse(format!(
            "check `{name}` has no checksum for what stands before; write the token's whole start there"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(template: &str, seed: u64) -> String {
        String::from_utf8(expand(template, seed).unwrap()).unwrap()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let template = "a={{hex 32}} {{uuid}} {{alnum 20-40}}";
        assert_eq!(text(template, 7), text(template, 7));
        assert_ne!(text(template, 7), text(template, 8));
    }

    #[test]
    fn lengths_and_alphabets_are_kept() {
        for (name, test) in [
            ("hex", (|c| c.is_ascii_hexdigit() && !c.is_ascii_uppercase()) as fn(char) -> bool),
            ("HEX", |c| c.is_ascii_hexdigit() && !c.is_ascii_lowercase()),
            ("lower-alnum", |c| c.is_ascii_lowercase() || c.is_ascii_digit()),
            ("upper", |c| c.is_ascii_uppercase()),
            ("digit", |c| c.is_ascii_digit()),
            ("base32", |c| matches!(c, 'A'..='Z' | '2'..='7')),
            ("base58", |c| c.is_ascii_alphanumeric() && !matches!(c, '0' | 'O' | 'I' | 'l')),
        ] {
            let word = text(&format!("{{{{{name} 300}}}}"), 3);
            assert!(word.len() == 300 && word.chars().all(test), "{name}: {word}");
        }
        let lengths: std::collections::BTreeSet<_> =
            (0..64).map(|seed| text("{{alnum 3-5}}", seed).len()).collect();
        assert_eq!(lengths.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
    }

    #[test]
    fn a_password_has_a_character_of_each_sort() {
        for seed in 0..200 {
            let password = text("{{password 8}}", seed);
            assert_eq!(password.len(), 8);
            for sort in [LETTERS, DIGITS, PUNCTUATION] {
                assert!(password.bytes().any(|byte| sort.contains(&byte)), "{password}");
            }
        }
    }

    #[test]
    fn encodings_hold_braces_and_other_directives() {
        assert_eq!(text(r#"x.{{b64url:{"alg":"HS256"}}}.y"#, 0), "x.eyJhbGciOiJIUzI1NiJ9.y");
        assert_eq!(text(r#"{"a":{{hexof:{"b":{"c":1}}}}}"#, 0), r#"{"a":7b2262223a7b2263223a317d7d}"#);
        assert_eq!(text("{{b64:{{lb}}}}", 0), "e3s=");
        assert_eq!(text("{{json:a\n\"b\"}}", 0), r#"a\n\"b\""#);
        let nested = text("{{b64nopad:{{digit 18}}}}", 5);
        assert!(BASE64_NOPAD.decode(nested.as_bytes()).unwrap().iter().all(u8::is_ascii_digit));
    }

    #[test]
    fn a_checksum_completes_the_token_before_it() {
        let token = text("t=\"ghp_{{alnum 30}}{{sum github}}\"", 11);
        let check = checks::by_name("github").unwrap();
        assert!(matches!(check.verify(&token.as_bytes()[3..43]), checks::Verdict::Proved(_)));
    }

    #[test]
    fn keys_of_all_sorts_are_proved_by_the_check() {
        let check = checks::by_name("pem").unwrap();
        for sort in keys::SORTS {
            for seed in 0..8 {
                let key = expand(&format!("{{{{pem {sort}}}}}"), seed).unwrap();
                assert!(matches!(check.verify(&key), checks::Verdict::Proved(_)), "{sort}");
            }
        }
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(expand("a{{hex 3", 0), Err(TemplateError::Unclosed(1)));
        assert_eq!(expand("{{b64:abc}", 0), Err(TemplateError::Unclosed(0)));
        assert_eq!(expand("{{hx 3}}", 0), Err(TemplateError::Unknown("hx".into())));
        assert!(matches!(expand("{{hex many}}", 0), Err(TemplateError::Argument { .. })));
        assert!(matches!(expand("{{hex 99999999999}}", 0), Err(TemplateError::Argument { .. })));
        assert!(matches!(expand("{{sum github}}", 0), Err(TemplateError::Argument { .. })));
        assert!(matches!(expand("{{pem dsa}}", 0), Err(TemplateError::Argument { .. })));
        assert_eq!(expand(&"{{b64:".repeat(40), 0), Err(TemplateError::TooDeep));
    }
}
