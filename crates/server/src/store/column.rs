//! How values stand in columns: TEXT, BIGINT and BLOB only, 0 and the empty text for what is not there.

use pbx::UnixMillis;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

/// A 64-bit identifier or time as a BIGINT; both stay below 2^63 for the next millennia.
pub fn big(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// An identifier or time that may not be there.
pub fn big_or_0(value: Option<u64>) -> i64 {
    value.map_or(0, big)
}

/// The word an enumeration is written as.
pub fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// The word of an enumeration that may not be there.
pub fn word_or_empty(value: Option<&impl Serialize>) -> String {
    value.map(word).unwrap_or_default()
}

/// Anything as JSON text.
pub fn json(value: &impl Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|why| sqlx::Error::Encode(Box::new(why)))
}

/// Reads a column by its name.
pub trait Columns {
    /// An identifier or a count.
    fn id(&self, column: &str) -> Result<u64, sqlx::Error>;
    /// An identifier that may be 0 for none.
    fn id_or_none(&self, column: &str) -> Result<Option<u64>, sqlx::Error>;
    /// A time that may be 0 for never.
    fn time_or_none(&self, column: &str) -> Result<Option<UnixMillis>, sqlx::Error>;
    /// A text.
    fn text(&self, column: &str) -> Result<String, sqlx::Error>;
    /// An enumeration's word.
    fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error>;
    /// An enumeration's word that may be empty for none.
    fn word_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, sqlx::Error>;
    /// JSON text.
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error>;
}

fn broken(column: &str, why: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(why) }
}

impl Columns for AnyRow {
    fn id(&self, column: &str) -> Result<u64, sqlx::Error> {
        let value: i64 = self.try_get(column)?;
        Ok(u64::try_from(value).unwrap_or(0))
    }
    fn id_or_none(&self, column: &str) -> Result<Option<u64>, sqlx::Error> {
        Ok(Some(self.id(column)?).filter(|id| *id != 0))
    }
    fn time_or_none(&self, column: &str) -> Result<Option<UnixMillis>, sqlx::Error> {
        Ok(self.id_or_none(column)?.map(UnixMillis))
    }
    fn text(&self, column: &str) -> Result<String, sqlx::Error> {
        self.try_get(column)
    }
    fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error> {
        serde_json::from_value(serde_json::Value::String(self.text(column)?)).map_err(|why| broken(column, why))
    }
    fn word_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>, sqlx::Error> {
        let text = self.text(column)?;
        if text.is_empty() { Ok(None) } else { self.word(column).map(Some) }
    }
    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T, sqlx::Error> {
        serde_json::from_str(&self.text(column)?).map_err(|why| broken(column, why))
    }
}
