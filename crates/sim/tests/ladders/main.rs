//! Ladders of the usual calls, as a person would draw them: the whole traffic between carrier, sori and phones.

mod inbound;
mod outbound;
mod races;

/// Plays `scenario` with these phones signed in and compares the whole drawing.
fn check(phones: &[&str], scenario: &str, ladder: &str) {
    let drawn = sim::scenario::play(phones, scenario);
    let expected = outdented(ladder);
    assert!(drawn.trim() == expected, "drawn\n{drawn}\nexpected\n{expected}\n");
}

/// Without the indentation of the first line.
fn outdented(text: &str) -> String {
    let text = text.trim_start_matches('\n').trim_end();
    let indent = text.len() - text.trim_start().len();
    let lines: Vec<&str> = text.lines().map(|line| line.get(indent..).unwrap_or_default().trim_end()).collect();
    lines.join("\n")
}
