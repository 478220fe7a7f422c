//! A commit as a token's trail tells of it.

use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// A commit as the trail tells of it. Its message is left out: it may hold anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRecord {
    /// Its id in hexadecimal.
    pub id: String,
    /// The author's name and address.
    pub author: Person,
    /// When the author wrote it.
    pub authored: Moment,
    /// The committer's name and address.
    pub committer: Person,
    /// When it was committed: the time that ages are counted by.
    pub committed: Moment,
    /// The sort of signature that it carries. It is not checked here: that takes the signers' keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl CommitRecord {
    /// The first twelve digits of the id, as reports show it.
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

/// Somebody, as git has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name, lossy UTF-8.
    pub name: String,
    /// The e-mail address, lossy UTF-8.
    pub email: String,
}

/// The sorts of signature that git knows (`gitformat-signature(5)`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Signature {
    /// An `OpenPGP` signature.
    Openpgp,
    /// An SSH signature.
    Ssh,
    /// A CMS signature, as gpgsm makes it.
    X509,
    /// A signature of another form.
    Unknown,
}

impl Signature {
    /// The name used in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Openpgp => "OpenPGP",
            Self::Ssh => "SSH",
            Self::X509 => "X.509",
            Self::Unknown => "of an unknown form",
        }
    }

    /// Tells the sort from the signature's first bytes.
    pub fn of(armoured: &[u8]) -> Self {
        let starts = |head: &str| armoured.trim_ascii_start().starts_with(head.as_bytes());
        if starts("-----BEGIN PGP ") {
            Self::Openpgp
        } else if starts("-----BEGIN SSH SIGNATURE-----") {
            Self::Ssh
        } else if starts("-----BEGIN SIGNED MESSAGE-----") {
            Self::X509
        } else {
            Self::Unknown
        }
    }
}
