//! Shannon entropy.

/// Bits a byte, from the shares of the bytes in the text itself (Shannon 1948). 0 for an empty
/// text; at most log2 of the length.
pub fn shannon(text: &[u8]) -> f32 {
    let mut counts = [0u32; 256];
    for &byte in text {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f32;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = count as f32 / length;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_bits() {
        assert!(shannon(b"aaaa").abs() < 1e-6);
        assert!((shannon(b"abcd") - 2.0).abs() < 1e-6);
        assert!(shannon(b"").abs() < 1e-6);
    }
}
