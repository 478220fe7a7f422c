//! `[policy]` of `keytrail.toml` and the starter policies, as text. `docs/policy.md` describes both.

use crate::facts::Environment;
use crate::kind::Kind;
use crate::policy::control::{Catalogue, ControlId, OWN};
use crate::policy::draft::Draft;
use crate::policy::name_glob::NameGlob;
use crate::policy::rules::{Policy, PolicyRule};
use crate::policy::starter;
use crate::policy::waivers::FlawSort;
use crate::toml_file::error::nearest;
use crate::toml_file::value::{choose, quoted, severity};
use crate::toml_file::{
    self, At, BadValue, ConfigError, ConfigErrors, Node, PathGlob, PathGlobs, Reader, Section,
};
use crate::trail::state::State;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// The keys of `[policy]`.
pub const POLICY: Section =
    Section::new("policy", &["frameworks", "owners", "review-every-days", "waiver-max-days", "rule"]);

/// The keys of `[[policy.rule]]`, and of `[[rule]]` in a starter policy.
pub const RULE: Section = Section::new(
    "policy.rule",
    &[
        "id",
        "enabled",
        "title",
        "severity",
        "controls",
        "advice",
        "rules",
        "providers",
        "kinds",
        "forms",
        "environments",
        "states",
        "paths",
        "forbid",
        "require",
        "not-in-repository",
        "registered",
        "owner-required",
        "expires-required",
        "max-lifetime-days",
        "max-age-days",
        "rotate-every-days",
        "grace-days",
        "forbidden-scopes",
        "signed-commits",
        "max-lingering-days",
        "waiver-max-days",
    ],
);

/// The top of a starter policy.
const STARTER: Section = Section::new("", &["version", "framework", "control", "rule"]);
static STARTER_SECTIONS: [Section; 2] = [STARTER, RULE];

/// A policy that was read, with the names in it that only the rule pack can check.
#[derive(Debug, Clone, Default)]
pub struct PolicyText {
    /// The policy.
    pub policy: Policy,
    /// Globs over ids of rules and providers, where they stand.
    names: Vec<Named>,
}

#[derive(Debug, Clone)]
struct Named {
    glob: At<NameGlob>,
    of: NameOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameOf {
    Rule,
    Provider,
}

impl PolicyText {
    /// Checks that every glob over ids of rules or providers fits one that there is: one that fits
    /// none would never be broken, and nobody would know. `known` gives ids of rules and providers.
    ///
    /// # Errors
    ///
    /// One a glob that fits nothing.
    pub fn check_names<'n, I: Iterator<Item = (&'n str, &'n str)>>(
        &self,
        known: &dyn Fn() -> I,
    ) -> Result<(), ConfigErrors> {
        if self.names.is_empty() {
            return Ok(());
        }
        let (rules, providers): (Vec<&str>, BTreeSet<&str>) = known().unzip();
        let mut errors = Vec::new();
        for Named { glob, of } in &self.names {
            let (names, what, list): (Vec<&str>, _, _) = match of {
                NameOf::Rule => (rules.clone(), "rule", "`keytrail rules list` lists all ids"),
                NameOf::Provider => {
                    (providers.iter().copied().collect(), "provider", "`keytrail rules list` names them")
                }
            };
            if names.iter().any(|name| glob.value.matches(name)) {
                continue;
            }
            let meant = nearest(glob.value.as_str(), names.iter().copied())
                .map(|id| format!("did you mean \"{id}\"? "))
                .unwrap_or_default();
            errors.push(glob.error(BadValue {
                problem: format!("{} fits no {what}", quoted(glob.value.as_str())),
                help: format!("{meant}{list}"),
            }));
        }
        ConfigErrors::check(errors)
    }
}

/// Reads the table `[policy]`; complains to the reader.
pub fn policy<'a>(reader: &mut Reader<'a>, table: &'a DeTable<'a>) -> PolicyText {
    let mut text = PolicyText::default();
    let mut frameworks = Vec::new();
    let mut own = Vec::new();
    for (name, node) in reader.table("policy", POLICY, table) {
        match name {
            "frameworks" => {
                let texts = reader.texts(&node);
                frameworks =
                    texts.iter().filter_map(|text| reader.value(text, framework(text.value))).collect();
            }
            "owners" => {
                text.policy.owners = reader.texts(&node).iter().map(|at| at.value.to_owned()).collect();
            }
            "review-every-days" => {
                text.policy.review_every_days = reader.number(&node, false, days_over_zero);
            }
            "waiver-max-days" => text.policy.waiver_max_days = reader.number(&node, false, days_over_zero),
            _ => own = rules(reader, &node, &mut text.names),
        }
    }
    text.policy.frameworks = frameworks.iter().map(|name: &&str| (*name).to_owned()).collect();
    text.policy.rules = assemble(reader, &frameworks, own);
    text
}

/// The starter rules of the frameworks, adjusted by the team's own, and those beside them.
fn assemble(reader: &mut Reader<'_>, frameworks: &[&str], own: Vec<At<Draft>>) -> Vec<PolicyRule> {
    let mut drafts: BTreeMap<String, Draft> = BTreeMap::new();
    let base = Draft::built_in().into_iter();
    for draft in base.chain(frameworks.iter().flat_map(|name| starter_drafts(name))) {
        match drafts.entry(draft.id.clone()) {
            std::collections::btree_map::Entry::Occupied(mut old) => old.get_mut().join(draft),
            std::collections::btree_map::Entry::Vacant(empty) => drop(empty.insert(draft)),
        }
    }
    let mut finished = Vec::new();
    for At { value: draft, place, key } in own {
        let at = At { value: (), place, key };
        let mut whole =
            drafts.remove(&draft.id).unwrap_or_else(|| Draft { id: draft.id.clone(), ..Draft::default() });
        whole.adjust(draft);
        finished.extend(reader.value(&at, whole.finish()).flatten());
    }
    // What is compiled in is tested to be right.
    finished.extend(drafts.into_values().filter_map(|draft| draft.finish().ok().flatten()));
    finished.sort_by(|a, b| a.id.cmp(&b.id));
    finished
}

/// The rules of a starter policy alone, sorted by id; `None` if there is no such framework.
pub fn starter_rules(framework: &str) -> Option<Vec<PolicyRule>> {
    starter::FILES.iter().find(|(name, _)| *name == framework)?;
    let drafts = starter_drafts(framework).into_iter();
    // A rule of the built-in ones has controls only, and asks with what is built in.
    let built_in = Draft::built_in();
    let whole = drafts.map(|draft| match built_in.iter().find(|base| base.id == draft.id) {
        Some(base) => {
            let mut base = base.clone();
            base.join(draft);
            base
        }
        None => draft,
    });
    let mut rules: Vec<_> = whole.filter_map(|draft| draft.finish().ok().flatten()).collect();
    rules.sort_by(|a, b| a.id.cmp(&b.id));
    Some(rules)
}

fn starter_drafts(framework: &str) -> Vec<Draft> {
    let text = starter::FILES.iter().find(|(name, _)| *name == framework).map_or("", |(_, text)| text);
    // What is compiled in is tested to be right.
    read_starter(framework, text).unwrap_or_default()
}

fn read_starter(name: &str, text: &str) -> Result<Vec<Draft>, ConfigErrors> {
    let file = format!("policies/{name}.toml");
    let path = Path::new(&file);
    let mut reader = Reader::new(path, text, &STARTER_SECTIONS);
    let document = toml_file::parse(path, text)?;
    toml_file::check_version(&mut reader, document.get_ref(), starter::VERSION)?;
    let mut drafts = Vec::new();
    for (key, node) in reader.table("", STARTER, document.get_ref()) {
        if key == "rule" {
            drafts = rules(&mut reader, &node, &mut Vec::new());
        }
    }
    ConfigErrors::check(reader.errors)?;
    Ok(drafts.into_iter().map(|at| at.value).collect())
}

/// Takes a list of tables: `[[name]]`.
pub(super) fn tables<'a>(
    reader: &mut Reader<'a>,
    node: &Node<'a>,
    example: &str,
) -> Vec<(Node<'a>, &'a DeTable<'a>)> {
    let DeValue::Array(items) = node.value else {
        reader.errors.push(node.error(BadValue {
            problem: format!("a {} does not fit here", node.value.type_str()),
            help: format!("write a list of tables, each under {example}"),
        }));
        return Vec::new();
    };
    let mut tables = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        let place = reader.place(item.span().start);
        let item = At { value: item.get_ref(), place, key: format!("{}[{at}]", node.key) };
        if let Some(table) = reader.sub_table(&item, example) {
            tables.push((item, table));
        }
    }
    tables
}

/// Reads rules; each id may be given once.
fn rules<'a>(reader: &mut Reader<'a>, node: &Node<'a>, names: &mut Vec<Named>) -> Vec<At<Draft>> {
    let mut drafts: Vec<At<Draft>> = Vec::new();
    for (at, table) in tables(reader, node, "[[policy.rule]]") {
        let draft = rule(reader, &at.key, table, names);
        if draft.id.is_empty() {
            if !table.iter().any(|(name, _)| name.get_ref() == "id") {
                reader.errors.push(at.error(BadValue {
                    problem: "the rule has no `id`".to_owned(),
                    help: "write one, such as id = \"no-classic-github-tokens\"".to_owned(),
                }));
            }
            continue;
        }
        if drafts.iter().any(|old| old.value.id == draft.id) {
            reader.errors.push(at.error(BadValue {
                problem: format!("there are two rules {}", quoted(&draft.id)),
                help: "give one of them another `id`".to_owned(),
            }));
            continue;
        }
        // Messages name the rule, since numbers of tables are hard to count.
        let key = format!("policy.rule {}", draft.id);
        drafts.push(At { value: draft, place: at.place, key });
    }
    drafts
}

fn rule<'a>(reader: &mut Reader<'a>, key: &str, table: &'a DeTable<'a>, names: &mut Vec<Named>) -> Draft {
    let mut draft = Draft::default();
    for (name, node) in reader.table(key, RULE, table) {
        let node = &node;
        match name {
            "id" => draft.id = reader.word(node, id).unwrap_or_default(),
            "enabled" => draft.enabled = reader.boolean(node),
            "title" => draft.title = reader.word(node, sentence),
            "severity" => draft.severity = reader.word(node, severity),
            "controls" => draft.controls = Some(list(reader, node, control)),
            "advice" => draft.advice = reader.word(node, sentence),
            "rules" => draft.rules = Some(named(reader, node, NameOf::Rule, names)),
            "providers" => draft.providers = Some(named(reader, node, NameOf::Provider, names)),
            "kinds" => draft.kinds = Some(list(reader, node, kind)),
            "forms" => draft.forms = Some(list(reader, node, glob)),
            "environments" => draft.environments = Some(list(reader, node, environment)),
            "states" => draft.states = Some(list(reader, node, state)),
            "paths" => {
                let globs = list(reader, node, PathGlob::parse);
                draft.paths = reader.value(node, PathGlobs::new(&globs));
            }
            "forbid" => draft.forbid = reader.boolean(node),
            "require" => draft.require = Some(list(reader, node, glob)),
            "not-in-repository" => draft.not_in_repository = reader.boolean(node),
            "registered" => draft.registered = reader.boolean(node),
            "owner-required" => draft.owner_required = reader.boolean(node),
            "expires-required" => draft.expires_required = reader.boolean(node),
            "max-lifetime-days" => draft.max_lifetime_days = reader.number(node, false, days),
            "max-age-days" => draft.max_age_days = reader.number(node, false, days),
            "rotate-every-days" => draft.rotate_every_days = reader.number(node, false, days_over_zero),
            "grace-days" => draft.grace_days = reader.number(node, false, days),
            "forbidden-scopes" => draft.forbidden_scopes = Some(list(reader, node, glob)),
            "signed-commits" => draft.signed_commits = reader.boolean(node),
            "max-lingering-days" => draft.max_lingering_days = reader.number(node, false, days),
            _ => draft.waiver_max_days = reader.number(node, false, days_over_zero),
        }
    }
    if FlawSort::ALL.iter().any(|sort| sort.rule() == draft.id) && draft.asks_more() {
        let id = table.iter().find(|(name, _)| name.get_ref() == "id");
        let place = reader.place(id.map_or(0, |(_, value)| value.span().start));
        reader.errors.push(ConfigError {
            place,
            key: Some(format!("policy.rule {}", draft.id)),
            problem: "the id of a rule that every policy has".to_owned(),
            help: "of that one only `enabled`, `title`, `severity`, `controls` and `advice` can be set"
                .to_owned(),
        });
    }
    draft
}

fn list<'a, T>(reader: &mut Reader<'a>, node: &Node<'a>, parse: fn(&str) -> Result<T, BadValue>) -> Vec<T> {
    let texts = reader.texts(node);
    texts.iter().filter_map(|text| reader.value(text, parse(text.value))).collect()
}

fn named<'a>(reader: &mut Reader<'a>, node: &Node<'a>, of: NameOf, names: &mut Vec<Named>) -> Vec<NameGlob> {
    let texts = reader.texts(node);
    let globs: Vec<At<NameGlob>> = texts
        .iter()
        .filter_map(|text| reader.value(text, glob(text.value)).map(|glob| text.with(glob)))
        .collect();
    names.extend(globs.iter().map(|glob| Named { glob: glob.clone(), of }));
    globs.into_iter().map(|glob| glob.value).collect()
}

/// Finds a framework among those that have a starter policy.
///
/// # Errors
///
/// There is none of that name.
pub fn framework(text: &str) -> Result<&'static str, BadValue> {
    let known: Vec<(&'static str, &'static str)> =
        starter::FILES.iter().map(|(name, _)| (*name, *name)).collect();
    choose(text, &known)
}

fn id(text: &str) -> Result<String, BadValue> {
    let fits = !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    fits.then(|| text.to_owned()).ok_or_else(|| BadValue {
        problem: format!("{} is no id", quoted(text)),
        help: "write small letters, digits and `-`, 64 at most".to_owned(),
    })
}

fn sentence(text: &str) -> Result<String, BadValue> {
    if text.trim().is_empty() || text.chars().any(char::is_control) {
        return Err(BadValue {
            problem: "a text of one line is wanted".to_owned(),
            help: "write it in one line, or leave the key out".to_owned(),
        });
    }
    Ok(text.trim().to_owned())
}

fn glob(text: &str) -> Result<NameGlob, BadValue> {
    NameGlob::parse(text).map_err(|problem| BadValue {
        problem,
        help: "write a name, or a glob in which `*` stands for any characters".to_owned(),
    })
}

fn kind(text: &str) -> Result<Kind, BadValue> {
    choose(text, &Kind::ALL.map(|kind| (kind.name(), kind)))
}

fn state(text: &str) -> Result<State, BadValue> {
    choose(text, &State::ALL.map(|state| (state.name(), state)))
}

fn environment(text: &str) -> Result<Environment, BadValue> {
    choose(text, &[Environment::Live, Environment::Test].map(|one| (one.name(), one)))
}

fn days(text: &str) -> Result<u32, BadValue> {
    const MOST: u32 = 36_500;
    text.parse().ok().filter(|&days| days <= MOST).ok_or_else(|| BadValue {
        problem: format!("{} is no number of days", quoted(text)),
        help: format!("write a whole number from 0 to {MOST}"),
    })
}

fn days_over_zero(text: &str) -> Result<u32, BadValue> {
    match days(text)? {
        0 => Err(BadValue {
            problem: "0 days leave no time".to_owned(),
            help: "write a whole number from 1, or leave the key out".to_owned(),
        }),
        days => Ok(days),
    }
}

/// Reads `FRAMEWORK:CLAUSE`.
fn control(text: &str) -> Result<ControlId, BadValue> {
    let catalogue = Catalogue::get();
    let form = "write FRAMEWORK:CLAUSE, such as \"pci-dss-4.0.1:8.6.2\", or \"own:…\" for one of your own; `keytrail \
                policy list --controls` lists those that keytrail knows";
    let Some(id) = ControlId::parse(text) else {
        return Err(BadValue { problem: format!("{} is no control", quoted(text)), help: form.to_owned() });
    };
    if id.framework() == OWN || catalogue.control(&id).is_some() {
        return Ok(id);
    }
    let known = catalogue.controls().map(|control| control.id.as_str());
    let meant = nearest(text, known).map(|id| format!("did you mean \"{id}\"? ")).unwrap_or_default();
    Err(BadValue { problem: format!("{} is not known", quoted(text)), help: format!("{meant}{form}") })
}

#[cfg(test)]
mod tests;
