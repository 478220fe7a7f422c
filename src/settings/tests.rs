use super::*;
use crate::level::Severity;
use crate::policy::gate::FailOn;
use crate::secret::Secret;
use value::SizeLimit;

fn config(text: &str) -> ConfigFile {
    ConfigFile::parse(Path::new("keytrail.toml"), &format!("version = 1\n{text}")).unwrap()
}

fn resolve(file: Option<ConfigFile>, env: Overrides, flags: Overrides) -> Result<Settings, ConfigErrors> {
    Settings::resolve_with(file, env, flags, &|_| None)
}

/// Text to serve as a key, long enough.
fn words(n: usize) -> String {
    format!("the words of key number {n}")
}

fn secret(n: usize) -> Secret {
    Secret::new(words(n).as_bytes())
}

fn id(n: usize) -> String {
    FingerprintKey::from_user(words(n).as_bytes()).id().to_owned()
}

#[test]
fn nothing_set_means_the_defaults() {
    let settings = resolve(None, Overrides::default(), Overrides::default()).unwrap();
    assert!(settings.exclude.is_empty() && settings.rules.is_empty() && settings.rule_overrides.is_empty());
    assert_eq!((settings.max_file_size, settings.threads), (None, 0));
    assert!(!settings.nested && !settings.peer_markers);
    assert_eq!((settings.baseline, settings.config_path), (None, None));
    assert_eq!(settings.confidence, Confidence::Medium);
    assert_eq!(settings.gate, Gate::new(FailOn::Any, Confidence::Medium, false));
    assert_eq!(settings.key.id(), "public");
}

#[test]
fn flags_go_over_the_environment_and_both_over_the_file() {
    let file = config(
        "[scan]\nmax-file-size = 1\nnested = true\nthreads = 1\npeer-markers = true\nbaseline = \"f\"\n\
         [report]\nconfidence = \"low\"\n[gate]\nfail-on = \"low\"\nallow-incomplete = true",
    );
    let set = |n: usize| Overrides {
        max_file_size: value::size(&n.to_string()).ok(),
        nested: Some(n % 2 == 1),
        threads: Some(n),
        peer_markers: Some(n % 2 == 1),
        baseline: Some(format!("{n}").into()),
        confidence: Some(if n == 2 { Confidence::High } else { Confidence::Certain }),
        fail_on: Some(if n == 2 { FailOn::Any } else { FailOn::Never }),
        allow_incomplete: Some(n % 2 == 1),
        ..Overrides::default()
    };
    let seen = |settings: Settings| {
        (
            settings.max_file_size.unwrap(),
            settings.threads,
            settings.baseline.unwrap().to_string_lossy().into_owned(),
            settings.confidence,
            settings.gate.fail_on(),
            settings.nested && settings.peer_markers && settings.gate.allows_incomplete(),
            settings.nested || settings.peer_markers || settings.gate.allows_incomplete(),
        )
    };
    let none = Overrides::default;
    let from_file = seen(resolve(Some(file.clone()), none(), none()).unwrap());
    let low = FailOn::Severity(Severity::Low);
    assert_eq!(from_file, (1, 1, "f".to_owned(), Confidence::Low, low, true, true));
    let from_env = seen(resolve(Some(file.clone()), set(2), none()).unwrap());
    assert_eq!(from_env, (2, 2, "2".to_owned(), Confidence::High, FailOn::Any, false, false));
    let from_flags = seen(resolve(Some(file.clone()), set(2), set(3)).unwrap());
    assert_eq!(from_flags, (3, 3, "3".to_owned(), Confidence::Certain, FailOn::Never, true, true));

    let without = Overrides { no_baseline: true, ..none() };
    assert_eq!(resolve(Some(file.clone()), none(), without).unwrap().baseline, None);
    let unlimited = Overrides { max_file_size: Some(SizeLimit::Unlimited), ..none() };
    assert_eq!(resolve(Some(file), none(), unlimited).unwrap().max_file_size, None);
}

#[test]
fn excludes_add_up() {
    let flags = Overrides { exclude: vec![PathGlob::parse("*.lock").unwrap()], ..Overrides::default() };
    let settings =
        resolve(Some(config("[scan]\nexclude = [\"vendor/**\"]")), Overrides::default(), flags).unwrap();
    for (path, expected) in [("vendor/a", true), ("b/Cargo.lock", true), ("src/a", false)] {
        assert_eq!(settings.excluded(&RepoPath::new(path)), expected, "{path}");
    }
    assert!(settings.excluded_folder(&RepoPath::new("vendor")));
}

#[test]
fn extra_rules_must_be_there() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join(FILE_NAME);
    std::fs::create_dir(temp.path().join("extra")).unwrap();
    std::fs::write(temp.path().join("one.toml"), "").unwrap();
    std::fs::write(&path, "version = 1\n[scan]\nrules = [\"extra/\", \"one.toml\"]").unwrap();
    let settings = resolve(ConfigFile::read(&path).ok(), Overrides::default(), Overrides::default()).unwrap();
    assert_eq!(settings.rules, [temp.path().join("extra/"), temp.path().join("one.toml")]);

    std::fs::write(&path, "version = 1\n[scan]\nrules = [\"extra/\",\n \"two.toml\"]").unwrap();
    let flags = Overrides { rules: vec!["no such rules".into()], ..Overrides::default() };
    let errors = resolve(ConfigFile::read(&path).ok(), Overrides::default(), flags).unwrap_err().to_string();
    let lines: Vec<&str> = errors.lines().collect();
    assert!(lines[0].contains("keytrail.toml:4:2: scan.rules: the rules at "), "{errors}");
    assert!(lines[1].starts_with("--rules: the rules at no such rules cannot be read: "), "{errors}");
}

#[test]
fn rules_that_do_not_exist_are_told() {
    let settings = resolve(
        Some(config("[rule.acme-token]\nenabled = false\nexclude = [\"a/\"]\n[rule.acme-tokn]\n[rule.zz]")),
        Overrides::default(),
        Overrides::default(),
    )
    .unwrap();
    assert!(!settings.rule_enabled("acme-token") && settings.rule_enabled("other"));
    assert!(settings.rule_excluded("acme-token", &RepoPath::new("a/b")));
    assert!(!settings.rule_excluded("other", &RepoPath::new("a/b")));
    assert!(settings.check_rules(["acme-token", "acme-tokn", "zz"]).is_ok());
    assert_eq!(
        settings.check_rules(["acme-token", "b"]).unwrap_err().to_string(),
        "keytrail.toml:5:7: rule.acme-tokn: unknown rule id; did you mean `acme-token`? `keytrail rules list` lists \
         all ids\n\
         keytrail.toml:6:7: rule.zz: unknown rule id; `keytrail rules list` lists all ids"
    );
}

#[test]
fn the_key_comes_from_the_nearest_place() {
    let temp = tempfile::tempdir().unwrap();
    let in_file = |n: usize| {
        let path = temp.path().join(n.to_string());
        std::fs::write(&path, format!("{}\n", words(n))).unwrap();
        path
    };
    let by_env = config("[fingerprint]\nkey-env = \"TEAM_KEY\"");
    let key = |file: Option<ConfigFile>, env: Overrides, flags: Overrides| {
        let variable = |name: &str| (name == "TEAM_KEY").then(|| words(1).into());
        Settings::resolve_with(file, env, flags, &variable).unwrap().key.id().to_owned()
    };
    let none = Overrides::default;
    assert_eq!(key(Some(by_env.clone()), none(), none()), id(1));
    let by_file =
        ConfigFile::parse(&temp.path().join(FILE_NAME), "version = 1\n[fingerprint]\nkey-file = \"2\"");
    in_file(2);
    assert_eq!(key(by_file.ok(), none(), none()), id(2));
    let env = || Overrides { key: Some(secret(3)), ..none() };
    assert_eq!(key(Some(by_env.clone()), env(), none()), id(3));
    let env_file = Overrides { key_file: Some(in_file(4)), ..none() };
    assert_eq!(key(Some(by_env.clone()), env_file, none()), id(4));
    let flag = Overrides { key_file: Some(in_file(5)), ..none() };
    assert_eq!(key(Some(by_env), env(), flag), id(5));
}

#[test]
fn a_key_that_is_missing_or_short_is_an_error_that_does_not_show_it() {
    let none = Overrides::default;
    let message = |file, env, flags| resolve(file, env, flags).unwrap_err().to_string();
    let by_env = config("[fingerprint]\nkey-env = \"TEAM_KEY\"");
    assert_eq!(
        message(Some(by_env), none(), none()),
        "keytrail.toml:3:11: fingerprint.key-env: the environment variable TEAM_KEY is not set; set it to the key, or \
         take `key-env` out to use the public key"
    );
    let short = Overrides { key: Some(Secret::new(b" hush hush\n")), ..none() };
    assert_eq!(
        message(None, short, none()),
        "KEYTRAIL_KEY: the key has 9 bytes, which is too few; use at least 16 random bytes, as `openssl rand -hex 32` \
         makes them"
    );
    let missing = Overrides { key_file: Some("no such key".into()), ..none() };
    let text = message(None, none(), missing);
    assert!(text.starts_with("--key-file: the key file no such key cannot be read: "), "{text}");
    let temp = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(temp.path(), vec![b'x'; (64 << 10) + 1]).unwrap();
    let large = Overrides { key_file: Some(temp.path().to_owned()), ..none() };
    assert!(message(None, large, none()).contains("is larger than 65536 bytes"));
}

#[test]
fn the_file_is_named_or_found_or_unwanted() {
    let temp = tempfile::tempdir().unwrap();
    let found = temp.path().canonicalize().unwrap().join(FILE_NAME);
    let named = temp.path().join("other.toml");
    std::fs::write(&found, "version = 1").unwrap();
    std::fs::write(&named, "version = 1").unwrap();
    let path = |env: &Overrides, flags: &Overrides| {
        find(temp.path(), env, flags).unwrap().map(|file| file.path().to_owned())
    };
    let none = Overrides::default();
    let name = Overrides { config: Some(named.clone()), ..Overrides::default() };
    let unwanted = Overrides { no_config: true, ..Overrides::default() };
    assert_eq!(path(&none, &none), Some(found));
    assert_eq!(path(&name, &none), Some(named.clone()));
    assert_eq!(path(&none, &name), Some(named));
    assert_eq!(path(&name, &unwanted), None, "the flag goes over the environment");

    let gone = Overrides { config: Some("no such.toml".into()), ..Overrides::default() };
    let message = |env, flags| find(temp.path(), env, flags).unwrap_err().to_string();
    assert!(message(&none, &gone).starts_with("--config: there is no file no such.toml; name a file"));
    assert!(message(&gone, &none).starts_with("KEYTRAIL_CONFIG: there is no file no such.toml; "));
    let both = Overrides { config: gone.config.clone(), no_config: true, ..Overrides::default() };
    assert_eq!(message(&none, &both), "--config: --no-config is given too; keep one of the two");
}
