//! A writer that is killed, a write that is cut short, a disk that is full.

use crate::common::Repo;
use crate::{Ran, append, ledger, prepare, program, run, try_ledger, with_ledger};
use keytrail::ledger::verify::{Held, Verdict, lines};
use keytrail::ledger::{Event, Ledger, Place};
use keytrail::moment::Moment;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn event(text: &str) -> Event {
    serde_json::from_str(text).unwrap()
}

fn now() -> Moment {
    Moment::parse("2026-01-31").unwrap()
}

/// An event whose text has about so many bytes.
fn sized(number: u64, bytes: usize) -> String {
    format!(r#"{{"type":"test","number":{number},"text":"{}"}}"#, "word ".repeat(bytes / 5))
}

/// Wherever the write of the last entry was cut, the entries before are kept, the rest is moved
/// aside, and the next entry follows.
#[test]
fn a_write_that_was_cut_short_at_any_byte_is_moved_aside_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger.jsonl");
    let mut ledger = Ledger::create(&Place::File(path.clone()), "example.org/log", now()).unwrap();
    ledger.append(&event(r#"{"type":"first"}"#), now()).unwrap();
    let before = fs::read(&path).unwrap();
    ledger.append(&event(r#"{"type":"second"}"#), now()).unwrap();
    let whole = fs::read(&path).unwrap();
    for end in before.len()..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let mut ledger = Ledger::open(&Place::File(path.clone())).unwrap();
        assert_eq!(ledger.append(&event(r#"{"type":"third"}"#), now()).unwrap(), 2);
        let notices = ledger.take_notices();
        let aside = folder.path().join(format!("ledger.jsonl.torn-{}", before.len()));
        if end == before.len() {
            assert!(notices.is_empty() && !aside.exists());
        } else {
            assert!(notices[0].contains("moved to") && notices.len() == 1, "{notices:?}");
            assert_eq!(fs::read(&aside).unwrap(), whole[before.len()..end]);
            fs::remove_file(&aside).unwrap();
        }
        assert!(fs::read(&path).unwrap().starts_with(&before));
        let found = ledger.verify(&[] as &[Held], &[]).unwrap();
        assert_eq!((found.verdict(), found.entries, found.torn), (Verdict::Verified, 3, 0));
    }
    // What was moved aside before is not overwritten.
    for count in 1..=3 {
        fs::write(&path, &whole[..whole.len() - count]).unwrap();
        Ledger::open(&Place::File(path.clone())).unwrap().append(&event(r#"{"type":"a"}"#), now()).unwrap();
    }
    let kept = fs::read_dir(folder.path()).unwrap();
    let kept = kept.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains(".torn-"));
    assert_eq!(kept.count(), 3);
}

#[test]
fn nothing_follows_an_entry_that_is_not_right() {
    let repo = with_ledger();
    append(repo.path(), &[], r#"{"type":"test","word":"abc"}"#);
    let path = repo.path().join(".keytrail/ledger.jsonl");
    let changed = fs::read_to_string(&path).unwrap().replace("abc", "abd");
    fs::write(&path, &changed).unwrap();
    let ran = try_ledger(repo.path(), &["append"], r#"{"type":"test"}"#);
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.err.contains("does not fit its sum"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), changed);
}

/// How often a writer is killed: `KEYTRAIL_KILLS`.
fn kills() -> u64 {
    std::env::var("KEYTRAIL_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// The variable that makes this test binary a writer.
const WRITER: &str = "LEDGER_TEST_WRITER";

/// No test but a writer that does nothing else, so that most kills come while it writes.
#[test]
fn writer() {
    let Some(path) = std::env::var_os(WRITER) else { return };
    let mut ledger = Ledger::open(&Place::File(path.into())).unwrap();
    let start: u64 = std::env::var("LEDGER_TEST_START").unwrap().parse().unwrap();
    for count in 0..10_000 {
        // Only a write of many pages can be cut by a signal.
        let bytes = if count % 2 == 0 { 900_000 } else { 50 };
        let number = ledger.append(&event(&sized(start + count, bytes)), now()).unwrap();
        println!("\n{number}");
    }
}

/// Starts a writer, takes note of what it acknowledges as (entry, content), and kills it.
fn kill_a_writer(repo: &Repo, round: u64) -> Vec<(u64, u64)> {
    let start = round * 1_000_000;
    let mut command = if round.is_multiple_of(4) {
        program(repo.path(), &["ledger", "append", "--lines"])
    } else {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "crash::writer", "--nocapture"]);
        command.env(WRITER, repo.path().join(".keytrail/ledger.jsonl"));
        command.env("LEDGER_TEST_START", start.to_string());
        command
    };
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let feeding = std::thread::spawn(move || {
        for count in 0.. {
            if input.write_all((sized(start + count, 50) + "\n").as_bytes()).is_err() {
                break;
            }
        }
    });
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = Vec::new();
    let mut take = |line: Option<std::io::Result<String>>| -> Option<()> {
        // The test harness prints lines of its own.
        if let Ok(number) = line?.ok()?.parse() {
            acknowledged.push((number, start + acknowledged.len() as u64));
        }
        Some(())
    };
    // From before the first entry to after some; the pause hits all parts of an append.
    for _ in 0..round % 7 * 2 {
        take(lines.next()).unwrap();
    }
    std::thread::sleep(Duration::from_micros(round * 7919 % 3000));
    child.kill().unwrap();
    child.wait().unwrap();
    while take(lines.next()).is_some() {}
    feeding.join().unwrap();
    acknowledged
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let kills = kills();
    let (mut acknowledged_in_all, mut torn_in_all) = (0, 0);
    // A new ledger now and then: large entries fill the disk.
    for batch in 0..kills.div_ceil(20) {
        let repo = with_ledger();
        let path = repo.path().join(".keytrail/ledger.jsonl");
        let mut acknowledged = Vec::new();
        for round in batch * 20..kills.min(batch * 20 + 20) {
            acknowledged.extend(kill_a_writer(&repo, round));
        }
        append(repo.path(), &[], r#"{"type":"last"}"#);
        let bytes = fs::read(&path).unwrap();
        let lines = lines(&bytes);
        assert!(lines.torn.is_empty());
        for (number, content) in &acknowledged {
            let line: serde_json::Value = serde_json::from_slice(lines.whole[*number as usize]).unwrap();
            assert_eq!((&line["n"], &line["event"]["number"]), (&(*number).into(), &(*content).into()));
        }
        let found = Ledger::open(&Place::File(path)).unwrap().verify(&[], &[]).unwrap();
        assert_eq!(found.verdict(), Verdict::Verified);
        acknowledged_in_all += acknowledged.len();
        let files = fs::read_dir(repo.path().join(".keytrail")).unwrap();
        torn_in_all += files
            .filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains(".torn-"))
            .count();
    }
    println!(
        "{kills} kills, {acknowledged_in_all} entries acknowledged, {torn_in_all} torn ends moved aside"
    );
    assert!(acknowledged_in_all > 0, "no writer came to its first entry");
}

/// Records an event under a limit on the size of files, in blocks of 512 bytes as POSIX has it.
#[cfg(unix)]
fn append_limited(folder: &Path, blocks: u64, input: &str) -> Ran {
    let mut shell = Command::new("sh");
    prepare(&mut shell, folder);
    // Without the signal, a write beyond the limit is an error, as on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" ledger append");
    run(shell.args(["-c", &script, env!("CARGO_BIN_EXE_keytrail")]), input)
}

#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing_and_is_told() {
    let repo = with_ledger();
    let path = repo.path().join(".keytrail/ledger.jsonl");
    let mut failures = 0;
    for number in 0..80 {
        let before = fs::read(&path).unwrap();
        let ran = append_limited(repo.path(), 16, &sized(number, 100 + 37 * (number as usize % 5)));
        let after = fs::read(&path).unwrap();
        if ran.code == 0 {
            assert!(after.len() > before.len());
            continue;
        }
        failures += 1;
        assert_eq!(ran.code, 3, "{}", ran.err);
        assert!(ran.err.contains("cannot be written") && ran.err.contains("as it was before"), "{}", ran.err);
        assert_eq!(before, after);
    }
    assert!(failures > 2, "the limit was never reached");
    append(repo.path(), &[], r#"{"type":"test","after":"the disk has room again"}"#);
    ledger(repo.path(), &["verify"]);
}
