//! Bodies: JSON whose unknown fields are refused by name, and JSON Merge Patch (RFC 7396).

use super::problem::Problem;
use crate::workspace::mistake::{Checked, Mistake, Mistakes, Words};
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The largest JSON body in bytes.
pub const LARGEST: usize = 1024 * 1024;

/// A JSON body, read and checked.
#[derive(Debug)]
pub struct Input<T>(pub T);

/// A JSON Merge Patch, not yet applied.
#[derive(Debug)]
pub struct Patch(pub Value);

async fn json(request: Request) -> Result<Value, Problem> {
    let content_type =
        request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("application/json");
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if essence != "application/json" && essence != "application/merge-patch+json" {
        return Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            "A JSON body (application/json) is expected.",
            "JSON 본문(application/json)이 필요합니다.",
        ));
    }
    let bytes = Bytes::from_request(request, &()).await.map_err(|_| too_large())?;
    serde_json::from_slice(&bytes).map_err(|why| {
        Problem::new(
            StatusCode::BAD_REQUEST,
            "malformed_json",
            format!("The body is not JSON: {why}."),
            format!("본문이 JSON이 아닙니다: {why}"),
        )
    })
}

/// 413.
#[must_use]
pub fn too_large() -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "too_large",
        "The body is larger than 1 MiB.",
        "본문이 1 MiB보다 큽니다.",
    )
}

impl<T: DeserializeOwned + Serialize + Checked, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        read(json(request).await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for Patch {
    type Rejection = Problem;
    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let value = json(request).await?;
        if !value.is_object() {
            return Err(Problem::field("", "invalid", "a merge patch is a JSON object", "JSON 객체여야 합니다"));
        }
        Ok(Self(value))
    }
}

impl Patch {
    /// The fields after the patch, checked. What cannot be changed is unknown here.
    ///
    /// # Errors
    /// When the patch names an unknown field or the outcome is not right.
    pub fn apply<T: DeserializeOwned + Serialize + Checked>(self, current: &T) -> Result<T, Problem> {
        let mut value = serde_json::to_value(current).unwrap_or_default();
        merge(&mut value, self.0);
        read(value)
    }
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(serde_json::Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(&key);
        } else {
            merge(target.entry(key).or_insert(Value::Null), value);
        }
    }
}

/// Reads a value; every mistake names its field.
///
/// # Errors
/// When it has not the expected shape, names unknown fields, or is not right in itself.
pub fn read<T: DeserializeOwned + Serialize + Checked>(value: Value) -> Result<T, Problem> {
    let given = value.clone();
    let typed: T = serde_path_to_error::deserialize(value).map_err(|why| Problem::fields(vec![shape_mistake(&why)]))?;
    let mut mistakes = Mistakes::default();
    if let Ok(understood) = serde_json::to_value(&typed) {
        unknown_fields("", &given, &understood, &mut mistakes);
    }
    typed.check(&mut mistakes);
    mistakes.done()?;
    Ok(typed)
}

/// Nested things do not all refuse unknown fields themselves: whatever was given and did not come out again is unknown.
fn unknown_fields(path: &str, given: &Value, understood: &Value, mistakes: &mut Mistakes) {
    match (given, understood) {
        (Value::Object(given), Value::Object(understood)) => {
            for (key, value) in given {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match understood.get(key) {
                    Some(inner) => unknown_fields(&path, value, inner, mistakes),
                    None if is_nothing(value) => {}
                    None => mistakes.add(path, "unknown_field", "there is no such field", "알 수 없는 필드입니다"),
                }
            }
        }
        (Value::Array(given), Value::Array(understood)) => {
            for (place, (value, inner)) in given.iter().zip(understood).enumerate() {
                unknown_fields(&format!("{path}[{place}]"), value, inner, mistakes);
            }
        }
        _ => {}
    }
}

/// Left out when it is written again.
fn is_nothing(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

fn shape_mistake(why: &serde_path_to_error::Error<serde_json::Error>) -> Mistake {
    let message = why.inner().to_string();
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let parent = why.path().to_string();
    let parent = if parent == "." { String::new() } else { parent };
    let child = |name: &str| {
        if parent == name || parent.ends_with(&format!(".{name}")) {
            parent.clone()
        } else if parent.is_empty() {
            name.to_owned()
        } else {
            format!("{parent}.{name}")
        }
    };
    if message.starts_with("missing field") {
        return Mistake {
            path: child(quoted),
            code: "required",
            message: Words::new("is required", "필수 항목입니다"),
        };
    }
    if message.starts_with("unknown field") {
        return Mistake {
            path: child(quoted),
            code: "unknown_field",
            message: Words::new("there is no such field", "알 수 없는 필드입니다"),
        };
    }
    let korean = format!("올바르지 않은 값입니다 ({message})");
    Mistake { path: parent, code: "invalid", message: Words::new(message, korean) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::number::NumberFields;
    use serde_json::json;

    fn paths(problem: &Problem) -> Vec<(&str, &str)> {
        problem.fields.iter().map(|m| (m.path.as_str(), m.code)).collect()
    }

    #[test]
    fn rfc_7396_examples() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut target = target;
            merge(&mut target, patch);
            assert_eq!(target, result);
        }
    }

    #[test]
    fn a_patch_changes_what_it_names_only() {
        let before = NumberFields { is_default: true, ring_seconds: 30, ..NumberFields::default() };
        let after = Patch(json!({"ring_seconds": 45})).apply(&before).unwrap();
        assert_eq!(after, NumberFields { ring_seconds: 45, ..before });
    }

    #[test]
    fn mistakes_name_their_field() {
        let before = NumberFields { ring_seconds: 30, ..NumberFields::default() };
        for (patch, expected) in [
            (json!({"ring_secs": 45}), ("ring_secs", "unknown_field")),
            (json!({"ring_seconds": 9}), ("ring_seconds", "out_of_range")),
            (json!({"ring_seconds": "x"}), ("ring_seconds", "invalid")),
            (json!({"routing": {"kind": "nowhere"}}), ("routing.kind", "invalid")),
            (json!({"routing": {"kind": "team"}}), ("routing.id", "required")),
            (json!({"announcements": {"greetings": {}}}), ("announcements.greetings", "unknown_field")),
            (json!({"id": "x"}), ("id", "unknown_field")),
        ] {
            let problem = Patch(patch.clone()).apply(&before).unwrap_err();
            assert_eq!(paths(&problem), [expected], "{patch}");
            assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
    }
}
