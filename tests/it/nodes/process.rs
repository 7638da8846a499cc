//! Nodes as processes of their own, which can be stopped and continued.

use std::process::{Child, Command, Stdio};

/// The database of a process of [`Process::start`].
const DATABASE: &str = "TEST_NODE_DATABASE";

/// A test of this binary, run alone in another process; killed when it is dropped.
pub struct Process(Child);

/// The database that this process is to work on, if it is one of [`Process::start`].
pub fn database() -> Option<String> {
    std::env::var(DATABASE).ok()
}

impl Process {
    pub fn start(test: &str, url: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a path"));
        command.args(["--exact", test]).env(DATABASE, url);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().expect("the binary runs"))
    }

    pub fn signal(&self, name: &str) {
        signal(&self.0, name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", name, &id]).status().expect("kill runs").success());
}
