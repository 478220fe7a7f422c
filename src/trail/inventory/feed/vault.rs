//! Secrets of Vault's key-value engines, as `vault kv get -format=json PATH` prints them; any number
//! of answers one after the other.
//!
//! Form: <https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#read-secret-version>; version
//! 1 of the engine has the keys in `data` itself.

use super::{Fed, FeedError, What};
use crate::facts::TokenFacts;
use crate::moment::Moment;
use crate::secret::Secret;
use crate::trail::inventory::{Store, Stored};
use serde_json::{Map, Value};

/// Reads a file; `path` is told, and `name` stands for the secret's path, which the answer does not
/// hold.
pub fn read(bytes: &[u8], path: &str, name: &str) -> Result<Vec<Fed>, FeedError> {
    let mut fed = Vec::new();
    for (index, answer) in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>().enumerate() {
        let help = "give the output of `vault kv get -format=json PATH`";
        let answer =
            answer.map_err(|error| FeedError::at(path, error.line(), error.column(), "not JSON", help))?;
        let place = if index == 0 { String::new() } else { format!(" (answer {})", index + 1) };
        let Some(data) = answer.get("data") else {
            return Err(FeedError::new(path, place, "no `data`, so no answer of Vault's", help));
        };
        let metadata = data.get("metadata").filter(|metadata| metadata.get("created_time").is_some());
        // A version that was deleted has metadata and no data.
        let values = match metadata {
            Some(_) => data.get("data").unwrap_or(&Value::Null),
            None => data,
        };
        let issued = metadata
            .and_then(|metadata| metadata.get("created_time")?.as_str())
            .and_then(|text| Moment::parse(text).ok());
        match values {
            Value::Null => {}
            Value::Object(values) => flatten("", values, &mut |key, value| {
                let stored = Stored { issued, ..Stored::new(Store::Vault, format!("{name}: {key}")) };
                fed.push(Fed {
                    stored,
                    what: What::Value {
                        name: key.rsplit('.').next().unwrap_or(key).to_owned(),
                        value: Secret::new(value.as_bytes()),
                        is_secret: false,
                        facts: Box::new(TokenFacts::default()),
                    },
                });
            }),
            _ => return Err(FeedError::new(path, place, "`data` is no object", help)),
        }
    }
    Ok(fed)
}

/// All texts of an object, with the keys that lead to them.
fn flatten(prefix: &str, values: &Map<String, Value>, take: &mut impl FnMut(&str, &str)) {
    for (key, value) in values {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::String(text) if !text.is_empty() => take(&key, text),
            Value::Object(inner) => flatten(&key, inner, take),
            Value::Array(items) => {
                let items = items.iter().enumerate().map(|(at, item)| (at.to_string(), item.clone()));
                flatten(&key, &items.collect(), take);
            }
            _ => {}
        }
    }
}
