//! Developer commands, run as `cargo run -p xtask -- COMMAND`.

mod bench;
mod demo;
mod soak;
mod user_agent;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: bench::allocations::Counting = bench::allocations::Counting;

const USAGE: &str = "usage: cargo run -p xtask --release -- bench [--list | --only NAME …] | soak";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("bench") => bench::run(rest),
        Some("soak") => soak::run(),
        // The two that a benchmark starts as processes of their own, so that they can have a core and a weight of their own.
        Some(bench::relay::COMMAND) => bench::relay::run(rest),
        Some(bench::callers::COMMAND) => bench::callers::run(rest),
        _ => {
            eprintln!("{USAGE}");
            ExitCode::FAILURE
        }
    }
}
