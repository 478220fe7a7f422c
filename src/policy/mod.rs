//! From findings to verdicts: what is known already, and what stops a commit.

pub mod baseline;
pub mod expiry;
pub mod gate;

#[cfg(test)]
mod sample;
