//! How far long work is: told by whoever does the work, shown by the command where there is a terminal.

use std::io::IsTerminal as _;
use std::pin::pin;

use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Step {
    pub done: u64,
    pub total: u64,
}

/// Where work tells its steps. Nobody waits for the one who watches: steps that come too fast are left out.
pub(super) struct Progress(watch::Sender<Step>);

impl Progress {
    pub(super) fn tell(&self, done: u64, total: u64) {
        self.0.send_replace(Step { done, total });
    }
}

/// Does the work and shows its steps.
pub(super) async fn follow<T>(work: impl AsyncFnOnce(&Progress) -> T, mut show: impl AsyncFnMut(Step)) -> T {
    let (sender, mut steps) = watch::channel(Step::default());
    let progress = Progress(sender);
    let mut work = pin!(work(&progress));
    loop {
        tokio::select! {
            biased;
            result = &mut work => return result,
            Ok(()) = steps.changed() => {
                let step = *steps.borrow_and_update();
                show(step).await;
            }
        }
    }
}

/// A bar on standard error, hidden where that is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = if std::io::stderr().is_terminal() { ProgressBar::no_length() } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len}  {per_sec}  {eta} left");
        Self(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    pub(super) fn show(&self, step: Step) {
        self.0.set_length(step.total);
        self.0.set_position(step.done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
