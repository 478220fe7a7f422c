//! `keytrail register` and `keytrail registry`.

use super::*;

const FILE: &str = "keytrail.tokens.toml";

fn register(folder: &Path, token: &str, arguments: &[&str]) -> Ran {
    let mut all = vec!["register"];
    all.extend(arguments);
    run_with(folder, &all, format!("{token}\n").as_bytes(), &[])
}

#[test]
fn a_token_is_registered_from_standard_input_and_never_kept() {
    let repo = Repo::init();
    let (one, two) = (token(1), token(2));
    let added = register(
        repo.path(),
        &one,
        &[
            "--name",
            "deploy bot",
            "--owner",
            "platform",
            "--purpose",
            "deploys",
            "--issued-by",
            "ada",
            "--stored",
            "vault: a",
            "--rotate-by",
            "2026-09-01",
            "--evidence",
            "https://tickets.example/1",
        ],
    );
    assert_eq!(added.code, 0, "{}", added.told());
    assert!(
        added.out.contains("rule = \"github-pat-classic\"") && added.out.contains(&fingerprint(&one)),
        "{}",
        added.told()
    );
    assert!(added.err.contains("the owner \"platform\" is not in the [owners] table"), "{}", added.told());
    let text = std::fs::read_to_string(repo.path().join(FILE)).expect("it was made");
    assert!(text.starts_with("# The tokens that this team answers for"), "{text}");
    let again = register(repo.path(), &one, &["--name", "twice"]);
    assert_eq!(again.code, 2);
    assert!(
        again.err.contains("is registered already, as \"deploy bot\"; --update changes it"),
        "{}",
        again.told()
    );
    let nameless = register(repo.path(), &two, &[]);
    assert!(nameless.code == 2 && nameless.err.contains("--name is missing"), "{}", nameless.told());

    // Comments and layout stay through every change.
    let commented = text.replace("[owners]", "[owners] # ours").replace("purpose = ", "# why\npurpose = ")
        + "\n# the end\n";
    repo.write(FILE, &commented);
    let updated = register(repo.path(), &one, &["--update", "--purpose", "deploys the shop"]);
    let heir = register(repo.path(), &two, &["--name", "heir", "--replaces", &fingerprint(&one)]);
    assert_eq!((updated.code, heir.code), (0, 0), "{}{}", updated.told(), heir.told());
    let after = std::fs::read_to_string(repo.path().join(FILE)).expect("there");
    for line in commented.lines().filter(|line| !line.starts_with("purpose") && !line.starts_with("status")) {
        assert!(after.contains(line), "{line} is gone from\n{after}");
    }
    assert!(after.contains("status = \"rotated\"") && after.contains("deploys the shop"), "{after}");
    let revoked = run(
        repo.path(),
        &["register", "--fingerprint", &fingerprint(&one), "--revoke", "--revoked-how", "by hand"],
    );
    assert_eq!(revoked.code, 0, "{}", revoked.told());
    assert!(
        revoked.out.contains("revoked = { when = 2026-06-01T12:00:00Z, how = \"by hand\" }"),
        "{}",
        revoked.told()
    );
    let third = fingerprint(&token(3));
    let rotated = run(
        repo.path(),
        &["register", "--fingerprint", &fingerprint(&two), "--rotate-to", &third, "--name", "third"],
    );
    assert_eq!(rotated.code, 0, "{}", rotated.told());

    let list = expect(0, repo.path(), &["registry", "list"]);
    assert!(list.out.contains("3 registered tokens") && list.out.contains("heir"), "{}", list.out);
    let json = expect(0, repo.path(), &["registry", "list", "-f", "json"]).json();
    let statuses: Vec<_> =
        json["tokens"].as_array().expect("tokens").iter().map(|token| &token["status"]).collect();
    assert_eq!(statuses, ["revoked", "rotated", "active"]);
    assert_eq!(json["tokens"][2]["replaces"], fingerprint(&two));
    let shown = expect(0, repo.path(), &["registry", "show", &third[..8]]);
    assert!(shown.out.contains("name = \"third\""), "{}", shown.out);
    expect(2, repo.path(), &["registry", "show", "nobody"]);
    assert_unseen(
        &[&one, &two],
        &[&added, &again, &nameless, &updated, &heir, &revoked, &rotated, &list, &shown],
        repo.path(),
        &[],
    );
}

#[test]
fn what_is_no_token_is_refused_without_being_shown() {
    let repo = Repo::init();
    let one = token(1);
    let empty = register(repo.path(), "", &["--name", "a"]);
    assert!(empty.code == 2 && empty.err.contains("standard input holds no token"), "{}", empty.told());
    let pasted = run(repo.path(), &["register", "--fingerprint", &one, "--name", "a"]);
    assert!(pasted.code == 2 && pasted.err.contains("--fingerprint: not a fingerprint"), "{}", pasted.told());
    let replaces = register(repo.path(), &token(2), &["--name", "a", "--replaces", &one]);
    assert!(
        replaces.code == 2 && replaces.err.contains("--replaces: not a fingerprint"),
        "{}",
        replaces.told()
    );
    let two = register(repo.path(), &format!("{one} {}", token(2)), &["--name", "a"]);
    assert!(two.code == 2 && two.err.contains("2 tokens stand on standard input"), "{}", two.told());
    assert!(!repo.path().join(FILE).exists());
    // What surrounds a token is left out, since scans find the token alone.
    let around = register(repo.path(), &format!("TOKEN={one}"), &["--name", "a"]);
    assert!(around.code == 0 && around.out.contains(&fingerprint(&one)), "{}", around.told());
    let plain = register(repo.path(), "correct horse", &["--name", "b"]);
    assert!(plain.code == 0 && plain.err.contains("no rule knows the form"), "{}", plain.told());
    let unknown = expect(2, repo.path(), &["register", "--fingerprint", &fingerprint("nobody"), "--update"]);
    assert!(unknown.err.contains("is not registered"), "{}", unknown.told());
    repo.write(FILE, format!("version = 1\nkey = \"public\"\n[[token]]\nfingerprint = \"{one}\"\n"));
    let bad = expect(2, repo.path(), &["registry", "list"]);
    assert!(
        bad.err.contains("keytrail.tokens.toml:4:15: token.fingerprint: not a fingerprint"),
        "{}",
        bad.told()
    );
    assert_unseen(
        &[&one, "correct horse"],
        &[&empty, &pasted, &replaces, &two, &around, &plain, &bad],
        repo.path(),
        &[FILE],
    );
}

#[test]
fn the_check_holds_the_registry_against_what_is_found() {
    let repo = leaky(1);
    repo.write("other.py", format!("key = \"{}\"\n", token(2)));
    repo.write(
        "example.py",
        // Put together here, so that a scan of this file sees no marker.
        format!("key = \"{}\" # {}:allow github-pat-classic -- an example\n", token(3), "keytrail"),
    );
    repo.commit("More");
    let print = fingerprint(&token(1));
    register(
        repo.path(),
        &token(1),
        &["--name", "bot", "--owner", "ada", "--purpose", "deploys", "--rotate-by", "2026-05-30"],
    );
    let text = std::fs::read_to_string(repo.path().join(FILE)).expect("there");
    repo.write(FILE, text.replace("[owners]\n", "[owners]\nada = \"Ada\"\n"));

    let check = expect(1, repo.path(), &["registry", "check"]);
    let line = std::fs::read_to_string(repo.path().join(FILE))
        .expect("there")
        .lines()
        .position(|line| line == "[[token]]")
        .expect("there")
        + 1;
    for expected in [
        format!(
            "{FILE}:{line}: bot ({print}): it was to be rotated by 2026-05-30, 2 days ago [rotation-overdue]"
        ),
        format!(
            "{FILE}:{line}: bot ({print}): it is in the repository; a registered token must never be in a repository [in-code]"
        ),
        "  found at config.py:1".to_owned(),
        "  found at other.py:1".to_owned(),
        "1 registered token, 3 problems".to_owned(),
    ] {
        assert!(check.out.contains(&expected), "{expected} is not in\n{}", check.told());
    }
    assert!(!check.out.contains("example.py"), "{}", check.out);
    let json = expect(1, repo.path(), &["registry", "check", "-f", "json"]).json();
    assert_eq!(json["by_sort"], serde_json::json!({"in-code": 1, "rotation-overdue": 1, "unregistered": 1}));
    let github = expect(1, repo.path(), &["registry", "check", "-f", "github"]);
    assert!(
        github.out.contains(&format!("::error file={FILE},line={line},title=rotation-overdue%3A bot::")),
        "{}",
        github.out
    );
    assert!(github.out.contains("::error file=config.py,line=1,title=in-code%3A bot::"), "{}", github.out);
    let early =
        run_with(repo.path(), &["registry", "check", "--no-scan"], b"", &[("KEYTRAIL_NOW", "2026-05-01")]);
    assert_eq!(early.code, 0, "{}", early.told());

    // A report says the same as a scan.
    run(repo.path(), &["scan", "-f", "json=report.json"]);
    let from_report = expect(1, repo.path(), &["registry", "check", "--report", "report.json"]);
    assert_eq!(from_report.out, check.out);
    let key = [("KEYTRAIL_KEY", "0123456789abcdef0123")];
    let other = run_with(repo.path(), &["registry", "check", "--report", "report.json"], b"", &key);
    assert!(other.code == 2 && other.err.contains("is for the fingerprint key public"), "{}", other.told());

    // Taken out and revoked: history alone still has them.
    std::fs::remove_file(repo.path().join("other.py")).expect("there");
    std::fs::remove_file(repo.path().join("config.py")).expect("there");
    run(repo.path(), &["register", "--fingerprint", &print, "--revoke"]);
    repo.commit("Out");
    let clean = expect(0, repo.path(), &["registry", "check"]);
    let past = expect(1, repo.path(), &["registry", "check", "--history"]);
    assert!(past.out.contains("[unregistered]") && !past.out.contains("[in-code]"), "{}", past.out);
    assert!(past.out.contains("found at other.py:1 in commit "), "{}", past.out);
    let values = [token(1), token(2)];
    assert_unseen(
        &[&values[0], &values[1]],
        &[&check, &github, &early, &from_report, &clean, &past],
        repo.path(),
        &[],
    );
}

#[test]
fn the_schema_for_editors_knows_every_key() {
    let text = std::fs::read_to_string("docs/keytrail-tokens.schema.json").expect("it is there");
    let schema: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let top = &schema["properties"];
    let token = &top["token"]["items"]["properties"];
    for section in keytrail::trail::registry::SECTIONS {
        let properties = match section.name {
            "" => top,
            "owners.*" => &top["owners"]["additionalProperties"]["oneOf"][1]["properties"],
            "token" => token,
            "token.issued" => &token["issued"]["properties"],
            "token.revoked" => &token["revoked"]["properties"],
            other => panic!("the schema does not know [{other}]"),
        };
        let known: std::collections::BTreeSet<&str> =
            properties.as_object().expect("keys").keys().map(String::as_str).collect();
        assert_eq!(known, section.keys.iter().copied().collect(), "[{}]", section.name);
    }
    let kinds: Vec<&str> = keytrail::kind::Kind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(token["kind"]["enum"], serde_json::json!(kinds));
}
