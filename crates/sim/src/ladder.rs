//! The ladder of a run: what a person would draw of the messages between carriers, sori and phones.

use crate::glance::{Glance, Start};
use std::fmt::Write as _;
use std::time::Duration;

/// Lines of a ladder at most; later ones replace the first.
const MAX_LINES: usize = 20_000;
/// A column's width, characters.
const COLUMN: usize = 26;

/// Of a Call-ID a list shows so many characters.
const CALL_ID_SHOWN: usize = 6;

/// Who stands at the end of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The switch.
    Sori,
    /// An agent.
    Agent(usize),
}

/// A rung.
#[derive(Clone, Debug)]
enum Rung {
    /// A message under way.
    Arrow { from: End, to: End, label: String, call_id: String },
    /// Something that happens at one place.
    Note(String),
}

/// See the module.
#[derive(Debug, Default)]
pub struct Ladder {
    rungs: std::collections::VecDeque<(Duration, Rung)>,
}

impl Ladder {
    /// A message was sent.
    pub fn arrow(&mut self, at: Duration, from: End, to: End, glance: &Glance, lost: bool) {
        let mut label = label(glance);
        if lost {
            label.push_str(" (lost)");
        }
        self.add(at, Rung::Arrow { from, to, label, call_id: glance.call_id.clone() });
    }

    /// Something happened.
    pub fn note(&mut self, at: Duration, text: String) {
        self.add(at, Rung::Note(text));
    }

    /// Forgets what was drawn.
    pub fn clear(&mut self) {
        self.rungs.clear();
    }

    fn add(&mut self, at: Duration, rung: Rung) {
        if self.rungs.len() == MAX_LINES {
            self.rungs.pop_front();
        }
        self.rungs.push_back((at, rung));
    }

    /// As a list with times, its last lines: for finding out what went wrong among many parties.
    #[must_use]
    pub fn listed(&self, names: &[String], last: usize) -> String {
        let name = |end: End| match end {
            End::Sori => "sori",
            End::Agent(index) => names.get(index).map_or("?", String::as_str),
        };
        let mut out = String::new();
        for (at, rung) in self.rungs.iter().skip(self.rungs.len().saturating_sub(last)) {
            let seconds = at.as_secs_f64();
            let _ = match rung {
                Rung::Arrow { from, to, label, call_id } => {
                    let call: String = call_id.chars().take(CALL_ID_SHOWN).collect();
                    writeln!(out, "{seconds:9.3} {:>8} -> {:<8} {call:<6} {label}", name(*from), name(*to))
                }
                Rung::Note(text) => writeln!(out, "{seconds:9.3} * {text}"),
            };
        }
        out
    }

    /// As a drawing: the first agent left of sori, the others right of it.
    #[must_use]
    pub fn drawn(&self, names: &[String]) -> String {
        let columns: Vec<&str> = columns(names);
        let mut out = heading(&columns);
        for (_, rung) in &self.rungs {
            let line = match rung {
                Rung::Arrow { from, to, label, .. } => arrow(columns.len(), place(*from), place(*to), label),
                Rung::Note(text) => format!("* {text}"),
            };
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

fn columns(names: &[String]) -> Vec<&str> {
    let mut columns: Vec<&str> = names.iter().map(String::as_str).collect();
    columns.insert(1.min(columns.len()), "sori");
    columns
}

fn place(end: End) -> usize {
    match end {
        End::Agent(0) => 0,
        End::Sori => 1,
        End::Agent(index) => index + 1,
    }
}

fn heading(columns: &[&str]) -> String {
    let line: String = columns.iter().map(|name| format!("{name:<COLUMN$}")).collect();
    format!("{}\n", line.trim_end())
}

fn arrow(columns: usize, from: usize, to: usize, label: &str) -> String {
    let (left, right) = (from.min(to), from.max(to));
    let mut line = String::new();
    for column in 0..columns {
        line.push('|');
        if column == left {
            line.push_str(&shaft(label, (right - left) * COLUMN - 1, from < to));
        } else if column < left || column >= right {
            line.push_str(&" ".repeat(COLUMN - 1));
        } else {
            // Passed by the shaft.
            line.pop();
        }
    }
    line
}

fn shaft(label: &str, width: usize, rightwards: bool) -> String {
    let room = width.saturating_sub(6);
    let label: String = label.chars().take(room).collect();
    let dashes = "-".repeat(room - label.chars().count());
    if rightwards { format!("-- {label} {dashes}->") } else { format!("<- {label} {dashes}--") }
}

fn label(glance: &Glance) -> String {
    let mut label = match &glance.start {
        Start::Request(_) => glance.method.clone(),
        Start::Response(status) if glance.method == "INVITE" => status.to_string(),
        Start::Response(status) => format!("{status} {}", glance.method),
    };
    if !glance.direction.is_empty() {
        let _ = write!(label, " {}", glance.direction);
    }
    if glance.reason.contains("cause=200") {
        label.push_str(" elsewhere");
    }
    label
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_arrows_through_columns() {
        let names: Vec<String> = ["carrier", "minji", "jun"].map(str::to_owned).to_vec();
        let mut ladder = Ladder::default();
        let invite =
            Glance::at(b"INVITE sip:x SIP/2.0\r\nCall-ID: a\r\nTo: <sip:x>\r\nCSeq: 1 INVITE\r\n\r\nv=0\r\n").unwrap();
        ladder.arrow(Duration::ZERO, End::Agent(0), End::Sori, &invite, false);
        ladder.arrow(Duration::ZERO, End::Sori, End::Agent(2), &invite, false);
        ladder.note(Duration::ZERO, "sori bridges".to_owned());
        let lines: Vec<String> = ladder.drawn(&names).lines().map(str::to_owned).collect();
        assert_eq!(lines[0], "carrier                   sori                      minji                     jun");
        assert_eq!(lines[1], "|-- INVITE sdp ---------->|                         |                         |");
        assert_eq!(lines[2], "|                         |-- INVITE sdp ------------------------------------>|");
        assert_eq!(lines[3], "* sori bridges");
    }
}
