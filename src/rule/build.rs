//! The part of the rule room that the build script uses (see `build.rs` at the top).

#[path = "compile.rs"]
pub mod compile;
#[path = "content.rs"]
pub mod content;
#[path = "keyword.rs"]
pub mod keyword;
#[path = "pack.rs"]
pub mod pack;
#[path = "rarity.rs"]
pub mod rarity;
#[path = "text.rs"]
pub mod text;
