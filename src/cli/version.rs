//! `basalt version`.

pub(super) fn run(json: bool) -> anyhow::Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    match json {
        true => println!("{}", serde_json::json!({ "version": version })),
        false => println!("basalt {version}"),
    }
    Ok(())
}
