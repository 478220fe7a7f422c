//! From rule files to a compiled pack, with every check that a file can fail.

use crate::kind::Kind;
use crate::level::Confidence;
use crate::rule::content::{self, Run};
use crate::rule::keyword::{self, Follow, Keyword};
use crate::rule::pack::{Blobs, CompiledCompanion, CompiledRule, Examples, Matcher, RuleBook};
use crate::rule::text::{AssignmentText, FORMAT_VERSION, Provider, RuleFile, RuleText};
use crate::rule_info::RuleInfo;
use regex_syntax::hir::Hir;
use std::collections::BTreeMap;

/// A match may span at most so many bytes, and a companion or context word may be so far away.
pub const MOST_REACH: u32 = 4096;

/// Why a rule file is refused.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// The file is not what the format says.
    #[error("{file}: {problem}")]
    File {
        /// The file's name.
        file: String,
        /// What is wrong, with the line.
        problem: String,
    },
    /// A rule breaks a rule for rules.
    #[error("{file}: rule {rule}: {problem}")]
    Rule {
        /// The file's name.
        file: String,
        /// The rule's id.
        rule: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// One source file: its name (for errors) and its text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// The name to show.
    pub name: String,
    /// The TOML text.
    pub text: String,
}

/// Compiles files to a pack; rules come out sorted by id. `check_exists` tells whether a named
/// check is known.
pub fn compile(files: &[SourceFile], check_exists: &dyn Fn(&str) -> bool) -> Result<Blobs, RuleError> {
    let parsed = files.iter().map(|file| Ok((file, parse(file)?))).collect::<Result<Vec<_>, RuleError>>()?;
    let mut rules: BTreeMap<&str, (CompiledRule<'_>, RuleBook)> = BTreeMap::new();
    for (file, content) in &parsed {
        for rule in &content.rules {
            let refuse =
                |problem: String| RuleError::Rule { file: file.name.clone(), rule: rule.id.clone(), problem };
            let compiled = compile_rule(&content.provider, rule, check_exists).map_err(refuse)?;
            let (compiled, keywords) = compiled;
            let book = book(&content.provider, rule, keywords).map_err(refuse)?;
            if rules.insert(&rule.id, (compiled, book)).is_some() {
                return Err(refuse("another rule has the same id; ids are unique over all files".into()));
            }
        }
    }
    let (hot, cold): (Vec<_>, Vec<_>) = rules.into_values().unzip();
    let encode = |error: postcard::Error| RuleError::File { file: "pack".into(), problem: error.to_string() };
    let bodies = hot.iter().map(|rule: &CompiledRule<'_>| Ok((rule.id, postcard::to_stdvec(rule)?)));
    let bodies = bodies.collect::<Result<Vec<_>, _>>().map_err(encode)?;
    Ok(Blobs {
        hot: postcard::to_stdvec(&bodies).map_err(encode)?,
        cold: postcard::to_stdvec(&cold).map_err(encode)?,
    })
}

fn parse(file: &SourceFile) -> Result<RuleFile, RuleError> {
    let refuse = |problem: String| RuleError::File { file: file.name.clone(), problem };
    // The version is read first: a newer form may have keys that are unknown here.
    let version = toml::from_str::<toml::Table>(&file.text)
        .map_err(|error| refuse(located(&file.text, &error)))?
        .get("version")
        .and_then(toml::Value::as_integer);
    match version {
        None => return Err(refuse(format!("key `version` is missing; write `version = {FORMAT_VERSION}`"))),
        Some(version) if version != i64::from(FORMAT_VERSION) => {
            return Err(refuse(format!(
                "key `version`: {version} is not known to this program, which reads version {FORMAT_VERSION}"
            )));
        }
        Some(_) => {}
    }
    toml::from_str(&file.text).map_err(|error| refuse(located(&file.text, &error)))
}

/// A TOML error on one line, with the line's number.
fn located(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    format!("line {line}: {}", error.message().replace('\n', " "))
}

fn book(provider: &Provider, rule: &RuleText, keywords: Vec<Keyword>) -> Result<RuleBook, String> {
    let own_or_common = |own: &Option<String>, common: &Option<String>, key: &str| {
        own.clone()
            .or_else(|| common.clone())
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| format!("key `{key}` is missing here and in [provider]"))
    };
    let references = if rule.references.is_empty() { &provider.references } else { &rule.references };
    for (key, text) in [("name", &rule.name), ("description", &rule.description), ("opens", &rule.opens)] {
        if text.trim().is_empty() {
            return Err(format!("key `{key}` is empty"));
        }
    }
    Ok(RuleBook {
        info: RuleInfo {
            id: rule.id.clone(),
            name: rule.name.clone(),
            provider: provider.id.clone(),
            provider_name: provider.name.clone(),
            description: rule.description.trim().to_owned(),
            opens: rule.opens.trim().to_owned(),
            revoke: own_or_common(&rule.revoke, &provider.revoke, "revoke")?,
            rotate: own_or_common(&rule.rotate, &provider.rotate, "rotate")?,
            kind: rule.kind,
            severity: rule.severity,
            confidence: rule.confidence,
            references: references.clone(),
        },
        examples: Examples { examples: rule.examples.clone(), counterexamples: rule.counterexamples.clone() },
        keywords,
    })
}

fn compile_rule<'a>(
    provider: &Provider,
    rule: &'a RuleText,
    check_exists: &dyn Fn(&str) -> bool,
) -> Result<(CompiledRule<'a>, Vec<Keyword>), String> {
    let id_ok = |id: &str| {
        !id.is_empty() && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if !id_ok(&rule.id) {
        return Err("key `id`: use lower-case letters, digits and `-`".into());
    }
    if !(rule.id == provider.id
        || rule.id.strip_prefix(&provider.id).is_some_and(|rest| rest.starts_with('-')))
    {
        return Err(format!("key `id`: must start with the provider's id, `{}-`", provider.id));
    }
    if rule.confidence == Confidence::Certain {
        return Err("key `confidence`: `certain` is what a check proves; write low, medium or high".into());
    }
    if let Some(check) = rule.check.as_deref().filter(|check| !check_exists(check)) {
        return Err(format!("key `check`: no check is called `{check}`"));
    }
    if rule.examples.is_empty() || rule.counterexamples.is_empty() {
        return Err("at least one example and one counterexample are needed".into());
    }
    check_globs(rule)?;
    let found = match (&rule.pattern, &rule.assignment) {
        (Some(pattern), None) => pattern_matcher(rule, pattern)?,
        (None, Some(assignment)) => assignment_matcher(rule, assignment)?,
        _ => return Err("needs exactly one of the keys `pattern` and `assignment`".into()),
    };
    let compiled = CompiledRule {
        id: &rule.id,
        matcher: found.matcher,
        follow: found.follow,
        needle: found.needle,
        run: found.run,
        before: found.before,
        after: found.after,
        kind: rule.kind,
        severity: rule.severity,
        confidence: rule.confidence,
        min_entropy: rule.min_entropy,
        check: rule.check.as_deref(),
        companions: companions(rule)?,
        only_paths: rule.only_paths.iter().map(String::as_str).collect(),
        skip_paths: rule.skip_paths.iter().map(String::as_str).collect(),
        public_prefix: found.public_prefix,
    };
    Ok((compiled, found.keywords))
}

struct Found<'a> {
    matcher: Matcher<'a>,
    keywords: Vec<Keyword>,
    follow: Option<Follow>,
    needle: Option<Vec<u8>>,
    run: Option<Run>,
    before: u32,
    after: u32,
    public_prefix: u8,
}

fn pattern_matcher<'a>(rule: &'a RuleText, pattern: &'a str) -> Result<Found<'a>, String> {
    let hir = parse_pattern("pattern", pattern)?;
    let reach = reach(rule, &hir)?;
    let public_prefix = keyword::public_prefix(&hir).min(255) as u8;
    if let Some(context) = &rule.context {
        if context.within > MOST_REACH {
            return Err(format!("key `context.within`: at most {MOST_REACH}"));
        }
        if rule.keywords.is_some() {
            return Err("keys `keywords` and `context` exclude each other".into());
        }
        let keywords: Vec<_> = context
            .words
            .iter()
            .map(|word| Keyword { text: word.to_ascii_lowercase().into_bytes(), any_case: true })
            .collect();
        accept(&keywords, None, "context.words")?;
        let longest = keywords.iter().map(|keyword| keyword.text.len()).max().unwrap_or(0) as u32;
        return Ok(Found {
            matcher: Matcher::Context(pattern, context.within),
            keywords,
            follow: None,
            needle: content::needle(&hir, &[]),
            run: content::run(&hir),
            before: context.within + reach,
            after: longest + context.within + reach,
            public_prefix,
        });
    }
    let (keywords, lead, follow) = if let Some(words) = &rule.keywords {
        let keywords = words
            .iter()
            .map(|word| Keyword { text: word.to_ascii_lowercase().into_bytes(), any_case: true })
            .collect();
        (keywords, None, None)
    } else {
        let anchors = keyword::anchors(&hir).ok_or(
            "key `pattern`: some matches hold no fixed text, so the prefilter cannot find them; add `context` \
             words, or `keywords` that every match holds",
        )?;
        (anchors.keywords, anchors.lead, anchors.follow)
    };
    accept(&keywords, follow.as_ref(), "pattern")?;
    Ok(Found {
        matcher: Matcher::Pattern(pattern),
        needle: content::needle(&hir, &keywords),
        keywords,
        follow,
        run: content::run(&hir),
        // One byte more than the match on each side, for what `\b` looks at.
        before: lead.map_or(reach, |lead| (lead as u32).min(reach)),
        after: reach + 1,
        public_prefix,
    })
}

fn parse_pattern(key: &str, pattern: &str) -> Result<Hir, String> {
    let hir = keyword::parse(pattern).map_err(|error| format!("key `{key}`: {error}"))?;
    if hir.properties().minimum_len() == Some(0) {
        return Err(format!("key `{key}`: matches the empty text"));
    }
    regex::bytes::RegexBuilder::new(pattern)
        .unicode(false)
        .size_limit(1 << 20)
        .build()
        .map_err(|error| format!("key `{key}`: {error}"))?;
    Ok(hir)
}

/// How many bytes a match may span.
fn reach(rule: &RuleText, hir: &Hir) -> Result<u32, String> {
    let bound = hir.properties().maximum_len().and_then(|length| u32::try_from(length).ok());
    match (rule.reach, bound) {
        (Some(reach), _) if reach > MOST_REACH => Err(format!("key `reach`: at most {MOST_REACH}")),
        (Some(reach), _) => Ok(reach),
        (None, Some(bound)) if bound <= MOST_REACH => Ok(bound),
        (None, Some(bound)) => Err(format!(
            "key `pattern`: a match may span {bound} bytes; bound the repetitions to {MOST_REACH} in all, or set `reach`"
        )),
        (None, None) => {
            Err("key `pattern`: a match has no greatest length; bound the repetitions, or set `reach`".into())
        }
    }
}

/// Refuses keywords that would call the matcher all the time.
fn accept(keywords: &[Keyword], follow: Option<&Follow>, key: &str) -> Result<(), String> {
    if keywords.is_empty() {
        return Err(format!("key `{key}`: no keywords"));
    }
    for keyword in keywords {
        let shown = String::from_utf8_lossy(&keyword.text);
        let least = if follow.is_some() { 3 } else { 4 };
        if keyword.text.len() < least {
            return Err(format!(
                "key `{key}`: the keyword `{shown}` is shorter than {least} bytes, so the prefilter would stop at it all \
                 the time; make the pattern's fixed text longer or add `context`"
            ));
        }
        if keyword.text.len() > 255 {
            return Err(format!("key `{key}`: the keyword `{shown}` is longer than 255 bytes"));
        }
    }
    Ok(())
}

fn assignment_matcher<'a>(rule: &'a RuleText, assignment: &'a AssignmentText) -> Result<Found<'a>, String> {
    if rule.context.is_some() || rule.keywords.is_some() || rule.check.is_some() {
        return Err("keys `context`, `keywords` and `check` do not go with `assignment`".into());
    }
    let mut keywords = Vec::new();
    for name in &assignment.names {
        // A name that ends in a mark means just that: `pwd=`.
        let is_marked = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphanumeric());
        let is_exact = is_marked(name.as_bytes().first()) || is_marked(name.as_bytes().last());
        for separator in if is_exact { &["_"][..] } else { &["", "_", "-", "."] } {
            let text = name.to_ascii_lowercase().replace('_', separator).into_bytes();
            keywords.push(Keyword { text, any_case: true });
        }
    }
    keywords.sort();
    keywords.dedup();
    accept(&keywords, None, "assignment.names")?;
    Ok(Found {
        matcher: Matcher::Assignment(assignment.min_length),
        keywords,
        follow: None,
        needle: None,
        run: None,
        before: 256,
        after: MOST_REACH,
        public_prefix: 0,
    })
}

/// Globs are compiled when a rule is first used; here they are only tried.
fn check_globs(rule: &RuleText) -> Result<(), String> {
    for (key, globs) in [("only-paths", &rule.only_paths), ("skip-paths", &rule.skip_paths)] {
        for glob in globs {
            globset::Glob::new(glob).map_err(|error| format!("key `{key}`: {error}"))?;
        }
    }
    Ok(())
}

fn companions(rule: &RuleText) -> Result<Vec<CompiledCompanion<'_>>, String> {
    if rule.kind == Kind::Identifier && rule.companions.iter().any(|companion| companion.required) {
        return Err("key `companions`: an identifier cannot require its secret".into());
    }
    rule.companions
        .iter()
        .map(|companion| {
            parse_pattern("companions.pattern", &companion.pattern)?;
            if companion.within > MOST_REACH {
                return Err(format!("key `companions.within`: at most {MOST_REACH}"));
            }
            Ok(CompiledCompanion {
                name: &companion.name,
                pattern: &companion.pattern,
                within: companion.within,
                required: companion.required,
            })
        })
        .collect()
}
