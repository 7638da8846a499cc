//! `basalt completions SHELL`.

use clap::Args;
use clap_complete::Shell;

#[derive(Debug, Args)]
pub(super) struct Flags {
    shell: Shell,
}

pub(super) fn run(flags: &Flags, mut command: clap::Command) -> anyhow::Result<()> {
    clap_complete::generate(flags.shell, &mut command, "basalt", &mut std::io::stdout());
    Ok(())
}
