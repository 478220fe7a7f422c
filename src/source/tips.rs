//! From what refs point to, down to commits, trees and blobs; annotated tags on the way are
//! documents of their own.

use crate::coverage::Coverage;
use crate::origin::{CommitInfo, Origin, OriginKind, RepoPath};
use crate::source::Visit;
use crate::source::object::{IdSet, Kind, ObjectError, Objects, parse};
use crate::source::text::{Subject, deliver};
use git2::Oid;
use std::sync::Arc;

/// The path under which the message of a tag is reported.
pub const TAG_MESSAGE: &str = "tag-message";

/// An annotated tag.
#[derive(Debug)]
pub struct Tag {
    id: Oid,
    info: Arc<CommitInfo>,
    message: Vec<u8>,
}

/// What refs lead to.
#[derive(Debug, Default)]
pub struct Tips {
    /// Commits.
    pub commits: Vec<Oid>,
    /// Trees that a ref points to without a commit, with the ref's name.
    pub trees: Vec<(Oid, String)>,
    /// Blobs that a ref points to, with the ref's name.
    pub blobs: Vec<(Oid, String)>,
    /// Annotated tags, nested ones too.
    pub tags: Vec<Tag>,
    seen: IdSet,
}

impl Tips {
    /// Tips that leave out some objects: they are known already.
    pub fn except(known: IdSet) -> Self {
        Self { seen: known, ..Self::default() }
    }

    /// Adds what is known to be a commit.
    pub fn add_commit(&mut self, id: Oid) {
        if self.seen.insert(id) {
            self.commits.push(id);
        }
    }

    /// Whether an object is a tip or was passed on the way to one.
    pub fn has(&self, id: Oid) -> bool {
        self.seen.contains(&id)
    }

    /// Follows an object to its end. `name` is the ref or whatever else named it.
    pub fn add(&mut self, objects: &dyn Objects, id: Oid, name: &str, coverage: &Coverage) {
        let (mut id, mut bytes) = (id, Vec::new());
        // A tag cannot be part of a circle, since its id is made from that of its target.
        while self.seen.insert(id) {
            match objects.read(id, &mut bytes) {
                Ok(Kind::Commit) => self.commits.push(id),
                Ok(Kind::Tree) => self.trees.push((id, name.to_owned())),
                Ok(Kind::Blob) => self.blobs.push((id, name.to_owned())),
                Ok(Kind::Tag) => {
                    let Some(tag) = parse(&bytes, objects.format()) else {
                        let error = ObjectError::Corrupt("malformed tag".to_owned());
                        return error.report(id, format_args!("the tag of {name}"), coverage);
                    };
                    let (info, message) = (Arc::new(tag.info(id)), tag.message.to_vec());
                    self.tags.push(Tag { id, info, message });
                    id = tag.target;
                    continue;
                }
                Err(error) => error.report(id, format_args!("what {name} points to"), coverage),
            }
            return;
        }
    }

    /// Hands the messages of all tags to the visitor. `order` is where they begin in the order of
    /// commits.
    pub fn deliver_tags(
        &mut self,
        order: u64,
        reachable: Option<bool>,
        visit: &Visit<'_>,
        coverage: &Coverage,
    ) {
        self.tags.sort_unstable_by_key(|tag| tag.id);
        let path = RepoPath::new(TAG_MESSAGE);
        for (n, tag) in self.tags.iter().enumerate() {
            let origin = Arc::new(Origin {
                commit: Some(Arc::clone(&tag.info)),
                order: order + n as u64,
                reachable,
                ..Origin::plain(OriginKind::TagMessage)
            });
            deliver(
                &tag.message,
                Subject { path: &path, origin: &origin, added: None, known: None },
                visit,
                coverage,
            );
        }
    }
}
