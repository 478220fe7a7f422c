//! Random histories: files with secrets in the clear, encoded, halved and split, which are edited
//! from version to version, on branches that part and meet, as streams for `git fast-import`.
//!
//! The same seed gives the same history. Secrets are put together while the test runs.

#![allow(dead_code, reason = "each of the tests that share this file uses a part of it")]

use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
use keytrail::rule::{Pack, template};
use std::collections::{BTreeMap, VecDeque};
use std::io::Write;
use std::sync::LazyLock;

/// Random numbers (`SplitMix64`).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5bd1_e995)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below another one; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        if end == 0 { 0 } else { (self.next() % end as u64) as usize }
    }

    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }

    /// A length of which small ones are the likeliest.
    pub fn length(&mut self) -> usize {
        let most = 1 << self.between(1, 11);
        self.below(most)
    }
}

/// The examples of all rules, and apart from them the counterexamples.
static TEMPLATES: LazyLock<[Vec<String>; 2]> = LazyLock::new(|| {
    let pack = Pack::embedded().expect("the pack can be read");
    let examples = || (0..pack.rules().len()).map(|index| pack.examples(index));
    let sorted = |mut all: Vec<String>| {
        all.sort();
        all.dedup();
        all
    };
    [
        sorted(examples().flat_map(|examples| examples.examples.clone()).collect()),
        sorted(examples().flat_map(|examples| examples.counterexamples.clone()).collect()),
    ]
});

fn expand(template: &str, random: &mut Random) -> Vec<u8> {
    template::expand(template, random.next() >> 16).expect("the template is right")
}

/// What may be found: the text of an example, in most cases.
fn example(random: &mut Random) -> Vec<u8> {
    if random.chance(4) {
        return web_token(random);
    }
    let templates = &TEMPLATES[usize::from(random.chance(20))];
    let at = random.below(templates.len());
    let mut text = expand(&templates[at], random);
    if random.chance(10)
        && let Some(space) = text.iter().position(u8::is_ascii_whitespace)
    {
        // What belongs together stands further apart.
        let count = random.between(1, 60);
        text.splice(space..=space, b"\n  \"port\": 80,\n".repeat(count));
    }
    text
}

/// A token that may be long.
fn web_token(random: &mut Random) -> Vec<u8> {
    let length = random.between(10, 900);
    let claims = ["{\"sub\":\"{{alnum ", &length.to_string(), "}}\",\"iat\":1700000000}"].concat();
    let claims = expand(&claims, random);
    let digits = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signature = expand("{{base64url 43}}", random);
    let head = digits(b"{\"alg\":\"HS256\",\"typ\":\"JWT\"}");
    [head.as_bytes(), b".", digits(&claims).as_bytes(), b".", &signature].concat()
}

/// A key of several lines.
fn key(random: &mut Random) -> Vec<u8> {
    let sort = random.pick(&["rsa", "ec", "ed25519", "openssh", "pgp"]);
    expand(&format!("{{{{pem {sort}}}}}"), random)
}

/// A text in one of the forms that are decoded.
fn encoded(text: &[u8], random: &mut Random) -> Vec<u8> {
    let escapes =
        |form: &dyn Fn(u8) -> String| text.iter().flat_map(|&byte| form(byte).into_bytes()).collect();
    match random.below(16) {
        0 => BASE64.encode(text).into_bytes(),
        1 => [b"token: \"", BASE64.encode(text).as_bytes(), b"\""].concat(),
        2 | 3 => {
            let (width, end) = (random.between(20, 90), random.pick(&["\n", "\n    ", "\r\n", "\n\t"]));
            let digits = BASE64.encode(text).into_bytes();
            digits.chunks(width).collect::<Vec<_>>().join(end.as_bytes())
        }
        4 => escapes(&|byte| format!("%{byte:02x}")),
        5 => escapes(&|byte| format!("\\x{byte:02X}")),
        6 => escapes(&|byte| format!("&#{byte};")),
        7 => escapes(&|byte| format!("\\u{byte:04x}")),
        8 => HEXLOWER.encode(text).into_bytes(),
        9 => serde_json::to_vec(&String::from_utf8_lossy(text)).expect("a text is JSON"),
        10 => {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            gzip.write_all(text).expect("memory takes all");
            BASE64.encode(&gzip.finish().expect("memory takes all")).into_bytes()
        }
        11 => {
            let inner = encoded(text, random);
            encoded(&inner, random)
        }
        12 => format!("kind: Secret\ndata:\n  password: {}", BASE64.encode(text)).into_bytes(),
        13 if text.len() > 200 => {
            // A token in many short literals, further apart than any one of them is long.
            let (indent, mark) =
                (" ".repeat(random.between(0, 60)), random.pick(&["+", ".", "&", "..", "~"]));
            let size = random.between(8, 80);
            let joint = format!("\" {mark}\n{indent}\"");
            let pieces: Vec<_> = text.chunks(size).collect();
            [b"x = \"", &pieces.join(joint.as_bytes())[..], b"\";"].concat()
        }
        13 => {
            let half = random.below(text.len());
            [b"concat!(\"", &text[..half], b"\",\n    \"", &text[half..], b"\")"].concat()
        }
        _ => {
            let joint = random.pick(&[
                "\" + \"",
                "\" +\n    \"",
                "\" . \"",
                "\"\n  \"",
                "' + '",
                "\\\n",
                "\\\n    ",
                "\" & \"",
            ]);
            let parts = random.between(2, 4);
            let quote = if joint.contains('\'') { "'" } else { "\"" };
            let pieces: Vec<_> = text.chunks(text.len() / parts + 1).collect();
            [quote.as_bytes(), &pieces.join(joint.as_bytes()), quote.as_bytes()].concat()
        }
    }
}

/// Text in which nothing should be found.
fn filler(random: &mut Random) -> Vec<u8> {
    let (n, word) = (random.below(1000), random.pick(&["value", "left", "user_name", "table", "handler"]));
    match random.below(10) {
        0 => format!("    return compute({word}, {n}) + offset;").into_bytes(),
        1 => format!("let {word}_{n} = table[{n}];").into_bytes(),
        2 => format!("# The {word} is read once in {n} times, as an example shows.").into_bytes(),
        3 => format!("  {word}: {n}\n  enabled: true").into_bytes(),
        4 => {
            let length = random.between(1, 200);
            expand(&format!("\"sha512-{{{{alnum {length}}}}}\","), random)
        }
        5 => expand("id = {{uuid}}", random),
        6 => {
            let (count, width) = (random.between(2, 30), random.between(16, 80));
            let line = format!("{{{{alnum {width}}}}}");
            let lines: Vec<_> = (0..count).map(|_| expand(&line, random)).collect();
            lines.join(&b'\n')
        }
        7 => format!("function {word}(a,b){{return a[{n}]||b}};").repeat(random.between(1, 40)).into_bytes(),
        8 => vec![b'\n'; random.between(1, 5)],
        _ => format!("{word} {n} lorem ipsum dolor sit amet\n").repeat(random.between(1, 30)).into_bytes(),
    }
}

/// Words that change how what stands near them is judged, or begin something.
fn word(random: &mut Random) -> Vec<u8> {
    let words: [&str; 30] = [
        "example",
        "EXAMPLE",
        "password",
        "secret = ",
        "api_key: ",
        "token",
        "sha256",
        "commit ",
        "test",
        "xxxx",
        "\"",
        "'",
        "`",
        "${",
        "}}",
        "<",
        "=",
        ": ",
        " ",
        "\n",
        "\\",
        "\\\n",
        "://",
        "@",
        "\" + \"",
        "kind: Secret\n",
        "data:\n",
        "-----",
        "concat!(",
        "%",
    ];
    let mut word = random.pick(&words).as_bytes().to_vec();
    if random.chance(3) {
        // A marker of ours: what stands in this file is none.
        word = ["keytrail", ":allow aws-access-key-id -- a test"].concat().into_bytes();
    }
    word
}

/// Some lines. Of a hundred, about `density` may hold something.
fn block(density: usize, random: &mut Random) -> Vec<u8> {
    let mut lines = Vec::new();
    for _ in 0..random.between(1, 6) {
        if !random.chance(density) {
            lines.push(filler(random));
            continue;
        }
        let text = if random.chance(12) { key(random) } else { example(random) };
        let is_plain = random.chance(50) || text.is_empty();
        lines.push(if is_plain { text } else { encoded(&text, random) });
    }
    lines.push(Vec::new());
    lines.join(&b'\n')
}

/// What was begun in a file and is finished in later versions: each step replaces a text by another.
type Steps = VecDeque<(Vec<u8>, Vec<u8>)>;

/// A file in its newest version, before it is put into the form that its name asks for.
#[derive(Clone, Default)]
struct File {
    text: Vec<u8>,
    steps: Vec<Steps>,
}

impl File {
    fn new(density: usize, random: &mut Random) -> Self {
        let mut text = Vec::new();
        for _ in 0..random.below(6) {
            text.extend(block(density, random));
        }
        if random.chance(4) {
            let more = block(density, random);
            while text.len() < random.between(20_000, 90_000) {
                text.extend(filler(random));
                text.push(b'\n');
            }
            text.extend(more);
        }
        Self { text, steps: Vec::new() }
    }

    /// A place in the text; most often where a line begins.
    fn place(&self, random: &mut Random) -> usize {
        let at = random.below(self.text.len() + 1);
        if random.chance(40) {
            return at;
        }
        memchr::memrchr(b'\n', &self.text[..at]).map_or(0, |line_end| line_end + 1)
    }

    /// A stretch of the text; most often some lines.
    fn stretch(&self, random: &mut Random) -> std::ops::Range<usize> {
        let start = self.place(random);
        let end = (start + random.length()).min(self.text.len());
        if random.chance(40) {
            return start..end;
        }
        start..memchr::memchr(b'\n', &self.text[end..]).map_or(self.text.len(), |length| end + length + 1)
    }

    fn insert(&mut self, at: usize, text: &[u8]) {
        self.text.splice(at..at, text.iter().copied());
    }

    fn edit(&mut self, density: usize, random: &mut Random) {
        match random.below(22) {
            0 | 1 => {
                let (at, block) = (self.place(random), block(density, random));
                self.insert(at, &block);
            }
            2 => {
                let stretch = self.stretch(random);
                self.text.drain(stretch);
            }
            3 => {
                let (stretch, block) = (self.stretch(random), block(density, random));
                self.text.splice(stretch, block);
            }
            4 => {
                let moved: Vec<u8> = self.text.drain(self.stretch(random)).collect();
                let at = self.place(random);
                self.insert(at, &moved);
            }
            5 => {
                let twice = self.text[self.stretch(random)].to_vec();
                let at = self.place(random);
                self.insert(at, &twice);
            }
            6 => {
                let (at, length) = (random.below(self.text.len() + 1), random.between(1, 3));
                let bytes: Vec<u8> = (0..length).map(|_| (random.next() >> 7) as u8 | 1).collect();
                self.insert(at, &bytes);
            }
            7 => {
                let at = random.below(self.text.len());
                self.text.drain(at..(at + random.between(1, 3)).min(self.text.len()));
            }
            8 | 9 => self.begin(random),
            10 | 11 => {
                let (at, word) = (random.below(self.text.len() + 1), word(random));
                self.insert(at, &word);
            }
            12 => {
                let block = block(density, random);
                self.text.extend(block);
            }
            13 => {
                let block = block(density, random);
                self.insert(0, &block);
            }
            14 => {
                let text = String::from_utf8_lossy(&self.text).into_owned();
                self.text = if text.contains("\r\n") {
                    text.replace("\r\n", "\n").into_bytes()
                } else {
                    text.replace('\n', "\r\n").into_bytes()
                };
            }
            15 => {
                // Another file under the same name.
                if random.chance(30) {
                    *self = Self::new(density, random);
                }
            }
            16 => {
                if random.chance(15) {
                    let at = self.place(random);
                    self.insert(at, b"\0");
                }
            }
            17 => {
                let (at, n) = (self.place(random), random.length());
                self.insert(at, &b"    offset += 1;\n".repeat(n / 17 + 1));
            }
            _ => self.go_on(random),
        }
    }

    /// Begins something that later versions finish: half a secret, a secret that grows line by line,
    /// a secret that is broken and made whole, or a word that comes and goes.
    fn begin(&mut self, random: &mut Random) {
        let plain = example(random);
        let whole = match random.below(4) {
            0 => key(random),
            1 => plain,
            _ if plain.is_empty() => plain,
            _ => encoded(&plain, random),
        };
        if whole.len() < 8 {
            return;
        }
        let mut at = self.place(random);
        let mut steps = Steps::new();
        match random.below(5) {
            0 => {
                // The first half, then the second one.
                let half = random.between(4, whole.len() - 1);
                self.insert(at, &[&whole[..half], b"\n"].concat());
                steps.push_back((whole[..half].to_vec(), whole));
            }
            1 => {
                // The second half, then the first one.
                let half = random.between(1, whole.len() - 4);
                self.insert(at, &[&whole[half..], b"\n"].concat());
                steps.push_back((whole[half..].to_vec(), whole));
            }
            2 => {
                // Piece by piece.
                let size = if whole.contains(&b'\n') { 65 } else { whole.len() / 3 + 1 };
                let mut so_far = whole[..size.min(whole.len())].to_vec();
                self.insert(at, &so_far);
                for piece in whole.chunks(size).skip(1) {
                    let longer = [&so_far, piece].concat();
                    steps.push_back((so_far, longer.clone()));
                    so_far = longer;
                }
            }
            3 => {
                // Broken, and made whole.
                let broken = {
                    let place = random.between(1, whole.len() - 1);
                    [&whole[..place], &word(random), &whole[place..]].concat()
                };
                self.insert(at, &[&broken[..], b"\n"].concat());
                steps.push_back((broken.clone(), whole.clone()));
                steps.push_back((whole, broken));
            }
            _ => {
                // Near something, far from it, and near again.
                at = self.place(random);
                let (beside, far) = (word(random), b"offset -= 1;\n".repeat(random.length() / 13 + 1));
                self.insert(at, &[&beside[..], &whole[..], b"\n"].concat());
                steps.push_back((whole.clone(), [&far[..], &whole[..]].concat()));
                steps.push_back((far, Vec::new()));
                steps.push_back((beside, Vec::new()));
            }
        }
        self.steps.push(steps);
    }

    /// Takes the next step of something that was begun.
    fn go_on(&mut self, random: &mut Random) {
        if self.steps.is_empty() {
            return self.begin(random);
        }
        let at = random.below(self.steps.len());
        let Some((old, new)) = self.steps[at].pop_front() else {
            self.steps.swap_remove(at);
            return;
        };
        if let Some(place) = memchr::memmem::find(&self.text, &old) {
            self.text.splice(place..place + old.len(), new);
        }
    }

    /// The bytes of the file, in the form that its name asks for.
    fn bytes(&self, path: &[u8]) -> Vec<u8> {
        let text = || String::from_utf8_lossy(&self.text);
        let ends = |end: &str| path.ends_with(end.as_bytes());
        if ends("wide.txt") {
            let units = text();
            [0xff, 0xfe].into_iter().chain(units.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        } else if ends("wide.cs") {
            text().encode_utf16().flat_map(u16::to_be_bytes).collect()
        } else if ends(".bin") {
            [b"\x7fELF\x02\x01\0\0\0\0", &self.text[..]].concat()
        } else if ends(".ipynb") {
            let text = text();
            let lines: Vec<&str> = text.split_inclusive('\n').collect();
            let cell =
                serde_json::json!({"cell_type": "code", "metadata": {}, "outputs": [], "source": lines});
            let book = serde_json::json!({"cells": [cell], "metadata": {}, "nbformat": 4});
            serde_json::to_vec_pretty(&book).expect("a text is JSON")
        } else if ends(".gz") {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            gzip.write_all(&self.text).expect("memory takes all");
            gzip.finish().expect("memory takes all")
        } else {
            self.text.clone()
        }
    }
}

const FOLDERS: [&[u8]; 12] = [
    b"",
    b"",
    b"src/",
    b"src/deep/er/",
    b"tests/",
    b"docs/",
    b"a \"quoted\" one/",
    "\u{fc}ml\u{e4}ut/".as_bytes(),
    b"tab\there/",
    b"no\xff utf-8/",
    b"vendor/x/",
    b"fixtures/",
];

const NAMES: [&[u8]; 29] = [
    b"main.rs",
    b"app.py",
    b"index.js",
    b"index.php",
    b"values.yaml",
    b".env",
    b"settings.json",
    b"notes.txt",
    b"LICENSE",
    b"analysis.ipynb",
    b"data.bin",
    b"wide.txt",
    b"wide.cs",
    b"page.html",
    b"package-lock.json",
    b"infra.tf",
    b"Main.java",
    b"x.min.js",
    b"server.go",
    b"test_app.py",
    b"id_rsa",
    b"dump.sql.gz",
    b"run.sh",
    b"lib.lua",
    b"pom.xml",
    b"line\nend.rb",
    b"config.ini",
    b".npmrc",
    b"query.sql",
];

#[derive(Clone)]
enum Entry {
    File { file: File, is_program: bool },
    Link(Vec<u8>),
    Submodule(String),
}

struct Branch {
    name: String,
    tip: String,
    entries: BTreeMap<Vec<u8>, Entry>,
}

/// A repository's history while it grows.
pub struct History {
    random: Random,
    branches: Vec<Branch>,
    /// The length of an object id in digits.
    digits: usize,
    commits: usize,
    tags: usize,
    density: usize,
    gone: Vec<Entry>,
}

impl History {
    /// Nothing yet.
    pub fn new(seed: u64, digits: usize) -> Self {
        let mut random = Random::new(seed);
        let density = [0, 4, 4, 10, 30][random.below(5)];
        Self { random, branches: Vec::new(), digits, commits: 0, tags: 0, density, gone: Vec::new() }
    }

    /// The names of the branches.
    pub fn branches(&self) -> Vec<String> {
        self.branches.iter().map(|branch| branch.name.clone()).collect()
    }

    /// Forgets a branch.
    pub fn forget(&mut self, name: &str) {
        self.branches.retain(|branch| branch.name != name);
    }

    /// Forgets all branches: what comes next has no place in this history.
    pub fn forget_all(&mut self) {
        self.branches.clear();
    }

    /// A text that is in no commit.
    pub fn text(&mut self) -> Vec<u8> {
        File::new(self.density.max(30), &mut self.random).text
    }

    /// More commits, as a stream for `git fast-import`.
    pub fn stream(&mut self, commits: usize) -> Vec<u8> {
        let mut out = Vec::new();
        // The marks of an earlier stream are forgotten.
        for branch in &mut self.branches {
            branch.tip = format!("{}^0", branch.name);
        }
        for _ in 0..commits {
            self.commit(&mut out);
            if self.random.chance(6) {
                self.tag(&mut out);
            }
        }
        out
    }

    fn message(&mut self) -> Vec<u8> {
        let mut message = format!("Commit {}\n\n", self.commits).into_bytes();
        if self.random.chance(self.density / 2 + 2) {
            message.extend(block(70, &mut self.random));
        }
        if self.random.chance(5) {
            message.extend(b"not \xff UTF-8, commit 0123456789abcdef\n");
        }
        message
    }

    fn tag(&mut self, out: &mut Vec<u8>) {
        self.tags += 1;
        let at = self.random.below(self.branches.len());
        let message = self.message();
        let tip = &self.branches[at].tip;
        out.extend(
            format!("tag v{}\nfrom {tip}\ntagger T <t@example.com> 1700000000 +0000\n", self.tags).bytes(),
        );
        data(out, &message);
    }

    fn commit(&mut self, out: &mut Vec<u8>) {
        if self.branches.is_empty() {
            let name = "refs/heads/main".to_owned();
            self.branches.push(Branch { name, tip: String::new(), entries: BTreeMap::new() });
        }
        self.commits += 1;
        let mut at = self.random.below(self.branches.len());
        if self.random.chance(12) && !self.branches[at].tip.is_empty() {
            let (tip, entries) = (self.branches[at].tip.clone(), self.branches[at].entries.clone());
            let folder = self.random.pick(&["refs/heads/b", "refs/heads/topic/b", "refs/remotes/o/b"]);
            let name = format!("{folder}{}", self.commits);
            // Without a common ancestor, now and then.
            let branch = if self.random.chance(15) {
                Branch { name, tip: String::new(), entries: BTreeMap::new() }
            } else {
                Branch { name, tip, entries }
            };
            self.branches.push(branch);
            at = self.branches.len() - 1;
        }
        let message = self.message();
        let time = 1_600_000_000 + 60 * self.commits;
        let mut body = format!("commit {}\nmark :{}\n", self.branches[at].name, self.commits).into_bytes();
        body.extend(format!("committer A U Thor <author@example.com> {time} +0100\n").bytes());
        data(&mut body, &message);
        if !self.branches[at].tip.is_empty() {
            body.extend(format!("from {}\n", self.branches[at].tip).bytes());
        }
        let mut changes = Vec::new();
        if self.random.chance(15) && self.branches.len() > 1 {
            let other = self.random.below(self.branches.len());
            if other != at && !self.branches[other].tip.is_empty() && !self.branches[at].tip.is_empty() {
                body.extend(format!("merge {}\n", self.branches[other].tip).bytes());
                for (path, entry) in self.branches[other].entries.clone() {
                    if self.random.chance(40) {
                        self.put(at, &path, entry, &mut changes);
                    }
                }
            }
        }
        for _ in 0..self.random.between(1, 3) {
            self.change(at, &mut changes);
        }
        body.extend(changes);
        body.push(b'\n');
        self.branches[at].tip = format!(":{}", self.commits);
        out.extend(body);
    }

    fn some_path(&mut self) -> Vec<u8> {
        let (folder, name) = (self.random.below(FOLDERS.len()), self.random.below(NAMES.len()));
        [FOLDERS[folder], NAMES[name]].concat()
    }

    /// A path that a branch has.
    fn known_path(&mut self, at: usize) -> Option<Vec<u8>> {
        let entries = &self.branches[at].entries;
        let nth = self.random.below(entries.len());
        entries.keys().nth(nth).cloned()
    }

    fn put(&mut self, at: usize, path: &[u8], entry: Entry, out: &mut Vec<u8>) {
        let (mode, bytes) = match &entry {
            Entry::File { file, is_program } => {
                (if *is_program { "100755" } else { "100644" }, file.bytes(path))
            }
            Entry::Link(target) => ("120000", target.clone()),
            Entry::Submodule(id) => {
                out.extend(format!("M 160000 {id} ").bytes());
                quote(out, path);
                self.branches[at].entries.insert(path.to_vec(), entry);
                return;
            }
        };
        out.extend(format!("M {mode} inline ").bytes());
        quote(out, path);
        data(out, &bytes);
        self.branches[at].entries.insert(path.to_vec(), entry);
    }

    fn remove(&mut self, at: usize, path: &[u8], out: &mut Vec<u8>) -> Option<Entry> {
        out.extend(b"D ");
        quote(out, path);
        let entry = self.branches[at].entries.remove(path);
        self.gone.extend(entry.clone());
        entry
    }

    fn change(&mut self, at: usize, out: &mut Vec<u8>) {
        let count = self.branches[at].entries.len();
        let Some(path) = self.known_path(at).filter(|_| count > 2 || self.random.chance(50)) else {
            let (path, file) = (self.some_path(), File::new(self.density, &mut self.random));
            return self.put(at, &path, Entry::File { file, is_program: false }, out);
        };
        match self.random.below(30) {
            0 => {
                let (path, file) = (self.some_path(), File::new(self.density, &mut self.random));
                self.put(at, &path, Entry::File { file, is_program: false }, out);
            }
            1 => {
                self.remove(at, &path, out);
            }
            2 => {
                let entry = self.branches[at].entries[&path].clone();
                let copy = self.some_path();
                self.put(at, &copy, entry, out);
            }
            3 => {
                if let Some(entry) = self.remove(at, &path, out) {
                    let other = self.some_path();
                    self.put(at, &other, entry, out);
                }
            }
            4 if !self.gone.is_empty() => {
                let nth = self.random.below(self.gone.len());
                let (path, entry) = (self.some_path(), self.gone[nth].clone());
                self.put(at, &path, entry, out);
            }
            5 if self.random.chance(30) => {
                let (path, density) = ([&self.some_path()[..], b".link"].concat(), self.density);
                let target = if self.random.chance(density) {
                    example(&mut self.random).into_iter().filter(|&byte| byte != 0).collect()
                } else {
                    b"../some/where".to_vec()
                };
                self.put(at, &path, Entry::Link(target), out);
            }
            6 if self.random.chance(30) => {
                let path = [&self.some_path()[..], b".module"].concat();
                let digit = self.random.pick(&["1", "a", "7"]);
                self.put(at, &path, Entry::Submodule(digit.repeat(self.digits)), out);
            }
            _ => {
                let (mut entry, density) = (self.branches[at].entries[&path].clone(), self.density);
                if let Entry::File { file, is_program } = &mut entry {
                    for _ in 0..self.random.between(1, 3) {
                        file.edit(density, &mut self.random);
                    }
                    *is_program ^= self.random.chance(3);
                    if !file.steps.is_empty() && self.random.chance(10) {
                        file.steps.clear();
                    }
                }
                self.put(at, &path, entry, out);
            }
        }
    }
}

fn data(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend(format!("data {}\n", bytes.len()).bytes());
    out.extend(bytes);
    out.push(b'\n');
}

/// A path as `git fast-import` reads it, and the end of the line.
fn quote(out: &mut Vec<u8>, path: &[u8]) {
    out.push(b'"');
    for &byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    out.extend(b"\"\n");
}
