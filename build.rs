//! Compiles `rules/*.toml` into the pack that is embedded in the program. A rule that breaks a rule
//! for rules stops the build.

#![allow(dead_code)] // The rule room has more than the build needs.

#[path = "src/detect/build.rs"]
mod detect;
#[path = "src/kind.rs"]
mod kind;
#[path = "src/level.rs"]
mod level;
#[path = "src/rule/build.rs"]
mod rule;
#[path = "src/rule_info.rs"]
mod rule_info;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rule");
    println!("cargo::rerun-if-changed=src/detect/prefilter");
    let mut paths: Vec<PathBuf> =
        fs::read_dir("rules")?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    let files = paths
        .iter()
        .map(|path| {
            Ok(rule::compile::SourceFile {
                name: path.display().to_string(),
                text: fs::read_to_string(path)?,
            })
        })
        .collect::<Result<Vec<_>, std::io::Error>>()?;
    // Check names are known to the program only; a test makes sure that each exists.
    let blobs = match rule::compile::compile(&files, &|_| true) {
        Ok(blobs) => blobs,
        Err(error) => {
            println!("cargo::error={error}");
            std::process::exit(1);
        }
    };
    // The engine knows rules by their places in the pack.
    let bodies: Vec<(&str, &[u8])> = postcard::from_bytes(&blobs.hot)?;
    let hot = bodies
        .iter()
        .map(|(_, body)| postcard::from_bytes::<rule::pack::CompiledRule>(body))
        .collect::<Result<Vec<_>, _>>()?;
    let cold: Vec<rule::pack::RuleBook> = postcard::from_bytes(&blobs.cold)?;
    let keywords = hot.iter().zip(&cold).zip(0..).flat_map(|((rule, book), owner)| {
        book.keywords.iter().map(move |keyword| (keyword, rule.follow.as_ref(), owner))
    });
    let extra = rule::pack::extra_keywords();
    let extra = extra.iter().map(|(keyword, owner)| (keyword, None, *owner));
    let search = detect::prefilter::Prefilter::layout(keywords.chain(extra), detect::prefilter::THOROUGH);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    fs::write(out.join("pack.hot"), blobs.hot)?;
    fs::write(out.join("pack.cold"), blobs.cold)?;
    fs::write(out.join("pack.search"), search)?;
    Ok(())
}
