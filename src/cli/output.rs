//! Where reports go: `-f FORMAT` to standard output, `-f FORMAT=FILE` into a file.

use crate::cli::Failure;
use crate::report::{self, Format, Report, Style};
use anyhow::Context;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// One report that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<F = Format> {
    /// The form.
    pub format: F,
    /// The file; `None` for standard output.
    pub file: Option<PathBuf>,
}

impl<F: FromStr> FromStr for Wanted<F> {
    type Err = F::Err;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text, None),
        };
        Ok(Self { format: format.parse()?, file: file.filter(|file| file.as_os_str() != "-") })
    }
}

/// Refuses what cannot work before any time is spent on scanning.
pub fn check<F>(wanted: &[Wanted<F>]) -> Result<(), Failure> {
    if wanted.iter().filter(|one| one.file.is_none()).count() > 1 {
        return Err(Failure::text(
            "two reports want standard output; give all but one of them a file: -f terminal -f sarif=out.sarif",
        ));
    }
    for (index, one) in wanted.iter().enumerate() {
        let Some(file) = &one.file else { continue };
        if wanted[..index].iter().any(|other| other.file.as_ref() == Some(file)) {
            return Err(Failure::text(format!("two reports want the file {}", file.display())));
        }
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(Failure::text(format!(
                "cannot write {}: there is no folder {}",
                file.display(),
                folder.display()
            )));
        }
    }
    Ok(())
}

/// Writes a report in one format; what it returns is for the user's eyes beside it.
pub type Writer<'a, F = Format> = dyn Fn(F, &mut dyn Write, Style) -> io::Result<Vec<String>> + 'a;

/// Writes all reports of a scan; what the formats could not take goes to standard error.
pub fn write(wanted: &[Wanted], report: &Report<'_>, colour: anstream::ColorChoice) -> Result<(), Failure> {
    write_with(wanted, colour, &|format, out, style| report::write(format, report, out, style))
}

/// The same for reports of any sort.
pub fn write_with<F: Copy>(
    wanted: &[Wanted<F>],
    colour: anstream::ColorChoice,
    writer: &Writer<'_, F>,
) -> Result<(), Failure> {
    for one in wanted {
        let notices = match &one.file {
            Some(file) => write_file(file, one.format, writer)?,
            None => write_stdout(one.format, writer, colour)?,
        };
        for notice in notices {
            let _ = writeln!(io::stderr(), "keytrail: {notice}");
        }
    }
    Ok(())
}

fn write_stdout<F>(
    format: F,
    writer: &Writer<'_, F>,
    colour: anstream::ColorChoice,
) -> Result<Vec<String>, Failure> {
    let stdout = anstream::AutoStream::new(io::stdout().lock(), colour);
    let coloured = stdout.current_choice() != anstream::ColorChoice::Never;
    let mut out = io::BufWriter::new(stdout.into_inner());
    let style = Style { color: coloured, ..Style::default() };
    let written = writer(format, &mut out, style).and_then(|notices| out.flush().map(|()| notices));
    match written {
        Ok(notices) => Ok(notices),
        // `keytrail scan | head` is no failure; the exit code still tells what was found.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Vec::new()),
        Err(error) => {
            Err(Failure::usage(anyhow::Error::from(error).context("cannot write to standard output")))
        }
    }
}

/// Writes a file whole or not at all: aside first, then renamed, unless it is no regular file.
fn write_file<F>(file: &Path, format: F, writer: &Writer<'_, F>) -> Result<Vec<String>, Failure> {
    let failed = |error: io::Error| {
        Failure::usage(anyhow::Error::from(error).context(format!("cannot write {}", file.display())))
    };
    if file.exists() && !file.is_file() {
        let mut out = io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(file).map_err(failed)?);
        let notices = writer(format, &mut out, Style::default()).map_err(failed)?;
        out.flush().map_err(failed)?;
        return Ok(notices);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let aside = tempfile::Builder::new().prefix(".keytrail-").tempfile_in(folder).map_err(failed)?;
    let mut out = io::BufWriter::new(aside);
    let notices = writer(format, &mut out, Style::default()).map_err(failed)?;
    let aside = out.into_inner().map_err(|error| failed(error.into_error()))?;
    share(&aside).map_err(failed)?;
    aside.persist(file).map_err(|error| failed(error.error))?;
    Ok(notices)
}

/// A temporary file is for its owner's eyes only; a report is a file like any other.
fn share(aside: &tempfile::NamedTempFile) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        aside.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = aside;
    Ok(())
}

/// Whether somebody watches standard error.
pub fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// The current folder, for messages and relative paths.
pub fn current_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().context("the current folder cannot be told").map_err(Failure::Usage)
}

/// Writes to standard output. That nobody reads on, as with `| head`, is no failure.
pub fn print(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(anyhow::Error::from(error).context("cannot write to standard output")))
        }
        _ => Ok(()),
    }
}
