use super::*;
use crate::facts::{Expiry, TokenFacts};
use crate::level::Severity;
use crate::moment::Moment;
use crate::policy::evaluation::{Judged, Outcome};
use crate::policy::rules::Requirement;
use crate::policy::subject::{Said, Subject};
use crate::policy::violation;
use crate::policy::{Case, Evaluation};
use crate::settings::ConfigFile;
use crate::trail::inventory::sample;
use crate::trail::life::{CommitRecord, Introduction, Life, Person, Replacement, Signature};
use crate::trail::registry::Registration;

fn day(text: &str) -> Moment {
    Moment::parse(text).expect("a date")
}

/// What `keytrail.toml` makes of a policy.
fn read(text: &str) -> Result<PolicyText, String> {
    let text = format!("version = 1\n{text}");
    let path = Path::new("keytrail.toml");
    let mut reader = Reader::new(path, &text, &STARTER_SECTIONS);
    ConfigFile::parse(path, &text).map_err(|error| error.to_string())?;
    let document = toml_file::parse(path, &text).expect("it was read");
    let (_, table) =
        document.get_ref().iter().find(|(name, _)| name.get_ref() == "policy").expect("a policy");
    Ok(policy(&mut reader, table.get_ref().as_table().expect("a table")))
}

#[track_caller]
fn policy_of(text: &str) -> Policy {
    read(text).unwrap_or_else(|error| panic!("{error}")).policy
}

#[test]
fn every_starter_is_right_and_speaks_of_known_controls() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (name, text) in starter::FILES {
        let drafts = read_starter(name, text).unwrap_or_else(|error| panic!("{error}"));
        let rules = starter_rules(name).expect("there is one");
        assert_eq!(drafts.len(), rules.len(), "{name}: every rule counts");
        for rule in &rules {
            assert!(!rule.controls.is_empty(), "{name}: {} gives evidence for nothing", rule.id);
            for control in &rule.controls {
                assert_eq!(control.framework(), *name, "{}", rule.id);
                assert!(Catalogue::get().control(control).is_some(), "{control}");
            }
            // Joined by id, so that two frameworks never mean different things by one.
            let same = format!(
                "{:?} {:?} {:?} {:?} {:?}",
                rule.title, rule.severity, rule.advice, rule.speaks_of, rule.requires
            );
            let old = seen.entry(rule.id.clone()).or_insert_with(|| same.clone());
            assert_eq!(*old, same, "{name}: {} differs from another starter's", rule.id);
        }
        for control in Catalogue::get().controls().filter(|one| one.framework.id == *name) {
            let by_rule = rules.iter().any(|rule| rule.controls.contains(&control.id));
            assert!(by_rule || control.ledger, "nothing gives evidence for {}", control.id);
        }
        let text = format!("{text}\n");
        assert!(!text.to_lowercase().contains("compliant"), "{name}");
    }
    let named: Vec<&str> = Catalogue::get().frameworks().iter().map(|one| one.id.as_str()).collect();
    assert_eq!(named, starter::FILES.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn frameworks_are_joined_and_own_rules_adjust_them() {
    let text = "[policy]\nframeworks = [\"soc2\", \"gdpr\"]\n\
                [[policy.rule]]\nid = \"rotated-every-90-days\"\nrotate-every-days = 30\nseverity = \"critical\"\n\
                [[policy.rule]]\nid = \"tokens-expire\"\nenabled = false\n\
                [[policy.rule]]\nid = \"waiver-unused\"\nseverity = \"high\"\ncontrols = [\"own:SEC-1\"]\n\
                [[policy.rule]]\nid = \"mine\"\nforbid = true\n";
    let policy = policy_of(text);
    let rule = policy.rule("rotated-every-90-days").expect("adjusted");
    assert_eq!(rule.requires, [Requirement::Rotate { every: 30, grace: 14 }]);
    assert_eq!(rule.severity, Severity::Critical);
    let frameworks: BTreeSet<&str> = rule.controls.iter().map(ControlId::framework).collect();
    assert_eq!(frameworks, BTreeSet::from(["gdpr", "soc2"]));
    assert!(policy.rule("tokens-expire").is_none());
    assert_eq!(policy.rule("waiver-unused").expect("built in").controls[0].as_str(), "own:SEC-1");
    assert_eq!(policy.rule("mine").expect("own").title, "mine");
    let ids: Vec<&str> = policy.rules.iter().map(|rule| rule.id.as_str()).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for sort in FlawSort::ALL {
        assert!(policy.rule(sort.rule()).is_some(), "{sort:?}");
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_was_meant() {
    for (text, parts) in [
        (
            "[policy]\nframeworks = [\"soc3\"]",
            &["keytrail.toml:3:15: policy.frameworks", "did you mean \"soc2\""][..],
        ),
        ("[policy]\nowner = []", &["policy.owner: unknown key", "did you mean `owners`"]),
        ("[[policy.rule]]\nid = \"a\"\nforbit = true", &["forbit: unknown key", "did you mean `forbid`"]),
        ("[[policy.rule]]\nid = \"a\"", &["asks for nothing"]),
        ("[[policy.rule]]\nforbid = true", &["has no `id`"]),
        ("[[policy.rule]]\nid = \"A b\"\nforbid = true", &["is no id"]),
        (
            "[[policy.rule]]\nid = \"a\"\nforbid = true\n[[policy.rule]]\nid = \"a\"\nforbid = true",
            &["two rules \"a\""],
        ),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\nkinds = [\"api-keys\"]", &["did you mean \"api-key\""]),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\nstates = [\"lost\"]", &["allowed: revoked, expired"]),
        (
            "[[policy.rule]]\nid = \"a\"\nforbid = true\ncontrols = [\"soc2:CC6.11\"]",
            &["did you mean \"soc2:CC6.1\""],
        ),
        ("[[policy.rule]]\nid = \"a\"\nforbid = true\ncontrols = [\"CC6.1\"]", &["is no control"]),
        ("[[policy.rule]]\nid = \"a\"\ngrace-days = 3\nforbid = true", &["without `rotate-every-days`"]),
        ("[[policy.rule]]\nid = \"a\"\nmax-age-days = -1", &["is no number of days"]),
        ("[[policy.rule]]\nid = \"a\"\nwaiver-max-days = 9\nforbid = true", &["make two rules"]),
        ("[[policy.rule]]\nid = \"waiver-unused\"\nforbid = true", &["every policy has"]),
        ("[policy]\nrule = 3", &["list of tables"]),
        ("[policy]\nwaiver-max-days = 0", &["leave no time"]),
    ] {
        let error = read(text).expect_err(text);
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
        assert!(error.starts_with("keytrail.toml:"), "{error}");
    }
}

#[test]
fn globs_that_fit_no_rule_are_told() {
    let text = read("[[policy.rule]]\nid = \"a\"\nforbid = true\nrules = [\"github-*\", \"aws-acess\"]\nproviders = [\"githup\"]\n")
        .expect("right so far");
    let known = || [("github-pat", "github"), ("aws-access", "aws")].into_iter();
    let error = text.check_names(&known).expect_err("two fit nothing").to_string();
    assert_eq!(error.lines().count(), 2, "{error}");
    assert!(
        error.contains("did you mean \"aws-access\"") && error.contains("did you mean \"github\""),
        "{error}"
    );
}

// Every requirement, with a token that keeps it, one that breaks it, and one of which too little is
// known.

fn commit(date: &str, signature: Option<Signature>) -> CommitRecord {
    let person = Person { name: "Ada".to_owned(), email: "ada@example.org".to_owned() };
    CommitRecord {
        id: "c".repeat(40),
        author: person.clone(),
        authored: day(date),
        committer: person,
        committed: day(date),
        signature,
    }
}

/// A token that HEAD has since a date.
fn life(introduced: Option<&str>, signature: Option<Signature>) -> Life {
    let mut life = sample::life(b"a secret of the tests");
    life.introduced = introduced.map(|date| Introduction {
        commit: commit(date, signature),
        path: life.stays[0].path.clone(),
        line: 3,
        merged_by: None,
        pull_request: None,
        is_cut: false,
    });
    life.stays[0].since = introduced.map(|date| commit(date, signature));
    life
}

/// The same, out of HEAD since another date.
fn gone(introduced: &str, left: &str) -> Life {
    let mut life = life(Some(introduced), None);
    life.in_head = false;
    life.stays[0].in_head = false;
    life.stays[0].until = Some(commit(left, None));
    life
}

struct Known<'a> {
    life: Option<&'a Life>,
    facts: TokenFacts,
    state: State,
    said: Said<'a>,
}

const NOW: &str = "2026-06-01";

fn ask(rule: &str, known: Known<'_>) -> (Evaluation, Outcome) {
    let policy = policy_of(&format!("[[policy.rule]]\nid = \"it\"\n{rule}\n"));
    let mut token = sample::life(b"a secret of the tests").token;
    token.facts = known.facts;
    let places = known.life.map(|life| violation::Place {
        path: life.stays[0].path.clone(),
        line: Some(3),
        commit: None,
    });
    let subject = Subject {
        token: &token,
        state: known.state,
        lives: known.life.into_iter().collect(),
        stored: &[],
        said: known.said,
        places: places.into_iter().collect(),
        excuse: None,
    };
    let case = Case { subjects: &[subject], waivers: &[], history: true };
    let evaluation = policy.evaluate(&case, day(NOW));
    let verdict = evaluation.verdict("it").expect("asked");
    let outcome = verdict.outcome;
    assert_eq!(outcome == Outcome::Violated, evaluation.violations.len() == 1);
    (evaluation, outcome)
}

#[test]
fn every_requirement_can_be_kept_broken_and_unknown() {
    use Outcome::{NotApplicable as Unknown, Pass, Violated};

    let none = TokenFacts::default;
    let expires = |expires| TokenFacts { expires, ..none() };
    let valid = |from: &str, to: &str| TokenFacts {
        issued: Some(day(from)),
        expires: Some(Expiry::At(day(to))),
        ..none()
    };
    let issued = |date: &str| TokenFacts { issued: Some(day(date)), ..none() };
    let scopes =
        |scopes: &[&str]| TokenFacts { scopes: scopes.iter().map(|s| (*s).to_owned()).collect(), ..none() };
    let unfollowed = sample::life(b"a secret of the tests");
    let old = life(Some("2026-01-01"), None);
    let signed = life(Some("2026-01-01"), Some(Signature::Ssh));
    let (lingers, left) = (gone("2026-01-01", "2026-02-01"), gone("2026-01-01", "2026-05-30"));
    let mut rotated = gone("2026-01-01", "2026-02-01");
    rotated.replaced_by.push(Replacement {
        fingerprint: rotated.token.fingerprint,
        path: rotated.stays[0].path.clone(),
        name: None,
        commit: commit("2026-02-01", None),
    });
    let mut owned = Registration::new(unfollowed.token.fingerprint, "shop");
    owned.owner = Some("payments".to_owned());
    let unowned = Registration::new(unfollowed.token.fingerprint, "shop");
    let mut due = owned.clone();
    due.rotate_by = Some(day("2026-05-01"));
    let head =
        |life| Known { life: Some(life), facts: none(), state: State::Exposed, said: Said::NoRegistry };
    let told =
        |facts| Known { life: Some(&unfollowed), facts, state: State::Exposed, said: Said::NoRegistry };
    let says = |said| Known { life: Some(&unfollowed), facts: none(), state: State::Exposed, said };
    let out = |life, state| Known { life: Some(life), facts: none(), state, said: Said::NoRegistry };
    let stored = || Known { life: None, facts: none(), state: State::Stored, said: Said::NoRegistry };
    for (rule, known, expected) in vec![
        ("forbid = true", head(&old), Violated),
        ("forbid = true\nproviders = [\"other\"]", head(&old), Pass),
        ("require = [\"acme-api-*\"]", head(&old), Pass),
        ("require = [\"session\"]", head(&old), Violated),
        ("require = [\"fine *\"]", told(TokenFacts { form: Some("fine one".to_owned()), ..none() }), Pass),
        ("not-in-repository = true", head(&old), Violated),
        ("not-in-repository = true", out(&lingers, State::Lingering), Violated),
        ("not-in-repository = true", out(&lingers, State::Revoked), Pass),
        ("not-in-repository = true\nstates = [\"revoked\"]", out(&lingers, State::Revoked), Violated),
        ("not-in-repository = true", stored(), Pass),
        ("registered = true", says(Said::NoRegistry), Unknown),
        ("registered = true", says(Said::Unknown), Violated),
        ("registered = true", says(Said::Registered(&owned)), Pass),
        ("owner-required = true", says(Said::NoRegistry), Unknown),
        ("owner-required = true", says(Said::Unknown), Violated),
        ("owner-required = true", says(Said::Registered(&unowned)), Violated),
        ("owner-required = true", says(Said::Registered(&owned)), Pass),
        ("[policy]\nowners = [\"ops\"]", says(Said::Registered(&owned)), Pass),
        ("expires-required = true", told(none()), Unknown),
        ("expires-required = true", told(expires(Some(Expiry::Never))), Violated),
        ("expires-required = true", told(expires(Some(Expiry::At(day("2027-01-01"))))), Pass),
        ("max-lifetime-days = 30", told(none()), Unknown),
        ("max-lifetime-days = 30", told(expires(Some(Expiry::At(day("2027-01-01"))))), Unknown),
        ("max-lifetime-days = 30", told(expires(Some(Expiry::Never))), Violated),
        ("max-lifetime-days = 30", told(valid("2026-05-01", "2026-05-31")), Pass),
        ("max-lifetime-days = 30", told(valid("2026-05-01", "2026-06-01")), Violated),
        (
            "max-lifetime-days = 30",
            Known { facts: expires(Some(Expiry::At(day("2027-01-01")))), ..head(&old) },
            Violated,
        ),
        ("max-age-days = 30", told(none()), Unknown),
        ("max-age-days = 31", told(issued("2026-05-01")), Pass),
        ("max-age-days = 30", told(issued("2026-05-01")), Violated),
        ("max-age-days = 30", head(&old), Violated),
        ("max-age-days = 300", head(&old), Unknown),
        ("rotate-every-days = 30", told(none()), Unknown),
        ("rotate-every-days = 30", told(issued("2026-05-01")), Violated),
        ("rotate-every-days = 30\ngrace-days = 1", told(issued("2026-05-01")), Pass),
        ("rotate-every-days = 30", out(&rotated, State::Rotated), Pass),
        ("rotate-every-days = 300\ngrace-days = 31", says(Said::Registered(&due)), Pass),
        ("rotate-every-days = 300\ngrace-days = 30", says(Said::Registered(&due)), Violated),
        ("forbidden-scopes = [\"admin:*\"]", told(none()), Unknown),
        ("forbidden-scopes = [\"admin:*\"]", told(scopes(&["repo"])), Pass),
        ("forbidden-scopes = [\"admin:*\"]", told(scopes(&["repo", "Admin:org"])), Violated),
        ("signed-commits = true", head(&unfollowed), Unknown),
        ("signed-commits = true", head(&old), Violated),
        ("signed-commits = true", head(&signed), Pass),
        ("max-lingering-days = 7", out(&lingers, State::Lingering), Violated),
        ("max-lingering-days = 7", out(&rotated, State::Rotated), Violated),
        ("max-lingering-days = 7", out(&left, State::Lingering), Pass),
        ("max-lingering-days = 7", out(&sample::life(b"a secret of the tests"), State::Lingering), Unknown),
        ("forbid = true\nenvironments = [\"live\"]", told(none()), Unknown),
        (
            "forbid = true\nenvironments = [\"live\"]",
            told(TokenFacts { environment: Some(Environment::Test), ..none() }),
            Pass,
        ),
        (
            "forbid = true\nenvironments = [\"live\"]",
            told(TokenFacts { environment: Some(Environment::Live), ..none() }),
            Violated,
        ),
        ("forbid = true\npaths = [\"src/**\"]", head(&old), Violated),
        ("forbid = true\npaths = [\"docs/**\"]", head(&old), Pass),
    ] {
        if rule.starts_with('[') {
            continue;
        }
        let (evaluation, outcome) = ask(rule, known);
        assert_eq!(outcome, expected, "{rule}: {:?}", evaluation.verdict("it"));
    }
}

#[test]
fn owners_are_those_of_the_policy() {
    let mut registration = Registration::new(sample::life(b"x").token.fingerprint, "shop");
    registration.owner = Some("payments".to_owned());
    let life = sample::life(b"x");
    let outcome = |owners: &str| {
        let policy = policy_of(&format!(
            "[policy]\nowners = {owners}\n[[policy.rule]]\nid = \"it\"\nowner-required = true\n"
        ));
        let subject = Subject {
            token: &life.token,
            state: State::Exposed,
            lives: vec![&life],
            stored: &[],
            said: Said::Registered(&registration),
            places: Vec::new(),
            excuse: None,
        };
        let case = Case { subjects: &[subject], ..Case::default() };
        policy.evaluate(&case, day(NOW)).verdict("it").expect("asked").outcome
    };
    assert_eq!(outcome("[]"), Outcome::Pass);
    assert_eq!(outcome("[\"payments\"]"), Outcome::Pass);
    assert_eq!(outcome("[\"ops\"]"), Outcome::Violated);
}

#[test]
fn every_rule_of_every_starter_can_fire_and_be_kept() {
    use crate::policy::waiver::Waiver;
    use crate::policy::waivers::{Checked, Flaw};
    let now = day(NOW);
    for (name, _) in starter::FILES {
        for rule in starter_rules(name).expect("there is one") {
            let evaluate = |subjects: &[Subject<'_>], waivers: &[Checked<'_>]| {
                let policy = Policy { rules: vec![rule.clone()], ..Policy::default() };
                policy.evaluate(&Case { subjects, waivers, history: true }, now).verdicts[0].outcome
            };
            if rule.is_about_waivers() {
                let waiver = |days: i64| Waiver {
                    fingerprint: sample::life(b"x").token.fingerprint,
                    path: None,
                    rule: None,
                    seen_at: Vec::new(),
                    reason: "r".to_owned(),
                    owner: "o".to_owned(),
                    ticket: None,
                    created: now,
                    expires: now.plus_days(days).expect("a date"),
                };
                let (short, long) = (waiver(1), waiver(1000));
                let flaws: Vec<Flaw> =
                    FlawSort::ALL.into_iter().map(|sort| Flaw { sort, message: String::new() }).collect();
                let good = Checked { waiver: &short, place: None, flaws: Vec::new(), is_use_known: true };
                let bad = Checked { waiver: &long, flaws, ..good.clone() };
                assert_eq!(evaluate(&[], &[good]), Outcome::Pass, "{}", rule.id);
                assert_eq!(evaluate(&[], &[bad]), Outcome::Violated, "{}", rule.id);
                continue;
            }
            // A token that the rule speaks of, which breaks whatever can be broken.
            let lingering = gone("2020-01-01", "2020-02-01");
            let exposed = life(Some("2020-01-01"), None);
            let mut token = exposed.token.clone();
            let pick = |globs: &[NameGlob]| globs.first().map(|glob| glob.as_str().replace('*', "x"));
            token.rule = pick(&rule.speaks_of.rules).unwrap_or(token.rule);
            token.provider = pick(&rule.speaks_of.providers).unwrap_or(token.provider);
            token.kind = rule.speaks_of.kinds.first().copied().unwrap_or(token.kind);
            token.facts.form = pick(&rule.speaks_of.forms);
            token.facts.environment = rule.speaks_of.environments.first().copied();
            token.facts.expires = Some(Expiry::Never);
            token.facts.issued = Some(day("2020-01-01"));
            token.facts.scopes = vec!["admin:org".to_owned()];
            let is_about_history = matches!(rule.requires[0], Requirement::MaxLingeringDays(_));
            let subject = Subject {
                token: &token,
                state: if is_about_history { State::Lingering } else { State::Exposed },
                lives: vec![if is_about_history { &lingering } else { &exposed }],
                stored: &[],
                said: Said::Unknown,
                places: Vec::new(),
                excuse: None,
            };
            assert_eq!(evaluate(&[subject], &[]), Outcome::Violated, "{name}: {}", rule.id);
            // One that nobody can complain about.
            let signed = life(Some("2026-05-30"), Some(Signature::Ssh));
            let mut good = token.clone();
            good.facts.expires = Some(Expiry::At(day("2026-06-05")));
            good.facts.issued = Some(day("2026-05-30"));
            good.facts.scopes = vec!["read:packages".to_owned()];
            if let Some(instead) = rule.requires.iter().find_map(|one| match one {
                Requirement::Require(globs) => pick(globs),
                _ => None,
            }) {
                good.rule = instead;
            }
            if matches!(rule.requires[0], Requirement::Forbid) {
                good.facts.form = Some("something else".to_owned());
            }
            let mut registration = Registration::new(good.fingerprint, "shop");
            registration.owner = Some("payments".to_owned());
            let is_about_code = matches!(rule.requires[0], Requirement::NotInRepository);
            let recent = gone("2026-05-01", "2026-05-31");
            let lives = match (is_about_code, is_about_history) {
                (true, _) => Vec::new(),
                (_, true) => vec![&recent],
                _ => vec![&signed],
            };
            let subject = Subject {
                token: &good,
                state: if is_about_history { State::Lingering } else { State::Exposed },
                lives,
                stored: &[],
                said: Said::Registered(&registration),
                places: Vec::new(),
                excuse: None,
            };
            assert_eq!(evaluate(&[subject], &[]), Outcome::Pass, "{name}: {}", rule.id);
        }
    }
}

#[test]
fn what_is_excused_is_told_and_never_violates() {
    use crate::policy::subject::Excuse;
    let life = life(Some("2020-01-01"), None);
    let policy = policy_of("[[policy.rule]]\nid = \"it\"\nforbid = true\n");
    let subject = |excuse| Subject {
        token: &life.token,
        state: State::Waived,
        lives: vec![&life],
        stored: &[],
        said: Said::NoRegistry,
        places: Vec::new(),
        excuse: Some(excuse),
    };
    let excuses = [
        Excuse::Waived { owner: "ada".to_owned(), until: day("2026-07-01") },
        Excuse::Allowed("test data".to_owned()),
        Excuse::Baseline,
    ];
    for excuse in excuses {
        let case = Case { subjects: &[subject(excuse)], ..Case::default() };
        let evaluation = policy.evaluate(&case, day(NOW));
        let verdict = evaluation.verdict("it").expect("asked");
        assert!(evaluation.violations.is_empty());
        assert_eq!(verdict.count(Judged::Excused), 1);
        assert!(verdict.summary.contains("excused"), "{}", verdict.summary);
    }
}

#[test]
fn a_control_is_as_good_as_the_worst_of_its_rules() {
    let life = life(Some("2020-01-01"), None);
    let policy = policy_of(
        "[[policy.rule]]\nid = \"a\"\nforbid = true\ncontrols = [\"own:1\"]\n\
         [[policy.rule]]\nid = \"b\"\nforbid = true\nproviders = [\"none\"]\ncontrols = [\"own:1\", \"own:2\"]\n\
         [[policy.rule]]\nid = \"c\"\nregistered = true\ncontrols = [\"own:2\", \"own:3\"]\n",
    );
    let subject = Subject {
        token: &life.token,
        state: State::Exposed,
        lives: vec![&life],
        stored: &[],
        said: Said::NoRegistry,
        places: Vec::new(),
        excuse: None,
    };
    let evaluation = policy.evaluate(&Case { subjects: &[subject], ..Case::default() }, day(NOW));
    let outcomes: Vec<_> =
        evaluation.by_control().iter().map(|one| (one.control.clause().to_owned(), one.outcome)).collect();
    let expected = [("1", Outcome::Violated), ("2", Outcome::Incomplete), ("3", Outcome::NotApplicable)];
    assert_eq!(outcomes, expected.map(|(clause, outcome)| (clause.to_owned(), outcome)));
}
