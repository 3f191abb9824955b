//! Customers, leads included.

use super::Store;
use super::bulk::{Bulk, Values};
use super::column::{Columns as _, big, json, word_or_empty};
use super::filter::Filter;
use super::transaction::in_transaction;
use pbx::command::Language;
use pbx::{CustomerBrief, CustomerId, CustomerRecord, Directory, E164, UnixMillis};
use serde_json::{Map, Value};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;

/// A customer as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CustomerRow {
    pub id: CustomerId,
    pub name: String,
    pub phone_numbers: Vec<E164>,
    pub alias: String,
    pub language: Option<Language>,
    pub is_lead: bool,
    pub blocked: bool,
    /// Whatever the workspace keeps about the customer.
    pub profile: Map<String, Value>,
    pub created_at: UnixMillis,
}

impl CustomerRow {
    /// As the business knows it.
    #[must_use]
    pub fn record(&self) -> CustomerRecord {
        CustomerRecord {
            id: self.id,
            name: self.name.clone(),
            phone_numbers: self.phone_numbers.clone(),
            alias: self.alias.clone(),
            language: self.language,
            is_lead: self.is_lead,
            blocked: self.blocked,
            created_at: self.created_at,
        }
    }
}

pub(super) fn read_with(row: &AnyRow, prefix: &str, id: CustomerId) -> Result<CustomerRow, sqlx::Error> {
    let column = |name: &str| format!("{prefix}{name}");
    Ok(CustomerRow {
        id,
        name: row.text(&column("name"))?,
        phone_numbers: row.json(&column("phone_numbers"))?,
        alias: row.text(&column("alias"))?,
        language: row.word_or_none(&column("language"))?,
        is_lead: row.id(&column("is_lead"))? != 0,
        blocked: row.id(&column("blocked"))? != 0,
        profile: row.json(&column("profile"))?,
        created_at: UnixMillis(row.id(&column("created_at"))?),
    })
}

fn read(row: &AnyRow) -> Result<CustomerRow, sqlx::Error> {
    read_with(row, "", CustomerId(row.id("id")?))
}

static SAVE: Bulk = Bulk::upsert(
    "customers",
    &["id", "name", "phone_numbers", "alias", "language", "is_lead", "blocked", "created_at"],
    &["name", "phone_numbers", "alias", "language", "is_lead", "blocked"],
);
static FORGET_NUMBERS: Bulk = Bulk::delete("customer_numbers", &["customer_id"]);
static SAVE_NUMBERS: Bulk = Bulk::upsert("customer_numbers", &["e164", "customer_id"], &["customer_id"]);

fn put(customer: &CustomerRecord, to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(big(customer.id.0))?;
    to.put(customer.name.as_str())?;
    to.put(json(&customer.phone_numbers)?)?;
    to.put(customer.alias.as_str())?;
    to.put(word_or_empty(customer.language.as_ref()))?;
    to.put(i64::from(customer.is_lead))?;
    to.put(i64::from(customer.blocked))?;
    to.put(big(customer.created_at.0))
}

fn put_id(customer: &CustomerRecord, to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(big(customer.id.0))
}

fn put_number((number, customer): &(E164, CustomerId), to: &mut Values) -> Result<(), sqlx::Error> {
    to.put(number.to_string())?;
    to.put(big(customer.0))
}

pub(super) async fn save(to: &mut AnyConnection, customers: &[&CustomerRecord]) -> Result<(), sqlx::Error> {
    SAVE.run(&mut *to, customers, put).await?;
    FORGET_NUMBERS.run(&mut *to, customers, put_id).await?;
    // The newest customer with a number is the one its calls belong to.
    let owners: BTreeMap<E164, CustomerId> = customers
        .iter()
        .flat_map(|customer| customer.phone_numbers.iter().map(|number| (*number, customer.id)))
        .collect();
    let owners: Vec<(E164, CustomerId)> = owners.into_iter().collect();
    SAVE_NUMBERS.run(to, &owners, put_number).await
}

impl Store {
    /// One customer.
    ///
    /// # Errors
    /// When the database cannot be read; so for every method here.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<CustomerRow>, sqlx::Error> {
        let row =
            sqlx::query("SELECT * FROM customers WHERE id = $1").bind(big(id.0)).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Whose number this is.
    #[allow(clippy::missing_errors_doc)]
    pub async fn customer_of_number(&self, number: E164) -> Result<Option<CustomerId>, sqlx::Error> {
        let row = sqlx::query("SELECT customer_id FROM customer_numbers WHERE e164 = $1")
            .bind(number.to_string())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| row.id("customer_id").map(CustomerId)).transpose()
    }

    /// Customers whose name or number contains the text, the newest first.
    #[allow(clippy::missing_errors_doc)]
    pub async fn customers(
        &self,
        search: Option<&str>,
        before: Option<CustomerId>,
        limit: u32,
    ) -> Result<Vec<CustomerRow>, sqlx::Error> {
        let mut filter = Filter::new("SELECT * FROM customers");
        filter.and_contains(&["LOWER(name)", "phone_numbers", "LOWER(alias)"], search);
        filter.and_id("id < ", before.map(|i| i.0));
        filter.fetch("ORDER BY id DESC", limit, &self.pool).await?.iter().map(read).collect()
    }

    /// Writes a customer that people made or changed.
    #[allow(clippy::missing_errors_doc)]
    pub async fn save_customer(&self, customer: &CustomerRow) -> Result<(), sqlx::Error> {
        in_transaction(&self.pool, async |connection| {
            save(connection, &[&customer.record()]).await?;
            sqlx::query("UPDATE customers SET profile = $1 WHERE id = $2")
                .bind(json(&customer.profile)?)
                .bind(big(customer.id.0))
                .execute(connection)
                .await
                .map(|_| ())
        })
        .await
    }

    /// The customers that calls are matched against.
    #[allow(clippy::missing_errors_doc)]
    pub async fn load_directory(&self) -> Result<Directory, sqlx::Error> {
        let mut directory = Directory::default();
        let rows = sqlx::query("SELECT n.e164, c.id, c.name, c.language, c.blocked FROM customer_numbers n JOIN customers c ON c.id = n.customer_id")
            .fetch_all(&self.pool)
            .await?;
        for row in &rows {
            if let Ok(number) = row.text("e164")?.parse() {
                directory.by_number.insert(number, brief(row)?);
            }
        }
        let rows = sqlx::query("SELECT id, name, alias, language, blocked FROM customers WHERE alias <> ''")
            .fetch_all(&self.pool)
            .await?;
        for row in &rows {
            directory.by_alias.insert(row.text("alias")?, brief(row)?);
        }
        Ok(directory)
    }
}

fn brief(row: &AnyRow) -> Result<CustomerBrief, sqlx::Error> {
    Ok(CustomerBrief {
        id: CustomerId(row.id("id")?),
        name: row.text("name")?,
        language: row.word_or_none("language")?,
        blocked: row.id("blocked")? != 0,
    })
}
