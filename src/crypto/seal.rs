//! Values that a client keeps for us: it can neither read nor change them, nor use them for anything else.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::digest;
use crate::error::{Error, Result};

/// The length of a sealing key.
pub const SEAL_KEY_BYTES: usize = 32;

/// The first byte of everything sealed: another one means another form.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = aws_lc_rs::aead::NONCE_LEN;

/// Seals bytes to texts that are safe in a URL (AES-256-GCM-SIV, so that even a nonce drawn twice tells no more than
/// that two contents are equal). Cheap to clone; the key is never shown.
#[derive(Clone)]
pub struct Sealer(Arc<LessSafeKey>);

impl Sealer {
    pub fn new(key: &[u8; SEAL_KEY_BYTES]) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key).expect("the algorithm takes keys of this length");
        Self(Arc::new(LessSafeKey::new(key)))
    }

    /// Seals `content` for one use: it opens under the same `bound` texts only, the first of which should name the
    /// purpose.
    ///
    /// # Errors
    /// `Internal` where the library refuses, which it does for contents of gigabytes only.
    pub fn seal(&self, bound: &[&str], content: &[u8]) -> Result<String> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let mut sealed = content.to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), associated(bound), &mut sealed)
            .map_err(Error::internal)?;
        let mut bytes = Vec::with_capacity(1 + NONCE_BYTES + sealed.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&sealed);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The content of what was sealed with the same key and `bound` texts; `None` for anything else.
    pub fn open(&self, bound: &[&str], text: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.strip_prefix(&[VERSION])?.split_at_checked(NONCE_BYTES)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let content = self.0.open_in_place(nonce, associated(bound), &mut sealed).ok()?;
        Some(content.to_vec())
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer")
    }
}

/// The content of what another program sealed by AES-256-GCM: the nonce, the text, the tag. `None` for another key.
pub fn open_gcm(key: &[u8; SEAL_KEY_BYTES], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    Some(key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?.to_vec())
}

/// What stands for the version and the bound texts: no two lists give the same.
fn associated(bound: &[&str]) -> Aad<[u8; 32]> {
    let parts: Vec<&[u8]> = bound.iter().map(|text| text.as_bytes()).chain([&[VERSION][..]]).collect();
    Aad::from(digest(&parts))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_sealed_opens_for_its_own_use_only() {
        let sealer = Sealer::new(&[7; SEAL_KEY_BYTES]);
        let sealed = sealer.seal(&["list", "ab", ""], b"content").unwrap();
        assert_eq!(sealer.open(&["list", "ab", ""], &sealed).as_deref(), Some(&b"content"[..]));
        for bound in [&["list", "ab"][..], &["list", "a", "b"], &["list", "", "ab"], &["view", "ab", ""], &[]] {
            assert_eq!(sealer.open(bound, &sealed), None, "{bound:?}");
        }
        assert_eq!(Sealer::new(&[8; SEAL_KEY_BYTES]).open(&["list", "ab", ""], &sealed), None);
        assert_ne!(sealed, sealer.seal(&["list", "ab", ""], b"content").unwrap(), "nonces differ");
        assert_eq!(format!("{sealer:?}"), "Sealer");
    }

    #[test]
    fn no_byte_of_it_may_change() {
        let sealer = Sealer::new(&[7; SEAL_KEY_BYTES]);
        let bytes = URL_SAFE_NO_PAD.decode(sealer.seal(&["a"], b"xy").unwrap()).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(sealer.open(&["a"], &URL_SAFE_NO_PAD.encode(&changed)), None, "byte {at}");
            assert_eq!(sealer.open(&["a"], &URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "cut at {at}");
        }
    }

    #[test]
    fn what_others_sealed_opens_with_its_key() {
        let key = [9; SEAL_KEY_BYTES];
        let nonce = [3; NONCE_BYTES];
        let mut sealed = b"{}".to_vec();
        let theirs = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        theirs.seal_in_place_append_tag(Nonce::from(&nonce), Aad::empty(), &mut sealed).unwrap();
        let whole = [&nonce[..], &sealed].concat();
        assert_eq!(open_gcm(&key, &whole).as_deref(), Some(&b"{}"[..]));
        assert_eq!(open_gcm(&[8; SEAL_KEY_BYTES], &whole), None);
        for end in 0..whole.len() {
            assert_eq!(open_gcm(&key, &whole[..end]), None, "cut at {end}");
        }
    }

    proptest! {
        #[test]
        fn garbage_does_not_open(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let sealer = Sealer::new(&[7; SEAL_KEY_BYTES]);
            prop_assert_eq!(sealer.open(&["a"], &text), None);
            prop_assert_eq!(sealer.open(&["a"], &URL_SAFE_NO_PAD.encode([&[VERSION][..], &bytes].concat())), None);
        }
    }
}
