//! Tells words from random letters: a trigram model of English and of identifiers.
//! `docs/words-model.md` says what it was trained on and how well it does.

use std::sync::OnceLock;

static MODEL: &str = include_str!("words.tsv");

/// The word's edge and 26 letters.
const SYMBOLS: usize = 27;
const EDGE: usize = 0;

/// Mean eighths of a bit a letter below which letters read like words. Of words in source code
/// less than one in twenty is above it, of seven random letters less than one in twenty below.
const WORDLIKE: u32 = 37;

/// Runs shorter than this say nothing either way.
const SHORTEST: usize = 3;

fn model() -> &'static [u8] {
    static TABLE: OnceLock<Vec<u8>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let digits = MODEL
            .lines()
            .filter_map(|line| line.split_once('\t'))
            .flat_map(|(_, row)| row.as_bytes().chunks(2));
        let value = |digit: u8| (digit as char).to_digit(16).unwrap_or(0) as u8;
        digits.map(|pair| value(pair[0]) * 16 + pair.get(1).map_or(0, |&low| value(low))).collect()
    })
}

fn symbol(letter: u8) -> usize {
    usize::from((letter | 0x20).wrapping_sub(b'`'))
}

/// What the model pays for these ASCII letters, in eighths of a bit a letter; words are cheap.
pub fn price(letters: &[u8]) -> u32 {
    let model = model();
    let (mut before, mut last, mut sum) = (EDGE, EDGE, 0);
    for next in letters.iter().map(|&letter| symbol(letter)).chain([EDGE]) {
        let at = (before * SYMBOLS + last) * SYMBOLS + next;
        sum += u32::from(model.get(at).copied().unwrap_or(u8::MAX));
        (before, last) = (last, next);
    }
    sum / (letters.len() as u32 + 1)
}

/// How many letters a text has, and how many of them stand in runs that read like words. A run
/// ends at anything that is no letter, and where a capital follows a small letter.
pub fn coverage(text: &[u8]) -> (usize, usize) {
    let (mut letters, mut wordlike) = (0, 0);
    for run in text.split(|byte| !byte.is_ascii_alphabetic()) {
        letters += run.len();
        let mut start = 0;
        for at in 1..=run.len() {
            let ends = at == run.len() || (run[at - 1].is_ascii_lowercase() && run[at].is_ascii_uppercase());
            if ends {
                let word = &run[start..at];
                if word.len() >= SHORTEST && price(word) < WORDLIKE {
                    wordlike += word.len();
                }
                start = at;
            }
        }
    }
    (letters, wordlike)
}

/// Whether most letters of a text read like words.
pub fn is_wordy(text: &[u8]) -> bool {
    let (letters, wordlike) = coverage(text);
    letters >= SHORTEST && wordlike * 10 >= letters * 6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_whole() {
        assert_eq!(model().len(), SYMBOLS * SYMBOLS * SYMBOLS);
    }

    #[test]
    fn words_and_random_letters_are_told_apart() {
        for word in [
            "password",
            "letmein123",
            "SuperSecretPassword!",
            "k8s-infra-key",
            "some_user_token",
            "organization",
        ] {
            assert!(is_wordy(word.as_bytes()), "{word}");
        }
        for random in ["qzvkxw", "hgtqpfxz", "x7Kq9zP2mVbT4w", "vdkqwpxzjfh"] {
            assert!(!is_wordy(random.as_bytes()), "{random}");
        }
    }
}
