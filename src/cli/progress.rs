//! A line on standard error that shows that work goes on; none when nobody watches.

use crate::coverage::Coverage;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// Short scans end before anything is drawn.
const QUIET: Duration = Duration::from_millis(400);
const EVERY: Duration = Duration::from_millis(100);

/// Runs `work` while a line shows how far `coverage` has come.
pub fn watch<T>(coverage: &Coverage, work: impl FnOnce() -> T) -> T {
    if !super::output::is_watched() {
        return work();
    }
    std::thread::scope(|scope| {
        let (done, ended) = mpsc::channel::<()>();
        scope.spawn(move || {
            if ended.recv_timeout(QUIET) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
                bar.set_style(style);
            }
            while ended.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                let (documents, bytes) = coverage.so_far();
                bar.set_message(format!("{} documents, {}", HumanCount(documents), HumanBytes(bytes)));
                bar.tick();
            }
            bar.finish_and_clear();
        });
        let result = work();
        drop(done);
        result
    })
}
