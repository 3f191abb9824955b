//! Many rows in one statement: each statement is a round trip between two threads, and that is what writing costs.

use sqlx::any::{Any, AnyArguments};
use sqlx::{AnyConnection, Arguments as _, Encode, Type};
use std::borrow::Borrow;
use std::fmt::Write as _;
use std::sync::OnceLock;

/// Rows of one statement. Powers of two, so that any number of rows is a handful of statements whose texts never vary
/// and each connection prepares them once. The widest row has 22 columns, so a statement stays far below the parameters
/// that SQLite (32 766) and PostgreSQL (65 535) take.
const SIZES: [usize; 6] = [32, 16, 8, 4, 2, 1];

/// How a text names its parameters; they always come in the order of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// `$1`, `$2` …
    Numbered,
    /// `?` each. SQLite finds the name of each parameter by walking all names before it, which for hundreds of them
    /// takes longer than writing the rows; one without a name is not looked for.
    None,
}

impl Names {
    fn of(connection: &AnyConnection) -> Self {
        if connection.backend_name() == "SQLite" { Self::None } else { Self::Numbered }
    }
}

#[derive(Debug)]
enum Kind {
    /// Writes whole rows; the columns of `changing` are written again when the key (the first column) is there already.
    Upsert { changing: &'static [&'static str] },
    /// Deletes the rows whose column is one of the values.
    Delete,
}

/// A statement about any number of rows of one table, the same for SQLite and PostgreSQL.
#[derive(Debug)]
pub(super) struct Bulk {
    table: &'static str,
    columns: &'static [&'static str],
    kind: Kind,
    /// The text for each of [`SIZES`], with the names of the database that is in use.
    texts: [OnceLock<String>; SIZES.len()],
}

impl Bulk {
    /// Writes rows of these columns, the key first. A row that is there already gets the columns of `changing` from the
    /// new one and keeps the others; with none to change it stays as it is. No key may come twice in one call of
    /// [`Bulk::run`]: PostgreSQL does not change a row twice in one statement.
    pub const fn upsert(
        table: &'static str,
        columns: &'static [&'static str],
        changing: &'static [&'static str],
    ) -> Self {
        Self { table, columns, kind: Kind::Upsert { changing }, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Deletes the rows whose column has one of the values.
    pub const fn delete(table: &'static str, column: &'static [&'static str; 1]) -> Self {
        Self { table, columns: column, kind: Kind::Delete, texts: [const { OnceLock::new() }; SIZES.len()] }
    }

    /// Runs the statement for all rows, in order, in as few pieces as there can be. `put` puts the values of one row in
    /// the order of the columns.
    ///
    /// # Errors
    /// When the database refuses one of them; rows of earlier pieces are written, so call it in a transaction.
    pub async fn run<R: Borrow<T>, T: ?Sized>(
        &'static self,
        to: &mut AnyConnection,
        mut rows: &[R],
        put: fn(&T, &mut Values) -> Result<(), sqlx::Error>,
    ) -> Result<(), sqlx::Error> {
        let names = Names::of(to);
        for (size, text) in SIZES.into_iter().zip(&self.texts) {
            while let Some((piece, rest)) = rows.split_at_checked(size) {
                rows = rest;
                let mut values = Values::default();
                values.0.reserve(size * self.columns.len(), 0);
                for row in piece {
                    put(row.borrow(), &mut values)?;
                }
                let text = text.get_or_init(|| self.text(names, size));
                sqlx::query_with(text.as_str(), values.0).execute(&mut *to).await?;
            }
        }
        Ok(())
    }

    fn text(&self, names: Names, rows: usize) -> String {
        let (table, width) = (self.table, self.columns.len());
        let columns = self.columns.join(", ");
        match self.kind {
            Kind::Delete => format!("DELETE FROM {table} WHERE {columns} IN ({})", parameters(names, 1, rows)),
            Kind::Upsert { changing } => {
                let mut text = format!("INSERT INTO {table} ({columns}) VALUES ");
                for row in 0..rows {
                    let comma = if row > 0 { ", " } else { "" };
                    let _ = write!(text, "{comma}({})", parameters(names, row * width + 1, width));
                }
                let _ = write!(text, " ON CONFLICT ({}) DO ", self.columns.first().copied().unwrap_or_default());
                if changing.is_empty() {
                    text.push_str("NOTHING");
                } else {
                    let set: Vec<String> = changing.iter().map(|c| format!("{c} = excluded.{c}")).collect();
                    let _ = write!(text, "UPDATE SET {}", set.join(", "));
                }
                text
            }
        }
    }
}

/// A list of so many parameters, the first with this number.
fn parameters(names: Names, first: usize, count: usize) -> String {
    let name = |number: usize| match names {
        Names::Numbered => format!("${number}"),
        Names::None => "?".to_owned(),
    };
    (first..first + count).map(name).collect::<Vec<_>>().join(", ")
}

/// The values of a statement's parameters.
#[derive(Default)]
pub(super) struct Values(AnyArguments);

impl Values {
    /// Adds the next value.
    ///
    /// # Errors
    /// When it cannot be a parameter.
    pub fn put<'v>(&mut self, value: impl Encode<'v, Any> + Type<Any>) -> Result<(), sqlx::Error> {
        self.0.add(value).map_err(sqlx::Error::Encode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_what_both_databases_take() {
        static SAVE: Bulk = Bulk::upsert("t", &["id", "a", "b"], &["a", "b"]);
        static ADD: Bulk = Bulk::upsert("t", &["id", "a"], &[]);
        static FORGET: Bulk = Bulk::delete("t", &["a"]);
        assert_eq!(
            SAVE.text(Names::Numbered, 2),
            "INSERT INTO t (id, a, b) VALUES ($1, $2, $3), ($4, $5, $6) \
             ON CONFLICT (id) DO UPDATE SET a = excluded.a, b = excluded.b"
        );
        assert_eq!(ADD.text(Names::Numbered, 1), "INSERT INTO t (id, a) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING");
        assert_eq!(FORGET.text(Names::Numbered, 3), "DELETE FROM t WHERE a IN ($1, $2, $3)");
        assert_eq!(ADD.text(Names::None, 2), "INSERT INTO t (id, a) VALUES (?, ?), (?, ?) ON CONFLICT (id) DO NOTHING");
    }
}
