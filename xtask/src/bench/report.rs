//! What was measured, as JSON for programs and as a table for people.

use super::stopwatch::Cost;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

/// One figure with what it should be at most.
struct Figure {
    name: String,
    /// Nothing where it could not be measured.
    value: Option<f64>,
    /// What other runs of the same measurement gave.
    others: Vec<f64>,
    unit: &'static str,
    mark: Option<f64>,
    /// It is made of two figures, each with noise of its own.
    is_compared: bool,
}

/// Everything that was measured.
#[derive(Default)]
pub struct Report {
    figures: Vec<Figure>,
    raw: Vec<Value>,
    others: Vec<String>,
    notes: Vec<String>,
    /// Measurements that ended without their figures.
    unmeasured: Vec<String>,
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
        self.measured(name, Some(value), unit, mark);
    }

    /// A figure that may be missing; its mark is not met then.
    pub fn measured(&mut self, name: &str, value: Option<f64>, unit: &'static str, mark: Option<f64>) {
        let name = name.to_owned();
        self.figures.push(Figure { name, value, others: Vec::new(), unit, mark, is_compared: false });
    }

    /// What one figure is beside another of the same run: a difference or a ratio. It has no mark.
    pub fn compared(&mut self, name: &str, value: Option<f64>, unit: &'static str) {
        let name = name.to_owned();
        self.figures.push(Figure { name, value, others: Vec::new(), unit, mark: None, is_compared: true });
    }

    /// Figures so far.
    pub fn len(&self) -> usize {
        self.figures.len()
    }

    /// Is one of these figures a time above its mark?
    pub fn is_slow(&self, figures: &Range<usize>) -> bool {
        self.figures[figures.clone()].iter().any(|figure| figure.is_time() && figure.met() == Some(false))
    }

    /// Takes the figures from `again` on as another run of those from `first` on.
    pub fn fold(&mut self, first: usize, again: usize) {
        if first == again {
            return;
        }
        for figure in self.figures.split_off(again) {
            match self.figures[first..].iter_mut().find(|before| before.name == figure.name) {
                Some(before) => before.fold(&figure),
                None => self.figures.push(figure),
            }
        }
    }

    /// Takes one field of what a program printed, by JSON pointer (RFC 6901).
    pub fn field(&mut self, run: &Value, name: &str, pointer: &str, unit: &'static str, mark: Option<f64>) {
        self.measured(name, run.pointer(pointer).and_then(Value::as_f64), unit, mark);
    }

    /// A measurement that ended early, and why.
    pub fn unmeasured(&mut self, name: &str, why: &str) {
        self.unmeasured.push(name.to_owned());
        self.note(format!("{name} ended early: {why}."));
    }

    /// Is everything measured that was asked for, and every mark met?
    pub fn all_met(&self) -> bool {
        self.unmeasured.is_empty() && self.figures.iter().all(|figure| figure.met() != Some(false))
    }

    /// The same as a sentence.
    pub fn verdict(&self) -> String {
        let marked = self.figures.iter().filter(|figure| figure.mark.is_some()).count();
        let missed: Vec<&str> =
            self.figures.iter().filter(|f| f.met() == Some(false)).map(|f| f.name.as_str()).collect();
        let mut text = match (marked, missed.len()) {
            (0, _) => "Nothing that has a mark was measured.".to_owned(),
            (1, 0) => "The one mark is met.".to_owned(),
            (_, 0) => format!("All {marked} marks are met."),
            (_, count) => format!("{count} of {marked} marks not met: {}.", missed.join("; ")),
        };
        if !self.unmeasured.is_empty() {
            text += &format!(" Not measured: {}.", self.unmeasured.join(", "));
        }
        text
    }

    /// What the load harness or the kernel's benchmark printed.
    pub fn raw(&mut self, value: Value) {
        self.raw.push(value);
    }

    /// Rows of the table of other systems.
    pub fn others(&mut self, rows: Vec<String>) {
        self.others = rows;
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
        let whole = json!({
            "figures": figures, "runs": self.raw, "notes": self.notes,
            "unmeasured": self.unmeasured, "all_met": self.all_met(),
        });
        std::fs::write(folder.join("report.json"), format!("{whole:#}\n"))?;
        let table = self.table();
        std::fs::write(folder.join("report.md"), format!("{table}\n{}\n", self.verdict()))?;
        Ok(table)
    }

    fn table(&self) -> String {
        let mut text = String::from("| figure | measured | mark | of the mark | |\n|---|---:|---:|---:|---|\n");
        for figure in &self.figures {
            text += &figure.row();
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
    /// Nothing where there is no mark.
    fn met(&self) -> Option<bool> {
        self.mark.map(|mark| self.value.is_some_and(|value| value <= mark))
    }

    fn is_time(&self) -> bool {
        ["s", "ms", "ns"].contains(&self.unit)
    }

    /// Another run: of times the least counts, since the machine only adds to them; of what compares two of them the middle, since
    /// it adds to either; of all else the most, since a failure is one however seldom. The others are told too.
    fn fold(&mut self, again: &Self) {
        let Some((before, now)) = self.value.zip(again.value) else {
            self.value = None;
            return;
        };
        if self.is_compared {
            self.others.extend([before, now]);
            self.others.sort_by(f64::total_cmp);
            self.value = Some(self.others.remove((self.others.len() - 1) / 2));
            return;
        }
        let (counts, other) = if (now < before) == self.is_time() { (now, before) } else { (before, now) };
        self.value = Some(counts);
        self.others.push(other);
    }

    /// Of the mark.
    fn ratio(&self) -> Option<f64> {
        self.mark.filter(|mark| *mark > 0.0).zip(self.value).map(|(mark, value)| value / mark)
    }

    fn row(&self) -> String {
        let with_unit = |value: f64| format!("{} {}", short(value), self.unit).trim_end().to_owned();
        let mut value = self.value.map_or_else(|| "not measured".to_owned(), with_unit);
        if !self.others.is_empty() {
            let others: Vec<String> = self.others.iter().map(|other| short(*other)).collect();
            let _ = write!(value, " (other runs {})", others.join(", "));
        }
        let mark = self.mark.map(with_unit).unwrap_or_default();
        let ratio = self.ratio().map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let verdict = self.met().map_or("", |met| if met { "met" } else { "not met" });
        format!("| {} | {value} | {mark} | {ratio} | {verdict} |\n", self.name)
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name, "value": self.value, "other_runs": self.others, "unit": self.unit, "mark": self.mark,
            "of_mark": self.ratio(), "met": self.met(),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn report(value: Option<f64>) -> Report {
        let mut report = Report::default();
        report.figure("told", 7.0, "ms", None);
        report.measured("judged", value, "ms", Some(2.0));
        report
    }

    #[test]
    fn a_mark_is_met_at_or_below_it() {
        assert!(report(Some(2.0)).all_met());
        assert_eq!(report(Some(2.0)).verdict(), "The one mark is met.");
        assert_eq!(Report::default().verdict(), "Nothing that has a mark was measured.");
        assert!(report(Some(2.0)).table().contains("| judged | 2 ms | 2 ms | 1.00 | met |"));
        assert!(!report(Some(2.1)).all_met());
        assert!(report(Some(2.1)).verdict().contains("not met: judged"));
    }

    #[test]
    fn what_is_not_measured_is_not_met() {
        assert!(!report(None).all_met());
        assert!(report(None).table().contains("| judged | not measured | 2 ms |  | not met |"));
        let mut early = report(Some(1.0));
        early.unmeasured("memory", "no harness");
        assert!(!early.all_met());
        assert!(early.verdict().ends_with("Not measured: memory."));
    }

    #[test]
    fn of_several_runs_the_least_time_and_the_most_failures_count() {
        let mut report = Report::default();
        report.figure("before", 1.0, "ms", Some(0.5));
        for (run, (time, failed)) in [(3.0, 0.0), (1.5, 2.0), (2.5, 0.0)].into_iter().enumerate() {
            let start = report.len();
            report.figure("time", time, "ms", Some(2.0));
            report.figure("failed", failed, "", Some(0.0));
            report.fold(1, start);
            assert_eq!(report.is_slow(&(1..report.len())), run == 0, "the one before does not count");
        }
        assert_eq!(report.len(), 3);
        assert!(report.table().contains("| time | 1.5 ms (other runs 3, 2.5) | 2 ms | 0.75 | met |"));
        assert!(report.table().contains("| failed | 2 (other runs 0, 0) | 0 |  | not met |"));
    }

    #[test]
    fn of_several_comparisons_the_middle_counts() {
        let mut report = Report::default();
        for (run, share) in [0.2, -1.5, 0.4].into_iter().enumerate() {
            report.compared("share", Some(share), "ms");
            report.fold(0, run.min(1));
        }
        assert!(report.table().contains("| share | 0.2 ms (other runs -1.5, 0.4) |"), "{}", report.table());
    }

    #[test]
    fn a_field_is_found_by_pointer() {
        let mut report = Report::default();
        report.field(&json!({ "media": { "bad": 0.2 } }), "bad", "/media/bad", "%", Some(0.1));
        assert!(report.table().contains("| bad | 0.2 % | 0.1 % | 2.00 | not met |"));
    }
}
