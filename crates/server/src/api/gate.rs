//! The outermost layer of the API: who asks, in which language, from which page; refusals become documents here.

use super::app::App;
use super::caller::Caller;
use super::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use pbx::command::Language;
use pbx::settings::Role;

/// The session cookie's name.
pub const COOKIE: &str = "sori_session";

/// The layer.
pub async fn gate(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let accepted = accepted_language(request.headers());
    let counted = request.method().clone();
    let outcome = admit(&app, &mut request).await;
    let language = request.extensions().get::<Caller>().map_or(accepted, |caller| caller.language);
    let mut response = match outcome {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.answer(language),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let range = response.headers_mut().remove(header::CONTENT_RANGE);
        response = problem.answer(language);
        response.headers_mut().extend(range.map(|value| (header::CONTENT_RANGE, value)));
    }
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let class = match response.status().as_u16() / 100 {
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    };
    app.metrics
        .counter(
            "sori_http_requests_total",
            "Requests to the API.",
            &[("method", method_name(&counted)), ("status", class)],
        )
        .add(1);
    response
}

fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "other",
    }
}

async fn admit(app: &App, request: &mut Request) -> Result<(), Problem> {
    let bearer = bearer(request.headers());
    let by_cookie = bearer.is_none();
    let Some(token) = bearer.or_else(|| cookie(request.headers())) else { return Ok(()) };
    if let Some(caller) = caller_of(app, &token).await? {
        if by_cookie && !request.method().is_safe() && !is_same_origin(request.headers()) {
            return Err(Problem::new(
                StatusCode::FORBIDDEN,
                "cross_origin",
                "A page of another site may not do this with your session.",
                "다른 사이트에서 보낸 요청은 허용되지 않습니다.",
            ));
        }
        request.extensions_mut().insert(caller);
    }
    Ok(())
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// The session's token in the cookie.
pub fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value.to_owned())
}

/// Whose token this is.
///
/// # Errors
/// When the database cannot be read.
pub async fn caller_of(app: &App, token: &str) -> Result<Option<Caller>, Problem> {
    let hash = crate::sign_in::hash(&[token.as_bytes()]);
    let workspace = app.workspace();
    if app.configuration.token.as_ref().is_some_and(|own| crate::sign_in::hash(&[own.as_bytes()]) == hash) {
        // The installation's token acts as its first owner.
        let owner = workspace.managers.values().find(|m| m.fields.role == Role::Owner);
        return Ok(owner.map(|o| Caller { id: o.id, role: Role::Owner, language: o.fields.language, session: None }));
    }
    let Some(id) = app.store.session(&hash, crate::clock::now()).await? else { return Ok(None) };
    Ok(workspace.managers.get(&id).map(|m| Caller {
        id,
        role: m.fields.role,
        language: m.fields.language,
        session: Some(hash),
    }))
}

/// Korean when it is wanted most, else English.
#[must_use]
pub fn accepted_language(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let weight = |part: &str| part.split(";q=").nth(1).and_then(|q| q.trim().parse::<f32>().ok()).unwrap_or(1.0);
    let best = |prefix: &str| {
        wanted
            .split(',')
            .filter(|part| part.trim().to_ascii_lowercase().starts_with(prefix))
            .map(weight)
            .fold(0.0f32, f32::max)
    };
    if best("ko") > best("en") { Language::Ko } else { Language::En }
}

/// Browsers say which page asks; a program that sends a cookie by hand says nothing and is no page.
fn is_same_origin(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok()) {
        return site == "same-origin" || site == "none";
    }
    match headers.get(header::ORIGIN).and_then(|v| v.to_str().ok()) {
        None => true,
        Some(origin) => {
            let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
            origin.split_once("://").map(|(_, rest)| rest) == host && host.is_some()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(n, v)| (header::HeaderName::from_static(n), HeaderValue::from_static(v))).collect()
    }

    #[test]
    fn only_pages_of_this_server_write_with_the_cookie() {
        assert!(is_same_origin(&headers(&[("sec-fetch-site", "same-origin")])));
        assert!(!is_same_origin(&headers(&[("sec-fetch-site", "same-site")])));
        assert!(!is_same_origin(&headers(&[("sec-fetch-site", "cross-site"), ("origin", "http://a"), ("host", "a")])));
        assert!(is_same_origin(&headers(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")])));
        assert!(!is_same_origin(&headers(&[("origin", "http://evil.test"), ("host", "127.0.0.1:8080")])));
        assert!(!is_same_origin(&headers(&[("origin", "null"), ("host", "127.0.0.1:8080")])));
    }

    #[test]
    fn languages() {
        for (text, language) in [
            ("ko-KR,ko;q=0.9,en;q=0.8", Language::Ko),
            ("en-US,en;q=0.9,ko;q=0.8", Language::En),
            ("fr", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(accepted_language(&headers(&[("accept-language", text)])), language, "{text}");
        }
    }

    #[test]
    fn finds_the_cookie_among_others() {
        assert_eq!(cookie(&headers(&[("cookie", "a=b; sori_session=abc; c=d")])).as_deref(), Some("abc"));
        assert_eq!(cookie(&headers(&[("cookie", "xsori_session=abc")])), None);
    }
}
