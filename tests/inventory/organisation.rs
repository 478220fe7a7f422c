//! Many repositories: merging reports, and databases.

use super::*;
use std::time::Instant;

fn summary(ran: &Ran) -> String {
    ran.out.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn reports_of_many_jobs_are_joined_in_any_order() {
    let (one, two) = (leaky(1), leaky(1));
    two.write("more.py", format!("key = \"{}\"\n", token(2)));
    let home = Repo::folder();
    for (repo, name) in [(&one, "one"), (&two, "two")] {
        let file = home.path().join(format!("{name}.json"));
        expect(
            0,
            repo.path(),
            &["inventory", "--repository", name, "-f", &format!("json={}", file.display())],
        );
    }
    let joined = expect(0, home.path(), &["inventory", "merge", "one.json", "two.json", "-f", "json"]);
    let turned =
        expect(0, home.path(), &["inventory", "merge", "two.json", "one.json", "two.json", "-f", "json"]);
    assert_eq!(joined.out, turned.out);
    let report = joined.json();
    assert_eq!(report["summary"]["tokens"], 2);
    let print = fingerprint(&token(1));
    let entry = report["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .find(|entry| entry["token"]["fingerprint"] == print);
    let names: Vec<_> = entry.expect("there")["lives"]
        .as_array()
        .expect("lives")
        .iter()
        .map(|life| &life["repository"])
        .collect();
    assert_eq!(names, ["one", "two"]);
    let key = [("KEYTRAIL_KEY", "0123456789abcdef0123")];
    let other = run_with(one.path(), &["inventory", "-f", "json"], b"", &key);
    home.write("other.json", &other.out);
    let refused = expect(2, home.path(), &["inventory", "merge", "one.json", "other.json"]);
    assert!(
        refused.err.contains(
            "one.json and other.json cannot be joined: the fingerprints of one are of the key public"
        ),
        "{}",
        refused.told()
    );
    home.write("newer.json", other.out.replacen("\"version\": 1", "\"version\": 9", 1));
    let newer = expect(2, home.path(), &["inventory", "merge", "newer.json"]);
    assert!(newer.err.contains("newer.json: the inventory has version 9"), "{}", newer.told());
    home.write("bad.json", "{\"version\": 1,\n}");
    let bad = expect(2, home.path(), &["inventory", "merge", "bad.json"]);
    assert!(bad.err.contains("bad.json:2:1: not an inventory"), "{}", bad.told());
    let values = [token(1), token(2)];
    assert_unseen(&[&values[0], &values[1]], &[&joined, &refused], home.path(), &[]);
}

#[test]
fn many_repositories_meet_in_one_database() {
    let (one, two) = (leaky(1), leaky(2));
    let pass = ["pa", "ssw0rd"].concat();
    one.git(&["remote", "add", "origin", &format!("https://ada:{pass}@git.example/shop/one.git")]);
    let home = Repo::folder();
    let db = home.path().join("tokens.db").display().to_string();
    let missing = expect(2, home.path(), &["inventory", "--db", &db]);
    assert!(missing.err.contains("does not exist"), "{}", missing.told());
    let first = expect(0, one.path(), &["inventory", "--db", &db, "."]);
    assert!(first.err.contains("recorded 1 token of https://git.example/shop/one"), "{}", first.told());
    expect(0, two.path(), &["inventory", "--db", &db, "--repository", "two"]);
    let both = expect(0, home.path(), &["inventory", "--db", &db]);
    assert_eq!(summary(&both), "2 tokens: 2 exposed; 0 registered");
    // The registry of one team against all repositories.
    home.write("keytrail.tokens.toml", "version = 1\nkey = \"public\"\n");
    let check = expect(1, home.path(), &["registry", "check", "--db", &db]);
    assert!(
        check.out.contains("found at two config.py:1") && check.out.contains("2 problems"),
        "{}",
        check.told()
    );
    // What is gone from a repository is gone from its rows, and history keeps it.
    std::fs::remove_file(one.path().join("config.py")).expect("there");
    one.commit("Out");
    expect(0, one.path(), &["inventory", "--db", &db, "--history"]);
    let later = expect(0, home.path(), &["inventory", "--db", &db]);
    assert_eq!(summary(&later), "2 tokens: 1 exposed, 1 lingering; 0 registered");
    let lived = expect(0, home.path(), &["inventory", "--db", &db, "-f", "json"]);
    assert!(lived.out.contains("\"email\": \"author@example.com\""), "history tells who brought it in");
    expect(0, one.path(), &["inventory", "--db", &db, "."]);
    let after = expect(0, home.path(), &["inventory", "--db", &db, "-f", "json"]);
    assert_eq!(after.json()["summary"]["tokens"], 1);
    assert!(after.out.contains("\"two\""), "{}", after.out);
    let key = [("KEYTRAIL_KEY", "0123456789abcdef0123")];
    let other = run_with(one.path(), &["inventory", "--db", &db, "."], b"", &key);
    assert!(other.code == 2 && other.err.contains("is for the fingerprint key public"), "{}", other.told());
    home.write("text", "no database, however long one looks at it; it is only text");
    let foreign = expect(2, home.path(), &["inventory", "--db", "text"]);
    assert!(foreign.err.contains("text is no inventory of keytrail"), "{}", foreign.told());
    let values = [token(1), token(2)];
    assert_unseen(
        &[&values[0], &values[1], &pass],
        &[&first, &both, &later, &after, &other],
        home.path(),
        &[],
    );
}

#[test]
fn ten_thousand_entries_are_listed_in_no_time() {
    let home = Repo::folder();
    let headline = "id,name,owner,scopes,issued,expires\n".to_owned();
    let row = |id: usize| format!("{id},token {id},team {},read write,2026-01-01,2027-01-01\n", id % 50);
    let table: String = std::iter::once(headline).chain((0..10_000).map(row)).collect();
    home.write("own.csv", table);
    expect(0, home.path(), &["inventory", "--no-scan", "--from-csv", "own.csv", "--db", "tokens.db"]);
    let started = Instant::now();
    let listed = expect(0, home.path(), &["inventory", "--db", "tokens.db"]);
    let elapsed = started.elapsed();
    assert_eq!(summary(&listed), "10000 tokens: 10000 stored; 0 registered");
    // Ten times what it takes, for a program that is not optimised on a machine that is busy.
    assert!(elapsed.as_secs() < 10, "{elapsed:?}");
}
