//! The rules that a run used, as SARIF describes them.

use crate::finding::{Finding, RuleInfo};
use crate::level::Severity;
use crate::report::text;
use serde_sarif::sarif::{
    MultiformatMessageString, PropertyBag, ReportingConfiguration, ReportingDescriptor,
};
use std::collections::BTreeMap;

/// GitHub cuts names after 255 and descriptions after 1,024 characters
/// (<https://docs.github.com/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
pub(super) const NAME: usize = 255;
pub(super) const DESCRIPTION: usize = 1024;

/// The rules of the results, in the order of their ids.
pub(super) struct Rules<'a>(BTreeMap<&'a str, (&'a RuleInfo, Severity)>);

impl<'a> Rules<'a> {
    pub(super) fn of(findings: impl Iterator<Item = &'a Finding>) -> Self {
        let mut rules = BTreeMap::new();
        for finding in findings {
            // Settings may change the severity of a rule, and what counts is what was reported.
            let (_, severity) =
                rules.entry(finding.rule.id.as_str()).or_insert((&*finding.rule, finding.severity));
            *severity = finding.severity.max(*severity);
        }
        Self(rules)
    }

    /// The place of a rule in `descriptors`.
    pub(super) fn index(&self, id: &str) -> Option<usize> {
        self.0.keys().position(|key| *key == id)
    }

    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        self.0.values().map(|(rule, severity)| descriptor(rule, *severity)).collect()
    }
}

/// The SARIF level of a severity.
pub(super) const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

fn descriptor(rule: &RuleInfo, severity: Severity) -> ReportingDescriptor {
    let full = format!("{} {}", text::sentence(&rule.description), text::sentence(&rule.opens));
    let mut properties = BTreeMap::new();
    properties.insert("precision".to_owned(), rule.confidence.precision().into());
    properties.insert("problem.severity".to_owned(), problem_severity(severity).into());
    properties.insert("security-severity".to_owned(), severity.security_severity().into());
    let tags = ["security", "secret", "external/cwe/cwe-798", rule.kind.name(), &rule.provider];
    let properties = PropertyBag::builder()
        .tags(tags.map(str::to_owned).to_vec())
        .additional_properties(properties)
        .build();

    let mut descriptor = ReportingDescriptor::builder()
        .id(&*rule.id)
        .name(cut(&text::clean(&rule.name), NAME))
        .short_description(plain(&cut(&text::clean(&rule.name), DESCRIPTION)))
        .full_description(plain(&cut(&full, DESCRIPTION)))
        .help(help(rule))
        .default_configuration(ReportingConfiguration::builder().level(level(severity)).build())
        .properties(properties)
        .build();
    descriptor.help_uri = rule.references.iter().find(|page| is_web_page(page)).cloned();
    descriptor
}

/// The levels that GitHub knows for `problem.severity`.
pub(super) const fn problem_severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "recommendation",
    }
}

fn help(rule: &RuleInfo) -> MultiformatMessageString {
    let parts = [
        ("What it is", text::sentence(&rule.description)),
        ("What it opens", text::sentence(&rule.opens)),
        ("1. Revoke it first", text::sentence(&rule.revoke)),
        (
            "2. Remove it",
            "Take it out of the file and read it from the environment or a secret store. The history of the \
             repository keeps it, so removing alone does not help."
                .to_owned(),
        ),
        ("3. Rotate it", text::sentence(&rule.rotate)),
    ];
    let mut plain = String::new();
    let mut markdown = format!("# {}\n", text::clean(&rule.name));
    for (head, body) in parts {
        plain.push_str(&format!("{head}: {body}\n"));
        markdown.push_str(&format!("\n## {head}\n\n{body}\n"));
    }
    let pages: Vec<&String> = rule.references.iter().filter(|page| is_web_page(page)).collect();
    if !pages.is_empty() {
        plain.push_str("Read more:");
        markdown.push_str("\n## Read more\n\n");
        for page in pages {
            plain.push_str(&format!(" {page}"));
            markdown.push_str(&format!("- <{page}>\n"));
        }
        plain.push('\n');
    }
    markdown.push_str(&format!(
        "\nNot a secret? Put `keytrail:allow {} -- reason` in a comment on the line or the line above.\n",
        rule.id
    ));
    MultiformatMessageString::builder().text(plain.trim_end()).markdown(markdown).build()
}

/// References go into reports as links, so nothing but an address may be in them.
fn is_web_page(page: &str) -> bool {
    page.starts_with("https://")
        && page.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"\\^`{|}".contains(&byte))
}

pub(super) fn plain(text: &str) -> MultiformatMessageString {
    MultiformatMessageString::builder().text(text).build()
}

/// At most so many characters.
pub(super) fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(characters - 1).collect();
    cut.push('\u{2026}');
    cut
}
