//! The one program: see `carillon --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    carillon::cli::main()
}
