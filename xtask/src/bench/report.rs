//! What was measured, as JSON for programs and as a table for people.

use super::stopwatch::Cost;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::Path;

/// One figure with what it should be at most.
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    mark: Option<f64>,
}

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    raw: Vec<Value>,
    others: Vec<String>,
    notes: Vec<String>,
}

impl Report {
    /// A piece of work in process; marks are nanoseconds and allocations at most.
    pub fn micro(&mut self, name: &str, cost: Cost, mark: Option<f64>, allocations: Option<f64>) {
        println!("{name}: {:.0} ns, {:.2} allocations", cost.nanoseconds, cost.allocations);
        self.figure(name, cost.nanoseconds, "ns", mark);
        // Counters of a running program are never exactly nothing: a table grows once in a while.
        self.figure(&format!("{name}: allocations"), (cost.allocations * 100.0).round() / 100.0, "", allocations);
    }

    /// A figure that should be at most `mark`.
    pub fn figure(&mut self, name: &str, value: f64, unit: &'static str, mark: Option<f64>) {
        self.figures.push(Figure { name: name.to_owned(), value, unit, mark });
    }

    /// What the load harness or the kernel's benchmark printed.
    pub fn raw(&mut self, value: Value) {
        self.raw.push(value);
    }

    /// A line of the table of other systems.
    pub fn other(&mut self, line: String) {
        self.others.push(line);
    }

    /// Something the reader must know.
    pub fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Writes `report.json` and `report.md` into `folder` and gives the table.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn write(&self, folder: &Path) -> std::io::Result<String> {
        std::fs::create_dir_all(folder)?;
        let figures: Vec<Value> = self.figures.iter().map(Figure::json).collect();
        let whole = json!({ "figures": figures, "runs": self.raw, "notes": self.notes });
        std::fs::write(folder.join("report.json"), format!("{whole:#}\n"))?;
        let table = self.table();
        std::fs::write(folder.join("report.md"), &table)?;
        Ok(table)
    }

    fn table(&self) -> String {
        let mut text = String::from("| figure | measured | mark | of the mark | |\n|---|---:|---:|---:|---|\n");
        for figure in &self.figures {
            let (mark, ratio, verdict) = figure.judged();
            let _ = writeln!(
                text,
                "| {} | {} {} | {mark} | {ratio} | {verdict} |",
                figure.name,
                short(figure.value),
                figure.unit
            );
        }
        if !self.others.is_empty() {
            text +=
                "\nOther systems, from ../shared/load/README.md (another day's run; ratios hold, figures do not):\n\n";
            text += &self.others.join("\n");
            text += "\n";
        }
        for note in &self.notes {
            let _ = writeln!(text, "\n{note}");
        }
        text
    }
}

impl Figure {
    /// Mark, ratio to it, and whether it is met, as words.
    fn judged(&self) -> (String, String, &'static str) {
        match self.mark {
            None => (String::new(), String::new(), ""),
            Some(mark) => {
                let verdict = if self.value <= mark { "pass" } else { "miss" };
                let ratio = if mark > 0.0 { format!("{:.2}", self.value / mark) } else { String::new() };
                (format!("{} {}", short(mark), self.unit), ratio, verdict)
            }
        }
    }

    fn json(&self) -> Value {
        let passes = self.mark.map(|mark| self.value <= mark);
        let ratio = self.mark.filter(|mark| *mark > 0.0).map(|mark| self.value / mark);
        json!({ "name": self.name, "value": self.value, "unit": self.unit, "mark": self.mark, "of_mark": ratio, "pass": passes })
    }
}

/// Three figures that matter.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 10.0 => format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned(),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
