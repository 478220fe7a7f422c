//! The text of the hooks that keytrail writes: POSIX shell, which git for Windows runs too.
//!
//! The second line of each says who wrote it, in which version and form, with a checksum over the
//! whole, so that a file can be told to be ours and to stand as it was written.

use sha2::{Digest, Sha256};

/// The version of the scripts below: raised whenever their text changes.
pub(super) const VERSION: u32 = 1;

/// What the name of a saved hook ends with.
pub(super) const PREVIOUS: &str = ".keytrail-previous";

const MARK: &str = "# keytrail-hook ";

/// Room for the checksum while it is computed.
const NO_SUM: &str = "0000000000000000";

/// What a script does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Runs the hook that was here before, then keytrail.
    Chain,
    /// The same, for the folder that all repositories share: runs the repository's own hook in
    /// between, which `core.hooksPath` would hide.
    Global,
    /// Only runs the repository's own hook.
    Pass,
}

impl Form {
    const fn name(self) -> &'static str {
        match self {
            Self::Chain => "chain",
            Self::Global => "global",
            Self::Pass => "pass",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Chain, Self::Global, Self::Pass].into_iter().find(|form| form.name() == name)
    }
}

/// What a script of ours says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    /// The version of its text.
    pub(super) version: u32,
    /// What it does; `None` for a form that a later version knows.
    pub(super) form: Option<Form>,
    /// Whether the folder was made for it.
    pub(super) made_folder: bool,
    /// Whether it stands as it was written.
    pub(super) intact: bool,
}

/// The whole text of a hook.
pub(super) fn text(form: Form, name: &str, made_folder: bool) -> String {
    let parts: &[&str] = match form {
        Form::Chain => &[ABOUT_CHAIN, HERE, PREVIOUS_HOOK, RUN_CHAIN, KEYTRAIL],
        Form::Global => &[ABOUT_GLOBAL, HERE, OWN_HOOK, PREVIOUS_HOOK, RUN_GLOBAL, KEYTRAIL],
        Form::Pass => &[ABOUT_PASS, HERE, OWN_HOOK, RUN_PASS],
    };
    // A checkout on Windows may have turned the ends of this file's lines.
    let body = parts.concat().replace('\r', "").replace("@NAME@", name).replace("@PREVIOUS@", PREVIOUS);
    let mark = |sum: &str| {
        let made = if made_folder { " made-folder" } else { "" };
        format!("#!/bin/sh\n{MARK}{VERSION} {} {name} {sum}{made}\n{body}", form.name())
    };
    mark(&sum(&mark(NO_SUM)))
}

/// What the script says about itself; `None` where it is not ours.
pub(super) fn recognize(bytes: &[u8]) -> Option<Mark> {
    let text = std::str::from_utf8(bytes).ok()?;
    let line = text.lines().nth(1)?.strip_prefix(MARK)?;
    let mut fields = line.split(' ');
    let version = fields.next()?.parse().ok()?;
    let form = Form::from_name(fields.next()?);
    let _name = fields.next()?;
    let stated = fields.next()?;
    let made_folder = fields.next() == Some("made-folder");
    let blank = text.replacen(&format!(" {stated}"), &format!(" {NO_SUM}"), 1);
    Some(Mark { version, form, made_folder, intact: sum(&blank) == stated })
}

/// Whether a hook is written for a shell of the Bourne family, so that ours can run it under the
/// name that it had.
pub(super) fn is_shell(bytes: &[u8]) -> bool {
    let first = bytes.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Ok(first) = std::str::from_utf8(first) else { return false };
    let Some(interpreter) = first.strip_prefix("#!") else { return false };
    let shell = |word: &str| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "dash"));
    interpreter.split_whitespace().rfind(|word| !word.starts_with('-')).is_some_and(shell)
}

fn sum(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    data_encoding::HEXLOWER.encode(&hash[..NO_SUM.len() / 2])
}

const ABOUT_CHAIN: &str = r"# Written by `keytrail hook install`. The hook that was here before is kept beside this file, as
# @NAME@@PREVIOUS@, and still runs first. `keytrail hook uninstall` puts it back.
";

const ABOUT_GLOBAL: &str = r"# Written by `keytrail hook install --global` for all repositories of this user. The repository's
# own hook still runs first. `keytrail hook uninstall --global` takes this away.
";

const ABOUT_PASS: &str = r"# Written by `keytrail hook install --global`: core.hooksPath would hide the repository's own
# @NAME@ hook, so this runs it. `keytrail hook uninstall --global` takes this away.
";

const HERE: &str = r"
name='@NAME@'
case $0 in
*/*) here=${0%/*} ;;
*) here=. ;;
esac
";

const PREVIOUS_HOOK: &str = r#"
previous=$here/$name@PREVIOUS@

# Runs the hook that was here before. A shell script is read by its own shell under its old name,
# because some look at $0 to learn which hook they are.
run_previous() {
	if [ ! -f "$previous" ] || [ ! -x "$previous" ]; then
		return 0
	fi
	first=
	IFS= read -r first <"$previous" || :
	case $first in
	'#!'*[/\ ]sh | '#!'*[/\ ]sh\ -* | '#!'*[/\ ]bash | '#!'*[/\ ]bash\ -* | '#!'*[/\ ]dash | '#!'*[/\ ]dash\ -*)
		# Unquoted: "/usr/bin/env bash" and "/bin/sh -e" are two words.
		${first#??} -c '
			keytrail_name=$1 keytrail_previous=$2
			shift 2
			KEYTRAIL_CHAIN=$keytrail_name:$$:$*
			export KEYTRAIL_CHAIN
			. "$keytrail_previous"
		' "$0" "$name" "$previous" "$@"
		;;
	*)
		"$previous" "$@"
		;;
	esac
}

# A hook that starts itself again by its name comes here a second time, from its own process: the
# first time round runs keytrail.
case ${KEYTRAIL_CHAIN-} in
"$name:$$:$*" | "$name:$PPID:$*")
	run_previous "$@"
	exit
	;;
esac
"#;

const OWN_HOOK: &str = r#"
# The repository's own hook, where git would look without core.hooksPath.
common=${GIT_COMMON_DIR:-${GIT_DIR:-.git}}
if [ ! -d "$common" ] || [ -f "$common/commondir" ]; then
	common=$(git rev-parse --git-common-dir) || exit
fi
own=$common/hooks/$name
if [ ! -f "$own" ] || [ ! -x "$own" ] || [ "$own" -ef "$0" ]; then
	own=
fi
"#;

const RUN_PASS: &str = r#"
if [ -n "$own" ]; then
	exec "$own" "$@"
fi
"#;

const RUN_CHAIN: &str = r#"
run_others() {
	run_previous "$@"
}
"#;

const RUN_GLOBAL: &str = r#"
# A repository's own hook that keytrail wrote runs keytrail itself.
if [ -n "$own" ] && [ ! -f "$previous" ]; then
	mark=
	{ IFS= read -r mark && IFS= read -r mark; } <"$own" || :
	case $mark in
	'# keytrail-hook '*) exec "$own" "$@" ;;
	esac
fi

run_others() {
	if [ "$name" = pre-push ]; then
		printf '%s' "$input" | run_previous "$@" || return
		if [ -n "$own" ]; then
			printf '%s' "$input" | "$own" "$@" || return
		fi
		return 0
	fi
	run_previous "$@" || return
	if [ -n "$own" ]; then
		"$own" "$@" || return
	fi
}
"#;

const KEYTRAIL: &str = r#"
keytrail=keytrail
if ! command -v keytrail >/dev/null 2>&1; then
	# Programs with a window often start git with a short PATH.
	keytrail=${HOME-}/.cargo/bin/keytrail
	if [ ! -x "$keytrail" ]; then
		command=commit
		if [ "$name" = pre-push ]; then
			command=push
		fi
		cat >&2 <<END
keytrail: the program keytrail is not on PATH, so this $command was not checked and is refused.
  To install it:         cargo install --path . (in a clone of keytrail)
  To skip it just once:  git $command --no-verify
  To remove this hook:   delete $0
END
		exit 1
	fi
fi

if [ "$name" = pre-push ]; then
	# Every hook reads the same list from its standard input. The dot keeps the last line's end.
	input=$(cat && echo .)
	input=${input%.}
	printf '%s' "$input" | run_others "$@" || exit
	printf '%s' "$input" | "$keytrail" hook run "$name" "$@"
	exit
fi

run_others "$@" || exit
exec "$keytrail" hook run "$name" "$@"
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_known_and_a_change_to_it_is_seen() {
        for form in [Form::Chain, Form::Global, Form::Pass] {
            for made_folder in [false, true] {
                let text = text(form, "pre-push", made_folder);
                let mark = recognize(text.as_bytes()).expect("ours");
                assert_eq!(mark, Mark { version: VERSION, form: Some(form), made_folder, intact: true });
                let changed = format!("{text}echo more\n");
                assert!(!recognize(changed.as_bytes()).expect("still ours").intact);
                assert!(!text.contains("@NAME@") && !text.contains("@PREVIOUS@"));
            }
        }
        assert_eq!(recognize(b"#!/bin/sh\nexit 0\n"), None);
        assert_eq!(recognize(b""), None);
        assert_eq!(recognize(b"#!/bin/sh\n# keytrail-hook what\n"), None);
        let newer = b"#!/bin/sh\n# keytrail-hook 99 woven pre-push abcd\n";
        let mark = recognize(newer).expect("ours");
        assert_eq!((mark.version, mark.form), (99, None));
    }

    #[test]
    fn shells_are_told_from_other_interpreters() {
        for yes in ["#!/bin/sh\n", "#!/usr/bin/env bash\n", "#! /bin/sh -e\nx", "#!/usr/local/bin/dash"] {
            assert!(is_shell(yes.as_bytes()), "{yes:?}");
        }
        for no in ["#!/usr/bin/env python3\n", "\u{7f}ELF", "", "echo no shebang", "#!/bin/fish\n", "#!"] {
            assert!(!is_shell(no.as_bytes()), "{no:?}");
        }
    }
}
