//! `keytrail waive`: allow a finding for a while, list what is allowed, take out what has ended.

use crate::cli::known::{self, Known};
use crate::cli::output;
use crate::cli::scan::{Run, SettingArgs, pipeline, settings_probe};
use crate::cli::source::{self, SourceArgs};
use crate::cli::{Common, EXIT_INCOMPLETE, Failure, record, table};
use crate::detect::Engine;
use crate::finding::{Finding, Location};
use crate::ledger::Event;
use crate::ledger::event::Action;
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::policy::waiver::Waiver;
use crate::policy::waiver_edit::WaiverFile;
use crate::policy::waiver_file::{self, FILE_NAME};
use crate::policy::waivers::{FlawSort, Seen, Waivers};
use crate::secret::Fingerprint;
use crate::settings::Settings;
use clap::{Args, Subcommand};
use serde::Serialize;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Flags of `waive`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct WaiveArgs {
    #[command(subcommand)]
    command: Option<WaiveCommand>,
    /// The secret's fingerprint, from a report.
    #[arg(long, value_name = "FINGERPRINT", value_parser = fingerprint, required_unless_present = "at")]
    fingerprint: Option<Fingerprint>,
    /// The secret that stands there, instead of its fingerprint; the file is scanned.
    #[arg(long, value_name = "PATH:LINE", value_parser = spot, conflicts_with = "fingerprint")]
    at: Option<Spot>,
    /// Cover the secret at this path only; with --at without a path, at the path found.
    #[arg(long, value_name = "PATH", num_args = 0..=1, default_missing_value = "")]
    path: Option<String>,
    /// Why it is allowed.
    #[arg(long, value_name = "TEXT", value_parser = words, required = true)]
    reason: Option<String>,
    /// Who answers for it.
    #[arg(long, value_name = "NAME", value_parser = words, required = true)]
    owner: Option<String>,
    /// Where it is dealt with: an issue's number or address.
    #[arg(long, value_name = "TEXT", value_parser = words)]
    ticket: Option<String>,
    /// When it ends: a date, or a time in RFC 3339.
    #[arg(long, value_name = "TIME", required_unless_present = "days")]
    expires: Option<Moment>,
    /// After how many days it ends.
    #[arg(long, value_name = "N", conflicts_with = "expires", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,
    #[command(flatten)]
    file: FileArgs,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Which file.
#[derive(Debug, Args)]
pub struct FileArgs {
    /// The file of waivers; else keytrail.waivers.toml beside keytrail.toml, else at the root of the
    /// repository.
    #[arg(long = "waivers", value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What to do with waivers that there are.
#[derive(Debug, Subcommand)]
pub enum WaiveCommand {
    /// List the waivers.
    List(ListArgs),
    /// Take out the waivers that have ended.
    Prune(PruneArgs),
}

/// Flags of `waive list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    file: FileArgs,
    /// text or json.
    #[arg(short, long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: ListFormat,
    #[command(flatten)]
    settings: SettingArgs,
}

/// The forms of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ListFormat {
    /// A table.
    Text,
    /// One JSON object.
    Json,
}

/// Flags of `waive prune`.
#[derive(Debug, Args)]
pub struct PruneArgs {
    #[command(flatten)]
    file: FileArgs,
    /// Take out those too that cover nothing: the files and the whole history are scanned.
    #[arg(long)]
    unused: bool,
    /// Say what would go, and change nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

/// A line of a file.
#[derive(Debug, Clone)]
pub struct Spot {
    path: PathBuf,
    line: u64,
}

fn fingerprint(text: &str) -> Result<Fingerprint, String> {
    Fingerprint::parse(text)
        .ok_or_else(|| "a fingerprint is the 32 hexadecimal digits that a report shows".to_owned())
}

fn spot(text: &str) -> Result<Spot, String> {
    // `path:line:column`, as reports show it, does as well.
    let mut numbers: Vec<u64> = Vec::new();
    let mut path = text;
    while let Some((rest, number)) = path.rsplit_once(':') {
        match number.parse() {
            Ok(number) if numbers.len() < 2 => numbers.push(number),
            _ => break,
        }
        path = rest;
    }
    match numbers.last() {
        Some(&line) if !path.is_empty() && line > 0 => Ok(Spot { path: PathBuf::from(path), line }),
        _ => Err("write a path and a line, such as src/config.py:12".to_owned()),
    }
}

fn words(text: &str) -> Result<String, String> {
    waiver_file::words(text).map_err(|bad| bad.to_string())
}

/// `keytrail waive`.
pub fn run(args: &WaiveArgs, common: &Common) -> Result<u8, Failure> {
    match &args.command {
        None => add(args, common),
        Some(WaiveCommand::List(args)) => list(args, common),
        Some(WaiveCommand::Prune(args)) => prune(args, common),
    }
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "keytrail: {text}").map_err(Failure::usage)
}

impl FileArgs {
    fn path(&self, settings: &Settings, place: &Path) -> PathBuf {
        let root = source::root_of(place);
        self.file.clone().unwrap_or_else(|| known::file(settings, root.as_deref(), FILE_NAME))
    }
}

fn add(args: &WaiveArgs, common: &Common) -> Result<u8, Failure> {
    let missing = || Failure::text("--reason and --owner are wanted");
    let (reason, owner) = args.reason.clone().zip(args.owner.clone()).ok_or_else(missing)?;
    let now = common.now();
    let place = match &args.at {
        Some(spot) if !spot.path.is_file() => {
            return Err(Failure::text(format!("{}: there is no such file", spot.path.display())));
        }
        Some(spot) => spot.path.clone(),
        None => output::current_folder()?,
    };
    let (settings, engine) = args.settings.load(&place)?;
    let file = args.file.path(&settings, &place);
    let policy = settings.policy.as_ref().map(|text| text.policy.clone()).unwrap_or_default();
    let expires = match (args.expires, args.days) {
        (Some(expires), _) => Some(expires),
        (None, days) => now.plus_days(i64::from(days.unwrap_or(0))),
    };
    let expires = expires.ok_or_else(|| Failure::text("--days leads out of the calendar"))?;
    if !policy.knows_owner(&owner) {
        return Err(Failure::text(format!(
            "--owner: {owner} is none of the owners of [policy] in keytrail.toml: {}",
            policy.owners.join(", ")
        )));
    }
    let mut waiver = Waiver {
        fingerprint: args.fingerprint.unwrap_or(crate::secret::FingerprintKey::public().fingerprint(b"")),
        path: None,
        rule: None,
        seen_at: Vec::new(),
        reason,
        owner,
        ticket: args.ticket.clone(),
        created: now,
        expires,
    };
    if expires <= now {
        return Err(Failure::text("--expires: that is over already; write a day after today"));
    }
    let most = policy.waiver_days();
    if waiver.days() > i64::from(most) {
        return Err(Failure::text(format!(
            "the waiver would last {} days, and {most} are allowed (`waiver-max-days` of [policy])",
            waiver.days()
        )));
    }
    if let Some(spot) = &args.at {
        let run = scan_file(&settings, &engine, &spot.path)?;
        let (finding, location) = at(&run.findings, spot)?;
        waiver.fingerprint = finding.fingerprint;
        waiver.rule = Some(finding.rule.id.clone());
        waiver.seen_at = vec![location.path.clone()];
        waiver.path = args.path.as_ref().map(|_| location.path.clone());
    }
    match args.path.as_deref() {
        Some("") if args.at.is_none() => return Err(Failure::text("--path: name the path")),
        Some("") | None => {}
        Some(path) => waiver.path = Some(waiver_file::repo_path(path).map_err(Failure::usage)?),
    }
    let mut open = WaiverFile::open(&file, settings.key.id()).map_err(Failure::usage)?;
    let replaced = open.add(&waiver).map_err(Failure::usage)?;
    open.write().map_err(Failure::usage)?;
    let action = if replaced.is_some() { Action::Changed } else { Action::Added };
    record::note(&settings, &output::current_folder()?, &[event(&waiver, action)], common)?;
    let print = waiver.fingerprint.to_string();
    let what = waiver.rule.as_deref().map(|rule| format!(" ({rule})")).unwrap_or_default();
    say(&format!("{}: {print}{what} is waived until {}", file.display(), waiver.expires.date()))?;
    if let Some(old) = replaced {
        say(&format!("it takes the place of the waiver of {} until {}", old.owner, old.expires.date()))?;
    }
    Ok(0)
}

/// What the ledger keeps of a waiver.
fn event(waiver: &Waiver, action: Action) -> Event {
    Event::Waiver {
        action,
        fingerprint: waiver.fingerprint.to_string(),
        path: waiver.path.as_ref().map(ToString::to_string),
        owner: Some(waiver.owner.clone()),
        reason: Some(waiver.reason.clone()),
        ticket: waiver.ticket.clone(),
        expires: Some(waiver.expires),
    }
}

/// Scans one file, whatever is excluded.
fn scan_file(settings: &Settings, engine: &Engine, path: &Path) -> Result<Run, Failure> {
    let source = SourceArgs { paths: vec![path.to_owned()], ..SourceArgs::default() };
    let all = |_: &RepoPath, _: bool| true;
    let chosen = source::choose(&source, &all, settings, None, None)?;
    let run = pipeline(&chosen, engine, settings, false)?;
    match run.coverage.left_out.first() {
        Some(gap) => Err(Failure::Incomplete(anyhow::Error::msg(gap.to_string()))),
        None => Ok(run),
    }
}

/// The one secret on a line.
fn at<'a>(findings: &'a [Finding], spot: &Spot) -> Result<(&'a Finding, &'a Location), Failure> {
    let covers =
        |location: &&Location| (location.span.start.line..=location.span.end.line).contains(&spot.line);
    let here: Vec<(&Finding, &Location)> = findings
        .iter()
        .filter_map(|finding| finding.locations.iter().find(covers).map(|location| (finding, location)))
        .collect();
    match here.as_slice() {
        [one] => Ok(*one),
        [] => {
            let mut lines: Vec<u64> =
                findings.iter().flat_map(|finding| &finding.locations).map(|at| at.span.start.line).collect();
            lines.sort_unstable();
            lines.dedup();
            let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let there = if lines.is_empty() {
                "nor on any other".to_owned()
            } else {
                format!("but on {}", lines.join(", "))
            };
            Err(Failure::text(format!(
                "no secret was found on line {} of {}, {there}",
                spot.line,
                spot.path.display()
            )))
        }
        several => {
            let all: Vec<String> = several
                .iter()
                .map(|(finding, _)| {
                    format!(
                        "  --fingerprint {} is {} {}",
                        finding.fingerprint, finding.rule.id, finding.masked
                    )
                })
                .collect();
            Err(Failure::text(format!(
                "{} secrets stand on line {} of {}; name one of them:\n{}",
                several.len(),
                spot.line,
                spot.path.display(),
                all.join("\n")
            )))
        }
    }
}

#[derive(Serialize)]
struct Listed<'a> {
    state: &'static str,
    ends: Moment,
    #[serde(flatten)]
    waiver: &'a Waiver,
}

#[derive(Serialize)]
struct Lists<'a> {
    version: u32,
    waivers: Vec<Listed<'a>>,
}

/// In what state a waiver is.
fn state(waivers: &Waivers, waiver: &Waiver, now: Moment) -> &'static str {
    if waivers.is_in_force(waiver, now) {
        "in force"
    } else if now < waiver.created {
        "to come"
    } else {
        "ended"
    }
}

fn list(args: &ListArgs, common: &Common) -> Result<u8, Failure> {
    let place = output::current_folder()?;
    let (settings, _) = args.settings.load(&place)?;
    let waivers = known::waivers(&settings, &args.file.path(&settings, &place))?;
    let now = common.now();
    let mut all: Vec<Listed<'_>> = waivers
        .all()
        .iter()
        .map(|one| Listed {
            state: state(&waivers, &one.waiver, now),
            ends: waivers.ends(&one.waiver),
            waiver: &one.waiver,
        })
        .collect();
    all.sort_by(|a, b| {
        (a.ends, a.waiver.fingerprint, &a.waiver.path).cmp(&(b.ends, b.waiver.fingerprint, &b.waiver.path))
    });
    let mut out = Vec::new();
    if args.format == ListFormat::Json {
        crate::report::json_text::pretty(&Lists { version: 1, waivers: all }, &mut out)
            .map_err(Failure::usage)?;
    } else {
        let row = |one: &Listed<'_>| {
            let waiver = one.waiver;
            let wheres: Vec<String> = match &waiver.path {
                Some(path) => vec![format!("only {path}")],
                None => waiver.seen_at.iter().map(ToString::to_string).collect(),
            };
            vec![
                one.state.to_owned(),
                one.ends.date(),
                waiver.owner.clone(),
                waiver.ticket.clone().unwrap_or_default(),
                waiver.rule.clone().unwrap_or_default(),
                wheres.join(", "),
                waiver.fingerprint.to_string(),
                waiver.reason.clone(),
            ]
        };
        let rows: Vec<_> = all.iter().map(row).collect();
        let head = ["STATE", "UNTIL", "OWNER", "TICKET", "RULE", "WHERE", "FINGERPRINT", "REASON"];
        table::write(&mut out, &head, &rows, table::width()).map_err(Failure::usage)?;
    }
    match io::stdout().lock().write_all(&out) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::usage(error)),
        _ => Ok(0),
    }
}

fn prune(args: &PruneArgs, common: &Common) -> Result<u8, Failure> {
    let place = output::current_folder()?;
    let (settings, engine) = args.settings.load(&place)?;
    let path = args.file.path(&settings, &place);
    let now = common.now();
    let known = Known { waivers: known::waivers(&settings, &path)?, registry: None };
    let mut unused: Vec<(Fingerprint, Option<RepoPath>)> = Vec::new();
    if args.unused {
        let (run, seen) = scan_all(&settings, &engine, &place)?;
        if !run.coverage.is_complete() {
            for gap in &run.coverage.left_out {
                say(&format!("not scanned: {gap}"))?;
            }
            say(
                "the scan is incomplete, so nothing says which waivers cover nothing, and none was taken out",
            )?;
            return Ok(EXIT_INCOMPLETE);
        }
        for checked in known.check(&run.findings, true, seen, now) {
            if checked.flaws.iter().any(|flaw| flaw.sort == FlawSort::Unused) {
                unused.push((checked.waiver.fingerprint, checked.waiver.path.clone()));
            }
        }
    }
    let mut file = WaiverFile::open(&path, settings.key.id()).map_err(Failure::usage)?;
    let removed = file
        .remove(&|waiver| {
            let is_over = known.waivers.ends(waiver) <= now;
            is_over || unused.iter().any(|(print, path)| *print == waiver.fingerprint && *path == waiver.path)
        })
        .map_err(Failure::usage)?;
    for waiver in &removed {
        let why = if known.waivers.ends(waiver) <= now { "ended" } else { "covers nothing" };
        say(&format!("{} of {} until {}: {why}", waiver.fingerprint, waiver.owner, waiver.expires.date()))?;
    }
    if !args.dry_run && !removed.is_empty() {
        file.write().map_err(Failure::usage)?;
        let gone = |waiver: &Waiver| {
            let is_over = known.waivers.ends(waiver) <= now;
            event(waiver, if is_over { Action::Expired } else { Action::Removed })
        };
        let events: Vec<Event> = removed.iter().map(gone).collect();
        record::note(&settings, &place, &events, common)?;
    }
    let verb = if args.dry_run { "would be taken out" } else { "taken out" };
    say(&format!("{}: {} {verb}, {} left", path.display(), removed.len(), file.waivers().len()))?;
    if !settings.waivers.is_empty() {
        say("the waivers in keytrail.toml are left alone")?;
    }
    Ok(0)
}

/// Scans the whole history of a repository, or all files where there is none.
fn scan_all(settings: &Settings, engine: &Engine, place: &Path) -> Result<(Run, Seen), Failure> {
    let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
    let probe = settings_probe(engine, settings);
    let files = SourceArgs::default();
    let mut chosen = source::choose(&files, &filter, settings, None, None)?;
    if source::root_of(place).is_some() {
        // What is not committed yet counts too.
        let history = SourceArgs { history: true, ..SourceArgs::default() };
        let more = source::choose(&history, &filter, settings, Some(&probe), None)?;
        chosen.sources.extend(more.sources);
    }
    let run = pipeline(&chosen, engine, settings, false)?;
    Ok((run, Seen::All))
}
