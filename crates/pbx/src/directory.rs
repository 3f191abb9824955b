//! The customers that calls are matched against, kept in memory so that no call waits for a database.

use crate::command::Language;
use crate::{CustomerId, E164};
use std::collections::BTreeMap;

/// What a call needs to know of a customer.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct CustomerBrief {
    pub id: CustomerId,
    pub name: String,
    pub language: Option<Language>,
    pub blocked: bool,
}

/// Customers by telephone number, or by alias for callers without one.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// By number.
    pub by_number: BTreeMap<E164, CustomerBrief>,
    /// By alias such as `sip:u10000`.
    pub by_alias: BTreeMap<String, CustomerBrief>,
}
