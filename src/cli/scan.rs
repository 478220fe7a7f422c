//! `keytrail scan`: flags to settings, sources and reports.

use crate::cli::known::Known;
use crate::cli::output::{self, Wanted};
use crate::cli::replay::{self, Replay};
use crate::cli::source::{self, Chosen, SourceArgs};
use crate::cli::{Common, Failure, progress, record};
use crate::coverage::{Coverage, CoverageReport};
use crate::detect::probe::{Floor, Probe};
use crate::detect::{Engine, RuleChoice, checks};
use crate::finding::Finding;
use crate::origin::RepoPath;
use crate::policy::{baseline::Baseline, expiry, gate};
use crate::report::{Format, PolicyPart, Report};
use crate::rule::Pack;
use crate::scan::Scan;
use crate::settings::{Overrides, PathGlob, Settings, value};
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Flags of `scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    pub source: SourceArgs,
    #[command(flatten)]
    pub settings: SettingArgs,
    #[command(flatten)]
    pub report: ReportArgs,
    /// Record the scan in the ledger, with the findings that it opened and closed.
    #[arg(long, help_heading = "Reports")]
    pub record: bool,
}

/// Flags about reports.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reports")]
pub struct ReportArgs {
    /// Report format, with a file to write to: terminal, json, jsonl, sarif, github, junit, csv. May
    /// be given several times.
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    pub format: Vec<Wanted>,
    /// Show secrets in the clear, in terminal and JSON reports.
    #[arg(long)]
    pub show_secrets: bool,
    /// Put allowed and baseline findings into SARIF as suppressed results. GitHub code scanning
    /// would open alerts for them.
    #[arg(long)]
    pub sarif_suppressed: bool,
    /// Tells several SARIF reports of one commit apart.
    #[arg(long, value_name = "NAME")]
    pub sarif_category: Option<String>,
}

impl ReportArgs {
    /// Whether a report wants GitHub's hashes of lines.
    fn hashes(&self) -> bool {
        self.format.iter().any(|wanted| wanted.format == Format::Sarif)
    }
}

/// Flags that override `keytrail.toml`.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Settings (over keytrail.toml and KEYTRAIL_… variables)")]
pub struct SettingArgs {
    /// Read this configuration file instead of looking for keytrail.toml.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long)]
    pub no_config: bool,
    /// Least confidence to report: low, medium, high, certain.
    #[arg(long, value_name = "LEVEL", value_parser = |text: &str| value::confidence(text).map_err(|bad| bad.to_string()))]
    pub confidence: Option<crate::level::Confidence>,
    /// What makes the exit code 1: any, low, medium, high, critical (severity), never.
    #[arg(long, value_name = "WHAT", value_parser = |text: &str| value::fail_on(text).map_err(|bad| bad.to_string()))]
    pub fail_on: Option<gate::FailOn>,
    /// Baseline of known findings.
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    pub baseline: Option<PathBuf>,
    /// Use no baseline.
    #[arg(long)]
    pub no_baseline: bool,
    /// More rule files or folders. May be given several times.
    #[arg(long, value_name = "PATH")]
    pub rules: Vec<PathBuf>,
    /// Leave out paths that fit this glob. May be given several times.
    #[arg(long, value_name = "GLOB", value_parser = |text: &str| PathGlob::parse(text).map_err(|bad| bad.to_string()))]
    pub exclude: Vec<PathGlob>,
    /// Scan submodules and nested repositories too.
    #[arg(long)]
    pub nested: bool,
    /// Leave out files larger than this, such as 50MB; the scan then counts as incomplete.
    #[arg(long, value_name = "SIZE", value_parser = |text: &str| value::size(text).map_err(|bad| bad.to_string()))]
    pub max_file_size: Option<value::SizeLimit>,
    /// How many archives may lie in each other; 0 opens none.
    #[arg(long, value_name = "N", value_parser = |text: &str| value::archive_depth(text).map_err(|bad| bad.to_string()))]
    pub max_archive_depth: Option<u32>,
    /// Honour other scanners' allow markers.
    #[arg(long)]
    pub peer_markers: bool,
    /// Find only what stands in the clear: decode no base64, hex, escapes or joined literals.
    #[arg(long)]
    pub no_decode: bool,
    /// Let an incomplete scan pass, with a warning.
    #[arg(long)]
    pub allow_incomplete: bool,
    /// A file with the key for fingerprints (`KEYTRAIL_KEY` holds the key itself).
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Number of threads; 0 for one a core.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

impl SettingArgs {
    fn overrides(&self) -> Overrides {
        let on = |flag: bool| flag.then_some(true);
        Overrides {
            config: self.config.clone(),
            no_config: self.no_config,
            exclude: self.exclude.clone(),
            max_file_size: self.max_file_size,
            max_archive_depth: self.max_archive_depth,
            nested: on(self.nested),
            threads: self.threads,
            peer_markers: on(self.peer_markers),
            decode: self.no_decode.then_some(false),
            rules: self.rules.clone(),
            baseline: self.baseline.clone(),
            no_baseline: self.no_baseline,
            confidence: self.confidence,
            fail_on: self.fail_on,
            allow_incomplete: on(self.allow_incomplete),
            key: None,
            key_file: self.key_file.clone(),
        }
    }

    /// The settings for a scan of something at `place`, and the engine that they ask for.
    pub fn load(&self, place: &Path) -> Result<(Settings, Engine), Failure> {
        let settings = Settings::load(place, self.overrides()).map_err(Failure::usage)?;
        let pack = Pack::with_files(&settings.rules, &checks::exists).map_err(Failure::usage)?;
        settings.check_rules(pack.rules().iter().map(|rule| rule.id)).map_err(Failure::usage)?;
        if let Some(policy) = &settings.policy {
            let known =
                || (0..pack.rules().len()).map(|at| pack.info(at)).map(|rule| (&*rule.id, &*rule.provider));
            policy.check_names(&known).map_err(Failure::usage)?;
        }
        let disabled =
            settings.rule_overrides.keys().filter(|id| !settings.rule_enabled(id)).cloned().collect();
        let engine = Engine::new(Arc::new(pack), &RuleChoice { disabled, no_decode: !settings.decode });
        if settings.threads > 0 {
            // Fails only if threads were started before, which nothing does.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(settings.threads).build_global();
        }
        Ok((settings, engine))
    }
}

/// What a run of the pipeline leaves behind.
pub struct Run {
    /// The findings, statuses set.
    pub findings: Vec<Finding>,
    /// What was read.
    pub coverage: CoverageReport,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Reads the sources and judges what is found, without the baseline.
pub fn pipeline(
    chosen: &Chosen<'_>,
    engine: &Engine,
    settings: &Settings,
    hashes: bool,
) -> Result<Run, Failure> {
    if let Some(run) = chosen.replay.as_ref().and_then(|replay| replay.load(engine)) {
        return Ok(run);
    }
    let coverage = Coverage::default();
    let scan = Scan::new(engine, settings, &coverage, hashes);
    progress::watch(&coverage, || chosen.sources.iter().try_for_each(|source| scan.read(source.as_ref())))?;
    let (findings, warnings) = scan.finish();
    let run = Run { findings, coverage: coverage.finish(), warnings };
    if let Some(replay) = &chosen.replay {
        replay.keep(&run);
    }
    Ok(run)
}

/// `keytrail scan`.
pub fn run(args: &ScanArgs, common: &Common) -> Result<u8, Failure> {
    output::check(&args.report.format)?;
    let started = Instant::now();
    let place = args.source.place()?;
    let (settings, engine) = args.settings.load(&place)?;
    let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
    let probe = args.source.history.then(|| settings_probe(&engine, &settings));
    let hashes = args.report.hashes();
    let cache = args.source.is_cached().then(|| replay::settings_key(&settings, &engine, hashes));
    // What is kept has no secrets to show.
    let replay = match cache.filter(|_| !args.report.show_secrets) {
        Some(key) => Some(Replay::new(args.source.repository()?.as_deref(), key)?),
        None => None,
    };
    let mut chosen = source::choose(&args.source, &filter, &settings, probe.as_ref(), cache)?;
    chosen.replay = replay;
    let (scope, is_whole) = scope(&args.source, &chosen);
    let recorded = args.record || (is_whole && settings.ledger.record_scans);
    if !recorded {
        return finish(&chosen, &engine, &settings, &args.report, common, started);
    }
    let head = git2::Repository::discover(&place)
        .and_then(|repository| Ok(repository.head()?.peel_to_commit()?.id().to_string()));
    finish_then(&chosen, &engine, &settings, &args.report, common, started, &|run| {
        let scan = record::ScanRecord {
            scope: scope.clone(),
            is_whole,
            head: head.as_ref().ok().cloned(),
            findings: &run.findings,
            coverage: &run.coverage,
        };
        record::scan(&settings, &place, &scan, &engine, common)
    })
}

/// What a scan reads, for the ledger, and whether that is the whole of it.
fn scope(source: &SourceArgs, chosen: &Chosen<'_>) -> (String, bool) {
    let named = [("range", &source.range), ("since", &source.since), ("rev", &source.rev)];
    if let Some((name, Some(value))) = named.iter().find(|(_, value)| value.is_some()) {
        return (format!("{name} {value}"), false);
    }
    let is_root = match source.paths.as_slice() {
        [] => Path::new(".").canonicalize().ok(),
        [path] => path.canonicalize().ok(),
        _ => None,
    };
    let is_root = is_root.is_some() && is_root == chosen.root;
    match source {
        SourceArgs { history: true, .. } => ("history".to_owned(), true),
        SourceArgs { staged: true, .. } => ("staged".to_owned(), false),
        SourceArgs { stdin: true, .. } => ("stdin".to_owned(), false),
        SourceArgs { commit_msg: Some(_), .. } => ("message".to_owned(), false),
        _ if is_root => ("tree".to_owned(), true),
        _ => ("paths".to_owned(), false),
    }
}

/// Tells what would be reported under these settings.
pub fn settings_probe<'e>(engine: &'e Engine, settings: &Settings) -> Probe<'e> {
    let raises = |id: &str| settings.rule_overrides.get(id).is_some_and(|own| own.confidence.is_some());
    Probe::new(engine, &Floor { confidence: settings.confidence, any_of: &raises })
}

/// Scans, applies the baseline, reports, and decides the exit code.
pub fn finish(
    chosen: &Chosen<'_>,
    engine: &Engine,
    settings: &Settings,
    reports: &ReportArgs,
    common: &Common,
    started: Instant,
) -> Result<u8, Failure> {
    finish_then(chosen, engine, settings, reports, common, started, &|_| Ok(()))
}

/// The same, with something to be done once the reports are written.
fn finish_then(
    chosen: &Chosen<'_>,
    engine: &Engine,
    settings: &Settings,
    reports: &ReportArgs,
    common: &Common,
    started: Instant,
    then: &dyn Fn(&Run) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let baseline = settings
        .baseline
        .as_deref()
        .map(|path| Baseline::read(path, settings.key.id()))
        .transpose()
        .map_err(Failure::usage)?;
    let known = Known::load(settings, chosen.root.as_deref())?;
    let mut run = pipeline(chosen, engine, settings, reports.hashes())?;
    let now = common.now();
    known.waivers.apply(&mut run.findings, now);
    if let Some(baseline) = &baseline {
        baseline.apply(&mut run.findings);
    }
    // After the pipeline, so that a report that is told again is judged by the time of today.
    expiry::rank(&mut run.findings, now);
    run.warnings.extend(known.flaws(&run, chosen.seen, now));
    let evaluation = settings.policy.as_ref().map(|text| known.at_the_gate(text, settings, &run, now));
    let violations = evaluation.as_ref().map_or(&[][..], |evaluation| &evaluation.violations);
    let outcome = settings.gate.decide(&run.findings, violations, &run.coverage);
    let report = Report {
        findings: &run.findings,
        coverage: &run.coverage,
        now,
        version: env!("CARGO_PKG_VERSION"),
        key_id: settings.key.id(),
        root: chosen.root.clone(),
        is_repository: chosen.is_repository,
        fail_on: settings.gate.least_severity(),
        min_confidence: settings.confidence,
        elapsed: started.elapsed(),
        show_secrets: reports.show_secrets,
        warnings: &run.warnings,
        outcome: crate::report::Outcome {
            blocking: run.findings.iter().filter(|finding| settings.gate.blocks(finding)).count(),
            complete: run.coverage.is_complete(),
        },
        sarif_suppressed: reports.sarif_suppressed,
        category: reports.sarif_category.clone(),
        policy: settings.policy.as_ref().zip(evaluation.as_ref()).map(|(text, evaluation)| PolicyPart {
            evaluation,
            rules: &text.policy.rules,
            is_all: false,
            blocking: violations.iter().filter(|one| settings.gate.blocks_violation(one)).count(),
        }),
    };
    let default = [Wanted { format: Format::Terminal, file: None }];
    let wanted = if reports.format.is_empty() { &default[..] } else { &reports.format };
    output::write(wanted, &report, common.colour())?;
    if wanted.iter().all(|one| one.file.is_some() || one.format != Format::Terminal) {
        brief(&report, common)?;
    }
    then(&run)?;
    Ok(outcome.exit_code())
}

/// What a person must know when no terminal report is shown: gaps, warnings and the count.
pub fn brief(report: &Report<'_>, common: &Common) -> Result<(), Failure> {
    let mut err = io::stderr().lock();
    let mut say = |line: String| writeln!(err, "keytrail: {line}").map_err(Failure::usage);
    for gap in &report.coverage.left_out {
        say(format!("not scanned: {gap}"))?;
    }
    for warning in report.warnings {
        say(format!("warning: {warning}"))?;
    }
    let broken = report.policy.map_or(0, |policy| policy.blocking);
    let is_worth_it = common.verbose > 0 || !report.coverage.is_complete();
    if is_worth_it || report.outcome.blocking + broken > 0 {
        let count = report.outcome.blocking;
        let policy = match broken {
            0 => String::new(),
            1 => ", 1 blocking violation of the policy".to_owned(),
            more => format!(", {more} blocking violations of the policy"),
        };
        say(format!("{count} blocking finding{}{policy}", if count == 1 { "" } else { "s" }))?;
    }
    Ok(())
}
