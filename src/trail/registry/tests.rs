use super::*;
use crate::facts::Expiry;
use crate::kind::Kind;
use crate::moment::Moment;
use crate::secret::FingerprintKey;
use proptest::prelude::*;
use std::path::PathBuf;

fn print(secret: &str) -> Fingerprint {
    FingerprintKey::public().fingerprint(secret.as_bytes())
}

fn parsed(text: &str) -> Result<Registry, String> {
    Registry::parse(Path::new("keytrail.tokens.toml"), text).map_err(|errors| errors.to_string())
}

fn sorts(registry: &Registry, found: &[Found], now: &str) -> Vec<(String, ProblemSort)> {
    let now = Moment::parse(now).expect("a date");
    check(registry, found, now).into_iter().map(|problem| (problem.name, problem.sort)).collect()
}

#[test]
fn the_first_of_two_counts() {
    let print = FingerprintKey::public().fingerprint(b"one");
    let twice = vec![Registration::new(print, "first"), Registration::new(print, "second")];
    let registry = Registry::new("public", BTreeMap::new(), twice);
    assert_eq!(registry.find(print).map(|one| one.name.as_str()), Some("first"));
    assert_eq!(registry.find(FingerprintKey::public().fingerprint(b"two")), None);
}

#[test]
fn a_revocation_without_a_date_does_not_count() {
    let mut one = Registration::new(FingerprintKey::public().fingerprint(b"one"), "one");
    one.status = Status::Revoked;
    assert_eq!(one.word(false).revoked, None);
    one.revoked.when = Moment::parse("2026-01-01").ok();
    assert_eq!(one.word(true).revoked, one.revoked.when);
    assert!(!one.may_work());
    let text = serde_json::to_string(&one).expect("JSON");
    assert_eq!(serde_json::from_str::<Registration>(&text).expect("JSON"), one);
}

#[test]
fn every_key_is_read() {
    let (new, old) = (print("new"), print("old"));
    let text = format!(
        "version = 1\nkey = \"0a1b2c3d\"\n[owners]\nada = \"Ada\"\n[owners.platform]\nname = \"Platform\"\n\
         contact = \"#platform\"\n\n[[token]]\nfingerprint = \"{new}\"\nname = \"deploy bot\"\n\
         rule = \"acme-key\"\nkind = \"api-key\"\nowner = \"ada\"\npurpose = \"deploys\"\n\
         issued = {{ when = 2026-01-02T03:04:05Z, how = \"console\", why = \"OPS-1\", by = \"ada\" }}\n\
         scopes = [\"read\"]\nstored = [\"vault: a\"]\nexpires = 2026-12-31\nrotate-by = \"2026-12-01\"\n\
         replaces = \"{old}\"\nstatus = \"revoked\"\nrevoked = {{ when = 2026-02-01, how = \"console\" }}\n\
         evidence = [\"https://tickets.example/1\"]\n"
    );
    let registry = parsed(&text).expect("right");
    assert_eq!((registry.key_id(), registry.line(0)), ("0a1b2c3d", Some(9)));
    assert_eq!(registry.owners()["platform"].contact.as_deref(), Some("#platform"));
    let day = |text| Moment::parse(text).ok();
    let some = |text: &str| Some(text.to_owned());
    let token = Registration {
        rule: some("acme-key"),
        kind: Some(Kind::ApiKey),
        owner: some("ada"),
        purpose: some("deploys"),
        issued: Issue {
            when: day("2026-01-02T03:04:05Z"),
            how: some("console"),
            why: some("OPS-1"),
            by: some("ada"),
        },
        scopes: vec!["read".into()],
        stored: vec!["vault: a".into()],
        expires: day("2026-12-31").map(Expiry::At),
        rotate_by: day("2026-12-01"),
        replaces: Some(old),
        status: Status::Revoked,
        revoked: Revocation { when: day("2026-02-01"), how: some("console") },
        evidence: vec!["https://tickets.example/1".into()],
        ..Registration::new(new, "deploy bot")
    };
    assert_eq!(registry.registrations(), [token]);
}

#[test]
fn all_that_is_wrong_is_told_with_its_place_and_no_value() {
    let token = ["tok", "en of ours"].concat();
    let text = format!(
        "version = 1\nkey = \"{token}\"\n[[token]]\nfingerprint = \"{token}\"\nname = \"\"\nownr = \"a\"\n\
         kind = \"apikey\"\nexpires = \"soon\"\nrotate-by = 3\nissued = {{ who = \"a\" }}\nstatus = \"gone\"\n\
         [[token]]\n"
    );
    let errors = parsed(&text).expect_err("wrong");
    assert!(!errors.contains(&token), "{errors}");
    let expected = [
        "keytrail.tokens.toml:2:7: key: not the id of a fingerprint key; ",
        "keytrail.tokens.toml:4:15: token.fingerprint: not a fingerprint; ",
        "keytrail.tokens.toml:5:8: token.name: an empty name; ",
        "keytrail.tokens.toml:6:1: token.ownr: unknown key; did you mean `owner`?",
        "keytrail.tokens.toml:7:8: token.kind: \"apikey\" is not allowed; did you mean \"api-key\"?",
        "keytrail.tokens.toml:8:11: token.expires: not a point in time; ",
        "keytrail.tokens.toml:9:13: token.rotate-by: an integer does not fit here; ",
        "keytrail.tokens.toml:10:12: token.issued.who: unknown key; ",
        "keytrail.tokens.toml:11:10: token.status: \"gone\" is not allowed; ",
        "keytrail.tokens.toml:12:1: token.fingerprint: missing; ",
        "keytrail.tokens.toml:12:1: token.name: missing; ",
    ];
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{errors}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line}\nis not\n{start}");
    }
    assert!(parsed("key = \"public\"").expect_err("wrong").contains(":1:1: version: missing"));
    assert!(parsed("version = 1").expect_err("wrong").contains("key: missing"));
    assert!(parsed("version = 2").expect_err("wrong").contains(":1:11: version: not a version"));
}

#[test]
fn a_registry_for_another_key_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    assert!(matches!(Registry::read(&path, "public"), Err(RegistryError::Missing { .. })));
    std::fs::write(&path, "version = 1\nkey = \"public\"\n").expect("a file");
    assert!(Registry::read(&path, "public").expect("right").registrations().is_empty());
    let error = Registry::read(&path, "0a1b2c3d").expect_err("another key").to_string();
    assert!(error.contains("is for the fingerprint key public, and this run uses 0a1b2c3d"), "{error}");
}

#[test]
fn each_sort_of_problem_is_found() {
    let day = |text| Moment::parse(text).ok();
    let sound = |secret: &str| Registration {
        owner: Some("ada".into()),
        purpose: Some("deploys".into()),
        ..Registration::new(print(secret), secret)
    };
    let registrations = vec![
        sound("fine"),
        Registration { owner: None, ..sound("ownerless") },
        Registration { owner: Some("eve".into()), ..sound("stranger's") },
        Registration { purpose: Some(" ".into()), ..sound("idle") },
        Registration { rotate_by: day("2026-05-01"), ..sound("overdue") },
        Registration { rotate_by: day("2026-05-01"), status: Status::Rotated, ..sound("was overdue") },
        Registration { expires: day("2026-05-31").map(Expiry::At), ..sound("over") },
        Registration { name: "twin".into(), ..sound("fine") },
        Registration { replaces: Some(print("nobody")), ..sound("heir") },
        Registration { replaces: Some(print("hen")), ..sound("egg") },
        Registration { replaces: Some(print("egg")), ..sound("hen") },
        Registration { replaces: Some(print("egg")), ..sound("cock") },
        Registration { status: Status::Revoked, ..sound("dateless") },
        Registration { revoked: Revocation { when: day("2026-05-01"), how: None }, ..sound("half revoked") },
    ];
    let owners = BTreeMap::from([("ada".to_owned(), Owner::default())]);
    let registry = Registry::new("public", owners, registrations);
    let found = |secret: &str| Found {
        fingerprint: print(secret),
        name: secret.to_owned(),
        places: vec![FoundAt { path: RepoPath::new("a"), line: 1, commit: None }],
    };
    let found = [found("fine"), found("over"), found("half revoked"), found("foundling")];
    let named = |name: &str, sort| (name.to_owned(), sort);
    assert_eq!(
        sorts(&registry, &found, "2026-06-01"),
        [
            named("fine", ProblemSort::InCode),
            named("ownerless", ProblemSort::MissingOwner),
            named("stranger's", ProblemSort::UnknownOwner),
            named("idle", ProblemSort::MissingPurpose),
            named("overdue", ProblemSort::RotationOverdue),
            named("over", ProblemSort::Expired),
            named("twin", ProblemSort::Duplicate),
            named("heir", ProblemSort::UnknownReplaced),
            named("egg", ProblemSort::ReplacesInCircle),
            named("hen", ProblemSort::ReplacesInCircle),
            named("dateless", ProblemSort::RevokedWithoutDate),
            named("half revoked", ProblemSort::Contradiction),
            named("foundling", ProblemSort::Unregistered),
        ]
    );
    // A day before, nothing was due.
    let early: Vec<_> = sorts(&registry, &[], "2026-04-30");
    assert!(
        !early.iter().any(|(_, sort)| matches!(sort, ProblemSort::RotationOverdue | ProblemSort::Expired))
    );
}

#[test]
fn a_change_keeps_what_people_wrote() {
    let (one, two) = (print("one"), print("two"));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(FILE_NAME);
    let text = format!(
        "# ours\nkey = \"public\" # the key\nversion = 1\n\n[[token]]\n# first\nname = \"one\" # its name\n\
         fingerprint   = \"{one}\"\nstatus = \"active\" # for now\nissued = {{ by = \"ada\" }}\n\n\
         [owners] # people\nada = \"Ada\"\n\n[[token]]\nfingerprint = \"{two}\"\nname = \"two\"\n\
         [token.issued] # how\nby = \"ada\" # she\n"
    );
    std::fs::write(&path, &text).expect("a file");
    let mut file = RegistryFile::open(&path, "public").expect("right");
    assert_eq!(file.text(), text);
    file.mark_rotated(one).expect("it can be changed");
    let mut second = file.registry().find(two).expect("there").clone();
    second.issued.by = Some("eve".into());
    second.scopes = vec!["read".into()];
    file.change(&second).expect("it can be changed");
    let third = Registration { replaces: Some(one), ..Registration::new(print("three"), "three") };
    file.add(&third).expect("it can be added");
    file.write().expect("it can be written");
    let written = std::fs::read_to_string(&path).expect("there");
    let expected = text
        .replace("\"active\" # for now", "\"rotated\" # for now")
        .replace("by = \"ada\" # she", "by = \"eve\" # she");
    for line in expected.lines() {
        assert!(written.contains(line), "{line} is gone from\n{written}");
    }
    let registry = Registry::read(&path, "public").expect("right");
    assert_eq!(registry.registrations()[1], second);
    assert_eq!(registry.registrations()[2], third);
}

fn texts() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[ -~äß]{0,12}")
}

fn moments() -> impl Strategy<Value = Option<Moment>> {
    let seconds =
        prop_oneof![0..4_000_000_000_i64, (0..40_000_i64).prop_map(|days| days * crate::moment::DAY)];
    proptest::option::of(seconds.prop_map(|seconds| Moment::from_seconds(seconds).expect("in range")))
}

prop_compose! {
    fn registrations()(
        secret in 0..40_u32,
        name in "[a-z]{1,8}",
        kind in proptest::option::of(0..Kind::ALL.len()),
        (rule, owner, purpose) in (texts(), texts(), texts()),
        (when, how, why, by) in (moments(), texts(), texts(), texts()),
        (scopes, stored, evidence) in (
            proptest::collection::vec("[a-z:*]{0,6}", 0..3),
            proptest::collection::vec("[a-z/ ]{0,6}", 0..3),
            proptest::collection::vec("[a-z/#]{0,6}", 0..3),
        ),
        (expires, never, rotate_by) in (moments(), any::<bool>(), moments()),
        replaces in proptest::option::of(0..40_u32),
        status in 0..Status::ALL.len(),
        (revoked, revoked_how) in (moments(), texts()),
    ) -> Registration {
        Registration {
            fingerprint: print(&secret.to_string()),
            name,
            kind: kind.map(|at| Kind::ALL[at]),
            rule,
            owner,
            purpose,
            issued: Issue { when, how, why, by },
            scopes,
            stored,
            expires: expires.map(Expiry::At).or(never.then_some(Expiry::Never)),
            rotate_by,
            replaces: replaces.map(|secret| print(&secret.to_string())),
            status: Status::ALL[status],
            revoked: Revocation { when: revoked, how: revoked_how },
            evidence,
        }
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_and_comments_and_order_stay(
        all in proptest::collection::vec(registrations(), 1..6),
        changed in registrations(),
        at in 0..6_usize,
    ) {
        let path = PathBuf::from("no such folder").join(FILE_NAME);
        let mut file = RegistryFile::open(&path, "public").expect("a new one");
        let mut expected: Vec<Registration> = Vec::new();
        for one in all {
            if expected.iter().all(|old| old.fingerprint != one.fingerprint) {
                file.add(&one).expect("it can be added");
                expected.push(one);
            }
        }
        prop_assert_eq!(file.registry().registrations(), &expected[..]);
        // A comment on each line, as people may have put there.
        let commented: String =
            file.text().lines().enumerate().map(|(n, line)| match line.split_once(" = ") {
                Some(_) if !line.starts_with('#') => format!("{line} # note {n}\n"),
                _ => format!("{line}\n"),
            }).collect();
        let notes = |text: &str| text.lines().filter_map(|line| line.rsplit_once(" # note ")
            .map(|(key, note)| (key.split(" = ").next().map(str::to_owned), note.to_owned()))).collect::<Vec<_>>();
        let registry = Registry::parse(&path, &commented).expect("comments change nothing");
        prop_assert_eq!(registry.registrations(), &expected[..]);
        let at = at % expected.len();
        let changed = Registration { fingerprint: expected[at].fingerprint, ..changed };
        let mut file = RegistryFile::with(&path, &commented, registry, false).expect("right");
        file.change(&changed).expect("it can be changed");
        let before = notes(&commented);
        let after = notes(&file.text());
        // What is gone is only the comments of keys that the token has no more.
        let kept: Vec<_> = before.iter().filter(|note| after.contains(note)).cloned().collect();
        prop_assert_eq!(&kept, &after);
        let gone = before.len() - after.len();
        prop_assert!(gone <= form::TOKEN_KEYS.len(), "{} comments are gone", gone);
        for (key, _) in before.iter().filter(|note| !after.contains(note)) {
            let key = key.clone().unwrap_or_default();
            prop_assert!(form::TOKEN_KEYS.contains(&key.as_str()) && !["name", "status", "fingerprint"].contains(&key.as_str()), "{}", key);
        }
        expected[at] = changed;
        prop_assert_eq!(file.registry().registrations(), &expected[..]);
    }
}
