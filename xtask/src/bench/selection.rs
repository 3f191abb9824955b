//! Which measurements are wanted.

use super::rig::Rig;
use std::time::Duration;

/// One measurement.
pub struct Measurement {
    /// To ask for it.
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    /// Measures.
    pub measure: fn(&mut Rig) -> Result<(), String>,
}

/// The longest patience, in minutes.
const LONGEST_PATIENCE: u64 = 600;

/// What is to be measured.
pub struct Wanted<'a> {
    /// In the order they stand in.
    pub measurements: Vec<&'a Measurement>,
    /// How long what misses its mark may be measured again, from the start.
    pub patience: Duration,
}

/// What the arguments ask for.
pub enum Selection<'a> {
    /// To be told what there is.
    List,
    /// These.
    Measure(Wanted<'a>),
}

/// Reads `--list`, `--patience MINUTES` or `--only NAME …`; `load` means everything but `micro`, and no name means everything.
///
/// # Errors
/// A sentence about an argument that is not understood.
pub fn of<'a>(arguments: &[String], all: &'a [Measurement]) -> Result<Selection<'a>, String> {
    let mut names = Vec::new();
    let mut wants_names = false;
    let mut patience = Duration::ZERO;
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--list" => return Ok(Selection::List),
            "--patience" => patience = minutes(arguments.next())?,
            "--only" => wants_names = true,
            "load" => names.extend(all.iter().map(|one| one.name).filter(|name| *name != "micro")),
            name if all.iter().any(|one| one.name == name) => names.push(name),
            other => {
                let known: Vec<&str> = all.iter().map(|one| one.name).collect();
                return Err(format!("there is no measurement {other}; there are load, {}", known.join(", ")));
            }
        }
    }
    if names.is_empty() && wants_names {
        return Err("--only needs a name; --list tells them".to_owned());
    }
    let measurements = all.iter().filter(|one| names.is_empty() || names.contains(&one.name)).collect();
    Ok(Selection::Measure(Wanted { measurements, patience }))
}

fn minutes(text: Option<&String>) -> Result<Duration, String> {
    let minutes = text.and_then(|text| text.parse().ok()).filter(|minutes| *minutes <= LONGEST_PATIENCE);
    let minutes: u64 = minutes.ok_or_else(|| format!("--patience needs minutes, {LONGEST_PATIENCE} at most"))?;
    Ok(Duration::from_secs(minutes * 60))
}

/// Tells what there is.
pub fn print(all: &[Measurement]) {
    for one in all {
        println!("{:<14}{}", one.name, one.what);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Measurement; 3] = [
        Measurement { name: "micro", what: "", measure: |_| Ok(()) },
        Measurement { name: "setup", what: "", measure: |_| Ok(()) },
        Measurement { name: "memory", what: "", measure: |_| Ok(()) },
    ];

    fn names(arguments: &[&str]) -> Result<Vec<&'static str>, String> {
        let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
        match of(&arguments, &ALL)? {
            Selection::List => Ok(vec!["list"]),
            Selection::Measure(wanted) => Ok(wanted.measurements.into_iter().map(|one| one.name).collect()),
        }
    }

    fn patience(arguments: &[&str]) -> Result<u64, String> {
        let arguments: Vec<String> = arguments.iter().map(|&one| one.to_owned()).collect();
        match of(&arguments, &ALL)? {
            Selection::List => Ok(0),
            Selection::Measure(wanted) => Ok(wanted.patience.as_secs()),
        }
    }

    #[test]
    fn all_or_what_is_named_in_the_order_of_the_list() {
        assert_eq!(names(&[]).unwrap(), ["micro", "setup", "memory"]);
        assert_eq!(names(&["--only", "memory", "micro"]).unwrap(), ["micro", "memory"]);
        assert_eq!(names(&["load"]).unwrap(), ["setup", "memory"]);
        assert_eq!(names(&["--list"]).unwrap(), ["list"]);
    }

    #[test]
    fn patience_is_in_minutes() {
        assert_eq!(patience(&[]), Ok(0));
        assert_eq!(patience(&["--patience", "90", "--only", "setup"]), Ok(5_400));
        assert_eq!(names(&["--patience", "90"]).unwrap(), ["micro", "setup", "memory"]);
        for wrong in [&["--patience"][..], &["--patience", "601"], &["--patience", "--only"]] {
            assert!(patience(wrong).unwrap_err().contains("minutes, 600 at most"), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_that_is_not_there_is_refused() {
        assert!(names(&["--only", "bridge"]).unwrap_err().contains("there are load, micro, setup, memory"));
        assert!(names(&["--only"]).is_err());
    }
}
