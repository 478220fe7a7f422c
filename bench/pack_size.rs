//! What detection costs as the pack grows: the same text in memory is scanned with the rules of 60
//! providers and with the embedded pack, in turn.
//!
//! `cargo bench --bench pack_size [-- FOLDER]`; without a folder, the sources of the crates that
//! cargo has on this machine. The smaller pack holds the generic rules and every so many files of
//! `rules/`, so it is neither the commonest nor the rarest providers.

use keytrail::detect::{Engine, RuleChoice, checks};
use keytrail::document::Document;
use keytrail::origin::{Origin, OriginKind, RepoPath};
use keytrail::rule::Pack;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// How many providers the smaller pack holds.
const FEW: usize = 60;
const ROUNDS: usize = 7;
/// More text than this says nothing new.
const MOST_BYTES: usize = 256 << 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).map(PathBuf::from);
    let folder = folder.or_else(crate_sources).ok_or("name a folder with source code")?;
    let mut texts = Vec::new();
    read_into(&folder, &mut texts)?;
    let bytes: usize = texts.iter().map(|(_, text)| text.len()).sum();
    println!("{}: {} files, {} MB", folder.display(), texts.len(), bytes / 1_000_000);

    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&rules)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    let step = files.len().div_ceil(FEW);
    let mut few: Vec<PathBuf> = files.iter().step_by(step).cloned().collect();
    let generic = rules.join("generic.toml");
    if !few.contains(&generic) {
        few.push(generic);
    }
    let (few_count, all_count) = (few.len(), files.len());
    let few = engine(Pack::of_files(&few, &checks::exists)?);
    let all = engine(Pack::embedded()?);

    // In turn, so that whatever else the machine does touches both alike; the least of each counts.
    let mut least = [f64::INFINITY; 2];
    for _ in 0..ROUNDS {
        for (engine, least) in [&few, &all].into_iter().zip(&mut least) {
            let start = Instant::now();
            std::hint::black_box(scan(engine, &texts));
            *least = least.min(start.elapsed().as_secs_f64());
        }
    }
    let [few, all] = least.map(|seconds| bytes as f64 / 1e6 / seconds);
    println!("{few_count:4} rule files: {few:5.0} MB/s on one core");
    println!("{all_count:4} rule files: {all:5.0} MB/s on one core, {:.1}% of the former", 100.0 * all / few);
    Ok(())
}

fn crate_sources() -> Option<PathBuf> {
    let cargo = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let cargo = cargo.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")))?;
    Some(cargo.join("registry").join("src"))
}

fn read_into(folder: &Path, texts: &mut Vec<(RepoPath, Vec<u8>)>) -> std::io::Result<()> {
    let mut total: usize = texts.iter().map(|(_, text)| text.len()).sum();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            read_into(&entry.path(), texts)?;
        } else if kind.is_file() && total < MOST_BYTES {
            let text = std::fs::read(entry.path())?;
            if memchr::memchr(0, &text[..text.len().min(8192)]).is_none() {
                total += text.len();
                texts.push((RepoPath::from_path(&entry.path()), text));
            }
        }
    }
    Ok(())
}

fn engine(pack: Pack) -> Engine {
    Engine::new(Arc::new(pack), &RuleChoice::default())
}

fn scan(engine: &Engine, texts: &[(RepoPath, Vec<u8>)]) -> usize {
    let origin = Arc::new(Origin::plain(OriginKind::File));
    texts
        .iter()
        .map(|(path, text)| {
            let document = Document::whole(text, path, &origin);
            engine.scan(&document).matches.len()
        })
        .sum()
}
