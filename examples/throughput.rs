use keytrail::detect::{Engine, RuleChoice};
use keytrail::document::{Document, Encoding};
use keytrail::origin::{Origin, OriginKind, Position, RepoPath};
use keytrail::rule::Pack;
use std::sync::Arc;
use std::time::Instant;
fn walk(p: &std::path::Path, out: &mut Vec<Vec<u8>>) {
    for e in std::fs::read_dir(p).unwrap() {
        let e = e.unwrap();
        if e.file_type().unwrap().is_dir() {
            walk(&e.path(), out)
        } else if e.file_type().unwrap().is_file() {
            let b = std::fs::read(e.path()).unwrap();
            if b.len() < 4_000_000 {
                out.push(b)
            }
        }
    }
}
fn main() {
    let mut files = Vec::new();
    for a in std::env::args().skip(1) {
        walk(std::path::Path::new(&a), &mut files);
    }
    let total: usize = files.iter().map(Vec::len).sum();
    let t = Instant::now();
    let pack = Arc::new(Pack::embedded().unwrap());
    println!("pack {:?} rules {}", t.elapsed(), pack.rules().len());
    let t = Instant::now();
    let engine = Engine::new(pack.clone(), &RuleChoice::default()).unwrap();
    println!("engine {:?}", t.elapsed());
    let origin = Arc::new(Origin::plain(OriginKind::File));
    let path = RepoPath::new("x");
    for _ in 0..3 {
        let t = Instant::now();
        let mut n = 0;
        for f in &files {
            let d = Document {
                text: f,
                own: 0..f.len(),
                start: Position::START,
                path: &path,
                origin: &origin,
                encoding: Encoding::Bytes,
                added: None,
            };
            n += engine
                .scan(&d)
                .matches
                .iter()
                .filter(|m| m.confidence >= keytrail::level::Confidence::Medium)
                .count();
        }
        let e = t.elapsed().as_secs_f64();
        println!(
            "{} files {:.1} MB in {:.3}s = {:.0} MB/s, {} matches",
            files.len(),
            total as f64 / 1e6,
            e,
            total as f64 / 1e6 / e,
            n
        );
    }
}
