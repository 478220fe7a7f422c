//! `keytrail baseline`.

use crate::cli::scan::{SettingArgs, pipeline, settings_probe};
use crate::cli::source::{self, SourceArgs};
use crate::cli::{Common, EXIT_INCOMPLETE, Failure, record};
use crate::ledger::Event;
use crate::policy::baseline::Baseline;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where a baseline goes if nothing else is said.
const FILE_NAME: &str = ".keytrail-baseline.json";

/// Flags of `baseline`.
#[derive(Debug, Args)]
pub struct BaselineArgs {
    #[command(flatten)]
    source: SourceArgs,
    #[command(flatten)]
    settings: SettingArgs,
    /// The file to write; else the settings' baseline, else .keytrail-baseline.json.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Keep what the file holds, add what is new, and drop what is gone.
    #[arg(long)]
    update: bool,
}

/// `keytrail baseline`.
pub fn run(args: &BaselineArgs, common: &Common) -> Result<u8, Failure> {
    let (settings, engine) = args.settings.load(&args.source.place()?)?;
    let file = args.output.clone().or_else(|| settings.baseline.clone()).unwrap_or_else(|| FILE_NAME.into());
    let filter = |path: &crate::origin::RepoPath, folder: bool| settings.wants(path, folder);
    let probe = args.source.history.then(|| settings_probe(&engine, &settings));
    let chosen = source::choose(&args.source, &filter, &settings, probe.as_ref(), None)?;
    let run = pipeline(&chosen, &engine, &settings, false)?;
    let mut err = io::stderr().lock();
    let mut say = |line: String| writeln!(err, "keytrail: {line}").map_err(Failure::usage);
    for gap in &run.coverage.left_out {
        say(format!("not scanned: {gap}"))?;
    }
    if !run.coverage.is_complete() && !settings.gate.allows_incomplete() {
        say("the scan is incomplete, so no baseline was written; --allow-incomplete writes it all the same"
            .into())?;
        return Ok(EXIT_INCOMPLETE);
    }
    let mut baseline = if args.update && file.exists() {
        Baseline::read(&file, settings.key.id()).map_err(Failure::usage)?
    } else {
        Baseline::new(settings.key.id())
    };
    let gone = baseline.remove_stale(&run.findings);
    let new = baseline.add(&run.findings);
    let before = record::file_hash(&file);
    let changed = baseline.write(&file).map_err(Failure::usage)?;
    if let (true, Some(after)) = (changed, record::file_hash(&file)) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let change = Event::PolicyChange { file: name, before, after };
        record::record(&settings, &args.source.place()?, &[change], common)?;
    }
    say(format!(
        "{}: {} place{} known, {new} new, {} dropped{}",
        file.display(),
        baseline.len(),
        if baseline.len() == 1 { "" } else { "s" },
        gone.len(),
        if changed { "" } else { "; nothing changed" },
    ))?;
    if settings.key.id() == "public" && !baseline.is_empty() {
        say("without KEYTRAIL_KEY, a weak password could be guessed from the fingerprints in this file"
            .into())?;
    }
    Ok(0)
}
