//! The review as OSCAL assessment results in JSON (NIST, <https://pages.nist.gov/OSCAL/>).
//!
//! Each rule of the policy is an observation, with the tokens that break it as subjects; each
//! control that rules give evidence for is a finding. A control without evidence is no finding,
//! because the model knows only *satisfied* and *not satisfied*. Ids are version 5 UUIDs of what they
//! name, so that the same token has the same id in every review.

use super::{ControlVerdict, Judged, LedgerView, Outcome, Review, RuleVerdict, TokenView, seal};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io;
use uuid::Uuid;

/// The version of the model. The newest one that tools of several makers read.
const OSCAL: &str = "1.2.1";
/// Where names of our properties are explained, as the model asks for.
const NAMESPACE: &str = "https://github.com/keytrail/keytrail/ns/oscal";

/// The review as text, sealed.
pub(super) fn text(review: &Review) -> io::Result<String> {
    let ids = Ids::new();
    let result = result(review, &ids)?;
    let plan = ids.of("plan", &review.made.settings);
    let document = Document {
        assessment_results: Results {
            // Another content has another id.
            uuid: ids.of("document", &seal::hash(serde_json::to_string(&result)?.as_bytes())),
            metadata: metadata(review),
            import_ap: json!({ "href": format!("#{plan}"), "remarks": "The policy stands for the plan." }),
            results: vec![result],
            back_matter: json!({ "resources": [
                {
                    "uuid": plan,
                    "title": "Policy that the tokens were judged by",
                    "description": "keytrail's policy: each rule names the controls that it gives evidence for.",
                    "props": [prop("settings-sha256", &review.made.settings)],
                    "rlinks": [{ "href": "keytrail.toml", "media-type": "application/toml" }],
                },
                {
                    "uuid": ids.of("seal", &review.made.settings),
                    "title": "Seal",
                    "description": "The SHA-256 of this file with zeros in place of the digits.",
                    "remarks": seal::place(review),
                },
            ] }),
        },
    };
    let mut text = serde_json::to_string_pretty(&document)?;
    text.push('\n');
    Ok(seal::seal(text))
}

#[derive(Serialize)]
struct Document {
    #[serde(rename = "assessment-results")]
    assessment_results: Results,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Results {
    uuid: Uuid,
    metadata: Value,
    import_ap: Value,
    results: Vec<Outcomes>,
    back_matter: Value,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Outcomes {
    uuid: Uuid,
    title: String,
    description: String,
    start: String,
    end: String,
    props: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    local_definitions: Option<Value>,
    reviewed_controls: Value,
    observations: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<Value>,
}

fn metadata(review: &Review) -> Value {
    json!({
        "title": line(&format!("Review of the tokens of {}", review.made.repository)),
        "last-modified": review.made.now.to_string(),
        "version": review.made.now.date(),
        "oscal-version": OSCAL,
        "props": [prop("keytrail-version", &review.made.version)],
        "remarks": "A rule that is met is evidence for a control. It is no statement of compliance.",
    })
}

fn result(review: &Review, ids: &Ids) -> io::Result<Outcomes> {
    let made = &review.made;
    let now = made.now.to_string();
    let state = format!("{} {} {}", made.now, made.settings, made.head.as_deref().unwrap_or_default());
    let tokens: BTreeMap<&str, &TokenView> =
        review.tokens.iter().map(|token| (token.fingerprint.as_str(), token)).collect();
    let mut props = vec![
        prop("rules-sha256", &made.rules),
        prop("settings-sha256", &made.settings),
        prop("fingerprint-key", &made.key),
        prop("documents-read", &review.coverage.documents.to_string()),
        prop("commits-read", &review.coverage.commits.to_string()),
        prop("gaps", &review.coverage.gaps.len().to_string()),
        prop("ledger", ledger(&review.ledger)),
    ];
    props.extend(made.head.as_deref().map(|head| prop("head", head)));
    let mut observations: Vec<Value> =
        review.rules.iter().map(|rule| observation(rule, &tokens, ids, &now)).collect();
    observations.push(coverage(review, ids, &now));
    Ok(Outcomes {
        uuid: ids.of("result", &state),
        title: line(&format!("Tokens of {} on {}", made.repository, made.now.date())),
        description:
            "Every token found in the repository and its history, and every token of the inventory, judged \
                      by the policy."
                .to_owned(),
        start: now.clone(),
        end: now,
        props,
        local_definitions: (!review.tokens.is_empty()).then(|| {
            let items: Vec<_> = review.tokens.iter().map(|token| item(token, ids)).collect();
            json!({ "inventory-items": items })
        }),
        reviewed_controls: reviewed(&review.controls),
        observations,
        findings: review.controls.iter().filter_map(|control| finding(control, ids)).collect(),
    })
}

fn reviewed(controls: &[ControlVerdict]) -> Value {
    if controls.is_empty() {
        return json!({ "control-selections": [{
            "description": "The policy's rules name no controls: they speak of every token.",
            "include-all": {},
        }] });
    }
    let mut frameworks: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for control in controls {
        frameworks
            .entry(&control.framework_name)
            .or_default()
            .push(json!({ "control-id": control_id(control) }));
    }
    let selections: Vec<_> = frameworks
        .into_iter()
        .map(|(name, ids)| json!({ "description": text_or(name, "controls"), "include-controls": ids }))
        .collect();
    json!({ "control-selections": selections })
}

fn item(token: &TokenView, ids: &Ids) -> Value {
    let mut props = vec![
        prop("fingerprint", &token.fingerprint),
        prop("rule", &token.rule),
        prop("state", token.state.name()),
        prop("severity", token.severity.name()),
    ];
    let mut add = |name: &str, value: Option<String>| {
        props.extend(value.filter(|value| !value.trim().is_empty()).map(|value| prop(name, &value)));
    };
    add("owner", token.owner.clone());
    add("introduced", token.introduced.map(|moment| moment.to_string()));
    add("removed", token.removed.map(|moment| moment.to_string()));
    add("rotated", token.rotated.map(|moment| moment.to_string()));
    add("revoked", token.revoked.map(|moment| moment.to_string()));
    add("expires", token.expires.map(|moment| moment.to_string()));
    add("days-exposed", token.days_exposed.map(|days| days.to_string()));
    let mut item = json!({
        "uuid": ids.of("token", &token.fingerprint),
        "description": text_or(&format!("{} ({})", token.name(), token.masked), "token"),
        "props": props,
    });
    if let Some(purpose) = token.purpose.as_deref().filter(|purpose| !purpose.trim().is_empty()) {
        item["remarks"] = json!(purpose);
    }
    item
}

fn observation(rule: &RuleVerdict, tokens: &BTreeMap<&str, &TokenView>, ids: &Ids, now: &str) -> Value {
    let subjects: Vec<_> = rule
        .evidence
        .iter()
        .filter_map(|one| Some((one.result, tokens.get(one.token.as_deref()?)?)))
        .map(|(result, token)| {
            json!({
                "subject-uuid": ids.of("token", &token.fingerprint),
                "type": "inventory-item",
                "title": line(token.name()),
                "props": [prop("result", result.name())],
            })
        })
        .collect();
    let mut props = vec![prop("outcome", rule.outcome.name()), prop("severity", rule.severity.name())];
    for result in [Judged::Violated, Judged::Unknown, Judged::Excused, Judged::Pass] {
        props.push(prop(result.name(), &rule.count(result).to_string()));
    }
    let mut observation = json!({
        "uuid": ids.of("rule", &rule.id),
        "title": line(&rule.id),
        "description": text_or(&format!("{}: {}", rule.title, rule.summary), "rule"),
        "props": props,
        "methods": ["TEST"],
        "types": [if rule.outcome == Outcome::Violated { "finding" } else { "control-objective" }],
        "collected": now,
    });
    if !subjects.is_empty() {
        observation["subjects"] = Value::Array(subjects);
    }
    if !rule.evidence.is_empty() {
        let told = rule.evidence.iter().map(|one| {
            let token = one.token.as_deref().map(|print| format!("{print}: ")).unwrap_or_default();
            json!({ "description": format!("{token}{}: {}", one.result.name(), line(&one.why)) })
        });
        observation["relevant-evidence"] = Value::Array(told.collect());
    }
    observation
}

/// What was read, what was not, and what the ledger says: it holds or falls with the rest.
fn coverage(review: &Review, ids: &Ids, now: &str) -> Value {
    let coverage = &review.coverage;
    let mut evidence = vec![json!({ "description": format!(
        "{} documents, {} bytes and {} commits were read",
        coverage.documents, coverage.bytes, coverage.commits
    ) })];
    evidence.extend(
        coverage
            .gaps
            .iter()
            .map(|gap| json!({ "description": format!("not read: {}: {}", gap.what, gap.why) })),
    );
    evidence.push(json!({ "description": format!("ledger: {}", ledger(&review.ledger)) }));
    json!({
        "uuid": ids.of("coverage", &review.made.repository),
        "title": "Coverage",
        "description": "What was looked at, what could not be read, and whether the record is as it was written.",
        "props": [prop("outcome", if coverage.gaps.is_empty() { "complete" } else { "incomplete" })],
        "methods": ["EXAMINE"],
        "types": ["discovery"],
        "relevant-evidence": evidence,
        "collected": now,
    })
}

fn ledger(ledger: &LedgerView) -> &'static str {
    match ledger {
        LedgerView::None => "none",
        LedgerView::Sound { .. } => "sound",
        LedgerView::Unproved { .. } => "unproved",
        LedgerView::Broken { .. } => "broken",
    }
}

fn finding(control: &ControlVerdict, ids: &Ids) -> Option<Value> {
    let name = format!("{} {}", control.framework_name, control.id);
    let (state, reason, told) = match control.outcome {
        Outcome::Pass => ("satisfied", "pass", format!("Every rule that gives evidence for {name} is kept.")),
        Outcome::Violated => {
            ("not-satisfied", "fail", format!("{} breaks of rules speak against {name}.", control.broken))
        }
        Outcome::Incomplete => (
            "not-satisfied",
            "other",
            format!("Nothing speaks against {name}, but not all that its rules speak of could be judged."),
        ),
        Outcome::NotApplicable => return None,
    };
    let related: Vec<_> =
        control.rules.iter().map(|rule| json!({ "observation-uuid": ids.of("rule", rule) })).collect();
    let mut finding = json!({
        "uuid": ids.of("control", &format!("{}:{}", control.framework, control.id)),
        "title": line(&format!("Evidence for {name}")),
        "description": line(&told),
        "target": {
            "type": "objective-id",
            "target-id": control_id(control),
            "title": line(&control.title),
            "status": { "state": state, "reason": reason },
        },
    });
    if !related.is_empty() {
        finding["related-observations"] = Value::Array(related);
    }
    Some(finding)
}

/// The id of a control: as NIST's own catalogue has it (`ia-5.7`), for the others the framework's
/// and the control's. Signs that a token of the model may not have become underscores.
fn control_id(control: &ControlVerdict) -> String {
    let id = control.id.to_lowercase();
    let id = if control.framework.starts_with("nist") {
        id.replace('(', ".").replace(')', "")
    } else {
        format!("{}_{id}", control.framework)
    };
    let id: String = id
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect();
    if id.starts_with(|c: char| c.is_alphabetic() || c == '_') { id } else { format!("_{id}") }
}

fn prop(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": line(value) })
}

/// Text on one line, without white space at its ends and never empty, as the model's strings are.
fn line(text: &str) -> String {
    let text: Vec<&str> = text.split_whitespace().collect();
    text_or(&text.join(" "), "-")
}

fn text_or(text: &str, instead: &str) -> String {
    let text: String = text.trim().chars().map(crate::excerpt::shown).collect();
    if text.is_empty() { instead.to_owned() } else { text }
}

/// Makes ids of names.
struct Ids(Uuid);

impl Ids {
    fn new() -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_URL, NAMESPACE.as_bytes()))
    }

    fn of(&self, sort: &str, name: &str) -> Uuid {
        Uuid::new_v5(&self.0, format!("{sort}\0{name}").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn check(review: &Review) -> Value {
        let schema = include_str!("../../fixtures/oscal-assessment-results-1.2.1.json");
        let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
        let text = text(review).expect("JSON");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let wrong: Vec<_> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        value
    }

    #[test]
    fn it_fits_the_published_schema() {
        let value = check(&sample::review());
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).expect("JSON"));
        check(&sample::empty());
        check(&sample::hostile());
    }

    #[test]
    fn the_check_can_fail() {
        let schema = include_str!("../../fixtures/oscal-assessment-results-1.2.1.json");
        let schema: Value = serde_json::from_str(schema).expect("the schema is JSON");
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).expect("a schema");
        let mut value = check(&sample::review());
        value["assessment-results"]["uuid"] = json!("no id");
        assert!(!validator.is_valid(&value));
    }

    #[test]
    fn every_reference_has_its_target() {
        let value = check(&sample::review());
        let result = &value["assessment-results"]["results"][0];
        let ids = |list: &Value| -> std::collections::BTreeSet<String> {
            let list = list.as_array().expect("a list");
            list.iter().map(|item| item["uuid"].as_str().expect("an id").to_owned()).collect()
        };
        let (items, observed) =
            (ids(&result["local-definitions"]["inventory-items"]), ids(&result["observations"]));
        let mut count = 0;
        for observation in result["observations"].as_array().expect("a list") {
            for subject in observation["subjects"].as_array().into_iter().flatten() {
                assert!(items.contains(subject["subject-uuid"].as_str().expect("an id")));
                count += 1;
            }
        }
        for finding in result["findings"].as_array().expect("a list") {
            for related in finding["related-observations"].as_array().expect("a list") {
                assert!(observed.contains(related["observation-uuid"].as_str().expect("an id")));
                count += 1;
            }
        }
        assert!(count > 3);
    }

    #[test]
    fn controls_have_the_ids_of_their_catalogue() {
        let mut control = sample::review().controls.remove(0);
        let mut id = |framework: &str, id: &str| {
            (control.framework, control.id) = (framework.to_owned(), id.to_owned());
            control_id(&control)
        };
        assert_eq!(id("nist-800-53", "IA-5(7)"), "ia-5.7");
        assert_eq!(id("pci-dss", "8.6.2"), "pci-dss_8.6.2");
        assert_eq!(id("hipaa", "164.312(a)(1)"), "hipaa_164.312_a__1_");
    }
}
