//! The credential report of AWS IAM: the CSV of `aws iam get-credential-report`, decoded.
//!
//! Form: <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html>. It has
//! no key ids and no secrets, so that an access key is known by its user's ARN and its number.

use super::rows::{self, Row};
use super::{Fed, FeedError, Reference, What, text};
use crate::facts::{Expiry, TokenFacts};
use crate::kind::Kind;
use crate::level::Severity;
use crate::secret::FingerprintKey;
use crate::trail::inventory::{Store, Stored};

/// Reads a report; `path` is for messages.
pub fn read(bytes: &[u8], path: &str, key: &FingerprintKey) -> Result<Vec<Fed>, FeedError> {
    let rows = rows::csv(text(bytes, path)?, path)?;
    let mut fed = Vec::new();
    for row in &rows {
        for number in ["1", "2"] {
            fed.extend(access_key(row, number, key)?);
        }
    }
    Ok(fed)
}

fn access_key(row: &Row<'_>, number: &str, key: &FingerprintKey) -> Result<Option<Fed>, FeedError> {
    let column = |what: &str| format!("access_key_{number}_{what}");
    let active = column("active");
    if !row.has(&[active.as_str()]) {
        let help = "give the decoded Content of `aws iam get-credential-report`";
        return Err(row.wrong(&active, "no such column", help));
    }
    let is_active = row.boolean(&[active.as_str()])?;
    let issued = row.moment(&[column("last_rotated").as_str()])?;
    // A key that was never made is inactive and has no date.
    if is_active != Some(true) && issued.is_none() {
        return Ok(None);
    }
    let Some(arn) = row.get(&["arn"]) else {
        return Err(row.wrong("arn", "empty or missing", "give the whole report"));
    };
    let user = row.get(&["user"]).unwrap_or(arn);
    let is_root = user == "<root_account>";
    // arn:aws:iam::123456789012:user/ada
    let account = arn.split(':').nth(4).filter(|account| !account.is_empty());
    let facts = TokenFacts {
        form: Some("long-term access key".to_owned()),
        account: account.map(str::to_owned),
        subject: Some(user.to_owned()),
        issued,
        expires: Some(Expiry::Never),
        ..TokenFacts::default()
    };
    let reference = Reference {
        keeper: "aws",
        id: &[arn, "access key", number],
        rule: "aws-secret-access-key",
        name: "AWS access key",
        kind: Kind::ApiKey,
        provider: "aws",
        severity: if is_root { Severity::Critical } else { Severity::High },
        facts,
    };
    let stored = Stored {
        owner: Some(user.to_owned()),
        is_active,
        issued,
        last_used: row.moment(&[column("last_used_date").as_str()])?,
        ..Stored::new(Store::Aws, format!("{arn}: access key {number}"))
    };
    Ok(Some(Fed { stored, what: What::Reference(Box::new(reference.token(key))) }))
}
