//! Developer commands, run as `cargo run -p xtask -- COMMAND`.

mod bench;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: bench::allocations::Counting = bench::allocations::Counting;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("bench") => bench::run(&arguments[1..]),
        _ => {
            eprintln!("usage: cargo run -p xtask --release -- bench [micro|load]");
            ExitCode::FAILURE
        }
    }
}
