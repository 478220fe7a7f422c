//! `keytrail policy`: list, show, begin and check a policy.

use crate::cli::known::Known;
use crate::cli::other_tokens::OtherArgs;
use crate::cli::output::{self, Wanted};
use crate::cli::scan::{Run, SettingArgs, brief, pipeline};
use crate::cli::source::{self, SourceArgs};
use crate::cli::trail::{self, Lives};
use crate::cli::{Common, Failure, table};
use crate::finding::Finding;
use crate::origin::RepoPath;
use crate::policy::control::{Catalogue, Control, ControlId};
use crate::policy::read::{self, PolicyText};
use crate::policy::rules::PolicyRule;
use crate::policy::waivers::Seen;
use crate::policy::{Case, starter};
use crate::report::{Format, Outcome, PolicyPart, Report};
use crate::settings::{FILE_NAME, Settings};
use crate::trail::inventory::Inventory;
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What to do with the policy.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// List the rules of the policy; without one, the starter policies.
    List(ListArgs),
    /// Show a rule, a framework or a control.
    Show(ShowArgs),
    /// Ask every rule of the policy about every token, and say what breaks which.
    Check(Box<CheckArgs>),
    /// Begin a policy in keytrail.toml.
    Init(InitArgs),
}

/// Flags of `policy list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The rules of this starter policy.
    #[arg(long, value_name = "FRAMEWORK", value_parser = framework, conflicts_with = "controls")]
    framework: Option<&'static str>,
    /// The controls that rules can give evidence for.
    #[arg(long)]
    controls: bool,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Flags of `policy show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A rule's id, a framework, or a control such as pci-dss-4.0.1:8.6.2.
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Flags of `policy check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The repository or folder; the one of the current folder if none is named.
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Follow every token through the whole history, instead of looking at the files of today.
    #[arg(long)]
    history: bool,
    #[command(flatten)]
    others: OtherArgs,
    /// Neither use nor keep what earlier scans of the history found out.
    #[arg(long, requires = "history")]
    no_cache: bool,
    #[command(flatten)]
    settings: SettingArgs,
    /// Report format, with a file to write to: terminal, json, jsonl, sarif, github, junit, csv. May
    /// be given several times.
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    format: Vec<Wanted>,
    /// Tells several SARIF reports of one commit apart.
    #[arg(long, value_name = "NAME")]
    sarif_category: Option<String>,
}

/// Flags of `policy init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Build on this starter policy. May be given several times.
    #[arg(long, value_name = "FRAMEWORK", value_parser = framework)]
    framework: Vec<&'static str>,
    /// The file to write; else keytrail.toml in the current folder.
    #[arg(short, long, value_name = "FILE", default_value = FILE_NAME)]
    output: PathBuf,
}

fn framework(text: &str) -> Result<&'static str, String> {
    read::framework(text).map_err(|bad| bad.to_string())
}

/// `keytrail policy`.
pub fn run(command: PolicyCommand, common: &Common) -> Result<u8, Failure> {
    match command {
        PolicyCommand::List(args) => told(&list(&args)?),
        PolicyCommand::Show(args) => told(&show(&args)?),
        PolicyCommand::Check(args) => check(&args, common),
        PolicyCommand::Init(args) => init(&args),
    }
}

/// Writes to standard output; that nobody reads it to the end is no failure.
fn told(text: &[u8]) -> Result<u8, Failure> {
    match io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::usage(error)),
        _ => Ok(0),
    }
}

/// The settings of the current folder.
fn here(args: &SettingArgs) -> Result<Settings, Failure> {
    args.load(&output::current_folder()?).map(|(settings, _)| settings)
}

fn list(args: &ListArgs) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    if args.controls {
        let rows: Vec<_> = Catalogue::get()
            .controls()
            .map(|control| vec![control.id.to_string(), control.title.clone()])
            .collect();
        table::write(&mut out, &["CONTROL", "TITLE"], &rows, table::width()).map_err(Failure::usage)?;
        return Ok(out);
    }
    let own = match args.framework {
        Some(name) => read::starter_rules(name),
        None => here(&args.settings)?.policy.map(|text| text.policy.rules),
    };
    if let Some(rules) = own {
        let row = |rule: &PolicyRule| {
            let controls: Vec<&str> = rule.controls.iter().map(ControlId::as_str).collect();
            vec![rule.id.clone(), rule.severity.to_string(), rule.title.clone(), controls.join(" ")]
        };
        let rows: Vec<_> = rules.iter().map(row).collect();
        table::write(&mut out, &["RULE", "SEVERITY", "TITLE", "EVIDENCE FOR"], &rows, table::width())
            .map_err(Failure::usage)?;
        return Ok(out);
    }
    let row = |framework: &&'static crate::policy::control::Framework| {
        let rules = read::starter_rules(&framework.id).map_or(0, |rules| rules.len());
        let name = format!("{} {}", framework.name, framework.edition);
        vec![framework.id.clone(), name, rules.to_string(), framework.title.clone()]
    };
    let rows: Vec<_> = Catalogue::get().frameworks().iter().map(row).collect();
    table::write(&mut out, &["STARTER POLICY", "FRAMEWORK", "RULES", "TITLE"], &rows, table::width())
        .map_err(Failure::usage)?;
    say("there is no [policy] in keytrail.toml; `keytrail policy init --framework NAME` begins one")?;
    Ok(out)
}

fn say(text: &str) -> Result<(), Failure> {
    writeln!(io::stderr(), "keytrail: {text}").map_err(Failure::usage)
}

fn show(args: &ShowArgs) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::new();
    let id = args.id.as_str();
    let written = if let Some(framework) = Catalogue::get().framework(id) {
        show_framework(framework, &mut out)
    } else if let Some(control) = ControlId::parse(id).and_then(|id| Catalogue::get().control(&id)) {
        show_control(control, &mut out)
    } else {
        let id = id.strip_prefix("policy/").unwrap_or(id);
        let own = here(&args.settings)?.policy.and_then(|text| text.policy.rule(id).cloned());
        let of_starters = || {
            let all = starter::FILES.iter().filter_map(|(name, _)| read::starter_rules(name));
            all.flatten().find(|rule| rule.id == id)
        };
        match own.or_else(of_starters) {
            Some(rule) => show_rule(&rule, &mut out),
            None => return Err(unknown(id)),
        }
    };
    written.map_err(Failure::usage)?;
    Ok(out)
}

fn unknown(id: &str) -> Failure {
    let starters = starter::FILES.iter().filter_map(|(name, _)| read::starter_rules(name)).flatten();
    let mut known: Vec<String> = starters.map(|rule| rule.id).collect();
    known.extend(Catalogue::get().controls().map(|control| control.id.to_string()));
    known.extend(Catalogue::get().frameworks().iter().map(|framework| framework.id.clone()));
    let meant = crate::toml_file::error::nearest(id, known.iter().map(String::as_str))
        .map(|id| format!("did you mean \"{id}\"? "))
        .unwrap_or_default();
    let id = crate::toml_file::value::quoted(id);
    Failure::text(format!(
        "there is no rule, framework or control {id}; {meant}`keytrail policy list` lists the rules, with \
         --controls the controls"
    ))
}

fn show_framework(framework: &crate::policy::control::Framework, out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, "{}: {} {}", framework.id, framework.name, framework.edition)?;
    writeln!(out, "  {}\n  {}\n  {}", framework.title, framework.publisher, framework.url)?;
    writeln!(out, "\ncontrols:")?;
    let rules = read::starter_rules(&framework.id).unwrap_or_default();
    for control in Catalogue::get().controls().filter(|one| one.framework.id == framework.id) {
        writeln!(out, "  {}  {}", control.clause(), control.title)?;
        for evidence in evidence(control, &rules) {
            writeln!(out, "      evidence: {evidence}")?;
        }
    }
    Ok(())
}

fn show_control(control: &Control, out: &mut Vec<u8>) -> io::Result<()> {
    let framework = control.framework;
    writeln!(out, "{}: {}", control.id, control.title)?;
    writeln!(out, "  {} {}, {}", framework.name, framework.edition, control.clause())?;
    writeln!(out, "  In our own words: {}", control.text)?;
    for evidence in evidence(control, &read::starter_rules(&framework.id).unwrap_or_default()) {
        writeln!(out, "  evidence: {evidence}")?;
    }
    writeln!(out, "  Read the original: {}", framework.url)
}

/// What gives evidence for a control, by the starter policy.
fn evidence(control: &Control, rules: &[PolicyRule]) -> Vec<String> {
    let rules = rules.iter().filter(|rule| rule.controls.contains(&control.id));
    let mut all: Vec<String> = rules.map(|rule| format!("{} ({})", rule.id, rule.title)).collect();
    if control.ledger {
        all.push("the ledger (`keytrail ledger verify`)".to_owned());
    }
    all
}

fn show_rule(rule: &PolicyRule, out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, "{}: {}", rule.id, rule.title)?;
    writeln!(out, "  severity: {}", rule.severity)?;
    let words = rule.speaks_of.words();
    if words.is_empty() {
        let all = if rule.is_about_waivers() { "every waiver" } else { "every token that may work" };
        writeln!(out, "  speaks of: {all}")?;
    }
    for (key, text) in words {
        writeln!(out, "  speaks of {key}: {text}")?;
    }
    writeln!(out, "  asks: {}", rule.words())?;
    for id in &rule.controls {
        match Catalogue::get().control(id) {
            Some(control) => writeln!(out, "  evidence for: {id} {}", control.title)?,
            None => writeln!(out, "  evidence for: {id}")?,
        }
    }
    match &rule.advice {
        Some(advice) => writeln!(out, "  fix: {advice}"),
        None => Ok(()),
    }
}

/// What is known of the tokens, and how much was looked at.
struct Gathered {
    run: Run,
    inventory: Inventory,
    seen: Seen,
    root: Option<PathBuf>,
    is_repository: bool,
}

fn check(args: &CheckArgs, common: &Common) -> Result<u8, Failure> {
    output::check(&args.format)?;
    let started = Instant::now();
    let place = source::named_or_current(args.path.as_deref())?;
    let (settings, engine) = args.settings.load(&place)?;
    let Some(PolicyText { policy, .. }) = &settings.policy else {
        return Err(Failure::text(
            "there is no [policy] in keytrail.toml; `keytrail policy init --framework NAME` begins one",
        ));
    };
    let known = Known::load(&settings, source::root_of(&place).as_deref())?;
    let mut gathered = if args.history {
        lives(args, &settings, &engine, &place)?
    } else {
        files(args, &settings, &engine)?
    };
    args.others.add(&mut gathered.inventory)?;
    let now = common.now();
    known.waivers.apply(&mut gathered.run.findings, now);
    let Gathered { run, mut inventory, seen, root, is_repository } = gathered;
    let checked = known.check(&run.findings, run.coverage.is_complete(), seen, now);
    let subjects = known.subjects(&mut inventory, false, now);
    let case = Case { subjects: &subjects, waivers: &checked, history: args.history };
    let evaluation = policy.evaluate(&case, now);
    let violations = &evaluation.violations;
    let outcome = settings.gate.decide(&[], violations, &run.coverage);
    let nothing: &[Finding] = &[];
    let report = Report {
        now,
        findings: nothing,
        coverage: &run.coverage,
        version: env!("CARGO_PKG_VERSION"),
        root,
        is_repository,
        fail_on: settings.gate.least_severity(),
        min_confidence: settings.confidence,
        elapsed: started.elapsed(),
        show_secrets: false,
        warnings: &run.warnings,
        outcome: Outcome { blocking: 0, complete: run.coverage.is_complete() },
        sarif_suppressed: false,
        category: Some(args.sarif_category.clone().unwrap_or_else(|| "policy".to_owned())),
        key_id: settings.key.id(),
        policy: Some(PolicyPart {
            evaluation: &evaluation,
            rules: &policy.rules,
            is_all: true,
            blocking: violations.iter().filter(|one| settings.gate.blocks_violation(one)).count(),
        }),
    };
    let default = [Wanted { format: Format::Terminal, file: None }];
    let wanted = if args.format.is_empty() { &default[..] } else { &args.format };
    output::write(wanted, &report, common.colour())?;
    if wanted.iter().all(|one| one.file.is_some() || one.format != Format::Terminal) {
        brief(&report, common)?;
    }
    Ok(outcome.exit_code())
}

/// The tokens of a history, each with its life.
fn lives(
    args: &CheckArgs,
    settings: &Settings,
    engine: &crate::detect::Engine,
    place: &Path,
) -> Result<Gathered, Failure> {
    let asked = trail::Asked { path: args.path.as_deref(), no_cache: args.no_cache, hashes: false };
    let Lives { run, lives } = trail::lives(&asked, settings, engine)?;
    let mut inventory = Inventory::new(settings.key.id());
    for (life, finding) in lives.into_iter().zip(&run.findings) {
        if settings.gate.counts(finding) {
            inventory.add_life("", life);
        }
    }
    let root = source::root_of(place);
    Ok(Gathered { run, inventory, seen: Seen::All, root, is_repository: true })
}

/// The tokens in the files of today.
fn files(args: &CheckArgs, settings: &Settings, engine: &crate::detect::Engine) -> Result<Gathered, Failure> {
    let source = SourceArgs { paths: args.path.iter().cloned().collect(), ..SourceArgs::default() };
    let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
    let chosen = source::choose(&source, &filter, settings, None, None)?;
    let run = pipeline(&chosen, engine, settings, false)?;
    let mut inventory = Inventory::new(settings.key.id());
    for finding in run.findings.iter().filter(|finding| settings.gate.counts(finding)) {
        inventory.add_finding("", finding);
    }
    let (seen, root, is_repository) = (chosen.seen, chosen.root.clone(), chosen.is_repository);
    Ok(Gathered { run, inventory, seen, root, is_repository })
}

fn init(args: &InitArgs) -> Result<u8, Failure> {
    let path = &args.output;
    let failed = |error: io::Error| Failure::text(format!("{}: {error}; check the path", path.display()));
    let old = match std::fs::read_to_string(path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    if let Some(text) = &old {
        crate::settings::ConfigFile::parse(path, text).map_err(Failure::usage)?;
        let has =
            toml_edit::Document::parse(text.as_str()).is_ok_and(|document| document.contains_key("policy"));
        if has {
            return Err(Failure::text(format!(
                "{} has a [policy] already; add to its `frameworks` by hand",
                path.display()
            )));
        }
    }
    let frameworks: Vec<String> = args.framework.iter().map(|name| format!("\"{name}\"")).collect();
    let policy = format!(
        "[policy]\n\
         # The starter policies to build on; `keytrail policy list --framework NAME` shows their rules.\n\
         frameworks = [{}]\n\
         # Who may own tokens and waivers; anybody if it is empty.\n\
         owners = []\n\
         # The most days that a waiver may be granted for.\n\
         waiver-max-days = 90\n\
         # The most days between two reviews.\n\
         review-every-days = 90\n\n\
         # A rule of your own, or, under the id of a starter's rule, what is different here:\n\
         # [[policy.rule]]\n\
         # id = \"rotated-every-90-days\"\n\
         # rotate-every-days = 60\n",
        frameworks.join(", ")
    );
    let text = match old {
        Some(old) if old.ends_with('\n') => format!("{old}\n{policy}"),
        Some(old) => format!("{old}\n\n{policy}"),
        None => format!("version = 1\n\n{policy}"),
    };
    crate::settings::ConfigFile::parse(path, &text).map_err(Failure::usage)?;
    crate::replace_file::replace(path, text.as_bytes()).map_err(failed)?;
    say(&format!("{}: [policy] was added; `keytrail policy check` asks its rules", path.display()))?;
    Ok(0)
}
