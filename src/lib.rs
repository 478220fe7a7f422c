//! keytrail finds API tokens, keys and passwords in a repository and stops them before they leave
//! the machine. `docs/architecture.md` draws the rooms and the way of the data through them.

pub mod cli;
pub mod commit;
pub mod coverage;
pub mod detect;
pub mod document;
pub mod excerpt;
pub mod facts;
pub mod finding;
pub mod history;
pub mod hook;
pub mod kind;
pub mod ledger;
pub mod level;
pub mod line_hash;
pub mod moment;
pub mod number;
pub mod origin;
pub mod past;
pub mod policy;
pub mod replace_file;
pub mod report;
pub mod review;
pub mod rule;
pub mod rule_info;
pub mod scan;
pub mod secret;
pub mod settings;
pub mod source;
pub mod spreadsheet;
pub mod token;
pub mod toml_file;
pub mod trail;
