//! Rules as data: the form of the files, their checks, and the packs that they are compiled to.
//!
//! The build script includes `compile`, `content`, `keyword`, `pack`, `rarity` and `text` by path to
//! compile the embedded pack (see `build.rs` here and at the top), so these use only the ground and
//! each other.

pub mod compile;
pub mod content;
pub mod expression;
pub mod keyword;
pub mod pack;
pub mod rarity;
pub mod template;
pub mod text;

mod load;

pub use load::{Pack, PackError, Rule};
