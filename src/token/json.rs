//! JSON objects inside tokens, as far as their texts and dates are shown.

use super::encode;
use super::text::{MOST, shown};
use crate::moment::Moment;
use serde_json::{Map, Value};

/// Objects beyond this are not read; none that a token holds comes near.
const LONGEST: usize = 48 << 10;

/// The object that some base64 holds, in either alphabet. Nesting is bounded by the parser.
pub fn object(base64: &[u8]) -> Option<Map<String, Value>> {
    if base64.is_empty() || base64.len() > LONGEST {
        return None;
    }
    serde_json::from_slice(&encode::base64(base64)?).ok()
}

/// A text or a number, as it may be shown.
pub fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) => shown(text),
        Value::Number(number) => shown(&number.to_string()),
        _ => None,
    }
}

/// The first of these names that tells a text.
pub fn first_text(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| text(object, name))
}

/// What is one text, several with spaces or commas between them, or a list of such.
pub fn list(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let words = |text: &str| -> Vec<String> { text.split([' ', ',']).filter_map(shown).take(MOST).collect() };
    match object.get(name) {
        Some(Value::String(text)) => words(text),
        Some(Value::Array(items)) => {
            items.iter().take(MOST).filter_map(Value::as_str).flat_map(words).take(MOST).collect()
        }
        _ => Vec::new(),
    }
}

/// A time in seconds since 1970, perhaps with a fraction, or written as text.
pub fn moment(value: &Value) -> Option<Moment> {
    /// After the year 5000 in seconds, so that it must be milliseconds, which some issuers write.
    const MILLISECONDS_FROM: i64 = 100_000_000_000;
    let number = match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|number| number as i64))?,
        Value::String(text) => match text.parse() {
            Ok(number) => number,
            Err(_) => return Moment::parse(text).ok(),
        },
        _ => return None,
    };
    Moment::from_seconds(if number >= MILLISECONDS_FROM { number / 1000 } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_read_however_they_are_written() {
        let at = |value: Value| moment(&value).map(Moment::seconds);
        assert_eq!(at(json!(1_700_000_000.9)), Some(1_700_000_000));
        assert_eq!(at(json!("1700000000")), Some(1_700_000_000));
        assert_eq!(at(json!(1_700_000_000_123_i64)), Some(1_700_000_000));
        assert_eq!(at(json!("1970-01-02T00:00:00Z")), Some(86_400));
        assert_eq!(at(json!(1e300)).or(at(json!("soon"))).or(at(json!([1]))), None);
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = "[".repeat(20_000);
        assert_eq!(object(data_encoding::BASE64.encode(deep.as_bytes()).as_bytes()), None);
    }
}
