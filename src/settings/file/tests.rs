use super::*;

fn parse(text: &str) -> Result<ConfigFile, ConfigErrors> {
    ConfigFile::parse(Path::new("conf/keytrail.toml"), text)
}

/// The one error of a file of version 1.
fn error(text: &str) -> String {
    parse(&format!("version = 1\n{text}")).unwrap_err().to_string()
}

#[test]
fn a_full_file_is_read() {
    let file = parse(
        r#"
        version = 1
        rule.acme-token = { enabled = false, severity = "low", confidence = "high", exclude = ["tests/**"] }
        [scan]
        exclude = ["vendor/**", "*.lock"]
        max-file-size = "50MB"
        nested = true
        threads = 0x10
        peer-markers = true
        rules = ["extra/", "one.toml"]
        baseline = ".keytrail-baseline.json"
        [report]
        confidence = "low"
        [gate]
        fail-on = "critical"
        allow-incomplete = true
        [fingerprint]
        key-file = "/etc/key"
        "#,
    )
    .unwrap();
    assert_eq!(file.exclude.len(), 2);
    assert_eq!(file.max_file_size.and_then(SizeLimit::bytes), Some(50_000_000));
    assert_eq!((file.nested, file.threads, file.peer_markers), (Some(true), Some(16), Some(true)));
    let rules: Vec<_> = file.rules.iter().map(|rule| rule.value.clone()).collect();
    assert_eq!(rules, [Path::new("conf/extra/"), Path::new("conf/one.toml")]);
    assert_eq!(file.baseline.as_deref(), Some(Path::new("conf/.keytrail-baseline.json")));
    assert_eq!(file.confidence, Some(Confidence::Low));
    assert_eq!(file.fail_on, Some(FailOn::Severity(Severity::Critical)));
    assert_eq!(file.allow_incomplete, Some(true));
    assert_eq!(file.key_file.map(|key| key.value).as_deref(), Some(Path::new("/etc/key")));
    let rule = &file.rule["acme-token"];
    assert_eq!((rule.enabled, rule.severity), (Some(false), Some(Severity::Low)));
    assert_eq!(rule.confidence, Some(Confidence::High));
    assert!(rule.exclude.matches(&crate::origin::RepoPath::new("tests/a")));
    assert!(matches!(rule.place, Place::File { line: 3, column: 14, .. }), "{}", rule.place);
}

#[test]
fn the_version_comes_first() {
    let right = "write `version = 1` at the top of the file";
    assert_eq!(
        parse("").unwrap_err().to_string(),
        format!("conf/keytrail.toml:1:1: version: missing; {right}")
    );
    for text in ["version = 2\nnew = 1", "\nversion = \"1\"", "version = 99999999999999999999"] {
        let message = parse(text).unwrap_err().to_string();
        assert!(message.contains("version: not a version that this keytrail reads; write"), "{message}");
        assert_eq!(message.lines().count(), 1, "nothing else is judged: {message}");
    }
    assert!(parse("\u{feff}version = 1\n").is_ok(), "a byte order mark does no harm");
}

#[test]
fn an_unknown_key_is_answered_with_the_nearest_or_with_its_home() {
    assert_eq!(
        error("[scan]\nexlude = []"),
        "conf/keytrail.toml:3:1: scan.exlude: unknown key; did you mean `exclude`? allowed here: exclude, \
         max-file-size, max-archive-depth, nested, threads, peer-markers, decode, rules, baseline"
    );
    assert!(error("[scna]").starts_with("conf/keytrail.toml:2:2: scna: unknown key; did you mean `scan`?"));
    assert!(error("[gate]\nfail_on = 1").contains("did you mean `fail-on`?"));
    assert!(error("[gate]\nbaseline = 1").contains("`baseline` belongs in [scan]; allowed here: fail-on,"));
    assert!(error("enabled = true").contains("`enabled` belongs in [rule.ID]"));
    assert!(error("[scan]\n\"a b\" = 1").contains("scan.\"a b\": unknown key; allowed here: exclude"));
    assert!(
        error("[rule.x]\nseverty = \"low\"")
            .contains("rule.x.severty: unknown key; did you mean `severity`?")
    );
    let inline = error("[fingerprint]\nsecret-key = \"hushhush\"");
    assert!(
        inline.contains("a key has no place in a committed file") && !inline.contains("hush"),
        "{inline}"
    );
}

#[test]
fn a_wrong_type_is_told_with_the_right_one() {
    for (text, expected) in [
        ("[scan]\nnested = \"yes\"", "3:10: scan.nested: a string does not fit here; write true or false"),
        ("[scan]\nexclude = \"x\"", "3:11: scan.exclude: a string does not fit here; write a list of texts"),
        ("[scan]\nexclude = [\"x\", 1]", "3:17: scan.exclude: an integer does not fit here; write text"),
        ("[scan]\nthreads = \"4\"", "3:11: scan.threads: a string does not fit here; write a whole number"),
        ("[scan]\nmax-file-size = 1.5", "3:17: scan.max-file-size: a float does not fit here; write a whole"),
        ("[report]\nconfidence = 2", "3:14: report.confidence: an integer does not fit here; write text"),
        ("scan = 1", "2:8: scan: an integer does not fit here; write a table, such as [scan]"),
        (
            "[rule]\nenabled = true",
            "3:11: rule.enabled: a boolean does not fit here; write a table, such as [rule.",
        ),
        ("[[gate]]\nfail-on = \"any\"", "gate: an array does not fit here; write a table"),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn a_wrong_value_is_told_with_the_right_ones() {
    for (text, expected) in [
        (
            "[gate]\nfail-on = \"hihg\"",
            "3:11: gate.fail-on: \"hihg\" is not allowed; did you mean \"high\"? allowed: any, low, medium, high, \
             critical, never",
        ),
        (
            "[scan]\nexclude = [\"ok\", \"a[\"]",
            "3:18: scan.exclude: \"a[\" is no glob: unclosed character class",
        ),
        (
            "[scan]\nmax-file-size = \"5 parsecs\"",
            "scan.max-file-size: \"5 parsecs\" is no size; write a whole",
        ),
        ("[scan]\nmax-file-size = -1", "scan.max-file-size: \"-1\" is no size"),
        (
            "[scan]\nthreads = 5000",
            "scan.threads: \"5000\" is no number of threads; write a whole number from 0",
        ),
        ("[scan]\nrules = [\"\"]", "3:10: scan.rules: an empty path names nothing"),
        (
            "[rule.a]\nconfidence = \"certain\"",
            "rule.a.confidence: a rule cannot claim `certain`; only a check",
        ),
        ("[rule.a]\nexclude = [\"!x\"]", "rule.a.exclude: a glob cannot take back"),
        (
            "[fingerprint]\nkey-env = \"A\"\nkey-file = \"b\"",
            "fingerprint.key-file: there is a `key-env` too",
        ),
    ] {
        let message = error(text);
        assert!(message.contains(expected), "{message}");
    }
    let message = error("[fingerprint]\nkey-env = \"hush-hush-0123\"");
    assert!(
        message.contains("not the name of an environment variable") && !message.contains("hush"),
        "{message}"
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_place() {
    let message = error("[scan]\nnested = tru");
    assert!(message.starts_with("conf/keytrail.toml:3:10: not TOML: "), "{message}");
    assert_eq!(message.lines().count(), 1);
    let message = error("[scan]\nnested = true\nnested = true");
    assert!(message.starts_with("conf/keytrail.toml:4:1: not TOML: duplicate key"), "{message}");
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join(FILE_NAME);
    std::fs::write(&path, b"version = 1\n# \xff\n").unwrap();
    let message = ConfigFile::read(&path).unwrap_err().to_string();
    assert!(message.ends_with(":2:3: not UTF-8; save the file as UTF-8, as TOML asks for"), "{message}");
    let message = ConfigFile::read(temp.path()).unwrap_err().to_string();
    assert!(message.contains("cannot be read"), "{message}");
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let message = error("[scan]\nthreads = -1\n[gate]\nfail-on = 3\nfoo = 1\n[report]\nconfidence = \"x\"");
    let places: Vec<&str> = message.lines().filter_map(|line| line.split(": ").nth(1)).collect();
    assert_eq!(places, ["scan.threads", "gate.fail-on", "gate.foo", "report.confidence"], "{message}");
}

#[test]
fn no_text_makes_it_panic() {
    let full = "version = 1\n[scan]\nexclude = [\"a\u{fc}\"]\nmax-file-size = \"5MB\"\n[rule.\"x y\"]\nenabled = true\n";
    for end in (0..full.len()).filter(|&at| full.is_char_boundary(at)) {
        let _ = parse(&full[..end]);
        let _ = parse(&format!("{}\u{0}{}", &full[..end], &full[end..]));
    }
}
