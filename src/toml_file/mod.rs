//! Files in TOML that people write: typed reading that keeps the place of everything, so that an
//! error names file, line, column and key, and one run tells all mistakes.

pub mod error;
mod path_glob;
mod reader;
mod section;
pub mod value;

pub use error::{ConfigError, ConfigErrors, Place};
pub use path_glob::{PathGlob, PathGlobs};
pub use reader::{At, Node, Reader, check_version, decode, parse};
pub use section::Section;
pub use value::BadValue;
