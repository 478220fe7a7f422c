//! Canonical JSON by RFC 8785, and a reader that takes nothing that has no canonical form.
//!
//! Kept here rather than taken from a library: verifying 100,000 entries compares each with its
//! canonical form, and the libraries that were tried build a tree of small buffers for it.

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The largest whole number that every JSON reader keeps: 2^53 - 1 (RFC 7493, section 2.2).
const LARGEST: u64 = (1 << 53) - 1;

/// Writes a value in its canonical form.
///
/// # Errors
///
/// The reason why there is none: a whole number beyond 2^53 - 1 that a reader would round.
pub fn write(value: &Value) -> Result<Vec<u8>, String> {
    let mut out = Vec::with_capacity(256);
    put(value, &mut out)?;
    Ok(out)
}

fn put(value: &Value, out: &mut Vec<u8>) -> Result<(), String> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => put_number(number, out)?,
        Value::String(text) => put_text(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                put(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            // The map is sorted by UTF-8 bytes; the RFC wants UTF-16 units, which differ only where
            // a name has characters beyond U+D7FF.
            let mut sorted: Vec<(&String, &Value)> = fields.iter().collect();
            if sorted.iter().any(|(name, _)| !name.is_ascii()) {
                sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            }
            out.push(b'{');
            for (index, (name, value)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                put_text(name, out);
                out.push(b':');
                put(value, out)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Numbers as ECMAScript writes them (RFC 8785, section 3.2.2.3).
fn put_number(number: &Number, out: &mut Vec<u8>) -> Result<(), String> {
    let whole = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    if whole.is_some_and(|size| size <= LARGEST) {
        out.extend_from_slice(number.to_string().as_bytes());
        return Ok(());
    }
    let mut buffer = ryu_js::Buffer::new();
    let text = number.as_f64().filter(|float| float.is_finite()).map(|float| buffer.format_finite(float));
    match text {
        // Beyond 2^53 only a whole number that is the shortest for its double stays what it is.
        Some(text) if whole.is_none() || text == number.to_string() => {
            out.extend_from_slice(text.as_bytes());
            Ok(())
        }
        _ => Err(format!("the number {number} has more digits than JSON readers keep; write it as a text")),
    }
}

/// Strings with the escapes of RFC 8785, section 3.2.2.2.
fn put_text(text: &str, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut plain = 0;
    for (index, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&text.as_bytes()[plain..index]);
        plain = index + 1;
        out.push(b'\\');
        match byte {
            b'"' | b'\\' => out.push(byte),
            0x08 => out.push(b'b'),
            0x09 => out.push(b't'),
            0x0a => out.push(b'n'),
            0x0c => out.push(b'f'),
            0x0d => out.push(b'r'),
            _ => {
                out.extend_from_slice(b"u00");
                out.push(DIGITS[usize::from(byte >> 4)]);
                out.push(DIGITS[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&text.as_bytes()[plain..]);
    out.push(b'"');
}

/// Reads one JSON value that stands alone, and refuses an object that has a name twice: readers
/// disagree on which one counts.
///
/// # Errors
///
/// What is wrong, with line and column.
pub fn read(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(Strict)?;
            // The name is not shown: what somebody feeds in may have a secret in any place.
            if all.insert(name, value).is_some() {
                return Err(A::Error::custom("an object has the same name twice"));
            }
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(text: &str) -> String {
        let value = read(text.as_bytes()).expect("it is JSON");
        String::from_utf8(write(&value).expect("it has a canonical form")).expect("it is UTF-8")
    }

    /// RFC 8785, section 3.2.2 and 3.2.4.
    #[test]
    fn the_example_of_the_rfc() {
        let input = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                        \"string\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(canonical(input), expected);
    }

    /// RFC 8785, section 3.2.3: names are sorted by UTF-16 units.
    #[test]
    fn names_are_sorted_as_the_rfc_sorts_them() {
        let input = r#"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh",
            "1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control",
            "\u00f6":"Latin Small Letter O With Diaeresis"}"#;
        let written = canonical(input);
        let values = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let places: Vec<_> = values.map(|value| written.find(value).expect("it is there")).into();
        assert!(places.is_sorted(), "{written}");
    }

    /// RFC 8785, appendix B: IEEE 754 bits and how they are written.
    #[test]
    fn numbers_are_written_as_the_rfc_writes_them() {
        let samples: [(u64, &str); 24] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, text) in samples {
            let value = Value::Number(Number::from_f64(f64::from_bits(bits)).expect("finite"));
            assert_eq!(String::from_utf8(write(&value).expect("finite")).expect("ASCII"), text, "{bits:x}");
        }
    }

    #[test]
    fn what_has_no_canonical_form_is_refused() {
        for text in ["9007199254740993", "-9007199254740993", "18446744073709551615"] {
            assert!(write(&read(text.as_bytes()).expect("JSON")).is_err(), "{text}");
        }
        assert_eq!(canonical("[9007199254740991,-9007199254740991]"), "[9007199254740991,-9007199254740991]");
        for text in
            [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"\u0062":2}}"#, "1 2", "{", "1e999", "\"\\ud800\"", ""]
        {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_canonical_form_is_its_own(text in "\\PC*", float in proptest::num::f64::NORMAL, whole in -1000_i64..1000) {
            let value = serde_json::json!({ "z": [text.clone(), float, whole], (text): null });
            let once = write(&value).expect("it has a canonical form");
            let again = write(&read(&once).expect("it is JSON")).expect("it has one");
            proptest::prop_assert_eq!(once, again);
        }
    }
}
