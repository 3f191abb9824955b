//! A workspace without managers gets its first owner, or nobody could ever sign in.

use crate::clock::now;
use crate::configuration::StartProblem;
use crate::sign_in::{Passwords, random_name};
use crate::store::Store;
use crate::workspace::manager::{Manager, ManagerFields};
use crate::workspace::{About, Difference, Workspace};
use pbx::ManagerId;
use pbx::command::Language;
use pbx::settings::{OperatorStatus, RingDevices, Role};
use std::sync::Arc;

/// The first owner's e-mail address, until the owner changes it.
pub const EMAIL: &str = "owner@sori.local";

/// Makes the first owner and says its password once, on standard error.
///
/// # Errors
/// When the database refuses.
pub async fn ensure(store: &Store, workspace: &mut Workspace) -> Result<(), StartProblem> {
    if !workspace.managers.is_empty() {
        return Ok(());
    }
    let password = random_name(16);
    let Some(password_hash) = Passwords::default().hash(password.clone()).await else {
        return Err(StartProblem(
            "The machine is too short of memory to hash a password; free some and start again.".into(),
        ));
    };
    let id = ManagerId(store.new_id(now()));
    let fields = ManagerFields {
        name: "Owner".into(),
        email: EMAIL.into(),
        role: Role::Owner,
        team_ids: Vec::new(),
        language: Language::Ko,
        status: OperatorStatus::Waiting,
        ring_devices: RingDevices::default(),
        unassigned_call_alert: true,
        seat: true,
        max_calls: 1,
        password: None,
    };
    let owner = Arc::new(Manager { id, fields, password_hash });
    let differences = [Difference::About(About::default()), Difference::Manager(id, Some(owner.clone()))];
    store.write_differences(&differences, now()).await.map_err(|why| {
        StartProblem(format!(
            "The first owner cannot be written ({why}); check the data folder's rights and the free disk space."
        ))
    })?;
    workspace.managers.insert(id, owner);
    eprintln!("First start: sign in as {EMAIL} with the password {password} and change it.");
    Ok(())
}
