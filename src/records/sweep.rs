//! Deleting what nobody needs any more, without a caller.

use std::sync::Arc;

use super::Records;
use super::delete::is_stale;
use super::lane::Lane;
use crate::error::{Error, Result};
use crate::query::{Filter, Query, Request, Trust};
use crate::schema::Collection;
use crate::store::Priority;

/// Records that are read at a time.
const CHUNK: u64 = 500;

impl Records {
    /// Deletes all records that the filter finds, with the cascades of their deletion. Requests go first.
    ///
    /// # Errors
    /// `Internal` for a filter that does not fit the collection; those of a deletion.
    pub async fn sweep(&self, collection: &Arc<Collection>, filter: &str) -> Result<()> {
        let Some(filter) = Filter::parse(filter).map_err(Error::internal)? else { return Ok(()) };
        let request = Request { clock: self.clock.clone(), ..Request::default() };
        loop {
            let session = self.session(Lane::Store(self.store.clone()), Priority::Background);
            let mut query = Query::new(&session.schema, collection, &request);
            query.filter(&filter, Trust::Rule).map_err(Error::internal)?;
            let found = session.read(collection, query.select(CHUNK, 0)).await?;
            let mut gone = 0;
            for record in found {
                match session.remove(record, "", vec![]).await {
                    Ok(()) => gone += 1,
                    // It changed meanwhile: the next turn looks at it again.
                    Err(error) if is_stale(&error) => {}
                    Err(error) => return Err(error),
                }
            }
            if gone == 0 {
                return Ok(());
            }
        }
    }
}
