//! What a file's path and its first lines say about its content.

use crate::document::Document;
use crate::origin::RepoPath;
use std::ops::Range;

/// Endings of source code, where a bare word is a name. In anything else it may be a value.
const CODE: &[&[u8]] = &[
    b"rs", b"go", b"py", b"pyi", b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"java", b"kt", b"kts",
    b"scala", b"c", b"h", b"cc", b"cpp", b"cxx", b"hpp", b"hh", b"cs", b"rb", b"php", b"swift", b"m", b"mm",
    b"lua", b"pl", b"pm", b"r", b"dart", b"hs", b"ex", b"exs", b"erl", b"clj", b"vue", b"svelte", b"groovy",
    b"gradle", b"zig", b"nim", b"ml", b"fs", b"vb", b"sol",
];

/// Other endings of files that checksums are listed of.
const LISTED: &[&[u8]] = &[
    b"css", b"scss", b"html", b"md", b"rst", b"txt", b"pem", b"der", b"crt", b"cer", b"list", b"stderr",
    b"stdout", b"snap", b"json", b"toml", b"yaml", b"yml", b"xml", b"png", b"svg", b"wasm", b"so", b"dll",
];

/// Whether a name is that of a file, as in a list of checksums.
pub fn names_a_file(name: &[u8]) -> bool {
    let ending = name.rsplit(|&byte| byte == b'.').next().filter(|ending| ending.len() < name.len());
    ending.is_some_and(|ending| CODE.contains(&ending) || LISTED.contains(&ending))
}

/// Files that package managers and scanners write: names, versions and checksums.
const LOCKS: &[&[u8]] = &[
    b"package-lock.json",
    b"npm-shrinkwrap.json",
    b"yarn.lock",
    b"pnpm-lock.yaml",
    b"bun.lock",
    b"deno.lock",
    b"Cargo.lock",
    b".cargo-checksum.json",
    b"go.sum",
    b"go.work.sum",
    b"poetry.lock",
    b"uv.lock",
    b"pdm.lock",
    b"Pipfile.lock",
    b"composer.lock",
    b"Gemfile.lock",
    b"mix.lock",
    b"pubspec.lock",
    b"Podfile.lock",
    b"Package.resolved",
    b"packages.lock.json",
    b"gradle.lockfile",
    b"flake.lock",
    b"conan.lock",
    b".terraform.lock.hcl",
    b"MODULE.bazel.lock",
    b"Manifest.toml",
    b".secrets.baseline",
];

/// Names of lists of checksums, whatever their case.
const SUMS: &[&[u8]] = &[
    b"sha1sums",
    b"sha256sums",
    b"sha512sums",
    b"md5sums",
    b"b2sums",
    b"sha256sum.txt",
    b"sha256sums.txt",
    b"sha512sums.txt",
    b"md5sums.txt",
    b"checksums.txt",
    b"checksums",
];

/// Endings of checksums of single files.
const SUM_ENDINGS: &[&[u8]] = &[b".md5", b".sha1", b".sha256", b".sha512", b".b2sum"];

/// Folders of other people's packages. `vendor` alone is too common a word, see [`is_vendored`].
const PACKAGES: &[&[u8]] = &[
    b"node_modules",
    b"bower_components",
    b"jspm_packages",
    b"third_party",
    b"thirdparty",
    b"site-packages",
    b"dist-packages",
    b"Pods",
    b"Carthage",
    b".yarn",
    b".cargo-vendor",
];

/// Folders of inputs and outputs that test ciphers and signatures.
const VECTORS: &[&[u8]] = &[
    b"testvectors",
    b"test_vectors",
    b"test-vectors",
    b"wycheproof",
    b"testvectors_v1",
    b"kat",
    b"cavp",
    b"acvp",
];

/// Endings of what generators write.
const GENERATED: &[&[u8]] = &[
    b".pb.go",
    b".pb.gw.go",
    b".pb.cc",
    b".pb.h",
    b".pb.swift",
    b"_pb2.py",
    b"_pb2.pyi",
    b"_pb2_grpc.py",
    b"_pb.js",
    b"_pb.d.ts",
    b".g.dart",
    b".freezed.dart",
    b".g.cs",
    b".designer.cs",
    b"bindata.go",
];

/// Endings of what bundlers and drawing programs write.
const BUNDLED: &[&[u8]] = &[
    b".min.js",
    b".min.mjs",
    b".min.css",
    b".bundle.js",
    b".chunk.js",
    b".js.map",
    b".mjs.map",
    b".css.map",
    b".ts.map",
    b".svg",
];

/// How much of a file is searched for a generator's mark.
const HEAD: usize = 1 << 10;

/// A line of a script that is longer than this was not written by a person.
const LONGEST_LINE: usize = 2 << 10;

/// Whether a path is that of source code.
pub fn is_code(path: &RepoPath) -> bool {
    let ending = ending(path);
    CODE.iter().any(|code| ending.eq_ignore_ascii_case(code))
}

/// Why values in a document are noise more often than secrets, if they are. What has a shape of its
/// own or proves itself is a secret there too; a value that only a name speaks for is none.
pub fn noise(document: &Document<'_>) -> Option<&'static str> {
    let path = document.path.as_bytes();
    let name = document.path.file_name();
    let ends = |endings: &[&[u8]]| {
        endings.iter().any(|ending| {
            name.len().checked_sub(ending.len()).is_some_and(|at| name[at..].eq_ignore_ascii_case(ending))
        })
    };
    if LOCKS.contains(&name) {
        return Some("it stands in a lock file");
    }
    if ends(SUM_ENDINGS) || SUMS.iter().any(|sums| name.eq_ignore_ascii_case(sums)) {
        return Some("it stands in a list of checksums");
    }
    if is_vendored(path) {
        return Some("it stands in somebody else's package");
    }
    if folders(path).any(|folder| VECTORS.iter().any(|vectors| folder.eq_ignore_ascii_case(vectors))) {
        return Some("it stands among test vectors");
    }
    if ends(GENERATED) || is_generated(document) {
        return Some("it stands in generated code");
    }
    ends(BUNDLED).then_some("it stands in bundled code or a drawing")
}

/// Whether a place in a script stands on a line so long that a bundler wrote it.
pub fn is_minified(path: &RepoPath, text: &[u8], place: &Range<usize>) -> bool {
    const SCRIPTS: [&[u8]; 4] = [b"js", b"mjs", b"cjs", b"css"];
    let is_script = SCRIPTS.iter().any(|script| ending(path).eq_ignore_ascii_case(script));
    if !is_script {
        return false;
    }
    let before = &text[place.start.saturating_sub(LONGEST_LINE)..place.start];
    let before = before.len() - memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let after = &text[place.end..(place.end + LONGEST_LINE).min(text.len())];
    let after = memchr::memchr(b'\n', after).unwrap_or(after.len());
    before + place.len() + after > LONGEST_LINE
}

/// The folders of a path, without the file's own name.
fn folders(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = memchr::memrchr(b'/', path).unwrap_or(0);
    path[..end].split(|&byte| byte == b'/')
}

/// Whether a path leads into packages that were copied in. Below `vendor` they have the name of the
/// host that they came from (Go) or of the manager that put them there (Bundler, Composer).
fn is_vendored(path: &[u8]) -> bool {
    let mut is_below_vendor = false;
    for folder in folders(path) {
        if PACKAGES.contains(&folder)
            || is_below_vendor && (folder.contains(&b'.') || matches!(folder, b"bundle" | b"composer"))
        {
            return true;
        }
        is_below_vendor = matches!(folder, b"vendor" | b"_vendor");
    }
    false
}

/// Whether the first lines of source code say that a program wrote it. In settings the same words
/// mean that another program keeps them, with the secrets that are in them.
fn is_generated(document: &Document<'_>) -> bool {
    if document.start.byte != 0 || !is_code(document.path) {
        return false;
    }
    let head = &document.text[..document.text.len().min(HEAD)];
    if memchr::memmem::find(head, b"@generated").is_some() {
        return true;
    }
    head.split(|&byte| byte == b'\n').any(|line| {
        let lower = line.to_ascii_lowercase();
        let says = |words: &[u8]| memchr::memmem::find(&lower, words).is_some();
        says(b"generated") && (says(b"do not edit") || says(b"do not modify") || says(b"automatically"))
    })
}

/// Endings of source code in which pages are written.
const PAGES: &[&[u8]] =
    &[b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"vue", b"svelte", b"php", b"py", b"rb", b"cs", b"vb"];

/// The ending of a path's name, without its dot; empty if it has none.
pub fn ending(path: &RepoPath) -> &[u8] {
    let name = path.file_name();
    memchr::memrchr(b'.', name).map_or(b"", |dot| &name[dot + 1..])
}

/// Whether a file may hold HTML or XML.
pub fn holds_html(path: &RepoPath) -> bool {
    let ending = ending(path);
    !is_code(path) || PAGES.iter().any(|page| ending.eq_ignore_ascii_case(page))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin::{Origin, OriginKind};
    use std::sync::Arc;

    fn noise_of(path: &str, text: &str) -> Option<&'static str> {
        noise(&Document::whole(
            text.as_bytes(),
            &RepoPath::new(path),
            &Arc::new(Origin::plain(OriginKind::File)),
        ))
    }

    #[test]
    fn endings_tell_code_from_settings() {
        assert!(is_code(&RepoPath::new("a/b.Go")) && is_code(&RepoPath::new("x.tsx")));
        assert!(!is_code(&RepoPath::new("a.rs/.env")) && !is_code(&RepoPath::new("Makefile")));
        assert!(!is_code(&RepoPath::new("conf.yaml")));
    }

    #[test]
    fn noise_is_told_by_its_path() {
        for path in [
            "web/package-lock.json",
            "go.sum",
            "dist/SHA256SUMS",
            "image.iso.sha256",
            "web/node_modules/left/index.js",
            "vendor/github.com/acme/client.go",
            "vendor/bundle/ruby/3.3.0/x.rb",
            "crypto/testvectors/aes.json",
            "api/v1/service.pb.go",
            "static/jquery.min.js",
            "static/app.js.map",
        ] {
            assert!(noise_of(path, "").is_some(), "{path}");
        }
        for path in ["src/vendor/settings.yml", "vendor/client.go", "lock.json", "package.json", "src/map.rs"]
        {
            assert_eq!(noise_of(path, ""), None, "{path}");
        }
    }

    #[test]
    fn generated_code_is_told_by_its_first_lines() {
        let mark = "// Code generated by protoc-gen-go. DO NOT EDIT.\npackage x\n";
        assert!(noise_of("x.go", mark).is_some());
        assert_eq!(noise_of("x.yaml", mark), None, "settings that a program keeps hold secrets");
        assert!(noise_of("x.js", "/* @generated */").is_some());
        assert_eq!(noise_of("x.go", &format!("{}{mark}", "\n".repeat(HEAD))), None);
        assert_eq!(noise_of("x.go", "// password = generated()\n"), None);
    }

    #[test]
    fn minified_code_is_told_by_its_line() {
        let (short, long) = ("x=1;\n".repeat(2000), "x=1;".repeat(2000));
        let path = RepoPath::new("app.js");
        assert!(is_minified(&path, long.as_bytes(), &(4000..4010)));
        assert!(!is_minified(&path, short.as_bytes(), &(4000..4004)));
        assert!(!is_minified(&RepoPath::new("app.json"), long.as_bytes(), &(4000..4010)));
    }
}
