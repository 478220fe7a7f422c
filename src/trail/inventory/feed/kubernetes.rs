//! Kubernetes Secrets: manifests in YAML with any number of documents, and `kubectl get secrets -o
//! yaml` or `-o json`.
//!
//! Form: <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/secret-v1/>.
//! `data` holds base64 (RFC 4648), `stringData` plain text that goes over it.

use super::{Fed, FeedError, What, text};
use crate::secret::Secret;
use crate::trail::inventory::{Store, Stored};
use data_encoding::BASE64;
use saphyr_parser::{Event, Parser, Span};
use std::collections::HashMap;
use std::rc::Rc;
use zeroize::Zeroizing;

/// A node of a YAML document. An alias shares the node it names, so that no file unfolds to more than
/// its own size.
struct Node {
    line: usize,
    column: usize,
    content: Content,
}

enum Content {
    Scalar(Zeroizing<String>),
    List(Vec<Rc<Node>>),
    Map(Vec<(Rc<Node>, Rc<Node>)>),
}

impl Node {
    fn get(&self, key: &str) -> Option<&Rc<Node>> {
        let Content::Map(pairs) = &self.content else { return None };
        pairs.iter().find(|(name, _)| name.text() == Some(key)).map(|(_, value)| value)
    }

    fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text) => Some(text),
            Content::List(_) | Content::Map(_) => None,
        }
    }
}

/// How deep lists and maps may lie in each other, as anybody writes them and the stack allows.
const DEEPEST: usize = 100;

/// Reads a file; `path` is told.
pub fn read(bytes: &[u8], path: &str) -> Result<Vec<Fed>, FeedError> {
    let documents = parse(text(bytes, path)?, path)?;
    let mut fed = Vec::new();
    for document in &documents {
        object(document, path, &mut fed)?;
    }
    Ok(fed)
}

/// A Secret, or a list of objects; what is neither holds none.
fn object(node: &Node, path: &str, fed: &mut Vec<Fed>) -> Result<(), FeedError> {
    let kind = node.get("kind").and_then(|kind| kind.text()).unwrap_or_default();
    if kind == "List" || kind == "SecretList" {
        if let Some(Content::List(items)) = node.get("items").map(|items| &items.content) {
            // The items of a `SecretList` need not say what they are. Lists hold no lists.
            let is_secret = |item: &Node| match item.get("kind").and_then(|kind| kind.text()) {
                Some(of) => of == "Secret",
                None => kind == "SecretList",
            };
            return items.iter().filter(|item| is_secret(item)).try_for_each(|item| secret(item, path, fed));
        }
        return Ok(());
    }
    if kind == "Secret" { secret(node, path, fed) } else { Ok(()) }
}

fn secret(node: &Node, path: &str, fed: &mut Vec<Fed>) -> Result<(), FeedError> {
    let metadata = node.get("metadata");
    let of = |key: &str| metadata.and_then(|metadata| metadata.get(key)).and_then(|value| value.text());
    let Some(name) = of("name").or_else(|| of("generateName")) else {
        let help = "write the Secret's name under metadata";
        return Err(FeedError::at(path, node.line, node.column, "a Secret without metadata.name", help));
    };
    let namespace = of("namespace").unwrap_or("default");
    for (field, is_base64) in [("data", true), ("stringData", false)] {
        let Some(values) = node.get(field) else { continue };
        let pairs = match &values.content {
            Content::Map(pairs) => pairs,
            Content::Scalar(text) if text.is_empty() || **text == "null" || **text == "~" => continue,
            _ => {
                let problem = format!("{field} is no map");
                return Err(FeedError::at(
                    path,
                    values.line,
                    values.column,
                    problem,
                    "write keys and values under it",
                ));
            }
        };
        for (key, value) in pairs {
            let wrong = |problem: &str, help: &str| {
                let key = key.text().unwrap_or("?");
                FeedError::at(path, value.line, value.column, format!("{field}.{key}: {problem}"), help)
            };
            let (Some(key), Some(text)) = (key.text(), value.text()) else {
                return Err(wrong("not text", "write one value behind each key"));
            };
            let value = if is_base64 {
                let packed: Zeroizing<Vec<u8>> =
                    Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
                let bytes = BASE64.decode(&packed).map_err(|_| {
                    wrong("not base64", "encode the value with base64, or put it under stringData")
                })?;
                Secret::new(&Zeroizing::new(bytes))
            } else {
                Secret::new(text.as_bytes())
            };
            if value.expose().is_empty() {
                continue;
            }
            fed.push(Fed {
                stored: Stored::new(Store::Kubernetes, format!("{namespace}/{name}: {key}")),
                what: What::Value { name: key.to_owned(), value, is_secret: false, facts: Box::default() },
            });
        }
    }
    Ok(())
}

/// Containers that are not closed yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key of a map whose value comes next.
    key: Option<Rc<Node>>,
}

fn parse(text: &str, path: &str) -> Result<Vec<Rc<Node>>, FeedError> {
    let mut documents = Vec::new();
    let mut anchors: HashMap<usize, Rc<Node>> = HashMap::new();
    let mut open: Vec<Open> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            // The parser's own words can hold a piece of the file.
            let help = "see https://yaml.org/spec for the form";
            FeedError::at(path, marker.line(), marker.col() + 1, "neither YAML nor JSON", help)
        })?;
        let (line, column) = place(span);
        let node = |content| Node { line, column, content };
        let (done, anchor) = match event {
            Event::Scalar(text, _, anchor, _) => {
                (Rc::new(node(Content::Scalar(Zeroizing::new(text.into_owned())))), anchor)
            }
            Event::Alias(anchor) => {
                let wrong = || {
                    let help = "name an anchor that stands before it";
                    FeedError::at(path, line, column, "an alias inside of what it names", help)
                };
                (Rc::clone(anchors.get(&anchor).ok_or_else(wrong)?), 0)
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= DEEPEST => {
                let help = format!("more than {DEEPEST} levels are not read");
                return Err(FeedError::at(
                    path,
                    line,
                    column,
                    "lists and maps lie too deep in each other",
                    help,
                ));
            }
            Event::SequenceStart(anchor, _) => {
                open.push(Open { node: node(Content::List(Vec::new())), anchor, key: None });
                continue;
            }
            Event::MappingStart(anchor, _) => {
                open.push(Open { node: node(Content::Map(Vec::new())), anchor, key: None });
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop() {
                Some(closed) => (Rc::new(closed.node), closed.anchor),
                None => continue,
            },
            Event::DocumentStart(_) => {
                anchors.clear();
                continue;
            }
            _ => continue,
        };
        if anchor > 0 {
            anchors.insert(anchor, Rc::clone(&done));
        }
        match open.last_mut() {
            None => documents.push(done),
            Some(Open { node: Node { content: Content::List(items), .. }, .. }) => items.push(done),
            Some(Open { node: Node { content: Content::Map(pairs), .. }, key, .. }) => match key.take() {
                Some(key) => pairs.push((key, done)),
                None => *key = Some(done),
            },
            Some(_) => {}
        }
    }
    Ok(documents)
}

/// Line and column of a node, both from 1.
fn place(span: Span) -> (usize, usize) {
    (span.start.line(), span.start.col() + 1)
}
