//! What changed, how long it took, what was waived and covered, the ledger, and how the page was made.

use super::super::{LedgerView, Review, Span, TokenView};
use super::parts::{address, day, mark_of_standing, mark_of_state, moment};
use super::verdicts::name;
use crate::number::{count, thousands};
use maud::{Markup, html};
use std::collections::HashMap;

/// How many changes of a sort the page lists; the JSON has all.
const LISTED: usize = 500;

fn by_print(review: &Review) -> HashMap<&str, &TokenView> {
    review.tokens.iter().map(|token| (token.fingerprint.as_str(), token)).collect()
}

pub(super) fn changes(review: &Review) -> Markup {
    let changes = &review.changes;
    let tokens = by_print(review);
    let Some(since) = &changes.since else {
        return html! {
            p { "There is nothing to compare with: no earlier review was given, and the ledger knows of none." }
        };
    };
    html! {
        p.lead { "Since " (since) "." }
        @if changes.is_empty() { p { "Nothing changed." } }
        @if !changes.new.is_empty() {
            h3 { "New tokens (" (changes.new.len()) ")" }
            ul.plain { @for print in changes.new.iter().take(LISTED) {
                li {
                    @if let Some(token) = tokens.get(print.as_str()) { (mark_of_state(token.state)) " " }
                    (name(print, &tokens))
                }
            } }
            (more(changes.new.len()))
        }
        @if !changes.moved.is_empty() {
            h3 { "In another state (" (changes.moved.len()) ")" }
            ul.plain { @for one in changes.moved.iter().take(LISTED) {
                li { (mark_of_state(one.from)) " → " (mark_of_state(one.to)) " " (name(&one.token, &tokens)) }
            } }
            (more(changes.moved.len()))
        }
        @if !changes.gone.is_empty() {
            h3 { "Not found any more (" (changes.gone.len()) ")" }
            ul.plain { @for (print, name) in changes.gone.iter().take(LISTED) {
                li { (name) " " code { (print.get(..12).unwrap_or(print)) } }
            } }
            (more(changes.gone.len()))
        }
        @if !changes.newly_broken.is_empty() {
            h3 { "Rules that are violated now" }
            ul.plain { @for rule in &changes.newly_broken { li { a href={ "#rule-" (rule) } { (rule) } } } }
        }
        @if !changes.mended.is_empty() {
            h3 { "Rules that are violated no more" }
            ul.plain { @for rule in &changes.mended { li { a href={ "#rule-" (rule) } { (rule) } } } }
        }
    }
}

fn more(number: usize) -> Markup {
    html! { @if number > LISTED { p.soft { "and " (number - LISTED) " more; the JSON form has all" } } }
}

pub(super) fn times(review: &Review) -> Markup {
    let times = &review.times;
    let tokens = by_print(review);
    let rows = [
        ("Exposure to removal from HEAD", &times.to_removal),
        ("Exposure to rotation", &times.to_rotation),
        ("Removal to rotation", &times.removal_to_rotation),
        ("Exposure to revocation or expiry", &times.to_end),
    ];
    html! {
        table.times {
            thead { tr {
                th scope="col" { "From … to" }
                th.c2.num scope="col" { "Tokens" }
                th.c3.num scope="col" { "Median days" }
                th.c4.num scope="col" { "Worst days" }
                th.c5 scope="col" { "The worst" }
            } }
            tbody { @for (title, span) in rows { tr { th scope="row" { (title) } (span_cells(span.as_ref(), &tokens)) } } }
        }
        p {
            (count(times.not_removed, "token")) " still in HEAD or never in it; "
            (count(times.not_ended, "token")) " of the history not known to be revoked or expired."
        }
    }
}

fn span_cells(span: Option<&Span>, tokens: &HashMap<&str, &TokenView>) -> Markup {
    html! {
        @match span {
            Some(span) => {
                td.num data-l="Tokens" { (thousands(span.tokens)) }
                td.num data-l="Median days" { (span.median_text()) }
                td.num data-l="Worst days" { (span.worst) }
                td.small data-l="The worst" { (name(&span.worst_token, tokens)) }
            },
            None => { td.num data-l="Tokens" { "0" } td.num { "–" } td.num { "–" } td {} },
        }
    }
}

pub(super) fn waivers(review: &Review) -> Markup {
    if review.waivers.is_empty() {
        return html! { p { "There are none." } };
    }
    let tokens = by_print(review);
    let now = review.made.now;
    html! {
        table.waivers {
            thead { tr {
                th.c1 scope="col" { "Standing" }
                th.c2 scope="col" { "Ends" }
                th scope="col" { "Token and reason" }
                th.c4 scope="col" { "Owner" }
                th.c5 scope="col" { "Ticket" }
            } }
            tbody { @for waiver in &review.waivers {
                tr {
                    td { (mark_of_standing(waiver.standing)) }
                    td data-l="Ends" {
                        (day(waiver.expires))
                        div.small.soft {
                            @let days = waiver.expires.days_since(now);
                            @if waiver.expires > now { "in " (count(days.unsigned_abs(), "day")) }
                            @else { (count(days.unsigned_abs(), "day")) " ago" }
                            ", from " (day(waiver.created))
                        }
                    }
                    th scope="row" {
                        (name(&waiver.token, &tokens))
                        div { (waiver.reason) }
                        div.small.soft {
                            @if let Some(path) = &waiver.path { "only " (path) " · " }
                            (waiver.place)
                        }
                        @for flaw in &waiver.flaws { div.small.warn { (flaw) } }
                    }
                    td data-l="Owner" { (waiver.owner) }
                    td.small data-l="Ticket" { @match &waiver.ticket { Some(ticket) => (address(ticket)), None => span.soft { "none" } } }
                }
            } }
        }
    }
}

pub(super) fn coverage(review: &Review) -> Markup {
    let coverage = &review.coverage;
    html! {
        dl.pairs {
            dt { "Commits" } dd { (thousands(coverage.commits)) }
            dt { "Documents" } dd { (thousands(coverage.documents)) }
            dt { "Bytes" } dd { (thousands(coverage.bytes)) }
            dt { "Fed in" }
            dd {
                @if review.sources.is_empty() { "nothing: tokens stored outside the repository are not in this review unless the registry has them" }
                @else { ul.plain { @for source in &review.sources { li { (source) } } } }
            }
        }
        h3 { "Not read" }
        @if coverage.gaps.is_empty() { p { "Nothing: all that was asked for was read." } }
        @else {
            ul.plain { @for gap in coverage.gaps.iter().take(LISTED) {
                li { span.mark.warn.incomplete { (gap.sort) } " " b { (gap.what) } ": " (gap.why) }
            } }
            (more(coverage.gaps.len()))
        }
        @if !coverage.notices.is_empty() {
            h3 { "Left out on purpose" }
            ul.plain { @for notice in coverage.notices.iter().take(LISTED) { li { (notice) } } }
            (more(coverage.notices.len()))
        }
    }
}

pub(super) fn ledger(review: &Review) -> Markup {
    let schedule = &review.schedule;
    html! {
        @match &review.ledger {
            LedgerView::None => p { "There is none. Without it nothing shows that the record of scans, waivers and sign-offs is whole." },
            LedgerView::Unproved { entries } => p {
                span.mark.warn.unknown { "unproved" } " It has " (count(*entries, "entry"))
                ", and there is no checkpoint that the given keys signed: nothing shows that they are those that were written."
            },
            LedgerView::Sound { entries, proved, root, limits } => {
                p { span.mark.good.pass { "sound" } " Every entry is as it was written, as far as could be checked." }
                dl.pairs {
                    dt { "Entries" } dd { (thousands(*entries)) }
                    dt { "Proved" } dd { (thousands(*proved)) " by a checkpoint" }
                    dt { "Root hash" } dd { code { (root) } }
                }
                @for limit in limits { p.soft { "Not shown: " (limit) } }
            },
            LedgerView::Broken { why } => p { span.mark.bad.violated { "broken" } " " (why) },
        }
        h3 { "Sign-offs" }
        @match schedule.last {
            Some(last) => p {
                "The last review was signed on " (day(last))
                @if let Some(reviewer) = &schedule.reviewer { " by " (reviewer) }
                @if let Some(report) = &schedule.report { ", report SHA-256 " code { (report) } }
                "."
            },
            None => p { "No review has been signed yet." },
        }
    }
}

pub(super) fn made(review: &Review) -> Markup {
    let made = &review.made;
    html! {
        dl.pairs {
            dt { "Judged by" } dd { (moment(made.now)) }
            dt { "Program" } dd { "keytrail " (made.version) }
            dt { "HEAD" } dd { @match &made.head { Some(head) => code { (head) }, None => span.soft { "no commit yet" } } }
            dt { "Policy" } dd { @match &made.policy { Some(file) => (file), None => span.soft { "none" } } }
            dt { "Rules, SHA-256" } dd { code { (made.rules) } }
            dt { "Settings, SHA-256" } dd { code { (made.settings) } }
            dt { "Fingerprint key" } dd { code { (made.key) } }
        }
        div.sign {
            p { "To sign this review, on a clone that has the ledger:" }
            pre { code { "keytrail review sign --reviewer \"NAME\" --report FILE" } }
            p.small.soft { "It records the SHA-256 of the file as it is. A copy that was changed since it was made is refused." }
        }
    }
}
