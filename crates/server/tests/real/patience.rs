//! Waiting for things that happen by themselves: a condition is asked again until a deadline, never slept for blindly.

use std::time::{Duration, Instant};

/// How long a thing that should happen at once may take on a busy two-core machine.
pub const SOON: Duration = Duration::from_secs(15);

/// Asks `question` until it answers, and gives that answer.
///
/// # Panics
/// When `limit` has passed; `what` says what was waited for.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut question: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {limit:?} in vain for {what}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}
