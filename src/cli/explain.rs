//! `keytrail explain RULE`.

use crate::cli::{Failure, generate, rules};
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;

/// Flags of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule's id, as reports show it.
    #[arg(value_name = "RULE")]
    id: String,
    /// More rule files or folders.
    #[arg(long, value_name = "PATH")]
    rules: Vec<PathBuf>,
}

/// `keytrail explain`.
pub fn run(args: &ExplainArgs) -> Result<u8, Failure> {
    let pack = rules::load(&args.rules)?;
    let index = rules::find(&pack, &args.id)?;
    let info = pack.info(index);
    let mut text = String::new();
    let mut section = |title: &str, body: &str| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{title}\n{}\n", indent(body));
    };
    section(&format!("{} ({})", info.name, info.id), &info.description);
    section("What it opens", &info.opens);
    section("Revoke it", &info.revoke);
    section("Replace it", &info.rotate);
    section(
        "How it is judged",
        &format!("kind {}, severity {}, confidence {}", info.kind, info.severity, info.confidence),
    );
    section(
        "Allow one place",
        &format!(
            "Put a comment on the line, or alone on the line above:\nkeytrail:allow {} -- the reason",
            info.id
        ),
    );
    section("Read more", &info.references.join("\n"));
    generate::print(format!("{}\n", text.trim_end()).as_bytes())
}

/// Wraps at 90 columns and indents by two.
fn indent(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let mut width = 0;
        for word in line.split_whitespace() {
            if width == 0 {
                out.push_str("  ");
            } else if width + 1 + word.len() > 88 {
                out.push_str("\n  ");
                width = 0;
            } else {
                out.push(' ');
                width += 1;
            }
            out.push_str(word);
            width += word.len();
        }
        out.push('\n');
    }
    out.trim_end().to_owned()
}
