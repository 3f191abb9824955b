//! Ids in paths, queries, and pages of lists.

use super::problem::Problem;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::{IntoParams, ToSchema};

/// The id in the path; one that is none names nothing that is here.
#[derive(Clone, Copy, Debug)]
pub struct Id<T>(pub T);

impl<T: FromStr + Send, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(text) = Path::<String>::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

/// The query of a URL.
#[derive(Clone, Debug)]
pub struct Asked<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match Query::<T>::try_from_uri(&parts.uri) {
            Ok(Query(value)) => Ok(Self(value)),
            Err(why) => {
                use std::error::Error as _;
                let why = why.source().map_or_else(|| why.to_string(), ToString::to_string);
                Err(Problem::new(
                    StatusCode::BAD_REQUEST,
                    "invalid_query",
                    format!("The query is not right: {why}."),
                    format!("쿼리가 올바르지 않습니다: {why}"),
                ))
            }
        }
    }
}

/// Which part of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// `next` of the page before.
    pub after: Option<String>,
    /// 1–200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// The items of a page when nothing else is asked.
const USUAL_LIMIT: u32 = 50;
/// The most items of a page.
const LARGEST_LIMIT: u32 = 200;

/// The asked limit.
///
/// # Errors
/// 422 when it is not 1–200.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(USUAL_LIMIT) {
        limit @ 1..=LARGEST_LIMIT => Ok(limit),
        _ => Err(Problem::field("limit", "out_of_range", "must be 1 to 200", "1~200 사이여야 합니다")),
    }
}

/// The place after which a page starts.
///
/// # Errors
/// 422 when it is no place of this list.
pub fn after<T: FromStr>(text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|t| {
        t.parse().map_err(|_| {
            Problem::field(
                "after",
                "invalid",
                "must be the `next` of a page of this list",
                "이 목록의 next 값이어야 합니다",
            )
        })
    })
    .transpose()
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Asks for the next page; `null` on the last one.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A page of what was asked for with one more than `limit`.
    pub fn of(mut items: Vec<T>, limit: u32, place: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = if has_more { items.last().map(place) } else { None };
        Self { items, next }
    }

    /// Everything at once.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// A page of a map that is in memory, ordered by id.
///
/// # Errors
/// 422 when the part is not right.
pub fn page_of_map<'a, K, V, T>(
    map: impl Iterator<Item = (&'a K, V)>,
    part: &Part,
    view: impl Fn(V) -> T,
) -> Result<Page<T>, Problem>
where
    K: FromStr + Ord + ToString + Copy + 'a,
{
    let limit = limit(part.limit)?;
    let start: Option<K> = after(part.after.as_deref())?;
    let mut rest = map.filter(|(key, _)| start.is_none_or(|s| **key > s));
    let mut items = Vec::new();
    let mut last = None;
    for (key, value) in rest.by_ref().take(limit as usize) {
        items.push(view(value));
        last = Some(*key);
    }
    let next = if rest.next().is_some() { last.map(|k: K| k.to_string()) } else { None };
    Ok(Page { items, next })
}
