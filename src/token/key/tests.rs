use super::*;

#[test]
fn the_old_encrypted_form_tells_its_cipher() {
    let text = format!(
        "{0}BEGIN RSA PRIVATE KEY{0}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\n{1}\n{0}END RSA PRIVATE KEY{0}\n",
        "-----",
        "QUJD".repeat(20)
    );
    let carrier = Carrier { rule: "private-key-pem", secret: text.as_bytes(), parts: &[] };
    let facts = facts(&carrier, Around::default()).expect("facts");
    assert_eq!(facts.key.map(|key| (key.algorithm, key.encrypted)), Some(("RSA".to_owned(), Some(true))));
    assert_eq!(facts.more["cipher"], "AES-128-CBC");
}

#[test]
fn bits_are_counted() {
    assert_eq!((bits(&[0, 0, 1]), bits(&[0x80, 0]), bits(&[0, 0])), (Some(1), Some(16), None));
}
