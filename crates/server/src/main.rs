//! The program `sori`.

fn main() -> std::process::ExitCode {
    server::program::main()
}
