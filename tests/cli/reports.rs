//! Reports through the program: several at once, the schemas, and no secret in any of them.

use crate::common::sarif_problems;
use crate::{filled, keytrail, leaky, run, scan, token};

const FORMATS: [&str; 7] = ["terminal", "json", "jsonl", "sarif", "github", "junit", "csv"];

#[test]
fn no_report_shows_the_secret_unless_asked() {
    let repo = leaky();
    let secret = token(1);
    for format in FORMATS {
        for source in [&[][..], &["--history"]] {
            let mut arguments = vec!["-f", format];
            arguments.extend(source);
            let ran = scan(repo.path(), &arguments);
            for piece in secret.as_bytes()[4..].windows(8) {
                let piece = std::str::from_utf8(piece).unwrap();
                assert!(!ran.out.contains(piece) && !ran.err.contains(piece), "{format} {source:?}");
            }
        }
    }
    for format in ["terminal", "json", "jsonl"] {
        assert!(scan(repo.path(), &["-f", format, "--show-secrets"]).out.contains(&secret), "{format}");
    }
    let traced = run(keytrail(repo.path(), &["-vv", "scan"]).env("RUST_LOG", "trace"));
    assert!(!traced.err.contains(&secret) && !traced.out.contains(&secret));
}

#[test]
fn several_reports_at_once() {
    let repo = leaky();
    let ran = scan(repo.path(), &["-f", "terminal", "-f", "sarif=out.sarif", "-f", "json=out.json"]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.starts_with("critical[github-pat-classic]"), "{}", ran.told());
    for file in ["out.sarif", "out.json"] {
        let text = std::fs::read_to_string(repo.path().join(file)).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
    }
}

#[test]
fn sarif_fits_the_official_schema_and_points_at_the_place() {
    let repo = leaky();
    repo.write("b.env", format!("A={}\nPASSWORD='{}'\n", token(1), filled("{{password 18}}", 2)));
    let problems_of = sarif_problems();
    for source in [&[][..], &["--history"], &["--staged"]] {
        let mut arguments = vec!["-f", "sarif"];
        arguments.extend(source);
        let ran = scan(repo.path(), &arguments);
        let sarif: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        let problems = problems_of(&sarif);
        assert!(problems.is_empty(), "{source:?}: {problems:?}");
        assert_eq!(sarif["runs"].as_array().map(Vec::len), Some(1));
    }
    let sarif: serde_json::Value = serde_json::from_str(&scan(repo.path(), &["-f", "sarif"]).out).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    for result in results {
        assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string(), "{result}");
    }
}
