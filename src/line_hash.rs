//! The hash by which GitHub code scanning knows a line again: `primaryLocationLineHash`.
//!
//! GitHub follows an alert from one upload to the next by this value. Its upload action computes
//! it from the checked-out file where a report lacks it, and other ways of uploading do not, so a
//! report that carries it gives stable alerts everywhere. What the action does (facts read from
//! `src/fingerprints.ts` of github/codeql-action): the file is decoded as UTF-8 and taken as
//! UTF-16 code units; spaces and tabs are skipped; a line ends at `\n`, `\r` or `\r\n`; a polynomial
//! hash modulo 2^64 with base 37 runs over a window of 100 units, and the hash of a line is that of
//! the window that begins with it; after the last unit come the unit 65535 and then zeros. Lines
//! with the same hash are told apart by a counter.

use std::collections::HashMap;

/// Units in the window.
const BLOCK: usize = 100;
const BASE: u64 = 37;
/// The mark that follows the last unit of a file.
const END_OF_FILE: u16 = 0xffff;

/// The hashes of some lines of a file, as `hash:count`, in the order of `wanted_lines`.
///
/// `text` is the whole file as it is on disk, not turned into UTF-8 first. Lines count from 1 and
/// a lone `\r` ends one too, as GitHub has it, so in the rare file with such line ends the numbers
/// differ from git's; GitHub itself makes no difference there. A line that the file lacks gives
/// `None`; an empty file has one line, and so has the end after a last `\n`.
///
/// It reads `text` once and stops after the last line that is wanted.
pub fn line_hashes(text: &[u8], wanted_lines: &[u64]) -> Vec<Option<String>> {
    let Some(&last) = wanted_lines.iter().max() else { return Vec::new() };
    let mut found: HashMap<u64, Option<String>> = wanted_lines.iter().map(|&line| (line, None)).collect();
    if last > 0 {
        Hasher::new(last, &mut found).file(text);
    }
    wanted_lines.iter().map(|line| found.get(line).cloned().flatten()).collect()
}

struct Hasher<'a> {
    /// The last units, as a ring.
    window: [u16; BLOCK],
    /// The line that begins at each unit of the window, or 0.
    starts: [u64; BLOCK],
    at: usize,
    hash: u64,
    /// `BASE` to the power of `BLOCK`: the weight of the unit that leaves the window.
    leaving: u64,
    line: u64,
    line_start: bool,
    after_cr: bool,
    seen: HashMap<u64, u64>,
    last: u64,
    done: bool,
    found: &'a mut HashMap<u64, Option<String>>,
}

impl<'a> Hasher<'a> {
    fn new(last: u64, found: &'a mut HashMap<u64, Option<String>>) -> Self {
        Self {
            window: [0; BLOCK],
            starts: [0; BLOCK],
            at: 0,
            hash: 0,
            leaving: BASE.wrapping_pow(BLOCK as u32),
            line: 0,
            line_start: true,
            after_cr: false,
            seen: HashMap::new(),
            last,
            done: false,
            found,
        }
    }

    fn file(&mut self, text: &[u8]) {
        for chunk in text.utf8_chunks() {
            let replaced = (!chunk.invalid().is_empty()).then_some(0xfffd);
            for unit in chunk.valid().encode_utf16().chain(replaced) {
                self.unit(unit);
                if self.done {
                    return;
                }
            }
        }
        self.unit(END_OF_FILE);
        for _ in 0..BLOCK {
            self.close_line();
            self.push(0);
        }
    }

    fn unit(&mut self, mut unit: u16) {
        const TAB: u16 = b'\t' as u16;
        const LF: u16 = b'\n' as u16;
        const CR: u16 = b'\r' as u16;
        const SPACE: u16 = b' ' as u16;

        let after_cr = std::mem::take(&mut self.after_cr);
        if unit == SPACE || unit == TAB || (after_cr && unit == LF) {
            return;
        }
        if unit == CR {
            unit = LF;
            self.after_cr = true;
        }
        self.close_line();
        if std::mem::take(&mut self.line_start) {
            self.line += 1;
            self.starts[self.at] = self.line;
        }
        self.line_start = unit == LF;
        self.push(unit);
    }

    /// Where the unit about to leave the window begins a line, the hash is that line's.
    fn close_line(&mut self) {
        let line = std::mem::take(&mut self.starts[self.at]);
        if line == 0 || self.done {
            return;
        }
        let count = self.seen.entry(self.hash).or_default();
        *count += 1;
        if let Some(wanted) = self.found.get_mut(&line) {
            *wanted = Some(format!("{:x}:{count}", self.hash));
        }
        self.done = line >= self.last;
    }

    fn push(&mut self, unit: u16) {
        let gone = std::mem::replace(&mut self.window[self.at], unit);
        self.hash = self
            .hash
            .wrapping_mul(BASE)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(self.leaving.wrapping_mul(u64::from(gone)));
        self.at = (self.at + 1) % BLOCK;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every expected value here is what GitHub's own code gave for the same bytes.
    fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
        let text = text.as_ref();
        let wanted: Vec<u64> = (1..=expected.len() as u64 + 1).collect();
        let hashes = line_hashes(text, &wanted);
        let hashes: Vec<&str> = hashes.iter().map(|hash| hash.as_deref().unwrap_or("none")).collect();
        let expected: Vec<&str> = expected.iter().copied().chain(["none"]).collect();
        assert_eq!(hashes, expected, "{:?}", String::from_utf8_lossy(text));
    }

    #[test]
    fn line_ends_and_white_space() {
        check("", &["c129715d7a2bc9a3:1"]);
        check(
            " a\nb\n  \t\tc\n d",
            &["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        );
        check(
            "one\r\ntwo\r\n\r\nthree\r\n",
            &[
                "3e75c7f1c585b24b:1",
                "c89fdac74a13c027:1",
                "8f49d77268a1cd9f:1",
                "bd8bfd8320422591:1",
                "c129715d7a2bc9a3:1",
            ],
        );
        check(
            "a\rb\r\rc",
            &["4850bf53658d4e53:1", "b0367d257df6d03c:1", "1c206f60a702cfe8:1", "188ff2f224477a1e:1"],
        );
        check(
            "a\r \nb\r\t\nc",
            &[
                "c52f781a43dbc195:1",
                "73409ca04f7d2c2e:1",
                "b0367d257df6d03c:1",
                "1c206f60a702cfe8:1",
                "188ff2f224477a1e:1",
            ],
        );
        check(
            "\r\n\r\r\n\n\r",
            &[
                "229ec9649baa95f1:1",
                "8d2f5848087196b:1",
                "4e5d562094661a0d:1",
                "5b5d4caf73a13177:1",
                "3c5bef55b72b93c9:1",
                "c129715d7a2bc9a3:1",
            ],
        );
        check(" \t \n\t\n   ", &["5b5d4caf73a13177:1", "3c5bef55b72b93c9:1", "c129715d7a2bc9a3:1"]);
        check("x = 2\nx = 1\nprint(x)", &["8f6ec10ad8d7ec2a:1", "18717025bc88f409:1", "28b4d4d726d7c4d:1"]);
    }

    #[test]
    fn equal_lines_are_counted() {
        check(
            "Lorem ipsum dolor sit amet.\n".repeat(10),
            &[
                "a7f2ff13bc495cf2:1",
                "a7f2ff13bc495cf2:2",
                "a7f2ff13bc495cf2:3",
                "a7f2ff13bc495cf2:4",
                "a7f2ff13bc495cf2:5",
                "a7f2ff13bc495cf2:6",
                "a7f2ff1481e87703:1",
                "a9cf91f7bbf1862b:1",
                "55ec222b86bcae53:1",
                "cc97dc7b1d7d8f7b:1",
                "c129715d7a2bc9a3:1",
            ],
        );
        let hashes = line_hashes("x\n".repeat(300).as_bytes(), &[301, 201, 2, 302, 0, 2]);
        let expected = [
            Some("c129715d7a2bc9a3:1"),
            Some("c0fe7b2700d6c254:201"),
            Some("c0fe7b2700d6c254:2"),
            None,
            None,
            Some("c0fe7b2700d6c254:2"),
        ];
        assert_eq!(hashes.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
        assert!(line_hashes(b"x", &[]).is_empty());
    }

    #[test]
    fn windows_and_long_lines() {
        let long = format!("{}\n{}\nend", "abcdefghij".repeat(40), "\u{e9}".repeat(150));
        check(long, &["ecadcc87c9ab6b36:1", "5c536290ae5e535c:1", "43b6461eda086fe2:1"]);
        let edge = format!("{}\n{}\n{}", "k".repeat(99), "k".repeat(100), "k".repeat(101));
        check(edge, &["38ae8874fb7952f3:1", "38ae8874fb795354:1", "38ae8874fb795354:2"]);
    }

    #[test]
    fn text_beyond_ascii() {
        let key = "\u{1f511}";
        let unicode = format!(
            "cl\u{e9} = \"{key}\u{43a}\u{43b}\u{44e}\u{447}\"\n\u{feff}\u{65e5}\u{672c}\u{8a9e}\t{}\nz\n",
            key.repeat(60)
        );
        check(
            unicode,
            &["e1c7dce19060c288:1", "99b4017f7758c99a:1", "95de0951c928fa27:1", "c129715d7a2bc9a3:1"],
        );
        check("\u{feff}a = 1\n", &["6b2f97718843b037:1", "c129715d7a2bc9a3:1"]);
        check("\u{ffff}\n\0\n", &["a6c91bd17f6cd4fa:1", "fab6606a19b511d5:1", "c129715d7a2bc9a3:1"]);
        check(
            b"a\xff\n\xe2\x82\n\xf0\x9f\x94A\n\xc0\x80\xed\xa0\x80\n\xe2\x82",
            &[
                "81ca2877a717f6f6:1",
                "d0d329afcfe7d94a:1",
                "29ced6d941e6904f:1",
                "52bc0f1ca488be0f:1",
                "8989dec65f08d110:1",
            ],
        );
    }
}
