//! What the commands say, and what they refuse.

use crate::common::Repo;
use crate::{append, ledger, program, run, try_ledger, with_ledger};
use std::fs;

/// One event of every type that has fields of its own.
fn samples() -> Vec<String> {
    let fingerprint = |word: &str| format!("{word:0<32}").replace(|c: char| !c.is_ascii_hexdigit(), "4");
    let (one, two) = (fingerprint("0f4f4cbe"), fingerprint("9c1d9be4"));
    let hash = one.clone() + &two;
    vec![
        format!(
            r#"{{"type":"scan","scope":"history","tool":"0.1.0","settings":"{hash}","key":"public","documents":3,"bytes":9,"gaps":0,"open":1,"allowed":0,"baseline":0,"blocking":1,"verdict":"findings"}}"#
        ),
        format!(
            r#"{{"type":"finding-opened","fingerprint":"{one}","rule":"github-pat-classic","path":"a/b.py","scope":"tree"}}"#
        ),
        format!(
            r#"{{"type":"finding-closed","fingerprint":"{one}","rule":"github-pat-classic","path":"a/b.py","scope":"tree"}}"#
        ),
        format!(
            r#"{{"type":"waiver","action":"added","fingerprint":"{one}","owner":"Team A","reason":"moves next week","expires":"2026-03-01T00:00:00Z"}}"#
        ),
        format!(
            r#"{{"type":"registration","action":"changed","fingerprint":"{two}","name":"deploy token"}}"#
        ),
        format!(r#"{{"type":"rotation","old":"{one}","new":"{two}","place":"a/b.py"}}"#),
        format!(r#"{{"type":"revocation","fingerprint":"{one}","by":"Ada","evidence":"OPS-12"}}"#),
        format!(r#"{{"type":"policy-change","file":"keytrail.toml","before":"{hash}","after":"{hash}"}}"#),
        format!(r#"{{"type":"review-sign-off","reviewer":"Ada","report":"{hash}","verdict":"passed"}}"#),
    ]
}

#[test]
fn every_type_is_recorded_as_it_is_given() {
    let repo = with_ledger();
    let events = samples().join("\n");
    let ran = try_ledger(repo.path(), &["append", "--lines"], &events);
    assert_eq!((ran.code, ran.out.as_str()), (0, "1\n2\n3\n4\n5\n6\n7\n8\n9\n"), "{}", ran.err);
    let log = ledger(repo.path(), &["log", "--json"]);
    for (line, given) in log.lines().skip(1).zip(samples()) {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["event"], serde_json::from_str::<serde_json::Value>(&given).unwrap());
    }
    let people = ledger(repo.path(), &["log", "--type", "review-sign-off"]);
    assert!(people.starts_with("     9  2026-01-31T09:30:00Z  review-sign-off"), "{people}");
    assert!(people.contains("reviewer=Ada") && people.lines().count() == 1);
}

#[test]
fn the_log_is_chosen_from() {
    let repo = with_ledger();
    for day in 1..=3 {
        let mut command = program(repo.path(), &["ledger", "append", "--now", &format!("2026-02-0{day}")]);
        assert_eq!(run(&mut command, r#"{"type":"test","text":"\u001b[31m"}"#).code, 0);
    }
    let lines = |arguments: &[&str]| ledger(repo.path(), arguments).lines().count();
    assert_eq!(lines(&["log"]), 4);
    assert_eq!(lines(&["log", "--since", "2026-02-02"]), 2);
    assert_eq!(lines(&["log", "-n", "1"]), 1);
    assert_eq!(lines(&["log", "--type", "nothing"]), 0);
    assert!(!ledger(repo.path(), &["log"]).contains('\u{1b}'));
}

#[test]
fn what_is_no_event_is_refused_and_nothing_is_recorded() {
    let repo = with_ledger();
    let token = ["gh", "p_", "{{alnum 30}}{{sum github}}"].concat();
    let token = String::from_utf8(keytrail::rule::template::expand(&token, 7).unwrap()).unwrap();
    let secret = format!(r#"{{"type":"test","note":"the token is {token}"}}"#);
    for (event, said) in [
        ("", "no JSON"),
        ("[1]", "no `type`"),
        (r#"{"a":1}"#, "no `type`"),
        (r#"{"type":"a","b":1,"b":2}"#, "same name twice"),
        (r#"{"type":"a","b":12345678901234567890123}"#, ""),
        (r#"{"type":"a","b":9007199254740993}"#, "more digits"),
        (r#"{"type":"header","version":1,"origin":"a"}"#, "only made by"),
        (r#"{"type":"waiver","reason":"none"}"#, "type `waiver` has fields of its own"),
        (secret.as_str(), "holds a secret (github-"),
    ] {
        let ran = try_ledger(repo.path(), &["append"], event);
        if said.is_empty() {
            // Written as the nearest double, as the RFC says.
            assert_eq!(ran.code, 0, "{event}: {}", ran.err);
            continue;
        }
        assert_eq!(ran.code, 2, "{event}: {}", ran.err);
        assert!(ran.err.contains(said) && !ran.err.contains(&token), "{event}: {}", ran.err);
    }
    assert_eq!(ledger(repo.path(), &["log"]).lines().count(), 2);
}

#[test]
fn a_ledger_is_never_overwritten_and_must_be_there() {
    let repo = with_ledger();
    let ran = try_ledger(repo.path(), &["init", "--origin", "example.org/other"], "");
    assert_eq!((ran.code, ran.err.contains("never overwritten")), (2, true), "{}", ran.err);
    let other = Repo::init();
    for command in [&["log"][..], &["verify"], &["append"], &["prove", "0"], &["log", "--git"]] {
        let ran = try_ledger(other.path(), command, r#"{"type":"a"}"#);
        assert_eq!((ran.code, ran.err.contains("keytrail ledger init")), (2, true), "{}", ran.err);
    }
    for origin in ["", "a b", "a+b"] {
        let ran = try_ledger(other.path(), &["init", "--origin", origin], "");
        assert_eq!((ran.code, ran.err.contains("origin")), (2, true), "{}", ran.err);
    }
}

#[test]
fn a_newer_form_is_not_touched() {
    let repo = with_ledger();
    let path = repo.path().join(".keytrail/ledger.jsonl");
    let at = keytrail::moment::Moment::parse("2026-01-31").unwrap();
    let header = keytrail::ledger::Event::Header { version: 2, origin: "example.org/ledger".to_owned() };
    let mut line = keytrail::ledger::entry::encode(0, None, &header, at).unwrap();
    line.push(b'\n');
    fs::write(&path, &line).unwrap();
    let ran = try_ledger(repo.path(), &["append"], r#"{"type":"a"}"#);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("ledger.jsonl: its form has version 2"), "{}", ran.err);
    assert_eq!(fs::read(&path).unwrap(), line);
}

#[test]
fn verify_tells_what_it_found_and_what_it_could_not_find() {
    let repo = with_ledger();
    let folder = repo.path();
    let key = repo.beside("key");
    let key = key.to_str().unwrap();
    let verifier = ledger(folder, &["keygen", "--key", key]);
    let verifier = verifier.trim();
    // A key without anything signed.
    let ran = try_ledger(folder, &["verify", "--verifier", verifier], "");
    assert_eq!((ran.code, ran.out.contains("nothing is signed")), (3, true), "{}", ran.out);
    for number in 1..=4 {
        append(folder, &[], &format!(r#"{{"type":"test","number":{number}}}"#));
    }
    let held = repo.beside("held");
    fs::write(&held, ledger(folder, &["checkpoint", "--key", key])).unwrap();
    let held = held.to_str().unwrap();
    append(folder, &[], r#"{"type":"test","number":5}"#);
    let said = ledger(folder, &["verify", "--verifier", verifier, "--checkpoint", held]);
    assert!(said.contains("6 entries, each as it was written; 5 of them proved"), "{said}");
    assert!(said.contains("entries from 5 on are younger than every checkpoint"), "{said}");

    let path = folder.join(".keytrail/ledger.jsonl");
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let wrong = |text: String| {
        fs::write(&path, text).unwrap();
        let ran = try_ledger(folder, &["verify", "--checkpoint", held], "");
        let json = try_ledger(folder, &["verify", "--json", "--checkpoint", held], "");
        let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!((ran.code, json["verdict"].as_str()), (1, Some("tampered")), "{}", ran.out);
        let entry = json["fault"]["entry"].as_u64().unwrap();
        assert!(ran.out.contains(&format!("entry {entry}")), "{}", ran.out);
        entry
    };
    // Nothing is signed over what was tampered with.
    let unsigned = || assert_eq!(try_ledger(folder, &["checkpoint", "--key", key], "").code, 1);
    assert_eq!(wrong(whole.replace("\"number\":3", "\"number\":8")), 3);
    assert_eq!(wrong([&lines[..2], &lines[3..]].concat().join("\n") + "\n"), 2);
    assert_eq!(wrong(lines[..4].join("\n") + "\n"), 4);
    unsigned();
    assert_eq!(wrong(String::new()), 0);
    unsigned();
    // A ledger of the same name with other entries: nothing in it is wrong by itself.
    fs::remove_file(&path).unwrap();
    fs::rename(folder.join(".keytrail/ledger.jsonl.checkpoint"), repo.beside("kept")).unwrap();
    ledger(folder, &["init", "--origin", "example.org/ledger"]);
    for number in 0..9 {
        append(folder, &[], &format!(r#"{{"type":"forged","number":{number}}}"#));
    }
    let forged = fs::read_to_string(&path).unwrap();
    assert_eq!(ledger(folder, &["verify"]).matches("not established").count(), 1);
    assert_eq!(wrong(forged), 0);
    // A stranger's signature does not make it right, and the wrong file says so.
    let stranger = repo.beside("stranger");
    let stranger = stranger.to_str().unwrap();
    ledger(folder, &["keygen", "--key", stranger]);
    ledger(folder, &["checkpoint", "--key", stranger]);
    let ran = try_ledger(folder, &["verify", "--verifier", &format!("{key}.pub")], "");
    assert_eq!((ran.code, ran.out.contains("no key that was given signed it")), (1, true), "{}", ran.out);
    let ran = try_ledger(folder, &["verify", "--checkpoint", path.to_str().unwrap()], "");
    assert_eq!((ran.code, ran.err.contains("not a signed checkpoint")), (2, true), "{}", ran.err);
    let ran = try_ledger(folder, &["verify", "--checkpoint", "no such file"], "");
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn keys_are_kept_and_opened_with_care() {
    let repo = with_ledger();
    let key = repo.beside("key");
    let key_text = key.to_str().unwrap();
    let words = ["correct", "horse"].join(" ");
    let with = |arguments: &[&str], passphrase: &str| {
        let mut command = program(repo.path(), arguments);
        run(command.env("KEYTRAIL_LEDGER_PASSPHRASE", passphrase), "")
    };
    let ran = with(&["ledger", "keygen", "--encrypt", "--key", key_text], &words);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let content = fs::read(&key).unwrap();
    let again = with(&["ledger", "keygen", "--key", key_text], &words);
    assert_eq!((again.code, again.err.contains("not overwritten")), (2, true), "{}", again.err);
    assert_eq!(fs::read(&key).unwrap(), content);
    let wrong = with(&["ledger", "checkpoint", "--key", key_text], "battery staple");
    assert_eq!((wrong.code, wrong.err.contains("does not open")), (2, true), "{}", wrong.err);
    let right = with(&["ledger", "checkpoint", "--key", key_text], &words);
    assert_eq!(right.code, 0, "{}", right.err);
    assert!(right.out.starts_with("example.org/ledger\n1\n"), "{}", right.out);
    let none = try_ledger(repo.path(), &["checkpoint"], "");
    assert_eq!((none.code, none.err.contains("--key FILE")), (2, true), "{}", none.err);
    let public = try_ledger(repo.path(), &["checkpoint", "--key", &format!("{key_text}.pub")], "");
    assert_eq!(
        (public.code, public.err.contains("not the one that ends in .pub")),
        (2, true),
        "{}",
        public.err
    );
}

#[test]
fn proofs_name_what_they_prove() {
    let repo = with_ledger();
    for number in 1..7 {
        append(repo.path(), &[], &format!(r#"{{"type":"test","number":{number}}}"#));
    }
    let proof: serde_json::Value =
        serde_json::from_str(&ledger(repo.path(), &["prove", "3", "--size", "5"])).unwrap();
    assert_eq!((&proof["index"], &proof["tree-size"]), (&3.into(), &5.into()));
    assert_eq!(proof["hashes"].as_array().unwrap().len(), 3);
    for arguments in [
        &["prove", "7"][..],
        &["prove", "3", "--size", "3"],
        &["prove", "0", "--tlog-proof"],
        &["consistency", "0", "3"],
        &["consistency", "5", "3"],
        &["consistency", "1", "99"],
    ] {
        let ran = try_ledger(repo.path(), arguments, "");
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.err);
    }
    ledger(repo.path(), &["consistency", "3"]);
}
