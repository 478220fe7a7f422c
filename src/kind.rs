//! What sort of secret a rule finds.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The sort of a secret. It decides which advice and which policy apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A long-lived key for a service's API.
    ApiKey,
    /// A token that stands for a user, a bot or a project.
    AccessToken,
    /// A token that fetches new access tokens.
    RefreshToken,
    /// The secret half of an application's registration (OAuth and the like).
    ClientSecret,
    /// A password.
    Password,
    /// A private key of an asymmetric pair.
    PrivateKey,
    /// A key that signs or verifies messages, webhooks or sessions.
    SigningKey,
    /// A symmetric key that encrypts data.
    EncryptionKey,
    /// An address of a database or queue with its credentials inside.
    ConnectionString,
    /// An address whose knowledge alone allows posting.
    WebhookUrl,
    /// An address that carries its own signature, like a pre-signed download.
    SignedUrl,
    /// A session or a cookie.
    Session,
    /// A signed JSON Web Token of an unknown issuer.
    Jwt,
    /// A password's hash that can be attacked offline.
    PasswordHash,
    /// The public half of a pair; harmless alone, reported at low severity if at all.
    Identifier,
    /// Something a name or its looks call secret, without a known service.
    Generic,
}

impl Kind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 16] = [
        Self::ApiKey,
        Self::AccessToken,
        Self::RefreshToken,
        Self::ClientSecret,
        Self::Password,
        Self::PrivateKey,
        Self::SigningKey,
        Self::EncryptionKey,
        Self::ConnectionString,
        Self::WebhookUrl,
        Self::SignedUrl,
        Self::Session,
        Self::Jwt,
        Self::PasswordHash,
        Self::Identifier,
        Self::Generic,
    ];

    /// The name used in rules and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api-key",
            Self::AccessToken => "access-token",
            Self::RefreshToken => "refresh-token",
            Self::ClientSecret => "client-secret",
            Self::Password => "password",
            Self::PrivateKey => "private-key",
            Self::SigningKey => "signing-key",
            Self::EncryptionKey => "encryption-key",
            Self::ConnectionString => "connection-string",
            Self::WebhookUrl => "webhook-url",
            Self::SignedUrl => "signed-url",
            Self::Session => "session",
            Self::Jwt => "jwt",
            Self::PasswordHash => "password-hash",
            Self::Identifier => "identifier",
            Self::Generic => "generic",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
