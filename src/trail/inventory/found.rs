//! What a scan alone tells of a token's life.

use crate::finding::{Finding, Location, Status};
use crate::origin::{OriginKind, RepoPath};
use crate::trail::life::{Life, PlaceSort, Stay};
use crate::trail::token::Token;
use std::collections::BTreeMap;

/// The life of a finding: its places, one a path, without commits. What stands in a file on disk
/// counts as in HEAD: the next commit would have it, most often the last one has.
pub(super) fn life(finding: &Finding) -> Life {
    let mut stays: BTreeMap<(&RepoPath, PlaceSort), Stay> = BTreeMap::new();
    for location in &finding.locations {
        let stay = stay(location);
        stays
            .entry((&location.path, stay.sort))
            .and_modify(|old| {
                old.in_head |= stay.in_head;
                old.versions = old.versions.max(stay.versions);
            })
            .or_insert(stay);
    }
    let stays: Vec<Stay> = stays.into_values().collect();
    Life {
        token: Token::of(finding),
        introduced: None,
        in_head: stays.iter().any(|stay| stay.in_head),
        stays,
        refs: Vec::new(),
        replaced_by: Vec::new(),
        replaces: Vec::new(),
        allowed: match &finding.status {
            // A marker and the secret can stand on the same line.
            Status::Allowed(reason) => Some(finding.without_secret(reason).into_owned()),
            Status::Open | Status::Baseline | Status::Waived(_) => None,
        },
        in_baseline: finding.status == Status::Baseline,
        waived_until: match &finding.status {
            Status::Waived(waived) => Some(waived.until),
            Status::Open | Status::Allowed(_) | Status::Baseline => None,
        },
    }
}

fn stay(location: &Location) -> Stay {
    let origin = &location.origin;
    Stay {
        path: location.path.clone(),
        name: None,
        line: location.span.start.line,
        sort: match origin.kind {
            OriginKind::CommitMessage => PlaceSort::CommitMessage,
            OriginKind::TagMessage => PlaceSort::TagMessage,
            OriginKind::Blob if origin.commit.is_none() => PlaceSort::Blob,
            OriginKind::File | OriginKind::Index | OriginKind::Blob | OriginKind::Stdin => PlaceSort::File,
        },
        since: None,
        until: None,
        versions: location.versions,
        from: None,
        in_head: origin.in_head.unwrap_or(matches!(origin.kind, OriginKind::File | OriginKind::Index)),
    }
}
