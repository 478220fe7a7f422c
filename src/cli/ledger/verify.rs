//! `keytrail ledger verify`, `prove` and `consistency`.

use super::{PlaceArgs, failed};
use crate::cli::{EXIT_INCOMPLETE, EXIT_TAMPERED, Failure, generate};
use crate::ledger::checkpoint::SignedCheckpoint;
use crate::ledger::key;
use crate::ledger::note::VerifierKey;
use crate::ledger::verify::{Held, Verdict, Verification};
use clap::Args;
use data_encoding::BASE64;
use serde_json::json;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Flags of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// A checkpoint that you kept elsewhere: what shows that the whole ledger was rewritten or its end
    /// cut off. May be given several times.
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// A key whose signatures count: NAME+HASH+BASE64, or a file that holds this or an OpenSSH public
    /// key. Adds to `verifiers` in keytrail.toml. May be given several times.
    #[arg(long, value_name = "KEY|FILE")]
    verifier: Vec<String>,
    /// The outcome as JSON.
    #[arg(long)]
    json: bool,
}

/// Flags of `prove`.
#[derive(Debug, Args)]
pub struct ProveArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The number of the entry.
    #[arg(value_name = "N")]
    number: u64,
    /// Prove it in the tree of the first SIZE entries; else in that of the kept checkpoint if it covers
    /// the entry, else in that of all.
    #[arg(long, value_name = "SIZE")]
    size: Option<u64>,
    /// The proof as text in the form c2sp.org/tlog-proof@v1, which takes a checkpoint of that size.
    #[arg(long)]
    tlog_proof: bool,
}

/// Flags of `consistency`.
#[derive(Debug, Args)]
pub struct ConsistencyArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// How many entries there were before.
    #[arg(value_name = "A")]
    first: u64,
    /// How many there were later; all, if this is left out.
    #[arg(value_name = "B")]
    second: Option<u64>,
}

/// `keytrail ledger verify`.
pub fn run(args: &VerifyArgs) -> Result<u8, Failure> {
    let (place, settings) = args.place.find()?;
    // Whoever wants to verify a ledger must be told of a broken header as of any other entry.
    let ledger = crate::ledger::Ledger::at(&place).map_err(failed)?;
    let held: Vec<Held> = args.checkpoint.iter().map(|path| read_held(path)).collect::<Result<_, _>>()?;
    let mut verifiers = settings.ledger.verifiers;
    let origin = ledger.origin().unwrap_or_default();
    for text in &args.verifier {
        verifiers.push(read_verifier(text, &origin)?);
    }
    let found = ledger.verify(&held, &verifiers).map_err(failed)?;
    let text = if args.json { as_json(&found, &ledger.shown()) } else { as_text(&found, &ledger.shown()) };
    generate::print(text.as_bytes())?;
    Ok(match found.verdict() {
        Verdict::Verified => 0,
        Verdict::Tampered => EXIT_TAMPERED,
        Verdict::Unproved => EXIT_INCOMPLETE,
    })
}

fn read(path: &Path, what: &str) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::Incomplete(
            anyhow::Error::from(error).context(format!("{what} {} cannot be read", path.display())),
        )
    })
}

/// A checkpoint that was kept elsewhere.
pub(in crate::cli) fn read_held(path: &Path) -> Result<Held, Failure> {
    let place = path.display().to_string();
    let checkpoint = SignedCheckpoint::parse(&read(path, "the checkpoint")?, &place).map_err(failed)?;
    Ok(Held { place, checkpoint })
}

/// A verifier key, or what a file says. An OpenSSH key has no name for notes: it gets the ledger's.
pub(in crate::cli) fn read_verifier(text: &str, origin: &str) -> Result<VerifierKey, Failure> {
    let path = Path::new(text);
    if !path.is_file() {
        return key::verifier(text, origin).map_err(|error| {
            Failure::text(format!("--verifier: {error}; there is no file of this name either"))
        });
    }
    key::verifier(&read(path, "the key")?, origin)
        .map_err(|error| Failure::text(format!("--verifier: {}: {error}", path.display())))
}

const fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Verified => "verified",
        Verdict::Tampered => "tampered",
        Verdict::Unproved => "unproved",
    }
}

fn as_text(found: &Verification, shown: &str) -> String {
    let mut text = String::new();
    let mut say = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    if let Some(fault) = &found.fault {
        say(match fault.up_to.filter(|last| *last > fault.entry) {
            Some(last) => {
                format!(
                    "WRONG: of the entries {} to {last}, the first that is wrong cannot be told: entry {}: {}",
                    fault.entry, fault.entry, fault.problem
                )
            }
            None => format!("WRONG: entry {}: {}", fault.entry, fault.problem),
        });
    }
    for one in &found.checkpoints {
        let by = match one.signed_by.as_slice() {
            [] => String::new(),
            names => format!(", signed by {}", names.join(", ")),
        };
        say(match &one.problem {
            Some(problem) => format!("WRONG: {} ({} entries{by}): {problem}", one.place, one.size),
            None => format!("holds: {} ({} entries{by})", one.place, one.size),
        });
    }
    for limit in found.limits() {
        say(format!("not established: {limit}"));
    }
    say(match found.verdict() {
        Verdict::Verified => format!(
            "{shown}: {} entries, each as it was written; {} of them proved by a checkpoint",
            found.entries,
            found.proved()
        ),
        Verdict::Tampered => format!("{shown}: NOT as it was written"),
        Verdict::Unproved => format!(
            "{shown}: {} entries fit each other, but nothing is signed; make a checkpoint with `keytrail ledger \
             checkpoint`",
            found.entries
        ),
    });
    text
}

fn as_json(found: &Verification, shown: &str) -> String {
    let checkpoints: Vec<_> = found
        .checkpoints
        .iter()
        .map(|one| {
            json!({
                "place": one.place,
                "held": one.held,
                "size": one.size,
                "signed-by": one.signed_by,
                "problem": one.problem,
            })
        })
        .collect();
    let fault = found
        .fault
        .as_ref()
        .map(|fault| json!({ "entry": fault.entry, "up-to": fault.up_to, "problem": fault.problem }));
    let outcome = json!({
        "version": 1,
        "ledger": shown,
        "origin": found.origin,
        "verdict": name(found.verdict()),
        "entries": found.entries,
        "root-hash": found.root.map(|root| BASE64.encode(&root)),
        "proved": found.proved(),
        "torn-bytes": found.torn,
        "fault": fault,
        "checkpoints": checkpoints,
        "not-established": found.limits(),
    });
    format!("{outcome:#}\n")
}

/// `keytrail ledger prove`.
pub fn prove(args: &ProveArgs) -> Result<u8, Failure> {
    let (ledger, _) = args.place.open()?;
    let kept = ledger.kept_checkpoint().map_err(failed)?;
    let covering = kept.as_ref().map(|kept| kept.checkpoint.size).filter(|size| *size > args.number);
    let proof = ledger.prove(args.number, args.size.or(covering)).map_err(failed)?;
    if !args.tlog_proof {
        return generate::print(format!("{:#}\n", proof.json(kept.as_ref())).as_bytes());
    }
    let text = kept.as_ref().and_then(|kept| proof.tlog_proof(kept)).ok_or_else(|| {
        Failure::text(format!(
            "a proof in this form holds a checkpoint of {} entries, and the one beside the ledger is not that; make \
             one with `keytrail ledger checkpoint`",
            proof.size
        ))
    })?;
    generate::print(text.as_bytes())
}

/// `keytrail ledger consistency`.
pub fn consistency(args: &ConsistencyArgs) -> Result<u8, Failure> {
    let (ledger, _) = args.place.open()?;
    let proof = ledger.consistency(args.first, args.second).map_err(failed)?;
    generate::print(format!("{:#}\n", proof.json()).as_bytes())
}
