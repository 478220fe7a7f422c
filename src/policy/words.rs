//! Rules in words, for people who ask what a policy says.

use crate::policy::name_glob::NameGlob;
use crate::policy::rules::{Condition, PolicyRule, Requirement};
use std::fmt;

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbid => f.write_str("there shall be none"),
            Self::Require(globs) => write!(f, "it shall be one of {}", list(globs)),
            Self::NotInRepository => f.write_str("it shall stand in no repository, nor in its history"),
            Self::Registered => f.write_str("the registry shall know it"),
            Self::OwnerRequired => f.write_str("the registry shall name its owner"),
            Self::ExpiresRequired => f.write_str("it shall end by itself"),
            Self::MaxLifetimeDays(days) => write!(f, "it shall be valid for {days} days at most"),
            Self::MaxAgeDays(days) => write!(f, "it shall be {days} days old at most"),
            Self::Rotate { every, grace: 0 } => write!(f, "it shall be replaced every {every} days"),
            Self::Rotate { every, grace } => {
                write!(f, "it shall be replaced every {every} days, with {grace} days of grace")
            }
            Self::ForbiddenScopes(globs) => write!(f, "it shall not have the scopes {}", list(globs)),
            Self::SignedCommits => f.write_str("the commit that brought it in shall carry a signature"),
            Self::MaxLingeringDays(days) => {
                write!(f, "once out of HEAD, it shall be revoked or have ended within {days} days")
            }
            Self::WaiverMaxDays(days) => write!(f, "a waiver shall be granted for {days} days at most"),
            Self::NoWaiver(sort) => write!(f, "no waiver shall be told as {}", sort.rule()),
        }
    }
}

fn list(globs: &[NameGlob]) -> String {
    globs.iter().map(NameGlob::as_str).collect::<Vec<_>>().join(", ")
}

impl Condition {
    /// What it asks for, each with its key; empty if it speaks of every token.
    pub fn words(&self) -> Vec<(&'static str, String)> {
        let mut words = Vec::new();
        let mut put = |key, texts: Vec<String>| {
            if !texts.is_empty() {
                words.push((key, texts.join(", ")));
            }
        };
        let globs = |globs: &[NameGlob]| globs.iter().map(ToString::to_string).collect::<Vec<_>>();
        put("rules", globs(&self.rules));
        put("providers", globs(&self.providers));
        put("kinds", self.kinds.iter().map(ToString::to_string).collect());
        put("forms", globs(&self.forms));
        put("environments", self.environments.iter().map(|one| one.name().to_owned()).collect());
        put("states", self.states.iter().map(ToString::to_string).collect());
        if !self.paths.is_empty() {
            put("paths", vec!["those that it names".to_owned()]);
        }
        words
    }
}

impl PolicyRule {
    /// What it asks for, in one line.
    pub fn words(&self) -> String {
        self.requires.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }
}
