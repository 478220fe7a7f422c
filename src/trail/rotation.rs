//! Rotation: one secret takes another one's place.

use crate::origin::RepoPath;
use std::collections::BTreeMap;

/// A stay of a secret, as far as rotation goes.
#[derive(Debug, Clone, Copy)]
pub struct Slot<'a> {
    /// Which secret.
    pub secret: usize,
    /// Where.
    pub path: &'a RepoPath,
    /// Under which name.
    pub name: Option<&'a str>,
    /// The first commit with it.
    pub since: u32,
    /// The first commit that took it out.
    pub went: Option<u32>,
}

/// One secret took another one's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The one that went.
    pub old: usize,
    /// The one that came.
    pub new: usize,
    /// Where.
    pub path: RepoPath,
    /// The name that both have there.
    pub name: Option<String>,
    /// The commit that brought the new one there.
    pub commit: u32,
}

/// Finds what took the place of what: the first secret of the same sort that came to the same path
/// under the same name when the other one went out there, or later. Going back to an older secret is
/// no rotation, so `first` has the commit at which each one first came in.
///
/// Without a name, as in a key file, one has to come with the very commit that takes the other out,
/// and to be the only one that does.
pub fn find(
    slots: &[Slot<'_>],
    first: &[Option<u32>],
    is_same_sort: &dyn Fn(usize, usize) -> bool,
) -> Vec<Rotation> {
    let mut places: BTreeMap<(&RepoPath, Option<&str>), Vec<&Slot<'_>>> = BTreeMap::new();
    for slot in slots {
        places.entry((slot.path, slot.name)).or_default().push(slot);
    }
    let mut found: BTreeMap<(usize, u32, usize), Rotation> = BTreeMap::new();
    for ((path, name), mut here) in places {
        here.sort_unstable_by_key(|slot| (slot.since, slot.secret));
        for old in &here {
            let Some(went) = old.went else { continue };
            let is_next = |new: &&&Slot<'_>| {
                new.secret != old.secret
                    && new.since >= went
                    && first[new.secret] > first[old.secret]
                    && is_same_sort(old.secret, new.secret)
            };
            let start = here.partition_point(|slot| slot.since < went);
            let Some(new) = here[start..].iter().find(is_next) else { continue };
            if name.is_none() {
                let came = here[start..].iter().filter(|slot| slot.since == went).count();
                let gone = here.iter().filter(|slot| slot.went == Some(went)).count();
                if new.since != went || (came, gone) != (1, 1) {
                    continue;
                }
            }
            let rotation = Rotation {
                old: old.secret,
                new: new.secret,
                path: path.clone(),
                name: name.map(str::to_owned),
                commit: new.since,
            };
            found.entry((old.secret, new.since, new.secret)).or_insert(rotation);
        }
    }
    found.into_values().collect()
}
