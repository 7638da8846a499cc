//! Whether a server can carry Basalt: asked once at the start, judged by facts alone.

/// PostgreSQL 14, as the server numbers it.
const OLDEST: u32 = 140_000;

/// What a server says of itself.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    /// The text of `version()`.
    pub(super) version: String,
    /// The number that the server claims for compatibility; 0 where it claims none.
    pub(super) number: u32,
    /// A snapshot, taken in a transaction that has an id, and that id; or why there is none.
    pub(super) snapshot: Result<(String, String), String>,
    pub(super) encoding: String,
    /// Tables that Citus spreads over workers, in this database.
    pub(super) distributed_tables: i64,
    /// Whether this role may make tables where its tables go; and where that is.
    pub(super) may_create: bool,
    pub(super) role: String,
    pub(super) schema: Option<String>,
}

impl Facts {
    /// What is known after the first answer.
    pub(super) fn new(version: String, number: u32) -> Self {
        Self {
            version,
            number,
            snapshot: Err("it was not asked".to_owned()),
            encoding: String::new(),
            distributed_tables: 0,
            may_create: false,
            role: String::new(),
            schema: None,
        }
    }
}

/// # Errors
/// One sentence that tells why the server is not suitable.
pub(super) fn judge(facts: &Facts) -> Result<(), String> {
    kin(facts)?;
    match &facts.snapshot {
        Ok((snapshot, id)) if is_snapshot(snapshot, id) => {}
        Ok((snapshot, _)) => {
            return Err(format!(
                "the server calls itself PostgreSQL, but its snapshots ({snapshot}) are not those of PostgreSQL"
            ));
        }
        Err(reason) => {
            return Err(format!("the server calls itself PostgreSQL, but can't tell its snapshots: {reason}"));
        }
    }
    if facts.distributed_tables > 0 {
        return Err("the database has distributed tables of Citus, which Basalt does not support: revisions and \
                    transaction ids are counted by each worker"
            .to_owned());
    }
    if facts.encoding != "UTF8" {
        return Err(format!("the database is encoded as {}, but Basalt needs UTF8", facts.encoding));
    }
    rights(facts)
}

/// By the version alone: others than PostgreSQL, and those that are too old, may not even know the next question.
///
/// # Errors
/// One sentence that tells why the server is not suitable.
pub(super) fn kin(facts: &Facts) -> Result<(), String> {
    let version = facts.version.to_ascii_lowercase();
    if version.contains("cockroach") {
        return Err(
            "the server is CockroachDB, which Basalt does not support: it has no LISTEN and NOTIFY and none of \
                    PostgreSQL's snapshots, so that changes could be missed"
                .to_owned(),
        );
    }
    if version.contains("-yb-") || version.contains("yugabyte") {
        return Err(
            "the server is YugabyteDB, which Basalt does not support: its schema changes are not transactional \
                    and its snapshots are not those of PostgreSQL"
                .to_owned(),
        );
    }
    if facts.number < OLDEST {
        let version = match facts.number {
            0 => facts.version.clone(),
            number => format!("PostgreSQL {}", number / 10_000),
        };
        return Err(format!("the server is {version}, but Basalt needs PostgreSQL 14 or newer"));
    }
    Ok(())
}

fn rights(facts: &Facts) -> Result<(), String> {
    let role = &facts.role;
    match &facts.schema {
        None => Err(format!(
            "the role \"{role}\" has no schema to make tables in: none of its search_path exists or may be used by it"
        )),
        Some(schema) if !facts.may_create => Err(format!(
            "the role \"{role}\" may not make tables in the schema \"{schema}\"; a superuser can run: \
             GRANT USAGE, CREATE ON SCHEMA \"{schema}\" TO \"{role}\""
        )),
        Some(_) => Ok(()),
    }
}

/// `xmin:xmax:list`, and not behind the transaction that it was taken in.
fn is_snapshot(snapshot: &str, id: &str) -> bool {
    let mut parts = snapshot.split(':');
    let mut number = || parts.next()?.parse::<u64>().ok();
    let (Some(xmin), Some(xmax), Ok(id)) = (number(), number(), id.parse::<u64>()) else { return false };
    let Some(running) = parts.next() else { return false };
    let listed = running.split(',').filter(|part| !part.is_empty()).all(|part| part.parse::<u64>().is_ok());
    listed && xmin > 0 && xmin <= xmax && id >= xmin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn debian() -> Facts {
        Facts {
            version: "PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu, compiled by gcc".into(),
            number: 150_018,
            snapshot: Ok(("730:733:730,731".into(), "732".into())),
            encoding: "UTF8".into(),
            distributed_tables: 0,
            may_create: true,
            role: "basalt".into(),
            schema: Some("public".into()),
        }
    }

    fn refused(change: impl FnOnce(&mut Facts)) -> String {
        let mut facts = debian();
        change(&mut facts);
        judge(&facts).unwrap_err()
    }

    #[test]
    fn a_real_server_passes() {
        assert_eq!(judge(&debian()), Ok(()));
        // Nothing else runs, and this transaction is the newest.
        assert_eq!(judge(&Facts { snapshot: Ok(("732:732:".into(), "732".into())), ..debian() }), Ok(()));
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        let cockroach = "CockroachDB CCL v26.1.0 (x86_64-pc-linux-gnu, built 2026/01/10, go1.24)";
        assert!(refused(|facts| facts.version = cockroach.into()).contains("CockroachDB"));
        let yugabyte = "PostgreSQL 15.12-YB-2025.2.3.0-b0 on x86_64-pc-linux-gnu";
        assert!(refused(|facts| facts.version = yugabyte.into()).contains("YugabyteDB"));
        assert!(refused(|facts| facts.distributed_tables = 3).contains("Citus"));
        assert!(refused(|facts| facts.number = 130_011).contains("PostgreSQL 13, but"));
        assert!(refused(|facts| facts.number = 0).contains("needs PostgreSQL 14"));
        assert!(refused(|facts| facts.snapshot = Err("unknown function".into())).contains("unknown function"));
        for snapshot in ["", "1", "9:1:", "a:b:c", "1:2", "1:2:x", "900:901:"] {
            let told = refused(|facts| facts.snapshot = Ok((snapshot.into(), "732".into())));
            assert!(told.contains("snapshots"), "{snapshot}: {told}");
        }
        assert!(refused(|facts| facts.encoding = "SQL_ASCII".into()).contains("needs UTF8"));
        assert!(refused(|facts| facts.may_create = false).contains("GRANT USAGE, CREATE ON SCHEMA"));
        assert!(refused(|facts| facts.schema = None).contains("search_path"));
    }
}
