//! Virtual phones as they are stored and edited (R37–R48).

use super::mistake::{Checked, Mistakes};
use pbx::{ManagerId, PhoneId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest name in characters (R39).
pub const LONGEST_NAME: usize = 29;

/// A phone's editable fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneFields {
    /// Fewer than 30 characters, no two alike (R39).
    pub name: String,
    /// Whose it is; exactly one manager (R40).
    #[schema(value_type = String)]
    pub manager_id: ManagerId,
}

impl Checked for PhoneFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, LONGEST_NAME);
    }
}

/// A phone with its three generated values (R48). The password is kept in clear because people copy it into desk phones (R47).
#[derive(Clone, Debug, PartialEq)]
pub struct Phone {
    /// Which one.
    pub id: PhoneId,
    /// What can be edited.
    pub fields: PhoneFields,
    /// Starts with `d`; never the name of another account.
    pub device_address: String,
    /// Starts with `u`.
    pub user_id: String,
    /// 20 characters.
    pub password: String,
}
