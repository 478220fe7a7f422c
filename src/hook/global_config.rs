//! Adding `core.hooksPath` to git's global configuration file, and taking it out so that the file
//! is byte for byte what it was.

use super::HookError;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Stands at the end of our line. What follows says how the file looked before.
const MARK: &str = "# set by keytrail hook install --global";

const SECTION: &[u8] = b"[core]";

/// What the file looked like before our lines were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// There was none.
    NoFile,
    /// Its last line had no end.
    OpenLine,
    /// Anything else.
    Plain,
}

impl Before {
    const fn words(self) -> &'static str {
        match self {
            Self::NoFile => ", with the file",
            Self::OpenLine => ", with a line's end",
            Self::Plain => "",
        }
    }
}

/// Sets `core.hooksPath` to `folder` at the end of the file, where it counts.
pub(super) fn set(file: &Path, folder: &Path) -> Result<(), HookError> {
    let value = quoted(folder)?;
    edit(file, |old| {
        let (mut text, before) = match old {
            None => (Vec::new(), Before::NoFile),
            Some(text) if text.is_empty() || text.ends_with(b"\n") => (text, Before::Plain),
            Some(mut text) => {
                text.push(b'\n');
                (text, Before::OpenLine)
            }
        };
        text.extend_from_slice(SECTION);
        text.extend_from_slice(b"\n\thooksPath = ");
        text.extend_from_slice(&value);
        text.extend_from_slice(format!(" {MARK}{}\n", before.words()).as_bytes());
        Some(Some(text))
    })
    .map(drop)
}

/// Takes our line out. False where there is none, because the user set the key or changed it.
pub(super) fn unset(file: &Path) -> Result<bool, HookError> {
    if !file.is_file() {
        return Ok(false);
    }
    edit(file, |old| without_ours(&old?))
}

/// The text without our lines, the inner `None` where the file is to go; the outer `None` where
/// there are no lines of ours.
#[expect(clippy::option_option, reason = "two different things may be absent")]
fn without_ours(text: &[u8]) -> Option<Option<Vec<u8>>> {
    let lines: Vec<&[u8]> = text.split_inclusive(|&byte| byte == b'\n').collect();
    let (at, before) = lines.iter().enumerate().find_map(|(at, line)| {
        let line = line.trim_ascii();
        // Git takes the comment off when it changes the value, so what has it is ours.
        if !line.to_ascii_lowercase().starts_with(b"hookspath") {
            return None;
        }
        [Before::NoFile, Before::OpenLine, Before::Plain]
            .into_iter()
            .find(|before| line.ends_with(format!("{MARK}{}", before.words()).as_bytes()))
            .map(|before| (at, before))
    })?;
    // The section's head goes too, unless something else has been added to the section since.
    let next = lines[at + 1..].iter().map(|line| line.trim_ascii()).find(|line| !line.is_empty());
    let alone =
        at > 0 && lines[at - 1].trim_ascii() == SECTION && next.is_none_or(|next| next.starts_with(b"["));
    let from = if alone { at - 1 } else { at };
    let mut head = lines[..from].concat();
    let tail = lines[at + 1..].concat();
    if alone && before == Before::OpenLine && tail.is_empty() && head.ends_with(b"\n") {
        head.pop();
    }
    head.extend_from_slice(&tail);
    if head.is_empty() && before == Before::NoFile { Some(None) } else { Some(Some(head)) }
}

/// A value as git's configuration quotes it.
fn quoted(folder: &Path) -> Result<Vec<u8>, HookError> {
    let why = |why: &str| HookError::Config { what: folder.display().to_string(), why: why.to_owned() };
    #[cfg(unix)]
    let bytes = std::os::unix::ffi::OsStrExt::as_bytes(folder.as_os_str()).to_vec();
    #[cfg(not(unix))]
    let bytes = folder
        .to_str()
        .ok_or_else(|| why("the path of the hooks' folder is no Unicode"))?
        .replace('\\', "/")
        .into_bytes();
    if bytes.iter().any(|byte| matches!(byte, 0..=31)) {
        return Err(why("the path of the hooks' folder has control characters in it; set XDG_CONFIG_HOME"));
    }
    let mut value = vec![b'"'];
    for byte in bytes {
        if matches!(byte, b'"' | b'\\') {
            value.push(b'\\');
        }
        value.push(byte);
    }
    value.push(b'"');
    Ok(value)
}

/// Changes a file under git's lock (`FILE.lock`, taken by creating it). The change is given the
/// text, `None` where there is no file, and gives back what shall be there; false where it gives
/// nothing back.
fn edit(
    file: &Path,
    change: impl FnOnce(Option<Vec<u8>>) -> Option<Option<Vec<u8>>>,
) -> Result<bool, HookError> {
    let config = |why: String| HookError::Config { what: file.display().to_string(), why };
    // Settings are often a link into a folder of their own, which must stay one.
    let real = match file.canonicalize() {
        Ok(real) => real,
        Err(error) if error.kind() == ErrorKind::NotFound => file.to_path_buf(),
        Err(error) => return Err(HookError::file(file, "read git's configuration")(error)),
    };
    let metadata = real.metadata().ok();
    if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
        return Err(config("it is not a file; look at GIT_CONFIG_GLOBAL".to_owned()));
    }
    let lock = Lock::take(&real)?;
    let old = match fs::read(&real) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(HookError::file(&real, "read git's configuration")(error)),
    };
    match change(old) {
        None => Ok(false),
        Some(None) => {
            fs::remove_file(&real).map_err(HookError::file(&real, "remove git's configuration"))?;
            Ok(true)
        }
        Some(Some(text)) => {
            lock.replace(&real, &text, metadata.map(|metadata| metadata.permissions()))?;
            Ok(true)
        }
    }
}

/// Git's lock on a file: gone when dropped.
struct Lock {
    path: PathBuf,
    file: fs::File,
}

impl Lock {
    fn take(file: &Path) -> Result<Self, HookError> {
        let mut path = file.as_os_str().to_owned();
        path.push(".lock");
        let path = PathBuf::from(path);
        match fs::File::options().write(true).create_new(true).open(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(HookError::InTheWay {
                path,
                why: "another git command is writing this file; try again, and delete the lock if no git is running"
                    .to_owned(),
            }),
            Err(error) => Err(HookError::file(file, "write git's configuration")(error)),
        }
    }

    fn replace(
        mut self,
        real: &Path,
        text: &[u8],
        permissions: Option<fs::Permissions>,
    ) -> Result<(), HookError> {
        let failed = || HookError::file(real, "write git's configuration");
        self.file.write_all(text).and_then(|()| self.file.sync_all()).map_err(failed())?;
        if let Some(permissions) = permissions {
            self.file.set_permissions(permissions).map_err(failed())?;
        }
        fs::rename(&self.path, real).map_err(failed())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(text: Option<&str>) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(".gitconfig");
        if let Some(text) = text {
            fs::write(&file, text).expect("written");
        }
        let hooks = Path::new("/a \"quoted\" folder/with\\slash # and ; hooks");
        set(&file, hooks).expect("set");
        let config = git2::Config::open(&file).expect("git's own form");
        assert_eq!(config.get_string("core.hooksPath").expect("there"), hooks.to_string_lossy());
        drop(config);
        assert!(unset(&file).expect("readable"));
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), text);
        assert!(!unset(&file).expect("readable"), "nothing of ours is left");
        assert!(!folder.path().join(".gitconfig.lock").exists());
    }

    #[test]
    fn the_file_comes_back_byte_for_byte() {
        round_trip(None);
        round_trip(Some(""));
        round_trip(Some("[user]\n\tname = x\n"));
        round_trip(Some("[user]\r\n\tname = x\r\n\r\n"));
        round_trip(Some("[core]\n\teditor = vi"));
        round_trip(Some("# only a comment"));
    }

    #[test]
    fn what_was_added_since_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        set(&file, Path::new("/hooks")).expect("set");
        let mut config = git2::Config::open(&file).expect("open");
        config.set_str("core.editor", "vi").expect("set");
        drop(config);
        assert!(unset(&file).expect("readable"));
        let config = git2::Config::open(&file).expect("open");
        assert_eq!(config.get_string("core.editor").expect("still in its section"), "vi");
        assert!(config.get_string("core.hooksPath").is_err());
    }

    #[test]
    fn a_value_that_the_user_changed_is_not_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        set(&file, Path::new("/hooks")).expect("set");
        let mut config = git2::Config::open(&file).expect("open");
        config.set_str("core.hooksPath", "/mine").expect("set");
        drop(config);
        let text = fs::read(&file).expect("text");
        assert!(!unset(&file).expect("readable"));
        assert_eq!(fs::read(&file).expect("text"), text);
    }

    #[test]
    fn a_lock_and_a_device_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        fs::write(folder.path().join("config.lock"), "").expect("written");
        assert!(matches!(set(&file, Path::new("/hooks")), Err(HookError::InTheWay { .. })));
        assert!(folder.path().join("config.lock").exists(), "another's lock stays");
        assert!(set(folder.path(), Path::new("/hooks")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link_and_the_mode_stays() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "[user]\n").expect("written");
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).expect("set");
        symlink("real", &link).expect("linked");
        set(&link, Path::new("/hooks")).expect("set");
        assert!(link.symlink_metadata().expect("there").is_symlink());
        assert_eq!(real.metadata().expect("there").permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&real).expect("text").contains("hooksPath"));
    }
}
