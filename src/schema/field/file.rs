//! Files: the stored value is their names; the bytes are the business of `files/`.

use serde::{Deserialize, Serialize};

use super::limits;
use super::list::ListType;
use crate::error::{FieldError, FieldErrors};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct FileOptions {
    /// Of one file, in bytes; 0 means 5 MiB.
    pub max_size: i64,
    /// 0 and 1 mean a single file.
    pub max_select: i64,
    pub mime_types: Vec<String>,
    /// Sizes such as `100x100`, with `t`, `b` or `f` behind for the way to crop.
    pub thumbs: Vec<String>,
    pub protected: bool,
}

impl FileOptions {
    /// The most bytes of one file.
    pub fn max_file_bytes(&self) -> u64 {
        u64::try_from(self.max_size).ok().filter(|size| *size > 0).unwrap_or(5 << 20)
    }

    /// The most bytes of all files of a value.
    pub fn max_bytes(&self) -> u64 {
        self.max_file_bytes().saturating_mul(self.max_select.max(1).unsigned_abs())
    }
}

fn check_thumb(size: &str) -> Option<FieldError> {
    let bare = size.strip_suffix(['t', 'b', 'f']).unwrap_or(size);
    let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match bare.split_once('x') {
        Some((width, height)) if number(width) && number(height) => (bare == "0x0")
            .then(|| FieldError::new("validation_not_in_invalid", "One of width and height must be more than zero.")),
        _ => Some(FieldError::new("validation_match_invalid", "Must be a size such as 100x100, 0x50t or 80x0f.")),
    }
}

impl ListType for FileOptions {
    fn max_select(&self) -> i64 {
        self.max_select
    }

    fn validate_items(&self, items: Vec<String>) -> Option<FieldError> {
        let count = items.len() as u64;
        (count > self.max_select.max(1).unsigned_abs()).then(|| {
            let message = format!("At most {} files are allowed.", self.max_select);
            FieldError::new("validation_too_many_files", message).param("maxSelect", self.max_select)
        })
    }

    fn check_options(&self, errors: &mut FieldErrors) {
        limits::range(errors, "maxSize", self.max_size, 0, limits::MAX_SAFE_INTEGER);
        limits::range(errors, "maxSelect", self.max_select, 0, limits::MAX_SAFE_INTEGER);
        let mut thumbs = FieldErrors::default();
        for (index, size) in self.thumbs.iter().enumerate() {
            if let Some(error) = check_thumb(size).filter(|_| !size.is_empty()) {
                thumbs.add(index.to_string(), error);
            }
        }
        errors.nest("thumbs", thumbs);
    }
}
