//! Texts of office documents: the parts of OOXML (ECMA-376) and `OpenDocument` (ISO/IEC 26300) that
//! hold what people wrote. A word may be cut into several runs, each in tags of its own, which no
//! rule could see through; so the text comes out without tags, a line for each paragraph, row or
//! string.

use crate::origin::RepoPath;

/// Folders and names of such parts, below the document.
const PARTS: [(&[u8], &[u8]); 10] = [
    (b"word/", b"document"),
    (b"word/", b"header"),
    (b"word/", b"footer"),
    (b"word/", b"footnotes"),
    (b"word/", b"endnotes"),
    (b"word/", b"comments"),
    (b"xl/", b"sharedStrings"),
    (b"xl/worksheets/", b"sheet"),
    (b"ppt/slides/", b"slide"),
    (b"ppt/notesSlides/", b"notesSlide"),
];

/// Elements whose end is the end of a line, whatever their namespace is called.
const LINES: [&[u8]; 9] = [b"p", b"h", b"br", b"cr", b"si", b"row", b"tr", b"table-row", b"line-break"];

/// Elements whose end sets what follows apart.
const GAPS: [&[u8]; 6] = [b"c", b"tc", b"tab", b"table-cell", b"s", b"v"];

/// Whether a file is such a part, by its place in an archive and its first bytes.
pub fn is_part(head: &[u8], path: &RepoPath) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let path = path.as_bytes();
    let Some(start) = memchr::memmem::rfind(path, b"!/").filter(|_| head.starts_with(b"<?xml")) else {
        return false;
    };
    let name = &path[start + 2..];
    name == b"content.xml"
        || name.ends_with(b".xml")
            && PARTS.iter().any(|(folder, part)| {
                name.strip_prefix(*folder).is_some_and(|rest| rest.starts_with(part) && !rest.contains(&b'/'))
            })
}

/// The text of a part.
pub fn plain(xml: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(xml.len() / 4);
    let mut rest = xml;
    while !rest.is_empty() {
        let tag = memchr::memchr(b'<', rest).unwrap_or(rest.len());
        characters(&rest[..tag], &mut out);
        rest = rest.get(tag + 1..).unwrap_or_default();
        if let Some(data) = rest.strip_prefix(b"![CDATA[") {
            let end = memchr::memmem::find(data, b"]]>").unwrap_or(data.len());
            out.extend_from_slice(&data[..end]);
            rest = &data[end..];
        }
        let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
        element(&rest[..end], &mut out);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    out
}

fn element(tag: &[u8], out: &mut Vec<u8>) {
    let is_end = tag.first() == Some(&b'/') || tag.last() == Some(&b'/');
    let name = tag.strip_prefix(b"/").unwrap_or(tag);
    let name = name.split(|byte| byte.is_ascii_whitespace() || *byte == b'/').next().unwrap_or_default();
    let local = name.rsplit(|&byte| byte == b':').next().unwrap_or_default();
    if is_end && LINES.contains(&local) {
        out.push(b'\n');
    } else if is_end && GAPS.contains(&local) {
        out.push(b' ');
    }
}

/// Text between tags. The ends of its lines mean no more than spaces.
fn characters(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'\n' | b'\r' => out.push(b' '),
            b'&' => {
                let end = after.iter().take(12).position(|&byte| byte == b';');
                match end.and_then(|end| Some((entity(&after[..end])?, end))) {
                    Some((c, end)) => {
                        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                        rest = &after[end + 1..];
                    }
                    None => out.push(b'&'),
                }
            }
            other => out.push(other),
        }
    }
}

fn entity(name: &[u8]) -> Option<char> {
    Some(match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"quot" => '"',
        b"apos" => '\'',
        _ => {
            let number = std::str::from_utf8(name.strip_prefix(b"#")?).ok()?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_put_together_and_paragraphs_are_lines() {
        let xml = b"<?xml version=\"1.0\"?><w:p><w:r><w:t>pass</w:t></w:r><w:r><w:t>word = &quot;a&#x62;&amp;</w:t></w:r>\
                    <w:tab/><w:t>&no;&</w:t></w:p>\n<w:p>next</w:p><![CDATA[<raw>]]><";
        assert_eq!(String::from_utf8_lossy(&plain(xml)), "password = \"ab& &no;&\n next\n<raw>");
    }

    #[test]
    fn only_parts_with_text_are_taken() {
        let is = |path: &str| is_part(b"<?xml version", &RepoPath::new(path));
        assert!(is("a.docx!/word/document.xml") && is("a.xlsx!/xl/worksheets/sheet12.xml"));
        assert!(is("a.odt!/content.xml"));
        assert!(!is("word/document.xml") && !is("a.docx!/word/_rels/document.xml.rels"));
        assert!(!is("a.zip!/b/content.xml"));
        assert!(!is_part(b"{", &RepoPath::new("a.docx!/word/document.xml")));
    }
}
