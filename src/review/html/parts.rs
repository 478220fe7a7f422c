//! Small pieces that the sections share.

use super::super::{Judged, Outcome, Standing};
use crate::moment::Moment;
use crate::trail::state::State;
use maud::{Markup, html};

/// A day, with the whole time for programs and on hovering.
pub(super) fn day(moment: Moment) -> Markup {
    html! { time datetime=(moment) { (moment.date()) } }
}

/// A time to the second.
pub(super) fn moment(moment: Moment) -> Markup {
    let text = moment.to_string().replace('T', " ").replace('Z', " UTC");
    html! { time datetime=(moment) { (text) } }
}

/// Text that is a link if it is an address of the web, and nothing but text if it is not.
pub(super) fn address(text: &str) -> Markup {
    html! { @if is_web(text) { a href=(text) rel="noreferrer" { (text) } } @else { (text) } }
}

/// Whether a text is an address that a reader may be led to.
pub(super) fn is_web(text: &str) -> bool {
    let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://"))
        && !text
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '<' | '>' | '\\'))
}

/// The id of a token's row.
pub(super) fn anchor(fingerprint: &str) -> String {
    format!("t-{fingerprint}")
}

/// How a rule or a control came out: a shape, a word and a colour.
pub(super) fn mark_of_outcome(outcome: Outcome) -> Markup {
    match outcome {
        Outcome::Violated => html! { span.mark.bad.violated { "violated" } },
        Outcome::Incomplete => html! { span.mark.warn.incomplete { "incomplete" } },
        Outcome::NotApplicable => html! { span.mark.mute.not-applicable { "not applicable" } },
        Outcome::Pass => html! { span.mark.good.pass { "pass" } },
    }
}

/// What an outcome means.
pub(super) const fn outcome_meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Violated => "something breaks it;",
        Outcome::Incomplete => "nothing breaks it, but not all could be judged;",
        Outcome::NotApplicable => "there was nothing to judge;",
        Outcome::Pass => "all that was judged keeps it.",
    }
}

/// How a rule came out for one token.
pub(super) fn mark_of_result(result: Judged) -> Markup {
    match result {
        Judged::Violated => html! { span.mark.bad.violated { "violated" } },
        Judged::Unknown => html! { span.mark.warn.unknown { "unknown" } },
        Judged::Excused => html! { span.mark.mute.excused { "excused" } },
        Judged::Pass => html! { span.mark.good.pass { "pass" } },
    }
}

/// A state: a shape, a word and a colour.
pub(super) fn mark_of_state(state: State) -> Markup {
    match state {
        State::Exposed => html! { span.mark.bad.exposed { "exposed" } },
        State::Lingering => html! { span.mark.warn.lingering { "lingering" } },
        State::Waived => html! { span.mark.warn.waived { "waived" } },
        State::Rotated => html! { span.mark.mute.rotated { "rotated" } },
        State::Expired => html! { span.mark.mute.expired { "expired" } },
        State::Revoked => html! { span.mark.good.revoked { "revoked" } },
        State::Stored => html! { span.mark.good.stored { "stored" } },
    }
}

/// What a state means.
pub(super) const fn meaning(state: State) -> &'static str {
    match state {
        State::Exposed => "HEAD has it",
        State::Lingering => "gone from HEAD; the history keeps it, and nothing says that it was revoked",
        State::Waived => "allowed for a while by a waiver that is in force",
        State::Rotated => "gone from HEAD, and another one has taken its place; it may still work",
        State::Expired => "over by its own word or the registry's",
        State::Revoked => "revoked, by the registry",
        State::Stored => "in no repository that was looked at: stored where tokens belong",
    }
}

/// Whether a waiver counts.
pub(super) fn mark_of_standing(standing: Standing) -> Markup {
    match standing {
        Standing::InForce => html! { span.mark.mute.waived { "in force" } },
        Standing::Ended => html! { span.mark.bad.expired { "ended" } },
        Standing::CoversNothing => html! { span.mark.warn.not-applicable { "covers nothing" } },
        Standing::NotYet => html! { span.mark.mute.expired { "not yet in force" } },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_links() {
        assert!(is_web("https://example.com/a?b=c#d") && is_web("HTTP://example.com"));
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "OPS-12",
            "//example.com",
            "https://a b",
            "http://\"x",
        ] {
            assert!(!is_web(text), "{text}");
            assert!(!address(text).into_string().contains("<a"), "{text}");
        }
        assert!(!is_web("öäüßöäüß"));
    }
}
