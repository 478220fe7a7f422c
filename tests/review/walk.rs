//! The commands that tell of tokens, over a repository with a life.

use super::{life, ran};

/// What a command says, for a snapshot: what changes with the rules and the machine replaced by words.
fn told(shop: &std::path::Path, command: &str) -> String {
    let (code, out, err) = ran(shop, command);
    let text = format!("$ {command}\nexit code {code}\n--- out\n{out}--- err\n{err}");
    let text = text.replace(&shop.display().to_string(), "SHOP");
    let mut lines = Vec::new();
    for line in text.lines() {
        // How long it took.
        lines.push(match line.rsplit_once(" in ") {
            Some((before, rest)) if rest.ends_with("ms") || rest.ends_with(" s") => {
                format!("{before} in TIME")
            }
            _ => line.trim_end().to_owned(),
        });
    }
    lines.join("\n")
}

#[test]
fn every_command_tells_the_same_life() {
    let (_holder, shop) = life();
    let now = "keytrail --now 2026-06-01";
    insta::assert_snapshot!("trail", told(&shop, &format!("{now} trail")));
    insta::assert_snapshot!("inventory", told(&shop, &format!("{now} inventory --history")));
    insta::assert_snapshot!("policy", told(&shop, &format!("{now} policy check --history")));
    insta::assert_snapshot!("review", told(&shop, &format!("{now} review")));
    insta::assert_snapshot!("table", told(&shop, &format!("{now} review -f csv 2>/dev/null")));
}

#[test]
fn no_form_of_the_review_holds_a_token_or_a_path_of_the_machine() {
    let (_holder, shop) = life();
    let all = "-f html=r.html -f json=r.json -f csv=r.csv -f oscal=r.oscal";
    let (code, _, err) = ran(&shop, &format!("keytrail --now 2026-06-01 review {all}"));
    assert_eq!(code, 1, "{err}");
    let (_, tokens, _) =
        ran(&shop, "git grep -hoE '(gh|sk|xo)[a-z]*[_-][A-Za-z0-9_-]{20,}' $(git rev-list --all) | sort -u");
    assert!(tokens.lines().count() >= 6, "{}", tokens.lines().count());
    for form in ["r.html", "r.json", "r.csv", "r.oscal"] {
        let text = std::fs::read_to_string(shop.join(form)).expect("it was written");
        assert!(tokens.lines().all(|token| !text.contains(token)), "{form} holds a token");
        assert!(!text.contains(&shop.display().to_string()), "{form} tells where the repository lies");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let (_holder, shop) = life();
    for run in ["a", "b"] {
        let forms = format!("-f html={run}.html -f json={run}.json -f csv={run}.csv -f oscal={run}.oscal");
        ran(
            &shop,
            &format!(
                "keytrail --now 2026-06-01 review --threads {} {forms}",
                run.len() + usize::from(run == "b")
            ),
        );
    }
    for form in ["html", "json", "csv", "oscal"] {
        let read = |run: &str| std::fs::read(shop.join(format!("{run}.{form}"))).expect("it was written");
        assert!(read("a") == read("b"), "{form}");
    }
}

#[test]
fn what_changed_is_told_since_the_review_before() {
    let (_holder, shop) = life();
    ran(&shop, "keytrail --now 2026-06-01 review -f json=before.json");
    let (_, out, err) = ran(&shop, "keytrail --now 2026-07-20 review --previous before.json");
    assert!(out.contains("since the review of 2026-06-01: 0 new, 1 in another state, 0 gone"), "{out}{err}");
    let (code, _, err) =
        ran(&shop, "sed -i.bak s/waived/revoked/ before.json; keytrail review --previous before.json");
    assert_eq!(code, 2);
    assert!(err.contains("before.json was changed"), "{err}");
    let (code, _, err) = ran(&shop, "keytrail review --previous keytrail.toml");
    assert_eq!(code, 2);
    assert!(err.contains("keytrail.toml is no review"), "{err}");
    let (code, _, err) = ran(&shop, "keytrail review -f pdf=x");
    assert_eq!(code, 2);
    assert!(err.contains("there is no review format `pdf`"), "{err}");
}
