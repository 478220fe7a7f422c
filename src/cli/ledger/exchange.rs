//! `keytrail ledger push` and `fetch`: git carries the ref, with the user's own addresses and keys.

use super::failed;
use crate::cli::{Common, Failure, generate, output};
use crate::ledger::exchange::{Exchange, INCOMING, Relation};
use crate::ledger::{LedgerError, REFERENCE};
use crate::settings::{Overrides, Settings};
use clap::Args;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Flags of `push` and `fetch`.
#[derive(Debug, Args)]
pub struct RemoteArgs {
    /// The remote's name or address.
    #[arg(value_name = "REMOTE", default_value = "origin")]
    remote: String,
    /// Read this configuration file instead of looking for keytrail.toml.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Read no configuration file.
    #[arg(long)]
    no_config: bool,
}

/// What a remote has, fetched to a ref of its own, which goes when this does.
struct Fetched {
    exchange: Exchange,
}

impl Drop for Fetched {
    fn drop(&mut self) {
        self.exchange.forget();
    }
}

/// `keytrail ledger fetch`.
pub fn fetch(args: &RemoteArgs, common: &Common) -> Result<u8, Failure> {
    let settings = settings(args)?;
    let Some(mut fetched) = get(&args.remote)? else {
        return Err(Failure::text(format!("{} has no ledger: it has no ref {REFERENCE}", args.remote)));
    };
    let verifiers = &settings.ledger.verifiers;
    let relation = fetched.exchange.compare(verifiers).map_err(failed)?;
    if let Relation::Forked(entry) = relation {
        return Err(forked(&args.remote, entry));
    }
    let moved = fetched.exchange.adopt(verifiers, common.now()).map_err(failed)?;
    say(&match (relation, moved) {
        (Relation::Absent, _) => format!("got the ledger of {}", args.remote),
        (Relation::Behind(more), _) => format!("got {more} entries from {}", args.remote),
        (_, true) => format!("got a checkpoint from {}", args.remote),
        (Relation::Ahead(more), _) => {
            format!("nothing new; {more} entries here are not at {} yet: push them", args.remote)
        }
        _ => format!("nothing new at {}", args.remote),
    })
}

/// `keytrail ledger push`.
pub fn push(args: &RemoteArgs) -> Result<u8, Failure> {
    let settings = settings(args)?;
    if let Some(fetched) = get(&args.remote)? {
        match fetched.exchange.compare(&settings.ledger.verifiers).map_err(failed)? {
            Relation::Same | Relation::Ahead(_) => {}
            Relation::Absent => return Err(failed(LedgerError::Missing(REFERENCE.to_owned()))),
            Relation::Behind(more) => {
                return Err(Failure::text(format!(
                    "{} has {more} entries that are not here; get them first: keytrail ledger fetch {}",
                    args.remote, args.remote
                )));
            }
            Relation::Forked(entry) => return Err(forked(&args.remote, entry)),
        }
    }
    // Without force: if somebody was faster, the remote refuses.
    let pushed = git(&["push", "--quiet", &args.remote, &format!("{REFERENCE}:{REFERENCE}")])?;
    if !pushed.0 {
        return Err(Failure::Incomplete(anyhow::Error::msg(format!(
            "{} did not take the ledger: {}",
            args.remote, pushed.1
        ))));
    }
    say(&format!("{} has the ledger as it is here", args.remote))
}

fn settings(args: &RemoteArgs) -> Result<Settings, Failure> {
    if args.remote.starts_with('-') {
        return Err(Failure::text(format!("{}: not a remote's name or address", args.remote)));
    }
    let overrides =
        Overrides { config: args.config.clone(), no_config: args.no_config, ..Overrides::default() };
    Settings::load(&output::current_folder()?, overrides).map_err(Failure::usage)
}

/// Fetches the remote's ledger; `None` if it has none.
fn get(remote: &str) -> Result<Option<Fetched>, Failure> {
    let exchange = Exchange::open(&output::current_folder()?).map_err(failed)?;
    let failed = |text: &str| {
        Failure::Incomplete(anyhow::Error::msg(format!("{remote} cannot be asked for its ledger: {text}")))
    };
    let (asked, list) = git(&["ls-remote", remote, REFERENCE])?;
    if !asked {
        return Err(failed(&list));
    }
    if list.trim().is_empty() {
        return Ok(None);
    }
    let refspec = format!("+{REFERENCE}:{INCOMING}");
    let (fetched, text) =
        git(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", remote, &refspec])?;
    if !fetched {
        return Err(failed(&text));
    }
    Ok(Some(Fetched { exchange }))
}

/// Runs git here: whether it went well, and what it said.
fn git(arguments: &[&str]) -> Result<(bool, String), Failure> {
    let output = Command::new("git").args(arguments).stdin(Stdio::null()).output().map_err(|error| {
        Failure::usage(
            anyhow::Error::from(error).context("git is needed to reach a remote and cannot be started"),
        )
    })?;
    let text = if output.status.success() { &output.stdout } else { &output.stderr };
    Ok((output.status.success(), String::from_utf8_lossy(text).trim().to_owned()))
}

fn forked(remote: &str, entry: u64) -> Failure {
    Failure::Tampered(anyhow::Error::msg(format!(
        "the ledger here and the one of {remote} forked: entry {entry} is another one here than there. Nothing was \
         changed. Either one was rewritten, which a checkpoint from before shows (`keytrail ledger verify \
         --checkpoint FILE` on both), or both were written to at once: then keep the one that others hold \
         checkpoints of, and record the entries of the other anew"
    )))
}

fn say(text: &str) -> Result<u8, Failure> {
    generate::print(format!("{text}\n").as_bytes())
}
