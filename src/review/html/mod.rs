//! The review as one page that needs nothing beside itself: no script, no picture, no font, nothing
//! from a network. All that is shown of users' data is escaped by the templates, and the page's own
//! content security policy forbids everything but its one style sheet.

mod parts;
mod record;
mod tokens;
mod verdicts;

use super::{Judged, LedgerView, OUTCOMES, Outcome, Review, Standing, seal};
use crate::number::{count, thousands};
use crate::trail::state::State;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use parts::{day, mark_of_outcome, mark_of_state};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("style.css");

/// The sections in their order: id, title.
const SECTIONS: [(&str, &str); 10] = [
    ("summary", "Summary"),
    ("rules", "Policy rules"),
    ("controls", "Controls"),
    ("changes", "Changes"),
    ("tokens", "Tokens"),
    ("times", "Times"),
    ("waivers", "Waivers"),
    ("coverage", "Coverage"),
    ("ledger", "Ledger"),
    ("made", "How it was made"),
];

/// The page, sealed.
pub(super) fn page(review: &Review) -> String {
    let made = &review.made;
    let title = format!("Token review: {}, {}", made.repository, made.now.date());
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        data_encoding::BASE64.encode(&Sha256::digest(STYLE))
    );
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content={ "keytrail " (made.version) };
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#summary" { "Skip to the summary" }
                div.frame {
                    header.top {
                        p.kicker { "Token review" }
                        h1 { @if made.repository.is_empty() { "Repository" } @else { (made.repository) } }
                        p.soft {
                            "As of " (parts::moment(made.now))
                            @if let Some(head) = &made.head { " · HEAD " code { (short(head)) } }
                            " · keytrail " (made.version)
                        }
                    }
                    nav aria-label="Sections" {
                        ol { @for (id, title) in SECTIONS { li { a href={ "#" (id) } { (title) (counter(review, id)) } } } }
                    }
                    main {
                        (section("summary", "Summary", None, &summary(review)))
                        (section("rules", "Policy rules", Some(RULES), &verdicts::rules(review)))
                        (section("controls", "Controls", Some(CONTROLS), &verdicts::controls(review)))
                        (section("changes", "Changes", None, &record::changes(review)))
                        (section("tokens", "Tokens", Some(TOKENS), &tokens::tokens(review)))
                        (section("times", "Times", Some(TIMES), &record::times(review)))
                        (section("waivers", "Waivers", Some(WAIVERS), &record::waivers(review)))
                        (section("coverage", "Coverage", Some(COVERAGE), &record::coverage(review)))
                        (section("ledger", "Ledger", Some(LEDGER), &record::ledger(review)))
                        (section("made", "How it was made", None, &record::made(review)))
                    }
                    footer {
                        p {
                            "Made by keytrail " (made.version) ". This page gives evidence; whether it satisfies a control is for "
                            "the people who review it to judge. It needs no network and runs no script."
                        }
                    }
                }
            }
        }
    };
    // What users write may hold characters that turn the direction of the text.
    let page: String =
        page.into_string().chars().map(|c| if c == '\n' { c } else { crate::excerpt::shown(c) }).collect();
    seal::seal(format!("{page}\n<!-- {} -->\n", seal::place(review)))
}

const RULES: &str = "What each rule of the policy asks for, how it came out, and why. A token that could not be judged \
                     for want of knowledge does not count as kept.";
const CONTROLS: &str = "Clauses of frameworks that the rules give evidence for. A clause comes out as the worst of its \
                        rules; where nothing was judged there is no evidence either way.";
const TOKENS: &str = "Every token that was found in the repository or its history, or that the inventory knows. \
                      Secrets are never shown: a token is known by its mask and its fingerprint.";
const TIMES: &str = "Days from the commit that brought a token in, by the committers' clocks. What has not happened yet \
                     is in no median.";
const WAIVERS: &str = "Exceptions that somebody answers for. Each has an end.";
const COVERAGE: &str = "What this review looked at, and what it could not read.";
const LEDGER: &str =
    "The append-only record of scans, decisions and sign-offs, and whether it is as it was written.";

fn section(id: &str, title: &str, lead: Option<&str>, body: &Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ "h-" (id) } {
            h2 id={ "h-" (id) } { (title) }
            @if let Some(lead) = lead { p.lead { (lead) } }
            (body)
        }
    }
}

/// The number beside a section's name.
fn counter(review: &Review, id: &str) -> Markup {
    let number = match id {
        "rules" => review.rules.len(),
        "controls" => review.controls.len(),
        "tokens" => review.tokens.len(),
        "waivers" => review.waivers.len(),
        _ => return html! {},
    };
    html! { " " span.n { (thousands(number as u64)) } }
}

fn summary(review: &Review) -> Markup {
    html! {
        (notices(review))
        dl.figures {
            div {
                dt { "Policy rules violated" }
                dd.big { (review.count(Outcome::Violated)) span.soft { " of " (review.rules.len()) } }
                dd.small.soft { (outcomes(review)) }
            }
            div {
                dt { "Tokens exposed in HEAD" }
                dd.big { (thousands(state_count(review, State::Exposed))) span.soft { " of " (thousands(review.tokens.len() as u64)) } }
                dd.small.soft {
                    (thousands(state_count(review, State::Lingering))) " linger in the history"
                }
            }
            div {
                dt { "Exposure to removal" }
                @if let Some(span) = &review.times.to_removal {
                    dd.big { (span.median_text()) span.soft { " days, median" } }
                    dd.small.soft { "worst " (thousands(span.worst.unsigned_abs())) " · " (thousands(review.times.not_removed)) " not removed" }
                } @else {
                    dd.big { "–" }
                    dd.small.soft { "no token was removed · " (thousands(review.times.not_removed)) " not removed" }
                }
            }
            div {
                dt { "Waivers in force" }
                dd.big { (standing(review)) span.soft { " of " (review.waivers.len()) } }
                dd.small.soft {
                    @match next_end(review) {
                        Some(end) => { "the first ends on " (day(end)) },
                        None => "none is open",
                    }
                }
            }
            div {
                dt { "Coverage" }
                @if review.coverage.gaps.is_empty() {
                    dd.big { "complete" }
                } @else {
                    dd.big { (count(review.coverage.gaps.len() as u64, "gap")) }
                }
                dd.small.soft { (count(review.coverage.commits, "commit")) ", " (count(review.coverage.documents, "document")) }
            }
            div {
                dt { "Ledger" }
                @match &review.ledger {
                    LedgerView::None => { dd.big { "none" } dd.small.soft { "no record is kept" } },
                    LedgerView::Sound { entries, proved, .. } => {
                        dd.big { "sound" }
                        dd.small.soft { (count(*entries, "entry")) ", " (thousands(*proved)) " proved by a checkpoint" }
                    },
                    LedgerView::Unproved { entries } => {
                        dd.big.warn { "unproved" }
                        dd.small.soft { (count(*entries, "entry")) ", no checkpoint by the given keys" }
                    },
                    LedgerView::Broken { .. } => { dd.big.bad { "broken" } dd.small.soft { "see below" } },
                }
            }
            div {
                dt { "Last signed review" }
                @match review.schedule.last {
                    Some(last) => { dd.big { (day(last)) } },
                    None => { dd.big { "none" } },
                }
                dd.small.soft {
                    @match review.schedule.due() {
                        Some(due) => { "the next is due by " (day(due)) },
                        None => @match review.schedule.every {
                            Some(every) => { "the policy asks for one every " (count(u64::from(every), "day")) },
                            None => "the policy sets no interval",
                        },
                    }
                }
            }
            div {
                dt { "Changes" }
                @if review.changes.since.is_some() {
                    dd.big { (review.changes.new.len()) span.soft { " new" } }
                    dd.small.soft { (review.changes.moved.len()) " in another state, " (review.changes.gone.len()) " gone" }
                } @else {
                    dd.big { "–" }
                    dd.small.soft { "nothing to compare with" }
                }
            }
        }
        (states(review))
    }
}

fn notices(review: &Review) -> Markup {
    html! {
        @if let Some(missed) = review.schedule.missed(review.made.now) {
            p.notice { strong { "Review missed: " } (missed) "." }
        }
        @if let LedgerView::Broken { why } = &review.ledger {
            p.notice.bad { strong { "The ledger is broken: " } (why) }
        }
        @if !review.coverage.gaps.is_empty() {
            p.notice {
                strong { "Not everything was read: " }
                a href="#coverage" { (count(review.coverage.gaps.len() as u64, "gap")) }
                ". What is missing may hold tokens."
            }
        }
        @for warning in &review.warnings { p.notice { strong { "Note: " } (warning) } }
    }
}

fn outcomes(review: &Review) -> String {
    let told =
        OUTCOMES.iter().skip(1).map(|outcome| format!("{} {}", review.count(*outcome), outcome.name()));
    told.collect::<Vec<_>>().join(", ")
}

fn state_count(review: &Review, state: State) -> u64 {
    review.tokens.iter().filter(|token| token.state == state).count() as u64
}

fn standing(review: &Review) -> usize {
    review.waivers.iter().filter(|waiver| waiver.standing == Standing::InForce).count()
}

fn next_end(review: &Review) -> Option<crate::moment::Moment> {
    let open = review.waivers.iter().filter(|waiver| waiver.standing == Standing::InForce);
    open.map(|waiver| waiver.expires).min()
}

fn states(review: &Review) -> Markup {
    let states = review.states();
    let most = states.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    html! {
        table.states {
            caption { "Tokens by state" }
            thead { tr {
                th.c1 scope="col" { "State" }
                th scope="col" { "Meaning" }
                th.c3.num scope="col" { "Tokens" }
                th.c4 { span aria-hidden="true" {} }
            } }
            tbody { @for (state, number) in states {
                tr {
                    th scope="row" {
                        @if number > 0 { a href={ "#state-" (state) } { (mark_of_state(state)) } } @else { (mark_of_state(state)) }
                    }
                    td.soft { (parts::meaning(state)) }
                    td.num data-l="Tokens" { (thousands(number as u64)) }
                    td.c4 aria-hidden="true" {
                        @if number > 0 {
                            svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" {
                                rect width=(format!("{:.2}", 100.0 * number as f64 / most as f64)) height="10" {}
                            }
                        }
                    }
                }
            } }
        }
    }
}

/// Enough of a commit's id to find it.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The marks that stand for each outcome, for a key below the table of rules.
fn key_of_outcomes() -> Markup {
    html! { p.small.soft { @for outcome in OUTCOMES { (mark_of_outcome(outcome)) " " (parts::outcome_meaning(outcome)) " " } } }
}

/// The results that are shown one by one.
const TOLD: [Judged; 3] = [Judged::Violated, Judged::Unknown, Judged::Excused];

#[cfg(test)]
mod tests;
