//! What a value is made of, and which well-known forms it has.

/// Whether a value mixes many marks in a way that no code, template or expression does, because
/// its brackets do not fit each other: what a generator of passwords makes.
pub fn is_scrambled(value: &[u8]) -> bool {
    let mut kinds = [false; 128];
    let mut open = Vec::new();
    let mut fits = true;
    for &byte in value {
        match byte {
            b' ' | b'\t' | b'\\' | b'\'' | b'"' | b'=' | b';' => return false,
            b'(' | b'[' | b'{' => open.push(byte),
            b')' => fits &= open.pop() == Some(b'('),
            b']' => fits &= open.pop() == Some(b'['),
            b'}' => fits &= open.pop() == Some(b'{'),
            _ => {}
        }
        if byte.is_ascii_punctuation() {
            kinds[usize::from(byte)] = true;
        }
    }
    let is_ended = !matches!(value.last(), Some(b'(' | b'[' | b'{' | b'.' | b','));
    value.len() >= 8 && !fits && is_ended && kinds.iter().filter(|&&kind| kind).count() >= 5
}

/// Whether a value holds marks that services leave out of their keys, which must pass addresses,
/// headers and shells (RFC 3986, RFC 6750).
pub fn has_odd_marks(value: &[u8]) -> bool {
    value.iter().any(|byte| b"?^[];*$#()".contains(byte))
}

/// `$2a$…`, `$argon2id$…`, `{SSHA}…`: a hash that can be attacked, and no password.
pub fn is_password_hash(value: &[u8]) -> bool {
    let marks = memchr::memchr_iter(b'$', value).count();
    (value.starts_with(b"$") && marks >= 3) || value.starts_with(b"{CRYPT}") || value.starts_with(b"{SSHA")
}

/// A name with an ending that files have.
pub fn is_file_name(value: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 14] = [
        b".json",
        b".yaml",
        b".yml",
        b".conf",
        b".pem",
        b".key",
        b".txt",
        b".crt",
        b".xml",
        b".properties",
        b".toml",
        b".env",
        b".cfg",
        b".html",
    ];
    ENDINGS.iter().any(|ending| value.ends_with(ending)) || value.ends_with(b"-kubeconfig")
}

/// The parameters of an address: what is secret among them has a name of its own there.
pub fn is_query(value: &[u8]) -> bool {
    let is_pair = |part: &[u8]| {
        memchr::memchr(b'=', part).is_some_and(|at| {
            at > 0
                && part[..at].iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
    };
    value.split(|&byte| byte == b'&').skip(1).filter(|part| is_pair(part)).count() >= 2
}

/// An object of JSON, escaped or not, in which the secret is one of the values.
pub fn is_object_text(value: &[u8]) -> bool {
    value.starts_with(b"{") && memchr::memmem::find(value, b"\":").is_some()
}

/// Escapes of a language, as in text of another script: no generator makes them.
pub fn has_escapes(value: &[u8]) -> bool {
    [b"\\u".as_slice(), b"\\x", b"\\t", b"\\n"]
        .iter()
        .any(|escape| memchr::memmem::find(value, escape).is_some())
}

/// Eight, four, four, four and twelve hexadecimal digits: an identifier more often than a secret.
pub fn is_uuid(value: &[u8]) -> bool {
    value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a value says of itself that it is not for use: `django-insecure-…`, `quickstart-…`.
pub fn says_it_is_none(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 9] = [
        b"insecure",
        b"quickstart",
        b"quick-start",
        b"tutorial",
        b"hello-world",
        b"helloworld",
        b"invalid",
        b"fake",
        b"mock",
    ];
    holds_any(value, &WORDS)
}

/// Whether a value speaks of secrets, as stand-ins do.
pub fn mentions_secrets(value: &[u8]) -> bool {
    holds_any(value, &[b"pass", b"secret", b"test", b"user", b"admin", b"token", b"demo", b"default"])
}

/// Whether a text holds one of these words, which are in lower case, in any case of its own.
pub fn holds_any(text: &[u8], words: &[&[u8]]) -> bool {
    let lower = text.to_ascii_lowercase();
    words.iter().any(|word| memchr::memmem::find(&lower, word).is_some())
}

/// How many characters of which class.
pub struct Looks {
    /// Small letters.
    pub lower: usize,
    /// Capital letters.
    pub upper: usize,
    /// Digits.
    pub digits: usize,
    /// All that is neither a letter, a digit nor a space.
    pub marks: usize,
    /// Spaces and tabulators.
    pub spaces: usize,
}

impl Looks {
    /// Counts a value's characters.
    pub fn of(value: &[u8]) -> Self {
        let mut looks = Self { lower: 0, upper: 0, digits: 0, marks: 0, spaces: 0 };
        for byte in value {
            match byte {
                b'a'..=b'z' => looks.lower += 1,
                b'A'..=b'Z' => looks.upper += 1,
                b'0'..=b'9' => looks.digits += 1,
                b' ' | b'\t' => looks.spaces += 1,
                _ => looks.marks += 1,
            }
        }
        looks
    }

    /// Letters of either case.
    pub fn letters(&self) -> usize {
        self.lower + self.upper
    }

    /// How many of small letters, capitals, digits and marks occur.
    pub fn classes(&self) -> usize {
        [self.lower, self.upper, self.digits, self.marks].iter().filter(|&&count| count > 0).count()
    }

    /// Digits and marks only, but for the letters of a time (RFC 3339): a count, a date, a version.
    pub fn is_number(&self, value: &[u8]) -> bool {
        self.letters() == 0
            || self.digits >= 8
                && self.lower == 0
                && value.iter().all(|byte| byte.is_ascii_digit() || b"TZ:+-.".contains(byte))
    }

    /// Whether the value is a path or an address.
    pub fn is_path_or_url(&self, value: &[u8]) -> bool {
        let slashes = memchr::memchr_iter(b'/', value).count();
        memchr::memmem::find(value, b"://").is_some()
            || value.starts_with(b"./")
            || value.starts_with(b"../")
            || (value.starts_with(b"/") && slashes >= 2 && self.digits * 4 < value.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scrambled_values_are_told_from_code() {
        for scrambled in ["x]7)K{q%9#z}P", "a{{b}c)d${e]f#g>-"] {
            assert!(is_scrambled(scrambled.as_bytes()), "{scrambled}");
        }
        for code in
            ["${env[\"A\"]}-{{b}}", "f(a, b[0]) + c", "plain", "^[a-z]{3,}(x|y)$", "x7Kq9zP2", "foo(bar["]
        {
            assert!(!is_scrambled(code.as_bytes()), "{code}");
        }
    }

    #[test]
    fn well_known_forms_are_told() {
        assert!(is_uuid(b"2f1c3b9a-7d4e-4c1a-9b1f-0a2b3c4d5e6f") && !is_uuid(b"2f1c3b9a"));
        assert!(is_query(b"a=1&st=2025&se=2026") && !is_query(b"x&y&z") && !is_query(b"pass=word"));
        assert!(is_file_name(b"server.key") && !is_file_name(b"serverkey"));
        assert!(has_odd_marks(b"ab^c") && !has_odd_marks(b"ab-c_d.e+f/g="));
        assert!(says_it_is_none(b"django-insecure-x7Kq") && !says_it_is_none(b"x7Kq9zP2mVbT"));
    }
}
