//! The process: hands over to the command line.

use std::process::ExitCode;

/// Less memory and CPU than the system's allocator under many small buffers.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    keep_pages_small();
    basalt::cli::run()
}

/// Huge pages would save 3 % of the CPU, and take several times the memory of an idle server and half as much again under
/// load.
#[cfg(target_os = "linux")]
fn keep_pages_small() {
    // SAFETY: a switch of the process, with plain integers. A refusal changes nothing.
    unsafe { libc::prctl(libc::PR_SET_THP_DISABLE, 1, 0, 0, 0) };
}

#[cfg(not(target_os = "linux"))]
fn keep_pages_small() {}
