//! Which measurements are wanted.

use super::rig::Rig;

/// One measurement.
pub struct Measurement {
    /// To ask for it.
    pub name: &'static str,
    /// For people.
    pub what: &'static str,
    /// Measures.
    pub measure: fn(&mut Rig) -> Result<(), String>,
}

/// What the arguments ask for.
pub enum Selection<'a> {
    /// To be told what there is.
    List,
    /// These, in the order they stand in.
    Measure(Vec<&'a Measurement>),
}

/// Reads `--list` or `--only NAME …`; `load` means everything but `micro`, and no argument means everything.
///
/// # Errors
/// A sentence about an argument that is not understood.
pub fn of<'a>(arguments: &[String], all: &'a [Measurement]) -> Result<Selection<'a>, String> {
    let mut names = Vec::new();
    for argument in arguments {
        match argument.as_str() {
            "--list" => return Ok(Selection::List),
            "--only" => {}
            "load" => names.extend(all.iter().map(|one| one.name).filter(|name| *name != "micro")),
            name if all.iter().any(|one| one.name == name) => names.push(name),
            other => {
                let known: Vec<&str> = all.iter().map(|one| one.name).collect();
                return Err(format!("there is no measurement {other}; there are load, {}", known.join(", ")));
            }
        }
    }
    if names.is_empty() && !arguments.is_empty() {
        return Err("--only needs a name; --list tells them".to_owned());
    }
    Ok(Selection::Measure(all.iter().filter(|one| names.is_empty() || names.contains(&one.name)).collect()))
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
            Selection::Measure(chosen) => Ok(chosen.into_iter().map(|one| one.name).collect()),
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
    fn a_name_that_is_not_there_is_refused() {
        assert!(names(&["--only", "bridge"]).unwrap_err().contains("there are load, micro, setup, memory"));
        assert!(names(&["--only"]).is_err());
    }
}
