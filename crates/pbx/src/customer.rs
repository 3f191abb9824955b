//! Customers as calls know them: found by number or alias, made as leads when unknown.

use crate::command::Language;
use crate::directory::{CustomerBrief, Directory};
use crate::record::CustomerRecord;
use crate::{Caller, Country, CustomerId, E164, UnixMillis};
use std::collections::BTreeMap;

/// Longest alias that is kept; a longer SIP user is cut there.
pub(crate) const MAX_ALIAS_CHARS: usize = 128;

/// By what a customer is found.
#[derive(Clone, Debug, Default)]
struct Keys {
    numbers: Vec<E164>,
    alias: Option<String>,
}

/// The directory with the way back from a customer to its keys.
#[derive(Debug)]
pub(crate) struct Customers {
    directory: Directory,
    keys: BTreeMap<CustomerId, Keys>,
}

/// The directory key of a caller without a number.
pub(crate) fn alias_of(name: &str) -> String {
    format!("sip:{}", name.chars().take(MAX_ALIAS_CHARS).collect::<String>())
}

impl Customers {
    pub(crate) fn new(directory: Directory) -> Self {
        let mut keys: BTreeMap<CustomerId, Keys> = BTreeMap::new();
        for (number, brief) in &directory.by_number {
            keys.entry(brief.id).or_default().numbers.push(*number);
        }
        for (alias, brief) in &directory.by_alias {
            keys.entry(brief.id).or_default().alias = Some(alias.clone());
        }
        Self { directory, keys }
    }

    /// Who calls, when known. Nobody is known without a number or name.
    pub(crate) fn find(&self, caller: &Caller) -> Option<&CustomerBrief> {
        match caller {
            Caller::Number(number) => self.directory.by_number.get(number),
            Caller::Name(name) => self.directory.by_alias.get(&alias_of(name)),
            Caller::Anonymous => None,
        }
    }

    /// A lead for an unknown caller (R4), known from now on unless anonymous.
    pub(crate) fn new_lead(&mut self, id: CustomerId, caller: &Caller, now: UnixMillis) -> CustomerRecord {
        let (phone_numbers, alias) = match caller {
            Caller::Number(number) => (vec![*number], String::new()),
            Caller::Name(name) => (Vec::new(), alias_of(name)),
            Caller::Anonymous => (Vec::new(), String::new()),
        };
        let lead = CustomerRecord {
            id,
            name: String::new(),
            phone_numbers,
            alias,
            language: None,
            is_lead: true,
            blocked: false,
            created_at: now,
        };
        self.put(&lead);
        lead
    }

    /// Takes a customer over as it stands now, in place of what was known of it.
    pub(crate) fn put(&mut self, row: &CustomerRecord) {
        self.remove(row.id);
        let brief = CustomerBrief { id: row.id, name: row.name.clone(), language: row.language, blocked: row.blocked };
        for number in &row.phone_numbers {
            self.directory.by_number.insert(*number, brief.clone());
        }
        let alias = (!row.alias.is_empty()).then(|| row.alias.clone());
        if let Some(alias) = &alias {
            self.directory.by_alias.insert(alias.clone(), brief);
        }
        if alias.is_some() || !row.phone_numbers.is_empty() {
            self.keys.insert(row.id, Keys { numbers: row.phone_numbers.clone(), alias });
        }
    }

    fn remove(&mut self, id: CustomerId) {
        let Some(keys) = self.keys.remove(&id) else { return };
        for number in keys.numbers {
            // A number that moved to another customer stays there.
            if self.directory.by_number.get(&number).is_some_and(|brief| brief.id == id) {
                self.directory.by_number.remove(&number);
            }
        }
        if let Some(alias) = keys.alias
            && self.directory.by_alias.get(&alias).is_some_and(|brief| brief.id == id)
        {
            self.directory.by_alias.remove(&alias);
        }
    }
}

/// The language to speak to a customer (R106): the profile's, else by the number's country, else English; a caller
/// without a number hears the workspace's own.
pub(crate) fn language_for(brief: Option<&CustomerBrief>, caller: &Caller, workspace: Language) -> Language {
    if let Some(language) = brief.and_then(|brief| brief.language) {
        return language;
    }
    match caller {
        Caller::Number(number) => match number.country() {
            Some(Country::Kr) => Language::Ko,
            Some(Country::Jp) => Language::Ja,
            None => Language::En,
        },
        Caller::Name(_) | Caller::Anonymous => workspace,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> E164 {
        text.parse().unwrap()
    }

    #[test]
    fn an_edited_customer_leaves_its_old_number() {
        let mut customers = Customers::new(Directory::default());
        let (old, new) = (Caller::Number(number("+821011112222")), Caller::Number(number("+821033334444")));
        let mut row = customers.new_lead(CustomerId(1), &old, UnixMillis(5));
        row.phone_numbers = vec![number("+821033334444")];
        row.blocked = true;
        customers.put(&row);
        assert_eq!(customers.find(&old), None);
        assert!(customers.find(&new).is_some_and(|brief| brief.blocked));
    }

    #[test]
    fn every_anonymous_caller_is_new() {
        let mut customers = Customers::new(Directory::default());
        customers.new_lead(CustomerId(1), &Caller::Anonymous, UnixMillis(5));
        assert_eq!(customers.find(&Caller::Anonymous), None);
        assert!(customers.keys.is_empty());
    }

    #[test]
    fn language_is_the_profiles_then_the_countrys() {
        let caller = |text| Caller::Number(number(text));
        assert_eq!(language_for(None, &caller("+821011112222"), Language::En), Language::Ko);
        assert_eq!(language_for(None, &caller("+81311112222"), Language::Ko), Language::Ja);
        assert_eq!(language_for(None, &caller("+14155550100"), Language::Ko), Language::En);
        assert_eq!(language_for(None, &Caller::Anonymous, Language::Ko), Language::Ko);
        let known =
            CustomerBrief { id: CustomerId(1), name: String::new(), language: Some(Language::Es), blocked: false };
        assert_eq!(language_for(Some(&known), &caller("+821011112222"), Language::Ko), Language::Es);
    }
}
