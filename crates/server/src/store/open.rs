//! Opening the database and saying in a sentence why it cannot be.

use crate::configuration::{Configuration, StartProblem};
use sqlx::any::AnyPoolOptions;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::{AnyPool, Executor as _};
use std::path::Path;
use std::time::Duration;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Connections: SQLite lets one write and the others read.
const CONNECTIONS: u32 = 6;

/// Every connection: readers beside one writer, no fsync per commit (a killed process loses nothing, only a power cut
/// may lose the last commits), and five seconds of patience with a lock.
///
/// `temp_store`: a statement of many rows keeps what it would have to undo in a temporary place; in a file each one
/// costs an open, writes and a close. `wal_autocheckpoint`: the commit that makes the log this long (16 MB) copies it
/// into the database file, beside readers and without waiting for them; only the writing task stands for that
/// moment, and with a long log a page that changed a hundred times is copied once. It stays the writer's work because a
/// checkpoint beside a busy writer never reaches the end of the log, which then grows without bound.
/// `journal_size_limit`: a log that a long read made longer is cut back to 64 MB.
const PRAGMAS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 5000; \
     PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; \
     PRAGMA journal_size_limit = 67108864;";

/// Opens the connections for everybody and the one for what is written behind.
pub(super) async fn open(configuration: &Configuration) -> Result<(AnyPool, AnyPool), StartProblem> {
    folder(&configuration.data)?;
    folder(&configuration.recordings())?;
    sqlx::any::install_default_drivers();
    let pool =
        connect(&url(configuration, "rwc"), CONNECTIONS).await.map_err(|why| cannot_open(configuration, &why))?;
    MIGRATIONS.run(&pool).await.map_err(|why| cannot_migrate(configuration, &why))?;
    let writing = connect(&url(configuration, "rw"), 1).await.map_err(|why| cannot_open(configuration, &why))?;
    Ok((pool, writing))
}

fn url(configuration: &Configuration, mode: &str) -> String {
    format!("{}?mode={mode}", configuration.database)
}

async fn connect(url: &str, connections: u32) -> Result<AnyPool, sqlx::Error> {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(8))
        // A file does not hang up: asking each time whether it is still there is a round trip for nothing.
        .test_before_acquire(false)
        .after_connect(|connection, _| Box::pin(async move { connection.execute(PRAGMAS).await.map(|_| ()) }))
        .connect(url)
        .await
}

fn folder(path: &Path) -> Result<(), StartProblem> {
    std::fs::create_dir_all(path).map_err(|why| {
        StartProblem(format!(
            "The data folder {} cannot be made or used ({why}); check its rights or choose another with --data DIR.",
            path.display()
        ))
    })
}

fn cannot_open(configuration: &Configuration, why: &sqlx::Error) -> StartProblem {
    StartProblem(format!(
        "The database {} cannot be opened ({why}); check that its folder exists and may be written, or choose another with --data DIR.",
        configuration.database
    ))
}

fn cannot_migrate(configuration: &Configuration, why: &MigrateError) -> StartProblem {
    match why {
        MigrateError::VersionMissing(_) | MigrateError::VersionTooNew(..) => StartProblem(format!(
            "The database {} was made by a later version of sori; run that version, or choose another data folder with --data DIR.",
            configuration.database
        )),
        MigrateError::VersionMismatch(_) => StartProblem(format!(
            "The database {} was made by a different build of sori whose tables differ; restore a backup into an empty folder, or choose another with --data DIR.",
            configuration.database
        )),
        other => StartProblem(format!(
            "The database {} cannot be brought up to date ({other}); check its rights and the free disk space.",
            configuration.database
        )),
    }
}

/// Says what is wrong with a data folder; makes and changes nothing.
///
/// # Errors
/// When something is.
pub async fn check(configuration: &Configuration) -> Result<(), StartProblem> {
    let problems = problems(configuration).await;
    if problems.is_empty() {
        return Ok(());
    }
    Err(StartProblem(problems.into_iter().map(|p| p.0).collect::<Vec<_>>().join("\n")))
}

async fn problems(configuration: &Configuration) -> Vec<StartProblem> {
    let mut problems = Vec::new();
    let data = &configuration.data;
    if !data.exists() {
        return problems; // Will be made at the first start.
    }
    if !data.is_dir() {
        problems.push(StartProblem(format!("{} is not a folder; choose another with --data DIR.", data.display())));
        return problems;
    }
    if let Err(why) = std::fs::read_dir(data) {
        problems.push(StartProblem(format!(
            "The data folder {} cannot be read ({why}); check its rights.",
            data.display()
        )));
        return problems;
    }
    let Some(file) = configuration.sqlite_file().filter(|f| f.exists()) else { return problems };
    sqlx::any::install_default_drivers();
    let result = async {
        let pool =
            AnyPoolOptions::new().max_connections(1).connect(&format!("sqlite:{}?mode=ro", file.display())).await?;
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&pool).await?;
        pool.close().await;
        Ok::<_, sqlx::Error>(verdict)
    }
    .await;
    match result {
        Ok(verdict) if verdict == "ok" => {}
        Ok(verdict) => problems.push(StartProblem(format!(
            "The database {} is damaged ({verdict}); restore a backup into an empty folder.",
            file.display()
        ))),
        Err(why) => problems.push(StartProblem(format!(
            "The database {} cannot be read ({why}); check the file or restore a backup.",
            file.display()
        ))),
    }
    problems
}
