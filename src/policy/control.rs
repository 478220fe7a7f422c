//! Controls: the clauses of the frameworks that policy rules give evidence for.

use crate::policy::starter;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

/// The framework of a team's own controls: `own:SEC-12`. Its clauses are free.
pub const OWN: &str = "own";

/// A clause of a framework: `pci-dss-4.0.1:8.6.2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ControlId(String);

impl ControlId {
    /// Takes `FRAMEWORK:CLAUSE`; `None` if a half is missing.
    pub fn parse(text: &str) -> Option<Self> {
        let (framework, clause) = text.split_once(':')?;
        let fits = !framework.is_empty() && !clause.is_empty() && text.chars().all(|c| !c.is_control());
        fits.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The framework's id.
    pub fn framework(&self) -> &str {
        self.0.split_once(':').map_or("", |(framework, _)| framework)
    }

    /// The clause within the framework.
    pub fn clause(&self) -> &str {
        self.0.split_once(':').map_or("", |(_, clause)| clause)
    }
}

impl fmt::Display for ControlId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A standard, a law or a set of criteria.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Framework {
    /// Its id: `pci-dss-4.0.1`.
    pub id: String,
    /// Its short name: `PCI DSS`.
    pub name: String,
    /// Its full title.
    pub title: String,
    /// Its edition: `4.0.1`.
    pub edition: String,
    /// Who publishes it.
    pub publisher: String,
    /// Where it is published.
    pub url: String,
}

/// A clause that a secret scanner can give evidence for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its id: `pci-dss-4.0.1:8.6.2`.
    pub id: ControlId,
    /// Its framework.
    pub framework: &'static Framework,
    /// A headline in our own words.
    pub title: String,
    /// What the clause asks for, in our own words, as far as tokens go.
    pub text: String,
    /// Whether the ledger gives evidence for it: that what was recorded was not changed.
    pub ledger: bool,
}

impl Control {
    /// The clause as its framework writes it: `8.6.2`.
    pub fn clause(&self) -> &str {
        self.id.clause()
    }
}

/// All frameworks and clauses that keytrail knows.
#[derive(Debug)]
pub struct Catalogue {
    frameworks: Vec<&'static Framework>,
    controls: BTreeMap<ControlId, Control>,
}

impl Catalogue {
    /// The catalogue, read when it is first asked for.
    pub fn get() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            let mut all = Self { frameworks: Vec::new(), controls: BTreeMap::new() };
            for starter in starter::all() {
                all.frameworks.push(&starter.framework);
                for clause in &starter.clauses {
                    let control = Control {
                        id: clause.id.clone(),
                        framework: &starter.framework,
                        title: clause.title.clone(),
                        text: clause.text.clone(),
                        ledger: clause.ledger,
                    };
                    all.controls.insert(clause.id.clone(), control);
                }
            }
            all
        })
    }

    /// The frameworks, in the order of the documentation.
    pub fn frameworks(&self) -> &[&'static Framework] {
        &self.frameworks
    }

    /// A framework by its id.
    pub fn framework(&self, id: &str) -> Option<&'static Framework> {
        self.frameworks.iter().copied().find(|framework| framework.id == id)
    }

    /// The clauses, sorted by id.
    pub fn controls(&self) -> impl Iterator<Item = &Control> {
        self.controls.values()
    }

    /// A clause by its id; `None` for a team's own.
    pub fn control(&self, id: &ControlId) -> Option<&Control> {
        self.controls.get(id)
    }
}
