//! Passwords of users, stored as Argon2id hashes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use tokio::sync::Semaphore;
use unicode_normalization::UnicodeNormalization as _;

/// In characters, as NIST SP 800-63B asks at least 8.
pub const SHORTEST: usize = 10;
/// In bytes.
const LONGEST: usize = 1_024;
/// Hashes computed at the same time: each takes 19 MiB.
const AT_ONCE: usize = 2;
/// No password has this hash.
const UNMATCHED: &str = "$argon2id$v=19$m=19456,t=2,p=1$lEXQ+ECWdT6FSVUfJ3Dpvw$mXSyIh7VJwcm3Z1kA6rFxTbOkPrA3y9RmVq2V3K5F0s";
/// Requests that wait for their hash.
const MOST_WAITING: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("the password is shorter than {SHORTEST} characters")]
    Short,
    #[error("the password is longer than {LONGEST} bytes")]
    Long,
    #[error("the password is the name of the user")]
    IsName,
    #[error("too many passwords are checked at the same time")]
    Busy,
}

/// A password that may be set.
#[derive(Clone)]
pub struct NewPassword(String);

impl NewPassword {
    pub fn new(text: &str, name: &str) -> Result<Self, PasswordError> {
        if text.len() > LONGEST {
            return Err(PasswordError::Long);
        }
        if text.chars().count() < SHORTEST {
            return Err(PasswordError::Short);
        }
        if text.to_lowercase() == name.to_lowercase() {
            return Err(PasswordError::IsName);
        }
        Ok(Self(normal(text)))
    }
}

/// Keyboards write the same accent in several ways.
fn normal(text: &str) -> String {
    text.nfkc().collect()
}

/// Computes hashes, a few at the same time.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Arc::default(),
        }
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Passwords {
    async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= MOST_WAITING {
            return Err(PasswordError::Busy);
        }
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await;
        let permit = permit.map_err(|_| PasswordError::Busy)?;
        let running = tokio::task::spawn_blocking(move || {
            // Kept until the end of the work, also when nothing waits for it any more.
            let _permit = permit;
            work()
        });
        running.await.map_err(|_| PasswordError::Busy)
    }

    /// The hash to store, with its parameters (PHC format).
    pub async fn hash(&self, password: NewPassword) -> Result<String, PasswordError> {
        let hashing = self.compute(move || {
            let hash: Result<PasswordHash, _> =
                Argon2::default().hash_password(password.0.as_bytes());
            hash.map(|hash| hash.to_string())
        });
        hashing.await?.map_err(|_| PasswordError::Long)
    }

    /// Whether a password is the one of that hash. Without a hash it takes the same time, so that it
    /// does not reveal which names exist.
    pub async fn verify(
        &self,
        password: &str,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        if password.len() > LONGEST {
            return Ok(false);
        }
        let password = normal(password);
        let verifying = self.compute(move || {
            let text = hash.as_deref().unwrap_or(UNMATCHED);
            let Ok(parsed) = PasswordHash::new(text) else {
                return false;
            };
            let verified = Argon2::default().verify_password(password.as_bytes(), &parsed);
            verified.is_ok() && hash.is_some()
        });
        verifying.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_verified_by_its_hash_only_in_any_way_of_writing_accents() {
        let passwords = Passwords::default();
        let new = NewPassword::new("ma\u{e7}\u{e3} verde 7", "ana").unwrap();
        let hash = passwords.hash(new).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        for (text, is_right) in [
            ("ma\u{e7}\u{e3} verde 7", true),
            ("mac\u{327}a\u{303} verde 7", true),
            ("maca verde 7", false),
            ("", false),
        ] {
            let verified = passwords.verify(text, Some(hash.clone())).await;
            assert_eq!(verified, Ok(is_right), "{text}");
        }
        assert!(PasswordHash::new(UNMATCHED).is_ok());
        assert_eq!(passwords.verify("maca verde 7", None).await, Ok(false));
        assert_eq!(
            passwords.verify(&"x".repeat(5_000), Some(hash)).await,
            Ok(false)
        );
        assert_eq!(passwords.verify("x", Some(String::new())).await, Ok(false));
    }

    #[test]
    fn short_and_long_passwords_and_the_name_are_refused() {
        let refused = |text: &str| NewPassword::new(text, "Ana.Souza-Lima").err();
        assert_eq!(refused("123456789"), Some(PasswordError::Short));
        assert_eq!(refused("ção ção 1"), Some(PasswordError::Short));
        assert_eq!(refused("ana.souza-lima"), Some(PasswordError::IsName));
        assert_eq!(refused(&"x".repeat(1_025)), Some(PasswordError::Long));
        assert_eq!(refused("ção ção 12"), None);
    }

    #[tokio::test]
    async fn more_passwords_than_may_wait_are_refused_at_once() {
        let passwords = Passwords::default();
        let all = (0..MOST_WAITING + 5).map(|_| passwords.verify("x", None));
        let all = futures_util::future::join_all(all).await;
        let busy = all.iter().filter(|one| one.is_err()).count();
        assert_eq!(busy, 5);
        assert_eq!(passwords.verify("x", None).await, Ok(false));
    }
}
