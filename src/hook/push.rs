//! A pre-push hook: what git, or the pre-commit framework in its place, hands over, and what of it
//! to scan.
//!
//! Git writes `LOCAL-REF SP LOCAL-ID SP REMOTE-REF SP REMOTE-ID LF` on standard input and gives the
//! remote's name and address as arguments (githooks, section pre-push). The framework keeps standard
//! input and the arguments to itself and sets variables instead; `docs/hooks.md` lists them.

use super::receive::{Update, for_lines, id};
use super::scope::{Gather, Scope};
use super::{HookError, Stage};
use git2::Repository;
use std::env;
use std::io::BufRead;

const FORM: &str = "LOCAL-REF LOCAL-ID REMOTE-REF REMOTE-ID";

/// Reads what git writes to a pre-push hook. In each update `ref_name` and `old` are the remote's,
/// `new` is the local id.
///
/// # Errors
/// A line that is not of git's form, by its number, or standard input that cannot be read.
pub fn parse(input: &mut dyn BufRead) -> Result<Vec<Update>, HookError> {
    let mut updates = Vec::new();
    for_lines(input, Stage::PrePush, FORM, |line| {
        // From the right: the local name is what the user typed, such as `HEAD@{2 days ago}`.
        let mut fields = line.rsplitn(4, |&byte| byte == b' ');
        let (Some(remote), Some(name), Some(local), Some(_)) =
            (fields.next(), fields.next(), fields.next(), fields.next())
        else {
            return Err("it has fewer than four fields");
        };
        if name.is_empty() {
            return Err("the name of the remote reference is empty");
        }
        let ref_name = String::from_utf8_lossy(name).into_owned();
        updates.push(Update { ref_name, old: id(remote)?, new: id(local)? });
        Ok(())
    })?;
    Ok(updates)
}

/// What a push takes out of this repository: from the local ids down to what the remote has, as far
/// as that is known here: the ids that it names and the remote-tracking branches.
///
/// `remote` is the hook's first argument. Where a push goes to a bare address, git gives the address
/// for a name, and there are no tracking branches.
///
/// # Errors
/// References that cannot be read.
pub fn scope(repo: &Repository, remote: Option<&str>, updates: &[Update]) -> Result<Scope, HookError> {
    let mut gather = Gather::new(repo);
    for update in updates {
        if let Some(new) = &update.new {
            gather.tip(new);
        }
        if let Some(old) = &update.old {
            gather.hide(old)?;
        }
    }
    hide_tracking(&mut gather, remote)?;
    Ok(gather.finish())
}

/// What the pre-commit framework says about a push (<https://pre-commit.com/#pre-commit-during-push>).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Framework {
    /// `PRE_COMMIT_FROM_REF`: what the remote has. Not set when a root commit is pushed.
    pub from: Option<String>,
    /// `PRE_COMMIT_TO_REF`: what is pushed. Not set when a root commit is pushed.
    pub to: Option<String>,
    /// `PRE_COMMIT_REMOTE_NAME`: the remote. Not set when `pre-commit run` is called by hand.
    pub remote: Option<String>,
    /// `PRE_COMMIT_LOCAL_BRANCH`: the local reference as the user named it.
    pub local_branch: Option<String>,
}

impl Framework {
    /// What the process's environment says; `None` where the framework is not at work.
    pub fn from_process() -> Option<Self> {
        let get = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        get("PRE_COMMIT")?;
        Some(Self {
            from: get("PRE_COMMIT_FROM_REF"),
            to: get("PRE_COMMIT_TO_REF"),
            remote: get("PRE_COMMIT_REMOTE_NAME"),
            local_branch: get("PRE_COMMIT_LOCAL_BRANCH"),
        })
    }

    /// What the push that the framework speaks of takes out of this repository. Where it says
    /// nothing of a push (`pre-commit run --hook-stage pre-push`), that is what a push of HEAD would
    /// take to a remote that has all tracking branches.
    ///
    /// # Errors
    /// A revision that is not here, or references that cannot be read.
    pub fn scope(&self, repo: &Repository) -> Result<Scope, HookError> {
        let mut gather = Gather::new(repo);
        if let Some(to) = &self.to {
            gather.tip(&gather.resolve("PRE_COMMIT_TO_REF", to)?);
            if let Some(from) = &self.from {
                gather.hide(&gather.resolve("PRE_COMMIT_FROM_REF", from)?)?;
            }
            hide_tracking(&mut gather, self.remote.as_deref())?;
        } else if let Some(branch) = &self.local_branch {
            gather.tip(&gather.resolve("PRE_COMMIT_LOCAL_BRANCH", branch)?);
            hide_tracking(&mut gather, self.remote.as_deref())?;
        } else {
            match repo.head() {
                Ok(head) => {
                    if let Some(id) = head.target() {
                        gather.tip(&id.to_string());
                    }
                }
                // A branch without a commit has nothing to push.
                Err(error) if error.code() == git2::ErrorCode::UnbornBranch => {}
                Err(error) => {
                    return Err(HookError::References { path: repo.path().to_path_buf(), error });
                }
            }
            gather.hide_references(b"refs/remotes/")?;
        }
        Ok(gather.finish())
    }
}

/// What a pre-push hook scans, whoever called it: `remote` is its first argument if it has one.
///
/// With an argument or with lines on standard input it was git; else the framework is asked, where
/// it is at work; else there is nothing to push.
///
/// # Errors
/// As for [`parse`], [`scope`] and [`Framework::scope`].
pub fn decide(
    repo: &Repository,
    remote: Option<&str>,
    input: &mut dyn BufRead,
    framework: Option<&Framework>,
) -> Result<Scope, HookError> {
    let updates = parse(input)?;
    match framework {
        Some(framework) if updates.is_empty() && remote.is_none() => framework.scope(repo),
        _ => scope(repo, remote, &updates),
    }
}

fn hide_tracking(gather: &mut Gather<'_>, remote: Option<&str>) -> Result<(), HookError> {
    match remote {
        Some(remote) if !remote.is_empty() => {
            gather.hide_references(format!("refs/remotes/{remote}/").as_bytes())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_pushes_with_local_names_that_have_spaces() {
        let (a, b, zero) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let text = format!(
            "refs/heads/m {a} refs/heads/m {b}\nHEAD@{{2 days ago}} {a} refs/heads/n {zero}\n(delete) {zero} refs/heads/o {b}\n"
        );
        let updates = parse(&mut text.as_bytes()).expect("well-formed");
        let expected = [
            ("refs/heads/m", Some(&b), Some(&a)),
            ("refs/heads/n", None, Some(&a)),
            ("refs/heads/o", Some(&b), None),
        ];
        for (update, (name, old, new)) in updates.iter().zip(expected) {
            assert_eq!(
                (update.ref_name.as_str(), update.old.as_ref(), update.new.as_ref()),
                (name, old, new)
            );
        }
        assert_eq!(updates.len(), 3);
    }

    #[test]
    fn tells_the_line_that_is_malformed() {
        let (a, zero) = ("a".repeat(40), "0".repeat(40));
        for bad in [format!("m {a} refs/x"), format!("m {a} refs/x {zero}0"), format!("m {a}  {zero}")] {
            let error = parse(&mut bad.as_bytes()).expect_err("malformed").to_string();
            assert!(error.contains("line 1") && error.contains("pre-push"), "{error}");
        }
    }
}
