//! `keytrail rules list | show | test | checks`.

use crate::cli::{Failure, generate};
use crate::detect::{checks, conformance};
use crate::rule::Pack;
use clap::{Args, Subcommand};
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::Arc;

/// Commands about rules.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// List all rules: id, severity, confidence, kind, name.
    List(ListArgs),
    /// Show one rule as the engine runs it: pattern, keywords, window, check, examples.
    Show(ShowArgs),
    /// Prove for every rule that it finds its examples and none of its counterexamples.
    Test(TestArgs),
    /// List the named checks that rules can use.
    Checks,
}

/// Flags of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    extra: Extra,
    /// One JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Flags of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The rule's id.
    #[arg(value_name = "RULE")]
    id: String,
    #[command(flatten)]
    extra: Extra,
}

/// Flags of `test`.
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Only these rules.
    #[arg(value_name = "RULE")]
    ids: Vec<String>,
    #[command(flatten)]
    extra: Extra,
}

/// Rules beside the embedded ones.
#[derive(Debug, Args)]
struct Extra {
    /// More rule files or folders.
    #[arg(long = "rules", value_name = "PATH")]
    rules: Vec<PathBuf>,
}

/// The pack with the user's own files.
pub fn load(paths: &[PathBuf]) -> Result<Pack, Failure> {
    Pack::with_files(paths, &checks::exists).map_err(Failure::usage)
}

/// A rule by its id, or an error that names the nearest ones.
pub fn find(pack: &Pack, id: &str) -> Result<usize, Failure> {
    pack.find(id).ok_or_else(|| {
        let near: Vec<&str> = pack
            .rules()
            .iter()
            .map(|rule| rule.id)
            .filter(|other| other.contains(id) || id.contains(*other))
            .collect();
        let hint = if near.is_empty() {
            "`keytrail rules list` shows all".to_owned()
        } else {
            format!("did you mean {}?", near[..near.len().min(5)].join(", "))
        };
        Failure::text(format!("there is no rule `{id}`; {hint}"))
    })
}

/// `keytrail rules`.
pub fn run(command: RulesCommand) -> Result<u8, Failure> {
    match command {
        RulesCommand::List(args) => list(&args),
        RulesCommand::Show(args) => show(&args),
        RulesCommand::Test(args) => test(&args),
        RulesCommand::Checks => {
            let mut text = String::new();
            for check in checks::all() {
                let _ = writeln!(text, "{:20} {}", check.name, check.about);
            }
            generate::print(text.as_bytes())
        }
    }
}

fn list(args: &ListArgs) -> Result<u8, Failure> {
    let pack = load(&args.extra.rules)?;
    let mut text = String::new();
    for index in 0..pack.rules().len() {
        let info = pack.info(index);
        if args.json {
            let line = serde_json::to_string(info.as_ref()).map_err(Failure::usage)?;
            let _ = writeln!(text, "{line}");
        } else {
            let _ = writeln!(
                text,
                "{:44} {:9} {:8} {:18} {}",
                info.id, info.severity, info.confidence, info.kind, info.name
            );
        }
    }
    generate::print(text.as_bytes())
}

fn show(args: &ShowArgs) -> Result<u8, Failure> {
    use crate::rule::pack::Matcher;
    let pack = load(&args.extra.rules)?;
    let index = find(&pack, &args.id)?;
    let (rule, info, examples) = (&pack.rules()[index], pack.info(index), pack.examples(index));
    let mut text = String::new();
    let mut row = |key: &str, value: &str| {
        let _ = writeln!(text, "{key:16} {value}");
    };
    row("id", &info.id);
    row("name", &info.name);
    row("provider", &info.provider_name);
    row("kind", info.kind.name());
    row("severity", info.severity.name());
    row("confidence", info.confidence.name());
    match rule.matcher {
        Matcher::Pattern(pattern) => row("pattern", pattern),
        Matcher::Context(pattern, within) => {
            row("pattern", pattern);
            row("context", &format!("one of the keywords at most {within} bytes away"));
        }
        Matcher::Assignment(least) => row("assignment", &format!("values of {least} bytes and more")),
    }
    let keywords: Vec<_> =
        pack.keywords(index).iter().map(|keyword| String::from_utf8_lossy(&keyword.text)).collect();
    row("keywords", &keywords.join("  "));
    row("window", &format!("{} bytes before the keyword, {} from its start on", rule.before, rule.after));
    if let Some(least) = rule.min_entropy {
        row("min-entropy", &least.to_string());
    }
    if let Some(check) = rule.check {
        row("check", check);
    }
    for companion in &rule.companions {
        row(
            "companion",
            &format!("{} within {} bytes: {}", companion.name, companion.within, companion.pattern),
        );
    }
    for example in &examples.examples {
        row("example", example);
    }
    for example in &examples.counterexamples {
        row("counterexample", example);
    }
    generate::print(text.as_bytes())
}

fn test(args: &TestArgs) -> Result<u8, Failure> {
    let pack = Arc::new(load(&args.extra.rules)?);
    let chosen = args.ids.iter().map(|id| find(&pack, id)).collect::<Result<Vec<_>, _>>()?;
    let chosen = if chosen.is_empty() { (0..pack.rules().len()).collect() } else { chosen };
    let failures = conformance::test(&pack, &chosen);
    let mut text = String::new();
    for failure in &failures {
        let _ = writeln!(text, "{failure}");
    }
    let _ = writeln!(text, "{} rules tested, {} failures", chosen.len(), failures.len());
    generate::print(text.as_bytes())?;
    Ok(u8::from(!failures.is_empty()))
}
