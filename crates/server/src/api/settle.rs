//! Answers only after the database has what was done. The control thread answers an order a moment before it hands the
//! records over, so the row is looked at until it shows them.

use super::app::App;
use super::problem::Problem;
use std::time::Duration;

/// Looks at most; far more than the moment needs.
const LOOKS: u32 = 100;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// The row once it `shows` what was done; as it is when it does not after all looks (something newer came over it).
///
/// # Errors
/// When the database takes nothing or the row is not there.
pub async fn settled<T, F>(app: &App, read: impl Fn() -> F, shows: impl Fn(&T) -> bool) -> Result<T, Problem>
where
    F: Future<Output = Result<Option<T>, sqlx::Error>>,
{
    let mut last = None;
    for _ in 0..LOOKS {
        app.writer.settled().await?;
        last = read().await?;
        if last.as_ref().is_some_and(&shows) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    last.ok_or_else(Problem::not_found)
}
