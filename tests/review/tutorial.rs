//! Every command of the tutorial, in order, in one shell.

use super::{ran, root};
use std::fmt::Write;
use tempfile::TempDir;

/// The commands of the `sh` blocks, a continued line as one, each with the exit code noted behind it.
fn commands(text: &str) -> Vec<(String, i32)> {
    let mut commands = Vec::new();
    let mut inside = false;
    let mut command = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
        } else if inside && let Some(part) = line.strip_suffix('\\') {
            command.push_str(part);
        } else if inside && !line.trim().is_empty() {
            command.push_str(line);
            let (told, code) = match command.rsplit_once("# exit ") {
                Some((told, code)) => (told.to_owned(), code.trim().parse().expect("an exit code")),
                None => (command.clone(), 0),
            };
            commands.push((told.trim().to_owned(), code));
            command.clear();
        }
    }
    commands
}

#[test]
fn every_command_does_what_the_tutorial_says() {
    let text = std::fs::read_to_string(root().join("docs/tutorial.md")).expect("the tutorial");
    let commands = commands(&text);
    assert!(commands.len() >= 12, "{commands:?}");
    let holder = TempDir::new().expect("a folder");
    std::os::unix::fs::symlink(root(), holder.path().join("keytrail")).expect("a link");
    let mut script = String::new();
    for (command, code) in &commands {
        let quoted = command.replace('\'', "'\\''");
        writeln!(
            script,
            "{command}\ncode=$?\nif [ $code -ne {code} ]; then\n  \
             echo \"exit code $code instead of {code}: \"'{quoted}' >&2; exit 99\nfi"
        )
        .expect("a string takes it");
    }
    let (code, out, err) = ran(holder.path(), &script);
    assert_eq!(code, 0, "{out}\n{err}");
    // What the tutorial promises at its end.
    let ledger = holder.path().join("shop/.keytrail/ledger.jsonl");
    assert!(std::fs::read_to_string(ledger).expect("a ledger").contains("review-sign-off"));
    assert!(holder.path().join("shop/review.html").exists());
}
