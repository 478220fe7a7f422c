//! Hooks for all repositories of a user: `core.hooksPath` in git's global configuration.
//!
//! Git then looks for no hooks in the repositories themselves. Where the folder is ours, it holds a
//! script for every hook that hands over to the repository's own.

use super::install::{Change, Done, Report, put_all, take_all};
use super::place::{self, Setting};
use super::script::{Form, PREVIOUS};
use super::slot;
use super::{Environment, HookError, Stage, global_config};
use git2::Config;
use std::fs;
use std::path::{Path, PathBuf};

/// Git's hooks (githooks) other than those of [`Stage::INSTALLABLE`]. Two are missing because git
/// acts differently as soon as they are there: push-to-checkout and proc-receive.
/// fsmonitor-watchman is called by the path in core.fsmonitor, never from here.
const OTHERS: [&str; 22] = [
    "applypatch-msg",
    "p4-changelist",
    "p4-post-changelist",
    "p4-pre-submit",
    "p4-prepare-changelist",
    "post-applypatch",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-receive",
    "post-rewrite",
    "post-update",
    "pre-applypatch",
    "pre-auto-gc",
    "pre-merge-commit",
    "pre-rebase",
    "pre-receive",
    "prepare-commit-msg",
    "reference-transaction",
    "sendemail-validate",
    "update",
];

pub(super) fn install(stages: &[Stage], environment: &Environment) -> Result<Report, HookError> {
    let own = own_folder(environment)?;
    match setting(environment)? {
        Some(setting) if setting.is_global() => {
            let folder = setting.path(environment, None)?;
            if place::canonical(&folder) == place::canonical(&own) {
                // A folder that was lost is made whole again.
                return fill(&own, stages);
            }
            let mut report = put_all(&folder, stages, Form::Chain)?;
            report.notices.push(format!(
                "the global core.hooksPath was set already, to {}: the hooks are there, and whether a repository's own hooks run is up to that folder",
                folder.display()
            ));
            Ok(report)
        }
        Some(setting) => Err(setting.wrong(
            "a global one would hide the hooks in it; install there (as its owner, without --global), or set core.hooksPath in your global configuration yourself first",
        )),
        None => {
            let file = environment.global_file().ok_or(HookError::NoHome("HOME"))?;
            let mut report = fill(&own, stages)?;
            // Last, so that git never looks into a folder that is not ready.
            if let Err(error) = global_config::set(&file, &own) {
                let _ = empty(&own);
                return Err(error);
            }
            report.notices.push(format!(
                "core.hooksPath is now {} in {}: a repository's own hooks still run, called from there; a repository that sets core.hooksPath itself is left alone",
                own.display(),
                file.display()
            ));
            Ok(report)
        }
    }
}

pub(super) fn uninstall(stages: &[Stage], environment: &Environment) -> Result<Report, HookError> {
    let own = own_folder(environment)?;
    let set = setting(environment)?.filter(Setting::is_global);
    let folder = match &set {
        Some(setting) => setting.path(environment, None)?,
        None => own.clone(),
    };
    if place::canonical(&folder) != place::canonical(&own) {
        return take_all(&folder, stages);
    }
    let installed: Vec<Stage> = Stage::INSTALLABLE
        .into_iter()
        .filter(|stage| {
            let ours = slot::ours(&own, stage.name());
            matches!(ours, Ok(Some((_, mark))) if mark.form != Some(Form::Pass))
        })
        .collect();
    let mut report = Report { folder: own.clone(), changes: Vec::new(), notices: Vec::new() };
    for &stage in stages {
        let done = if installed.contains(&stage) { Done::Removed } else { Done::NotInstalled };
        report.changes.push(Change { stage, path: own.join(stage.name()), done });
    }
    let foreign = foreign(&own);
    if installed.iter().all(|stage| stages.contains(stage)) && foreign.is_none() {
        let mut unset = false;
        // First, so that git never looks into a folder that is gone.
        for file in environment.global_files() {
            unset |= global_config::unset(&file)?;
        }
        if set.is_some() && !unset {
            report.notices.push(format!(
                "core.hooksPath still leads to {}, because keytrail did not set it: as long as it does, git runs no hooks; `git config --global --unset core.hooksPath` ends that",
                own.display()
            ));
        }
        empty(&own)?;
        return Ok(report);
    }
    for stage in stages.iter().filter(|stage| installed.contains(stage)) {
        if slot::previous(&own, stage.name()).symlink_metadata().is_ok() {
            slot::take(&own, stage.name())?;
        } else {
            slot::put(&own, stage.name(), Form::Pass, false)?;
        }
    }
    if let Some(path) = foreign {
        report.notices.push(format!(
            "{} is not keytrail's, so core.hooksPath and the folder stay; the repositories' own hooks are still called from there",
            path.display()
        ));
    }
    Ok(report)
}

/// Writes our folder whole: the stages asked for, those that are installed already, and for every
/// other hook a script that hands over to the repository's.
fn fill(own: &Path, stages: &[Stage]) -> Result<Report, HookError> {
    fs::create_dir_all(own).map_err(HookError::file(own, "make the folder of the hooks"))?;
    for name in OTHERS {
        hand_over(own, name)?;
    }
    let mut handing_over = Vec::new();
    for stage in Stage::INSTALLABLE {
        let form = slot::ours(own, stage.name())?.and_then(|(_, mark)| mark.form);
        if form == Some(Form::Pass) {
            handing_over.push(stage);
        } else if form.is_none() && !stages.contains(&stage) {
            hand_over(own, stage.name())?;
        }
    }
    let mut report = put_all(own, stages, Form::Global)?;
    for change in &mut report.changes {
        // A script that only handed over was no hook of keytrail's to the user.
        if change.done == Done::Upgraded && handing_over.contains(&change.stage) {
            change.done = Done::Installed;
        }
    }
    Ok(report)
}

/// Puts a script in place that hands over to the repository's own hook, unless the user has a hook
/// of that name in the folder.
fn hand_over(own: &Path, name: &str) -> Result<(), HookError> {
    if slot::ours(own, name)?.is_some() || own.join(name).symlink_metadata().is_err() {
        slot::put(own, name, Form::Pass, false)?;
    }
    Ok(())
}

/// Takes our folder away with all that is ours in it.
fn empty(own: &Path) -> Result<(), HookError> {
    for name in OTHERS.into_iter().chain(Stage::INSTALLABLE.map(Stage::name)) {
        slot::take(own, name)?;
    }
    // Both fail, as they should, where something else is in them.
    let _ = fs::remove_dir(own);
    if let Some(parent) = own.parent() {
        let _ = fs::remove_dir(parent);
    }
    Ok(())
}

/// Something in our folder that is not ours, such as a hook that the user put there.
fn foreign(own: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(own).ok()?;
    entries.flatten().map(|entry| entry.path()).find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.ends_with(PREVIOUS) || !matches!(slot::ours(own, &name), Ok(Some((at, _))) if at == *path)
    })
}

/// `$XDG_CONFIG_HOME/keytrail/hooks`, or what stands for it.
fn own_folder(environment: &Environment) -> Result<PathBuf, HookError> {
    let settings = environment.settings().ok_or(HookError::NoHome("HOME"))?;
    Ok(settings.join("keytrail").join("hooks"))
}

/// `core.hooksPath` as it is outside of any repository.
fn setting(environment: &Environment) -> Result<Option<Setting>, HookError> {
    let config = Config::open_default().map_err(|error| HookError::Config {
        what: "core.hooksPath".to_owned(),
        why: error.message().to_owned(),
    })?;
    place::effective(&config, environment)
}
