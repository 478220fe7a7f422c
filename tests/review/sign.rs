//! Signing a review off.

use super::{life, ran};

const BEGIN: &str = "export KEYTRAIL_NOW=2026-06-01
keytrail ledger init --origin shop.example/ledger >/dev/null &&
keytrail review -f html=r.html -f json=r.json -f csv=r.csv -f oscal=r.oscal 2>/dev/null
";

#[test]
fn a_sign_off_is_in_the_ledger_and_the_next_review_knows_it() {
    let (_holder, shop) = life();
    let (code, out, err) =
        ran(&shop, &format!("{BEGIN} keytrail review sign --reviewer 'Ada Lovelace' --report r.html"));
    assert_eq!(code, 0, "{out}{err}");
    let (_, hash, _) = ran(&shop, "sha256sum r.html | cut -d' ' -f1");
    assert!(out.contains(hash.trim()), "{out}");
    let ledger = std::fs::read_to_string(shop.join(".keytrail/ledger.jsonl")).expect("it is there");
    assert!(
        ledger.contains(hash.trim())
            && ledger.contains("review-sign-off")
            && ledger.contains("\"violations\"")
    );
    let next = "export KEYTRAIL_NOW=2026-06-30; keytrail review";
    let (_, out, _) = ran(&shop, next);
    assert!(!out.contains("a signed review was due"), "{out}");
    assert!(out.contains("ledger    sound: 2 entries"), "{out}");
    let (_, out, _) = ran(&shop, &next.replace("06-30", "07-05"));
    assert!(out.contains("a signed review was due on 2026-07-01 (4 days ago)"), "{out}");
}

#[test]
fn every_sealed_form_can_be_signed_and_nothing_else() {
    let (_holder, shop) = life();
    ran(&shop, BEGIN);
    let sign = |file: &str| {
        ran(&shop, &format!("keytrail --now 2026-06-01 review sign --reviewer Ada --report {file}"))
    };
    for file in ["r.html", "r.json", "r.oscal"] {
        let (code, out, err) = sign(file);
        assert_eq!(code, 0, "{file}: {out}{err}");
    }
    for (file, why) in
        [("r.csv", "has no seal"), ("src/shop.py", "has no seal"), ("none.html", "cannot read none.html")]
    {
        let (code, _, err) = sign(file);
        assert_eq!(code, 2, "{file}");
        assert!(err.contains(why), "{file}: {err}");
    }
    ran(&shop, "sed -i.bak 's/exposed/revoked/' r.html");
    let (code, _, err) = sign("r.html");
    assert_eq!(code, 2);
    assert!(err.contains("was changed after keytrail wrote it"), "{err}");
    let (code, _, _) = ran(&shop, "keytrail review sign --reviewer ' ' --report r.json");
    assert_eq!(code, 2, "somebody has to sign");
}

#[test]
fn without_a_ledger_nothing_is_signed() {
    let (_holder, shop) = life();
    ran(&shop, "keytrail --now 2026-06-01 review -f json=r.json");
    let (code, _, err) = ran(&shop, "keytrail review sign --reviewer Ada --report r.json");
    assert_eq!(code, 2);
    assert!(err.contains("keytrail ledger init"), "{err}");
}

#[test]
fn a_broken_ledger_is_in_the_review() {
    let (_holder, shop) = life();
    ran(&shop, BEGIN);
    ran(&shop, "keytrail --now 2026-06-01 review sign --reviewer Ada --report r.json");
    ran(&shop, "sed -i.bak 's/Ada/Eve/' .keytrail/ledger.jsonl");
    let (code, out, err) = ran(&shop, "keytrail --now 2026-06-01 review -f html=broken.html -f terminal");
    assert_eq!(code, 1, "{err}");
    assert!(out.contains("ledger    BROKEN: entry 1"), "{out}");
    assert!(out.contains("the ledger has none yet"), "what is broken proves no sign-off: {out}");
    let page = std::fs::read_to_string(shop.join("broken.html")).expect("it was written");
    assert!(page.contains("The ledger is broken"));
}
