//! Files that are written whole or not at all.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Writes beside the target and renames, so that nobody ever reads half a file, whenever the power
/// goes. A link stays a link: what it points at is replaced.
///
/// # Errors
///
/// What the system says; the target is as it was.
pub fn replace(target: &Path, bytes: &[u8]) -> io::Result<()> {
    let target = target.canonicalize().unwrap_or_else(|_| target.to_owned());
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keytrail-");
    // The file is committed and read by others: it gets what any new file would get, not the
    // closed permissions of a temporary one. The system takes the umask off.
    #[cfg(unix)]
    let permissions = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o666);
    #[cfg(unix)]
    builder.permissions(permissions);
    // The library's own message holds the random name, which would differ from run to run.
    let mut file = builder.tempfile_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(bytes)?;
    if let Ok(old) = std::fs::metadata(&target) {
        file.as_file().set_permissions(old.permissions())?;
    }
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    Ok(())
}
