//! Finds the value that is given to a name, in any language: a light look at the bytes round the
//! name, without a grammar.

mod column;
mod cursor;
mod field;
mod pair;
mod place;
mod prose;

use cursor::Cursor;
use std::ops::Range;

/// Names longer than this are no names.
const MOST_NAME: usize = 80;
/// Values longer than this are not looked at.
const MOST_VALUE: usize = 512;

/// How name and value are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joint {
    /// `name = value`, `name: value`, `name := value`, `name => value`.
    Sign,
    /// `name == value`, `name != value`.
    Comparison,
    /// `<name>value</name>`.
    Element,
    /// `--name value`.
    Flag,
    /// `call("name", value)`, `name("value")`.
    Argument,
    /// `name || "value"`, `getenv("name") or "value"`: what counts where nothing else is set.
    Fallback,
    /// `| name | value |` of a table, `the name is "value"`.
    Prose,
    /// `{"name": "name", "value": "value"}`, `variable "name" { default = "value" }`.
    Pair,
}

/// A name with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Where the name stands.
    pub name: Range<usize>,
    /// Where the value stands, without its quotes.
    pub value: Range<usize>,
    /// The quote character, if the value is quoted.
    pub quote: Option<u8>,
    /// How they are joined.
    pub joint: Joint,
}

/// The assignment whose name holds the bytes at `keyword`.
pub fn around(text: &[u8], keyword: Range<usize>) -> Option<Assignment> {
    let name = name_around(text, trimmed(text, keyword))?;
    after(text, name.clone()).or_else(|| compared_before(text, name))
}

/// The value that stands before a name: `"value" == name`.
fn compared_before(text: &[u8], name: Range<usize>) -> Option<Assignment> {
    let without_spaces = |end: usize| {
        end - text[..end].iter().rev().take(8).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
    };
    let sign_end = without_spaces(name.start);
    let sign = text[..sign_end].iter().rev().take(4).take_while(|byte| matches!(byte, b'=' | b'!')).count();
    if !matches!(&text[sign_end - sign..sign_end], b"==" | b"===" | b"!=" | b"!==") {
        return None;
    }
    let end = without_spaces(sign_end - sign).checked_sub(1)?;
    let quote = text[end];
    if !matches!(quote, b'"' | b'\'' | b'`') {
        return None;
    }
    let before = &text[end.saturating_sub(MOST_VALUE)..end];
    let opening = before.iter().rposition(|&byte| byte == quote || byte == b'\n')?;
    let start = end - before.len() + opening + 1;
    (before[opening] == quote && start < end).then_some(Assignment {
        name,
        value: start..end,
        quote: Some(quote),
        joint: Joint::Comparison,
    })
}

/// The value that stands after a name.
fn after(text: &[u8], name: Range<usize>) -> Option<Assignment> {
    let mut cursor = Cursor { text, at: name.end };
    let opened_by = opened_by(text, name.start);
    let name_quote = cursor.closing_quote();
    if let Some((value, quote)) = pair::value(text, &name, cursor.at) {
        return Some(Assignment { name, value, quote, joint: Joint::Pair });
    }
    if let Some((value, quote)) = prose::value(text, &name) {
        return Some(Assignment { name, value, quote, joint: Joint::Prose });
    }
    if let Some((value, quote)) = column::value(text, &name, cursor.at) {
        return Some(Assignment { name, value, quote, joint: Joint::Pair });
    }
    if let Some((value, quote)) = field::value(text, &name) {
        return Some(Assignment { name, value, quote, joint: Joint::Argument });
    }
    if name_quote.is_none() {
        cursor.skip_dimension();
        // `**name**: value`
        if text[cursor.at..].starts_with(b"**") {
            cursor.at += 2;
        }
    }
    // `config["name"]`, `config['name']`, `(name)`
    while matches!(cursor.peek(), Some(b']' | b')' | b'!'))
        || cursor.peek() == Some(b'?') && text.get(cursor.at + 1) != Some(&b'?')
    {
        cursor.at += 1;
    }
    let spaces = cursor.spaces();
    // `<name id="…" type="…">value</name>`
    if opened_by == Some(b'<') && name_quote.is_none() && spaces > 0 && cursor.attributes() {
        let (value, quote) = cursor.value(Joint::Element)?;
        return (!value.is_empty()).then_some(Assignment { name, value, quote, joint: Joint::Element });
    }
    // `<add key="name" value="…"/>`
    if name_quote.is_some() && spaces > 0 && cursor.attribute() {
        let (value, quote) = cursor.value(Joint::Argument)?;
        return (!value.is_empty()).then_some(Assignment { name, value, quote, joint: Joint::Element });
    }
    let joint = match cursor.peek()? {
        b'>' if opened_by == Some(b'<') && name_quote.is_none() => {
            cursor.at += 1;
            cursor.blank();
            cursor.open_value();
            Joint::Element
        }
        // `call("name", "value")`, `["--name", "value"]`, `{name, "value"}` of Erlang
        b',' if name_quote.is_some() && place::is_first_argument(text, name.start)
            || name_quote.is_some() && place::is_listed_flag(&text[name.start..], cursor.at - name.start)
            || name_quote.is_none() && opened_by == Some(b'{') =>
        {
            cursor.at += 1;
            Joint::Argument
        }
        // `name("value")`, `name{"value"}`
        b'(' | b'{' if spaces == 0 && name_quote.is_none() => {
            cursor.at += 1;
            Joint::Argument
        }
        b'=' | b':' | b'!' | b'|' | b'?' | b'+' | b'.' | b'<' | b'-' => cursor.sign()?,
        b'A' | b'a' if spaces > 0 && cursor.skip_basic_type().is_some() => Joint::Sign,
        b'"' | b'\'' | b'@'
            if spaces > 0 && name_quote.is_none() && place::is_told_by_place(text, name.start) =>
        {
            Joint::Flag
        }
        b'o' if spaces > 0 && text[cursor.at..].starts_with(b"or ") => {
            cursor.at += 3;
            Joint::Fallback
        }
        b'{' if name_quote.is_some() && text[..cursor.at].trim_ascii_end().ends_with(b")") => {
            cursor.at += 1;
            Joint::Fallback
        }
        _ if spaces > 0
            && name_quote.is_none()
            && (place::is_flag(text, name.start)
                || place::follows_login(text, &name)
                || place::is_set(text, name.start)
                || place::is_whole_line(text, &name)) =>
        {
            Joint::Flag
        }
        _ if spaces > 0 && name_quote.is_none() && cursor.skip_type_after().is_some() => Joint::Sign,
        _ => return None,
    };
    let sign = text[cursor.at - 1];
    cursor.spaces();
    match sign {
        b':' => {
            cursor.skip_type();
            cursor.skip_emphasis(&name);
            cursor.skip_block_mark();
        }
        b'=' => cursor.skip_chained(),
        _ => {}
    }
    let (value, quote) = cursor.value(joint)?;
    (!value.is_empty()).then_some(Assignment { name, value, quote, joint })
}

/// The byte before a name; of an element's name with a prefix, `<soap:name>`, the one before that.
fn opened_by(text: &[u8], name_start: usize) -> Option<u8> {
    let before = &text[name_start.saturating_sub(24)..name_start];
    let before = match before {
        [rest @ .., b':'] => {
            let prefix = rest.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric()).count();
            let rest = &rest[..rest.len() - prefix];
            if prefix > 0 && rest.ends_with(b"<") { rest } else { before }
        }
        _ => before,
    };
    before.last().copied()
}

/// A keyword without the marks that it begins or ends with.
fn trimmed(text: &[u8], keyword: Range<usize>) -> Range<usize> {
    let is_mark = |byte: &&u8| !byte.is_ascii_alphanumeric();
    let before = text[keyword.clone()].iter().take_while(is_mark).count();
    let after = text[keyword.start + before..keyword.end].iter().rev().take_while(is_mark).count();
    keyword.start + before..keyword.end - after
}

/// The whole identifier round a keyword.
fn name_around(text: &[u8], keyword: Range<usize>) -> Option<Range<usize>> {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let before = text[..keyword.start].iter().rev().take(MOST_NAME).take_while(part).count();
    let after = text[keyword.end..].iter().take(MOST_NAME).take_while(part).count();
    let name = keyword.start - before..keyword.end + after;
    (name.len() <= MOST_NAME).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<String> {
        let at = text.to_ascii_lowercase().find("passw")?;
        let found = around(text.as_bytes(), at..at + 5)?;
        Some(text[found.value].to_owned())
    }

    #[test]
    fn values_are_found_in_many_languages() {
        for text in [
            "password = \"V@l\"",
            "password=V@l",
            "DB_PASSWORD: V@l",
            "\"password\": \"V@l\",",
            "'dbPassword' => 'V@l'",
            "password := `V@l`",
            "let password: &str = \"V@l\";",
            "const password: string = 'V@l';",
            "<password>V@l</password>",
            "<password encrypted=\"false\">V@l</password>",
            "mysql --password V@l -h",
            "mysql --password=V@l -h",
            "setenv(\"PASSWORD\", \"V@l\")",
            "user.setPassword(\"V@l\")",
            "config['password'] = 'V@l'",
            "{\\\"password\\\": \\\"V@l\\\"}",
            "export DB_PASSWORD=V@l\n",
            "password <- \"V@l\"",
            "password = b'V@l'",
            "if password == \"V@l\":",
            "$password .= \"V@l\"",
            "machine acme.dev login me password V@l",
            "<password>\n    V@l\n</password>",
            "if (\"V@l\" == password) {",
            "if ('V@l' !== my_password)",
            "- DB_USER=me DB_PASSWORD=V@l DB_HOST=here",
            "ENV=\"DB_PASSWORD=V@l DB_NAME=app\"",
            "password = other = \"V@l\"",
            "https://acme.dev/?user=me&password=V@l&lang=en",
            "process.env.DB_PASSWORD || 'V@l'",
            "process.env['DB_PASSWORD'] ?? \"V@l\"",
            "os.getenv(\"DB_PASSWORD\") or \"V@l\"",
            "getenv('DB_PASSWORD') ?: 'V@l'",
            "ENV.fetch('DB_PASSWORD') { 'V@l' }",
            "env::var(\"DB_PASSWORD\").unwrap_or(\"V@l\".to_string())",
            "env::var(\"DB_PASSWORD\").unwrap_or_else(|_| \"V@l\".into())",
            "FROM base\nENV DB_PASSWORD V@l\n",
            "set -gx DB_PASSWORD 'V@l'",
            "setenv DB_PASSWORD V@l",
            "  storePassword \"V@l\"\n",
            "#define DB_PASSWORD \"V@l\"",
            "{:user \"me\" :password \"V@l\"}",
            "(def db-password \"V@l\")",
            "set(DB_PASSWORD \"V@l\")",
            "char password[] = \"V@l\";",
            "char password[64] = \"V@l\";",
            "Dim password As String = \"V@l\"",
            "password = '''V@l'''",
            "<string name=\"password\">V@l</string>",
            "<property name=\"password\"><value>V@l</value></property>",
            "<meta-data android:name=\"dev.acme.PASSWORD\" android:value=\"V@l\"/>",
            "  DbPassword:\n    Type: String\n    Default: V@l\n",
            "DB_PASSWORD=${DB_PASSWORD:-\"V@l\"}\n".trim_start_matches("DB_PASSWORD="),
            "parser.add_argument(\"--db-password\", type=str, default=\"V@l\")",
            "env.str(\"DB_PASSWORD\", default='V@l')",
            "{\"name\": \"DB_PASSWORD\", \"value\": \"V@l\"}",
            "{\"key\": \"password\", \"type\": \"text\",\n  \"value\": \"V@l\"}",
            "  - name: DB_PASSWORD\n    value: V@l\n",
            "<key>DB_PASSWORD</key>\n<string>V@l</string>",
            "<input name=\"password\" value=\"V@l\">",
            "variable \"db_password\" {\n  type = string\n  default = \"V@l\"\n}",
            "| **Password** | `V@l` |",
            "the password is `V@l`, as ever",
            "var password string = \"V@l\"",
            "DECLARE @password varchar(20) = 'V@l'",
            "password => q{V@l},",
            "SetEnv DB_PASSWORD V@l",
            "CMD [\"app\", \"--password\", \"V@l\"]",
            "**Password:** V@l",
            "**Password**: `V@l`",
            "- Password - `V@l`",
            "password: |\n  V@l\n",
            "password: >-\n  V@l\n",
            "{\"adminPassword\": {\n  \"value\": \"V@l\"\n}}",
            "{\"adminPassword\": { \"type\": \"securestring\", \"defaultValue\": \"V@l\" }}",
            "<Login password={'V@l'} />",
            "std::string password{\"V@l\"};",
            "INSERT INTO users (id, name, password) VALUES (1, 'me, myself', 'V@l');",
            "insert into users (`password`, `name`)\nvalues ('V@l', 'me')",
            "User,Password,Mail\nme,V@l,me@acme.dev\n",
            "driver.findElement(By.id(\"password\")).sendKeys(\"V@l\");",
            "await page.fill('#password', 'V@l');",
            "cy.get('[name=password]').type('V@l')",
            "fill_in 'Password', with: 'V@l'",
            "<wsse:Password Type=\"text\">V@l</wsse:Password>",
            "<con:password>V@l</con:password>",
            "v_password VARCHAR2(30) := 'V@l';",
            "<Password><Value>V@l</Value><PlainText>true</PlainText></Password>",
            "{password, \"V@l\"}.",
            "| user | password |\n| --- | --- |\n| me | `V@l` |\n",
        ] {
            assert_eq!(value(text).as_deref(), Some("V@l"), "{text}");
        }
    }

    #[test]
    fn what_is_no_assignment_is_none() {
        for text in [
            "the password is good",
            "then login with your password twice",
            "Password::new(x)",
            "password",
            "password =",
            "password(x)",
            "password, other",
            "password || other",
            "set DB_PASSWORD first",
            "the password \"V@l\"",
            "expect(password \"V@l\")",
            "password:\n  type: string\n  description: default\n",
            "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: value\n",
            "{\"name\": \"password\"}, {\"name\": \"other\", \"value\": \"x\"}",
            "| password | of the user |",
            "(ldap|password|V@l|whoami)",
            "password V@l1 of the user\n",
            "a password V@l1\n",
            "password string",
            "INSERT INTO users (id, password) VALUES (1)",
            "INSERT INTO users (id, password) SELECT id, 'V@l' FROM other",
            "name, password and mail\nme, V@l\n",
            "filter('#password', 'V@l')",
            "['--password', '--verbose']",
            "password - other",
            "the password is short",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    proptest::proptest! {
        /// Whatever stands round a name: what is taken for its value is a part of the text.
        #[test]
        fn a_value_is_a_part_of_the_text(
            pieces in proptest::collection::vec(
                proptest::sample::select(vec![
                    "password", "name", "key", "value", "default", "variable", "is", "or", "V@l", "x", "\"", "'", "`",
                    "\\", ":", "=", "|", ",", "(", ")", "{", "}", "<", "</", ">", "-", "?", "&a=", " ", "\n", "\u{e9}",
                ]),
                0..40,
            ),
        ) {
            let text = pieces.concat();
            for (at, word) in text.match_indices("password") {
                if let Some(found) = around(text.as_bytes(), at..at + word.len()) {
                    proptest::prop_assert!(text.as_bytes().get(found.value).is_some_and(|value| !value.is_empty()));
                }
            }
        }
    }
}
