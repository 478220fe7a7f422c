//! One hook's place in a folder: putting a script of ours there beside what was there before, and
//! putting that back.

use super::HookError;
use super::script::{self, Form, Mark, PREVIOUS, VERSION};
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What became of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// Nothing was there.
    Fresh,
    /// A hook was there; it is kept and runs first.
    Chained,
    /// An older script of ours, or one of another form, was there.
    Replaced,
    /// The very script was there.
    Unchanged,
    /// A script of a later version was there and stays.
    Newer,
}

/// What became of a place when ours was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// Nothing of ours was there.
    Nothing,
    /// Ours is gone, and so is the folder if `made_folder` says it was made for it.
    Removed {
        /// Whether the folder was made for the hook.
        made_folder: bool,
    },
    /// What was there before is there again.
    Restored,
}

/// What stands at a path.
enum Content {
    Nothing,
    Ours(Mark, Vec<u8>),
    /// Not ours. No bytes where it cannot be read, such as a link that leads nowhere.
    Other(Option<Vec<u8>>),
}

/// The saved hook's path.
pub(super) fn previous(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}{PREVIOUS}"))
}

/// The script of ours for a hook, with its path: under its name, or under the name that the
/// pre-commit framework moves a hook to when it installs its own.
pub(super) fn ours(folder: &Path, name: &str) -> Result<Option<(PathBuf, Mark)>, HookError> {
    for path in [folder.join(name), folder.join(format!("{name}.legacy"))] {
        if let Content::Ours(mark, _) = look(&path)? {
            return Ok(Some((path, mark)));
        }
    }
    Ok(None)
}

/// Puts the script for a hook in place.
pub(super) fn put(folder: &Path, name: &str, form: Form, made_folder: bool) -> Result<Put, HookError> {
    if let Some((path, mark)) = ours(folder, name)? {
        if mark.version > VERSION {
            return Ok(Put::Newer);
        }
        if !mark.intact {
            return Err(changed(&path));
        }
        let text = script::text(form, name, mark.made_folder);
        if matches!(look(&path)?, Content::Ours(_, bytes) if bytes == text.as_bytes()) {
            make_runnable(&path)?;
            return Ok(Put::Unchanged);
        }
        write(folder, &path, &text)?;
        return Ok(Put::Replaced);
    }
    let path = folder.join(name);
    let saved = previous(folder, name);
    let text = script::text(form, name, made_folder);
    match (look(&path)?, look(&saved)?) {
        (Content::Nothing, Content::Nothing) => {
            write(folder, &path, &text)?;
            Ok(Put::Fresh)
        }
        // Someone deleted our script and left the saved hook.
        (Content::Nothing, _) => {
            write(folder, &path, &text)?;
            Ok(Put::Chained)
        }
        (_, Content::Nothing) => {
            fs::rename(&path, &saved).map_err(HookError::file(&path, "keep the hook that is there"))?;
            if let Err(error) = write(folder, &path, &text) {
                // Without this the repository would be left without its hook.
                let _ = fs::rename(&saved, &path);
                return Err(error);
            }
            Ok(Put::Chained)
        }
        // A hook manager wrote its hook again, over ours.
        (Content::Other(Some(now)), Content::Other(Some(then))) if now == then => {
            write(folder, &path, &text)?;
            Ok(Put::Chained)
        }
        _ => Err(HookError::InTheWay {
            why: format!(
                "is left from an earlier install, and {} is now another hook; delete or rename the one that is not needed, then install again",
                path.display()
            ),
            path: saved,
        }),
    }
}

/// Takes the script for a hook away and puts back what was there before.
pub(super) fn take(folder: &Path, name: &str) -> Result<Taken, HookError> {
    let saved = previous(folder, name);
    let Some((path, mark)) = ours(folder, name)? else {
        let path = folder.join(name);
        if matches!(look(&path)?, Content::Nothing) && !matches!(look(&saved)?, Content::Nothing) {
            fs::rename(&saved, &path).map_err(HookError::file(&saved, "put the hook back"))?;
            return Ok(Taken::Restored);
        }
        return Ok(Taken::Nothing);
    };
    if !mark.intact && mark.version <= VERSION {
        return Err(changed(&path));
    }
    if matches!(look(&saved)?, Content::Nothing) {
        fs::remove_file(&path).map_err(HookError::file(&path, "remove the hook"))?;
        return Ok(Taken::Removed { made_folder: mark.made_folder });
    }
    // One step, so that there is no moment without a hook.
    fs::rename(&saved, &path).map_err(HookError::file(&saved, "put the hook back"))?;
    Ok(Taken::Restored)
}

/// Whether the hook that was saved is written for something else than a shell.
pub(super) fn previous_is_no_shell(folder: &Path, name: &str) -> bool {
    matches!(look(&previous(folder, name)), Ok(Content::Other(Some(bytes))) if !script::is_shell(&bytes))
}

/// The text of the hook that was saved, as far as it is text.
pub(super) fn previous_text(folder: &Path, name: &str) -> String {
    match look(&previous(folder, name)) {
        Ok(Content::Other(Some(bytes))) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => String::new(),
    }
}

fn look(path: &Path) -> Result<Content, HookError> {
    let kind = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Nothing),
        Err(error) => return Err(HookError::file(path, "look at the hook")(error)),
    };
    if kind.is_dir() {
        return Err(HookError::InTheWay {
            path: path.to_path_buf(),
            why: "is a folder where git expects a hook's file; move it away".to_owned(),
        });
    }
    if !path.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(Content::Other(None));
    }
    match fs::read(path) {
        Ok(bytes) => Ok(match script::recognize(&bytes) {
            // A link to a script of ours in another folder is a hook like any other.
            Some(mark) if kind.is_file() => Content::Ours(mark, bytes),
            _ => Content::Other(Some(bytes)),
        }),
        Err(error) => Err(HookError::file(path, "read the hook")(error)),
    }
}

fn changed(path: &Path) -> HookError {
    HookError::InTheWay {
        path: path.to_path_buf(),
        why: format!(
            "was changed since keytrail wrote it; move the change into a file NAME{PREVIOUS} beside it, which it runs first, delete it, and try again"
        ),
    }
}

/// Writes a hook beside its place and moves it there, so that git never runs half of one.
fn write(folder: &Path, path: &Path, text: &str) -> Result<(), HookError> {
    let failed = || HookError::file(path, "write the hook");
    let mut file = tempfile::Builder::new().prefix(".keytrail-").tempfile_in(folder).map_err(failed())?;
    file.write_all(text.as_bytes()).map_err(failed())?;
    make_runnable(file.path())?;
    file.persist(path).map_err(|error| failed()(error.error))?;
    Ok(())
}

#[cfg(unix)]
fn make_runnable(path: &Path) -> Result<(), HookError> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
        .map_err(HookError::file(path, "make the hook runnable"))
}

/// Git for Windows runs what begins with `#!`.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "its twin can fail")]
fn make_runnable(_: &Path) -> Result<(), HookError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn puts_and_takes_and_leaves_no_trace() {
        let folder = folder();
        let at = folder.path();
        assert_eq!(put(at, "pre-commit", Form::Chain, false).expect("put"), Put::Fresh);
        assert_eq!(put(at, "pre-commit", Form::Chain, false).expect("put"), Put::Unchanged);
        assert_eq!(take(at, "pre-commit").expect("taken"), Taken::Removed { made_folder: false });
        assert_eq!(take(at, "pre-commit").expect("nothing"), Taken::Nothing);
        assert_eq!(fs::read_dir(at).expect("a folder").count(), 0);
    }

    #[test]
    fn keeps_what_was_there() {
        let folder = folder();
        let at = folder.path();
        let hook = at.join("pre-push");
        fs::write(&hook, b"#!/bin/sh\nexit 0").expect("written");
        assert_eq!(put(at, "pre-push", Form::Chain, false).expect("put"), Put::Chained);
        assert_eq!(put(at, "pre-push", Form::Chain, false).expect("put"), Put::Unchanged);
        assert_eq!(take(at, "pre-push").expect("taken"), Taken::Restored);
        assert_eq!(fs::read(&hook).expect("back"), b"#!/bin/sh\nexit 0");
        assert_eq!(fs::read_dir(at).expect("a folder").count(), 1);
    }

    #[test]
    fn finds_its_script_where_the_framework_moved_it() {
        let folder = folder();
        let at = folder.path();
        put(at, "pre-commit", Form::Chain, false).expect("put");
        fs::rename(at.join("pre-commit"), at.join("pre-commit.legacy")).expect("moved");
        fs::write(at.join("pre-commit"), "framework").expect("written");
        assert_eq!(put(at, "pre-commit", Form::Chain, false).expect("there"), Put::Unchanged);
        assert_eq!(take(at, "pre-commit").expect("taken"), Taken::Removed { made_folder: false });
        assert!(!at.join("pre-commit.legacy").exists());
        assert_eq!(fs::read(at.join("pre-commit")).expect("still there"), b"framework");
    }

    #[test]
    fn a_hook_written_over_ours_is_chained_again_or_told() {
        let folder = folder();
        let at = folder.path();
        let hook = at.join("commit-msg");
        fs::write(&hook, "manager").expect("written");
        put(at, "commit-msg", Form::Chain, false).expect("put");
        fs::write(&hook, "manager").expect("written");
        assert_eq!(put(at, "commit-msg", Form::Chain, false).expect("put"), Put::Chained);
        fs::write(&hook, "another").expect("written");
        let error = put(at, "commit-msg", Form::Chain, false).expect_err("two hooks").to_string();
        assert!(error.contains("keytrail-previous") && error.contains("another hook"), "{error}");
        assert_eq!(fs::read(&hook).expect("untouched"), b"another");
    }

    #[test]
    fn an_older_script_is_replaced_a_newer_stays_a_changed_one_is_told() {
        let folder = folder();
        let at = folder.path();
        let hook = at.join("pre-commit");
        put(at, "pre-commit", Form::Pass, true).expect("put");
        assert_eq!(put(at, "pre-commit", Form::Global, false).expect("put"), Put::Replaced);
        let (_, mark) = ours(at, "pre-commit").expect("readable").expect("ours");
        assert!(mark.made_folder && mark.form == Some(Form::Global));
        let mut text = fs::read_to_string(&hook).expect("text");
        text.push_str("# mine\n");
        fs::write(&hook, &text).expect("written");
        assert!(put(at, "pre-commit", Form::Chain, false).is_err());
        assert!(take(at, "pre-commit").is_err());
        assert_eq!(fs::read_to_string(&hook).expect("untouched"), text);
        fs::write(&hook, "#!/bin/sh\n# keytrail-hook 99 chain pre-commit 0123456789abcdef\n")
            .expect("written");
        assert_eq!(put(at, "pre-commit", Form::Chain, false).expect("left"), Put::Newer);
        assert_eq!(take(at, "pre-commit").expect("gone"), Taken::Removed { made_folder: false });
    }

    #[test]
    fn a_folder_in_the_way_is_told() {
        let folder = folder();
        fs::create_dir(folder.path().join("pre-commit")).expect("made");
        let error = put(folder.path(), "pre-commit", Form::Chain, false).expect_err("a folder");
        assert!(matches!(error, HookError::InTheWay { .. }));
    }

    #[cfg(unix)]
    #[test]
    fn links_and_modes_come_back_as_they_were() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = folder();
        let at = folder.path();
        symlink("nowhere/at-all", at.join("pre-commit")).expect("linked");
        fs::write(at.join("pre-push"), "#!/bin/sh\n").expect("written");
        fs::set_permissions(at.join("pre-push"), fs::Permissions::from_mode(0o640)).expect("set");
        for name in ["pre-commit", "pre-push"] {
            assert_eq!(put(at, name, Form::Chain, false).expect("put"), Put::Chained);
            let mode = at.join(name).symlink_metadata().expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o755);
            assert_eq!(take(at, name).expect("taken"), Taken::Restored);
        }
        assert_eq!(fs::read_link(at.join("pre-commit")).expect("a link"), Path::new("nowhere/at-all"));
        let mode = at.join("pre-push").metadata().expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}
