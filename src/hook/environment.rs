//! The part of the process's environment that says where git looks for its settings.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;

/// What git takes from the environment to find its configuration. It is a value of its own so that
/// nothing below it reads the process's environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The user's home folder: `HOME`, on Windows else `USERPROFILE`.
    pub home: Option<PathBuf>,
    /// `XDG_CONFIG_HOME`, if it is absolute, as its specification demands.
    pub xdg_config_home: Option<PathBuf>,
    /// `APPDATA`, on Windows only.
    pub app_data: Option<PathBuf>,
    /// `GIT_CONFIG_GLOBAL`: the file that stands for both global ones.
    pub git_config_global: Option<PathBuf>,
    /// `GIT_CONFIG_SYSTEM`: the file that stands for the system's.
    pub git_config_system: Option<PathBuf>,
    /// `GIT_CONFIG_NOSYSTEM`: the system's configuration is not read.
    pub no_system: bool,
    /// `GIT_DIR`: the repository, wherever one stands.
    pub git_dir: Option<PathBuf>,
}

impl Environment {
    /// What this process was started with.
    pub fn from_process() -> Self {
        let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let on_windows = |name: &str| if cfg!(windows) { path(name) } else { None };
        Self {
            home: path("HOME").or_else(|| on_windows("USERPROFILE")),
            xdg_config_home: path("XDG_CONFIG_HOME").filter(|path| path.is_absolute()),
            app_data: on_windows("APPDATA"),
            // Set but empty still means "no global file" to git, so it is kept.
            git_config_global: env::var_os("GIT_CONFIG_GLOBAL").map(PathBuf::from),
            git_config_system: env::var_os("GIT_CONFIG_SYSTEM").map(PathBuf::from),
            no_system: env::var_os("GIT_CONFIG_NOSYSTEM").is_some_and(|value| is_true(&value)),
            git_dir: path("GIT_DIR"),
        }
    }

    /// The folder of the user's settings for programs such as this one: `XDG_CONFIG_HOME`, on
    /// Windows `APPDATA`, else `.config` in the home folder.
    pub fn settings(&self) -> Option<PathBuf> {
        self.xdg_config_home.clone().or_else(|| self.app_data.clone()).or_else(|| self.in_home(".config"))
    }

    /// Git's global configuration files, whether they are there or not, the one that counts more
    /// first (git-config, section FILES).
    pub fn global_files(&self) -> Vec<PathBuf> {
        if let Some(path) = &self.git_config_global {
            return vec![path.clone()];
        }
        let xdg = self.xdg_config_home.clone().or_else(|| self.in_home(".config"));
        let xdg = xdg.map(|folder| folder.join("git").join("config"));
        self.in_home(".gitconfig").into_iter().chain(xdg).collect()
    }

    /// The file that `git config --global` would write to: the first that is there, else the first.
    pub fn global_file(&self) -> Option<PathBuf> {
        let files = self.global_files();
        files.iter().find(|path| path.exists()).or(files.first()).cloned()
    }

    fn in_home(&self, name: &str) -> Option<PathBuf> {
        self.home.as_deref().map(|home| home.join(name))
    }
}

/// What git takes for true in a variable.
fn is_true(value: &OsStr) -> bool {
    let value = value.to_string_lossy().to_ascii_lowercase();
    !matches!(value.as_str(), "" | "0" | "false" | "no" | "off")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_global_file_is_the_one_git_would_write() {
        let home = tempfile::tempdir().expect("a folder");
        let mut environment = Environment { home: Some(home.path().to_path_buf()), ..Environment::default() };
        assert_eq!(environment.global_file(), Some(home.path().join(".gitconfig")));
        let xdg = home.path().join(".config/git/config");
        fs::create_dir_all(xdg.parent().expect("a parent")).expect("made");
        fs::write(&xdg, "").expect("written");
        assert_eq!(environment.global_file(), Some(xdg));
        fs::write(home.path().join(".gitconfig"), "").expect("written");
        assert_eq!(environment.global_file(), Some(home.path().join(".gitconfig")));
        environment.git_config_global = Some(PathBuf::from("/elsewhere"));
        assert_eq!(environment.global_file(), Some(PathBuf::from("/elsewhere")));
        assert_eq!(Environment::default().global_file(), None);
    }

    #[test]
    fn truth_is_read_as_git_reads_it() {
        assert!(is_true(OsStr::new("1")) && is_true(OsStr::new("Yes")));
        assert!(!is_true(OsStr::new("0")) && !is_true(OsStr::new("False")) && !is_true(OsStr::new("")));
    }
}
