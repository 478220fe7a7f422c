//! Single lives, and how they are told.

use crate::common::{Repo, sarif_problems};
use crate::{life, run, token, trail};
use serde_json::Value;

const DAY: i64 = 86_400;
/// 2024-01-01.
const START: i64 = 1_704_067_200;

/// Commits everything, so many days after the start of 2024.
fn commit(repo: &Repo, day: i64, message: &str) -> String {
    repo.add();
    repo.commit_at(message, START + day * DAY)
}

/// A token that is copied, moved and rotated, and one that comes with a pull request and goes.
fn lively() -> (Repo, [String; 3]) {
    let tokens = [token(1), token(2), token(3)];
    let repo = Repo::init();
    repo.write("README", "hello\n");
    commit(&repo, 0, "Start");
    repo.write("src/.env", format!("GITHUB_TOKEN={}\n", tokens[0]));
    commit(&repo, 31, "Add a token (#7)");
    repo.git(&["mv", "src/.env", "config.env"]);
    commit(&repo, 60, "Move it");
    repo.write("copy.env", format!("GITHUB_TOKEN={}\n", tokens[0]));
    commit(&repo, 64, "Copy it");
    repo.git(&["tag", "v1"]);
    repo.git(&["checkout", "-q", "-b", "feature"]);
    repo.write("feature.py", format!("other_token = \"{}\"\n", tokens[2]));
    commit(&repo, 69, "Add a feature");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("config.env", format!("GITHUB_TOKEN={}\n", tokens[1]));
    repo.git(&["rm", "-q", "copy.env"]);
    commit(&repo, 91, "Rotate it");
    repo.git(&["merge", "-q", "--no-ff", "--no-commit", "feature"]);
    repo.commit_at("Merge pull request #12 from a/feature", START + 92 * DAY);
    repo.git(&["rm", "-q", "feature.py"]);
    commit(&repo, 121, "Remove the feature");
    (repo, tokens)
}

#[test]
fn a_life_is_told_as_a_timeline() {
    let (repo, tokens) = lively();
    let (out, err, code) = run(&repo, &["trail", "--now", "2024-06-01", "--no-cache"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for token in &tokens {
        assert!(!out.contains(token.as_str()));
    }
    insta::with_settings!({ filters => vec![(r"\b[0-9a-f]{12}\b", "[commit]"), (r"\b[0-9a-f]{32}\b", "[fingerprint]")] }, {
        insta::assert_snapshot!(out);
    });
}

#[test]
fn every_ref_is_told_with_the_commit_that_took_it_out_there() {
    let (repo, _) = lively();
    let (out, _, _) = run(&repo, &["trail", "--refs", "--state", "rotated", "--now", "2024-06-01"]);
    let left = repo.git(&["log", "-1", "--format=%h", "--abbrev=12", "--grep=Rotate it", "main"]);
    let of_main = format!("    refs/heads/main: left on 2024-04-01 with {left} by A U Thor\n");
    for line in [of_main.as_str(), "    refs/heads/feature: has it\n", "    refs/tags/v1: has it\n"] {
        assert!(out.contains(line), "{line}: {out}");
    }
}

#[test]
fn states_follow_from_the_life() {
    let (repo, tokens) = lively();
    let told = trail(&repo, &["--now", "2024-06-01"]);
    let state = |at: usize| life(&told, &tokens[at])["state"].as_str().expect("a state");
    assert_eq!([state(0), state(1), state(2)], ["rotated", "exposed", "lingering"]);
    assert_eq!(told["summary"]["by_state"]["rotated"], 1);
    let rotated = life(&told, &tokens[0]);
    assert_eq!(rotated["introduced"]["pull_request"], 7);
    assert_eq!(rotated["replaced_by"][0]["name"], "GITHUB_TOKEN");
    assert_eq!(rotated["replaced_by"][0]["path"], "config.env");
    assert_eq!(life(&told, &tokens[1])["replaces"][0], rotated["token"]["fingerprint"]);
    assert_eq!(life(&told, &tokens[2])["introduced"]["pull_request"], 12);
    assert_eq!(rotated["days_exposed"], 121);
}

#[test]
fn one_token_or_one_state_can_be_asked_for() {
    let (repo, tokens) = lively();
    let count = |arguments: &[&str]| trail(&repo, arguments)["lives"].as_array().expect("a list").len();
    assert_eq!(count(&[]), 3);
    assert_eq!(count(&["--state", "exposed"]), 1);
    assert_eq!(count(&["--state", "exposed", "--state", "rotated"]), 2);
    let told = trail(&repo, &[]);
    let fingerprint = life(&told, &tokens[2])["token"]["fingerprint"].as_str().expect("text");
    assert_eq!(count(&["--token", &fingerprint[..8]]), 1);
    let (_, err, code) = run(&repo, &["trail", "--state", "gone"]);
    assert!(code == 2 && err.contains("allowed: exposed"), "{err}");
}

#[test]
fn going_back_to_an_older_token_is_no_rotation() {
    let repo = Repo::init();
    let (old, new) = (token(11), token(12));
    for (day, token) in [(0, &old), (1, &new), (2, &old)] {
        repo.write("a.env", format!("T_TOKEN={token}\n"));
        commit(&repo, day, "Set");
    }
    let told = trail(&repo, &["--now", "2024-02-01"]);
    assert_eq!(life(&told, &new)["state"], "lingering");
    assert_eq!(life(&told, &new)["replaced_by"], Value::Array(Vec::new()));
    let old = life(&told, &old);
    assert_eq!((&old["state"], old["stays"].as_array().map(Vec::len)), (&Value::from("exposed"), Some(2)));
}

#[test]
fn a_rotation_need_not_come_with_the_removal() {
    let repo = Repo::init();
    let (old, new) = (token(13), token(14));
    for (day, line) in [(0, format!("T_TOKEN={old}\n")), (1, String::new()), (9, format!("T_TOKEN={new}\n"))]
    {
        repo.write("a.env", line);
        commit(&repo, day, "Set");
    }
    let told = trail(&repo, &["--now", "2024-02-01"]);
    let life = life(&told, &old);
    assert_eq!((&life["state"], &life["replaced_by"][0]["name"]), (&"rotated".into(), &"T_TOKEN".into()));
    assert_eq!(life["replaced_by"][0]["commit"]["committed"], "2024-01-10T00:00:00Z");
}

#[test]
fn messages_tags_and_what_nothing_reaches() {
    let repo = Repo::init();
    let [in_message, in_tag, staged, dropped] = [21, 22, 23, 24].map(token);
    repo.write("README", "hello\n");
    commit(&repo, 0, &format!("Use {in_message}"));
    repo.git(&["tag", "-a", "v1", "-m", &format!("with {in_tag}")]);
    repo.write("gone.env", format!("T_TOKEN={dropped}\n"));
    commit(&repo, 1, "A commit that is dropped");
    repo.git(&["reset", "-q", "--hard", "HEAD~1"]);
    repo.write("staged.env", format!("T_TOKEN={staged}\n"));
    repo.add();
    let told = trail(&repo, &["--now", "2024-02-01"]);
    let names = |token: &str| -> Vec<String> {
        let refs = life(&told, token)["refs"].as_array().expect("a list").clone();
        refs.iter().filter_map(|reach| reach["name"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(names(&in_message), ["HEAD", "refs/heads/main", "refs/tags/v1"]);
    assert_eq!(life(&told, &in_message)["stays"][0]["sort"], "commit-message");
    assert_eq!(names(&in_tag), ["refs/tags/v1"]);
    assert_eq!(life(&told, &in_tag)["stays"][0]["sort"], "tag-message");
    assert_eq!(names(&dropped), [""; 0]);
    assert_eq!(life(&told, &dropped)["introduced"]["path"], "gone.env");
    assert_eq!(life(&told, &staged)["stays"][0]["sort"], "blob");
    assert_eq!(life(&told, &staged)["introduced"], Value::Null);
    let (out, _, code) = run(&repo, &["trail", "--now", "2024-02-01"]);
    assert_eq!(code, 0);
    for words in ["the commit's message", "in the message of a tag", "no ref reaches it", "staged.env:1"] {
        assert!(out.contains(words), "{words}: {out}");
    }
}

#[test]
fn signatures_are_told_and_never_checked() {
    let repo = Repo::init();
    let key = repo.beside("key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    if !made.is_ok_and(|status| status.success()) {
        eprintln!("skipped: no ssh-keygen here");
        return;
    }
    let key = key.to_str().expect("UTF-8").to_owned();
    for (name, value) in
        [("gpg.format", "ssh"), ("user.signingkey", key.as_str()), ("commit.gpgsign", "true")]
    {
        repo.git(&["config", name, value]);
    }
    repo.write("a.env", format!("T_TOKEN={}\n", token(31)));
    commit(&repo, 0, "Signed");
    let told = trail(&repo, &[]);
    assert_eq!(life(&told, &token(31))["introduced"]["commit"]["signature"], "ssh");
    assert_eq!(life(&told, &token(31))["introduced"]["commit"]["committer"]["name"], "A U Thor");
}

#[test]
fn a_shallow_clone_says_that_it_does_not_know_the_beginning() {
    let repo = Repo::init();
    repo.write("a.env", format!("T_TOKEN={}\n", token(41)));
    commit(&repo, 0, "First");
    repo.write("b", "b");
    commit(&repo, 1, "Second");
    let clone = Repo::clone_of(&repo, &["--depth", "1"]);
    let (out, _, code) = run(&clone, &["trail", "-f", "json"]);
    assert_eq!(code, 3);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(life(&told, &token(41))["introduced"]["is_cut"], true);
    assert_eq!(run(&clone, &["trail", "--allow-incomplete"]).2, 0);
}

#[test]
fn sarif_has_the_timeline_as_a_code_flow_and_fits_the_schema() {
    let (repo, tokens) = lively();
    let (out, _, code) = run(&repo, &["trail", "-f", "sarif", "--now", "2024-06-01"]);
    assert_eq!(code, 0);
    let log: Value = serde_json::from_str(&out).expect("SARIF is JSON");
    assert_eq!(sarif_problems()(&log), [""; 0]);
    let results = log["runs"][0]["results"].as_array().expect("results");
    let flow = |state: &str| {
        let result = results.iter().find(|result| result["properties"]["state"] == state).expect(state);
        let steps = &result["codeFlows"][0]["threadFlows"][0]["locations"];
        let texts = steps.as_array().expect("steps").iter();
        texts
            .map(|step| step["location"]["message"]["text"].as_str().expect("text").to_owned())
            .collect::<Vec<_>>()
    };
    let rotated = flow("rotated");
    assert!(rotated[0].starts_with("introduced, commit ") && rotated[1].starts_with("moved from src/.env, "));
    assert!(rotated.iter().any(|step| step.starts_with("rotated by the token ")), "{rotated:?}");
    assert!(tokens.iter().all(|token| !out.contains(token.as_str())));
}

#[test]
fn what_a_trail_cannot_be_told_as_is_said_at_once() {
    let repo = Repo::init();
    let (_, err, code) = run(&repo, &["trail", "-f", "junit"]);
    assert!(code == 2 && err.contains("use terminal, json, jsonl or sarif"), "{err}");
    let (_, err, code) = run(&Repo::folder(), &["trail"]);
    assert!(code == 2 && err.contains("repository"), "{err}");
}

#[test]
fn json_fits_its_schema() {
    let (repo, _) = lively();
    repo.commit_at(&format!("Use {}", token(3)), START + 130 * DAY);
    repo.write("staged.env", format!("T_TOKEN={}\n", token(5)));
    repo.add();
    let schema = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/trail.schema.json"));
    let schema: Value = serde_json::from_slice(&schema.expect("it is there")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let told = trail(&repo, &[]);
    let errors: Vec<String> = validator.iter_errors(&told).map(|error| error.to_string()).collect();
    assert_eq!(errors, [""; 0]);
    let (lines, _, _) = run(&repo, &["trail", "-f", "jsonl"]);
    let sorts: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON")["type"].clone())
        .collect();
    assert_eq!(sorts, ["life", "life", "life", "life", "summary"]);
}

#[test]
fn folders_that_hold_each_other_many_times_are_told_and_end() {
    let repo = Repo::init();
    repo.write("a.env", format!("T_TOKEN={}\n", token(51)));
    repo.add();
    let mut folder = repo.git(&["write-tree"]);
    // Ten folders of the same ten folders, and so on: ten thousand million paths.
    for _ in 0..10 {
        let list: Vec<String> = (0..10).map(|n| format!("040000 tree {folder}\tf{n}\n")).collect();
        folder = repo.git_with_input(&["mktree"], list.concat().as_bytes());
    }
    let commit = repo.git(&["commit-tree", &folder, "-m", "A bomb"]);
    repo.git(&["update-ref", "refs/heads/main", &commit]);
    let (out, _, code) = run(&repo, &["trail", "-f", "json", "--no-cache"]);
    assert_eq!(code, 3);
    let told: Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(told["coverage"]["left_out"][0]["gap"], "bomb");
    assert_eq!(life(&told, &token(51))["introduced"]["commit"]["id"], commit.as_str());
}
