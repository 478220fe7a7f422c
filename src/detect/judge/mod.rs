//! Weighs whether bytes of the right shape are a secret that somebody uses, or a stand-in.

pub mod digest;
pub mod entropy;
pub mod generic;
pub mod identifier;
pub mod known;
pub mod name;
pub mod parameter;
pub mod placeholder;
pub mod reference;
pub mod shape;
pub mod words;
