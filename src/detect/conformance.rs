//! Proves rules against their own examples, through the whole engine with all rules of the pack at
//! work.

use crate::detect::{Engine, Match, RuleChoice, checks};
use crate::document::Document;
use crate::level::Confidence;
use crate::origin::{Origin, OriginKind, RepoPath};
use crate::rule::Pack;
use crate::rule::template;
use rayon::prelude::*;
use std::fmt;
use std::sync::Arc;

/// Each template is tried with so many seeds, so that nothing passes or fails by luck.
const SEEDS: u64 = 16;

/// A rule that does not do what its examples say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The rule's id.
    pub rule: String,
    /// What went wrong; templates only, never a filled-in text.
    pub problem: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.problem)
    }
}

/// Tests the rules of these indices; no failure means that all hold.
pub fn test(pack: &Arc<Pack>, rules: &[usize]) -> Vec<Failure> {
    let engine = Engine::new(pack.clone(), &RuleChoice::default());
    let mut failures: Vec<Failure> =
        rules.par_iter().flat_map_iter(|&rule| test_rule(&engine, rule)).collect();
    failures.sort();
    failures.dedup();
    failures
}

fn test_rule(engine: &Engine, index: usize) -> Vec<Failure> {
    let pack = engine.pack();
    let rule = &pack.rules()[index];
    let mut failures = Vec::new();
    let mut fail = |problem: String| failures.push(Failure { rule: rule.id.to_owned(), problem });
    if let Some(check) = rule.check.filter(|check| !checks::exists(check)) {
        fail(format!("there is no check `{check}`"));
    }
    let path = path_for(rule.only_paths.first().copied());
    let examples = pack.examples(index);
    for template in &examples.examples {
        for seed in 0..SEEDS {
            match scan(engine, template, seed, &path) {
                Err(problem) => fail(problem),
                Ok(matches) => {
                    let provider = &pack.info(index).provider;
                    let own = matches.iter().any(|found| {
                        found.confidence >= expected(rule.confidence)
                            && (found.rule == index || pack.info(found.rule).provider == *provider)
                    });
                    if !own {
                        let others: Vec<String> = matches
                            .iter()
                            .map(|found| {
                                format!(
                                    "{} ({}{})",
                                    pack.rules()[found.rule].id,
                                    found.confidence,
                                    notes(found)
                                )
                            })
                            .collect();
                        let instead =
                            if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
                        fail(format!("example `{template}`: not found; found instead: {instead}"));
                        break;
                    }
                }
            }
        }
    }
    for template in &examples.counterexamples {
        for seed in 0..SEEDS {
            match scan(engine, template, seed, &path) {
                Err(problem) => fail(problem),
                Ok(matches) => {
                    if matches
                        .iter()
                        .any(|found| found.rule == index && found.confidence >= Confidence::Medium)
                    {
                        fail(format!("counterexample `{template}`: found"));
                        break;
                    }
                }
            }
        }
    }
    failures
}

/// A rule of low confidence is expected to find no more than that.
fn expected(own: Confidence) -> Confidence {
    own.min(Confidence::Medium)
}

fn notes(found: &Match) -> String {
    found.notes.iter().flat_map(|note| ["; ", note]).collect()
}

fn scan(engine: &Engine, template: &str, seed: u64, path: &RepoPath) -> Result<Vec<Match>, String> {
    let text = template::expand(template, seed).map_err(|error| format!("example `{template}`: {error}"))?;
    let origin = Arc::new(Origin::plain(OriginKind::File));
    let document = Document::whole(&text, path, &origin);
    Ok(engine.scan(&document).matches)
}

/// A path that fits a glob.
fn path_for(glob: Option<&str>) -> RepoPath {
    let path = glob.map_or_else(
        || "config".to_owned(),
        |glob| glob.replace("**/", "").replace("/**", "/file").replace('*', "name").replace(['{', '}'], ""),
    );
    RepoPath::new(path.split(',').next().unwrap_or("config").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_of_the_pack_holds() {
        let pack = Arc::new(Pack::embedded().unwrap());
        let all: Vec<usize> = (0..pack.rules().len()).collect();
        let failures = test(&pack, &all);
        let told: Vec<String> = failures.iter().map(ToString::to_string).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    }

    #[test]
    fn a_path_fits_its_glob() {
        assert_eq!(path_for(Some("**/*.properties")).to_string(), "name.properties");
        assert_eq!(path_for(None).to_string(), "config");
    }
}
