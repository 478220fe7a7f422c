//! What GitLab tells of its credentials: the JSON of the token APIs and the credentials inventory, or
//! CSV with columns of the same names.
//!
//! Form: <https://docs.gitlab.com/api/personal_access_tokens/>, which project and group access tokens
//! share, and <https://docs.gitlab.com/administration/credentials_inventory/>.

use super::rows::{self, Row};
use super::{Fed, FeedError, Reference, What};
use crate::facts::{Expiry, TokenFacts};
use crate::kind::Kind;
use crate::level::Severity;
use crate::secret::FingerprintKey;
use crate::trail::inventory::{Store, Stored};

const EXPIRES: &[&str] = &["expires_at", "expires", "expiration_date", "expires_on"];

/// Reads an export; `path` is for messages.
pub fn read(bytes: &[u8], path: &str, key: &FingerprintKey) -> Result<Vec<Fed>, FeedError> {
    rows::read(bytes, path)?.iter().map(|row| credential(row, key)).collect()
}

/// The sorts of credentials: the rule, a name, the sort of secret.
fn sort(row: &Row<'_>) -> (&'static str, &'static str, Kind) {
    let told =
        row.get(&["credential_type", "token_type", "type", "kind"]).unwrap_or_default().to_ascii_lowercase();
    match told.as_str() {
        told if told.contains("ssh") => ("gitlab-ssh-key", "GitLab SSH key", Kind::PrivateKey),
        told if told.contains("gpg") => ("gitlab-gpg-key", "GitLab GPG key", Kind::PrivateKey),
        told if told.contains("deploy") => ("gitlab-deploy-token", "GitLab deploy token", Kind::AccessToken),
        told if told.contains("project") => ("gitlab-pat", "GitLab project access token", Kind::AccessToken),
        told if told.contains("group") => ("gitlab-pat", "GitLab group access token", Kind::AccessToken),
        _ => ("gitlab-pat", "GitLab personal access token", Kind::AccessToken),
    }
}

fn credential(row: &Row<'_>, key: &FingerprintKey) -> Result<Fed, FeedError> {
    let Some(id) = row.get(&["id", "token_id", "credential_id", "fingerprint"]) else {
        return Err(row.wrong("id", "empty or missing", "give the rows as GitLab's API or export has them"));
    };
    let (rule, name, kind) = sort(row);
    let owner = row.get(&[
        "username",
        "owner",
        "user.username",
        "owner.username",
        "owner_name",
        "user_name",
        "user_id",
    ]);
    let issued = row.moment(&["created_at", "created", "created_on"])?;
    let expires = row.moment(EXPIRES)?;
    let facts = TokenFacts {
        subject: owner.map(str::to_owned),
        scopes: row.list(&["scopes", "scope"]),
        issued,
        // A field that is there and empty says that nothing ends it.
        expires: expires.map(Expiry::At).or_else(|| row.has(EXPIRES).then_some(Expiry::Never)),
        ..TokenFacts::default()
    };
    let reference = Reference {
        keeper: "gitlab",
        id: &[rule, id],
        rule,
        name,
        kind,
        provider: "gitlab",
        severity: Severity::High,
        facts,
    };
    let is_revoked = row.boolean(&["revoked"])?;
    let stored = Stored {
        name: row.get(&["name", "token_name", "title"]).map(str::to_owned),
        owner: owner.map(str::to_owned),
        is_active: row.boolean(&["active"])?.or(is_revoked.map(|is_revoked| !is_revoked)),
        issued,
        expires,
        last_used: row.moment(&["last_used_at", "last_used", "last_used_on"])?,
        ..Stored::new(Store::Gitlab, format!("{}: {id}", owner.unwrap_or("unknown owner")))
    };
    Ok(Fed { stored, what: What::Reference(Box::new(reference.token(key))) })
}
