//! Gzip (RFC 1952), within bounds.

use flate2::read::GzDecoder;
use std::io::Read;
use zeroize::Zeroizing;

/// Head and tail of a stream are this long without anything between.
const LEAST: usize = 18;
/// How many times its own length a stream may hold. Text rarely gets to twenty.
const MOST_RATIO: usize = 64;
/// The most bytes that one stream may hold.
const MOST: usize = 16 << 20;

/// What a stream holds, as far as it can be read within the bounds; `None` if there is nothing.
pub fn inflate(stream: &[u8], most: usize) -> Option<Zeroizing<Vec<u8>>> {
    // Making a decoder is dear.
    if stream.len() < LEAST || !stream.starts_with(&[0x1f, 0x8b, 8]) {
        return None;
    }
    let most = most.min(MOST).min(stream.len().saturating_mul(MOST_RATIO));
    let mut reader = GzDecoder::new(stream);
    let mut text = Zeroizing::new(vec![0; (stream.len().saturating_mul(4)).min(most)]);
    let mut length = 0;
    loop {
        match reader.read(&mut text[length..]) {
            // What came before damage or a cut is as good as the whole.
            Ok(0) | Err(_) => break,
            Ok(count) => length += count,
        }
        if length == text.len() {
            if length >= most {
                break;
            }
            let mut larger = Zeroizing::new(vec![0; (length * 2).min(most)]);
            larger[..length].copy_from_slice(&text);
            text = larger;
        }
    }
    text.truncate(length);
    (length > 0).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn a_stream_is_read_within_bounds() {
        let text: Vec<u8> = (0..30_000u32).flat_map(|number| number.to_string().into_bytes()).collect();
        assert_eq!(**inflate(&gzip(&text), usize::MAX).unwrap(), text);
        assert_eq!(**inflate(&gzip(&text), 1000).unwrap(), text[..1000]);
        let cut = gzip(&text);
        let part = inflate(&cut[..cut.len() / 2], usize::MAX).unwrap();
        assert!(part.len() > 1000 && text.starts_with(&part));
        let bomb = gzip(&vec![b'a'; 8 << 20]);
        assert!(inflate(&bomb, usize::MAX).unwrap().len() <= bomb.len() * MOST_RATIO);
        assert!(inflate(b"\x1f\x8b\x08", usize::MAX).is_none() && inflate(b"text", 9).is_none());
    }
}
