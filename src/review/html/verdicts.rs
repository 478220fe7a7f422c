//! What the rules of the policy say, and what that says of each control.

use super::super::{ControlVerdict, EvidenceView, Judged, Review, RuleVerdict, TokenView};
use super::parts::{address, anchor, is_web, mark_of_outcome, mark_of_result};
use super::{TOLD, key_of_outcomes};
use crate::number::count;
use maud::{Markup, html};
use std::collections::HashMap;

/// Evidence of no more items than this is open where a rule is violated.
const OPEN: usize = 10;
/// How many tokens a rule's evidence lists in the page; the JSON has all.
const LISTED: usize = 200;

pub(super) fn rules(review: &Review) -> Markup {
    if review.rules.is_empty() {
        return html! { p { "There is no policy: no rule was asked. " code { "keytrail policy" } " has starter policies." } };
    }
    let tokens: HashMap<&str, &TokenView> =
        review.tokens.iter().map(|token| (token.fingerprint.as_str(), token)).collect();
    html! {
        table.rules {
            thead { tr {
                th.c1 scope="col" { "Outcome" }
                th.c2 scope="col" { "Rule" }
                th.c3 scope="col" { "Severity" }
                th scope="col" { "Evidence" }
                th.c5 scope="col" { "Evidence for" }
            } }
            tbody { @for rule in &review.rules {
                @let told: Vec<_> = rule.evidence.iter().filter(|one| TOLD.contains(&one.result)).collect();
                tr.has-more[!told.is_empty()] id={ "rule-" (rule.id) } {
                    td { (mark_of_outcome(rule.outcome)) }
                    th scope="row" { (rule.title) div.small.soft { code { (rule.id) } } }
                    td data-l="Severity" { (rule.severity) }
                    td { (rule.summary) }
                    td.small data-l="Evidence for" { @for (at, control) in rule.controls.iter().enumerate() { @if at > 0 { ", " } (control) } }
                }
                @if !told.is_empty() { tr.more { td {} td colspan="4" { (evidence(rule, &told, &tokens)) } } }
            } }
        }
        (key_of_outcomes())
    }
}

fn evidence(rule: &RuleVerdict, told: &[&EvidenceView], tokens: &HashMap<&str, &TokenView>) -> Markup {
    html! {
        details open[rule.count(Judged::Violated) > 0 && told.len() <= OPEN] {
            summary { (count(told.len() as u64, "item")) " of evidence" }
            ul.plain {
                @for one in told.iter().take(LISTED) {
                    li {
                        (mark_of_result(one.result)) " "
                        @if let Some(print) = &one.token { (name(print, tokens)) ": " }
                        (one.why)
                    }
                }
            }
            @if told.len() > LISTED { p.soft { "and " (told.len() - LISTED) " more; the JSON form has all" } }
        }
    }
}

/// A token's name that leads to its row, if it has one.
pub(super) fn name(print: &str, tokens: &HashMap<&str, &TokenView>) -> Markup {
    let short = print.get(..12).unwrap_or(print);
    html! {
        @match tokens.get(print) {
            Some(token) => a href={ "#" (anchor(print)) } { (token.name()) " " code { (short) } },
            None => code { (short) },
        }
    }
}

pub(super) fn controls(review: &Review) -> Markup {
    if review.controls.is_empty() {
        return html! { p { "The policy's rules name no controls." } };
    }
    let mut frameworks: Vec<(&str, Vec<&ControlVerdict>)> = Vec::new();
    for control in &review.controls {
        match frameworks.last_mut() {
            Some((name, controls)) if *name == control.framework => controls.push(control),
            _ => frameworks.push((&control.framework, vec![control])),
        }
    }
    html! {
        @for (_, controls) in frameworks {
            table.controls {
                @if let Some(first) = controls.first() {
                    caption {
                        (first.framework_name)
                        @if let Some(link) = first.address.as_deref().filter(|link| is_web(link)) {
                            span.about.small { " · " (address(link)) }
                        }
                    }
                }
                thead { tr {
                    th.c1 scope="col" { "Clause" }
                    th scope="col" { "About" }
                    th.c3 scope="col" { "Evidence" }
                    th.c4 scope="col" { "From the rules" }
                } }
                tbody { @for control in controls {
                    tr {
                        th scope="row" { (control.id) }
                        td { (control.title) }
                        td {
                            (mark_of_outcome(control.outcome))
                            @if control.broken > 0 { div.small.soft { (count(control.broken, "break")) } }
                        }
                        td.small data-l="From the rules" {
                            @for (at, rule) in control.rules.iter().enumerate() {
                                @if at > 0 { ", " } a href={ "#rule-" (rule) } { (rule) }
                            }
                        }
                    }
                } }
            }
        }
    }
}
