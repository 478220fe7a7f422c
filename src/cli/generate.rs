//! Shell completions and manual pages.

use crate::cli::{Cli, Failure};
use clap::{Args, CommandFactory};
use std::io::Write;
use std::path::PathBuf;

/// Flags of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    shell: clap_complete::Shell,
}

/// Flags of `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Write a page for each command into this folder.
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// `keytrail completions`.
pub fn completions(args: &CompletionsArgs) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "keytrail", &mut script);
    print(&script)
}

/// `keytrail man`.
pub fn man(args: &ManArgs) -> Result<u8, Failure> {
    let Some(folder) = &args.dir else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command()).render(&mut page).map_err(Failure::usage)?;
        return print(&page);
    };
    clap_mangen::generate_to(Cli::command(), folder).map_err(|error| {
        Failure::usage(
            anyhow::Error::from(error).context(format!("cannot write pages into {}", folder.display())),
        )
    })?;
    Ok(0)
}

/// To standard output; a reader that goes away is no failure.
pub fn print(bytes: &[u8]) -> Result<u8, Failure> {
    match std::io::stdout().lock().write_all(bytes) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::usage(error)),
        _ => Ok(0),
    }
}
