//! What the parts of a scan cost, each alone: the prefilter, the engine, a walk through deltas, the
//! reports. `cargo bench --bench parts [-- NAME]`. All texts are made here.

#[path = "../tests/common/packs.rs"]
mod packs;

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use keytrail::coverage::Coverage;
use keytrail::detect::prefilter::Prefilter;
use keytrail::detect::probe::{Common, Floor, Probe};
use keytrail::detect::{Engine, RuleChoice};
use keytrail::document::Document;
use keytrail::finding::Finding;
use keytrail::history::pack::delta::apply;
use keytrail::level::Confidence;
use keytrail::origin::{Origin, OriginKind, RepoPath};
use keytrail::report::{self, Format, Outcome, Report, Style};
use keytrail::rule::{Pack, template};
use keytrail::scan::Scan;
use keytrail::settings::{Overrides, Settings};
use keytrail::source::{Source, SourceError, Visit};
use packs::Delta;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

fn main() {
    divan::main();
}

static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
    let pack = Pack::embedded().expect("the embedded pack is whole");
    Engine::new(Arc::new(pack), &RuleChoice::default())
});

static SETTINGS: LazyLock<Settings> = LazyLock::new(|| {
    let nothing = Overrides::default;
    Settings::resolve(None, nothing(), nothing()).expect("the defaults are valid")
});

/// Code without secrets; every line is another.
fn code(lines: usize) -> Vec<u8> {
    let line = |number: usize| {
        let (name, other) = (number * 7919 % 1009, number * 104_729 % 997);
        format!(
            "    let total_{name} = compute(input_{other}, &options)? + offset[{number}]; // see {other}\n"
        )
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

/// Settings with a token of some vendor in each of so many paragraphs.
fn secrets(count: usize) -> Vec<u8> {
    let pack = ENGINE.pack();
    let mut text = Vec::new();
    for number in 0..count {
        let examples = pack.examples(number * 13 % pack.rules().len());
        let example = &examples.examples[number % examples.examples.len()];
        text.extend(template::expand(example, number as u64).expect("the pack's examples are checked"));
        text.extend(b"\n\n");
        text.extend(code(6));
    }
    text
}

fn scan(path: &str, text: &[u8]) -> usize {
    let (path, origin) = (RepoPath::new(path), Arc::new(Origin::plain(OriginKind::File)));
    ENGINE.scan(&Document::whole(text, &path, &origin)).matches.len()
}

#[divan::bench]
fn prefilter(bencher: Bencher) {
    let filter =
        Prefilter::from_bytes(ENGINE.pack().laid_out().expect("the pack is the embedded one").into());
    let (filter, text) = (filter.expect("the block is whole"), code(40_000));
    bencher.counter(BytesCount::of_slice(&text)).bench(|| {
        let mut count = 0;
        filter.find(&text, 0..text.len(), |_, _, _| count += 1);
        count
    });
}

#[divan::bench]
fn engine_on_code(bencher: Bencher) {
    let text = code(40_000);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| scan("src/main.rs", &text));
}

#[divan::bench]
fn engine_on_secrets(bencher: Bencher) {
    let text = secrets(2_000);
    bencher.counter(BytesCount::of_slice(&text)).bench(|| scan("settings.txt", &text));
}

/// A version of a text, and the delta that makes it from the one before.
struct Version {
    delta: Delta,
    length: usize,
}

/// So many versions, each with some lines more than the one before.
fn versions(base: &[u8], count: usize) -> Vec<Version> {
    const EDITS: usize = 4;
    let mut older = base.len();
    let version = |number: usize| {
        let added = [(); EDITS].map(|()| format!("    step_{number}(&state)?;\n"));
        let length = older + added.iter().map(String::len).sum::<usize>();
        let piece = older / (EDITS + 1);
        let mut delta = Delta::new(older, length);
        for (edit, added) in added.iter().enumerate() {
            delta = delta.copy(edit * piece, piece).put(added.as_bytes());
        }
        delta = delta.copy(EDITS * piece, older - EDITS * piece);
        older = length;
        Version { delta, length }
    };
    (0..count).map(version).collect()
}

/// Makes 500 versions of a text of 100 kB from their deltas.
#[divan::bench]
fn deltas_applied(bencher: Bencher) {
    let base = code(1_000);
    let versions = versions(&base, 500);
    let bytes: usize = versions.iter().map(|version| version.length).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        walk(&base, &versions, |_, _, _| ());
    });
}

/// The same, and tells of each whether something would be reported of it.
#[divan::bench]
fn deltas_probed(bencher: Bencher) {
    let base = code(1_000);
    let versions = versions(&base, 500);
    let bytes: usize = versions.iter().map(|version| version.length).sum();
    let probe = Probe::new(&ENGINE, &Floor { confidence: Confidence::Medium, any_of: &|_| false });
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let mut traces = probe.whole(&base, false);
        let mut hot = 0;
        walk(&base, &versions, |older, newer, common| {
            traces = probe.newer(newer, false, &traces, older.len(), common);
            hot += usize::from(traces.is_hot());
        });
        hot
    });
}

fn walk(base: &[u8], versions: &[Version], mut see: impl FnMut(&[u8], &[u8], &[Common])) {
    let (mut older, mut newer, mut common) = (base.to_vec(), Vec::new(), Vec::new());
    for version in versions {
        apply(&older, &version.delta.0, &mut newer, &mut common).expect("the delta is whole");
        see(&older, &newer, &common);
        std::mem::swap(&mut older, &mut newer);
    }
}

struct Files(Vec<(RepoPath, Vec<u8>)>);

impl Source for Files {
    fn read(&self, visit: &Visit<'_>, _: &Coverage) -> Result<(), SourceError> {
        let origin = Arc::new(Origin::plain(OriginKind::File));
        self.0.iter().for_each(|(path, text)| visit(&Document::whole(text, path, &origin)));
        Ok(())
    }
}

static FINDINGS: LazyLock<Vec<Finding>> = LazyLock::new(|| {
    let files = (0..100).map(|number| (RepoPath::new(format!("config/{number}.txt")), secrets(40)));
    let coverage = Coverage::default();
    let scan = Scan::new(&ENGINE, &SETTINGS, &coverage, true);
    scan.read(&Files(files.collect())).expect("nothing to read from disk");
    scan.finish().0
});

#[divan::bench(args = Format::ALL.map(Format::name))]
fn report(bencher: Bencher, format: &str) {
    let format: Format = format.parse().expect("it is one of all");
    let coverage = Coverage::default().finish();
    let report = Report {
        now: keytrail::moment::Moment::EPOCH,
        key_id: "public",
        policy: None,
        findings: &FINDINGS,
        coverage: &coverage,
        version: "0.0.0",
        root: None,
        is_repository: false,
        fail_on: None,
        min_confidence: Confidence::Medium,
        elapsed: Duration::ZERO,
        show_secrets: false,
        warnings: &[],
        outcome: Outcome { blocking: 0, complete: true },
        sarif_suppressed: false,
        category: None,
    };
    bencher.counter(ItemsCount::new(FINDINGS.len())).bench(|| {
        let mut out = Vec::new();
        report::write(format, &report, &mut out, Style::default()).expect("memory can be written");
        out
    });
}
