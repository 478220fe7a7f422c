//! `keytrail registry`: list, show and check what is registered.

use crate::cli::output;
use crate::cli::register::RegistryArgs;
use crate::cli::scan::{Run, SettingArgs, pipeline, settings_probe};
use crate::cli::source::{self, SourceArgs};
use crate::cli::{Common, EXIT_INCOMPLETE, Failure, table};
use crate::finding::{Finding, Status as FindingStatus};
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::report::{self, json_text};
use crate::secret::Fingerprint;
use crate::trail::inventory::Database;
use crate::trail::registry::{Found, FoundAt, Problem, Registration, Registry, check};
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What to do with the registry.
#[derive(Debug, Subcommand)]
pub enum RegistryCommand {
    /// Check the registry, also beside what is found in the files.
    Check(Box<CheckArgs>),
    /// List the registered tokens.
    List(ListArgs),
    /// Show a registered token.
    Show(ShowArgs),
}

/// Flags of `registry check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// Look into a JSON report of `keytrail scan` instead of scanning. May be given several times.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["what", "paths"])]
    report: Vec<PathBuf>,
    /// Look into an inventory's database instead of scanning.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["what", "paths", "report"])]
    db: Option<PathBuf>,
    /// Check the registry by itself, without scanning.
    #[arg(long, conflicts_with_all = ["what", "paths", "report", "db"])]
    no_scan: bool,
    /// The form of what is told.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: CheckFormat,
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingArgs,
}

/// The forms of what a check tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// Workflow commands of GitHub Actions: annotations in a pull request
    Github,
}

/// Flags of `registry list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The form of the list.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: ListFormat,
}

/// Flags of `registry show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The token: its fingerprint, the first digits of it (four at least), or its name.
    token: String,
    #[command(flatten)]
    registry: RegistryArgs,
    /// The form in which it is shown.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: ListFormat,
}

/// The forms of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

/// `keytrail registry`.
pub fn run(command: RegistryCommand, common: &Common) -> Result<u8, Failure> {
    match command {
        RegistryCommand::Check(args) => run_check(&args, common),
        RegistryCommand::List(args) => list(&args),
        RegistryCommand::Show(args) => show(&args),
    }
}

/// Reads a registry for whatever key it is: to show it takes none.
fn read_any(args: &RegistryArgs) -> Result<(PathBuf, Registry), Failure> {
    let path = args.path(&output::current_folder()?);
    let text = std::fs::read(&path).map_err(|error| {
        let error = anyhow::Error::from(error);
        Failure::usage(error.context(format!(
            "the registry {} cannot be read; `keytrail register` makes it, or name another with --registry",
            path.display()
        )))
    })?;
    let text = crate::toml_file::decode(&path, &text).map_err(Failure::usage)?;
    let registry = Registry::parse(&path, text).map_err(Failure::usage)?;
    Ok((path, registry))
}

/// What a check found, for JSON.
#[derive(Serialize)]
struct CheckReport<'a> {
    version: u32,
    registry: String,
    fingerprint_key: &'a str,
    judged: Moment,
    tokens: usize,
    by_sort: BTreeMap<&'static str, usize>,
    problems: &'a [Problem],
}

fn run_check(args: &CheckArgs, common: &Common) -> Result<u8, Failure> {
    let place = args.source.place()?;
    let (settings, engine) = args.settings.load(&place)?;
    let path = args.registry.path(&place);
    let registry = Registry::read(&path, settings.key.id()).map_err(Failure::usage)?;
    let mut is_complete = true;
    let found = if args.no_scan {
        Vec::new()
    } else if let Some(path) = &args.db {
        read_database(path, settings.key.id())?
    } else if args.report.is_empty() {
        let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
        let probe = args.source.history.then(|| settings_probe(&engine, &settings));
        let chosen = source::choose(&args.source, &filter, &settings, probe.as_ref(), None)?;
        let Run { findings, coverage, .. } = pipeline(&chosen, &engine, &settings, false)?;
        for gap in &coverage.left_out {
            say(&format!("not scanned: {gap}"))?;
        }
        is_complete = coverage.is_complete();
        findings.iter().filter(|finding| counts(finding)).map(found).collect()
    } else {
        let mut found = Vec::new();
        for report in &args.report {
            found.extend(read_report(report, settings.key.id(), &mut is_complete)?);
        }
        joined(found)
    };
    let now = common.now();
    let problems = check(&registry, &found, now);
    tell(args.format, &path, &registry, &problems, now)?;
    Ok(match (problems.is_empty(), is_complete || settings.gate.allows_incomplete()) {
        (_, false) => EXIT_INCOMPLETE,
        (true, true) => 0,
        (false, true) => 1,
    })
}

/// What no allow marker covers: an example is nobody's token.
fn counts(finding: &Finding) -> bool {
    !matches!(finding.status, FindingStatus::Allowed(_))
}

fn found(finding: &Finding) -> Found {
    let mut places: Vec<FoundAt> = finding
        .locations
        .iter()
        .map(|location| FoundAt {
            path: location.path.clone(),
            line: location.span.start.line,
            commit: location.origin.commit.as_ref().map(|commit| commit.id.clone()),
        })
        .collect();
    places.sort();
    Found { fingerprint: finding.fingerprint, name: finding.rule.name.clone(), places }
}

fn read_report(path: &Path, key_id: &str, is_complete: &mut bool) -> Result<Vec<Found>, Failure> {
    let shown = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| {
        Failure::usage(anyhow::Error::from(error).context(format!("cannot read {shown}")))
    })?;
    let report = report::read::read(&bytes, &shown).map_err(Failure::usage)?;
    if report.key_id != key_id {
        return Err(Failure::text(format!(
            "{shown}: the report was made with the fingerprint key {}, and this run uses {key_id}; use the same key for \
             both",
            report.key_id
        )));
    }
    if !report.is_complete {
        say(&format!("{shown}: the scan that made this report was incomplete"))?;
        *is_complete = false;
    }
    let findings = report.findings.into_iter().filter(|finding| !finding.is_allowed);
    Ok(findings
        .map(|finding| Found {
            fingerprint: finding.fingerprint,
            name: finding.rule_name,
            places: finding
                .places
                .into_iter()
                .map(|(path, line, commit)| FoundAt { path, line, commit })
                .collect(),
        })
        .collect())
}

/// What the repositories of a database have or had, but for what allow markers cover.
fn read_database(path: &Path, key_id: &str) -> Result<Vec<Found>, Failure> {
    let inventory = Database::open(path).and_then(|database| database.inventory()).map_err(Failure::usage)?;
    if inventory.key_id() != key_id {
        return Err(Failure::text(format!(
            "{}: the database is for the fingerprint key {}, and this run uses {key_id}; use the same key for both",
            path.display(),
            inventory.key_id()
        )));
    }
    let mut found = Vec::new();
    for entry in inventory.entries() {
        let lives = entry.lives.iter().filter(|one| one.life.allowed.is_none());
        let places = lives.flat_map(|one| {
            one.life.stays.iter().map(|stay| FoundAt {
                path: RepoPath::new([one.repository.as_bytes(), b" ", stay.path.as_bytes()].concat()),
                line: stay.line,
                commit: stay.since.as_ref().map(|commit| commit.id.clone()),
            })
        });
        let places: Vec<FoundAt> = places.collect();
        if !places.is_empty() {
            found.push(Found {
                fingerprint: entry.token.fingerprint,
                name: entry.token.name.clone(),
                places,
            });
        }
    }
    Ok(found)
}

/// One of each token, with the places of all.
fn joined(found: Vec<Found>) -> Vec<Found> {
    let mut all: BTreeMap<Fingerprint, Found> = BTreeMap::new();
    for one in found {
        match all.get_mut(&one.fingerprint) {
            Some(known) => known.places.extend(one.places),
            None => drop(all.insert(one.fingerprint, one)),
        }
    }
    for one in all.values_mut() {
        one.places.sort();
        one.places.dedup();
    }
    all.into_values().collect()
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "keytrail: {text}").map_err(Failure::usage)
}

fn tell(
    format: CheckFormat,
    path: &Path,
    registry: &Registry,
    problems: &[Problem],
    now: Moment,
) -> Result<(), Failure> {
    let mut out = Vec::new();
    let written = match format {
        CheckFormat::Text => tell_text(path, registry, problems, &mut out),
        CheckFormat::Github => tell_github(path, problems, &mut out),
        CheckFormat::Json => {
            let mut by_sort = BTreeMap::new();
            for problem in problems {
                *by_sort.entry(problem.sort.name()).or_insert(0) += 1;
            }
            let whole = CheckReport {
                version: 1,
                registry: RepoPath::from_path(path).to_string(),
                fingerprint_key: registry.key_id(),
                judged: now,
                tokens: registry.registrations().len(),
                by_sort,
                problems,
            };
            json_text::pretty(&whole, &mut out)
        }
    };
    written.map_err(Failure::usage)?;
    output::print(&out)
}

fn tell_text(path: &Path, registry: &Registry, problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    /// Nobody reads more places of one token.
    const MOST_PLACES: usize = 10;
    let shown = RepoPath::from_path(path).to_string();
    for problem in problems {
        let line = problem.line.map_or(String::new(), |line| format!(":{line}"));
        writeln!(
            out,
            "{shown}{line}: {} ({}): {} [{}]",
            clean(&problem.name),
            problem.fingerprint,
            clean(&problem.problem),
            problem.sort.name()
        )?;
        for at in problem.places.iter().take(MOST_PLACES) {
            let commit = at
                .commit
                .as_ref()
                .map_or(String::new(), |id| format!(" in commit {}", &id[..id.len().min(12)]));
            writeln!(out, "  found at {}:{}{commit}", at.path, at.line)?;
        }
        if let Some(more) = problem.places.len().checked_sub(MOST_PLACES).filter(|&more| more > 0) {
            writeln!(out, "  and at {more} more places")?;
        }
        writeln!(out, "  {}", problem.help)?;
    }
    let (tokens, count) = (registry.registrations().len(), problems.len());
    writeln!(
        out,
        "{tokens} registered token{}, {}",
        plural(tokens),
        if count == 0 { "no problems".to_owned() } else { format!("{count} problem{}", plural(count)) }
    )
}

fn tell_github(path: &Path, problems: &[Problem], out: &mut dyn Write) -> io::Result<()> {
    for problem in problems {
        let title = ("title", format!("{}: {}", problem.sort.name(), clean(&problem.name)));
        let message = format!("{} ({}). {}.", clean(&problem.problem), problem.fingerprint, problem.help);
        let mut at: Vec<(String, u64)> = problem
            .line
            .map(|line| (RepoPath::from_path(path).to_string(), line as u64))
            .into_iter()
            .collect();
        // What stands in history is in no file that could be annotated.
        let here = problem.places.iter().filter(|place| place.commit.is_none());
        at.extend(here.map(|place| (place.path.to_string(), place.line)));
        if at.is_empty() {
            report::github_command("error", &[title], &message, out)?;
            continue;
        }
        for (file, line) in at {
            let properties = [("file", file), ("line", line.to_string()), title.clone()];
            report::github_command("error", &properties, &message, out)?;
        }
    }
    let count = problems.len();
    writeln!(out, "keytrail: {count} problem{} with registered tokens", plural(count))
}

const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Text of a file, without what could drive a terminal.
fn clean(text: &str) -> String {
    text.chars().map(crate::excerpt::shown).collect()
}

fn list(args: &ListArgs) -> Result<u8, Failure> {
    let (_, registry) = read_any(&args.registry)?;
    let mut out = Vec::new();
    match args.format {
        ListFormat::Json => {
            #[derive(Serialize)]
            struct Whole<'a> {
                version: u32,
                fingerprint_key: &'a str,
                owners: &'a BTreeMap<String, crate::trail::registry::Owner>,
                tokens: &'a [Registration],
            }
            let whole = Whole {
                version: 1,
                fingerprint_key: registry.key_id(),
                owners: registry.owners(),
                tokens: registry.registrations(),
            };
            json_text::pretty(&whole, &mut out).map_err(Failure::usage)?;
        }
        ListFormat::Text => {
            let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            let day = |moment: Option<Moment>| moment.map_or_else(|| "-".to_owned(), Moment::date);
            let rows: Vec<Vec<String>> = registry
                .registrations()
                .iter()
                .map(|one| {
                    vec![
                        one.name.clone(),
                        one.status.to_string(),
                        text(&one.owner),
                        one.rule
                            .clone()
                            .or_else(|| one.kind.map(|kind| kind.to_string()))
                            .unwrap_or_else(|| "-".to_owned()),
                        match one.expires {
                            Some(crate::facts::Expiry::Never) => "never".to_owned(),
                            _ => day(one.ends()),
                        },
                        day(one.rotate_by),
                        one.fingerprint.to_string(),
                    ]
                })
                .collect();
            let headline = ["NAME", "STATUS", "OWNER", "RULE", "EXPIRES", "ROTATE BY", "FINGERPRINT"];
            table::write(&mut out, &headline, &rows, table::width()).map_err(Failure::usage)?;
            writeln!(out, "{} registered token{}", rows.len(), plural(rows.len())).map_err(Failure::usage)?;
        }
    }
    output::print(&out)?;
    Ok(0)
}

fn show(args: &ShowArgs) -> Result<u8, Failure> {
    let (path, registry) = read_any(&args.registry)?;
    let wanted = args.token.as_str();
    let is_digits = wanted.len() >= 4 && wanted.bytes().all(|byte| byte.is_ascii_hexdigit());
    let fits: Vec<&Registration> = registry
        .registrations()
        .iter()
        .filter(|one| one.name == wanted || (is_digits && one.fingerprint.to_string().starts_with(wanted)))
        .collect();
    let mut out = Vec::new();
    match fits.as_slice() {
        [one] => match args.format {
            ListFormat::Text => write!(out, "{}", one.to_toml()),
            ListFormat::Json => json_text::pretty(one, &mut out),
        }
        .map_err(Failure::usage)?,
        [] => {
            return Err(Failure::text(format!(
                "{}: no registered token has this fingerprint or name; `keytrail registry list` lists all",
                path.display()
            )));
        }
        several => {
            return Err(Failure::text(format!(
                "{}: {} registered tokens fit; give the whole fingerprint",
                path.display(),
                several.len()
            )));
        }
    }
    output::print(&out)?;
    Ok(0)
}
