//! `keytrail hook install` and `keytrail hook uninstall`.

use super::place::Place;
use super::script::{Form, PREVIOUS};
use super::slot::{self, Put, Taken};
use super::{Environment, HookError, Stage, global};
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// What to install or take away, and where.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// A folder in the repository; not looked at with `global`.
    pub folder: &'a Path,
    /// The hooks. None means pre-commit when installing and all of them when taking away.
    pub stages: &'a [Stage],
    /// For all repositories of the user instead of one.
    pub global: bool,
    /// Where git looks for its settings.
    pub environment: &'a Environment,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The folder of the hooks.
    pub folder: PathBuf,
    /// What became of each hook, in the order of [`Stage::INSTALLABLE`].
    pub changes: Vec<Change>,
    /// What the user should know besides, a sentence each.
    pub notices: Vec<String>,
}

/// What became of one hook. Its `Display` is a line for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The hook.
    pub stage: Stage,
    /// Its file.
    pub path: PathBuf,
    /// What was done.
    pub done: Done,
}

/// What was done with one hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Put in place where there was none.
    Installed,
    /// Put in place; the hook that was there still runs, first.
    Chained,
    /// An older script of keytrail's was replaced.
    Upgraded,
    /// It was already in place.
    Unchanged,
    /// A script of a later keytrail is in place and stays.
    Newer,
    /// Taken away.
    Removed,
    /// Taken away; the hook that was there before is there again.
    Restored,
    /// There was nothing of keytrail's to take away.
    NotInstalled,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.done {
            Done::Installed => "installed",
            Done::Chained => "installed; the hook that was there runs first",
            Done::Upgraded => "brought up to date",
            Done::Unchanged => "already installed",
            Done::Newer => "already installed by a later version of keytrail",
            Done::Removed => "removed",
            Done::Restored => "removed; the hook that was there before is back",
            Done::NotInstalled => "not installed",
        };
        write!(f, "{}: {words} ({})", self.stage, self.path.display())
    }
}

/// Puts hooks in place. Doing so again changes nothing, or brings older ones up to date.
///
/// # Errors
/// No repository, a folder that cannot hold hooks or be written to, or a file in the way. What was
/// put in place before the error stays.
pub fn install(request: Request<'_>) -> Result<Report, HookError> {
    let stages = stages(request.stages, &[Stage::PreCommit])?;
    if request.global {
        return global::install(&stages, request.environment);
    }
    let place = Place::find(request.folder, request.environment)?;
    let notices = notices(&place, &stages);
    let mut report = put_all(&place.folder, &stages, Form::Chain)?;
    report.notices.splice(0..0, notices);
    Ok(report)
}

/// Takes hooks away and puts back, byte for byte, what was there before.
///
/// # Errors
/// No repository, or a file that cannot be changed or was changed by someone else.
pub fn uninstall(request: Request<'_>) -> Result<Report, HookError> {
    let stages = stages(request.stages, &Stage::INSTALLABLE)?;
    if request.global {
        return global::uninstall(&stages, request.environment);
    }
    let place = Place::find(request.folder, request.environment)?;
    take_all(&place.folder, &stages)
}

/// Puts the scripts for some stages into a folder.
pub(super) fn put_all(folder: &Path, stages: &[Stage], form: Form) -> Result<Report, HookError> {
    let made_folder = !folder.is_dir();
    fs::create_dir_all(folder).map_err(HookError::file(folder, "make the folder of the hooks"))?;
    let mut report = Report { folder: folder.to_path_buf(), changes: Vec::new(), notices: Vec::new() };
    for &stage in stages {
        let done = match slot::put(folder, stage.name(), form, made_folder)? {
            Put::Fresh => Done::Installed,
            Put::Chained => Done::Chained,
            Put::Replaced => Done::Upgraded,
            Put::Unchanged => Done::Unchanged,
            Put::Newer => Done::Newer,
        };
        let path =
            slot::ours(folder, stage.name())?.map_or_else(|| folder.join(stage.name()), |(path, _)| path);
        if done == Done::Chained {
            report.notices.extend(about_previous(folder, stage));
        }
        report.changes.push(Change { stage, path, done });
    }
    Ok(report)
}

/// Takes the scripts for some stages out of a folder, and the folder if it was made for them.
pub(super) fn take_all(folder: &Path, stages: &[Stage]) -> Result<Report, HookError> {
    let mut report = Report { folder: folder.to_path_buf(), changes: Vec::new(), notices: Vec::new() };
    let mut made = false;
    for &stage in stages {
        let path =
            slot::ours(folder, stage.name())?.map_or_else(|| folder.join(stage.name()), |(path, _)| path);
        let done = match slot::take(folder, stage.name())? {
            Taken::Nothing => Done::NotInstalled,
            Taken::Removed { made_folder } => {
                made |= made_folder;
                Done::Removed
            }
            Taken::Restored => Done::Restored,
        };
        let saved = slot::previous(folder, stage.name());
        if done == Done::NotInstalled && saved.symlink_metadata().is_ok() {
            report.notices.push(format!(
                "{} was written anew by something else; the hook that keytrail kept is still at {}",
                path.display(),
                saved.display()
            ));
        }
        report.changes.push(Change { stage, path, done });
    }
    if made {
        // Fails, as it should, where something else is in it.
        let _ = fs::remove_dir(folder);
    }
    Ok(report)
}

fn stages(asked: &[Stage], default: &[Stage]) -> Result<Vec<Stage>, HookError> {
    if let Some(stage) = asked.iter().find(|stage| !Stage::INSTALLABLE.contains(stage)) {
        return Err(HookError::NotInstallable(*stage));
    }
    let wanted = if asked.is_empty() { default } else { asked };
    Ok(Stage::INSTALLABLE.into_iter().filter(|stage| wanted.contains(stage)).collect())
}

/// What a user may not expect of the folder that the hooks go to.
fn notices(place: &Place, stages: &[Stage]) -> Vec<String> {
    let mut notices = Vec::new();
    let folder = place.folder.display();
    match &place.setting {
        Some(setting) if setting.is_shared() => notices.push(format!(
            "core.hooksPath of the {} git configuration leads to {folder}: every repository that uses it gets the hook",
            setting.level_name()
        )),
        Some(_) if place.is_outside() => notices.push(format!(
            "core.hooksPath leads out of this repository, to {folder}: whoever else uses that folder gets the hook too"
        )),
        Some(_) if place.folder.ends_with(".husky/_") => notices.push(format!(
            "husky writes {folder} anew whenever it installs: to stay, add `keytrail hook run STAGE \"$@\"` to .husky/STAGE as well"
        )),
        Some(_) if place.is_tracked() => notices.push(format!(
            "core.hooksPath leads to {folder}, which is part of the working tree: the hook shows up in `git status`, and all who use the folder get it if you commit it"
        )),
        _ => {}
    }
    let has_worktrees = place.repo.worktrees().is_ok_and(|worktrees| !worktrees.is_empty());
    if place.repo.is_bare() && !has_worktrees && !stages.is_empty() {
        notices.push(
            "this is a bare repository, in which git runs none of these hooks: on a server, call `keytrail hook run pre-receive` from its pre-receive hook"
                .to_owned(),
        );
    }
    notices
}

/// What a user may not expect of the hook that runs first.
fn about_previous(folder: &Path, stage: Stage) -> Vec<String> {
    let mut notices = Vec::new();
    if slot::previous_is_no_shell(folder, stage.name()) {
        notices.push(format!(
            "the {stage} hook that was there is no shell script: it runs under the name {stage}{PREVIOUS}, so check it if it goes by its own name"
        ));
    }
    if slot::previous_text(folder, stage.name()).contains("lefthook") {
        notices.push(format!(
            "lefthook writes the {stage} hook anew whenever it installs: to stay, add `keytrail hook run {stage} {{0}}` to lefthook.yml as well"
        ));
    }
    notices
}
