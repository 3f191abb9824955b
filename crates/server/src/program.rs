//! The commands of `sori`, from arguments to an exit code.

mod certificate;
mod listen;
mod running;

#[cfg(test)]
pub(crate) use listen::bind_udp;

use crate::configuration::{Arguments, Cli, Configuration, Mode, StartProblem, Verb};
use crate::store;
use clap::Parser;
use std::process::ExitCode;
use std::time::Duration;

/// How long threads that still do something are waited for at the end.
const LAST_THREADS: Duration = Duration::from_secs(1);

/// Runs the program: 0 when it did what was asked, 1 when it could not (said in one sentence), 2 for wrong arguments.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log();
    let done = match cli.verb {
        Verb::Serve(arguments) => serve(&arguments, Mode::Serve),
        Verb::Demo(arguments) => serve(&arguments, Mode::Demo),
        Verb::Check(arguments) => check(&arguments),
        Verb::Backup { file, arguments } => {
            in_runtime(async { store::backup(&Configuration::resolve(&arguments, Mode::Serve)?, &file).await })
        }
        Verb::Restore { file, arguments } => {
            in_runtime(async { store::restore(&Configuration::resolve(&arguments, Mode::Serve)?, &file).await })
        }
        Verb::Intercom { .. } => {
            eprintln!("sori intercom comes with a later release.");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SORI_LOG").unwrap_or_else(|_| "warn,server=info".into());
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}

fn in_runtime(work: impl Future<Output = Result<(), StartProblem>>) -> Result<(), StartProblem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|why| {
        StartProblem(format!("The threads of the server could not be started ({why}); raise the limit of processes."))
    })?;
    let done = runtime.block_on(work);
    // A thread that hangs must not keep a server that has stopped.
    runtime.shutdown_timeout(LAST_THREADS);
    done
}

fn serve(arguments: &Arguments, mode: Mode) -> Result<(), StartProblem> {
    let configuration = Configuration::resolve(arguments, mode)?;
    in_runtime(running::run(configuration))
}

fn check(arguments: &Arguments) -> Result<(), StartProblem> {
    in_runtime(async {
        let configuration = Configuration::resolve(arguments, Mode::Serve)?;
        certificate::check(&configuration)?;
        store::check(&configuration).await?;
        println!("Nothing is wrong.");
        Ok(())
    })
}
