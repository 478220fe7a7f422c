//! What is stored where tokens belong.

use super::*;

#[test]
fn every_feed_becomes_entries_and_no_value_is_kept() {
    let repo = leaky(1);
    let secrets: Vec<String> = (1..=6).map(token).collect();
    let weak = filled("{{lower 9}}", 1);
    let packed = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
    repo.write(".env.local", format!("DEPLOY='{}'\nDEBUG=true\n", secrets[1]));
    repo.write(
        "secrets.yaml",
        format!(
            "kind: Secret\nmetadata: {{name: shop, namespace: web}}\ndata:\n  deploy: {}\n  user: {}\n",
            packed(&secrets[2]),
            packed("ada")
        ),
    );
    repo.write("shop.json", serde_json::json!({"data": {"data": {"key": secrets[3]}, "metadata": {"created_time": "2026-01-02T03:04:05Z"}}}).to_string());
    let account = "1234".repeat(3);
    repo.write("aws.csv", format!("user,arn,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\nada,arn:aws:iam::{account}:user/ada,true,2025-03-04T05:06:07Z,N/A,false,N/A,N/A\n"));
    repo.write("github.json", r#"[{"login": "octo", "credential_id": 7, "credential_type": "personal access token", "scopes": ["repo"], "authorized_credential_expires_at": "2026-01-01T00:00:00Z"}]"#);
    repo.write("gitlab.csv", "id,name,username,scopes,expires_at\n4,ci,eve,api,2027-01-01\n");
    repo.write("own.csv", format!("value,id,name,owner\n{weak},,PIN,ada\n,9,printer,ada\n"));
    let arguments = [
        "inventory",
        "--repository",
        "web",
        "-f",
        "json",
        "--from-env=*_TOKEN",
        "--from-dotenv",
        ".env.local",
        "--from-kubernetes",
        "secrets.yaml",
        "--from-vault",
        "secret/shop=shop.json",
        "--from-aws",
        "aws.csv",
        "--from-github",
        "github.json",
        "--from-gitlab",
        "gitlab.csv",
        "--from-csv",
        "own.csv",
        "--exclude",
        "*.local",
        "--exclude",
        "*.yaml",
        "--exclude",
        "*.json",
        "--exclude",
        "own.csv",
    ];
    let variables = [("CI_TOKEN", secrets[4].as_str()), ("OTHER", secrets[5].as_str()), ("A_TOKEN", "no")];
    let ran = run_with(repo.path(), &arguments, b"", &variables);
    assert_eq!(ran.code, 0, "{}", ran.told());
    assert!(ran.err.contains("3 values that look like no secret left out; --all-values"), "{}", ran.told());
    let report = ran.json();
    let mut told: Vec<String> = report["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|entry| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
            let place = match entry["lives"][0]["life"]["stays"][0]["path"].as_str() {
                Some(path) => path.to_owned(),
                None => {
                    format!("{} {}", text(&entry["stored"][0]["store"]), text(&entry["stored"][0]["place"]))
                }
            };
            format!(
                "{place} | {} | {} | {}",
                text(&entry["state"]),
                text(&entry["known_by"]),
                text(&entry["token"]["rule"])
            )
        })
        .map(|line| line.replace(&account, "ACCOUNT"))
        .collect();
    told.sort();
    assert_eq!(
        told,
        [
            "aws arn:aws:iam::ACCOUNT:user/ada: access key 1 | stored | reference | aws-secret-access-key",
            "config.py | exposed | secret | github-pat-classic",
            "dotenv .env.local: DEPLOY | stored | secret | github-pat-classic",
            "environment CI_TOKEN | stored | secret | github-pat-classic",
            "github octo: 7 | expired | reference | github-pat-classic",
            "gitlab eve: 4 | stored | reference | gitlab-pat",
            "kubernetes web/shop: deploy | stored | secret | github-pat-classic",
            "table own.csv: 9 | stored | reference | unrecognised",
            "table own.csv: PIN | stored | secret | unrecognised",
            "vault secret/shop: key | stored | secret | github-pat-classic",
        ]
    );
    let schema: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string("docs/inventory.schema.json").expect("it is there"))
            .expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(&report)
        .map(|error| format!("{} at {}", error, error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");

    // The same run, told in other ways.
    let table: Vec<&str> = arguments.iter().map(|&one| if one == "json" { "table" } else { one }).collect();
    let table = run_with(repo.path(), &table, b"", &variables);
    assert!(table.out.lines().nth(1).is_some_and(|line| line.starts_with("exposed")), "{}", table.out);
    assert!(
        table.out.ends_with("10 tokens: 1 exposed, 8 stored, 1 expired; 0 registered\n"),
        "{}",
        table.out
    );
    let csv: Vec<&str> = arguments.iter().map(|&one| if one == "json" { "csv" } else { one }).collect();
    let csv = run_with(repo.path(), &csv, b"", &variables);
    assert_eq!(csv.out.lines().count(), 11, "{}", csv.out);
    let mut with_db = arguments.to_vec();
    with_db.extend(["--db", "tokens.db"]);
    let db = run_with(repo.path(), &with_db, b"", &variables);
    assert_eq!(db.out, ran.out);
    let mut values: Vec<&str> = secrets.iter().map(String::as_str).collect();
    values.push(&weak);
    let fed = ["config.py", ".env.local", "secrets.yaml", "shop.json", "own.csv"];
    assert_unseen(&values, &[&ran, &table, &csv, &db], repo.path(), &fed);
}

#[test]
fn what_is_malformed_is_told_with_its_place_and_no_value() {
    let repo = Repo::init();
    let secret = token(1);
    repo.write("a.env", format!("A=1\n{secret}\n"));
    repo.write("a.csv", format!("id,expires\n1,{secret}\n"));
    repo.write("a.yaml", format!("kind: Secret\nmetadata: {{name: a}}\ndata:\n  k: {secret}\n"));
    let cases = [
        ("--from-dotenv", "a.env", "a.env:2:1: not NAME=value"),
        ("--from-csv", "a.csv", "a.csv:2: column 2 (expires): not a point in time"),
        ("--from-kubernetes", "a.yaml", "a.yaml:4:6: data.k: not base64"),
        ("--from-vault", "a.csv", "a.csv:1:"),
        ("--from-github", "a.csv", "a.csv:2: column 2 (expires): not a point in time"),
    ];
    let mut told = Vec::new();
    for (flag, file, expected) in cases {
        let ran = expect(2, repo.path(), &["inventory", "--no-scan", flag, file]);
        assert!(ran.err.contains(expected), "{flag}: {}", ran.told());
        told.push(ran);
    }
    let missing = expect(3, repo.path(), &["inventory", "--no-scan", "--from-aws", "nothing.csv"]);
    assert!(missing.err.contains("cannot read nothing.csv"), "{}", missing.told());
    let told: Vec<&Ran> = told.iter().collect();
    assert_unseen(&[&secret], &told, repo.path(), &["a.env", "a.csv", "a.yaml"]);
}
