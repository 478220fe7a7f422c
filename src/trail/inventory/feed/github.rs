//! What GitHub tells of an organisation's credentials, as JSON or as CSV with columns of the same
//! names:
//!
//! - fine-grained tokens: `GET /orgs/{org}/personal-access-tokens`
//!   (<https://docs.github.com/rest/orgs/personal-access-tokens>),
//! - classic tokens, SSH keys and OAuth tokens that single sign-on knows:
//!   `GET /orgs/{org}/credential-authorizations`
//!   (<https://docs.github.com/enterprise-cloud@latest/rest/orgs/orgs#list-saml-sso-authorizations-for-an-organization>).

use super::rows::{self, Row};
use super::{Fed, FeedError, Reference, What};
use crate::facts::{Expiry, TokenFacts};
use crate::kind::Kind;
use crate::level::Severity;
use crate::secret::FingerprintKey;
use crate::trail::inventory::{Store, Stored};

const EXPIRES: &[&str] =
    &["token_expires_at", "authorized_credential_expires_at", "expires_at", "expiration", "expires"];

/// Reads an export; `path` is for messages.
pub fn read(bytes: &[u8], path: &str, key: &FingerprintKey) -> Result<Vec<Fed>, FeedError> {
    rows::read(bytes, path)?.iter().map(|row| credential(row, key)).collect()
}

/// The sorts of credentials: what the export calls them, the rule, a name, the sort of secret.
fn sort(row: &Row<'_>) -> (&'static str, &'static str, Kind) {
    let told = row.get(&["credential_type", "type", "token_type"]).unwrap_or_default().to_ascii_lowercase();
    let is_fine =
        told.contains("fine") || row.has(&["token_id", "access_granted_at", "repository_selection"]);
    if told.contains("ssh") {
        ("github-ssh-key", "GitHub SSH key", Kind::PrivateKey)
    } else if told.contains("oauth") {
        ("github-oauth-token", "GitHub OAuth access token", Kind::AccessToken)
    } else if told.contains("github app") {
        ("github-app-user-token", "GitHub App user access token", Kind::AccessToken)
    } else if is_fine {
        ("github-pat-fine-grained", "GitHub personal access token (fine-grained)", Kind::AccessToken)
    } else {
        ("github-pat-classic", "GitHub personal access token (classic)", Kind::AccessToken)
    }
}

fn credential(row: &Row<'_>, key: &FingerprintKey) -> Result<Fed, FeedError> {
    let ids = ["credential_id", "token_id", "authorized_credential_id", "id", "fingerprint"];
    let Some(id) = row.get(&ids) else {
        return Err(row.wrong(
            "credential_id",
            "empty or missing",
            "give the rows as GitHub's API or export has them",
        ));
    };
    let (rule, name, kind) = sort(row);
    let owner = row.get(&["login", "owner.login", "user.login", "owner", "user", "username"]);
    let issued = row.moment(&["created_at", "credential_authorized_at", "access_granted_at"])?;
    let expires = row.moment(EXPIRES)?;
    let mut scopes = row.list(&["scopes"]);
    scopes.extend(row.under("permissions.").map(|(name, level)| {
        // permissions.repository.contents = read
        let name = name.split_once('.').map_or(name, |(_, name)| name);
        format!("{name}:{level}")
    }));
    let is_expired = row.boolean(&["token_expired", "expired"])?;
    let facts = TokenFacts {
        subject: owner.map(str::to_owned),
        scopes,
        issued,
        // A field that is there and empty says that nothing ends it.
        expires: expires.map(Expiry::At).or_else(|| row.has(EXPIRES).then_some(Expiry::Never)),
        ..TokenFacts::default()
    };
    let reference = Reference {
        keeper: "github",
        id: &[rule, id],
        rule,
        name,
        kind,
        provider: "github",
        severity: Severity::High,
        facts,
    };
    let stored = Stored {
        name: row
            .get(&[
                "token_name",
                "authorized_credential_note",
                "authorized_credential_title",
                "name",
                "note",
                "title",
            ])
            .map(str::to_owned),
        owner: owner.map(str::to_owned),
        is_active: is_expired.map(|is_expired| !is_expired),
        issued,
        expires,
        last_used: row.moment(&[
            "token_last_used_at",
            "credential_accessed_at",
            "last_used_at",
            "last_used",
        ])?,
        ..Stored::new(Store::Github, format!("{}: {id}", owner.unwrap_or("unknown owner")))
    };
    Ok(Fed { stored, what: What::Reference(Box::new(reference.token(key))) })
}
