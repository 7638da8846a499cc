//! The process: hands over to the command line.

use std::process::ExitCode;

/// Less memory and CPU than the system's allocator under many small buffers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    basalt::cli::run()
}
