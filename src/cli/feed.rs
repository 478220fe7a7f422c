//! What users feed into the inventory: flags to files, and values to tokens.

use crate::cli::Failure;
use crate::cli::recognise::{self, Named, Recognised};
use crate::detect::Engine;
use crate::facts::TokenFacts;
use crate::origin::RepoPath;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::trail::inventory::feed::{self, Fed, FeedError, What};
use crate::trail::inventory::{Inventory, KnownBy, Store, Stored};
use crate::trail::token::Token;
use clap::Args;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Flags of feeds. All may be given several times; a file `-` is standard input.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is stored where it belongs (only fingerprints and facts are kept)")]
pub struct FeedArgs {
    /// Variables of the environment that look like secrets; with a glob, those whose names fit it.
    #[arg(long, value_name = "GLOB", num_args = 0..=1, require_equals = true, default_missing_value = "*")]
    from_env: Vec<String>,
    /// A dotenv file.
    #[arg(long, value_name = "FILE")]
    from_dotenv: Vec<PathBuf>,
    /// Kubernetes Secrets: manifests, or `kubectl get secrets -A -o json`.
    #[arg(long, value_name = "FILE")]
    from_kubernetes: Vec<PathBuf>,
    /// The output of `vault kv get -format=json`, with the secret's path before it if it shall be
    /// told.
    #[arg(long, value_name = "[PATH=]FILE")]
    from_vault: Vec<String>,
    /// A credential report of AWS IAM (CSV).
    #[arg(long, value_name = "FILE")]
    from_aws: Vec<PathBuf>,
    /// Credentials of a GitHub organisation (JSON of the REST API, or CSV).
    #[arg(long, value_name = "FILE")]
    from_github: Vec<PathBuf>,
    /// GitLab's tokens or credentials inventory (JSON of the REST API, or CSV).
    #[arg(long, value_name = "FILE")]
    from_gitlab: Vec<PathBuf>,
    /// A table of one's own (CSV); `docs/inventory.md` has the columns.
    #[arg(long, value_name = "FILE")]
    from_csv: Vec<PathBuf>,
    /// Take every value of Kubernetes, Vault and dotenv files, whether it looks like a secret or not.
    #[arg(long)]
    all_values: bool,
}

impl FeedArgs {
    /// Whether anything is fed.
    pub fn is_given(&self) -> bool {
        let files = [
            &self.from_dotenv,
            &self.from_kubernetes,
            &self.from_aws,
            &self.from_github,
            &self.from_gitlab,
            &self.from_csv,
        ];
        !self.from_env.is_empty()
            || !self.from_vault.is_empty()
            || files.iter().any(|files| !files.is_empty())
    }
}

/// Reads all feeds into an inventory. `settings` lose what they say about paths.
pub fn take(
    args: &FeedArgs,
    engine: &Engine,
    settings: &mut Settings,
    inventory: &mut Inventory,
) -> Result<(), Failure> {
    if !args.is_given() {
        return Ok(());
    }
    let key = &settings.key;
    let mut fed = environment(&args.from_env)?;
    let files = [
        (&args.from_dotenv, &(|bytes: &[u8], path: &str| feed::dotenv(bytes, path)) as &Reader<'_>),
        (&args.from_kubernetes, &|bytes, path| feed::kubernetes(bytes, path)),
        (&args.from_aws, &|bytes, path| feed::aws(bytes, path, key)),
        (&args.from_github, &|bytes, path| feed::github(bytes, path, key)),
        (&args.from_gitlab, &|bytes, path| feed::gitlab(bytes, path, key)),
        (&args.from_csv, &|bytes, path| feed::table(bytes, path, key)),
    ];
    for (paths, read) in files {
        for path in paths {
            let (bytes, shown) = contents(path)?;
            fed.extend(read(&bytes, &shown).map_err(Failure::usage)?);
        }
    }
    for text in &args.from_vault {
        let (name, path) = match text.rsplit_once('=') {
            Some((name, path)) => (Some(name), Path::new(path)),
            None => (None, Path::new(text)),
        };
        let (bytes, shown) = contents(path)?;
        let stem = path.file_stem().map(|stem| stem.to_string_lossy()).filter(|stem| stem != "-");
        let name = name.map_or_else(|| stem.map_or_else(|| "unnamed".to_owned(), Into::into), str::to_owned);
        fed.extend(feed::vault(&bytes, &shown, &name).map_err(Failure::usage)?);
    }
    put(fed, args.all_values, engine, settings, inventory)
}

type Reader<'a> = dyn Fn(&[u8], &str) -> Result<Vec<Fed>, FeedError> + 'a;

/// The bytes of a file or of standard input, and its name for messages.
fn contents(path: &Path) -> Result<(Zeroizing<Vec<u8>>, String), Failure> {
    let shown =
        if path == Path::new("-") { "<stdin>".to_owned() } else { RepoPath::from_path(path).to_string() };
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = read.map_err(|error| {
        Failure::Incomplete(anyhow::Error::from(error).context(format!("cannot read {shown}")))
    })?;
    Ok((Zeroizing::new(bytes), shown))
}

/// Variables whose names fit. The key of the fingerprints is the one secret that has no fingerprint.
fn environment(globs: &[String]) -> Result<Vec<Fed>, Failure> {
    if globs.is_empty() {
        return Ok(Vec::new());
    }
    let mut set = globset::GlobSetBuilder::new();
    for glob in globs {
        set.add(globset::Glob::new(glob).map_err(|error| {
            Failure::text(format!(
                "--from-env: {glob:?} is no glob: {}; write one such as \"AWS_*\"",
                error.kind()
            ))
        })?);
    }
    let set = set.build().map_err(Failure::usage)?;
    let mut fed = Vec::new();
    for (name, value) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name == "KEYTRAIL_KEY" || !set.is_match(&name) || value.is_empty() {
            continue;
        }
        fed.push(Fed {
            stored: Stored::new(Store::Environment, name.clone()),
            what: What::Value {
                name,
                value: Secret::new(value.as_encoded_bytes()),
                is_secret: false,
                facts: Box::default(),
            },
        });
    }
    Ok(fed)
}

/// Puts what was fed into the inventory, and says how much of it is no token.
fn put(
    fed: Vec<Fed>,
    all_values: bool,
    engine: &Engine,
    settings: &mut Settings,
    inventory: &mut Inventory,
) -> Result<(), Failure> {
    struct Pending {
        stored: Stored,
        is_secret: bool,
        facts: Box<TokenFacts>,
    }
    let (mut values, mut pending) = (Vec::new(), Vec::new());
    for Fed { stored, what } in fed {
        match what {
            What::Reference(token) => inventory.add_stored(&token, KnownBy::Reference, stored),
            What::Value { name, value, is_secret, facts } => {
                let is_secret = is_secret || (all_values && stored.store != Store::Environment);
                values.push(Named { name, value });
                pending.push(Pending { stored, is_secret, facts });
            }
        }
    }
    let mut left = 0_usize;
    let recognised = recognise::recognise(&values, engine, settings)?;
    for ((value, Pending { stored, is_secret, facts }), recognised) in
        values.iter().zip(pending).zip(recognised)
    {
        let tokens = match recognised {
            Recognised::Token(token) => vec![*token],
            Recognised::Inside(tokens) => tokens,
            Recognised::Nothing if is_secret => vec![recognise::unknown(&value.value, &settings.key)],
            Recognised::Nothing => {
                left += 1;
                Vec::new()
            }
        };
        for token in tokens {
            inventory.add_stored(&with_facts(token, &facts), KnownBy::Secret, stored.clone());
        }
    }
    if left > 0 {
        let _ = writeln!(
            io::stderr(),
            "keytrail: {left} value{} that look{} like no secret left out{}",
            if left == 1 { "" } else { "s" },
            if left == 1 { "s" } else { "" },
            if all_values {
                ""
            } else {
                "; --all-values takes those of Kubernetes, Vault and dotenv files too"
            }
        );
    }
    Ok(())
}

/// A token with what its keeper tells where its bytes are silent.
fn with_facts(mut token: Token, facts: &TokenFacts) -> Token {
    if token.facts.scopes.is_empty() {
        token.facts.scopes.clone_from(&facts.scopes);
    }
    token.facts.issued = token.facts.issued.or(facts.issued);
    token.facts.expires = token.facts.expires.or(facts.expires);
    token
}
