//! The tokens of a review as a table, one a row, for spreadsheets.

use super::{Review, TokenView};
use crate::moment::Moment;
use crate::spreadsheet::harmless;
use std::io::{self, Write};

const HEADER: [&str; 22] = [
    "fingerprint",
    "name",
    "kind",
    "rule",
    "severity",
    "masked",
    "state",
    "owner",
    "purpose",
    "facts",
    "places",
    "refs",
    "introduced",
    "removed",
    "rotated",
    "revoked",
    "expires",
    "days_exposed",
    "breaks",
    "evidence",
    "change",
    "judged",
];

pub(super) fn write(review: &Review, out: &mut dyn Write) -> io::Result<()> {
    let mut table = ::csv::Writer::from_writer(out);
    table.write_record(HEADER)?;
    let new: std::collections::HashSet<_> = review.changes.new.iter().map(String::as_str).collect();
    let moved: std::collections::HashMap<_, _> =
        review.changes.moved.iter().map(|moved| (moved.token.as_str(), moved.from)).collect();
    for token in &review.tokens {
        let print = token.fingerprint.as_str();
        let change = match moved.get(print) {
            Some(from) => format!("was {from}"),
            None if new.contains(print) => "new".to_owned(),
            None => String::new(),
        };
        let row = row(token, change, review.made.now);
        table.write_record(row.iter().map(|cell| harmless(cell).into_owned()))?;
    }
    table.flush()
}

fn row(token: &TokenView, change: String, now: Moment) -> [String; HEADER.len()] {
    let date = |moment: Option<Moment>| moment.map(|moment| moment.to_string()).unwrap_or_default();
    let facts: Vec<_> = token.facts.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    [
        token.fingerprint.clone(),
        token.registered.clone().unwrap_or_default(),
        token.kind.clone(),
        token.rule.clone(),
        token.severity.to_string(),
        token.masked.clone(),
        token.state.to_string(),
        token.owner.clone().unwrap_or_default(),
        token.purpose.clone().unwrap_or_default(),
        facts.join("; "),
        token.places.join("; "),
        token.refs.join("; "),
        date(token.introduced),
        date(token.removed),
        date(token.rotated),
        date(token.revoked),
        date(token.expires),
        token.days_exposed.map(|days| days.to_string()).unwrap_or_default(),
        token.breaks.join(" "),
        token.evidence.join("; "),
        change,
        now.to_string(),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::{Format, sample, write};

    #[test]
    fn a_row_a_token() {
        let mut out = Vec::new();
        write(Format::Csv, &sample::review(), &mut out, false).expect("memory takes it");
        let text = String::from_utf8(out).expect("UTF-8");
        assert!(text.contains("'=HYPERLINK"), "a purpose is no formula");
        insta::assert_snapshot!(text);
    }
}
