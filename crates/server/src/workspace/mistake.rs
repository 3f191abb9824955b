//! A mistake in what somebody sent: which field, what kind, and in words.

/// Words in the two languages of the console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// English.
    pub en: String,
    /// Korean.
    pub ko: String,
}

impl Words {
    /// Both at once.
    pub fn new(en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self { en: en.into(), ko: ko.into() }
    }
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where, with dots and indexes: `phones[0].name`.
    pub path: String,
    /// What kind, for programs: `required`, `unknown_field`, `out_of_range` …
    pub code: &'static str,
    /// What kind, for people.
    pub message: Words,
}

/// Collects mistakes under a path.
#[derive(Debug, Default)]
pub struct Mistakes {
    /// What was found so far.
    pub found: Vec<Mistake>,
}

impl Mistakes {
    /// Adds one.
    pub fn add(&mut self, path: impl Into<String>, code: &'static str, en: impl Into<String>, ko: impl Into<String>) {
        self.found.push(Mistake { path: path.into(), code, message: Words::new(en, ko) });
    }

    /// A text of `least` to `most` characters without control characters is expected.
    pub fn text(&mut self, path: &str, text: &str, least: usize, most: usize) {
        let length = text.chars().count();
        if length < least && text.trim().is_empty() {
            self.add(path, "required", "must not be empty", "비워 둘 수 없습니다");
        } else if length < least || length > most {
            self.add(
                path,
                "length",
                format!("must have {least} to {most} characters"),
                format!("{least}~{most}자여야 합니다"),
            );
        } else if least > 0 && text.trim().is_empty() {
            self.add(path, "required", "must not be blank", "공백만 쓸 수 없습니다");
        } else if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.add(path, "characters", "must not hold control characters", "제어 문자를 쓸 수 없습니다");
        }
    }

    /// A number from `least` to `most` is expected.
    pub fn range(&mut self, path: &str, value: u64, least: u64, most: u64) {
        if !(least..=most).contains(&value) {
            self.add(
                path,
                "out_of_range",
                format!("must be {least} to {most}"),
                format!("{least}~{most} 사이여야 합니다"),
            );
        }
    }

    /// The thing named by the id must be there.
    pub fn exists(&mut self, path: impl Into<String>, is_there: bool, what_en: &str, what_ko: &str) {
        if !is_there {
            self.add(
                path,
                "not_found",
                format!("there is no such {what_en}"),
                format!("해당 {what_ko}이(가) 없습니다"),
            );
        }
    }
}

/// A body that can be checked beyond its shape.
pub trait Checked {
    /// Adds what is wrong in itself; whether ids exist is checked against the workspace later.
    fn check(&self, mistakes: &mut Mistakes);
}
