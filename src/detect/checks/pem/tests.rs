use super::*;
use crate::rule::template;
use std::process::Command;

fn key(sort: &str) -> String {
    String::from_utf8(template::expand(&format!("{{{{pem {sort}}}}}"), 42).unwrap()).unwrap()
}

/// Judges the first key in a text, as a rule does that matches its BEGIN line.
fn at(text: &str) -> Outcome {
    let start = text.find("-----BEGIN ").unwrap();
    judge(text.as_bytes(), start..start + 27)
}

/// Runs a program that makes a key, in an empty folder; `None` where it is not installed.
fn made_by(program: &str, args: &[&str], file: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let done = Command::new(program).args(args).current_dir(folder.path()).output().ok()?;
    if !done.status.success() {
        return None;
    }
    std::fs::read_to_string(folder.path().join(file)).ok()
}

fn proved(outcome: &Outcome, note: &str) {
    assert!(matches!(outcome.verdict, Verdict::Proved(_)), "{outcome:?}");
    assert!(outcome.notes.iter().any(|text| text.starts_with(note)), "{note}: {outcome:?}");
    assert!(!outcome.weaker);
}

#[test]
fn keys_made_by_openssl_are_proved() {
    let cases: [(&[&str], &str); 8] = [
        (
            &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "k"],
            "RSA private key, 2048 bits",
        ),
        (&["genrsa", "-traditional", "-out", "k", "1024"], "RSA private key, 1024 bits"),
        (
            &["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "k"],
            "EC private key, curve P-256",
        ),
        (&["ecparam", "-name", "secp384r1", "-genkey", "-noout", "-out", "k"], "EC private key, curve P-384"),
        (
            &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521", "-out", "k"],
            "EC private key, curve P-521",
        ),
        (&["genpkey", "-algorithm", "ED25519", "-out", "k"], "Ed25519 private key"),
        (&["genpkey", "-algorithm", "X25519", "-out", "k"], "X25519 private key"),
        (&["genpkey", "-algorithm", "ED448", "-out", "k"], "Ed448 private key"),
    ];
    for (args, note) in cases {
        if let Some(text) = made_by("openssl", args, "k") {
            // The curve's parameters may stand before the key in a block of their own.
            proved(&at(&text), note);
            let escaped = serde_json::to_string(&text).unwrap();
            proved(&at(&escaped), note);
        }
    }
}

#[test]
fn keys_made_by_ssh_keygen_are_proved() {
    for (kind, note) in [
        ("ed25519", "OpenSSH Ed25519 private key"),
        ("rsa", "OpenSSH RSA private key, 3072 bits"),
        ("ecdsa", "OpenSSH private key, ecdsa-sha2-nistp256"),
    ] {
        if let Some(text) = made_by("ssh-keygen", &["-q", "-t", kind, "-N", "", "-f", "k"], "k") {
            proved(&at(&text), note);
        }
    }
}

#[test]
fn keys_under_a_passphrase_are_told_apart() {
    let made = [
        made_by("ssh-keygen", &["-q", "-t", "ed25519", "-N", "a passphrase", "-f", "k"], "k"),
        made_by(
            "ssh-keygen",
            &["-q", "-t", "rsa", "-m", "PEM", "-b", "2048", "-N", "a passphrase", "-f", "k"],
            "k",
        ),
        made_by(
            "openssl",
            &["genpkey", "-algorithm", "RSA", "-aes-256-cbc", "-pass", "pass:word", "-out", "k"],
            "k",
        ),
        made_by(
            "openssl",
            &["genrsa", "-traditional", "-aes128", "-passout", "pass:word", "-out", "k", "1024"],
            "k",
        ),
    ];
    for text in made.iter().flatten() {
        let outcome = at(text);
        assert_eq!(outcome.verdict, Verdict::Unknown, "{outcome:?}");
        assert!(outcome.weaker);
        assert!(
            outcome.notes.iter().any(|note| note.starts_with("encrypted with a passphrase")),
            "{outcome:?}"
        );
        assert_eq!(outcome.span.unwrap().end, text.trim_end().len());
    }
}

#[test]
fn keys_made_by_gnupg_are_proved() {
    let folder = tempfile::tempdir().unwrap();
    let gpg = |args: &[&str]| {
        let done = Command::new("gpg")
            .args(["--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""])
            .args(args)
            .env("GNUPGHOME", folder.path())
            .output()
            .ok()?;
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let exported = gpg(&["--quick-generate-key", "ci <ci@acme.example>", "ed25519", "sign", "never"])
        .and_then(|_| gpg(&["--armor", "--export-secret-keys"]));
    // Ends the agent that gpg started for this folder; the file it listens on goes with the folder.
    let _ = Command::new("gpgconf").args(["--kill", "gpg-agent"]).env("GNUPGHOME", folder.path()).output();
    if let Some(text) = exported {
        let outcome = at(&text);
        proved(&outcome, "OpenPGP EdDSA secret key, made 20");
    }
}

#[test]
fn a_key_is_found_however_it_is_written() {
    for sort in ["rsa", "ec", "ed25519", "openssh", "pgp"] {
        let key = key(sort);
        let lines = |before: &str, after: &str| {
            key.lines().flat_map(|line| [before, line, after, "\n"]).collect::<String>()
        };
        let dressed = [
            key.clone(),
            key.replace('\n', "\r\n"),
            key.replace('\n', "\\n"),
            key.replace('\n', "\\\\n"),
            key.replace('\n', "&#10;"),
            lines("    ", ""),
            lines("+", ""),
            lines("// ", ""),
            lines("  \"", "\\n\" +") + "  \"\";\n",
            lines("  '", "',"),
            format!("key: |\n{}", lines("  ", "")),
            format!("{{\"key\": {}}}", serde_json::to_string(&key).unwrap()),
        ];
        for text in dressed {
            let outcome = at(&text);
            assert!(matches!(outcome.verdict, Verdict::Proved(_)), "{sort}: {outcome:?}\n{text}");
            let span = outcome.span.unwrap();
            assert!(
                text[span.clone()].starts_with("-----BEGIN ") && text[span].ends_with(" KEY-----")
                    || sort == "pgp"
            );
        }
    }
}

#[test]
fn mentions_and_samples_are_refuted() {
    for text in [
        "if line == \"-----BEGIN RSA PRIVATE KEY-----\" {\n    return true;\n}\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA...\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nYOUR PRIVATE KEY HERE\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
        "-----BEGIN EC PRIVATE KEY-----\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n-----END EC PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "(\"-----BEGIN PRIVATE KEY-----\", \"-----BEGIN RSA PRIVATE KEY-----\", \"-----END RSA PRIVATE KEY-----\")",
    ] {
        assert!(matches!(at(text).verdict, Verdict::Refuted(_)), "{text}: {:?}", at(text));
    }
}

#[test]
fn a_key_that_was_cut_off_stays_open() {
    for sort in ["rsa", "openssh", "pgp"] {
        let key = key(sort);
        let cut = key.lines().take(4).collect::<Vec<_>>().join("\n");
        let outcome = at(&cut);
        assert_eq!(outcome.verdict, Verdict::Unknown, "{sort}");
        assert_eq!(outcome.notes, ["the END line is missing"]);
    }
}

#[test]
fn any_changed_structure_is_refuted_or_open_and_never_panics() {
    let key = key("ed25519");
    for at_byte in 28..key.len() - 26 {
        let mut bytes = key.clone().into_bytes();
        bytes[at_byte] = if bytes[at_byte] == b'A' { b'B' } else { b'A' };
        judge(&bytes, 0..27);
        judge(&bytes[..at_byte], 0..27.min(at_byte));
    }
}
