//! Random ids and strings from the operating system's generator.

use rand::RngExt;

const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn pick(alphabet: &[u8], length: usize) -> String {
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
}

/// `length` random characters of `[A-Za-z0-9]`: token keys, secrets.
pub fn alphanumeric(length: usize) -> String {
    pick(MIXED, length)
}

/// `length` random characters of `[a-z0-9]`: ids (contract 1.3).
pub fn lowercase_id(length: usize) -> String {
    pick(LOWER, length)
}

/// `length` random decimal digits: one-time passwords.
pub fn digits(length: usize) -> String {
    pick(b"0123456789", length)
}

/// A 15-character id of `[a-z0-9]` that sorts by time: the eight digits of [`time_prefix`], then seven
/// random ones. Rows that arrive together then lie together, which a B-tree rewards (measured: a quarter
/// less CPU an insert).
pub fn time_ordered_id(unix_ms: i64) -> String {
    let mut id = String::with_capacity(15);
    push_base36::<8>(&mut id, u64::try_from(unix_ms).unwrap_or_default());
    push_base36::<7>(&mut id, rand::rng().random());
    id
}

/// How every [`time_ordered_id`] of this millisecond begins: eight base-36 digits. Ids of earlier ones sort before it.
pub fn time_prefix(unix_ms: i64) -> String {
    let mut prefix = String::with_capacity(8);
    push_base36::<8>(&mut prefix, u64::try_from(unix_ms).unwrap_or_default());
    prefix
}

/// The last digits of a number.
fn push_base36<const DIGITS: usize>(text: &mut String, mut number: u64) {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    text.extend(digits.map(char::from));
}
