//! Where git looks for a repository's hooks (git-config, `core.hooksPath`; githooks, DESCRIPTION).

use super::{Environment, HookError};
use git2::{Config, ConfigLevel, Repository, RepositoryOpenFlags};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// A value of `core.hooksPath` with the configuration that it stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    pub(super) value: Vec<u8>,
    pub(super) level: ConfigLevel,
}

impl Setting {
    pub(super) fn level_name(&self) -> &'static str {
        match self.level {
            ConfigLevel::ProgramData | ConfigLevel::System => "system",
            ConfigLevel::XDG | ConfigLevel::Global => "global",
            ConfigLevel::Worktree => "worktree's",
            _ => "repository's",
        }
    }

    pub(super) fn is_shared(&self) -> bool {
        matches!(self.level_name(), "system" | "global")
    }

    pub(super) fn is_global(&self) -> bool {
        self.level_name() == "global"
    }

    pub(super) fn wrong(&self, why: impl Into<String>) -> HookError {
        let value = String::from_utf8_lossy(&self.value).into_owned();
        HookError::HooksPath { value, level: self.level_name(), why: why.into() }
    }

    /// The path that the value means; `base` is what a relative one starts from.
    pub(super) fn path(&self, environment: &Environment, base: Option<&Path>) -> Result<PathBuf, HookError> {
        let value = self.value.as_slice();
        if value.is_empty() {
            return Err(self.wrong("it is empty, so git runs no hooks; set it to a folder or unset it"));
        }
        if value.starts_with(b"%(prefix)") || value.starts_with(b":(") {
            return Err(self.wrong("only git itself knows what this stands for; write the path out"));
        }
        let path = match value {
            [b'~'] | [b'~', b'/', ..] => {
                let home = environment.home.as_deref().ok_or(HookError::NoHome("HOME"))?;
                home.join(path_of(value.get(2..).unwrap_or_default()))
            }
            [b'~', ..] => {
                return Err(
                    self.wrong("the home folder of a user by name is not supported; write the path out")
                );
            }
            _ => path_of(value),
        };
        let path = match base {
            _ if path.has_root() => path,
            Some(base) => base.join(path),
            None => {
                return Err(self.wrong(
                    "it is relative, so it means another folder in each repository; make it absolute, or install without --global",
                ));
            }
        };
        if path.exists() && !path.is_dir() {
            return Err(
                self.wrong("it is not a folder, so git runs no hooks; set it to a folder or unset it")
            );
        }
        Ok(path)
    }
}

/// The folder of a repository's hooks.
pub(super) struct Place {
    pub(super) folder: PathBuf,
    /// What sets the folder; `None` where it is git's default.
    pub(super) setting: Option<Setting>,
    pub(super) repo: Repository,
}

impl Place {
    /// The place of the repository that `start` is in, or that `GIT_DIR` names.
    pub(super) fn find(start: &Path, environment: &Environment) -> Result<Self, HookError> {
        let none: [&OsStr; 0] = [];
        let (from, flags) = match &environment.git_dir {
            Some(git_dir) => {
                (git_dir.as_path(), RepositoryOpenFlags::NO_SEARCH | RepositoryOpenFlags::NO_DOTGIT)
            }
            None => (start, RepositoryOpenFlags::empty()),
        };
        let repo = Repository::open_ext(from, flags, none)
            .map_err(|error| HookError::NotARepository { path: from.to_path_buf(), error })?;
        let config = repo.config().map_err(|error| unusable("core.hooksPath", &error))?;
        let setting = effective(&config, environment)?;
        let folder = match &setting {
            // Git runs hooks at the top of the working tree, in a bare repository in the git
            // directory; a relative path starts from there.
            Some(setting) => setting.path(environment, Some(repo.workdir().unwrap_or(repo.path())))?,
            // Linked worktrees have no hooks of their own.
            None => repo.commondir().join("hooks"),
        };
        Ok(Self { folder: tidy(&folder), setting, repo })
    }

    /// Whether the folder is neither in the working tree nor in the git directory.
    pub(super) fn is_outside(&self) -> bool {
        let within = |top: &Path| canonical(&self.folder).starts_with(canonical(top));
        !(self.repo.workdir().is_some_and(within)
            || within(self.repo.commondir())
            || within(self.repo.path()))
    }

    /// Whether the folder is among the files that git tracks or could track.
    pub(super) fn is_tracked(&self) -> bool {
        let Some(top) = self.repo.workdir() else { return false };
        let (top, folder) = (canonical(top), canonical(&self.folder));
        let in_git_dir = folder.starts_with(canonical(self.repo.commondir()));
        match folder.strip_prefix(&top) {
            Ok(inside) if !in_git_dir => {
                !self.repo.is_path_ignored(inside.join("pre-commit")).unwrap_or(false)
            }
            _ => false,
        }
    }
}

/// The value of `core.hooksPath` that counts among all that are set in a configuration.
pub(super) fn effective(config: &Config, environment: &Environment) -> Result<Option<Setting>, HookError> {
    let mut settings = Vec::new();
    for setting in entries(config)? {
        let replaced = match setting.level {
            ConfigLevel::XDG | ConfigLevel::Global => environment.git_config_global.is_some(),
            ConfigLevel::ProgramData | ConfigLevel::System => {
                environment.no_system || environment.git_config_system.is_some()
            }
            _ => false,
        };
        if !replaced {
            settings.push(setting);
        }
    }
    if let Some(path) = environment.git_config_system.as_deref().filter(|_| !environment.no_system) {
        settings.extend(in_file(path, ConfigLevel::System)?);
    }
    if let Some(path) = environment.git_config_global.as_deref() {
        settings.extend(in_file(path, ConfigLevel::Global)?);
    }
    // Of equals `max_by_key` takes the last, as git does.
    Ok(settings.into_iter().max_by_key(|setting| setting.level as i32))
}

fn in_file(path: &Path, level: ConfigLevel) -> Result<Vec<Setting>, HookError> {
    // A variable that is empty or names a device means that there is no such file.
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let what = path.display().to_string();
    let mut config = Config::new().map_err(|error| unusable(&what, &error))?;
    config.add_file(path, level, false).map_err(|error| unusable(&what, &error))?;
    entries(&config)
}

fn entries(config: &Config) -> Result<Vec<Setting>, HookError> {
    let failed = |error| unusable("core.hooksPath", &error);
    let mut settings = Vec::new();
    let mut found = config.entries(Some("^core\\.hookspath$")).map_err(failed)?;
    while let Some(entry) = found.next() {
        let entry = entry.map_err(failed)?;
        // `hooksPath` without a value is a boolean and no path; git refuses it.
        let value = if entry.has_value() { entry.value_bytes().to_vec() } else { Vec::new() };
        settings.push(Setting { value, level: entry.level() });
    }
    Ok(settings)
}

fn unusable(what: &str, error: &git2::Error) -> HookError {
    HookError::Config { what: what.to_owned(), why: error.message().to_owned() }
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    PathBuf::from(OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// Without `.` and trailing slashes, for display; `..` stays, for it may follow a link.
fn tidy(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}

/// With links resolved as far as the path is there.
pub(super) fn canonical(path: &Path) -> PathBuf {
    for top in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (top.canonicalize(), path.strip_prefix(top)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn setting(value: &str) -> Setting {
        Setting { value: value.as_bytes().to_vec(), level: ConfigLevel::Global }
    }

    #[test]
    fn values_become_paths() {
        let environment = Environment { home: Some(PathBuf::from("/home/u")), ..Environment::default() };
        let base = Some(Path::new("/repo"));
        let path = |value: &str| setting(value).path(&environment, base).expect("a path");
        assert_eq!(path("~/h"), Path::new("/home/u/h"));
        assert_eq!(path("~"), Path::new("/home/u/"));
        assert_eq!(path(".githooks/"), Path::new("/repo/.githooks"));
        assert_eq!(path("/srv/no-such hooks"), Path::new("/srv/no-such hooks"));
        for bad in ["", "~someone/h", "%(prefix)/h"] {
            let error = setting(bad).path(&environment, base).expect_err("told").to_string();
            assert!(error.contains("core.hooksPath") && error.contains("global"), "{error}");
        }
        assert!(setting("hooks").path(&environment, None).is_err());
        assert!(matches!(setting("~/h").path(&Environment::default(), base), Err(HookError::NoHome(_))));
    }

    #[test]
    fn a_value_that_is_no_folder_is_told() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let value = setting(&file.path().to_string_lossy());
        let error = value.path(&Environment::default(), None).expect_err("told").to_string();
        assert!(error.contains("not a folder"), "{error}");
    }

    #[test]
    fn the_nearest_configuration_wins() {
        let folder = tempfile::tempdir().expect("a folder");
        let (system, global) = (folder.path().join("system"), folder.path().join("global"));
        fs::write(&system, "[core]\n\thooksPath = /system\n").expect("written");
        let environment = Environment {
            git_config_system: Some(system),
            git_config_global: Some(global.clone()),
            ..Environment::default()
        };
        let repo = Repository::init(folder.path().join("repo")).expect("a repository");
        let value = || {
            let config = repo.config().expect("a configuration");
            effective(&config, &environment).expect("readable").map(|found| (found.value, found.level))
        };
        assert_eq!(value(), Some((b"/system".to_vec(), ConfigLevel::System)));
        fs::write(&global, "[core]\n\thooksPath = /one\n\thooksPath = /two\n").expect("written");
        assert_eq!(value(), Some((b"/two".to_vec(), ConfigLevel::Global)));
        repo.config().expect("a configuration").set_str("core.hooksPath", "/local").expect("set");
        assert_eq!(value(), Some((b"/local".to_vec(), ConfigLevel::Local)));
    }
}
