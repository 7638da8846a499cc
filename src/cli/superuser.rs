//! `basalt superuser …`.

use std::io::IsTerminal as _;

use clap::{Args, Subcommand};
use serde_json::Value as Json;

use super::task::Task;
use super::{Context, reach};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create a superuser
    Create(Credentials),
    /// Create a superuser, or change the password of the one that is there
    Upsert(Credentials),
    /// Change a superuser's password
    Update(Credentials),
    /// Delete a superuser
    Delete { email: String },
    /// List the superusers
    List,
    /// Make a one-time password for a superuser
    Otp { email: String },
    /// Let superusers in from these addresses and networks only; from everywhere when none is given
    Ips { addresses: Vec<String> },
}

#[derive(Debug, Args)]
pub(super) struct Credentials {
    email: String,
    /// Asked for, or read from standard input, when left out
    password: Option<String>,
}

impl Credentials {
    fn complete(self) -> anyhow::Result<(String, String)> {
        let password = match self.password {
            Some(password) => password,
            None if std::io::stdin().is_terminal() => rpassword::prompt_password("Password: ")?,
            None => {
                let mut line = String::new();
                std::io::stdin().read_line(&mut line)?;
                line.trim_end_matches(['\r', '\n']).to_owned()
            }
        };
        Ok((self.email, password))
    }
}

pub(super) async fn run(context: Context, command: Command) -> anyhow::Result<()> {
    let (task, done) = match command {
        Command::Create(credentials) => {
            let (email, password) = credentials.complete()?;
            (Task::SuperuserCreate { email, password }, "created")
        }
        Command::Upsert(credentials) => {
            let (email, password) = credentials.complete()?;
            (Task::SuperuserUpsert { email, password }, "saved")
        }
        Command::Update(credentials) => {
            let (email, password) = credentials.complete()?;
            (Task::SuperuserUpdate { email, password }, "updated")
        }
        Command::Delete { email } => (Task::SuperuserDelete { email }, "deleted"),
        Command::List => (Task::SuperuserList, ""),
        Command::Otp { email } => (Task::SuperuserOtp { email }, ""),
        Command::Ips { addresses } => (Task::SuperuserIps { addresses }, "set"),
    };
    let result = reach::run(&context.config, task).await?;
    if context.json {
        println!("{result}");
    } else if let Some(list) = result.as_array() {
        list.iter().filter_map(|superuser| superuser["email"].as_str()).for_each(|email| println!("{email}"));
    } else if let Some(code) = result["password"].as_str() {
        println!("one-time password {code}\nid {}\nvalid for {} s", text(&result["id"]), result["durationSeconds"]);
    } else {
        println!("{done} {}", subject(&result));
    }
    Ok(())
}

fn text(json: &Json) -> &str {
    json.as_str().unwrap_or_default()
}

fn subject(result: &Json) -> String {
    match (&result["email"], result["superuserIPs"].as_array()) {
        (Json::String(email), _) => format!("the superuser {email}"),
        (_, Some(list)) if list.is_empty() => "superusers free to come from everywhere".into(),
        (_, Some(list)) => format!("{} addresses for superusers", list.len()),
        _ => "it".into(),
    }
}
