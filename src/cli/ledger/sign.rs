//! `keytrail ledger keygen` and `keytrail ledger checkpoint`.

use super::{PlaceArgs, failed};
use crate::cli::{Common, Failure, generate};
use crate::ledger::key::Signer;
use crate::ledger::note::check_name;
use crate::ledger::{Ledger, LedgerError};
use crate::settings::Settings;
use clap::Args;
use std::io::{self, Write};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The variable that holds the passphrase of a key file.
const PASSPHRASE: &str = "KEYTRAIL_LEDGER_PASSPHRASE";

/// Flags of `keygen`.
#[derive(Debug, Args)]
pub struct KeygenArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The file to write; its public half goes beside it, with .pub after its name. Nothing is
    /// overwritten.
    #[arg(long, value_name = "FILE", env = "KEYTRAIL_LEDGER_KEY")]
    key: Option<PathBuf>,
    /// The name that the key signs under; else the ledger's origin.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Protect the key with a passphrase, from `KEYTRAIL_LEDGER_PASSPHRASE` or asked for.
    #[arg(long)]
    encrypt: bool,
}

/// Flags of `checkpoint`.
#[derive(Debug, Args)]
pub struct CheckpointArgs {
    #[command(flatten)]
    place: PlaceArgs,
    /// The private key: Ed25519 in OpenSSH's format. If it has a passphrase, that is taken from
    /// `KEYTRAIL_LEDGER_PASSPHRASE` or asked for.
    #[arg(long, value_name = "FILE", env = "KEYTRAIL_LEDGER_KEY")]
    key: Option<PathBuf>,
    /// The name that the key signs under; else the ledger's origin, as the specification wants.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

/// `keytrail ledger keygen`.
pub fn keygen(args: &KeygenArgs) -> Result<u8, Failure> {
    let (place, settings) = args.place.find()?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => match Ledger::open(&place).and_then(|ledger| ledger.origin()) {
            Ok(origin) => origin,
            Err(LedgerError::Missing(_)) => {
                return Err(Failure::text(
                    "a key signs under the ledger's name: make the ledger first (`keytrail ledger init`), or give \
                     the name with --name",
                ));
            }
            Err(error) => return Err(failed(error)),
        },
    };
    check_name(&name).map_err(failed)?;
    let path = key_path(args.key.as_ref(), &settings)?;
    let passphrase = if args.encrypt { Some(new_passphrase()?) } else { None };
    let signer =
        Signer::generate(&path, &name, passphrase.as_ref().map(|text| text.as_str())).map_err(failed)?;
    let _ = writeln!(
        io::stderr(),
        "keytrail: wrote {}; keep it secret, and give verifiers the line below",
        path.display()
    );
    generate::print(format!("{}\n", signer.verifier()).as_bytes())
}

/// `keytrail ledger checkpoint`.
pub fn checkpoint(args: &CheckpointArgs, common: &Common) -> Result<u8, Failure> {
    let (mut ledger, settings) = args.place.open()?;
    let path = key_path(args.key.as_ref(), &settings)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => ledger.origin().map_err(failed)?,
    };
    let signer = Signer::read(&path, &name, || {
        passphrase(&format!("Passphrase of {}: ", path.display())).map_err(LedgerError::Usage)
    })
    .map_err(failed)?;
    let checkpoint = ledger.checkpoint(&signer, common.now()).map_err(failed)?;
    generate::print(checkpoint.text().as_bytes())
}

/// The file that flags or settings name.
fn key_path(flag: Option<&PathBuf>, settings: &Settings) -> Result<PathBuf, Failure> {
    flag.or(settings.ledger.key.as_ref()).cloned().ok_or_else(|| {
        Failure::text(
            "name the file of the private key: --key FILE, KEYTRAIL_LEDGER_KEY, or `key` in [ledger] of keytrail.toml",
        )
    })
}

/// The passphrase from the environment, else from the terminal.
fn passphrase(prompt: &str) -> Result<Zeroizing<String>, String> {
    if let Ok(text) = std::env::var(PASSPHRASE)
        && !text.is_empty()
    {
        return Ok(Zeroizing::new(text));
    }
    rpassword::prompt_password(prompt).map(Zeroizing::new).map_err(|error| {
        format!(
            "the key has a passphrase, and no terminal is there to ask for it ({error}); set {PASSPHRASE}"
        )
    })
}

/// A passphrase for a new key, asked for twice.
fn new_passphrase() -> Result<Zeroizing<String>, Failure> {
    let first = passphrase("Passphrase for the new key: ").map_err(Failure::text)?;
    if first.is_empty() {
        return Err(Failure::text(
            "an empty passphrase protects nothing; leave --encrypt out for a key without one",
        ));
    }
    if std::env::var_os(PASSPHRASE).is_none_or(|text| text.is_empty())
        && *first != *passphrase("The same once more: ").map_err(Failure::text)?
    {
        return Err(Failure::text("the two passphrases differ; no key was made"));
    }
    Ok(first)
}
