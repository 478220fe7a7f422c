//! Violations as SARIF results, and controls as taxonomies (SARIF 2.1.0, sections 3.19.3 and 3.49).
//!
//! GitHub code scanning does not read taxonomies, so a rule's tags name its controls too.

use super::message;
use super::result::number;
use super::rule::{DESCRIPTION, NAME, cut, level, plain, problem_severity};
use super::uri::Base;
use crate::level::Severity;
use crate::origin::RepoPath;
use crate::policy::control::{Catalogue, ControlId, Framework};
use crate::policy::violation::Violation;
use crate::report::{Report, policy, text};
use serde_json::Value;
use serde_sarif::sarif::{
    Location, MultiformatMessageString, PhysicalLocation, PropertyBag, Region, ReportingConfiguration,
    ReportingDescriptor, ReportingDescriptorReference, ReportingDescriptorRelationship, Result as Outcome,
    ResultLevel, ToolComponent, ToolComponentReference,
};
use std::collections::{BTreeMap, BTreeSet};

/// The most violations that are told: the rest of what GitHub accepts is for findings.
const MOST: usize = 5_000;

/// Where a violation without a place is shown: the file that asks for what is broken. GitHub shows no
/// result without a place.
const NO_PLACE: &str = "keytrail.toml";

/// The violations of a report, as far as they fit.
pub(super) struct Violations<'a> {
    report: &'a Report<'a>,
    told: &'a [Violation],
    total: usize,
    frameworks: Vec<&'static Framework>,
}

impl<'a> Violations<'a> {
    pub(super) fn of(report: &'a Report<'a>) -> Self {
        let all = report.violations();
        let told = &all[..all.len().min(MOST)];
        let named: BTreeSet<&str> =
            told.iter().flat_map(|one| &one.controls).map(ControlId::framework).collect();
        let known = Catalogue::get().frameworks().iter().copied();
        let frameworks = known.filter(|framework| named.contains(framework.id.as_str())).collect();
        Self { report, told, total: all.len(), frameworks }
    }

    pub(super) fn len(&self) -> usize {
        self.told.len()
    }

    /// What to tell the user if something was cut.
    pub(super) fn notice(&self) -> Option<String> {
        (self.told.len() < self.total).then(|| {
            format!(
                "the SARIF report holds {} of {} violations of the policy; the JSON report holds all",
                text::thousands(self.told.len() as u64),
                text::thousands(self.total as u64)
            )
        })
    }

    /// The rules that are broken, sorted by id.
    pub(super) fn descriptors(&self) -> Vec<ReportingDescriptor> {
        let mut rules: BTreeMap<&str, &Violation> = BTreeMap::new();
        for violation in self.told {
            rules.entry(&violation.rule).or_insert(violation);
        }
        rules.into_values().map(|violation| self.descriptor(violation)).collect()
    }

    /// The results; `first` is the index of the first of the descriptors.
    pub(super) fn results(&self, first: usize, base: &Base) -> Vec<Outcome> {
        let ids: BTreeSet<&str> = self.told.iter().map(|violation| violation.rule.as_str()).collect();
        let index = |rule: &str| ids.iter().position(|id| *id == rule).map(|at| first + at);
        self.told.iter().map(|one| self.result(one, index(&one.rule), base)).collect()
    }

    /// One taxonomy a framework, with the clauses that are named.
    pub(super) fn taxonomies(&self) -> Vec<ToolComponent> {
        let named: BTreeSet<&ControlId> = self.told.iter().flat_map(|one| &one.controls).collect();
        self.frameworks
            .iter()
            .map(|framework| {
                let own = named.iter().filter(|id| id.framework() == framework.id);
                let mut taxonomy = ToolComponent::builder()
                    .name(&*framework.id)
                    .full_name(format!("{} {}", framework.title, framework.edition))
                    .version(&*framework.edition)
                    .organization(&*framework.publisher)
                    .short_description(plain(&format!(
                        "Clauses of {} {} that rules give evidence for. A rule that is kept shows a part of a \
                         clause, and never all of it.",
                        framework.name, framework.edition
                    )))
                    .taxa(own.filter_map(|id| taxon(id)).collect::<Vec<_>>())
                    .build();
                taxonomy.information_uri = Some(framework.url.clone());
                taxonomy.download_uri = None;
                taxonomy
            })
            .collect()
    }

    /// What the driver says of the taxonomies that it uses.
    pub(super) fn supported(&self) -> Vec<ToolComponentReference> {
        (0..self.frameworks.len()).map(|index| self.component(index)).collect()
    }

    fn component(&self, index: usize) -> ToolComponentReference {
        ToolComponentReference::builder()
            .name(&*self.frameworks[index].id)
            .index(number(index as u64))
            .build()
    }

    /// References to the clauses of a rule.
    fn taxa(&self, controls: &[ControlId]) -> Vec<ReportingDescriptorReference> {
        let known = controls.iter().filter_map(|id| {
            let index = self.frameworks.iter().position(|framework| framework.id == id.framework())?;
            Some(
                ReportingDescriptorReference::builder()
                    .id(id.clause())
                    .tool_component(self.component(index))
                    .build(),
            )
        });
        known.collect()
    }

    fn descriptor(&self, violation: &Violation) -> ReportingDescriptor {
        let title = text::clean(&violation.title);
        let controls = policy::controls(&violation.controls);
        let full = if controls.is_empty() {
            text::sentence(&title)
        } else {
            format!("{} Evidence for {controls}.", text::sentence(&title))
        };
        let severity = violation.severity;
        let properties = BTreeMap::from([
            ("precision".to_owned(), Value::from("high")),
            ("problem.severity".to_owned(), problem_severity(severity).into()),
            ("security-severity".to_owned(), severity.security_severity().into()),
        ]);
        let mut tags = vec!["security".to_owned(), "policy".to_owned()];
        tags.extend(violation.controls.iter().map(|id| text::clean(id.as_str()).into_owned()));
        let advice = self.report.policy.and_then(|policy| policy.advice(violation));
        let advice = advice.map(text::sentence).unwrap_or_default();
        let help = MultiformatMessageString::builder()
            .text(format!("{full} {advice}").trim().to_owned())
            .markdown(format!("# {title}\n\n{full}\n\n{advice}\n"))
            .build();
        let relationships: Vec<_> = self
            .taxa(&violation.controls)
            .into_iter()
            .map(|target| {
                ReportingDescriptorRelationship::builder()
                    .target(target)
                    .kinds(vec!["relevant".to_owned()])
                    .build()
            })
            .collect();
        let mut descriptor = ReportingDescriptor::builder()
            .id(violation.full_rule())
            .name(cut(&title, NAME))
            .short_description(plain(&cut(&title, DESCRIPTION)))
            .full_description(plain(&cut(&full, DESCRIPTION)))
            .help(help)
            .default_configuration(ReportingConfiguration::builder().level(level(severity)).build())
            .properties(PropertyBag::builder().tags(tags).additional_properties(properties).build())
            .build();
        descriptor.relationships = (!relationships.is_empty()).then_some(relationships);
        descriptor
    }

    fn result(&self, violation: &Violation, index: Option<usize>, base: &Base) -> Outcome {
        let mut properties = BTreeMap::from([
            ("severity".to_owned(), Value::from(violation.severity.name())),
            ("status".to_owned(), "violation".into()),
            ("title".to_owned(), text::clean(&violation.title).into()),
        ]);
        if let Some(subject) = violation.subject {
            properties.insert("fingerprint".to_owned(), subject.to_string().into());
        }
        if let Some(token) = &violation.token {
            properties.insert("masked".to_owned(), token.masked.as_str().into());
            properties.insert("tokenRule".to_owned(), token.rule.as_str().into());
        }
        let place = violation.place.as_ref();
        if let Some(commit) = place.and_then(|place| place.commit.as_deref()) {
            properties.insert("commit".to_owned(), text::clean(commit).into());
        }
        if !violation.controls.is_empty() {
            let ids = violation.controls.iter().map(|id| Value::from(text::clean(id.as_str())));
            properties.insert("controls".to_owned(), ids.collect());
        }
        let words = format!("{}: {}", text::clean(&violation.title), policy::words(violation));
        let no_place = RepoPath::new(NO_PLACE);
        let path = place.map_or(&no_place, |place| &place.path);
        let line = place.and_then(|place| place.line).unwrap_or(1).max(1);
        let physical = PhysicalLocation::builder()
            .artifact_location(base.address_of(path, "<message>"))
            .region(Region::builder().start_line(number(line)).build())
            .build();
        let mut outcome = Outcome::builder()
            .rule_id(violation.full_rule())
            .level(match violation.severity {
                Severity::Critical | Severity::High => ResultLevel::Error,
                Severity::Medium => ResultLevel::Warning,
                Severity::Low => ResultLevel::Note,
            })
            .message(message(&words))
            .locations(vec![Location::builder().physical_location(physical).build()])
            .partial_fingerprints(BTreeMap::from([("keytrail/v1".to_owned(), violation.identity())]))
            .properties(PropertyBag::builder().additional_properties(properties).build())
            .build();
        outcome.rule_index = index.and_then(|index| i64::try_from(index).ok());
        let taxa = self.taxa(&violation.controls);
        outcome.taxa = (!taxa.is_empty()).then_some(taxa);
        outcome
    }
}

fn taxon(id: &ControlId) -> Option<ReportingDescriptor> {
    let control = Catalogue::get().control(id)?;
    let taxon = ReportingDescriptor::builder()
        .id(control.clause())
        .name(&*control.title)
        .short_description(plain(&control.title))
        .full_description(plain(&control.text));
    Some(taxon.build())
}
