//! The tables of a file and their keys.

use super::error::nearest;

/// One table of a file with its keys.
#[derive(Debug, Clone, Copy)]
pub struct Section {
    /// Its name; empty for the top of the file; `rule.*` for the tables named by a rule id.
    pub name: &'static str,
    /// The keys it may hold.
    pub keys: &'static [&'static str],
    /// What to say about any other key, where the list of keys is not what helps.
    pub refusal: Option<&'static str>,
}

impl Section {
    /// A table without a word of its own about other keys.
    pub const fn new(name: &'static str, keys: &'static [&'static str]) -> Self {
        Self { name, keys, refusal: None }
    }

    /// What to say about a key that this table does not have; `all` are the tables of the file.
    pub fn help_for(&self, key: &str, all: &[Self]) -> String {
        let allowed = self.keys.join(", ");
        if let Some(meant) = nearest(key, self.keys.iter().copied()) {
            return format!("did you mean `{meant}`? allowed here: {allowed}");
        }
        if let Some(refusal) = self.refusal {
            return refusal.to_owned();
        }
        let wanted = key.to_lowercase().replace('_', "-");
        let home = all.iter().find(|section| {
            section.name != self.name && !section.name.is_empty() && section.keys.contains(&wanted.as_str())
        });
        match home {
            Some(section) => {
                let name = section.name.replace('*', "ID");
                format!("`{wanted}` belongs in [{name}]; allowed here: {allowed}")
            }
            None => format!("allowed here: {allowed}"),
        }
    }
}
