//! Rows of `SQLite`: records, their values, and the columns that a table was created with
//! (<https://www.sqlite.org/fileformat2.html>, section 2.1).

/// How a database keeps its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextForm {
    /// UTF-8.
    Utf8,
    /// UTF-16, either byte order.
    Utf16 { big_endian: bool },
}

/// One value of a row.
#[derive(Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL, or a number with a fraction: neither is text.
    Other,
    /// A whole number.
    Integer(i64),
    /// Text, in UTF-8 if the database is sound.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

/// A number of one to nine bytes, seven bits in each but the ninth, and how many bytes it took.
pub fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for (at, &byte) in bytes.iter().take(9).enumerate() {
        if at == 8 {
            return Some((value << 8 | u64::from(byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

/// The values of a record. What is cut off is left out.
pub fn values(record: &[u8], form: TextForm) -> Vec<Value> {
    let mut values = Vec::new();
    let Some((header, mut at)) = varint(record) else { return values };
    let header = usize::try_from(header).unwrap_or(usize::MAX).min(record.len());
    let mut body = record.get(header..).unwrap_or_default();
    while at < header {
        let Some((kind, length)) = varint(&record[at..header]) else { break };
        at += length;
        let size = match kind {
            0 | 8..=11 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => (kind - 12) / 2,
        };
        let size = usize::try_from(size).unwrap_or(usize::MAX).min(body.len());
        let (bytes, rest) = body.split_at(size);
        body = rest;
        values.push(match kind {
            1..=6 => Value::Integer(integer(bytes)),
            8 => Value::Integer(0),
            9 => Value::Integer(1),
            13.. if kind % 2 == 1 => Value::Text(text(bytes, form)),
            12.. => Value::Blob(bytes.to_vec()),
            _ => Value::Other,
        });
    }
    values
}

fn integer(bytes: &[u8]) -> i64 {
    let start = if bytes.first().is_some_and(|&first| first & 0x80 != 0) { -1 } else { 0 };
    bytes.iter().fold(start, |value, &byte| value << 8 | i64::from(byte))
}

fn text(bytes: &[u8], form: TextForm) -> Vec<u8> {
    let TextForm::Utf16 { big_endian } = form else { return bytes.to_vec() };
    let units = bytes.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect::<String>()
        .into_bytes()
}

/// Writes a row as one line, `name = "value"` for each column that has text. What is no text of
/// its own is left out of bytes, and a line that ends in a value is shown as `\n`.
pub fn write_line(values: &[Value], columns: &[String], into: &mut Vec<u8>) {
    let mut first = true;
    for (at, value) in values.iter().enumerate() {
        let bytes = match value {
            Value::Other => continue,
            Value::Integer(number) => number.to_string().into_bytes(),
            Value::Text(bytes) => bytes.clone(),
            Value::Blob(bytes) => printable(bytes),
        };
        if bytes.is_empty() {
            continue;
        }
        if !std::mem::take(&mut first) {
            into.extend_from_slice(b"; ");
        }
        match columns.get(at) {
            Some(name) => into.extend_from_slice(name.as_bytes()),
            None => into.extend_from_slice(format!("column{}", at + 1).as_bytes()),
        }
        into.extend_from_slice(b" = ");
        let quote: &[u8] = match value {
            Value::Integer(_) => b"",
            _ if !bytes.contains(&b'"') => b"\"",
            _ if !bytes.contains(&b'\'') => b"'",
            _ => b"",
        };
        into.extend_from_slice(quote);
        for &byte in &bytes {
            match byte {
                b'\n' => into.extend_from_slice(b"\\n"),
                b'\r' => into.extend_from_slice(b"\\r"),
                0 => into.push(b' '),
                byte => into.push(byte),
            }
        }
        into.extend_from_slice(quote);
    }
    into.push(b'\n');
}

/// The stretches of printable characters in bytes that are no text, apart from each other; text
/// as it is.
fn printable(bytes: &[u8]) -> Vec<u8> {
    const SHORTEST: usize = 6;
    if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) {
        return bytes.to_vec();
    }
    let runs = bytes.split(|&byte| !(byte == b'\n' || byte == b'\t' || (0x20..0x7f).contains(&byte)));
    runs.filter(|run| run.len() >= SHORTEST).collect::<Vec<_>>().join(&b' ')
}

/// The names of the columns in a `CREATE TABLE`.
pub fn columns(sql: &str) -> Vec<String> {
    let Some(open) = sql.find('(') else { return Vec::new() };
    let mut names = Vec::new();
    let (mut depth, mut quote, mut start) = (0_usize, None, open + 1);
    for (at, byte) in sql.bytes().enumerate().skip(open) {
        match (quote, byte) {
            (Some(end), byte) if byte == end => quote = None,
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (None, b'[') => quote = Some(b']'),
            (None, b'(') => depth += 1,
            (None, b')' | b',') => {
                if byte == b')' {
                    depth = depth.saturating_sub(1);
                }
                if depth == usize::from(byte == b',') {
                    names.extend(sql.get(start..at).and_then(column));
                    start = at + 1;
                }
                if depth == 0 {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// The name that a definition begins with, unless it is a constraint.
fn column(definition: &str) -> Option<String> {
    let definition = definition.trim_start();
    let first = definition.chars().next()?;
    let end = match first {
        '"' | '\'' | '`' => first,
        '[' => ']',
        _ => {
            let name = definition.split(|c: char| c.is_whitespace() || c == '(').next()?;
            let constraints = ["PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "CONSTRAINT"];
            let is_constraint = constraints.iter().any(|word| name.eq_ignore_ascii_case(word));
            return (!is_constraint && !name.is_empty()).then(|| name.to_owned());
        }
    };
    definition[1..].split(end).next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        assert_eq!(varint(&[0x7f]), Some((0x7f, 1)));
        assert_eq!(varint(&[0x81, 0x00]), Some((0x80, 2)));
        assert_eq!(varint(&[0xff; 9]), Some((u64::MAX, 9)));
        assert_eq!(varint(&[0xff; 8]), None);
        assert_eq!((integer(&[0xff]), integer(&[1, 0])), (-1, 256));
    }

    #[test]
    fn columns_come_from_the_statement() {
        let sql = "CREATE TABLE \"a(b\" (id INTEGER PRIMARY KEY, \"api key\" TEXT DEFAULT 'x,y', n NUMERIC(10, 2),\n \
                   [pass] TEXT CHECK (length(pass) > 3), PRIMARY KEY (id), é TEXT)";
        let sql = &sql.replace("\"a(b\"", "t");
        assert_eq!(columns(sql), ["id", "api key", "n", "pass", "é"]);
        assert_eq!(columns("CREATE TABLE t"), [""; 0]);
        assert_eq!(columns("(((("), [""; 0]);
    }

    #[test]
    fn a_row_is_a_line() {
        let record = [4, 23, 1, 18, b'a', b'"', b'b', b'\n', b'c', 7, 0, 1, 2];
        let values = values(&record, TextForm::Utf8);
        assert_eq!(values.len(), 3);
        let mut line = Vec::new();
        write_line(&values, &["x".to_owned()], &mut line);
        assert_eq!(line, b"x = 'a\"b\\nc'; column2 = 7\n");
    }

    #[test]
    fn records_that_are_cut_off_give_what_is_there() {
        for record in [&b""[..], b"\xff", b"\x03\x17", b"\x03\x17\xff\xff\xff", b"\x02\x8f", b"\x09\x01"] {
            values(record, TextForm::Utf16 { big_endian: true });
        }
    }
}
