//! Values that stand for others: variables, templates, calls, sealed values.

use super::words;

/// Whether the value stands for another: a variable, a template, a call, a sealed value.
pub fn is_reference(value: &[u8], is_quoted: bool, is_code: bool) -> bool {
    const STARTS: [&[u8]; 19] = [
        b"${",
        b"$(",
        b"{{",
        b"<",
        b"%",
        b"@",
        b"#{",
        b"&",
        b"ENC[",
        b"ENC(",
        b"!vault",
        b"!secret",
        b"vault:",
        b"ref:",
        b"op://",
        b"ssm:",
        b"arn:",
        b"secretsmanager:",
        b"(",
    ];
    const PARTS: [&[u8]; 14] = [
        b"${", b"{{", b"$(", b"#{", b"%{", b"<%", b"}}", b"%s", b"%(", b"{0}", b"()", b"\\(", b" + ", b"').",
    ];
    if STARTS.iter().any(|start| value.starts_with(start)) || is_variable(value) {
        return true;
    }
    if PARTS.iter().any(|part| memchr::memmem::find(value, part).is_some()) || value.starts_with(b")") {
        return true;
    }
    if is_quoted {
        return false;
    }
    let has_code = value.iter().any(|byte| matches!(byte, b'(' | b'[' | b'{' | b'*' | b'\\'))
        || memchr::memmem::find(value, b"::").is_some()
        || memchr::memmem::find(value, b"->").is_some()
        || is_member(value)
        || value.starts_with(b"0x");
    // In code a bare value is a name or a number, unless it is long and has digits in it.
    let is_name = is_code && (value.len() < 16 || !value.iter().any(u8::is_ascii_digit));
    has_code || is_name || is_constant(value)
}

/// `$NAME`, `\$NAME`, `$Name->x`.
fn is_variable(value: &[u8]) -> bool {
    let name = value.strip_prefix(b"\\").unwrap_or(value).strip_prefix(b"$");
    name.is_some_and(|name| {
        name.len() >= 2
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_->[]'.".contains(byte))
            && name[0].is_ascii_alphabetic()
            && words::is_wordy(name)
    })
}

/// `SOME_CONSTANT_NAME`: capitals with low lines, or words joined by dashes.
fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_') && value.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
}

/// `process.env.KEY_2`: words joined by dots, each starting with a letter.
fn is_member(value: &[u8]) -> bool {
    let mut parts = 0;
    for part in value.split(|&byte| byte == b'.') {
        let is_word = part.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && part.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        if !is_word {
            return false;
        }
        parts += 1;
    }
    parts >= 2 && value.len() < 64
}

/// Whether a value holds a template's opening or goes on as one.
pub fn is_template(text: &[u8], value: &std::ops::Range<usize>) -> bool {
    let own = &text[value.clone()];
    own.starts_with(b"${")
        || memchr::memmem::find(own, b"{{").is_some()
        || continues_as_template(text, value.end)
}

/// Whether a value goes on as a template: `prefix-{{ name }}`, `abc${NAME}`.
pub fn continues_as_template(text: &[u8], end: usize) -> bool {
    let rest = &text[end.min(text.len())..];
    [b"{{".as_slice(), b"${", b"$(", b"<%", b"%(", b"#{"].iter().any(|start| rest.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_values() {
        for reference in ["${NAME}", "$NAME", "<token>", "{{ name }}", "vault:secret/x", "%s", "ENC[AES256]"]
        {
            assert!(is_reference(reference.as_bytes(), true, false), "{reference}");
        }
        for bare in ["process.env.KEY", "get_key()", "SOME_CONSTANT", "a::b"] {
            assert!(is_reference(bare.as_bytes(), false, true), "{bare}");
        }
        for value in ["x7Kq9zP2mVbT4wLs", "hunter-22!"] {
            assert!(!is_reference(value.as_bytes(), true, false), "{value}");
        }
    }
}
