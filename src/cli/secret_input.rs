//! A secret from standard input: never echoed, never kept.

use crate::cli::Failure;
use crate::secret::Secret;
use std::io::{self, IsTerminal, Read};
use zeroize::Zeroizing;

/// No token is larger; what is was piped by mistake.
const LONGEST: usize = 1 << 20;

/// Reads a secret; asks for it without showing it where a person sits at a terminal. The end of the
/// last line is no part of it.
pub fn read() -> Result<Secret, Failure> {
    if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password("Token (it is not shown): ").map_err(|error| {
            Failure::text(format!(
                "the token cannot be asked for without showing it: {error}; pipe it in, as in `pass show NAME | \
                 keytrail register …`"
            ))
        })?;
        return checked(Zeroizing::new(typed).as_bytes());
    }
    // Allocated once: a buffer that grows leaves copies behind that nobody wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 2));
    io::stdin()
        .lock()
        .take(LONGEST as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(anyhow::Error::from(error).context("cannot read standard input")))?;
    checked(&bytes)
}

fn checked(bytes: &[u8]) -> Result<Secret, Failure> {
    if bytes.len() > LONGEST {
        return Err(Failure::text(format!(
            "standard input has more than {LONGEST} bytes, which is no token; pipe the token alone"
        )));
    }
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    if bytes.trim_ascii().is_empty() {
        return Err(Failure::text(
            "standard input holds no token; pipe it in, or name a token of a report with --fingerprint",
        ));
    }
    Ok(Secret::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_the_line_is_no_part_of_a_token() {
        let read = |text: &[u8]| checked(text).map(|secret| secret.expose().to_vec()).ok();
        assert_eq!(read(b"a b\n"), Some(b"a b".to_vec()));
        assert_eq!(read(b"a b\r\n"), Some(b"a b".to_vec()));
        assert_eq!(read(b"a\nb"), Some(b"a\nb".to_vec()));
        assert_eq!((read(b""), read(b"\n"), read(b" \r\n")), (None, None, None));
        assert_eq!(read(&vec![b'x'; LONGEST + 1]), None);
    }
}
