//! All of a history by what changed: finds the blobs and messages that something would be reported
//! of without making most of what the rest holds, and then reads only those.

use crate::coverage::Coverage;
use crate::detect::probe::{Known, Probe};
use crate::document::{self, Document};
use crate::history::attribution::Root;
use crate::history::cache::{Cache, Verdicts};
use crate::history::members::Members;
use crate::history::names::Names;
use crate::history::objects::Catalog;
use crate::history::pack::walk::{From, Visitor, walk};
use crate::history::recall::{Recall, Sources, past};
use crate::history::sift::{self, Sifted};
use crate::history::trees::{Place, Trees};
use crate::history::{Start, dangling_order, roots_of, staged, without_folder};
use crate::origin::{CommitInfo, Origin, OriginKind};
use crate::source::SourceError;
use crate::source::commits::deliver_message;
use crate::source::container::Reading;
use crate::source::filter::wants;
use crate::source::graph::{self, Commit, reachable_by};
use crate::source::object::{IdMap, IdSet, Kind, ObjectError, parse, read_as};
use crate::source::repository::Handles;
use crate::source::text::Subject;
use crate::source::tips::Tips;
use git2::Oid;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Reads everything in a repository's object stores of which something may be reported.
///
/// # Errors
///
/// [`SourceError::Unreadable`] if the repository cannot be opened for another thread, or has too many
/// objects.
pub fn read(
    handles: &Handles,
    probe: &Probe<'_>,
    cache: Option<&Cache>,
    recall: Option<&Recall<'_>>,
    reading: &Reading<'_>,
) -> Result<(), SourceError> {
    let coverage = reading.coverage;
    let mut catalog = Catalog::open(handles, coverage)?;
    let mut verdicts = cache.map_or_else(Verdicts::none, |cache| cache.blobs(&catalog));
    let Sifted { mut blobs, messages, tags, commits, folders, kinds, mut lost, .. } =
        sift::sift(&catalog, handles, probe, reading, &mut verdicts);
    if let Some(cache) = cache.filter(|_| verdicts.has_news()) {
        cache.keep_blobs(&catalog, &verdicts);
    }
    catalog.learn(&kinds);
    let known: IdMap<Commit> = commits.into_iter().map(|commit| (commit.id, commit)).collect();
    let hot_messages: IdSet = messages.into_iter().map(|number| catalog.id(number)).collect();

    let mut start = Start::find(handles, &|id| known.contains_key(&id), coverage)?;
    let load = |id: Oid| known.get(&id).cloned().map_or_else(|| graph::load(handles, id), Ok);
    let reached = reachable_by(&load, &start.tips.commits, &[], &handles.shallow(), coverage);
    coverage.commits(reached.len() as u64);
    let dangling = dangling_order(&known, &reached);
    let mut roots = roots_of(&reached, &mut start.tips);
    let first_dangling = roots.len() as u32;
    roots.extend(dangling.iter().map(|commit| Root::Tree(commit.tree)));

    // Messages.
    let numbered = (0..).zip(&reached).chain((u64::from(first_dangling)..).zip(&dangling));
    let hot: Vec<(u64, Oid)> = numbered
        .filter(|(_, commit)| hot_messages.contains(&commit.id) || !known.contains_key(&commit.id))
        .map(|(order, commit)| (order, commit.id))
        .collect();
    hot.par_iter().for_each(|&(order, id)| {
        let is_reachable = order < u64::from(first_dangling);
        // Told already if it cannot be read.
        let _ = deliver_message(handles, id, order, Some(is_reachable), reading.visit, coverage);
    });
    start.tips.deliver_tags(reached.len() as u64, Some(true), reading.visit, coverage);
    let mut others = Tips::default();
    for tag in tags.into_iter().map(|number| catalog.id(number)).filter(|&id| !start.tips.has(id)) {
        others.add(handles, tag, "a tag that no ref points to", coverage);
    }
    others.deliver_tags(u64::from(first_dangling), Some(false), reading.visit, coverage);

    // The walk over folders needs the room.
    drop(known);

    // Blobs.
    let known_of: HashMap<u32, Known> =
        blobs.iter_mut().filter_map(|hot| Some((hot.number, hot.known.take()?))).collect();
    let mut wanted: Vec<u32> = blobs.iter().map(|hot| hot.number).collect();
    wanted.extend(lost.iter().map(|&(number, _)| number));
    let mut trees = Trees::read(&catalog, handles, &wanted, &folders, &mut lost);
    sift::sort(&mut lost);
    let names = match reading.filter {
        // Which folders are opened then depends on their paths.
        Some(_) => Names::none(handles),
        None => Names::read(&trees, handles, &roots),
    };
    let found = trees.places(&names, &roots, reading.filter, coverage);
    drop(names);
    let head = start.head.and_then(|tree| trees.find(tree));
    let in_head = trees.below(head);
    let commits: Vec<&Commit> = reached.iter().chain(&dangling).collect();
    let commit_of = |order: u32| {
        let at = if order >= first_dangling { order - first_dangling + reached.len() as u32 } else { order };
        commits
            .get(at as usize)
            .filter(|_| order >= first_dangling || (order as usize) < reached.len())
            .copied()
    };
    let infos = infos(handles, coverage, found.places.iter().filter_map(|place| commit_of(place.order)));
    let mut places = found.places.clone();
    let why_lost = |number: u32| {
        lost.binary_search_by_key(&number, |&(other, _)| other).ok().map(|found| &lost[found].1)
    };
    let unknown = wanted.iter().copied().filter(|&number| !found.knows(number));
    let nowhere: Vec<u32> = unknown.filter(|&number| why_lost(number).is_none()).collect();
    // What refs and commits name is told already.
    let parents: IdSet = match lost.as_slice() {
        [] => IdSet::default(),
        _ => reached.iter().flat_map(|commit| commit.parents.iter().copied()).collect(),
    };
    for (number, why) in lost.iter().filter(|&&(number, _)| !found.knows(number)) {
        let id = catalog.id(*number);
        if !parents.contains(&id) && !start.tips.has(id) {
            why.report(id, "an object that nothing names", coverage);
        }
    }
    let staged = if nowhere.is_empty() { IdMap::default() } else { staged(handles)? };
    let mut is_staged = HashSet::new();
    for number in nowhere {
        let (path, is_kept) = without_folder(catalog.id(number), &staged);
        if wants(reading.filter, &path) {
            places.push(Place { number, order: u32::MAX, path });
        }
        if is_kept {
            is_staged.insert(number);
        }
    }
    let delivery = Delivery {
        handles,
        reading,
        members: Members::new(probe),
        trees: &trees,
        places: places.iter().map(|place| (place.number, place)).collect(),
        known: &known_of,
        lost: &lost,
        origin: &|place| {
            let is_reachable = place.order < first_dangling || is_staged.contains(&place.number);
            Origin {
                kind: OriginKind::Blob,
                commit: commit_of(place.order).and_then(|commit| infos.get(&commit.id).cloned()),
                order: u64::from(place.order),
                in_head: Some(in_head.contains(&place.number)),
                reachable: Some(is_reachable),
                blob: Some(trees.id(place.number).to_string()),
            }
        },
    };
    delivery.run(&catalog);
    drop(delivery);
    if let Some(recall) = recall {
        let found: Vec<u32> = (recall.blobs)().into_iter().filter_map(|id| trees.find(id)).collect();
        trees.narrow(&found);
        let sources = Sources {
            handles,
            trees: &trees,
            commits: &commits,
            named: &start.named,
            filter: reading.filter,
        };
        // Nobody else fills it.
        let _ = recall.past.set(past(&sources, coverage));
    }
    Ok(())
}

/// Hands the blobs that something may be reported of to the visitor.
struct Delivery<'a> {
    handles: &'a Handles,
    reading: &'a Reading<'a>,
    members: Members<'a>,
    trees: &'a Trees<'a>,
    places: HashMap<u32, &'a Place>,
    known: &'a HashMap<u32, Known>,
    /// What cannot be read, sorted.
    lost: &'a [(u32, ObjectError)],
    origin: &'a (dyn Fn(&Place) -> Origin + Sync),
}

impl Delivery<'_> {
    /// Makes the packed ones from what they are deltas of, and reads the others one by one.
    fn run(&self, catalog: &Catalog) {
        let elsewhere = sift::elsewhere(self.handles);
        for (pack, start) in catalog.packs() {
            let readable = self.places.keys().filter(|&&number| self.why_lost(number).is_none());
            let entries = readable.filter_map(|&number| number.checked_sub(start));
            let needed = pack.with_bases(entries.filter(|&entry| entry < pack.len()));
            if needed.contains(&true) {
                let wanted = |entry: u32| needed[entry as usize];
                walk(pack, Kind::Blob, Some(&wanted), &elsewhere, &Packed { delivery: self, start });
            }
        }
        let packed = catalog.packs().last().map_or(0, |(pack, start)| start + pack.len());
        let places = self.places.values().copied();
        let others: Vec<&Place> =
            places.filter(|place| place.number >= packed || self.why_lost(place.number).is_some()).collect();
        others.par_iter().for_each(|place| self.read(place));
    }

    fn deliver(&self, place: &Place, bytes: &[u8]) {
        let origin = Arc::new((self.origin)(place));
        let known = self.known.get(&place.number).map(|known| known as &document::Known);
        let visit = |document: &Document<'_>| {
            let is_member = *document.path != place.path;
            if !is_member || !self.members.is_clean(document) {
                (self.reading.visit)(document);
            }
        };
        let reading = Reading { visit: &visit, ..*self.reading };
        reading.bytes(bytes, Subject { path: &place.path, origin: &origin, added: None, known });
    }

    /// Reads a blob by itself.
    fn read(&self, place: &Place) {
        let id = self.trees.id(place.number);
        let mut bytes = Vec::new();
        let read = match self.why_lost(place.number) {
            Some(error) => Err(error.clone()),
            None => read_as(self.handles, id, Kind::Blob, &mut bytes),
        };
        match read {
            Ok(()) => self.deliver(place, &bytes),
            Err(error) => {
                error.report(id, format_args!("the blob of {}", place.path), self.reading.coverage);
            }
        }
    }

    fn why_lost(&self, number: u32) -> Option<&ObjectError> {
        let found = self.lost.binary_search_by_key(&number, |&(other, _)| other).ok()?;
        Some(&self.lost[found].1)
    }
}

struct Packed<'a> {
    delivery: &'a Delivery<'a>,
    start: u32,
}

impl Visitor for Packed<'_> {
    type State = ();

    fn object(&self, entry: u32, bytes: &[u8], _: Option<From<'_, ()>>) {
        if let Some(place) = self.delivery.places.get(&(self.start + entry)) {
            self.delivery.deliver(place, bytes);
        }
    }

    fn lost(&self, entry: u32, _: &ObjectError) {
        // Another way to read it may do, and else says what is wrong.
        if let Some(place) = self.delivery.places.get(&(self.start + entry)) {
            self.delivery.read(place);
        }
    }
}

/// What reports show of commits.
fn infos<'c>(
    handles: &Handles,
    coverage: &Coverage,
    commits: impl Iterator<Item = &'c Commit>,
) -> HashMap<Oid, Arc<CommitInfo>> {
    let ids: IdSet = commits.map(|commit| commit.id).collect();
    let ids: Vec<Oid> = ids.into_iter().collect();
    let read = |&id: &Oid| {
        let mut bytes = Vec::new();
        let read = read_as(handles, id, Kind::Commit, &mut bytes);
        read.inspect_err(|error| error.report(id, "a commit", coverage)).ok()?;
        Some((id, Arc::new(parse(&bytes, handles.format())?.info(id))))
    };
    ids.par_iter().filter_map(read).collect()
}
