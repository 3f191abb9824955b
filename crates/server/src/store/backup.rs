//! A backup is one SQLite file: the whole database, with the recordings in a table of their own.

use super::Store;
use super::column::Columns as _;
use crate::configuration::{Configuration, StartProblem};
use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Row as _};
use std::path::{Path, PathBuf};

/// Files of a backup.
const FILES: &str = "CREATE TABLE IF NOT EXISTS backup_files (name TEXT PRIMARY KEY NOT NULL, content BLOB NOT NULL)";

fn problem(what: &str, path: &Path, why: impl std::fmt::Display, way_out: &str) -> StartProblem {
    StartProblem(format!("{what} {} ({why}); {way_out}.", path.display()))
}

async fn connect(path: &Path, mode: &str) -> Result<AnyPool, sqlx::Error> {
    sqlx::any::install_default_drivers();
    AnyPoolOptions::new().max_connections(1).connect(&format!("sqlite:{}?mode={mode}", path.display())).await
}

/// Writes a consistent copy of all data to `file`, also while the server runs.
///
/// # Errors
/// When there is no data, the file exists already, or it cannot be written.
pub async fn backup(configuration: &Configuration, file: &Path) -> Result<(), StartProblem> {
    let database = configuration.sqlite_file().filter(|f| f.exists()).ok_or_else(|| {
        StartProblem(format!(
            "There is no database {} to back up; name the data folder with --data DIR.",
            configuration.database
        ))
    })?;
    if file.exists() {
        return Err(StartProblem(format!("{} exists already; name a file that does not.", file.display())));
    }
    let partial = PathBuf::from(format!("{}.partial", file.display()));
    let _ = std::fs::remove_file(&partial);
    let written = write_backup(&database, &configuration.recordings(), &partial).await;
    let renamed = written
        .map_err(|why| why.to_string())
        .and_then(|()| std::fs::rename(&partial, file).map_err(|why| why.to_string()));
    renamed.map_err(|why| {
        let _ = std::fs::remove_file(&partial);
        problem("The backup cannot be written to", file, why, "check the folder's rights and the free disk space")
    })
}

async fn write_backup(database: &Path, recordings: &Path, to: &Path) -> Result<(), sqlx::Error> {
    let source = connect(database, "rw").await?;
    sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(&source).await?;
    source.close().await;
    let copy = connect(to, "rw").await?;
    sqlx::query(FILES).execute(&copy).await?;
    // Only files the copied rows name: a recording that is still being written is not among them.
    let rows = sqlx::query("SELECT recording FROM calls WHERE recording <> ''").fetch_all(&copy).await?;
    for row in &rows {
        let name = row.text("recording")?;
        let Some(path) = safe_path(recordings, &name) else { continue };
        if let Ok(content) = tokio::fs::read(&path).await {
            sqlx::query("INSERT INTO backup_files (name, content) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING")
                .bind(&name)
                .bind(content)
                .execute(&copy)
                .await?;
        }
    }
    copy.close().await;
    Ok(())
}

/// The path of a recording; nothing when the name would leave its folder.
#[must_use]
pub fn safe_path(recordings: &Path, name: &str) -> Option<PathBuf> {
    let is_plain = !name.is_empty() && name.len() <= 200 && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
    is_plain.then(|| recordings.join(name))
}

/// Puts a backup into an empty data folder.
///
/// # Errors
/// When the backup is not one, or the data folder is not empty.
pub async fn restore(configuration: &Configuration, file: &Path) -> Result<(), StartProblem> {
    let data = &configuration.data;
    let database = configuration
        .sqlite_file()
        .ok_or_else(|| StartProblem("Backups go into an SQLite database; use sqlite:PATH.".into()))?;
    let is_empty = std::fs::read_dir(data).map_or(true, |mut entries| entries.next().is_none());
    if !is_empty || database.exists() {
        return Err(StartProblem(format!(
            "The data folder {} is not empty; name an empty one with --data DIR.",
            data.display()
        )));
    }
    check_backup(file)
        .await
        .map_err(|why| problem("This is not a backup of sori:", file, why, "name a file that `sori backup` wrote"))?;
    let recordings = configuration.recordings();
    std::fs::create_dir_all(&recordings).and_then(|()| std::fs::copy(file, &database).map(|_| ())).map_err(|why| {
        problem("The backup cannot be restored into", data, why, "check the folder's rights and the free disk space")
    })?;
    unpack(&database, &recordings).await.map_err(|why| {
        problem("The recordings cannot be restored into", &recordings, why, "check the free disk space")
    })?;
    Store::open(configuration).await?.close().await;
    Ok(())
}

async fn check_backup(file: &Path) -> Result<(), sqlx::Error> {
    let pool = connect(file, "ro").await?;
    sqlx::query("SELECT COUNT(*) FROM backup_files").execute(&pool).await?;
    sqlx::query("SELECT COUNT(*) FROM calls").execute(&pool).await?;
    pool.close().await;
    Ok(())
}

async fn unpack(database: &Path, recordings: &Path) -> Result<(), sqlx::Error> {
    let pool = connect(database, "rw").await?;
    let names = sqlx::query("SELECT name FROM backup_files").fetch_all(&pool).await?;
    for row in &names {
        let name = row.text("name")?;
        let Some(path) = safe_path(recordings, &name) else { continue };
        let content =
            sqlx::query("SELECT content FROM backup_files WHERE name = $1").bind(&name).fetch_one(&pool).await?;
        tokio::fs::write(path, content.try_get::<Vec<u8>, _>("content")?).await.map_err(sqlx::Error::Io)?;
    }
    sqlx::query("DROP TABLE backup_files").execute(&pool).await?;
    pool.close().await;
    Ok(())
}
