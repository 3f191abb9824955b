//! Problem documents (RFC 9457): what went wrong, for programs and, in Korean or English, for people.

use crate::workspace::mistake::{Mistake, Mistakes, Words};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pbx::command::Language;
use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, in the caller's language.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// `urn:sori:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The code in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request.
    pub detail: String,
    /// For programs.
    pub code: String,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub fields: Vec<FieldProblem>,
}

/// A field that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldProblem {
    /// Which, such as `phones[0].name`.
    pub path: String,
    /// For programs.
    pub code: String,
    /// For people.
    pub message: String,
}

/// A refusal. It becomes a document when the caller's language is known.
#[derive(Clone, Debug)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// For programs.
    pub code: &'static str,
    /// For people.
    pub detail: Words,
    /// Wrong fields.
    pub fields: Vec<Mistake>,
    /// Seconds for `Retry-After`.
    pub retry_seconds: Option<u64>,
}

impl Problem {
    /// A refusal.
    pub fn new(status: StatusCode, code: &'static str, en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self { status, code, detail: Words::new(en, ko), fields: Vec::new(), retry_seconds: None }
    }

    /// 404: no such thing.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing here.", "찾을 수 없습니다.")
    }

    /// 403: not for this role.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "Your role does not allow this.", "권한이 없습니다.")
    }

    /// 409: things that name it must be changed first.
    #[must_use]
    pub fn in_use(users: &[String]) -> Self {
        let shown = users.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        Self::new(
            StatusCode::CONFLICT,
            "in_use",
            format!("It is still used by: {shown}."),
            format!("아직 사용 중입니다: {shown}"),
        )
    }

    /// 409: the state of things does not allow it.
    pub fn conflict(code: &'static str, en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, code, en, ko)
    }

    /// 422: fields are wrong.
    #[must_use]
    pub fn fields(fields: Vec<Mistake>) -> Self {
        let mut problem = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_input",
            "Some fields are not right.",
            "올바르지 않은 입력이 있습니다.",
        );
        problem.fields = fields;
        problem
    }

    /// 422: one field is wrong.
    pub fn field(path: impl Into<String>, code: &'static str, en: impl Into<String>, ko: impl Into<String>) -> Self {
        Self::fields(vec![Mistake { path: path.into(), code, message: Words::new(en, ko) }])
    }

    /// 503: the server is stopping.
    #[must_use]
    pub fn stopping() -> Self {
        let mut problem = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "stopping",
            "The server is stopping.",
            "서버가 종료되는 중입니다.",
        );
        problem.retry_seconds = Some(5);
        problem
    }

    /// 507: the database takes nothing now.
    #[must_use]
    pub fn storage_failing() -> Self {
        Self::new(
            StatusCode::INSUFFICIENT_STORAGE,
            "storage_failing",
            "The database takes no changes now: the disk is full, locked or read-only. Calls go on.",
            "디스크가 가득 찼거나 쓸 수 없어 저장하지 못했습니다. 통화는 계속됩니다.",
        )
    }

    fn title(&self) -> Words {
        match self.status.as_u16() {
            400 => Words::new("Bad request", "잘못된 요청"),
            401 => Words::new("Not signed in", "로그인 필요"),
            403 => Words::new("Not allowed", "허용되지 않음"),
            404 => Words::new("Not found", "찾을 수 없음"),
            405 => Words::new("Method not allowed", "허용되지 않는 메서드"),
            409 => Words::new("Conflict", "충돌"),
            413 => Words::new("Too large", "너무 큼"),
            415 => Words::new("Unsupported media type", "지원하지 않는 형식"),
            416 => Words::new("Range not satisfiable", "잘못된 범위"),
            422 => Words::new("Invalid input", "잘못된 입력"),
            429 => Words::new("Too many requests", "요청이 너무 많음"),
            503 => Words::new("Unavailable", "이용할 수 없음"),
            507 => Words::new("Storage failing", "저장소 오류"),
            _ => Words::new("Internal error", "내부 오류"),
        }
    }

    /// The document in a language: Korean when it is Korean, else English.
    #[must_use]
    pub fn document(&self, language: Language) -> ProblemDocument {
        let pick = |words: &Words| if language == Language::Ko { words.ko.clone() } else { words.en.clone() };
        ProblemDocument {
            kind: format!("urn:sori:problem:{}", self.code),
            title: pick(&self.title()),
            status: self.status.as_u16(),
            detail: pick(&self.detail),
            code: self.code.to_owned(),
            fields: self
                .fields
                .iter()
                .map(|m| FieldProblem { path: m.path.clone(), code: m.code.to_owned(), message: pick(&m.message) })
                .collect(),
        }
    }

    /// The whole answer.
    #[must_use]
    pub fn answer(&self, language: Language) -> Response {
        let body = serde_json::to_vec(&self.document(language)).unwrap_or_default();
        let mut response =
            (self.status, [(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))], body)
                .into_response();
        if let Some(value) = self.retry_seconds.and_then(|s| HeaderValue::try_from(s.to_string()).ok()) {
            response.headers_mut().insert(header::RETRY_AFTER, value);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for Problem {
    /// An answer without a body: the outermost layer writes it in the caller's language.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<sqlx::Error> for Problem {
    fn from(why: sqlx::Error) -> Self {
        if crate::store::may_pass(&why) {
            tracing::error!(%why, "the database does not answer");
            return Self::storage_failing();
        }
        tracing::error!(%why, "a query failed");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Something went wrong in the server; its log says what.",
            "서버 오류가 발생했습니다. 로그를 확인하세요.",
        )
    }
}

impl From<crate::control::Stopping> for Problem {
    fn from(_: crate::control::Stopping) -> Self {
        Self::stopping()
    }
}

impl From<crate::store::NotSettled> for Problem {
    fn from(_: crate::store::NotSettled) -> Self {
        Self::storage_failing()
    }
}

impl Mistakes {
    /// A refusal when something was found.
    ///
    /// # Errors
    /// When something was.
    pub fn done(self) -> Result<(), Problem> {
        if self.found.is_empty() { Ok(()) } else { Err(Problem::fields(self.found)) }
    }
}
