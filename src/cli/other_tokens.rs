//! Tokens that other runs know: flags for reports of `keytrail inventory` and its database.

use crate::cli::Failure;
use crate::origin::RepoPath;
use crate::trail::inventory::{Database, Inventory};
use anyhow::Context;
use clap::Args;
use std::path::{Path, PathBuf};

/// Flags that add tokens.
#[derive(Debug, Args, Default)]
pub struct OtherArgs {
    /// Take the tokens of this inventory too, as `keytrail inventory -f json` writes it. May be given
    /// several times.
    #[arg(long, value_name = "FILE")]
    inventory: Vec<PathBuf>,
    /// Take the tokens of this database too, as `keytrail inventory --db` keeps it.
    #[arg(long, value_name = "FILE")]
    db: Option<PathBuf>,
}

impl OtherArgs {
    /// Joins the tokens with those that are known.
    ///
    /// # Errors
    ///
    /// If a file cannot be read, or its fingerprints were made with another key.
    pub fn add(&self, to: &mut Inventory) -> Result<(), Failure> {
        for file in &self.inventory {
            join(to, read(file)?, file)?;
        }
        if let Some(file) = &self.db {
            let others = Database::open(file).and_then(|database| database.inventory());
            join(to, others.map_err(Failure::usage)?, file)?;
        }
        Ok(())
    }
}

fn join(to: &mut Inventory, others: Inventory, file: &Path) -> Result<(), Failure> {
    let shown = RepoPath::from_path(file);
    to.merge(others)
        .with_context(|| format!("the tokens of {shown} cannot be joined with the others"))
        .map_err(Failure::Usage)
}

/// Reads a report of `keytrail inventory`.
///
/// # Errors
///
/// If it is not there, or no such report.
pub fn read(file: &Path) -> Result<Inventory, Failure> {
    let shown = RepoPath::from_path(file).to_string();
    let bytes = std::fs::read(file).map_err(|error| {
        Failure::text(format!("the inventory {shown} cannot be read: {error}; name one that is there"))
    })?;
    Inventory::read(&bytes, &shown).map_err(Failure::usage)
}
