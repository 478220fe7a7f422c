//! The part of the detection room that the build script uses (see `build.rs` at the top).

#[path = "prefilter/mod.rs"]
pub mod prefilter;
