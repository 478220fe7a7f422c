//! `keytrail trail`: the life of every token in a repository's history.

use crate::cli::known::Known;
use crate::cli::output::{self, Wanted};
use crate::cli::scan::{Run, SettingArgs, settings_probe};
use crate::cli::source::{containers, named_or_current};
use crate::cli::{Common, EXIT_INCOMPLETE, Failure, progress, replay};
use crate::coverage::{Coverage, Gap};
use crate::detect::Engine;
use crate::finding::Finding;
use crate::history::History;
use crate::history::recall::{Recall, records};
use crate::origin::RepoPath;
use crate::policy::baseline::Baseline;
use crate::policy::expiry;
use crate::report::{self, Format, Report, trail as told};
use crate::scan::Scan;
use crate::settings::Settings;
use crate::source::repository::Handles;
use crate::trail::follow::follow;
use crate::trail::life::Life;
use crate::trail::state::Followed;
use clap::Args;
use git2::Oid;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Instant;

/// Flags of `trail`.
#[derive(Debug, Args)]
pub struct TrailArgs {
    /// The repository; the one of the current folder if none is named.
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// Tell only of tokens whose fingerprint begins so. May be given several times.
    #[arg(long, value_name = "FINGERPRINT")]
    token: Vec<String>,
    /// Tell only of tokens in this state: exposed, lingering, rotated, expired, revoked, waived. May
    /// be given several times.
    #[arg(long, value_name = "STATE")]
    state: Vec<crate::trail::state::State>,
    /// In the terminal, tell of every ref that reaches a token, and of the commit that took it out there.
    #[arg(long)]
    refs: bool,
    /// Neither use nor keep what earlier scans of the history found out.
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    settings: SettingArgs,
    /// Report format, with a file to write to: terminal, json, jsonl, sarif. May be given several
    /// times.
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    format: Vec<Wanted>,
    /// Tells several SARIF reports of one commit apart.
    #[arg(long, value_name = "NAME")]
    sarif_category: Option<String>,
}

/// `keytrail trail`.
pub fn run(args: &TrailArgs, common: &Common) -> Result<u8, Failure> {
    output::check(&args.format)?;
    if let Some(wrong) = args.format.iter().find(|wanted| !told::FORMATS.contains(&wanted.format)) {
        return Err(Failure::text(format!(
            "a trail cannot be told as {}; use terminal, json, jsonl or sarif",
            wrong.format.name()
        )));
    }
    let started = Instant::now();
    let place = named_or_current(args.path.as_deref())?;
    let (settings, engine) = args.settings.load(&place)?;
    let hashes = args.format.iter().any(|wanted| wanted.format == Format::Sarif);
    let asked = Asked { path: args.path.as_deref(), no_cache: args.no_cache, hashes };
    let Lives { run, lives } = lives(&asked, &settings, &engine)?;
    let now = common.now();
    let is_wanted = |followed: &Followed| {
        let fingerprint = followed.life.token.fingerprint.to_string();
        (args.token.is_empty() || args.token.iter().any(|start| fingerprint.starts_with(start.as_str())))
            && (args.state.is_empty() || args.state.contains(&followed.state))
    };
    let known = Known::load(&settings, crate::cli::source::root_of(&place).as_deref())?;
    let judged = lives.into_iter().map(|mut life| {
        known.waive(&mut life, now);
        let word = known.word(&life);
        Followed::new(life, word, now)
    });
    let (lives, mut findings): (Vec<Followed>, Vec<Finding>) =
        judged.zip(run.findings).filter(|(followed, _)| is_wanted(followed)).unzip();
    expiry::lower(&mut findings, now);
    let scan = Report {
        findings: &findings,
        coverage: &run.coverage,
        now,
        version: env!("CARGO_PKG_VERSION"),
        key_id: settings.key.id(),
        root: crate::cli::source::root_of(&place),
        is_repository: true,
        fail_on: settings.gate.least_severity(),
        min_confidence: settings.confidence,
        elapsed: started.elapsed(),
        show_secrets: false,
        warnings: &run.warnings,
        outcome: report::Outcome { blocking: 0, complete: run.coverage.is_complete() },
        sarif_suppressed: true,
        category: args.sarif_category.clone(),
        policy: None,
    };
    let trail = told::Trail { lives: &lives, scan: &scan, now, all_refs: args.refs };
    let default = [Wanted { format: Format::Terminal, file: None }];
    let wanted = if args.format.is_empty() { &default[..] } else { &args.format };
    output::write_with(wanted, common.colour(), &|format, out, style| {
        told::write(format, &trail, out, style)
    })?;
    let is_incomplete = !run.coverage.is_complete() && !settings.gate.allows_incomplete();
    Ok(if is_incomplete { EXIT_INCOMPLETE } else { 0 })
}

/// Which history is followed, and how.
pub struct Asked<'a> {
    /// A place in the repository; without one git's environment variables and the current folder say
    /// which one.
    pub path: Option<&'a Path>,
    /// Whether the cache is left alone.
    pub no_cache: bool,
    /// Whether GitHub's hashes of lines are wanted.
    pub hashes: bool,
}

/// A scan of a history, with the life of each of its findings in the same order.
pub struct Lives {
    /// The scan, baseline applied.
    pub run: Run,
    /// The lives.
    pub lives: Vec<Life>,
}

/// Scans a history and follows what it finds.
pub fn lives(asked: &Asked<'_>, settings: &Settings, engine: &Engine) -> Result<Lives, Failure> {
    let baseline = settings
        .baseline
        .as_deref()
        .map(|path| Baseline::read(path, settings.key.id()))
        .transpose()
        .map_err(Failure::usage)?;
    let coverage = Coverage::default();
    let scan = Scan::new(engine, settings, &coverage, asked.hashes).keeping_versions();
    let blobs = || {
        let versions = scan.versions();
        let mut ids: Vec<String> = versions.into_iter().filter_map(|version| version.blob).collect();
        ids.sort_unstable();
        ids.dedup();
        let bytes = |id: &String| data_encoding::HEXLOWER.decode(id.as_bytes()).ok();
        ids.iter().filter_map(bytes).filter_map(|bytes| Oid::from_bytes(&bytes).ok()).collect()
    };
    let recall = Recall { blobs: &blobs, past: OnceLock::new() };
    let probe = settings_probe(engine, settings);
    let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
    let history = History {
        path: asked.path.map(Path::to_owned),
        filter: settings.leaves_out().then_some(&filter),
        containers: containers(settings),
        probe: Some(&probe),
        cache: (!asked.no_cache).then(|| replay::settings_key(settings, engine, asked.hashes)),
        recall: Some(&recall),
    };
    progress::watch(&coverage, || scan.read(&history))?;
    let past = recall.past.into_inner().unwrap_or_default();
    let versions = scan.versions();
    let (mut findings, warnings) = scan.finish();
    if let Some(baseline) = &baseline {
        baseline.apply(&mut findings);
    }
    let handles = Handles::open(asked.path)?;
    let read = |wanted: &[u32]| records(&handles, &past, wanted, &coverage);
    let mut cut = |finding: &Finding, paths: usize| {
        let what = format!("the trail of the token {}", finding.fingerprint);
        coverage.leave_out(
            Gap::Bomb,
            &what,
            format_args!("it is at {paths} paths more than are followed; leave folders out with `exclude`"),
        );
    };
    let lives = follow(&past, &findings, &versions, &read, &mut cut);
    Ok(Lives { run: Run { findings, coverage: coverage.finish(), warnings }, lives })
}
