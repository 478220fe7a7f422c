//! Tells a container by its first bytes.

use crate::origin::RepoPath;

/// So many first bytes tell every kind: the header of a tar is the longest.
pub const HEAD: usize = 512;

/// What a file is, if it holds text in another form than its own bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// PKWARE's zip, and all that is one inside: jar, war, whl, apk, docx, xlsx, odt, nupkg.
    Zip,
    /// POSIX `ustar`, with the extensions of GNU and pax.
    Tar,
    /// gzip (RFC 1952).
    Gzip,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// Zstandard (RFC 8878).
    Zstd,
    /// 7z.
    SevenZip,
    /// A database of `SQLite` 3.
    Sqlite,
    /// A PDF document.
    Pdf,
    /// Text of an office document, in the archive that the document is.
    Office,
    /// A Jupyter notebook.
    Notebook,
    /// Compiled Python.
    Pyc,
}

impl Kind {
    /// Whether it holds files. The others hold one text each, in their own way.
    pub const fn is_archive(self) -> bool {
        !matches!(self, Self::Sqlite | Self::Pdf | Self::Office | Self::Notebook | Self::Pyc)
    }

    /// Whether the lines of the text are those of the file, so that a change can be said to add
    /// some of them.
    pub const fn keeps_lines(self) -> bool {
        matches!(self, Self::Notebook)
    }

    /// Tells the kind by the first bytes of a file, of which [`HEAD`] are enough. A notebook is
    /// JSON like any other, so that it takes its name as well.
    pub fn of(head: &[u8], path: &RepoPath) -> Option<Self> {
        let kind = match head {
            // A local header, an archive without entries, a part of a split archive.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, b'P', b'K', ..] => Self::Zip,
            // Deflate is the only method there is; the upper flags have to be zero.
            [0x1f, 0x8b, 8, flags, ..] if flags & 0xe0 == 0 => Self::Gzip,
            // The mark of the first block, or of the end where there is none.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, 0x53, 0x59, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, 0x50, 0x90, ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstd,
            [b'7', b'z', 0xbc, 0xaf, 0x27, 0x1c, ..] => Self::SevenZip,
            [b'%', b'P', b'D', b'F', b'-', ..] => Self::Pdf,
            // The versions of CPython 3.7 and later, then flags of which two are in use.
            [_, 0x0d..=0x0f, b'\r', b'\n', 0..=3, 0, 0, 0, ..] => Self::Pyc,
            _ if head.starts_with(b"SQLite format 3\0") => Self::Sqlite,
            [b'<' | 0xef, ..] if super::office::is_part(head, path) => Self::Office,
            _ if is_tar(head) => Self::Tar,
            _ if is_notebook(head, path) => Self::Notebook,
            _ => return None,
        };
        Some(kind)
    }
}

/// The mark of a header and a checksum that is right.
fn is_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar") && head.get(..512).is_some_and(super::tar::checksum_holds)
}

fn is_notebook(head: &[u8], path: &RepoPath) -> bool {
    path.file_name().ends_with(b".ipynb") && head.trim_ascii_start().first() == Some(&b'{')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(head: &[u8]) -> Option<Kind> {
        Kind::of(head, &RepoPath::new("any.zip"))
    }

    #[test]
    fn names_tell_nothing_and_bytes_do() {
        assert_eq!(kind(b""), None);
        assert_eq!(kind(b"PK is how the text begins"), None);
        assert_eq!(kind(b"PK\x03\x04\x14\0"), Some(Kind::Zip));
        assert_eq!(kind(b"\x1f\x8b\x08\x00"), Some(Kind::Gzip));
        assert_eq!(kind(b"\x1f\x8b\x08\xff"), None);
        assert_eq!(kind(b"BZh9 to you"), None);
        assert_eq!(kind(b"BZh91AY&SY"), Some(Kind::Bzip2));
        assert_eq!(kind(b"%PDF-1.7"), Some(Kind::Pdf));
        assert_eq!(kind(b"\xcb\x0d\r\n\0\0\0\0"), Some(Kind::Pyc));
        assert_eq!(kind(b"{\"cells\": []}"), None);
        assert_eq!(Kind::of(b" {\"cells\": []}", &RepoPath::new("a/b.ipynb")), Some(Kind::Notebook));
    }

    #[test]
    fn a_tar_needs_its_checksum() {
        let mut head = [0_u8; 512];
        head[257..262].copy_from_slice(b"ustar");
        assert_eq!(kind(&head), None);
    }
}
