//! Rich text, limited in bytes.

use serde::{Deserialize, Serialize};

use super::{Field, FieldType, limits};
use crate::error::{FieldError, FieldErrors};
use crate::store::Value;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EditorOptions {
    /// In bytes; 0 means 5 MiB.
    pub max_size: i64,
    /// Asks the dashboard's editor to strip the domain from links; the server does nothing with it.
    #[serde(rename = "convertURLs")]
    pub convert_urls: bool,
}

impl EditorOptions {
    /// The most bytes of a value.
    pub fn max_bytes(&self) -> u64 {
        u64::try_from(self.max_size).ok().filter(|size| *size > 0).unwrap_or(5 << 20)
    }
}

impl FieldType for EditorOptions {
    fn validate(&self, value: &Value) -> Option<FieldError> {
        let max = self.max_bytes();
        (value.as_str().len() as u64 > max).then(|| {
            FieldError::new("validation_content_size_limit", format!("The content can't exceed {max} bytes."))
                .param("maxSize", max)
        })
    }

    fn validate_options(&self, _base: &Field, errors: &mut FieldErrors) {
        limits::range(errors, "maxSize", self.max_size, 0, limits::MAX_SAFE_INTEGER);
    }
}
