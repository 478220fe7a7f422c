//! Keys of `OpenAI`: two random halves round `T3BlbkFJ`, which is the vendor's name in base64.

use super::{Outcome, alone};
use std::ops::Range;

const MARKER: &[u8] = b"T3BlbkFJ";

pub fn judge(text: &[u8], secret: Range<usize>) -> Outcome {
    alone(text, secret, |key| {
        let Some(at) = memchr::memmem::find(key, MARKER) else {
            return Outcome::refuted("lacks OpenAI's marker");
        };
        if at < 12 || key.len() - at - MARKER.len() < 12 {
            return Outcome::refuted("OpenAI's marker stands in the wrong place");
        }
        let note = [
            ("sk-proj-", "a key of a project"),
            ("sk-svcacct-", "a key of a service account"),
            ("sk-admin-", "an admin key of an organization"),
            ("sk-", "a key of a user"),
        ]
        .iter()
        .find(|(prefix, _)| key.starts_with(prefix.as_bytes()))
        .map(|(_, note)| *note);
        match note {
            Some(note) => Outcome::unknown().with(note),
            None => Outcome::unknown(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::checks::Verdict;

    #[test]
    fn the_marker_must_stand_between_two_halves() {
        let half = "aB3dE".repeat(4);
        let judged = |key: String| judge(key.as_bytes(), 0..key.len());
        let good = judged(format!("sk-{half}T3Blbk{}{half}", "FJ"));
        assert_eq!((good.verdict, good.notes), (Verdict::Unknown, vec!["a key of a user".to_owned()]));
        assert_eq!(judged(format!("sk-proj-{half}T3BlbkFJ{half}")).notes, ["a key of a project"]);
        assert!(matches!(judged(format!("sk-{half}{half}")).verdict, Verdict::Refuted(_)));
        assert!(matches!(judged(format!("sk-{half}{half}T3BlbkFJ")).verdict, Verdict::Refuted(_)));
    }
}
