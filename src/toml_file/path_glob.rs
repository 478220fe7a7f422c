//! Path globs in the manner of `.gitignore`, over the paths that reports show.

use super::value::{BadValue, quoted};
use crate::origin::RepoPath;
use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

/// One checked glob.
///
/// The rules are those of `.gitignore` but for negation: a glob without a slash in its middle or at
/// its start matches at any depth, any other only from the root; what matches a folder covers all
/// that is inside; a glob that ends in `/` or `/**` covers folders only. `*` and `?` stop at `/`.
#[derive(Debug, Clone)]
pub struct PathGlob {
    glob: globset::Glob,
    folder_only: bool,
}

impl PathGlob {
    /// Checks a glob.
    pub fn parse(text: &str) -> Result<Self, BadValue> {
        let wrong =
            |problem: &str, help: &str| BadValue { problem: problem.to_owned(), help: help.to_owned() };
        if text.trim().is_empty() {
            return Err(wrong("an empty glob matches nothing", "write a glob such as \"vendor/**\""));
        }
        if text.starts_with('!') {
            return Err(wrong(
                "a glob cannot take back what another one excludes",
                "exclude less instead; for a name that begins with \"!\" write \"[!]\"",
            ));
        }
        if text.split('/').any(|part| part == "..") {
            return Err(wrong(
                "no path in a report contains \"..\"",
                "globs are matched from the repository's root, or from the folder scanned",
            ));
        }
        let escapes_a_letter =
            text.as_bytes().windows(2).any(|pair| pair[0] == b'\\' && pair[1].is_ascii_alphanumeric());
        if escapes_a_letter {
            return Err(wrong(
                "\"\\\" takes the special meaning from the next character",
                "write \"/\" between folders, on Windows too",
            ));
        }
        let text = text.strip_prefix("./").unwrap_or(text);
        let anchored = text.strip_suffix('/').unwrap_or(text).contains('/');
        let mut base = text;
        while let Some(shorter) = base.strip_suffix("/**").or_else(|| base.strip_suffix('/')) {
            base = shorter;
        }
        let folder_only = base.len() < text.len();
        let base = base.strip_prefix('/').unwrap_or(base);
        let (pattern, folder_only) = match base {
            "" | "**" => ("**".to_owned(), false),
            _ if anchored => (base.to_owned(), folder_only),
            _ => (format!("**/{base}"), folder_only),
        };
        let glob =
            GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build().map_err(
                |error| BadValue {
                    problem: format!("{} is no glob: {}", quoted(text), error.kind()),
                    help: "put a special character in brackets to mean itself, as in \"[[]\" or \"[{]\""
                        .to_owned(),
                },
            )?;
        Ok(Self { glob, folder_only })
    }
}

/// Globs compiled together.
#[derive(Debug, Clone, Default)]
pub struct PathGlobs {
    /// What matches a file or a folder.
    any: GlobSet,
    /// What matches a folder only.
    folders: GlobSet,
}

impl PathGlobs {
    /// Compiles globs. Fails only if they are together too large for the matcher.
    pub fn new<'a>(globs: impl IntoIterator<Item = &'a PathGlob>) -> Result<Self, BadValue> {
        let (mut any, mut folders) = (GlobSetBuilder::new(), GlobSetBuilder::new());
        for glob in globs {
            if glob.folder_only { &mut folders } else { &mut any }.add(glob.glob.clone());
        }
        let build = |set: GlobSetBuilder| {
            set.build().map_err(|error| BadValue {
                problem: format!("the globs cannot be compiled together: {}", error.kind()),
                help: "write fewer or simpler ones".to_owned(),
            })
        };
        Ok(Self { any: build(any)?, folders: build(folders)? })
    }

    /// Whether there are none, so that nothing matches.
    pub fn is_empty(&self) -> bool {
        self.any.is_empty() && self.folders.is_empty()
    }

    /// Whether a file is covered, by its own path or by a folder it is in.
    pub fn matches(&self, path: &RepoPath) -> bool {
        if self.is_empty() {
            return false;
        }
        let path = path.as_bytes();
        self.any.is_match_candidate(&Candidate::from_bytes(path))
            || memchr::memchr_iter(b'/', path).any(|at| self.matches_folder_bytes(&path[..at]))
    }

    /// Whether all that is inside a folder is covered because the folder itself is. A walk that
    /// asks this from the top down may leave such a folder out.
    pub fn matches_folder(&self, path: &RepoPath) -> bool {
        !self.is_empty() && self.matches_folder_bytes(path.as_bytes())
    }

    fn matches_folder_bytes(&self, path: &[u8]) -> bool {
        let path = Candidate::from_bytes(path);
        self.any.is_match_candidate(&path) || self.folders.is_match_candidate(&path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(texts: &[&str]) -> PathGlobs {
        let globs: Vec<_> = texts.iter().map(|text| PathGlob::parse(text).unwrap()).collect();
        PathGlobs::new(&globs).unwrap()
    }

    fn matches(text: &str, path: &str) -> bool {
        globs(&[text]).matches(&RepoPath::new(path))
    }

    #[test]
    fn a_bare_name_matches_at_any_depth_and_what_is_inside() {
        for path in ["node_modules/a.js", "web/node_modules/b/c.js", "node_modules"] {
            assert!(matches("node_modules", path), "{path}");
        }
        assert!(!matches("node_modules", "my_node_modules/a.js"));
        assert!(matches("*.pem", "a/b/c.pem"));
        assert!(!matches("*.pem", "a/b/c.pem.txt"));
    }

    #[test]
    fn a_glob_with_a_slash_counts_from_the_root() {
        assert!(matches("vendor/**", "vendor/a/b"));
        assert!(!matches("vendor/**", "vendor"));
        assert!(!matches("vendor/**", "lib/vendor/a"));
        assert!(matches("/vendor", "vendor/a"));
        assert!(!matches("/vendor", "lib/vendor/a"));
        assert!(matches("docs/*.md", "docs/a.md"));
        assert!(!matches("docs/*.md", "docs/a/b.md"));
        assert!(matches("docs/**/*.md", "docs/a/b.md"));
        assert!(matches("docs/**/*.md", "docs/b.md"));
        assert!(matches("./src/{a,b}.rs", "src/b.rs"));
    }

    #[test]
    fn a_slash_at_the_end_means_a_folder() {
        assert!(matches("build/", "x/build/out"));
        assert!(!matches("build/", "x/build"));
        assert!(matches("**", "anything"));
        assert!(matches("/**", "any/thing"));
    }

    #[test]
    fn folders_are_left_out_whole_only_if_all_inside_is() {
        let globs = globs(&["vendor/**", "*.txt", "a/*.rs"]);
        for (path, expected) in [("vendor", true), ("notes.txt", true), ("a", false), ("x/vendor", false)] {
            assert_eq!(globs.matches_folder(&RepoPath::new(path)), expected, "{path}");
        }
    }

    #[test]
    fn paths_that_are_no_text_match() {
        assert!(globs(&["*.env"]).matches(&RepoPath::new(b"a/\xff.env".to_vec())));
        assert!(!PathGlobs::default().matches(&RepoPath::new("a")));
    }

    #[test]
    fn bad_globs_are_refused_with_a_way_out() {
        for (text, part) in [
            ("", "empty"),
            ("!keep", "take back"),
            ("../x", ".."),
            ("vendor\\lib", "between folders"),
            ("a[", "is no glob"),
            ("{a", "is no glob"),
        ] {
            let error = PathGlob::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
