use super::*;
use crate::facts::Expiry;
use crate::moment::Moment;
use crate::trail::inventory::Store;

fn key() -> FingerprintKey {
    FingerprintKey::public()
}

/// Something that looks like a value and is told nowhere.
fn value() -> String {
    ["s3", "cr3t", "-value"].concat()
}

/// `place = value` of all that was fed.
fn values(fed: Vec<Fed>) -> Vec<String> {
    fed.into_iter()
        .map(|one| match one.what {
            What::Value { value, .. } => {
                format!("{} = {}", one.stored.place, String::from_utf8_lossy(value.expose()))
            }
            What::Reference(token) => format!("{} = {}", one.stored.place, token.rule),
        })
        .collect()
}

#[test]
fn dotenv_files_have_comments_quotes_and_several_lines() {
    let text = "# shop\n\nexport A=one # note\nB = 'two # 2'\nC=\"thr\\\"ee\\n\\$\" # note\n  D=\nE=\"f\nour\"\nF=a#b\r\n";
    let fed = dotenv(text.as_bytes(), ".env").expect("right");
    assert_eq!(
        values(fed),
        [
            ".env: A = one",
            ".env: B = two # 2",
            ".env: C = thr\"ee\n$",
            ".env: D = ",
            ".env: E = f\nour",
            ".env: F = a#b"
        ]
    );
    let wrong = |text: &str| dotenv(text.as_bytes(), ".env").expect_err("wrong").to_string();
    assert!(wrong(&format!("A=1\n{}\n", value())).starts_with(".env:2:1: not NAME=value; "));
    assert!(wrong(&format!("A='{}", value())).starts_with(".env:1:3: a quote that nothing closes; "));
    assert!(wrong("A=\"x\ny\"\n\nB='1' 2\n").starts_with(".env:4:6: text behind the closing quote; "));
    assert!(wrong("a b=1").starts_with(".env:1:1: not the name of a variable; "));
    assert!(!wrong(&format!("{} = 1", value().replace('-', " "))).contains(&value()));
    let latin = dotenv(b"A=1\nB=\xff", ".env").expect_err("wrong").to_string();
    assert!(latin.starts_with(".env:2:3: not UTF-8; "), "{latin}");
}

#[test]
fn secrets_of_kubernetes_come_in_documents_and_lists() {
    let packed = data_encoding::BASE64.encode(b"one");
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  no: secret\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  \
         name: shop\n  namespace: web\ndata:\n  key: {packed}\n  folded: >-\n    {packed}\n  empty: \"\"\nstringData:\n  \
         plain: &two two\n  same: *two\n---\nkind: List\nitems:\n- kind: Secret\n  metadata: {{ name: other }}\n  \
         data: null\n- kind: Secret\n  metadata: {{ name: third }}\n  stringData: {{ a: three }}\n"
    );
    let fed = kubernetes(yaml.as_bytes(), "s.yaml").expect("right");
    assert!(fed.iter().all(|one| one.stored.store == Store::Kubernetes));
    assert_eq!(
        values(fed),
        [
            "web/shop: key = one",
            "web/shop: folded = one",
            "web/shop: plain = two",
            "web/shop: same = two",
            "default/third: a = three"
        ]
    );
    let json = format!(
        "{{\n\t\"kind\": \"SecretList\", \"items\": [{{\"metadata\": {{\"name\": \"a\"}}, \"data\": {{\"k\": \"{packed}\"}}}}]\n}}"
    );
    assert_eq!(values(kubernetes(json.as_bytes(), "s.json").expect("right")), ["default/a: k = one"]);
    let wrong = |text: &str| kubernetes(text.as_bytes(), "s.yaml").expect_err("wrong").to_string();
    let head = "kind: Secret\nmetadata: { name: a }\n";
    let not_packed = wrong(&format!("{head}data:\n  key: {}\n", value()));
    assert!(not_packed.starts_with("s.yaml:4:8: data.key: not base64; "), "{not_packed}");
    assert!(!not_packed.contains(&value()));
    assert!(wrong("kind: Secret\ndata: {}\n").starts_with("s.yaml:1:1: a Secret without metadata.name; "));
    assert!(wrong(&format!("{head}data: [1]\n")).starts_with("s.yaml:3:7: data is no map; "));
    assert!(wrong("a: [\n").contains(": neither YAML nor JSON; "));
    assert!(wrong(&"[".repeat(150)).contains("too deep"));
}

#[test]
fn a_bomb_of_aliases_takes_no_room() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let list = vec![format!("*a{}", level - 1); 9].join(", ");
        text.extend([format!("a{level}: &a{level} [{list}]\n")]);
    }
    text += "kind: Secret\nmetadata: { name: a }\nstringData: { k: v }\n";
    assert_eq!(values(kubernetes(text.as_bytes(), "s.yaml").expect("right")), ["default/a: k = v"]);
}

#[test]
fn both_engines_of_vault_are_read() {
    let new = r#"{"data": {"data": {"token": "one", "nested": {"key": "two"}, "n": 3}, "metadata": {"created_time": "2026-01-02T03:04:05.678Z", "version": 2}}}"#;
    let old = r#"{"data": {"token": "three", "data": "four"}}"#;
    let gone = r#"{"data": {"data": null, "metadata": {"created_time": "2026-01-02T03:04:05Z"}}}"#;
    let fed = vault(format!("{new}\n{old}{gone}").as_bytes(), "v.json", "secret/shop").expect("right");
    assert_eq!(fed[0].stored.issued, Moment::parse("2026-01-02T03:04:05Z").ok());
    let mut told = values(fed);
    told.sort();
    assert_eq!(
        told,
        [
            "secret/shop: data = four",
            "secret/shop: nested.key = two",
            "secret/shop: token = one",
            "secret/shop: token = three"
        ]
    );
    let wrong = |text: &str| vault(text.as_bytes(), "v.json", "a").expect_err("wrong").to_string();
    assert!(wrong("{\n").starts_with("v.json:2:0: not JSON; ") || wrong("{\n").starts_with("v.json:1:"));
    assert!(wrong("{\"a\": 1}").starts_with("v.json: no `data`"));
    assert!(
        wrong(&format!("{old} {{\"data\": \"{}\"}}", value()))
            .starts_with("v.json (answer 2): `data` is no object")
    );
}

const AWS: &str = "user,arn,user_creation_time,password_enabled,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n";

#[test]
fn the_credential_report_of_aws_knows_keys_by_user_and_number() {
    let account = "1234".repeat(3);
    let text = format!(
        "{AWS}<root_account>,arn:aws:iam::{account}:root,2020-01-01T00:00:00+00:00,not_supported,false,N/A,N/A,false,N/A,N/A\n\
         ada,arn:aws:iam::{account}:user/ada,2020-01-01T00:00:00+00:00,true,true,2025-03-04T05:06:07+00:00,2026-01-01T00:00:00+00:00,false,2021-01-01T00:00:00+00:00,no_information\n"
    );
    let fed = aws(text.as_bytes(), "r.csv", &key()).expect("right");
    assert_eq!(fed.len(), 2);
    let What::Reference(token) = &fed[0].what else { panic!("there is no value") };
    assert_eq!(
        (token.facts.account.as_deref(), token.facts.subject.as_deref()),
        (Some(account.as_str()), Some("ada"))
    );
    assert_eq!(token.facts.expires, Some(Expiry::Never));
    assert_eq!(fed[0].stored.is_active, Some(true));
    assert_eq!(fed[0].stored.issued, Moment::parse("2025-03-04T05:06:07Z").ok());
    assert_eq!((fed[1].stored.is_active, fed[1].stored.last_used), (Some(false), None));
    let again = aws(text.as_bytes(), "other.csv", &key()).expect("right");
    let What::Reference(same) = &again[0].what else { panic!("there is no value") };
    assert_eq!(same.fingerprint, token.fingerprint);
    let wrong = |text: &str| aws(text.as_bytes(), "r.csv", &key()).expect_err("wrong").to_string();
    assert!(wrong(&format!("{AWS}a,b\n")).starts_with("r.csv:2:3: 2 fields, where the headline has 10; "));
    let soon = wrong(&format!("{AWS}a,b,,,true,soon,,false,N/A,\n"));
    assert!(
        soon.starts_with("r.csv:2: column 6 (access_key_1_last_rotated): not a point in time; "),
        "{soon}"
    );
    assert!(wrong("user,arn\na,b\n").starts_with("r.csv:2: access_key_1_active: no such column; "));
    assert!(wrong("").starts_with("r.csv:1:1: empty; "));
}

#[test]
fn credentials_of_github_are_told_apart() {
    let json = r#"[{"id": 25381, "owner": {"login": "octocat"}, "repository_selection": "all",
        "permissions": {"organization": {"members": "read"}, "repository": {"contents": "write"}},
        "access_granted_at": "2026-01-02T08:47:09.000-07:00", "token_id": 98716, "token_name": "deploy",
        "token_expired": false, "token_expires_at": "2026-11-16T08:47:09.000-07:00", "token_last_used_at": null}]
        [{"login": "hubot", "credential_id": 161196, "credential_type": "personal access token",
        "credential_authorized_at": "2019-03-29T19:06:43Z", "scopes": ["repo", "user"],
        "authorized_credential_expires_at": null},
        {"login": "hubot", "credential_id": 161197, "credential_type": "SSH key", "fingerprint": "jklm"}]"#;
    let fed = github(json.as_bytes(), "g.json", &key()).expect("right");
    let tokens: Vec<&Token> = fed
        .iter()
        .map(|one| match &one.what {
            What::Reference(token) => &**token,
            What::Value { .. } => panic!("there is no value"),
        })
        .collect();
    let rules: Vec<&str> = tokens.iter().map(|token| token.rule.as_str()).collect();
    assert_eq!(rules, ["github-pat-fine-grained", "github-pat-classic", "github-ssh-key"]);
    assert_eq!(tokens[0].facts.scopes, ["members:read", "contents:write"]);
    assert_eq!(tokens[0].facts.ends(), Moment::parse("2026-11-16T15:47:09Z").ok());
    assert_eq!(tokens[1].facts.scopes, ["repo", "user"]);
    assert_eq!(tokens[1].facts.expires, Some(Expiry::Never));
    assert_eq!(tokens[2].facts.expires, None);
    assert_eq!(fed[0].stored.place, "octocat: 98716");
    let csv = "Login,Credential ID,Credential type,Scopes,Credential authorized at\nhubot,161196,personal access token,\"repo, user\",2019-03-29 19:06:43 UTC\n";
    let same = github(csv.as_bytes(), "g.csv", &key()).expect("right");
    let What::Reference(same) = &same[0].what else { panic!("there is no value") };
    assert_eq!((same.fingerprint, &same.facts.scopes), (tokens[1].fingerprint, &tokens[1].facts.scopes));
    let wrong = |text: &str| github(text.as_bytes(), "g.json", &key()).expect_err("wrong").to_string();
    assert!(wrong("[{}, 3]").starts_with("g.json: item 2: not an object; "));
    assert!(wrong("[{\"login\": \"a\"}]").starts_with("g.json: item 1: credential_id: empty or missing; "));
    assert!(wrong("[\n{]").starts_with("g.json:2:2: not JSON; "));
    let soon = wrong(&format!("[{{\"id\": 1, \"expires_at\": \"{}\"}}]", value()));
    assert!(soon.starts_with("g.json: item 1: expires_at: not a point in time") && !soon.contains(&value()));
}

#[test]
fn tokens_of_gitlab_are_read_from_json_and_csv() {
    let json = r#"[{"id": 4, "name": "Test Token", "revoked": false, "created_at": "2020-07-23T14:31:47.729Z",
        "scopes": ["api"], "user_id": 24, "last_used_at": "2021-10-06T17:58:37.550Z", "active": true, "expires_at": null}]"#;
    let fed = gitlab(json.as_bytes(), "g.json", &key()).expect("right");
    let What::Reference(token) = &fed[0].what else { panic!("there is no value") };
    assert_eq!((token.rule.as_str(), token.facts.expires), ("gitlab-pat", Some(Expiry::Never)));
    assert_eq!((fed[0].stored.name.as_deref(), fed[0].stored.is_active), (Some("Test Token"), Some(true)));
    let csv = "ID,Name,Username,Scopes,Created at,Expires at,Revoked\n4,Test Token,ada,api,2020-07-23,2026-01-01,true\n";
    let fed = gitlab(csv.as_bytes(), "g.csv", &key()).expect("right");
    let What::Reference(same) = &fed[0].what else { panic!("there is no value") };
    assert_eq!((same.fingerprint, fed[0].stored.is_active), (token.fingerprint, Some(false)));
    assert_eq!(fed[0].stored.place, "ada: 4");
    let wrong = gitlab(b"name\na\n", "g.csv", &key()).expect_err("wrong").to_string();
    assert!(wrong.starts_with("g.csv:2: id: empty or missing; "), "{wrong}");
}

#[test]
fn a_table_of_ones_own_has_values_or_ids() {
    let text = format!(
        "value,id,name,owner,scopes,expires\n{},,KEY,ada,read write,never\n,42,,eve,,2026-01-01\n",
        value()
    );
    let fed = table(text.as_bytes(), "t.csv", &key()).expect("right");
    let What::Value { value: secret, is_secret, facts, .. } = &fed[0].what else {
        panic!("there is a value")
    };
    assert_eq!((secret.expose(), *is_secret), (value().as_bytes(), true));
    assert_eq!((facts.scopes.len(), facts.expires), (2, Some(Expiry::Never)));
    let What::Reference(token) = &fed[1].what else { panic!("there is no value") };
    assert_eq!(token.facts.ends(), Moment::parse("2026-01-01").ok());
    assert!(!format!("{fed:?}").contains(&value()));
    let wrong = |text: &str| table(text.as_bytes(), "t.csv", &key()).expect_err("wrong").to_string();
    assert!(
        wrong("id,size\n1,2\n")
            .starts_with("t.csv:2: column 2 (size): no such column; the columns are value, id")
    );
    assert!(wrong("id,name\n,a\n").starts_with("t.csv:2: column 1 (id): neither a value nor an id; "));
    assert!(
        wrong("id,kind\n1,x\n")
            .starts_with("t.csv:2: column 2 (kind): not a sort of secret; write one of api-key")
    );
    assert!(wrong("id,id\n").starts_with("t.csv:1:2: two columns of one name; "));
}

#[test]
fn a_reference_is_no_secret() {
    let key = key();
    assert_ne!(reference("aws", &["a"], &key), key.fingerprint(b"a"));
    assert_ne!(reference("aws", &["a"], &key), reference("github", &["a"], &key));
}
