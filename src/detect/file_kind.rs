//! What a file's name says about its content.

use crate::origin::RepoPath;

/// Endings of source code, where a bare word is a name. In anything else it may be a value.
const CODE: &[&[u8]] = &[
    b"rs", b"go", b"py", b"pyi", b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"java", b"kt", b"kts",
    b"scala", b"c", b"h", b"cc", b"cpp", b"cxx", b"hpp", b"hh", b"cs", b"rb", b"php", b"swift", b"m", b"mm",
    b"lua", b"pl", b"pm", b"r", b"dart", b"hs", b"ex", b"exs", b"erl", b"clj", b"vue", b"svelte", b"groovy",
    b"gradle", b"zig", b"nim", b"ml", b"fs", b"vb", b"sol",
];

/// Endings of source code in which pages are written.
const PAGES: &[&[u8]] =
    &[b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"vue", b"svelte", b"php", b"py", b"rb", b"cs", b"vb"];

/// The ending of a path's name, without its dot; empty if it has none.
pub fn ending(path: &RepoPath) -> &[u8] {
    let name = path.file_name();
    memchr::memrchr(b'.', name).map_or(b"", |dot| &name[dot + 1..])
}

/// Whether a path is that of source code.
pub fn is_code(path: &RepoPath) -> bool {
    let ending = ending(path);
    CODE.iter().any(|code| ending.eq_ignore_ascii_case(code))
}

/// Whether a file may hold HTML or XML.
pub fn holds_html(path: &RepoPath) -> bool {
    let ending = ending(path);
    !is_code(path) || PAGES.iter().any(|page| ending.eq_ignore_ascii_case(page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_tell_code_from_settings() {
        assert!(is_code(&RepoPath::new("a/b.Go")) && is_code(&RepoPath::new("x.tsx")));
        assert!(!is_code(&RepoPath::new("a.rs/.env")) && !is_code(&RepoPath::new("Makefile")));
        assert!(!is_code(&RepoPath::new("conf.yaml")));
    }
}
