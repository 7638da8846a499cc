//! Records, collection by collection, in the order of their rows.

use std::sync::Arc;

use futures_util::future::join;

use super::Move;
use super::models::Carried;
use super::report::Report;
use crate::cli::progress::Progress;
use crate::records::{INSTALLER_EMAIL, Records};
use crate::schema::{AUTH_ORIGINS, Collection, EXTERNAL_AUTHS, MFAS, OTPS, SUPERUSERS};
use crate::store::sqlite::{FOREIGN_ROW_BYTES, ForeignPage};
use crate::store::{StoreError, Value};

/// Collections whose records name an auth record; they come after all of these.
const OF_OTHERS: [&str; 4] = [EXTERNAL_AUTHS, MFAS, OTPS, AUTH_ORIGINS];

/// One table of the source on its way.
struct Table {
    name: String,
    collection: Arc<Collection>,
    /// What to read, and the position of each among the fields.
    columns: Vec<String>,
    positions: Vec<usize>,
}

pub(super) async fn carry(
    transfer: &Move<'_>,
    carried: &[Carried],
    report: &mut Report,
    progress: &Progress,
) -> anyhow::Result<()> {
    let mut tables = tables(transfer, carried, report)?;
    tables.sort_by_key(|table| OF_OTHERS.contains(&table.collection.name.as_str()));
    let mut steps = Steps { done: 0, total: 0, progress };
    for table in &tables {
        steps.total += transfer.source.data().count(&table.name)?;
    }
    for table in &tables {
        match table.page(transfer, i64::MIN) {
            // Without row numbers, or with columns that compute something.
            Err(StoreError::Statement(reason)) => report.note("collection", &table.name, reason),
            first => table.carry(transfer, first?, report, &mut steps).await?,
        }
    }
    Ok(())
}

/// How far all tables are.
struct Steps<'a> {
    done: u64,
    total: u64,
    progress: &'a Progress,
}

fn tables(transfer: &Move<'_>, carried: &[Carried], report: &mut Report) -> anyhow::Result<Vec<Table>> {
    let schema = transfer.app.registry.load();
    let mut tables = Vec::new();
    for Carried { name, id, .. } in carried {
        let Some(collection) = schema.by_id(id).cloned() else { continue };
        let there = transfer.source.data().columns(name)?;
        if there.is_empty() {
            report.note("collection", name, "the source has no table for its records");
            continue;
        }
        let (mut columns, mut positions) = (Vec::new(), Vec::new());
        for (position, field) in collection.fields.iter().enumerate() {
            match there.iter().find(|column| column.eq_ignore_ascii_case(&field.name)) {
                Some(column) => {
                    columns.push(column.clone());
                    positions.push(position);
                }
                None => report.note("field", format!("{name}.{}", field.name), "the source has no column for it"),
            }
        }
        for column in there.iter().filter(|column| !columns.contains(column)) {
            report.note("column", format!("{name}.{column}"), "the collection has no field for it");
        }
        tables.push(Table { name: name.clone(), collection, columns, positions });
    }
    Ok(tables)
}

impl Table {
    fn page(&self, transfer: &Move<'_>, from: i64) -> Result<ForeignPage, StoreError> {
        transfer.source.data().page(&self.name, &self.columns, from)
    }

    /// Carries the rows from this page on.
    async fn carry(
        &self,
        transfer: &Move<'_>,
        mut page: ForeignPage,
        report: &mut Report,
        steps: &mut Steps<'_>,
    ) -> anyhow::Result<()> {
        loop {
            steps.done += page.rows.len() as u64;
            if let Some(number) = page.too_large {
                let most = FOREIGN_ROW_BYTES >> 20;
                report.note("record", format!("{}, row {number}", self.name), format!("it has more than {most} MiB"));
            }
            let rows = self.fit(transfer, page.rows, report).await?;
            let count = rows.len();
            // The next rows are read while these are written.
            let next = async { page.next.map(|from| self.page(transfer, from)).transpose() };
            let (misfits, next) = join(transfer.app.records.load(&self.collection, rows), next).await;
            let misfits = misfits?;
            *report.records.entry(self.name.clone()).or_default() += (count - misfits.len()) as u64;
            for misfit in misfits {
                let item = format!("{}/{}", self.name, misfit.id);
                match transfer.merge {
                    true => report.clash(item, misfit.reason),
                    false => report.note("record", item, misfit.reason),
                }
            }
            steps.progress.tell(steps.done, steps.total.max(steps.done));
            match next? {
                Some(next) => page = next,
                None => return Ok(()),
            }
        }
    }

    /// The rows in field order and fit to be stored; the others are noted.
    async fn fit(
        &self,
        transfer: &Move<'_>,
        rows: Vec<Vec<Value>>,
        report: &mut Report,
    ) -> anyhow::Result<Vec<Vec<Value>>> {
        let whole = self.columns.len() == self.collection.fields.len();
        let mut fit = Vec::with_capacity(rows.len());
        for row in rows {
            let mut row = if whole { row } else { self.spread(row) };
            let outcome = Records::fit(&self.collection, &mut row);
            let item = || format!("{}/{}", self.name, row[self.collection.table.id_column].as_str());
            match outcome {
                Err(reason) => report.note("record", item(), reason),
                Ok(changed) => {
                    if !changed.is_empty() {
                        report.note(
                            "value",
                            format!("{} {}", item(), changed.join(", ")),
                            "it was not in the form of its field and was converted",
                        );
                    }
                    match self.misplaced(transfer, &row).await? {
                        Some(reason) => report.note("record", item(), reason),
                        None => fit.push(row),
                    }
                }
            }
        }
        Ok(fit)
    }

    /// Values in field order, with zeros where the source has none.
    fn spread(&self, row: Vec<Value>) -> Vec<Value> {
        let mut values: Vec<Value> = self.collection.fields.iter().map(|field| field.zero()).collect();
        for (position, value) in self.positions.iter().zip(row) {
            values[*position] = value;
        }
        values
    }

    /// Why a record of the system has no place here.
    async fn misplaced(&self, transfer: &Move<'_>, row: &[Value]) -> anyhow::Result<Option<&'static str>> {
        let text = |name: &str| self.collection.field(name).map_or("", |(position, _)| row[position].as_str());
        if self.collection.name == SUPERUSERS {
            let temporary = text("email") == INSTALLER_EMAIL;
            return Ok(temporary.then_some("it is the temporary account of the installer"));
        }
        if !OF_OTHERS.contains(&self.collection.name.as_str()) {
            return Ok(None);
        }
        // Left in place it would belong to whoever gets the id later.
        let app = transfer.app;
        let owner = match app.registry.load().by_id(text("collectionRef")).filter(|owner| owner.auth().is_some()) {
            Some(owner) => app.records.find(&app.store.reader(), owner, text("recordRef")).await?,
            None => None,
        };
        Ok(owner.is_none().then_some("the record that it belongs to is not there"))
    }
}
