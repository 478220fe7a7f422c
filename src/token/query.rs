//! The address or query that a signature stands in, however the text round it writes it: with
//! entities of HTML, escapes of JSON, as a part of a connection string, or without its address.

use super::Around;

/// How much of an address is read before and after the signature.
const BEFORE: usize = 2048;
const AFTER: usize = 2048;
/// How many parameters are read.
const MOST: usize = 48;

/// An address and its parameters, but for the one that holds the secret.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The host, in lower case.
    pub host: Option<String>,
    /// The path.
    pub path: String,
    pairs: Vec<(String, String)>,
}

impl Query {
    /// What stands round a signature.
    pub fn round(around: Around<'_>) -> Self {
        let before = &around.before[around.before.len().saturating_sub(BEFORE)..];
        let before = &before[before.iter().rposition(|&byte| ends(byte)).map_or(0, |at| at + 1)..];
        let after = &around.after[..around.after.len().min(AFTER)];
        let after = &after[..after.iter().position(|&byte| ends(byte)).unwrap_or(after.len())];
        let (before, after) = (plain(before), plain(after));
        // A semicolon ends a value of a connection string.
        let before = before.rsplit(';').next().unwrap_or_default();
        let after = after.split(';').next().unwrap_or_default();
        let mut query = Self::of(before);
        query.add(after.split('&').skip(1));
        query
    }

    /// Reads an address, or a query alone.
    pub fn of(text: &str) -> Self {
        let mut query = Self::default();
        let (address, parameters) = match text.rsplit_once('?') {
            Some((address, parameters)) => (address, parameters.to_owned()),
            // `TOKEN=sv=…` puts a name before the first parameter.
            None => match text.split_once('&') {
                Some((first, rest)) => {
                    let name = first.rfind('=').map_or("", |end| &first[..end]);
                    let from = name.rfind(['=', ':']).map_or(0, |at| at + 1);
                    ("", format!("{}&{rest}", &first[from..]))
                }
                None => ("", text.to_owned()),
            },
        };
        if let Some((_, rest)) = address.rsplit_once("://") {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
            query.host = super::text::shown(&host);
            path.clone_into(&mut query.path);
        }
        query.add(parameters.split('&'));
        query
    }

    fn add<'a>(&mut self, pairs: impl Iterator<Item = &'a str>) {
        for pair in pairs.take(MOST.saturating_sub(self.pairs.len())) {
            if let Some((name, value)) = pair.split_once('=')
                && !value.is_empty()
            {
                self.pairs.push((decoded(name), decoded(value)));
            }
        }
    }

    /// A parameter, decoded but not made fit to be shown.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// A parameter as it may be shown.
    pub fn get(&self, name: &str) -> Option<String> {
        super::text::shown(self.raw(name)?)
    }
}

/// What an address cannot hold.
fn ends(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte < 0x20 || matches!(byte, b'"' | b'\'' | b'`' | b'<' | b'>' | b'|')
}

/// Without the escapes of HTML and JSON for `&`, `=` and `/`.
fn plain(text: &[u8]) -> String {
    let mut text = String::from_utf8_lossy(text).into_owned();
    for (escape, character) in
        [("\\u0026", "&"), ("\\u003d", "="), ("\\u003D", "="), ("\\/", "/"), ("&amp;", "&"), ("&#38;", "&")]
    {
        if text.contains(escape) {
            text = text.replace(escape, character);
        }
    }
    text.trim_end_matches('\\').to_owned()
}

/// Percent-encoding off (RFC 3986, section 2.1).
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = (*first == b'%')
            .then(|| after.get(..2).and_then(|hex| data_encoding::HEXLOWER_PERMISSIVE.decode(hex).ok()));
        if let Some(byte) = hex.flatten() {
            bytes.extend(byte);
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(before: &str, after: &str) -> Query {
        Query::round(Around { before: before.as_bytes(), after: after.as_bytes() })
    }

    #[test]
    fn an_address_is_found_in_every_dress() {
        for (before, after) in [
            ("x \"https://u@Acme.example:443/a/b?sp=r&se=2030%2D01&sig=", "&sr=c\" y"),
            ("<a href='https://acme.example/a/b?sp=r&amp;se=2030-01&amp;sig=", "&amp;sr=c'>"),
            (
                "{\\\"u\\\":\\\"https:\\/\\/acme.example\\/a\\/b?sp=r\\u0026se=2030-01\\u0026sig=",
                "\\u0026sr=c\\\"}",
            ),
            ("A=B;Url=https://acme.example/a/b?sp=r&se=2030-01&sig=", "&sr=c;C=D&sr=x"),
        ] {
            let query = round(before, after);
            assert_eq!(
                (query.host.as_deref(), query.path.as_str()),
                (Some("acme.example"), "/a/b"),
                "{before}"
            );
            let values = ["sp", "se", "sr", "sig"].map(|name| query.raw(name));
            assert_eq!(values, [Some("r"), Some("2030-01"), Some("c"), None], "{before}");
        }
        for before in [
            "SAS=?sp=r&sr=c&sig=",
            "SAS=sp=r&sr=c&sig=",
            "SharedAccessSignature sp=r&sr=c&sig=",
            "{sas: sp=r&sr=c&sig=",
        ] {
            let query = round(before, "");
            assert_eq!((query.raw("sp"), query.raw("sr")), (Some("r"), Some("c")), "{before}");
        }
    }

    #[test]
    fn percent_signs_that_encode_nothing_stay() {
        assert_eq!(decoded("a%2Fb%2fc%zz%2"), "a/b/c%zz%2");
        assert_eq!(decoded("%ff"), "\u{fffd}");
    }
}
