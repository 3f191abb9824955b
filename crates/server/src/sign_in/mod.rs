//! Signing in: passwords, tokens, and a brake on guessing.

mod attempts;
mod password;
mod secret;

pub use attempts::{Attempts, TooMany};
pub use password::{LONGEST, Passwords, SHORTEST};
pub use secret::{hash, random_digits, random_name, random_token};
