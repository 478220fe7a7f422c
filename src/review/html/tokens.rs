//! Every token with its state and its life.

use super::super::{Event, Review, STATES, TokenView};
use super::parts::{address, anchor, day, mark_of_state, meaning};
use super::short;
use crate::moment::Moment;
use crate::number::thousands;
use crate::trail::state::State;
use maud::{Markup, html};

/// A group of no more tokens than this is open where somebody has to act on it.
const OPEN: usize = 100;
/// How many places, refs and events of one token the page lists; the JSON has all.
const LISTED: usize = 40;

pub(super) fn tokens(review: &Review) -> Markup {
    if review.tokens.is_empty() {
        return html! { p { "No token is known: none was found, and none was fed in." } };
    }
    html! {
        @for state in STATES {
            @let group: Vec<_> = review.tokens.iter().filter(|token| token.state == state).collect();
            @if !group.is_empty() { (of_state(state, &group, review.made.now)) }
        }
    }
}

fn of_state(state: State, group: &[&TokenView], now: Moment) -> Markup {
    let urgent = matches!(state, State::Exposed | State::Lingering | State::Waived);
    html! {
        details.group id={ "state-" (state) } open[urgent && group.len() <= OPEN] {
            summary { (mark_of_state(state)) " " (thousands(group.len() as u64)) " " span.soft { (meaning(state)) } }
            table.tokens aria-label={ "Tokens that are " (state) } {
                thead { tr {
                    th scope="col" { "Token" }
                    th.c2 scope="col" { "Owner" }
                    th.c3 scope="col" { "Introduced" }
                    th.c4.num scope="col" { "Days open" }
                    th.c5 scope="col" { "Ends" }
                    th.c6 scope="col" { "Breaks" }
                } }
                tbody { @for token in group { (row(token, now)) } }
            }
        }
    }
}

fn row(token: &TokenView, now: Moment) -> Markup {
    html! {
        tr.has-more id=(anchor(&token.fingerprint)) {
            th scope="row" {
                (token.name())
                div.small.soft {
                    @if token.registered.is_some() { (token.kind) ", " }
                    (token.severity) " · " code { (token.masked) }
                }
            }
            td data-l="Owner" { @match &token.owner { Some(owner) => (owner), None => span.soft { "nobody" } } }
            td data-l="Introduced" { @match token.introduced { Some(when) => (day(when)), None => span.soft { "not in history" } } }
            td.num data-l="Days open" { @if let Some(days) = token.days_exposed { (thousands(days.unsigned_abs())) } @else { "–" } }
            td data-l="Ends" { (end(token, now)) }
            td.small data-l="Breaks" {
                @if token.breaks.is_empty() { span.soft { "no rule" } }
                @for (at, rule) in token.breaks.iter().enumerate() { @if at > 0 { ", " } a href={ "#rule-" (rule) } { (rule) } }
            }
        }
        tr.more { td colspan="6" { (details(token, now)) } }
    }
}

fn end(token: &TokenView, now: Moment) -> Markup {
    html! {
        @match (token.revoked, token.expires) {
            (Some(when), _) => { "revoked " (day(when)) },
            (None, Some(when)) if when <= now => { "expired " (day(when)) },
            (None, Some(when)) => { "by itself " (day(when)) },
            (None, None) => span.soft { "not known" },
        }
    }
}

fn details(token: &TokenView, now: Moment) -> Markup {
    html! {
        details {
            summary { "Life and facts" }
            div.life-and-facts {
                (life(&token.timeline, now))
                dl.pairs {
                    dt { "Fingerprint" } dd { code { (token.fingerprint) } }
                    dt { "Found by" } dd { code { (token.rule) } }
                    @if let Some(purpose) = &token.purpose { dt { "Purpose" } dd { (purpose) } }
                    @for (name, value) in &token.facts { dt { (capital(name)) } dd { (value) } }
                    @if !token.places.is_empty() { dt { "Places" } dd { (list(&token.places, &|one| html! { (one) })) } }
                    @if !token.refs.is_empty() { dt { "Reached by" } dd { (list(&token.refs, &|one| html! { (one) })) } }
                    @if !token.evidence.is_empty() { dt { "Evidence" } dd { (list(&token.evidence, &|one| address(one))) } }
                }
            }
        }
    }
}

fn life(events: &[Event], now: Moment) -> Markup {
    html! {
        div {
            ol.life {
                @for event in events.iter().take(LISTED) {
                    li.ahead[event.when > now] {
                        (day(event.when)) " " b { (event.what.word()) } " " (event.text)
                        @if event.by.is_some() || event.commit.is_some() {
                            span.soft {
                                " —"
                                @if let Some(by) = &event.by { " " (by) }
                                @if let Some(commit) = &event.commit { " " code { (short(commit)) } }
                            }
                        }
                    }
                }
            }
            (more(events.len()))
        }
    }
}

fn list(items: &[String], show: &dyn Fn(&str) -> Markup) -> Markup {
    html! {
        ul.plain { @for item in items.iter().take(LISTED) { li { (show(item)) } } }
        (more(items.len()))
    }
}

fn more(number: usize) -> Markup {
    html! { @if number > LISTED { p.soft { "and " (number - LISTED) " more; the JSON form has all" } } }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
