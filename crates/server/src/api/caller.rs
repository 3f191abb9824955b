//! Who asks, and what roles may do.

use super::problem::Problem;
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use pbx::ManagerId;
use pbx::command::Language;
use pbx::settings::Role;

/// The signed-in manager, as every handler gets it.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub id: ManagerId,
    /// What they may do.
    pub role: Role,
    /// Their console's language.
    pub language: Language,
    /// The hash of the token they came with; nothing for the installation's own token.
    pub session: Option<Vec<u8>>,
}

impl Caller {
    /// An owner or an admin?
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role >= Role::Admin
    }

    /// Refuses those who are neither owner nor admin.
    ///
    /// # Errors
    /// 403 for plain managers.
    pub fn must_be_admin(&self) -> Result<(), Problem> {
        if self.is_admin() { Ok(()) } else { Err(Problem::forbidden()) }
    }
}

/// 401.
#[must_use]
pub fn not_signed_in() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "not_signed_in",
        "Sign in first, or send a token that is still valid.",
        "로그인이 필요합니다.",
    )
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(not_signed_in)
    }
}
