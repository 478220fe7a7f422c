//! `keytrail review`: everything that is known of every token, judged, as a report to sign.

use crate::cli::feed::{self, FeedArgs};
use crate::cli::inventory::repository_name;
use crate::cli::known::Known;
use crate::cli::ledger as ledger_place;
use crate::cli::ledger::verify::{read_held, read_verifier};
use crate::cli::other_tokens::OtherArgs;
use crate::cli::output::{self, Wanted};
use crate::cli::record::{self, settings_hash};
use crate::cli::register::RegistryArgs;
use crate::cli::scan::SettingArgs;
use crate::cli::source::named_or_current;
use crate::cli::trail::{self, Lives};
use crate::cli::{Common, EXIT_INCOMPLETE, Failure};
use crate::detect::Engine;
use crate::ledger::event::Event;
use crate::ledger::verify::{Verdict, Verification};
use crate::ledger::{Entry, Ledger, LedgerError};
use crate::policy::Case;
use crate::policy::subject::{Asked, subjects};
use crate::policy::waivers::Seen;
use crate::review::{self, Changes, Format, LedgerView, Made, Material, Review, seal, signed};
use crate::settings::Settings;
use crate::trail::inventory::Inventory;
use crate::trail::registry::Registry;
use clap::{Args, Subcommand};
use data_encoding::BASE64;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Exit code for a review that found something: a rule of the policy that blocks, or a broken ledger.
const EXIT_FOUND: u8 = 1;

/// Flags of `review`.
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 nothing blocks, 1 a violation blocks or the ledger is broken, 2 wrong usage, 3 not \
                  everything could be read.\n\
                  Examples:\n  \
                  keytrail review                                   a summary\n  \
                  keytrail review -f html=review.html -f json=review.json\n  \
                  keytrail review --previous review.json -f html=next.html\n  \
                  keytrail review sign --reviewer \"Ada\" --report review.html"
)]
pub struct ReviewArgs {
    #[command(subcommand)]
    command: Option<ReviewCommand>,
    /// The repository; the one of the current folder if none is named.
    #[arg(value_name = "PATH")]
    path: Option<PathBuf>,
    /// The JSON form of the review before: what changed is told since then. Without it, since the last
    /// sign-off in the ledger.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    others: OtherArgs,
    #[command(flatten)]
    feeds: FeedArgs,
    /// A checkpoint of the ledger that you kept elsewhere: what shows that the whole ledger was rewritten
    /// or its end cut off. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// A key whose signatures on the ledger's checkpoints count, or a file that holds it. Adds to
    /// `verifiers` in keytrail.toml. May be given several times.
    #[arg(long, value_name = "KEY|FILE")]
    verifier: Vec<String>,
    /// Neither use nor keep what earlier scans of the history found out.
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    settings: SettingArgs,
    /// Report format, with a file to write to: terminal, html, json, csv, oscal. May be given several
    /// times.
    #[arg(short, long = "format", value_name = "FORMAT[=FILE]")]
    format: Vec<Wanted<Format>>,
}

/// What else can be done with a review.
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// Record in the ledger that somebody has read a review and signs it off.
    Sign(SignArgs),
}

/// Flags of `review sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Who has read it.
    #[arg(long, value_name = "NAME", value_parser = name)]
    reviewer: String,
    /// The report: its html, json or oscal form, unchanged.
    #[arg(long, value_name = "FILE")]
    report: PathBuf,
    /// What else the reviewer has to say.
    #[arg(long, value_name = "TEXT", value_parser = name)]
    remark: Option<String>,
    #[command(flatten)]
    settings: SettingArgs,
}

fn name(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err("write a name or a sentence on one line".to_owned());
    }
    Ok(text.to_owned())
}

/// `keytrail review`.
pub fn run(args: &ReviewArgs, common: &Common) -> Result<u8, Failure> {
    match &args.command {
        Some(ReviewCommand::Sign(sign_args)) => sign(sign_args, common),
        None => make(args, common),
    }
}

fn make(args: &ReviewArgs, common: &Common) -> Result<u8, Failure> {
    output::check(&args.format)?;
    let previous = args.previous.as_deref().map(read_previous).transpose()?;
    let place = named_or_current(args.path.as_deref())?;
    let (mut settings, engine) = args.settings.load(&place)?;
    if let Some(previous) = previous.as_ref().filter(|previous| previous.made.key != settings.key.id()) {
        return Err(Failure::text(format!(
            "the review before was made with the fingerprint key {}, and this run uses {}: set the same key, or \
             leave --previous out",
            previous.made.key,
            settings.key.id()
        )));
    }
    let root = crate::cli::source::root_of(&place);
    let mut known = Known::load(&settings, root.as_deref())?;
    known.registry = read_registry(&args.registry, &place, &settings)?.or(known.registry);
    let asked = trail::Asked { path: args.path.as_deref(), no_cache: args.no_cache, hashes: false };
    let Lives { run, lives } = trail::lives(&asked, &settings, &engine)?;
    let now = common.now();
    let repository = repository_name(&place);
    let made = made(&settings, &engine, &place, repository.clone(), now);
    let (ledger, entries) = look_at_ledger(args, &settings, &place)?;
    let mut inventory = Inventory::new(settings.key.id());
    for life in lives {
        inventory.add_life(&repository, life);
    }
    let policy = settings.policy.as_ref().map(|text| text.policy.clone()).unwrap_or_default();
    // The feeds change the settings for themselves.
    let gate = settings.gate;
    feed::take(&args.feeds, &engine, &mut settings, &mut inventory)?;
    args.others.add(&mut inventory)?;
    let checked = known.check(&run.findings, run.coverage.is_complete(), Seen::All, now);
    let has_registry = known.registry.is_some();
    if let Some(registry) = &known.registry {
        inventory.register(registry);
    }
    let asked = Asked { waivers: &known.waivers, has_registry, excuses_baseline: true, now };
    let subjects = subjects(&inventory, asked);
    let evaluation = policy.evaluate(&Case { subjects: &subjects, waivers: &checked, history: true }, now);
    let mut warnings = run.warnings.clone();
    if policy.is_empty() {
        warnings.push("there is no policy: no rule was asked, and no control has evidence".to_owned());
    }
    if !has_registry {
        warnings.push(
            "there is no registry: who answers for a token, and what it is for, is not known".to_owned(),
        );
    }
    let blocks = evaluation.violations.iter().any(|one| gate.blocks_violation(one));
    let mut review = Material {
        made,
        schedule: signed::schedule(policy.review_every_days, &entries),
        inventory: &inventory,
        subjects: &subjects,
        waivers: &known.waivers,
        checked: &checked,
        evaluation: &evaluation,
        coverage: &run.coverage,
        sources: stores(&inventory),
        ledger,
        warnings,
    }
    .review();
    review.changes = match &previous {
        Some(previous) => Changes::between(previous, &review),
        None => signed::changes(&review, &entries),
    };
    write(args, &review, common)?;
    let is_broken = matches!(review.ledger, LedgerView::Broken { .. });
    let is_incomplete = !run.coverage.is_complete() && !gate.allows_incomplete();
    Ok(if blocks || is_broken {
        EXIT_FOUND
    } else if is_incomplete {
        EXIT_INCOMPLETE
    } else {
        0
    })
}

/// Writes the reports; a person who sees none of them is told the summary.
fn write(args: &ReviewArgs, review: &Review, common: &Common) -> Result<(), Failure> {
    let default = [Wanted { format: Format::Terminal, file: None }];
    let wanted = if args.format.is_empty() { &default[..] } else { &args.format };
    output::write_with(wanted, common.colour(), &|format, out, style| {
        review::write(format, review, out, style.color).map(|()| Vec::new())
    })?;
    if wanted.iter().all(|one| one.file.is_some() || one.format != Format::Terminal) {
        let mut err = anstream::AutoStream::new(io::stderr().lock(), common.colour());
        let coloured = err.current_choice() != anstream::ColorChoice::Never;
        review::write(Format::Terminal, review, &mut err, coloured).map_err(Failure::usage)?;
    }
    Ok(())
}

fn read_previous(path: &Path) -> Result<Review, Failure> {
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, error))?;
    review::read(&bytes).map_err(|error| Failure::usage(anyhow::anyhow!("{} {error}", path.display())))
}

fn unreadable(path: &Path, error: io::Error) -> Failure {
    Failure::usage(anyhow::Error::from(error).context(format!("cannot read {}", path.display())))
}

/// The registry, if it is there; one that was named must be.
fn read_registry(
    args: &RegistryArgs,
    place: &Path,
    settings: &Settings,
) -> Result<Option<Registry>, Failure> {
    let path = args.path(place);
    if args.file.is_none() && !path.exists() {
        return Ok(None);
    }
    Registry::read(&path, settings.key.id()).map(Some).map_err(Failure::usage)
}

/// Where tokens are stored, with how many there are.
fn stores(inventory: &Inventory) -> Vec<String> {
    let mut stores = BTreeMap::new();
    for entry in inventory.entries() {
        let own: BTreeSet<_> = entry.stored.iter().map(|stored| stored.store).collect();
        for store in own {
            *stores.entry(store).or_insert(0_usize) += 1;
        }
    }
    let told = stores.into_iter();
    told.map(|(store, count)| format!("{store}: {count} token{}", if count == 1 { "" } else { "s" }))
        .collect()
}

fn made(
    settings: &Settings,
    engine: &Engine,
    place: &Path,
    repository: String,
    now: crate::moment::Moment,
) -> Made {
    let policy = settings.policy.as_ref().map(|text| format!("{:?}", text.policy)).unwrap_or_default();
    let head = git2::Repository::discover(place)
        .ok()
        .and_then(|repository| repository.head().ok()?.peel_to_commit().ok().map(|commit| commit.id()));
    let config = settings.config_path.as_deref().and_then(Path::file_name);
    Made {
        now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        repository,
        head: head.map(|id| id.to_string()),
        rules: seal::hash(format!("{:?}", engine.pack().rules()).as_bytes()),
        settings: seal::hash(format!("{} {policy}", settings_hash(settings, engine)).as_bytes()),
        key: settings.key.id().to_owned(),
        policy: config.filter(|_| settings.policy.is_some()).map(|name| name.to_string_lossy().into_owned()),
    }
}

/// What the check of the ledger says, and its entries as far as they can be trusted.
fn look_at_ledger(
    args: &ReviewArgs,
    settings: &Settings,
    folder: &Path,
) -> Result<(LedgerView, Vec<Entry>), Failure> {
    let ledger = match Ledger::open(&ledger_place::place(settings, folder)) {
        Ok(ledger) => ledger,
        Err(LedgerError::Missing(_)) if settings.ledger.place.is_some() => {
            let why =
                "keytrail.toml speaks of a ledger, and there is none; make one with `keytrail ledger init`";
            return Ok((LedgerView::Broken { why: why.to_owned() }, Vec::new()));
        }
        Err(LedgerError::Missing(_)) => return Ok((LedgerView::None, Vec::new())),
        Err(error @ LedgerError::Damaged { .. }) => {
            return Ok((LedgerView::Broken { why: from_here(&error.to_string(), folder) }, Vec::new()));
        }
        Err(error) => return Err(ledger_place::failed(error)),
    };
    let held = args.checkpoint.iter().map(|path| read_held(path)).collect::<Result<Vec<_>, _>>()?;
    let mut verifiers = settings.ledger.verifiers.clone();
    let origin = ledger.origin().unwrap_or_default();
    for text in &args.verifier {
        verifiers.push(read_verifier(text, &origin)?);
    }
    let found = ledger.verify(&held, &verifiers).map_err(ledger_place::failed)?;
    let view = view(&found, folder);
    // What follows a wrong entry proves nothing, and neither does what a checkpoint speaks against.
    let entries = match view {
        LedgerView::Broken { .. } => Vec::new(),
        _ => ledger.entries().map_err(ledger_place::failed)?,
    };
    Ok((view, entries))
}

/// A text without the place of the repository on this machine, which is nobody's business.
fn from_here(text: &str, folder: &Path) -> String {
    let root = crate::cli::source::root_of(folder).or_else(|| folder.canonicalize().ok());
    root.map_or_else(|| text.to_owned(), |root| text.replace(&format!("{}/", root.display()), ""))
}

fn view(found: &Verification, folder: &Path) -> LedgerView {
    match found.verdict() {
        Verdict::Verified => LedgerView::Sound {
            entries: found.entries,
            proved: found.proved(),
            root: found.root.as_ref().map(|root| BASE64.encode(root.as_ref())).unwrap_or_default(),
            limits: found.limits(),
        },
        Verdict::Unproved => LedgerView::Unproved { entries: found.entries },
        Verdict::Tampered => {
            let fault = found.fault.as_ref().map(|fault| format!("entry {}: {}", fault.entry, fault.problem));
            let wrong = found
                .checkpoints
                .iter()
                .filter_map(|one| Some(format!("{}: {}", one.place, one.problem.as_deref()?)));
            let why: Vec<String> = fault.into_iter().chain(wrong).collect();
            LedgerView::Broken { why: from_here(&why.join("; "), folder) }
        }
    }
}

fn sign(args: &SignArgs, common: &Common) -> Result<u8, Failure> {
    let bytes = std::fs::read(&args.report).map_err(|error| unreadable(&args.report, error))?;
    let sealed = seal::check(&bytes)
        .map_err(|error| Failure::usage(anyhow::anyhow!("{} {error}", args.report.display())))?;
    let folder = output::current_folder()?;
    let (settings, _) = args.settings.load(&folder)?;
    let hash = seal::hash(&bytes);
    let event = Event::ReviewSignOff {
        reviewer: args.reviewer.clone(),
        report: hash.clone(),
        verdict: sealed.verdict.clone(),
        reviewed: Some(sealed.reviewed),
        remark: args.remark.clone(),
    };
    if !record::record(&settings, &folder, &[event], common)? {
        return Err(Failure::text(
            "there is no ledger to record the sign-off in; make one with `keytrail ledger init`",
        ));
    }
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} signed the review of {} ({}): {}\nsha256:{hash}",
        args.reviewer,
        sealed.reviewed.date(),
        sealed.verdict,
        args.report.display()
    )
    .map_err(Failure::usage)?;
    Ok(0)
}
