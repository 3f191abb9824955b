//! Passwords, kept as argon2id hashes. Hashing is slow on purpose, so it runs beside the runtime and few at a time.

use argon2::Argon2;
use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Passwords hashed at once; each takes 19 MiB for some tens of milliseconds.
const AT_ONCE: usize = 2;

/// The shortest password in characters.
pub const SHORTEST: usize = 8;

/// The longest password in bytes.
pub const LONGEST: usize = 256;

/// Hashes and verifies passwords.
#[derive(Clone, Debug)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// The hash of a password nobody knows: verified when there is no such manager, so that the time tells nothing.
    decoy: Arc<std::sync::OnceLock<String>>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self { permits: Arc::new(Semaphore::new(AT_ONCE)), decoy: Arc::default() }
    }
}

fn hash_now(password: &str) -> String {
    let mut salt = [0u8; 16];
    if let Err(why) = getrandom::fill(&mut salt) {
        panic!("the system gives no random numbers: {why}");
    }
    SaltString::encode_b64(&salt)
        .and_then(|salt| Argon2::default().hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()))
        .unwrap_or_default()
}

impl Passwords {
    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let _permit = self.permits.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }

    /// The hash of a password in PHC form; nothing when the machine refuses the memory.
    pub async fn hash(&self, password: String) -> Option<String> {
        self.run(move || hash_now(&password)).await.filter(|hash| !hash.is_empty())
    }

    /// Is it the password of this hash? Takes as long when there is no hash.
    pub async fn verify(&self, password: String, hash: Option<String>) -> bool {
        let decoy = self.decoy.clone();
        self.run(move || {
            let is_real = hash.is_some();
            let hash = hash.unwrap_or_else(|| decoy.get_or_init(|| hash_now(&super::random_token())).clone());
            let matches = PasswordHash::new(&hash)
                .is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok());
            matches && is_real
        })
        .await
        .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn verifies_only_the_right_one() {
        let passwords = Passwords::default();
        let hash = passwords.hash("sori-demo".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(passwords.verify("sori-demo".into(), Some(hash.clone())).await);
        assert!(!passwords.verify("sori-Demo".into(), Some(hash)).await);
        assert!(!passwords.verify("sori-demo".into(), None).await);
        assert!(!passwords.verify("x".into(), Some("no hash".into())).await);
    }
}
