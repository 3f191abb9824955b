//! The program `sori`.

/// SIP messages, descriptions and records are made in one thread and freed in another, which the system's allocator pays
/// for with locks and with arenas that grow and shrink by system calls. Without transparent huge pages: a call's pieces are
/// spread over pages by size, and huge ones make each call cost twice its memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    server::program::main()
}
