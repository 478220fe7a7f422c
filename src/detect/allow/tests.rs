use super::*;

/// The marker's text is put together here, so that a scan of this repository meets none.
fn filled(text: &str) -> String {
    text.replace("@ALLOW", WORD)
}

/// The markers for the secret `KEY` in a text.
fn near(text: &str) -> Vec<Marker> {
    let text = filled(text);
    markers_near(text.as_bytes(), text.find("KEY").unwrap(), false)
}

fn reason(text: &str) -> Option<String> {
    near(text).iter().find_map(|marker| marker.allows("acme-token"))
}

fn problem(text: &str) -> &'static str {
    match near(text).as_slice() {
        [Marker::Malformed { problem, .. }] => problem,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn every_comment_style_works_on_the_line_and_above_it() {
    for style in [
        "# {}",
        "#{}",
        "// {}",
        "/// {}",
        "/* {} */",
        "/*{}*/",
        "/** {} **/",
        "<!-- {} -->",
        "-- {}",
        "; {}",
        ";; {}",
        "% {}",
        "' {}",
        "REM {}",
        "rem {}",
        "{# {} #}",
        "\"\"\" {} \"\"\"",
        "''' {} '''",
        "(* {} *)",
        "{- {} -}",
        "{{!-- {} --}}",
        "<%-- {} --%>",
        "<%# {} %>",
        "{/* {} */}",
        "!{}",
        "\" {}",
        ":: {}",
        ".. {}",
        " * {}",
        "dnl {}",
        "--[[ {} ]]",
        "#= {} =#",
        "\"//\": \"{}\",",
        "<# {} #>",
    ] {
        let comment = style.replace("{}", "@ALLOW acme-token -- a test key");
        let same = format!("x = 'KEY' {comment}");
        assert_eq!(reason(&same).as_deref(), Some("a test key"), "{same}");
        let above = format!("one\n  {comment}\nx = 'KEY'\n");
        assert_eq!(reason(&above).as_deref(), Some("a test key"), "{above}");
        let windows = format!("one\r\n  {comment}\r\nx = 'KEY'\r\n");
        assert_eq!(reason(&windows).as_deref(), Some("a test key"), "{windows}");
        let two_above = format!("{comment}\n\nx = 'KEY'\n");
        assert_eq!(near(&two_above), [], "{two_above}");
        let below = format!("x = 'KEY'\n{comment}\n");
        assert_eq!(near(&below), [], "{below}");
    }
}

#[test]
fn a_marker_behind_one_secret_does_not_cover_the_next_line() {
    for above in [
        "a = 'OTHER' # @ALLOW acme-token -- a test key",
        "# a = 'OTHER' # @ALLOW acme-token -- a test key",
        "/* @ALLOW acme-token -- a test key */ a = 'OTHER'",
        "* item OTHER # @ALLOW acme-token -- a test key",
        "- @ALLOW acme-token -- a test key",
    ] {
        assert_eq!(near(&format!("{above}\nx = 'KEY'")), [], "{above}");
    }
    assert!(problem("@ALLOW acme-token -- text\nx = 'KEY'").contains("comment sign"));
}

#[test]
fn several_rules_and_several_markers() {
    let text = "KEY # @ALLOW other-token,acme-token , third-one -- kept: for tests -- really";
    assert_eq!(reason(text).as_deref(), Some("kept: for tests -- really"));
    let Marker::Valid { rules, at, reason_at, .. } = near(text).remove(0) else { panic!() };
    assert_eq!(rules, ["other-token", "acme-token", "third-one"]);
    let text = filled(text);
    assert_eq!(&text[at..at + WORD.len()], WORD);
    assert_eq!(&text[reason_at], "kept: for tests -- really");

    let text = "KEY # @ALLOW other-token -- one reason # @ALLOW acme-token -- another";
    assert_eq!(reason(text).as_deref(), Some("another"));
    assert_eq!(near(text)[0].allows("other-token").as_deref(), Some("one reason #"));
    assert_eq!(near(text)[0].allows("acme-token"), None);
    let above = "# @ALLOW other-token -- one # @ALLOW acme-token -- two\nKEY";
    assert_eq!(reason(above).as_deref(), Some("two"));
    let code_between = "/* @ALLOW acme-token -- one */ OTHER /* @ALLOW acme-token -- two */\nKEY";
    assert_eq!(near(code_between), []);
    assert_eq!(near("KEY # @ALLOW acme-token-2 -- why")[0].allows("acme-token"), None);
}

#[test]
fn what_is_missing_is_told() {
    for (marker, part) in [
        ("@ALLOW", "names no rule"),
        ("@ALLOW -- reason", "names no rule"),
        ("@ALLOW acme-token", "gives no reason"),
        ("@ALLOW acme-token --", "gives no reason"),
        ("@ALLOW acme-token -- ...", "gives no reason"),
        ("@ALLOW acme-token -- */", "gives no reason"),
        ("@ALLOW acme-token -->", "gives no reason"),
        ("@ALLOW acme-token--reason", "gives no reason"),
        ("@ALLOW acme-token: reason", "no rule id"),
        ("@ALLOW Acme-Token -- reason", "no rule id"),
        ("@ALLOW acme-* -- reason", "no rule id"),
        ("@ALLOW * -- reason", "all rules"),
        ("@ALLOW all -- reason", "all rules"),
        ("@ALLOW acme-token other -- reason", "needs commas"),
        ("@ALLOW-next acme-token -- reason", "only marker"),
        ("@ALLOWed acme-token -- reason", "only marker"),
        ("keytrail:ignore acme-token -- reason", "only marker"),
        ("keytrail: allow acme-token -- reason", "only marker"),
    ] {
        let text = format!("KEY # {marker}");
        assert!(problem(&text).contains(part), "{text}: {}", problem(&text));
        assert_eq!(reason(&text), None);
    }
    assert_eq!(near("KEY notkeytrail:allow acme-token -- x keytrail:latest"), []);
}

#[test]
fn neither_the_secret_nor_code_gets_into_the_reason_or_the_problem() {
    assert_eq!(reason("# @ALLOW acme-token -- old one KEY-0123").as_deref(), Some("old one"));
    assert_eq!(reason("/* @ALLOW acme-token -- why */ x = 'KEY'; y = 'K2'").as_deref(), Some("why"));
    let json = "{\"//\": \"@ALLOW acme-token -- why\", \"a\": \"K2\", \"b\": \"KEY\"}";
    assert_eq!(reason(json).as_deref(), Some("why"));
    assert_eq!(
        reason("KEY # @ALLOW acme-token -- \"quoted\" isn't it").as_deref(),
        Some("\"quoted\" isn't it")
    );
    let token = ["a1b2c3d4", "e5f60718", "293a4b5c"].concat();
    assert!(problem(&format!("KEY # @ALLOW {token} -- why")).contains("no rule id"));
    assert_eq!(reason("KEY # @ALLOW acme-token -- a\u{1b}[2Jb").as_deref(), Some("a [2Jb"));
    let long = reason(&format!("KEY # @ALLOW acme-token -- {}", "wort ü ".repeat(400))).unwrap();
    assert_eq!(long.chars().count(), 200);
}

#[test]
fn the_look_is_bounded_and_takes_any_offset() {
    let far = format!("KEY{}# @ALLOW acme-token -- why", "x".repeat(REACH));
    assert_eq!(near(&far), []);
    let near_enough = format!("KEY{} # @ALLOW acme-token -- why", "x".repeat(REACH - 60));
    assert!(reason(&near_enough).is_some());
    let long_above = format!("# @ALLOW acme-token -- {}\nKEY", "why ".repeat(2000));
    assert_eq!(near(&long_above), []);
    let long_before = format!("# @ALLOW acme-token -- why\n{}KEY", "x".repeat(REACH + 1));
    assert_eq!(near(&long_before), []);
    let text = filled("\n\r\n@ALLOW\r\n# @ALLOW acme-token -- \u{fc}\n\n");
    for at in 0..text.len() + 3 {
        markers_near(text.as_bytes(), at, true);
    }
    assert_eq!(markers_near(b"", 0, true), []);
}

#[test]
fn a_scan_tells_all_markers_but_not_what_speaks_of_them() {
    let text = filled(concat!(
        "# @ALLOW acme-token -- why\n",
        "x = 1 // @ALLOW acme-token\n",
        "REM @ALLOW b-c -- d\r\n",
        "@ALLOW e-f -- g\n",
        "Write `# @ALLOW RULE[, RULE2] -- reason` in a comment.\n",
        "# @ALLOW <rule> -- reason\n",
        "The marker @ALLOW needs a reason, as in \"@ALLOW a-b -- c\".\n",
        "const WORD: &str = \"@ALLOW\"; '@ALLOW' (@ALLOW)\n",
    ));
    let found: Vec<_> = scan_markers(text.as_bytes()).collect();
    assert_eq!(found.len(), 4, "{found:?}");
    assert!(found[0].allows("acme-token").is_some());
    assert!(matches!(found[1], Marker::Malformed { .. }));
    assert!(found[2].allows("b-c").is_some());
    assert!(found[3].allows("e-f").is_some());
    assert!(found.iter().all(|marker| text[marker.at()..].starts_with(WORD)));
}

#[test]
fn our_own_manual_and_source_only_speak_of_markers() {
    for text in [
        include_str!("../allow.rs"),
        include_str!("parse.rs"),
        include_str!("tests.rs"),
        include_str!("../../../docs/configuration.md"),
    ] {
        assert_eq!(scan_markers(text.as_bytes()).collect::<Vec<_>>(), []);
    }
}

fn peer(text: &str) -> Option<String> {
    let markers = markers_near(text.as_bytes(), text.find("KEY").unwrap(), true);
    let allowed = markers.iter().find_map(|marker| marker.allows("any-rule"));
    assert_eq!(near(text), [], "without the setting they do not count");
    allowed
}

#[test]
fn peer_markers_count_for_their_line_if_asked() {
    for (marker, name) in [
        ("# gitleaks:allow", "gitleaks:allow"),
        ("//betterleaks:allow", "betterleaks:allow"),
        ("# pragma: allowlist secret", "pragma: allowlist secret"),
        ("# Pragma: whitelist-secret", "pragma: allowlist secret"),
        ("# ggignore", "ggignore"),
        ("# trufflehog:ignore", "trufflehog:ignore"),
        ("# kingfisher:ignore", "kingfisher:ignore"),
        ("// NOSONAR", "nosonar"),
        ("// #nosec G101 -- test", "#nosec"),
        ("# nosec", "#nosec"),
        ("# nosec B105,B106", "#nosec"),
        ("# noqa: E501,S106", "noqa: S106"),
        ("# nosemgrep", "nosemgrep"),
        ("# nosemgrep: generic.secrets.security.detected-x", "nosemgrep"),
    ] {
        assert_eq!(peer(&format!("KEY {marker}")), Some(format!("peer marker {name}")), "{marker}");
        assert_eq!(peer(&format!("{marker}\nKEY")), None, "{marker} is for its own line");
    }
    for marker in [
        "# noqa",
        "# noqa: E501",
        "# nosec B301",
        "#nosecond",
        "# nosemgrep: python.sqli",
        "# mygitleaks:allowed",
        "# pragma: allowlist",
        "# pragma: no cover",
    ] {
        assert_eq!(peer(&format!("KEY {marker}")), None, "{marker}");
    }
}

#[test]
fn the_nextline_pragma_counts_for_the_next_line() {
    let marker = "# pragma: allowlist nextline secret";
    assert!(peer(&format!("{marker}\nKEY")).is_some());
    assert_eq!(peer(&format!("KEY {marker}")), None);
    assert_eq!(peer(&format!("{marker}\n\nKEY")), None);
}
