//! Password hashes: argon2id for new ones, bcrypt accepted for those that came from PocketBase.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::error::{Error, Kind, Result};

/// OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Jobs that may wait; at about 20 ms each the last one of a full queue waits some five seconds.
const QUEUE_JOBS: usize = 256;

/// What a sign-in without a record is verified against, so that it takes the same time: the hash of random bytes
/// that nobody kept, with the parameters above.
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$EmnF/4IfdO5+s+rtVv1q3g$+NrwnIDf/DfDj+tXmL5S9P7UBuc2cmc02idhDam8CIg";

/// How far below the request threads the hashing threads stand.
const NICENESS: i32 = 10;

type Job = Box<dyn FnOnce(&Argon2<'static>) + Send>;

/// Hashes and verifies passwords on a bounded pool of niced threads. Cheap to clone; the threads end
/// with the last clone.
#[derive(Clone)]
pub struct Hasher {
    jobs: SyncSender<Job>,
}

impl Hasher {
    /// Starts `threads` hashing threads (at least one).
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn start(threads: usize) -> Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(QUEUE_JOBS);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..threads.max(1) {
            let queue = queue.clone();
            std::thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || work(&queue))
                .map_err(Error::internal)?;
        }
        Ok(Self { jobs })
    }

    /// Hashes a password with argon2id and a fresh salt to a PHC string (`$argon2id$v=19$…`).
    ///
    /// # Errors
    /// `Unavailable` when too many jobs wait.
    pub async fn hash(&self, password: String) -> Result<String> {
        self.run(move |argon2| argon2.hash_password(password.as_bytes()).map(|hash| hash.to_string()))
            .await?
            .map_err(Error::internal)
    }

    /// Whether the password fits the hash, argon2id or bcrypt. An empty or unknown hash takes the same
    /// time as a real one and never fits.
    ///
    /// # Errors
    /// `Unavailable` when too many jobs wait.
    pub async fn verify(&self, password: String, hash: String) -> Result<bool> {
        self.run(move |argon2| {
            if is_bcrypt(&hash) {
                return bcrypt::verify(&password, &hash).unwrap_or(false);
            }
            match PasswordHash::new(&hash) {
                Ok(parsed) => argon2.verify_password(password.as_bytes(), &parsed).is_ok(),
                Err(_) => {
                    if let Ok(parsed) = PasswordHash::new(DECOY) {
                        let _ = argon2.verify_password(password.as_bytes(), &parsed);
                    }
                    false
                }
            }
        })
        .await
    }

    /// True for a hash that the next successful sign-in should replace: bcrypt, or other parameters.
    pub fn outdated(&self, hash: &str) -> bool {
        let parameters = |hash: &str| hash.rsplitn(3, '$').nth(2).map(str::to_owned);
        parameters(hash) != parameters(DECOY)
    }

    async fn run<T: Send + 'static>(&self, job: impl FnOnce(&Argon2<'static>) -> T + Send + 'static) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(move |argon2: &Argon2<'static>| {
            // Who went away shall not keep those waiting who did not.
            if reply.is_closed() {
                return;
            }
            let _ = reply.send(job(argon2));
        });
        self.jobs
            .try_send(job)
            .map_err(|_| Error::new(Kind::Unavailable, "too many sign-ins at once, try again soon"))?;
        answer.await.map_err(Error::internal)
    }
}

fn work(queue: &Mutex<Receiver<Job>>) {
    lower_priority();
    let argon2 = argon2id();
    loop {
        let job = queue.lock().recv();
        match job {
            Ok(job) => job(&argon2),
            Err(_) => return,
        }
    }
}

fn argon2id() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2x$", "$2y$"].iter().any(|prefix| hash.starts_with(prefix))
}

/// On Linux a niceness belongs to the thread; elsewhere to the process, so it stays as it is there.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    // SAFETY: setpriority takes plain integers; `who` 0 is the calling thread. A refusal changes nothing.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, NICENESS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasher() -> Hasher {
        Hasher::start(1).expect("a thread")
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_only() {
        let hasher = hasher();
        let hash = hasher.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse".into(), hash.clone()).await.unwrap());
        assert!(!hasher.verify("correct horsf".into(), hash.clone()).await.unwrap());
        assert_ne!(hash, hasher.hash("correct horse".into()).await.unwrap(), "salts differ");
    }

    #[tokio::test]
    async fn bcrypt_is_accepted_and_outdated() {
        let hasher = hasher();
        let hash = bcrypt::hash("12345678", 4).unwrap();
        assert!(hasher.verify("12345678".into(), hash.clone()).await.unwrap());
        assert!(!hasher.verify("12345679".into(), hash.clone()).await.unwrap());
        assert!(hasher.outdated(&hash));
        assert!(hasher.outdated("$argon2id$v=19$m=4096,t=1,p=1$c29tZXNhbHQ$AAAA"));
        assert!(!hasher.outdated(&hasher.hash("x".into()).await.unwrap()));
    }

    #[tokio::test]
    async fn nonsense_never_fits() {
        let hasher = hasher();
        for hash in ["", "plain", "$2a$", "$2a$10$short", "$argon2id$", "$argon2id$v=19$m=1,t=1,p=1$$", "\0"] {
            assert!(!hasher.verify(String::new(), hash.into()).await.unwrap(), "{hash:?}");
            assert!(!hasher.verify(hash.into(), hash.into()).await.unwrap(), "{hash:?}");
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_instead_of_growing() {
        let hasher = hasher();
        let jobs: Vec<_> = (0..QUEUE_JOBS + 50).map(|_| hasher.verify("x".into(), "$2a$10$short".into())).collect();
        let results = futures_util::future::join_all(jobs).await;
        let refused =
            results.iter().filter(|result| matches!(result, Err(error) if error.kind() == Kind::Unavailable)).count();
        assert!(refused <= 50, "{refused} of 50 surplus jobs refused");
        assert!(results.iter().filter(|result| result.is_ok()).count() >= QUEUE_JOBS);
    }
}
