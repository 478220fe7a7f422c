//! The number of the pull or merge request that a commit came from, by the messages that the
//! hosting services write.

/// Reads the number out of a commit's message:
///
/// - GitHub: `Merge pull request #12 from …`, and a squashed one's first line ends in `(#12)`;
/// - GitLab: `See merge request group/project!12`;
/// - Bitbucket: `Merged in branch (pull request #12)`, `Pull request #12: …`;
/// - Azure DevOps: `Merged PR 12: …`.
pub fn pull_request(message: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(message);
    let first = text.lines().find(|line| !line.trim().is_empty())?.trim();
    let starts = ["Merge pull request #", "Pull request #", "Merged PR "];
    for start in starts {
        if let Some(found) = first.strip_prefix(start).and_then(number) {
            return Some(found);
        }
    }
    if let Some((_, after)) = first.rsplit_once("(pull request #") {
        return number(after);
    }
    if let Some((_, after)) = first.strip_suffix(')').and_then(|line| line.rsplit_once(" (#"))
        && after.bytes().all(|byte| byte.is_ascii_digit())
    {
        return number(after);
    }
    let of_gitlab = text.lines().filter_map(|line| line.trim().strip_prefix("See merge request "));
    of_gitlab.filter_map(|name| number(name.rsplit_once('!')?.1)).next_back()
}

/// The number that a text begins with.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_has_its_way() {
        let is = |message: &str, wanted: Option<u64>| {
            assert_eq!(pull_request(message.as_bytes()), wanted, "{message}");
        };
        is("Merge pull request #12 from a/b\n\nAdd a thing", Some(12));
        is("Add a thing (#345)\n\n* one\n* two", Some(345));
        is("Merge branch 'b' into 'main'\n\nAdd\n\nSee merge request group/sub/project!7", Some(7));
        is("Merged in feature/x (pull request #9)\n\nAdd", Some(9));
        is("Pull request #31: Add\n\nMerge in P/r from x to main", Some(31));
        is("Merged PR 8: Add", Some(8));
        for none in
            ["", "Add a thing", "Fix #12", "Add (see #12)", "Add (#12a)", "Add (#99999999999999999999999)"]
        {
            is(none, None);
        }
    }
}
