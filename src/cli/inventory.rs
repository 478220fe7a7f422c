//! `keytrail inventory`: every token of which anything is known, as one table.

use crate::cli::feed::{self, FeedArgs};
use crate::cli::known::{self, Known};
use crate::cli::other_tokens;
use crate::cli::register::RegistryArgs;
use crate::cli::scan::{Run, SettingArgs, pipeline};
use crate::cli::source::{self, SourceArgs};
use crate::cli::trail::{self, Asked, Lives};
use crate::cli::{Common, EXIT_INCOMPLETE, Failure, inventory_text, output};
use crate::detect::Engine;
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::policy::baseline::Baseline;
use crate::policy::waiver_file;
use crate::replace_file::replace;
use crate::report::json_text;
use crate::settings::Settings;
use crate::source::worktree::{self, Worktree};
use crate::trail::inventory::form::Whole;
use crate::trail::inventory::{Database, Inventory};
use crate::trail::registry::{Registry, RegistryError};
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Flags of `inventory`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InventoryArgs {
    #[command(subcommand)]
    command: Option<InventoryCommand>,
    #[command(flatten)]
    output: OutputArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    /// A database for many repositories: this run replaces what it knew of this one. Alone, it is
    /// listed, and nothing is scanned.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
    /// The name of the repository; else the address of its origin, else its folder's name.
    #[arg(long, value_name = "NAME")]
    repository: Option<String>,
    /// Scan nothing: only what is fed.
    #[arg(long, conflicts_with_all = ["what", "paths"])]
    no_scan: bool,
    #[command(flatten)]
    feeds: FeedArgs,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingArgs,
}

/// What else to do with inventories.
#[derive(Debug, Subcommand)]
enum InventoryCommand {
    /// Join the JSON reports of several runs into one.
    Merge(MergeArgs),
}

/// Flags of `inventory merge`.
#[derive(Debug, Args)]
struct MergeArgs {
    /// JSON reports of `keytrail inventory`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// Flags about the form.
#[derive(Debug, Args)]
struct OutputArgs {
    /// The form, with a file to write to: table, json, csv. May be given several times.
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    format: Vec<Wanted>,
}

/// A form and where it goes.
#[derive(Debug, Clone)]
struct Wanted {
    form: Form,
    /// `None` for standard output.
    file: Option<PathBuf>,
}

/// The forms of an inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Table,
    Json,
    Csv,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (form, file) = match text.split_once('=') {
            Some((form, file)) => (form, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let form = match form {
            "table" => Form::Table,
            "json" => Form::Json,
            "csv" => Form::Csv,
            _ => return Err("allowed: table, json, csv, with =FILE to write to a file".to_owned()),
        };
        Ok(Self { form, file: file.filter(|file| file.as_os_str() != "-") })
    }
}

/// `keytrail inventory`.
pub fn run(args: &InventoryArgs, common: &Common) -> Result<u8, Failure> {
    let now = common.now();
    if let Some(InventoryCommand::Merge(merge)) = &args.command {
        return run_merge(merge, now);
    }
    args.output.check()?;
    match &args.db {
        Some(path) if !args.asks_for_a_run() => {
            let inventory =
                Database::open(path).and_then(|database| database.inventory()).map_err(Failure::usage)?;
            args.output.write(&inventory, now)?;
            Ok(0)
        }
        _ => record(args, now),
    }
}

/// Scans, takes what is fed, and writes it down.
fn record(args: &InventoryArgs, now: Moment) -> Result<u8, Failure> {
    let place = args.source.place()?;
    let (mut settings, engine) = args.settings.load(&place)?;
    // What cannot be written to is told before any time is spent.
    let mut database = match &args.db {
        Some(path) => Some(Database::open_or_create(path, settings.key.id()).map_err(Failure::usage)?),
        None => None,
    };
    let registry = registry(args, &place, settings.key.id())?;
    let repository = match &args.repository {
        Some(name) => name.clone(),
        None => repository_name(&place),
    };
    let waivers = known::waivers(
        &settings,
        &known::file(&settings, source::root_of(&place).as_deref(), waiver_file::FILE_NAME),
    )?;
    let known = Known { waivers, registry: None };
    let mut inventory = Inventory::new(settings.key.id());
    let mut is_complete = true;
    if !args.no_scan {
        let run = if args.source.history {
            let path = args.source.repository()?;
            let asked = Asked { path: path.as_deref(), no_cache: args.source.no_cache, hashes: false };
            let Lives { run, lives } = trail::lives(&asked, &settings, &engine)?;
            for mut life in lives {
                known.waive(&mut life, now);
                inventory.add_life(&repository, life);
            }
            run
        } else {
            let mut run = scan(args, &engine, &settings)?;
            known.waivers.apply(&mut run.findings, now);
            for finding in &run.findings {
                inventory.add_finding(&repository, finding);
            }
            run
        };
        for gap in &run.coverage.left_out {
            say(&format!("not scanned: {gap}"))?;
        }
        for warning in &run.warnings {
            say(&format!("warning: {warning}"))?;
        }
        is_complete = run.coverage.is_complete() || settings.gate.allows_incomplete();
    }
    feed::take(&args.feeds, &engine, &mut settings, &mut inventory)?;
    if let Some(registry) = &registry {
        inventory.register(registry);
    }
    if let (Some(database), Some(path)) = (&mut database, &args.db) {
        if is_complete {
            database.replace(&repository, &inventory, now).map_err(Failure::usage)?;
            let plural = if inventory.len() == 1 { "" } else { "s" };
            say(&format!("{}: recorded {} token{plural} of {repository}", path.display(), inventory.len()))?;
        } else {
            say(&format!(
                "the scan is incomplete, so {} was left as it is; --allow-incomplete records it all the same",
                path.display()
            ))?;
        }
    }
    args.output.write(&inventory, now)?;
    Ok(if is_complete { 0 } else { EXIT_INCOMPLETE })
}

/// Scans what is no history: tokens without a past.
fn scan(args: &InventoryArgs, engine: &Engine, settings: &Settings) -> Result<Run, Failure> {
    let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
    let chosen = source::choose(&args.source, &filter, settings, None, None)?;
    let mut run = pipeline(&chosen, engine, settings, false)?;
    if let Some(path) = settings.baseline.as_deref() {
        Baseline::read(path, settings.key.id()).map_err(Failure::usage)?.apply(&mut run.findings);
    }
    Ok(run)
}

impl InventoryArgs {
    /// Whether anything is to be scanned or fed, rather than a database listed.
    fn asks_for_a_run(&self) -> bool {
        let source = &self.source;
        let chooses = !source.paths.is_empty()
            || source.staged
            || source.history
            || source.stdin
            || source.range.is_some()
            || source.since.is_some()
            || source.rev.is_some()
            || source.commit_msg.is_some();
        chooses || self.no_scan || self.repository.is_some() || self.feeds.is_given()
    }
}

/// The registry, if there is one; the one that is named must be there.
fn registry(args: &InventoryArgs, place: &Path, key_id: &str) -> Result<Option<Registry>, Failure> {
    match Registry::read(&args.registry.path(place), key_id) {
        Ok(registry) => Ok(Some(registry)),
        Err(RegistryError::Missing { .. }) if args.registry.file.is_none() => Ok(None),
        Err(error) => Err(Failure::usage(error)),
    }
}

fn run_merge(args: &MergeArgs, now: Moment) -> Result<u8, Failure> {
    args.output.check()?;
    let mut all: Option<(Inventory, &Path)> = None;
    for file in &args.files {
        let shown = RepoPath::from_path(file).to_string();
        let inventory = other_tokens::read(file)?;
        match &mut all {
            None => all = Some((inventory, file)),
            Some((known, first)) => known.merge(inventory).map_err(|error| {
                let first = RepoPath::from_path(first).to_string();
                Failure::usage(
                    anyhow::Error::from(error).context(format!("{first} and {shown} cannot be joined")),
                )
            })?,
        }
    }
    if let Some((inventory, _)) = all {
        args.output.write(&inventory, now)?;
    }
    Ok(0)
}

impl OutputArgs {
    /// Refuses what cannot work before any time is spent.
    fn check(&self) -> Result<(), Failure> {
        if self.format.iter().filter(|one| one.file.is_none()).count() > 1 {
            return Err(Failure::text(
                "two forms want standard output; give all but one of them a file: -f table -f json=inventory.json",
            ));
        }
        Ok(())
    }

    fn write(&self, inventory: &Inventory, now: Moment) -> Result<(), Failure> {
        let default = [Wanted { form: Form::Table, file: None }];
        for one in if self.format.is_empty() { &default[..] } else { &self.format } {
            let mut out = Vec::new();
            let written = match one.form {
                Form::Json => json_text::pretty(&Whole::of(inventory, now), &mut out),
                Form::Csv => inventory_text::csv(inventory, now, &mut out),
                Form::Table => inventory_text::table(inventory, now, one.file.is_none(), &mut out),
            };
            written.map_err(Failure::usage)?;
            match &one.file {
                None => output::print(&out)?,
                Some(file) => write_file(file, &out)?,
            }
        }
        Ok(())
    }
}

fn write_file(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    // A device or a pipe cannot be replaced.
    let written =
        if file.exists() && !file.is_file() { std::fs::write(file, bytes) } else { replace(file, bytes) };
    written.map_err(|error| {
        Failure::usage(anyhow::Error::from(error).context(format!("cannot write {}", file.display())))
    })
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "keytrail: {text}").map_err(Failure::usage)
}

/// A name for the repository that `place` lies in.
pub fn repository_name(place: &Path) -> String {
    let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    let folder = if place.is_dir() { place.as_path() } else { place.parent().unwrap_or(&place) };
    let worktree = Worktree::find(folder);
    let common =
        worktree.as_ref().map_or_else(|| folder.to_owned(), |worktree| worktree.common_dir().to_owned());
    let origin =
        worktree::config(Some(&common)).ok().and_then(|config| config.get_string("remote.origin.url").ok());
    if let Some(url) = origin.as_deref().and_then(without_credentials) {
        return url;
    }
    let root = worktree.as_ref().map_or(folder, |worktree| worktree.root.as_path());
    let name = root.file_name().map_or_else(|| root.to_string_lossy(), |name| name.to_string_lossy());
    name.chars().map(crate::excerpt::shown).collect()
}

/// An address of a repository without user, password, query and the ending `.git`.
fn without_credentials(url: &str) -> Option<String> {
    let url = url.trim();
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let bare = match url.split_once("://") {
        Some((scheme, rest)) => {
            let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
            let host = host.rsplit('@').next().unwrap_or(host);
            if path.is_empty() { format!("{scheme}://{host}") } else { format!("{scheme}://{host}/{path}") }
        }
        // user@host:path, as ssh has it; a path of this machine has a / before any of these.
        None => match url.find(['@', '/']) {
            Some(at) if url.as_bytes()[at] == b'@' => url[at + 1..].to_owned(),
            _ => url.to_owned(),
        },
    };
    let bare = bare.trim_end_matches('/');
    let bare = bare.strip_suffix(".git").unwrap_or(bare);
    let name: String = bare.chars().map(crate::excerpt::shown).collect();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_named_without_credentials() {
        let name = |url: &str| without_credentials(url);
        let pass = ["pa", "ss"].concat();
        assert_eq!(
            name(&format!("https://ada:{pass}@git.example/shop/web.git")).as_deref(),
            Some("https://git.example/shop/web")
        );
        assert_eq!(name(&format!("https://{pass}@git.example")).as_deref(), Some("https://git.example"));
        assert_eq!(name("git@git.example:shop/web.git").as_deref(), Some("git.example:shop/web"));
        assert_eq!(name("/srv/a@b/web.git").as_deref(), Some("/srv/a@b/web"));
        assert_eq!(name("../web").as_deref(), Some("../web"));
        assert_eq!(
            name(&format!("https://git.example/a?private_token={pass}")).as_deref(),
            Some("https://git.example/a")
        );
        assert_eq!(name(" "), None);
    }
}
