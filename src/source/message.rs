//! The file that holds a commit message, as the `commit-msg` hook gets it.

use crate::coverage::Coverage;
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::source::text::{Subject, deliver};
use crate::source::worktree::{Worktree, config};
use crate::source::{Source, SourceError, Visit};
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// git's scissors (`wt-status.c`), which follow the comment character and a space.
const SCISSORS: &[u8] = b"------------------------ >8 ------------------------";

/// The characters that `core.commentChar=auto` chooses from (`git-config(1)`).
const AUTO: &[u8] = b"#;@!$%^&|:";

/// A commit message in a file. What git will take out of it is not scanned; positions are those
/// in the file.
#[derive(Debug, Clone)]
pub struct Message {
    /// The file.
    pub path: PathBuf,
    /// What git will take out; `None` to find out from git's settings.
    pub cleanup: Option<Cleanup>,
}

/// What git takes out of a message (`git-commit(1)`, `--cleanup`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleanup {
    /// Lines that begin with this are comments.
    pub comment: Comment,
    /// Whether comments are taken out.
    pub strip_comments: bool,
    /// Whether everything from the scissors line on is taken out.
    pub cut_at_scissors: bool,
}

/// How comments begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Comment {
    /// With this text, `#` unless it was set otherwise.
    Prefix(Vec<u8>),
    /// With a character that git chose so that no line of the message began with it.
    Auto,
}

impl Cleanup {
    /// What git does to a message that was edited, if nothing is set.
    pub fn edited() -> Self {
        Self { comment: Comment::Prefix(b"#".to_vec()), strip_comments: true, cut_at_scissors: true }
    }

    /// What git will do to the message in this file by its settings and by the environment of a
    /// hook.
    pub fn from_settings(message: &Path) -> Self {
        // git tells a hook in this way that no editor ran (`run_commit_hook`), and then keeps
        // comments unless `commit.cleanup` says otherwise.
        let edited = env::var_os("GIT_EDITOR").is_none_or(|editor| editor != ":");
        let folder = message.canonicalize().ok().and_then(|path| Some(path.parent()?.to_owned()));
        let worktree = env::current_dir()
            .ok()
            .and_then(|here| Worktree::find(&here))
            .or_else(|| Worktree::find(&folder?));
        let Ok(config) = config(worktree.as_ref().map(Worktree::common_dir)) else { return Self::edited() };
        let set = |name: &str| config.get_string(name).ok();
        let comment = match set("core.commentstring").or_else(|| set("core.commentchar")) {
            Some(auto) if auto.eq_ignore_ascii_case("auto") => Comment::Auto,
            Some(prefix) if !prefix.is_empty() => Comment::Prefix(prefix.into_bytes()),
            _ => Comment::Prefix(b"#".to_vec()),
        };
        let mode = set("commit.cleanup").unwrap_or_default();
        let (strip_comments, cut_at_scissors) = match (mode.as_str(), edited) {
            ("verbatim" | "whitespace", _) | ("scissors" | "default" | "", false) => (false, false),
            ("scissors", true) => (false, true),
            ("strip", false) => (true, false),
            _ => (true, true),
        };
        Self { comment, strip_comments, cut_at_scissors }
    }

    /// Cuts the message and turns its comments into spaces, so that every place stays where it is.
    pub fn apply(&self, message: &mut Vec<u8>) {
        let auto;
        let comment = match &self.comment {
            Comment::Prefix(prefix) => prefix.as_slice(),
            Comment::Auto => {
                auto = chosen(message);
                auto.as_slice()
            }
        };
        if comment.is_empty() {
            return;
        }
        if self.cut_at_scissors
            && let Some(at) = scissors(message, comment)
        {
            message.truncate(at);
        }
        if self.strip_comments {
            for line in message.split_mut(|&byte| byte == b'\n') {
                if line.starts_with(comment) {
                    line.fill(b' ');
                }
            }
        }
    }
}

/// Where the scissors line begins.
fn scissors(message: &[u8], comment: &[u8]) -> Option<usize> {
    let mut at = 0;
    for line in message.split_inclusive(|&byte| byte == b'\n') {
        let rest = line.strip_prefix(comment).and_then(|rest| rest.strip_prefix(b" "));
        if rest.and_then(|rest| rest.strip_prefix(SCISSORS)).is_some_and(|end| end.trim_ascii().is_empty()) {
            return Some(at);
        }
        at += line.len();
    }
    None
}

/// The comment character that git chose: that of the scissors line, else of the last line that
/// is not empty, because git's own remarks end the file. Empty if neither shows one.
fn chosen(message: &[u8]) -> Vec<u8> {
    if let Some(&known) = AUTO.iter().find(|&&candidate| scissors(message, &[candidate]).is_some()) {
        return vec![known];
    }
    let last = message.rsplit(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty());
    last.and_then(<[u8]>::first).filter(|first| AUTO.contains(first)).copied().into_iter().collect()
}

impl Source for Message {
    fn read(&self, visit: &Visit<'_>, coverage: &Coverage) -> Result<(), SourceError> {
        let mut message = std::fs::read(&self.path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => SourceError::Usage(format!("{}: {error}", self.path.display())),
            _ => SourceError::Unreadable(format!("{}: cannot be read: {error}", self.path.display())),
        })?;
        match &self.cleanup {
            Some(cleanup) => cleanup.apply(&mut message),
            None => Cleanup::from_settings(&self.path).apply(&mut message),
        }
        let (path, origin) =
            (RepoPath::from_path(&self.path), Arc::new(Origin::plain(OriginKind::CommitMessage)));
        deliver(
            &message,
            Subject { path: &path, origin: &origin, added: None, known: None },
            visit,
            coverage,
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleaned(cleanup: &Cleanup, message: &str) -> String {
        let mut bytes = message.as_bytes().to_vec();
        cleanup.apply(&mut bytes);
        String::from_utf8(bytes).expect("nothing but ASCII")
    }

    #[test]
    fn comments_become_blank_and_the_diff_is_cut() {
        let message = format!(
            "Subject\n# note\nbody # kept\n# {}\ndiff\n",
            "------------------------ >8 ------------------------"
        );
        assert_eq!(cleaned(&Cleanup::edited(), &message), "Subject\n      \nbody # kept\n");
        let keep = Cleanup { strip_comments: false, ..Cleanup::edited() };
        assert_eq!(cleaned(&keep, &message), "Subject\n# note\nbody # kept\n");
        let nothing = Cleanup { cut_at_scissors: false, ..keep };
        assert_eq!(cleaned(&nothing, &message), message);
    }

    #[test]
    fn a_comment_may_begin_with_any_text() {
        let cleanup = Cleanup { comment: Comment::Prefix(b"//".to_vec()), ..Cleanup::edited() };
        assert_eq!(cleaned(&cleanup, "# title\n// x\n"), "# title\n    \n");
    }

    #[test]
    fn the_character_that_git_chose_is_found_again() {
        let auto = Cleanup { comment: Comment::Auto, ..Cleanup::edited() };
        assert_eq!(cleaned(&auto, "# title\n\n; On branch\n;\n"), "# title\n\n           \n \n");
        assert_eq!(cleaned(&auto, "#1 title\nbody\n"), "#1 title\nbody\n");
        assert_eq!(cleaned(&auto, ""), "");
    }
}
