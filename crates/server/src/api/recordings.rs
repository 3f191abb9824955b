//! Recordings as files, with ranges (RFC 9110, section 14) so that players can seek.

use super::app::App;
use super::caller::Caller;
use super::calls::row;
use super::problem::Problem;
use super::request::Id;
use crate::store::safe_path;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pbx::CallId;
use std::io::SeekFrom;
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

/// Bytes read at once.
const CHUNK: usize = 64 * 1024;

/// A call's recording
#[utoipa::path(get, path = "/calls/{id}/recording", tag = "calls", params(("id" = String, Path)),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>), (status = 206, content_type = "audio/wav", body = Vec<u8>)))]
pub(super) async fn get_recording(
    State(app): State<App>,
    _: Caller,
    Id(id): Id<CallId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let name = row(&app, id).await?.recording.ok_or_else(Problem::not_found)?;
    let path = safe_path(app.store.recordings(), &name).ok_or_else(Problem::not_found)?;
    let file = File::open(&path).await.map_err(|_| Problem::not_found())?;
    let length = file.metadata().await.map_err(|_| Problem::not_found())?.len();
    let content_type = if name.ends_with(".wav") { "audio/wav" } else { "application/octet-stream" };
    let asked = headers.get(header::RANGE).and_then(|v| v.to_str().ok());
    let (status, first, last) = match range(asked, length) {
        Range::Whole => (StatusCode::OK, 0, length),
        Range::Part(first, end) => (StatusCode::PARTIAL_CONTENT, first, end),
        Range::Outside => return Ok(outside(length)),
    };
    let mut response = (
        status,
        [(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
        Body::from_stream(pieces(file, first, last)),
    )
        .into_response();
    let out = response.headers_mut();
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(last - first));
    out.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_str(&format!("inline; filename=\"{id}.wav\"")).unwrap_or(HeaderValue::from_static("inline")),
    );
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{}/{length}", last.saturating_sub(1)))
    {
        out.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

fn outside(length: u64) -> Response {
    let mut response = Problem::new(
        StatusCode::RANGE_NOT_SATISFIABLE,
        "range",
        "The range lies outside the recording.",
        "범위가 녹음 길이를 벗어났습니다.",
    )
    .into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("bytes */{length}")) {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    response
}

fn pieces(mut file: File, first: u64, end: u64) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> {
    async_stream::try_stream! {
        file.seek(SeekFrom::Start(first)).await?;
        let mut left = end - first;
        while left > 0 {
            let mut piece = vec![0u8; CHUNK.min(usize::try_from(left).unwrap_or(CHUNK))];
            let read = file.read(&mut piece).await?;
            if read == 0 {
                break;
            }
            piece.truncate(read);
            left -= read as u64;
            yield Bytes::from(piece);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    Whole,
    /// From the first (included) to the second (not included).
    Part(u64, u64),
    Outside,
}

/// One range of bytes; anything else asks for the whole, as the RFC allows.
fn range(asked: Option<&str>, length: u64) -> Range {
    let Some(spec) = asked.and_then(|a| a.strip_prefix("bytes=")) else { return Range::Whole };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else { return Range::Whole };
    let (first, end) = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if last >= first => (first, last.saturating_add(1).min(length)),
        (Ok(first), Err(_)) if last.trim().is_empty() => (first, length),
        (Err(_), Ok(suffix)) if first.trim().is_empty() => (length.saturating_sub(suffix), length),
        _ => return Range::Whole,
    };
    if first < end { Range::Part(first, end) } else { Range::Outside }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for (asked, expected) in [
            (None, Range::Whole),
            (Some("bytes=0-9"), Range::Part(0, 10)),
            (Some("bytes=90-"), Range::Part(90, 100)),
            (Some("bytes=-10"), Range::Part(90, 100)),
            (Some("bytes=90-1000"), Range::Part(90, 100)),
            (Some("bytes=100-"), Range::Outside),
            (Some("bytes=-0"), Range::Outside),
            (Some("bytes=0-1,5-6"), Range::Whole),
            (Some("bytes=9-0"), Range::Whole),
            (Some("lines=1-2"), Range::Whole),
            (Some("bytes=x-"), Range::Whole),
        ] {
            assert_eq!(range(asked, 100), expected, "{asked:?}");
        }
    }
}
