//! From findings to verdicts: what is known already, what is waived, what the team's policy asks of
//! its tokens, and what stops a commit.

pub mod baseline;
pub mod control;
mod draft;
pub mod evaluation;
pub mod expiry;
pub mod gate;
pub mod judge;
pub mod name_glob;
pub mod read;
pub mod rules;
pub mod starter;
pub mod subject;
pub mod violation;
pub mod waiver;
pub mod waiver_edit;
pub mod waiver_file;
pub mod waivers;
mod words;

pub use evaluation::Evaluation;
pub use judge::Case;
pub use subject::{Asked, Subject, subjects};
pub use violation::Violation;
pub use waivers::Waivers;

#[cfg(test)]
mod sample;
