//! Trees, commits and tags as any bytes.

#![no_main]

use git2::ObjectFormat;
use keytrail::source::object::{parse, raw_entries};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for format in [ObjectFormat::Sha1, ObjectFormat::Sha256] {
        let mut end = 0;
        let mut is_over = false;
        for entry in raw_entries(bytes, format) {
            assert!(!is_over, "an error is the last item");
            match entry {
                Ok(entry) => {
                    // Entries stand one after the other, and each name lies in its entry.
                    assert!(entry.length > entry.name.len() + entry.id.len());
                    end += entry.length;
                    assert!(end <= bytes.len());
                }
                Err(_) => is_over = true,
            }
        }
        assert!(is_over || end == bytes.len(), "what is no entry is told");
        if let Some(parsed) = parse(bytes, format) {
            let _ = (parsed.time(), parsed.info(parsed.target));
            assert!(parsed.message.len() < bytes.len());
        }
    }
});
