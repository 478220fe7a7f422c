//! `keytrail register`.

use crate::cli::recognise::{self, Named, Recognised};
use crate::cli::scan::SettingArgs;
use crate::cli::{Common, Failure, output, record, secret_input};
use crate::facts::Expiry;
use crate::kind::Kind;
use crate::ledger::Event;
use crate::ledger::event::Action;
use crate::moment::Moment;
use crate::secret::Fingerprint;
use crate::source::worktree::Worktree;
use crate::trail::registry::{self, FILE_NAME, Registration, RegistryFile, Status};
use crate::trail::token::Token;
use clap::Args;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Which registry.
#[derive(Debug, Args)]
pub struct RegistryArgs {
    /// The registry; else keytrail.tokens.toml at the root of the repository.
    #[arg(long = "registry", value_name = "FILE")]
    pub file: Option<PathBuf>,
}

impl RegistryArgs {
    /// The registry's path, for a command that works on `place`.
    pub fn path(&self, place: &Path) -> PathBuf {
        if let Some(file) = &self.file {
            return file.clone();
        }
        let folder = if place.is_dir() { place } else { place.parent().unwrap_or(place) };
        let root = folder.canonicalize().ok().and_then(|folder| Worktree::find(&folder));
        match root {
            Some(worktree) => short(&worktree.root.join(FILE_NAME)),
            None => folder.join(FILE_NAME),
        }
    }
}

/// A path as people want to read it: relative to the current folder if it is inside.
fn short(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok().and_then(|here| here.canonicalize().ok());
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
}

/// Flags of `register`.
#[derive(Debug, Args)]
pub struct RegisterArgs {
    #[command(flatten)]
    registry: RegistryArgs,
    /// The token's fingerprint, from a report, instead of the token on standard input.
    #[arg(long, value_name = "FINGERPRINT")]
    fingerprint: Option<String>,
    /// Change a token that is registered already: only what flags say.
    #[arg(long, group = "how")]
    update: bool,
    /// Mark a registered token as revoked: now, or when --revoked says.
    #[arg(long, group = "how")]
    revoke: bool,
    /// Mark a registered token as rotated, and register the one with this fingerprint in its place.
    #[arg(long, group = "how", value_name = "FINGERPRINT")]
    rotate_to: Option<String>,
    #[command(flatten)]
    fields: FieldArgs,
    #[command(flatten)]
    settings: SettingArgs,
}

/// Flags for what a registration says.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is registered")]
struct FieldArgs {
    /// What the team calls the token.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// The rule that knows its form; found out from the token if it is piped in.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// The sort of secret, such as access-token; found out from the token if it is piped in.
    #[arg(long, value_name = "KIND", value_parser = |text: &str| registry::read_kind(text).map_err(|bad| bad.to_string()))]
    kind: Option<Kind>,
    /// Who answers for it: a name of the [owners] table.
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// When it was issued.
    #[arg(long, value_name = "DATE")]
    issued: Option<Moment>,
    /// By what means it was issued.
    #[arg(long, value_name = "TEXT")]
    issued_how: Option<String>,
    /// Why it was issued.
    #[arg(long, value_name = "TEXT")]
    issued_why: Option<String>,
    /// By whom it was issued.
    #[arg(long, value_name = "TEXT")]
    issued_by: Option<String>,
    /// What it may do. May be given several times.
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Where it is stored, such as "vault: secret/shop". May be given several times.
    #[arg(long, value_name = "PLACE")]
    stored: Vec<String>,
    /// When it ends by itself: a date, or never.
    #[arg(long, value_name = "DATE", value_parser = expiry)]
    expires: Option<Expiry>,
    /// When another one must have taken its place.
    #[arg(long, value_name = "DATE")]
    rotate_by: Option<Moment>,
    /// The fingerprint of the token whose place it takes; that one is marked as rotated.
    #[arg(long, value_name = "FINGERPRINT")]
    replaces: Option<String>,
    /// Whether it is in use: active, rotated, revoked, expired, retired.
    #[arg(long, value_name = "STATUS", value_parser = |text: &str| registry::read_status(text).map_err(|bad| bad.to_string()))]
    status: Option<Status>,
    /// When it was revoked.
    #[arg(long, value_name = "DATE")]
    revoked: Option<Moment>,
    /// By what means it was revoked.
    #[arg(long, value_name = "TEXT")]
    revoked_how: Option<String>,
    /// An address of what proves all this. May be given several times.
    #[arg(long, value_name = "URL")]
    evidence: Vec<String>,
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    Moment::parse(text).map(Expiry::At).map_err(|error| format!("{error}; or never"))
}

/// Reads a fingerprint of the command line. It is not shown: it may be the token itself.
pub fn fingerprint(flag: &str, text: &str) -> Result<Fingerprint, Failure> {
    Fingerprint::parse(text).ok_or_else(|| {
        Failure::text(format!(
            "{flag}: not a fingerprint; write the 32 hexadecimal digits that reports give, and never the token itself"
        ))
    })
}

impl FieldArgs {
    /// Puts what flags say into a registration.
    fn apply(&self, to: &mut Registration) -> Result<(), Failure> {
        fn set<T: Clone>(to: &mut Option<T>, flag: Option<&T>) {
            if let Some(value) = flag {
                *to = Some(value.clone());
            }
        }
        fn list(to: &mut Vec<String>, flags: &[String]) {
            if !flags.is_empty() {
                to.clear();
                to.extend_from_slice(flags);
            }
        }
        if let Some(name) = &self.name {
            to.name.clone_from(name);
        }
        set(&mut to.rule, self.rule.as_ref());
        set(&mut to.kind, self.kind.as_ref());
        set(&mut to.owner, self.owner.as_ref());
        set(&mut to.purpose, self.purpose.as_ref());
        set(&mut to.issued.when, self.issued.as_ref());
        set(&mut to.issued.how, self.issued_how.as_ref());
        set(&mut to.issued.why, self.issued_why.as_ref());
        set(&mut to.issued.by, self.issued_by.as_ref());
        list(&mut to.scopes, &self.scopes);
        list(&mut to.stored, &self.stored);
        set(&mut to.expires, self.expires.as_ref());
        set(&mut to.rotate_by, self.rotate_by.as_ref());
        if let Some(old) = &self.replaces {
            to.replaces = Some(fingerprint("--replaces", old)?);
        }
        to.status = self.status.unwrap_or(to.status);
        set(&mut to.revoked.when, self.revoked.as_ref());
        set(&mut to.revoked.how, self.revoked_how.as_ref());
        list(&mut to.evidence, &self.evidence);
        if to.replaces == Some(to.fingerprint) {
            return Err(Failure::text("--replaces names the token itself; name the one before it"));
        }
        Ok(())
    }
}

/// `keytrail register`.
pub fn run(args: &RegisterArgs, common: &Common) -> Result<u8, Failure> {
    let place = output::current_folder()?;
    let (mut settings, engine) = args.settings.load(&place)?;
    let path = args.registry.path(&place);
    let mut file = RegistryFile::open(&path, settings.key.id()).map_err(Failure::usage)?;
    let (print, token) = if let Some(text) = &args.fingerprint {
        (fingerprint("--fingerprint", text)?, None)
    } else {
        let token = identify(&engine, &mut settings)?;
        (token.fingerprint, Some(token))
    };
    let old = file.registry().find(print).cloned();
    let is_change = args.update || args.revoke || args.rotate_to.is_some();
    let (mut told, mut events) = (Vec::new(), Vec::new());
    let rotation = |old: Fingerprint, new: Fingerprint| Event::Rotation {
        old: old.to_string(),
        new: new.to_string(),
        place: None,
        commit: None,
    };
    let mut err = io::stderr().lock();
    let changed = match (old, is_change) {
        (None, true) => {
            return Err(Failure::text(format!(
                "{}: {print} is not registered; register it first, without --update, --revoke and --rotate-to",
                path.display()
            )));
        }
        (Some(old), false) => {
            return Err(Failure::text(format!(
                "{}: {print} is registered already, as {:?}; --update changes it",
                path.display(),
                old.name
            )));
        }
        (None, false) => {
            let mut new = Registration::new(print, "");
            if let Some(token) = &token {
                fill(&mut new, token);
            }
            args.fields.apply(&mut new)?;
            if new.name.trim().is_empty() {
                return Err(Failure::text("--name is missing: what does the team call this token?"));
            }
            file.add(&new).map_err(Failure::usage)?;
            told.push(("added", print));
            events.push(event(&new, Action::Added));
            new
        }
        (Some(mut old), true) => {
            if let Some(new) = &args.rotate_to {
                let new = rotate(&mut file, &old, fingerprint("--rotate-to", new)?, &args.fields)?;
                told.push(("marked as rotated", print));
                told.push(("put in its place", new.fingerprint));
                events.push(rotation(print, new.fingerprint));
                new
            } else {
                if args.revoke {
                    old.status = Status::Revoked;
                    old.revoked.when = old.revoked.when.or(Some(common.now()));
                }
                args.fields.apply(&mut old)?;
                file.change(&old).map_err(Failure::usage)?;
                told.push((if args.revoke { "marked as revoked" } else { "changed" }, print));
                events.push(if args.revoke { revocation(&old) } else { event(&old, Action::Changed) });
                old
            }
        }
    };
    if args.rotate_to.is_none()
        && let Some(before) = changed.replaces.filter(|_| args.fields.replaces.is_some())
        && file.registry().find(before).is_some_and(|before| before.status == Status::Active)
    {
        file.mark_rotated(before).map_err(Failure::usage)?;
        told.push(("marked as rotated", before));
        events.push(rotation(before, changed.fingerprint));
    }
    file.write().map_err(Failure::usage)?;
    record::note(&settings, &place, &events, common)?;
    let mut out = anstream::AutoStream::new(io::stdout().lock(), common.colour());
    for (what, print) in told {
        if let Some(one) = file.registry().find(print) {
            writeln!(out, "{}: {what}:\n\n{}", path.display(), one.to_toml()).map_err(Failure::usage)?;
        }
    }
    let mut say = |line: String| writeln!(err, "keytrail: {line}").map_err(Failure::usage);
    if let Some(owner) = changed.owner.as_ref().filter(|owner| !file.registry().owners().contains_key(*owner))
    {
        say(format!(
            "the owner {owner:?} is not in the [owners] table of {} yet; add it there",
            path.display()
        ))?;
    }
    if settings.key.id() == "public" && changed.rule.is_none() {
        say("without KEYTRAIL_KEY, a weak password could be guessed from the fingerprints in this file"
            .into())?;
    }
    Ok(0)
}

/// What the ledger keeps of a registration.
fn event(one: &Registration, action: Action) -> Event {
    Event::Registration {
        action,
        fingerprint: one.fingerprint.to_string(),
        name: Some(one.name.clone()),
        kind: one.kind.map(|kind| kind.to_string()),
        owner: one.owner.clone(),
    }
}

/// What the ledger keeps of the end of a token.
fn revocation(one: &Registration) -> Event {
    Event::Revocation {
        fingerprint: one.fingerprint.to_string(),
        revoked: one.revoked.when,
        by: None,
        evidence: (!one.evidence.is_empty()).then(|| one.evidence.join(" ")),
    }
}

/// Registers a token in another one's place, with what the old one's registration says.
fn rotate(
    file: &mut RegistryFile,
    old: &Registration,
    new: Fingerprint,
    fields: &FieldArgs,
) -> Result<Registration, Failure> {
    let mut heir = match file.registry().find(new) {
        Some(known) => known.clone(),
        None => Registration {
            kind: old.kind,
            rule: old.rule.clone(),
            owner: old.owner.clone(),
            purpose: old.purpose.clone(),
            scopes: old.scopes.clone(),
            stored: old.stored.clone(),
            ..Registration::new(new, old.name.clone())
        },
    };
    fields.apply(&mut heir)?;
    if heir.fingerprint == old.fingerprint {
        return Err(Failure::text("--rotate-to names the token itself; name the one after it"));
    }
    heir.replaces = Some(old.fingerprint);
    file.mark_rotated(old.fingerprint).map_err(Failure::usage)?;
    file.change(&heir).map_err(Failure::usage)?;
    Ok(heir)
}

/// Which token is on standard input.
fn identify(
    engine: &crate::detect::Engine,
    settings: &mut crate::settings::Settings,
) -> Result<Token, Failure> {
    let value = [Named { name: String::new(), value: secret_input::read()? }];
    let recognised = recognise::recognise(&value, engine, settings)?.pop();
    match recognised {
        Some(Recognised::Token(token)) => Ok(*token),
        Some(Recognised::Inside(mut tokens)) if tokens.len() == 1 => {
            // What a scan would report is what has to be known.
            let token = tokens.remove(0);
            let _ = writeln!(
                io::stderr(),
                "keytrail: the input is more than a token; registered is what scans find in it: {} {}",
                token.name,
                token.masked
            );
            Ok(token)
        }
        Some(Recognised::Inside(tokens)) => Err(Failure::text(format!(
            "{} tokens stand on standard input; register them one by one",
            tokens.len()
        ))),
        Some(Recognised::Nothing) | None => {
            let _ = writeln!(
                io::stderr(),
                "keytrail: no rule knows the form of this token; it is registered by its fingerprint alone"
            );
            Ok(Token { rule: String::new(), ..recognise::unknown(&value[0].value, &settings.key) })
        }
    }
}

/// What the token itself tells.
fn fill(new: &mut Registration, token: &Token) {
    if !token.rule.is_empty() {
        new.rule = Some(token.rule.clone());
        new.kind = Some(token.kind);
    }
    new.scopes.clone_from(&token.facts.scopes);
    new.expires = token.facts.expires;
    new.issued.when = token.facts.issued;
}
