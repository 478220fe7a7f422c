//! Reading packs: the embedded one and the user's own files.

use crate::rule::compile::{self, RuleError, SourceFile};
use crate::rule::expression::Expression;
use crate::rule::keyword::Keyword;
use crate::rule::pack::{CompiledRule, Examples, RuleBook};
use crate::rule_info::RuleInfo;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

static EMBEDDED_HOT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pack.hot"));
static EMBEDDED_COLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pack.cold"));
static EMBEDDED_SEARCH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pack.search"));

/// Why a pack cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A rule file is refused.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A rule file or folder cannot be read.
    #[error("{}: cannot read rules: {error}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A folder that was named holds no rules.
    #[error("{}: holds no `.toml` files", .0.display())]
    Empty(PathBuf),
    /// A rule of the user's has the id of one that exists.
    #[error("rule {0}: the embedded pack has a rule of this id; choose another")]
    Taken(String),
    /// The pack's bytes are damaged, which the build makes impossible.
    #[error("the rule pack is damaged: {0}")]
    Damaged(postcard::Error),
}

/// A rule of a pack. Most rules of a run are never asked for more than their id, so the rest is
/// decoded when it is.
pub struct Rule {
    /// Its id.
    pub id: &'static str,
    /// The rest, as the compiler of packs wrote it.
    bytes: &'static [u8],
    ready: OnceLock<Box<Ready>>,
}

/// A rule that is ready to run.
#[derive(Debug)]
struct Ready {
    compiled: CompiledRule<'static>,
    expression: OnceLock<Option<Expression>>,
    companions: Vec<OnceLock<Option<Expression>>>,
}

impl std::ops::Deref for Rule {
    type Target = CompiledRule<'static>;

    fn deref(&self) -> &Self::Target {
        &self.ready().compiled
    }
}

/// What it is, whether it was decoded before or not.
impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Rule {
    fn ready(&self) -> &Ready {
        self.ready.get_or_init(|| {
            let compiled: CompiledRule<'static> =
                postcard::from_bytes(self.bytes).expect("the program itself wrote it");
            let companions = compiled.companions.iter().map(|_| OnceLock::new()).collect();
            Box::new(Ready { compiled, expression: OnceLock::new(), companions })
        })
    }

    /// The pattern, compiled on first use; the group that matters is the secret. `None` for rules
    /// without a pattern.
    pub fn expression(&self) -> Option<&Expression> {
        use crate::rule::pack::Matcher;
        let (Matcher::Pattern(pattern) | Matcher::Context(pattern, _)) = self.matcher else {
            return None;
        };
        // Patterns were tried when the pack was compiled, so this does not fail.
        self.ready().expression.get_or_init(|| Expression::new(pattern, "secret")).as_ref()
    }

    /// A companion's pattern, compiled on first use; the group that matters is the part.
    pub fn companion(&self, index: usize) -> Option<&Expression> {
        let pattern = self.companions.get(index)?.pattern;
        self.ready().companions.get(index)?.get_or_init(|| Expression::new(pattern, "part")).as_ref()
    }
}

/// What only reports and tests need of a rule.
#[derive(Debug)]
struct Book {
    info: Arc<RuleInfo>,
    examples: Examples,
    keywords: Vec<Keyword>,
}

/// All rules of a run, sorted by id within each source: the embedded ones first.
#[derive(Debug)]
pub struct Pack {
    rules: Vec<Rule>,
    cold: Vec<&'static [u8]>,
    /// The search for all keywords, where the build script has laid it out.
    search: Option<&'static [u8]>,
    books: OnceLock<Vec<Book>>,
}

impl Pack {
    /// The rules that ship with the program.
    pub fn embedded() -> Result<Self, PackError> {
        let mut pack = Self::empty();
        pack.add(EMBEDDED_HOT, EMBEDDED_COLD)?;
        pack.search = Some(EMBEDDED_SEARCH);
        Ok(pack)
    }

    /// The rules of the files and folders named, without those that ship with the program. What
    /// [`with_files`](Self::with_files) says of memory holds here too.
    pub fn of_files(paths: &[PathBuf], check_exists: &dyn Fn(&str) -> bool) -> Result<Self, PackError> {
        let mut pack = Self::empty();
        pack.add_files(&rule_files(paths)?, check_exists)?;
        Ok(pack)
    }

    /// The rules that ship with the program and those of the files and folders named.
    ///
    /// The compiled form of the user's files stays in memory until the program ends, as the
    /// embedded one does: rules borrow their texts from it.
    pub fn with_files(paths: &[PathBuf], check_exists: &dyn Fn(&str) -> bool) -> Result<Self, PackError> {
        let mut pack = Self::embedded()?;
        let files = rule_files(paths)?;
        if files.is_empty() {
            return Ok(pack);
        }
        let known = pack.rules.len();
        pack.add_files(&files, check_exists)?;
        pack.search = None;
        let (embedded, own) = pack.rules.split_at(known);
        for rule in own {
            if embedded.binary_search_by(|other| other.id.cmp(rule.id)).is_ok() {
                return Err(PackError::Taken(rule.id.to_owned()));
            }
        }
        Ok(pack)
    }

    fn empty() -> Self {
        Self { rules: Vec::new(), cold: Vec::new(), search: None, books: OnceLock::new() }
    }

    fn add_files(
        &mut self,
        files: &[SourceFile],
        check_exists: &dyn Fn(&str) -> bool,
    ) -> Result<(), PackError> {
        let blobs = compile::compile(files, check_exists)?;
        self.add(Box::leak(blobs.hot.into_boxed_slice()), Box::leak(blobs.cold.into_boxed_slice()))
    }

    fn add(&mut self, hot: &'static [u8], cold: &'static [u8]) -> Result<(), PackError> {
        let rules: Vec<(&'static str, &'static [u8])> =
            postcard::from_bytes(hot).map_err(PackError::Damaged)?;
        let rule = |(id, bytes)| Rule { id, bytes, ready: OnceLock::new() };
        self.rules.extend(rules.into_iter().map(rule));
        self.cold.push(cold);
        Ok(())
    }

    /// The rules; their indices name them in a run.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The index of a rule.
    pub fn find(&self, id: &str) -> Option<usize> {
        self.rules.iter().position(|rule| rule.id == id)
    }

    /// What reports tell about a rule.
    pub fn info(&self, index: usize) -> &Arc<RuleInfo> {
        &self.books()[index].info
    }

    /// What tests try with a rule.
    pub fn examples(&self, index: usize) -> &Examples {
        &self.books()[index].examples
    }

    /// The literals that call a rule.
    pub fn keywords(&self, index: usize) -> &[Keyword] {
        &self.books()[index].keywords
    }

    /// The search for all keywords, laid out by the build script (see `detect::prefilter`), if the
    /// pack is the embedded one and nothing else. The owners in it are indices of rules.
    pub fn laid_out(&self) -> Option<&'static [u8]> {
        self.search
    }

    fn books(&self) -> &[Book] {
        self.books.get_or_init(|| {
            self.cold
                .iter()
                .flat_map(|cold| {
                    // The two blobs are made in one go from the same list.
                    postcard::from_bytes::<Vec<RuleBook>>(cold).expect("the cold blob fits the hot one")
                })
                .map(|book| Book {
                    info: Arc::new(book.info),
                    examples: book.examples,
                    keywords: book.keywords,
                })
                .collect()
        })
    }
}

/// The files named, and the `.toml` files of the folders named, in order of their paths.
fn rule_files(paths: &[PathBuf]) -> Result<Vec<SourceFile>, PackError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let read = |error| PackError::Read { path: path.clone(), error };
            let mut inside = Vec::new();
            for entry in std::fs::read_dir(path).map_err(read)? {
                let entry = entry.map_err(read)?.path();
                if entry.extension().is_some_and(|extension| extension == "toml") {
                    inside.push(entry);
                }
            }
            if inside.is_empty() {
                return Err(PackError::Empty(path.clone()));
            }
            inside.sort();
            for file in inside {
                files.push(rule_file(&file)?);
            }
        } else {
            files.push(rule_file(path)?);
        }
    }
    Ok(files)
}

fn rule_file(path: &Path) -> Result<SourceFile, PackError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| PackError::Read { path: path.to_owned(), error })?;
    Ok(SourceFile { name: path.display().to_string(), text })
}
