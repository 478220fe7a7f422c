//! Lives in SARIF: each finding's first result gets its timeline as a code flow (section 3.36), the
//! other places as related locations, and its state among the properties.

use super::message;
use super::uri::Base;
use crate::report::text;
use crate::report::trail::Trail;
use crate::trail::life::{PlaceSort, Stay};
use crate::trail::state::Followed;
use crate::trail::timeline::{Event, What, events};
use serde_json::json;
use serde_sarif::sarif::{
    CodeFlow, Location as Place, PhysicalLocation, Region, Result as Outcome, ThreadFlow, ThreadFlowLocation,
};
use std::collections::{BTreeMap, BTreeSet};

/// A flow of more steps helps nobody, and GitHub cuts what is too large.
const STEPS: usize = 100;

/// Adds to the results what is known of the lives of their findings.
pub(super) fn add<'r>(results: impl Iterator<Item = &'r mut Outcome>, trail: &Trail<'_>, base: &Base) {
    let lives: BTreeMap<String, &Followed> =
        trail.lives.iter().map(|followed| (followed.life.token.fingerprint.to_string(), followed)).collect();
    let mut seen = BTreeSet::new();
    for result in results {
        let own = result.partial_fingerprints.as_ref().and_then(|prints| prints.get("keytrail/v1"));
        let Some(fingerprint) = own.and_then(|own| own.split(':').next()).map(str::to_owned) else {
            continue;
        };
        let Some(followed) = lives.get(&fingerprint) else { continue };
        if let Some(properties) = &mut result.properties {
            let bag = &mut properties.additional_properties;
            bag.insert("state".to_owned(), followed.state.name().into());
            if let Some(days) = followed.days_exposed {
                bag.insert("daysExposed".to_owned(), days.into());
            }
            let names = |holds: bool| -> Vec<String> {
                let refs = followed.life.refs.iter().filter(|reach| reach.holds == holds);
                refs.map(|reach| text::clean(&reach.name).into_owned()).collect()
            };
            bag.insert("refs".to_owned(), json!({ "holding": names(true), "inHistory": names(false) }));
        }
        if seen.insert(fingerprint) {
            result.code_flows = flow(followed, base).map(|flow| vec![flow]);
        }
    }
}

fn flow(followed: &Followed, base: &Base) -> Option<CodeFlow> {
    let steps: Vec<ThreadFlowLocation> = events(&followed.life)
        .iter()
        .filter_map(|event| Some((event, event.stay.or_else(|| last_stay(followed))?)))
        .take(STEPS)
        .zip(0..)
        .map(|((event, stay), order)| {
            let mut place = Place::builder().message(message(&words(event))).build();
            place.physical_location = physical(stay, base);
            ThreadFlowLocation::builder()
                .location(place)
                .execution_order(order)
                .execution_time_utc(event.at.to_string())
                .importance(if event.what == What::Introduced { "essential" } else { "important" })
                .build()
        })
        .collect();
    if steps.is_empty() {
        return None;
    }
    let text = format!("The life of the token in the repository: {}", followed.state.name());
    Some(
        CodeFlow::builder()
            .message(message(&text))
            .thread_flows(vec![ThreadFlow::builder().locations(steps).build()])
            .build(),
    )
}

/// Where the token stood last: what is about no place in particular is told there.
fn last_stay(followed: &Followed) -> Option<&Stay> {
    followed.life.stays.iter().rev().find(|stay| stay.sort == PlaceSort::File)
}

fn physical(stay: &Stay, base: &Base) -> Option<PhysicalLocation> {
    if stay.sort != PlaceSort::File {
        return None;
    }
    let line = i64::try_from(stay.line).unwrap_or(i64::MAX);
    let region = Region::builder().start_line(line).build();
    Some(PhysicalLocation::builder().artifact_location(base.of_path(&stay.path)).region(region).build())
}

fn words(event: &Event<'_>) -> String {
    let mut words = event.what.name().to_owned();
    match event.what {
        What::Moved(from) | What::Appeared(Some(from)) => {
            words.push_str(&format!(" from {}", text::clean(&from.to_string())));
        }
        What::Merged(Some(number)) => words.push_str(&format!(" with pull request #{number}")),
        What::Replaced(new) => words.push_str(&format!(" by the token {new}")),
        What::Issued | What::Expires => words.push_str(" by its own word"),
        _ => {}
    }
    if let Some(commit) = event.commit {
        words.push_str(&format!(
            ", commit {} of {} by {}",
            commit.short_id(),
            event.at.date(),
            text::clean(&commit.author.name)
        ));
    }
    words
}
