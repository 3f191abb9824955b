//! Queries with conditions that may or may not be there. Only fixed texts become SQL; values are always parameters.

use super::column::big;
use sqlx::any::AnyRow;
use sqlx::{AnyPool, AssertSqlSafe};
use std::fmt::Write as _;

enum Value {
    Text(String),
    Big(i64),
}

/// A SELECT with its conditions.
pub(super) struct Filter {
    sql: String,
    values: Vec<Value>,
    has_condition: bool,
}

impl Filter {
    /// Starts from a SELECT without WHERE.
    pub fn new(select: &'static str) -> Self {
        Self { sql: select.to_owned(), values: Vec::new(), has_condition: false }
    }

    fn condition(&mut self, text: &'static str) {
        self.sql.push_str(if self.has_condition { " AND " } else { " WHERE " });
        self.has_condition = true;
        self.sql.push_str(text);
    }

    fn parameter(&mut self, value: Value) {
        self.values.push(value);
        let _ = write!(self.sql, "${}", self.values.len());
    }

    /// This condition, as it stands.
    pub fn and(&mut self, condition: &'static str) {
        self.condition(condition);
    }

    /// `column <operator> id`, when there is one.
    pub fn and_id(&mut self, column_and_operator: &'static str, id: Option<u64>) {
        if let Some(id) = id {
            self.condition(column_and_operator);
            self.parameter(Value::Big(big(id)));
        }
    }

    /// The column is one of the words, when there are any.
    pub fn and_words(&mut self, column: &'static str, words: &[String]) {
        if words.is_empty() {
            return;
        }
        self.condition(column);
        self.sql.push_str(" IN (");
        for (place, word) in words.iter().enumerate() {
            if place > 0 {
                self.sql.push(',');
            }
            self.parameter(Value::Text(word.clone()));
        }
        self.sql.push(')');
    }

    /// One of the columns (already in lower case) contains the text.
    pub fn and_contains(&mut self, columns: &[&'static str], text: Option<&str>) {
        let Some(text) = text else { return };
        let pattern =
            format!("%{}%", text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        self.condition("(");
        for (place, column) in columns.iter().enumerate() {
            if place > 0 {
                self.sql.push_str(" OR ");
            }
            self.sql.push_str(column);
            self.sql.push_str(" LIKE ");
            self.parameter(Value::Text(pattern.clone()));
            self.sql.push_str(" ESCAPE '\\'");
        }
        self.sql.push(')');
    }

    /// Comes after `(time, id)` in descending order.
    pub fn and_before(&mut self, time: &'static str, id: &'static str, place: Option<(u64, u64)>) {
        let Some((at, last)) = place else { return };
        self.condition("(");
        self.sql.push_str(time);
        self.sql.push_str(" < ");
        self.parameter(Value::Big(big(at)));
        let _ = write!(self.sql, " OR ({time} = ");
        self.parameter(Value::Big(big(at)));
        let _ = write!(self.sql, " AND {id} < ");
        self.parameter(Value::Big(big(last)));
        self.sql.push_str("))");
    }

    /// Runs it.
    pub async fn fetch(mut self, order: &'static str, limit: u32, pool: &AnyPool) -> Result<Vec<AnyRow>, sqlx::Error> {
        self.sql.push(' ');
        self.sql.push_str(order);
        self.sql.push_str(" LIMIT ");
        self.parameter(Value::Big(i64::from(limit)));
        let mut query = sqlx::query(AssertSqlSafe(self.sql));
        for value in self.values {
            query = match value {
                Value::Text(text) => query.bind(text),
                Value::Big(number) => query.bind(number),
            };
        }
        query.fetch_all(pool).await
    }
}
