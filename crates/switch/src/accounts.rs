//! Who may sign in: phones by any of four pairings of their two names (R52, R58, R160), and browsers for a while.

use crate::settings::PhoneAccount;
use pbx::settings::RingDevice;
use pbx::{ManagerId, PhoneId, UnixMillis};
use sip::digest::Secret;
use std::collections::{BTreeMap, BTreeSet};

/// Browser accounts kept at once; the one that expires first makes room.
const MAX_BROWSERS: usize = 20_000;

/// Who a browser's account belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum BrowserUser {
    /// A manager's ring device.
    Manager(ManagerId, RingDevice),
    /// A caller with this number ("Call as a customer").
    Customer(String),
}

/// A browser's short-lived account.
#[derive(Clone, Debug)]
pub struct Browser {
    /// SIP user and digest user name.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Who is behind it.
    pub user: BrowserUser,
    /// From then on it may not sign in any more.
    pub expires_at: UnixMillis,
}

/// What stands behind an account.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Owner {
    Phone { phone: PhoneId, manager: ManagerId },
    Browser { manager: ManagerId, device: RingDevice },
    Customer { number: String },
}

impl Owner {
    /// Whose ring device it is, if it is one.
    pub(crate) fn ring_device(&self) -> Option<(ManagerId, RingDevice)> {
        match *self {
            Self::Phone { manager, .. } => Some((manager, RingDevice::DeskPhone)),
            Self::Browser { manager, device } => Some((manager, device)),
            Self::Customer { .. } => None,
        }
    }
}

/// An account: one address-of-record with all its names.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) owner: Owner,
    /// Each name that is accepted as user part and as digest user name.
    secrets: Vec<(String, Secret)>,
    password: String,
    expires_at: Option<UnixMillis>,
}

/// All accounts.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    by_key: BTreeMap<u64, Account>,
    by_name: BTreeMap<String, u64>,
    /// Accounts of each manager's ring devices of a kind.
    by_device: BTreeMap<(ManagerId, RingDevice), BTreeSet<u64>>,
    next_browser: u64,
}

/// Browser accounts' keys have the top bit set; phones' are their identifiers.
const BROWSER: u64 = 1 << 63;

impl Accounts {
    pub(crate) fn get(&self, key: u64) -> Option<&Account> {
        self.by_key.get(&key)
    }

    /// The account a SIP user belongs to.
    pub(crate) fn named(&self, name: &str) -> Option<u64> {
        self.by_name.get(name).copied()
    }

    /// The secret for this digest user name, if it may speak for that account now.
    pub(crate) fn secret(&self, key: u64, digest_username: &str, now: UnixMillis) -> Option<&Secret> {
        let account = self.by_key.get(&key)?;
        if account.expires_at.is_some_and(|end| now >= end) {
            return None;
        }
        account.secrets.iter().find(|(name, _)| name == digest_username).map(|(_, secret)| secret)
    }

    /// All ring devices of a manager of one kind.
    pub(crate) fn of_manager(&self, manager: ManagerId, device: RingDevice) -> impl Iterator<Item = u64> + '_ {
        self.by_device.get(&(manager, device)).into_iter().flatten().copied()
    }

    /// Every manager's kind of ring device that has an account.
    pub(crate) fn devices(&self) -> impl Iterator<Item = (ManagerId, RingDevice)> + '_ {
        self.by_device.keys().copied()
    }

    fn index(&mut self, key: u64, owner: &Owner) {
        if let Some(device) = owner.ring_device() {
            self.by_device.entry(device).or_default().insert(key);
        }
    }

    fn unindex(&mut self, key: u64, owner: &Owner) {
        if let Some(device) = owner.ring_device()
            && let Some(keys) = self.by_device.get_mut(&device)
        {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_device.remove(&device);
            }
        }
    }

    /// Takes the phones of new settings; answers the keys of accounts that are gone or have other credentials.
    pub(crate) fn set_phones(&mut self, phones: &[PhoneAccount], realm: &str) -> Vec<u64> {
        let mut cut = Vec::new();
        let old: Vec<u64> = self.by_key.keys().copied().filter(|key| key & BROWSER == 0).collect();
        for key in old {
            let stays = phones.iter().find(|p| p.id.0 == key).is_some_and(|p| self.is_same(key, p));
            if !stays {
                self.remove(key);
                cut.push(key);
            }
        }
        for phone in phones {
            let owner = Owner::Phone { phone: phone.id, manager: phone.manager_id };
            match self.by_key.get_mut(&phone.id.0) {
                // Another manager, same credentials: the link stays up (R42).
                Some(account) => {
                    let before = std::mem::replace(&mut account.owner, owner.clone());
                    self.unindex(phone.id.0, &before);
                    self.index(phone.id.0, &owner);
                }
                None => {
                    let names = [phone.user_id.clone(), phone.device_address.clone()];
                    self.insert(phone.id.0, owner, &names, &phone.password, realm, None);
                }
            }
        }
        cut
    }

    fn is_same(&self, key: u64, phone: &PhoneAccount) -> bool {
        self.by_key.get(&key).is_some_and(|a| {
            a.password == phone.password
                && a.secrets.iter().any(|(n, _)| *n == phone.user_id)
                && a.secrets.iter().any(|(n, _)| *n == phone.device_address)
        })
    }

    /// Lets a browser sign in; answers the keys of accounts that had to go.
    pub(crate) fn add_browser(&mut self, browser: Browser, realm: &str, now: UnixMillis) -> Vec<u64> {
        let mut gone: Vec<u64> = Vec::new();
        if self.by_key.len() >= MAX_BROWSERS {
            gone =
                self.by_key.iter().filter(|(_, a)| a.expires_at.is_some_and(|e| e <= now)).map(|(k, _)| *k).collect();
            if gone.is_empty() {
                gone.extend(
                    self.by_key
                        .iter()
                        .filter(|(_, a)| a.expires_at.is_some())
                        .min_by_key(|(_, a)| a.expires_at)
                        .map(|(k, _)| *k),
                );
            }
            for key in &gone {
                self.remove(*key);
            }
        }
        let owner = match browser.user {
            BrowserUser::Manager(manager, device) => Owner::Browser { manager, device },
            BrowserUser::Customer(number) => Owner::Customer { number },
        };
        self.next_browser += 1;
        let key = BROWSER | self.next_browser;
        self.insert(key, owner, &[browser.username], &browser.password, realm, Some(browser.expires_at));
        gone
    }

    fn insert(
        &mut self,
        key: u64,
        owner: Owner,
        names: &[String],
        password: &str,
        realm: &str,
        expires_at: Option<UnixMillis>,
    ) {
        let secrets = names.iter().map(|name| (name.clone(), Secret::new(name, realm, password))).collect();
        for name in names {
            self.by_name.insert(name.clone(), key);
        }
        self.index(key, &owner);
        self.by_key.insert(key, Account { owner, secrets, password: password.to_owned(), expires_at });
    }

    fn remove(&mut self, key: u64) {
        if let Some(account) = self.by_key.remove(&key) {
            self.unindex(key, &account.owner);
            for (name, _) in &account.secrets {
                if self.by_name.get(name) == Some(&key) {
                    self.by_name.remove(name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phone(id: u64, manager: u64, password: &str) -> PhoneAccount {
        PhoneAccount {
            id: PhoneId(id),
            manager_id: ManagerId(manager),
            user_id: format!("u{id}"),
            device_address: format!("d{id}"),
            password: password.into(),
        }
    }

    #[test]
    fn both_names_speak_for_one_phone_and_no_other_does() {
        let mut accounts = Accounts::default();
        accounts.set_phones(&[phone(1, 1, "a"), phone(2, 1, "b")], "sori");
        let key = accounts.named("u1").unwrap();
        assert_eq!(accounts.named("d1"), Some(key));
        assert!(accounts.secret(key, "u1", UnixMillis(0)).is_some());
        assert!(accounts.secret(key, "d1", UnixMillis(0)).is_some());
        assert!(accounts.secret(key, "u2", UnixMillis(0)).is_none());
    }

    #[test]
    fn another_manager_keeps_the_link_another_password_cuts_it() {
        let mut accounts = Accounts::default();
        accounts.set_phones(&[phone(1, 1, "a")], "sori");
        assert!(accounts.set_phones(&[phone(1, 2, "a")], "sori").is_empty());
        assert_eq!(accounts.get(1).unwrap().owner.ring_device(), Some((ManagerId(2), RingDevice::DeskPhone)));
        assert_eq!(accounts.set_phones(&[phone(1, 2, "b")], "sori"), [1]);
        assert_eq!(accounts.set_phones(&[], "sori"), [1]);
        assert_eq!(accounts.named("u1"), None);
    }

    #[test]
    fn a_browser_account_expires() {
        let mut accounts = Accounts::default();
        let browser = Browser {
            username: "b1".into(),
            password: "p".into(),
            user: BrowserUser::Manager(ManagerId(1), RingDevice::Desktop),
            expires_at: UnixMillis(100),
        };
        accounts.add_browser(browser, "sori", UnixMillis(0));
        let key = accounts.named("b1").unwrap();
        assert!(accounts.secret(key, "b1", UnixMillis(99)).is_some());
        assert!(accounts.secret(key, "b1", UnixMillis(100)).is_none());
    }
}
