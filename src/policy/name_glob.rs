//! Globs over names: rule ids, providers, forms and scopes.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Serialize, Serializer};
use std::fmt;

/// A glob over a name: `aws-*`, `admin:*`, `*:write`. `*` stands for any characters, `/` and `:`
/// too; case does not count.
#[derive(Clone)]
pub struct NameGlob {
    text: String,
    matcher: GlobMatcher,
}

impl NameGlob {
    /// Checks a glob. The error says what is wrong with it.
    ///
    /// # Errors
    ///
    /// An empty glob, or brackets and braces that are not closed.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Err("an empty glob matches nothing".to_owned());
        }
        let glob = GlobBuilder::new(text)
            .literal_separator(false)
            .case_insensitive(true)
            .build()
            .map_err(|error| format!("no glob: {}", error.kind()))?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// Whether a name fits.
    pub fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name)
    }

    /// The glob as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for NameGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl fmt::Display for NameGlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl PartialEq for NameGlob {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for NameGlob {}

impl Serialize for NameGlob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_crosses_slashes_and_colons_and_case_does_not_count() {
        let matches = |glob: &str, name: &str| NameGlob::parse(glob).expect("a glob").matches(name);
        assert!(matches("admin:*", "admin:repo_hook"));
        assert!(!matches("repo", "public_repo"));
        assert!(matches("https://*/auth/cloud-platform", "https://www.example.com/auth/cloud-platform"));
        assert!(matches("aws-*", "AWS-access-key"));
        assert!(matches("{blob,file}:write", "file:write"));
        assert!(NameGlob::parse("").is_err() && NameGlob::parse("a[").is_err());
    }
}
