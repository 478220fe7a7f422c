//! Addresses of files, so that a reader on another machine or outside the folder finds them.

use crate::finding::Location;
use crate::origin::RepoPath;
use crate::report::{Report, text};
use serde_sarif::sarif::ArtifactLocation;
use std::path::Path;

/// The name by which readers know the root of a checked-out repository.
pub(super) const SOURCE_ROOT: &str = "%SRCROOT%";

/// What the addresses in a report are relative to.
pub(super) enum Base {
    /// A repository: addresses are relative to its root.
    Repository(String),
    /// A folder that only this machine knows: addresses are absolute.
    Folder(String),
    /// Nothing known, as for standard input.
    Unknown,
}

impl Base {
    pub(super) fn of(report: &Report<'_>) -> Self {
        match &report.root {
            Some(root) if report.is_repository => Self::Repository(folder_uri(root)),
            Some(root) => Self::Folder(folder_uri(root)),
            None => Self::Unknown,
        }
    }

    /// The root for `originalUriBaseIds`.
    pub(super) fn root_uri(&self) -> Option<String> {
        match self {
            Self::Repository(root) => Some(root.clone()),
            Self::Folder(_) | Self::Unknown => None,
        }
    }

    pub(super) fn address(&self, location: &Location) -> ArtifactLocation {
        self.address_of(&location.path, &text::path(location))
    }

    /// The address of a path; `name` stands for an empty one.
    pub(super) fn address_of(&self, path: &RepoPath, name: &str) -> ArtifactLocation {
        if path.as_bytes().is_empty() {
            return ArtifactLocation::builder().uri(RepoPath::new(name).to_uri()).build();
        }
        self.of_path(path)
    }

    /// The address of a file.
    pub(super) fn of_path(&self, path: &RepoPath) -> ArtifactLocation {
        let relative = path.to_uri();
        if relative.starts_with('/') {
            return ArtifactLocation::builder().uri(format!("file://{relative}")).build();
        }
        match self {
            Self::Repository(_) => ArtifactLocation::builder().uri(relative).uri_base_id(SOURCE_ROOT).build(),
            Self::Folder(root) => ArtifactLocation::builder().uri(format!("{root}{relative}")).build(),
            Self::Unknown => ArtifactLocation::builder().uri(relative).build(),
        }
    }
}

/// A folder's address (RFC 8089) with the final `/` that makes it a base.
fn folder_uri(folder: &Path) -> String {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let path = RepoPath::from_path(&absolute).to_uri();
    // A drive's colon stays: file:///C:/folder/.
    let path = if cfg!(windows) { path.replacen("%3A", ":", 1) } else { path };
    let path = path.trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') {
        format!("file://{path}/")
    } else {
        format!("file:///{path}/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn folders_are_encoded() {
        assert_eq!(folder_uri(Path::new("/a b/c#d/")), "file:///a%20b/c%23d/");
        assert_eq!(folder_uri(Path::new("/")), "file:///");
    }
}
