//! What a file's name says about its content.

use crate::origin::RepoPath;

/// Endings of source code, where a bare word is a name. In anything else it may be a value.
const CODE: &[&[u8]] = &[
    b"rs", b"go", b"py", b"pyi", b"js", b"mjs", b"cjs", b"jsx", b"ts", b"tsx", b"java", b"kt", b"kts",
    b"scala", b"c", b"h", b"cc", b"cpp", b"cxx", b"hpp", b"hh", b"cs", b"rb", b"php", b"swift", b"m", b"mm",
    b"lua", b"pl", b"pm", b"r", b"dart", b"hs", b"ex", b"exs", b"erl", b"clj", b"vue", b"svelte", b"groovy",
    b"gradle", b"zig", b"nim", b"ml", b"fs", b"vb", b"sol",
];

/// Whether a path is that of source code.
pub fn is_code(path: &RepoPath) -> bool {
    let name = path.file_name();
    let Some(dot) = memchr::memrchr(b'.', name) else { return false };
    let ending = &name[dot + 1..];
    CODE.iter().any(|code| ending.eq_ignore_ascii_case(code))
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
