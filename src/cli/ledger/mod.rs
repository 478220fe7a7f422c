//! `keytrail ledger`: the record of what happened.

mod append;
mod exchange;
mod log;
mod sign;
pub(in crate::cli) mod verify;

use crate::cli::{Common, Failure, generate, output};
use crate::ledger::{Ledger, LedgerError, Place};
use crate::settings::{Overrides, Settings};
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The ledger's file if nothing else is said, below the folder of `keytrail.toml`, else the root of the
/// repository, else the current folder.
const FILE_NAME: &str = ".keytrail/ledger.jsonl";

/// Commands about the ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Begin a ledger.
    Init(InitArgs),
    /// Make a key that signs checkpoints, and print the line that verifiers need.
    Keygen(sign::KeygenArgs),
    /// Record an event that standard input holds as JSON: an object with a `type` of its own.
    Append(append::AppendArgs),
    /// Show entries.
    Log(log::LogArgs),
    /// Check all entries, sign the head of the tree, and print the signed checkpoint.
    Checkpoint(sign::CheckpointArgs),
    /// Look for every change, removal, insertion, reordering and truncation (exit code 1).
    Verify(verify::VerifyArgs),
    /// Prove that an entry is in the ledger, for who has only a checkpoint.
    Prove(verify::ProveArgs),
    /// Prove that the ledger of A entries is the beginning of the ledger of B entries.
    Consistency(verify::ConsistencyArgs),
    /// Send a ledger in git to a remote.
    Push(exchange::RemoteArgs),
    /// Get what a remote's ledger in git has more, unless histories forked.
    Fetch(exchange::RemoteArgs),
}

/// Flags that say where the ledger is.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// The ledger's file; else what keytrail.toml says, else .keytrail/ledger.jsonl.
    #[arg(long, value_name = "FILE", env = "KEYTRAIL_LEDGER", conflicts_with = "git")]
    ledger: Option<PathBuf>,
    /// The ledger is in the git ref refs/keytrail/ledger.
    #[arg(long)]
    git: bool,
    /// Read this configuration file instead of looking for keytrail.toml.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long)]
    no_config: bool,
}

/// Flags of `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The ledger's name in checkpoints: a URL without its scheme that nobody else uses; else one made
    /// of the address of the remote `origin`.
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
}

impl PlaceArgs {
    /// The settings for the current folder.
    fn settings(&self) -> Result<Settings, Failure> {
        let overrides =
            Overrides { config: self.config.clone(), no_config: self.no_config, ..Overrides::default() };
        Settings::load(&output::current_folder()?, overrides).map_err(Failure::usage)
    }

    /// Where the ledger is, with the settings.
    fn find(&self) -> Result<(Place, Settings), Failure> {
        let settings = self.settings()?;
        let place = match &self.ledger {
            Some(file) => Place::File(file.clone()),
            None if self.git => Place::Git(output::current_folder()?),
            None => place(&settings, &output::current_folder()?),
        };
        Ok((place, settings))
    }

    /// The ledger, which must be there.
    fn open(&self) -> Result<(Ledger, Settings), Failure> {
        let (place, settings) = self.find()?;
        Ok((Ledger::open(&place).map_err(failed)?, settings))
    }
}

/// Where settings say that the ledger of a folder is.
pub fn place(settings: &Settings, folder: &Path) -> Place {
    let root = match settings.config_path.as_deref().and_then(Path::parent) {
        Some(root) if !root.as_os_str().is_empty() => root.to_owned(),
        _ => git2::Repository::discover(folder)
            .ok()
            .and_then(|repository| repository.workdir().map(Path::to_owned))
            .unwrap_or_else(|| folder.to_owned()),
    };
    if settings.ledger.in_git {
        return Place::Git(root);
    }
    Place::File(settings.ledger.path.clone().unwrap_or_else(|| root.join(FILE_NAME)))
}

/// `keytrail ledger`.
pub fn run(command: LedgerCommand, common: &Common) -> Result<u8, Failure> {
    match command {
        LedgerCommand::Init(args) => init(&args, common),
        LedgerCommand::Keygen(args) => sign::keygen(&args),
        LedgerCommand::Append(args) => append::run(&args, common),
        LedgerCommand::Log(args) => log::run(&args),
        LedgerCommand::Checkpoint(args) => sign::checkpoint(&args, common),
        LedgerCommand::Verify(args) => verify::run(&args),
        LedgerCommand::Prove(args) => verify::prove(&args),
        LedgerCommand::Consistency(args) => verify::consistency(&args),
        LedgerCommand::Push(args) => exchange::push(&args),
        LedgerCommand::Fetch(args) => exchange::fetch(&args, common),
    }
}

fn init(args: &InitArgs, common: &Common) -> Result<u8, Failure> {
    let (place, _) = args.place.find()?;
    let origin = match &args.origin {
        Some(origin) => origin.clone(),
        None => remote_origin().ok_or_else(|| {
            Failure::text(
                "name the ledger with --origin: a URL without its scheme that nobody else uses, such as \
                 example.org/acme/app/ledger",
            )
        })?,
    };
    let ledger = Ledger::create(&place, &origin, common.now()).map_err(failed)?;
    generate::print(format!("began the ledger {origin} at {}\n", ledger.shown()).as_bytes())
}

/// A name made of the address of the remote `origin`, without its scheme, user and password.
fn remote_origin() -> Option<String> {
    let repository = git2::Repository::discover(".").ok()?;
    let remote = repository.find_remote("origin").ok()?;
    origin_of(remote.url().ok()?)
}

fn origin_of(url: &str) -> Option<String> {
    let rest = match url.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.to_owned(),
        // What scp takes: user@host:path.
        None => {
            let (host, path) = url.split_once(':')?;
            format!("{host}/{path}")
        }
    };
    let (host, path) = rest.split_once('/')?;
    let host = host.rsplit('@').next()?.split(':').next()?;
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let name = format!("{host}/{path}/ledger");
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    (host.contains('.') && !path.is_empty() && name.chars().all(plain)).then_some(name)
}

/// An error of the ledger's as the program tells it.
pub fn failed(error: LedgerError) -> Failure {
    match error {
        LedgerError::Missing(_) | LedgerError::Usage(_) => Failure::Usage(error.into()),
        LedgerError::Unreadable(_) => Failure::Incomplete(error.into()),
        LedgerError::Damaged { .. } | LedgerError::Rewritten { .. } => Failure::Tampered(error.into()),
    }
}

/// Tells on standard error what a ledger wants the user to know.
pub fn tell(ledger: &mut Ledger) {
    for notice in ledger.take_notices() {
        // A closed standard error cannot be told of.
        let _ = writeln!(io::stderr(), "keytrail: {notice}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_is_named_after_the_remote_without_who_reads_it() {
        let name = Some("git.example.org/acme/app/ledger".to_owned());
        for url in [
            "https://git.example.org/acme/app.git",
            "https://someone:word@git.example.org:8443/acme/app/",
            "ssh://git@git.example.org/acme/app",
            "git@git.example.org:acme/app.git",
        ] {
            assert_eq!(origin_of(url), name, "{url}");
        }
        for url in ["/srv/app", "file:///srv/app", "https://git.example.org/", "https://git.example.org/a b"]
        {
            assert_eq!(origin_of(url), None, "{url}");
        }
    }
}
