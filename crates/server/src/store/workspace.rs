//! The workspace's things: read whole at the start, written as differences.

use super::Store;
use super::column::{Columns as _, big, big_or_0, json, word};
use super::transaction::in_transaction;
use crate::workspace::carrier::{Carrier, CarrierFields};
use crate::workspace::hours::{Hours, HoursFields};
use crate::workspace::manager::{Manager, ManagerFields, Team};
use crate::workspace::number::{Number, NumberFields};
use crate::workspace::phone::{Phone, PhoneFields};
use crate::workspace::workflow::Workflow;
use crate::workspace::{About, Difference, Workspace};
use pbx::workflow::Revision;
use pbx::{CarrierId, HoursId, ManagerId, NumberId, PhoneId, RevisionId, TeamId, UnixMillis, WorkflowId};
use sqlx::AnyConnection;
use sqlx::any::AnyRow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A published revision.
#[derive(Clone, Debug)]
pub struct RevisionRow {
    /// The revision.
    pub revision: Revision,
    /// When it was published.
    pub published_at: UnixMillis,
}

fn keyed<K: Ord, V>(
    rows: Vec<AnyRow>,
    read: impl Fn(&AnyRow) -> Result<(K, V), sqlx::Error>,
) -> Result<BTreeMap<K, Arc<V>>, sqlx::Error> {
    rows.iter().map(|row| read(row).map(|(key, value)| (key, Arc::new(value)))).collect()
}

impl Store {
    /// Reads the whole workspace.
    ///
    /// # Errors
    /// When the database cannot be read or holds what no version wrote.
    pub async fn load_workspace(&self) -> Result<Workspace, sqlx::Error> {
        let about = sqlx::query("SELECT name, language FROM workspace WHERE id = 1").fetch_optional(&self.pool).await?;
        let about = match about {
            Some(row) => About { name: row.text("name")?, language: row.word("language")? },
            None => About::default(),
        };
        let released = sqlx::query("SELECT DISTINCT e164 FROM numbers WHERE released_at > 0 AND e164 NOT IN (SELECT e164 FROM numbers WHERE released_at = 0)")
            .fetch_all(&self.pool)
            .await?;
        Ok(Workspace {
            about,
            managers: keyed(
                sqlx::query("SELECT * FROM managers WHERE deleted_at = 0").fetch_all(&self.pool).await?,
                read_manager,
            )?,
            teams: keyed(sqlx::query("SELECT * FROM teams").fetch_all(&self.pool).await?, read_team)?,
            numbers: keyed(
                sqlx::query("SELECT * FROM numbers WHERE released_at = 0").fetch_all(&self.pool).await?,
                read_number,
            )?,
            released: released.iter().filter_map(|row| row.text("e164").ok()?.parse().ok()).collect(),
            phones: keyed(sqlx::query("SELECT * FROM phones").fetch_all(&self.pool).await?, read_phone)?,
            carriers: keyed(sqlx::query("SELECT * FROM carriers").fetch_all(&self.pool).await?, read_carrier)?,
            hours: keyed(sqlx::query("SELECT * FROM hours").fetch_all(&self.pool).await?, read_hours)?,
            workflows: self.load_workflows().await?,
        })
    }

    async fn load_workflows(&self) -> Result<BTreeMap<WorkflowId, Arc<Workflow>>, sqlx::Error> {
        const LATEST: &str = "SELECT w.id, w.state, w.fields, r.content, r.published_at FROM workflows w \
             LEFT JOIN revisions r ON r.id = w.latest_revision_id WHERE w.deleted_at = 0";
        let rows = sqlx::query(LATEST).fetch_all(&self.pool).await?;
        keyed(rows, |row| {
            let id = WorkflowId(row.id("id")?);
            let content: Option<String> = sqlx::Row::try_get(row, "content")?;
            let (latest, published_at) = match content {
                Some(_) => (Some(Arc::new(row.json::<Revision>("content")?)), row.time_or_none("published_at")?),
                None => (None, None),
            };
            Ok((id, Workflow { id, state: row.word("state")?, fields: row.json("fields")?, latest, published_at }))
        })
    }

    /// Writes differences, all or none.
    ///
    /// # Errors
    /// When the database refuses; nothing is changed then.
    pub async fn write_differences(&self, differences: &[Difference], now: UnixMillis) -> Result<(), sqlx::Error> {
        in_transaction(&self.pool, async |connection| {
            for difference in differences {
                write(connection, difference, now).await?;
            }
            Ok(())
        })
        .await
    }

    /// A workflow's published revisions, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn revisions(
        &self,
        workflow: WorkflowId,
        before: Option<RevisionId>,
        limit: u32,
    ) -> Result<Vec<RevisionRow>, sqlx::Error> {
        let rows = sqlx::query(
            "SELECT content, published_at FROM revisions WHERE workflow_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        )
        .bind(big(workflow.0))
        .bind(before.map_or(i64::MAX, |id| big(id.0)))
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(RevisionRow { revision: row.json("content")?, published_at: UnixMillis(row.id("published_at")?) })
            })
            .collect()
    }
}

fn read_manager(row: &AnyRow) -> Result<(ManagerId, Manager), sqlx::Error> {
    let id = ManagerId(row.id("id")?);
    let fields: ManagerFields = row.json("fields")?;
    Ok((id, Manager { id, fields, password_hash: row.text("password_hash")? }))
}

fn read_team(row: &AnyRow) -> Result<(TeamId, Team), sqlx::Error> {
    let id = TeamId(row.id("id")?);
    Ok((id, Team { id, name: row.text("name")?, hours_id: row.id_or_none("hours_id")?.map(HoursId) }))
}

fn read_number(row: &AnyRow) -> Result<(NumberId, Number), sqlx::Error> {
    let id = NumberId(row.id("id")?);
    let fields: NumberFields = row.json("fields")?;
    let e164 = row
        .text("e164")?
        .parse()
        .map_err(|why| sqlx::Error::Decode(Box::new(why) as Box<dyn std::error::Error + Send + Sync>));
    let number = Number {
        id,
        e164: e164.map_err(|e: sqlx::Error| e)?,
        carrier_id: row.id_or_none("carrier_id")?.map(CarrierId),
        fields,
        created_at: UnixMillis(row.id("created_at")?),
    };
    Ok((id, number))
}

fn read_phone(row: &AnyRow) -> Result<(PhoneId, Phone), sqlx::Error> {
    let id = PhoneId(row.id("id")?);
    let fields = PhoneFields { name: row.text("name")?, manager_id: ManagerId(row.id("manager_id")?) };
    let phone = Phone {
        id,
        fields,
        device_address: row.text("device_address")?,
        user_id: row.text("user_id")?,
        password: row.text("password")?,
    };
    Ok((id, phone))
}

fn read_carrier(row: &AnyRow) -> Result<(CarrierId, Carrier), sqlx::Error> {
    let id = CarrierId(row.id("id")?);
    let fields: CarrierFields = row.json("fields")?;
    Ok((id, Carrier { id, fields }))
}

fn read_hours(row: &AnyRow) -> Result<(HoursId, Hours), sqlx::Error> {
    let id = HoursId(row.id("id")?);
    let fields: HoursFields = row.json("fields")?;
    Ok((id, Hours { id, fields }))
}

async fn write(to: &mut AnyConnection, difference: &Difference, now: UnixMillis) -> Result<(), sqlx::Error> {
    match difference {
        Difference::About(about) => {
            sqlx::query("INSERT INTO workspace (id, name, language, seed_made_at, alive_at) VALUES (1, $1, $2, 0, 0) ON CONFLICT (id) DO UPDATE SET name = $1, language = $2")
                .bind(&about.name)
                .bind(word(&about.language))
                .execute(&mut *to)
                .await?;
        }
        Difference::Manager(id, manager) => write_manager(to, *id, manager.as_deref(), now).await?,
        Difference::Team(_, Some(team)) => {
            sqlx::query("INSERT INTO teams (id, name, hours_id) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = $2, hours_id = $3")
                .bind(big(team.id.0))
                .bind(&team.name)
                .bind(big_or_0(team.hours_id.map(|h| h.0)))
                .execute(&mut *to)
                .await?;
        }
        Difference::Number(id, number) => write_number(to, *id, number.as_deref(), now).await?,
        Difference::Phone(_, Some(phone)) => write_phone(to, phone).await?,
        Difference::Carrier(_, Some(carrier)) => {
            sqlx::query("INSERT INTO carriers (id, name, fields) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET name = $2, fields = $3")
                .bind(big(carrier.id.0))
                .bind(&carrier.fields.name)
                .bind(json(&carrier.fields)?)
                .execute(&mut *to)
                .await?;
        }
        Difference::Hours(_, Some(hours)) => {
            sqlx::query("INSERT INTO hours (id, fields) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET fields = $2")
                .bind(big(hours.id.0))
                .bind(json(&hours.fields)?)
                .execute(&mut *to)
                .await?;
        }
        Difference::Workflow(id, workflow) => write_workflow(to, *id, workflow.as_deref(), now).await?,
        Difference::Team(id, None) => delete(to, "DELETE FROM teams WHERE id = $1", id.0).await?,
        Difference::Phone(id, None) => delete(to, "DELETE FROM phones WHERE id = $1", id.0).await?,
        Difference::Carrier(id, None) => delete(to, "DELETE FROM carriers WHERE id = $1", id.0).await?,
        Difference::Hours(id, None) => delete(to, "DELETE FROM hours WHERE id = $1", id.0).await?,
    }
    Ok(())
}

async fn delete(to: &mut AnyConnection, sql: &'static str, id: u64) -> Result<(), sqlx::Error> {
    sqlx::query(sql).bind(big(id)).execute(&mut *to).await.map(|_| ())
}

async fn write_manager(
    to: &mut AnyConnection,
    id: ManagerId,
    manager: Option<&Manager>,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let Some(manager) = manager else {
        // The row stays so that history keeps the name.
        sqlx::query("UPDATE managers SET deleted_at = $1 WHERE id = $2")
            .bind(big(now.0))
            .bind(big(id.0))
            .execute(&mut *to)
            .await?;
        return delete(to, "DELETE FROM sessions WHERE manager_id = $1", id.0).await;
    };
    const SAVE: &str = "INSERT INTO managers (id, email, fields, password_hash, deleted_at) VALUES ($1, $2, $3, $4, 0) \
         ON CONFLICT (id) DO UPDATE SET email = $2, fields = $3, password_hash = $4";
    sqlx::query(SAVE)
        .bind(big(id.0))
        .bind(&manager.fields.email)
        .bind(json(&manager.fields)?)
        .bind(&manager.password_hash)
        .execute(&mut *to)
        .await
        .map(|_| ())
}

async fn write_number(
    to: &mut AnyConnection,
    id: NumberId,
    number: Option<&Number>,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let Some(number) = number else {
        // The row stays: a call to a released number has a reason of its own.
        return sqlx::query("UPDATE numbers SET released_at = $1 WHERE id = $2")
            .bind(big(now.0))
            .bind(big(id.0))
            .execute(&mut *to)
            .await
            .map(|_| ());
    };
    const SAVE: &str = "INSERT INTO numbers (id, e164, carrier_id, fields, created_at, released_at) VALUES ($1, $2, $3, $4, $5, 0) \
         ON CONFLICT (id) DO UPDATE SET carrier_id = $3, fields = $4";
    sqlx::query(SAVE)
        .bind(big(id.0))
        .bind(number.e164.to_string())
        .bind(big_or_0(number.carrier_id.map(|c| c.0)))
        .bind(json(&number.fields)?)
        .bind(big(number.created_at.0))
        .execute(&mut *to)
        .await
        .map(|_| ())
}

async fn write_phone(to: &mut AnyConnection, phone: &Phone) -> Result<(), sqlx::Error> {
    const SAVE: &str = "INSERT INTO phones (id, name, manager_id, device_address, user_id, password) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET name = $2, manager_id = $3";
    sqlx::query(SAVE)
        .bind(big(phone.id.0))
        .bind(&phone.fields.name)
        .bind(big(phone.fields.manager_id.0))
        .bind(&phone.device_address)
        .bind(&phone.user_id)
        .bind(&phone.password)
        .execute(&mut *to)
        .await
        .map(|_| ())
}

async fn write_workflow(
    to: &mut AnyConnection,
    id: WorkflowId,
    workflow: Option<&Workflow>,
    now: UnixMillis,
) -> Result<(), sqlx::Error> {
    let Some(workflow) = workflow else {
        return sqlx::query("UPDATE workflows SET deleted_at = $1 WHERE id = $2")
            .bind(big(now.0))
            .bind(big(id.0))
            .execute(&mut *to)
            .await
            .map(|_| ());
    };
    if let Some(revision) = &workflow.latest {
        sqlx::query("INSERT INTO revisions (id, workflow_id, published_at, content) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING")
            .bind(big(revision.id.0))
            .bind(big(id.0))
            .bind(big_or_0(workflow.published_at.map(|t| t.0)))
            .bind(json(revision.as_ref())?)
            .execute(&mut *to)
            .await?;
    }
    const SAVE: &str = "INSERT INTO workflows (id, state, fields, latest_revision_id, deleted_at) VALUES ($1, $2, $3, $4, 0) \
         ON CONFLICT (id) DO UPDATE SET state = $2, fields = $3, latest_revision_id = $4";
    sqlx::query(SAVE)
        .bind(big(id.0))
        .bind(word(&workflow.state))
        .bind(json(&workflow.fields)?)
        .bind(big_or_0(workflow.latest.as_ref().map(|r| r.id.0)))
        .execute(&mut *to)
        .await
        .map(|_| ())
}
