//! keytrail finds API tokens, keys and passwords in a repository and stops them before they leave
//! the machine. `docs/architecture.md` draws the rooms and the way of the data through them.

pub mod coverage;
pub mod document;
pub mod finding;
pub mod history;
pub mod kind;
pub mod level;
pub mod origin;
pub mod rule;
pub mod secret;
pub mod source;
