//! Which commit brought another one into HEAD's line: most often the merge of a pull request.

use crate::past::Past;

/// HEAD's line of first parents, and by which of its commits each other commit came into it.
pub struct Mainline {
    arrival: Vec<Option<u32>>,
}

impl Mainline {
    /// Walks the line from its oldest commit to HEAD.
    pub fn of(past: &Past) -> Self {
        let mut arrival = vec![None; past.commits.len()];
        let mut line: Vec<u32> = past.head().into_iter().collect();
        while let Some(&parent) = line.last().and_then(|&last| past.commits[last as usize].parents.first()) {
            line.push(parent);
        }
        let mut waiting = Vec::new();
        for &commit in line.iter().rev() {
            waiting.push(commit);
            while let Some(at) = waiting.pop() {
                let known = &mut arrival[at as usize];
                if known.is_none() {
                    *known = Some(commit);
                    waiting.extend(&past.commits[at as usize].parents);
                }
            }
        }
        Self { arrival }
    }

    /// The commit of the line by which another commit came into it; `None` if it is on the line
    /// itself, or HEAD does not reach it.
    pub fn arrival(&self, commit: u32) -> Option<u32> {
        self.arrival[commit as usize].filter(|&arrival| arrival != commit)
    }
}
