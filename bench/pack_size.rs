//! What detection costs as the pack grows: the same text in memory is scanned with the rules of 60
//! providers, of 600, and with the embedded pack, in turn.
//!
//! `cargo bench --bench pack_size [-- FOLDER]`; without a folder, the sources of the crates that
//! cargo has on this machine. The smaller packs hold the generic rules and every so many files of
//! `rules/`, so they are neither the commonest nor the rarest providers.

use keytrail::detect::{Engine, RuleChoice, checks};
use keytrail::document::Document;
use keytrail::origin::{Origin, OriginKind, RepoPath};
use keytrail::rule::Pack;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// How many providers the smaller packs hold.
const SIZES: [usize; 2] = [60, 600];
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
    let mut packs = Vec::new();
    for most in SIZES {
        let some = every_so_many(&files, most, &rules.join("generic.toml"));
        packs.push((some.len(), engine(Pack::of_files(&some, &checks::exists)?)));
    }
    packs.push((files.len(), engine(Pack::embedded()?)));

    // In turn, so that whatever else the machine does touches all alike; the least of each counts.
    let mut least = vec![f64::INFINITY; packs.len()];
    for _ in 0..ROUNDS {
        for ((_, engine), least) in packs.iter().zip(&mut least) {
            let start = Instant::now();
            std::hint::black_box(scan(engine, &texts));
            *least = least.min(start.elapsed().as_secs_f64());
        }
    }
    for ((count, _), seconds) in packs.iter().zip(&least) {
        let (speed, share) = (bytes as f64 / 1e6 / seconds, 100.0 * least[0] / seconds);
        println!("{count:4} rule files: {speed:5.0} MB/s on one core, {share:5.1}% of the fewest");
    }
    Ok(())
}

/// So many of the files at most, as far apart as can be, and always the one with the generic rules.
fn every_so_many(files: &[PathBuf], most: usize, generic: &Path) -> Vec<PathBuf> {
    let count = most.min(files.len());
    let mut some: Vec<PathBuf> =
        (0..count).map(|number| files[number * files.len() / count].clone()).collect();
    if !some.iter().any(|file| file == generic) {
        some.push(generic.to_owned());
    }
    some
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
