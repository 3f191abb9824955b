//! The OpenAPI document, made from the handlers; `web/openapi.json` is its snapshot.

use super::problem::{FieldProblem, ProblemDocument};
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(title = "sori", description = "The HTTP API of sori, a self-hosted business phone.", license(name = "MIT OR Apache-2.0")),
    components(schemas(ProblemDocument, FieldProblem)),
    servers((url = "/api/v1"))
)]
struct Document;

/// The document as JSON text.
///
/// # Panics
/// Never for the handlers of this program; the snapshot test makes it once.
#[must_use]
pub fn text() -> String {
    let (_, document) = super::routes().split_for_parts();
    let mut value = serde_json::to_value(document).unwrap_or_default();
    complete(&mut value);
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

pub(super) fn base() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

/// What every operation has in common: how to sign in, and problem documents as the answer to anything else.
fn complete(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "token": { "type": "http", "scheme": "bearer" },
        "session": { "type": "apiKey", "in": "cookie", "name": super::gate::COOKIE },
    });
    document["security"] = json!([{ "token": [] }, { "session": [] }]);
    let mut patched = Vec::new();
    let Some(paths) = document["paths"].as_object_mut() else { return };
    for operations in paths.values_mut().filter_map(Value::as_object_mut) {
        for (method, operation) in operations.iter_mut() {
            operation["responses"]["default"] = json!({
                "description": "A problem document (RFC 9457)",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            });
            if method != "get" {
                add_idempotency_key(operation);
            }
            if method == "patch" {
                patched.extend(merge_patch(operation));
            }
        }
    }
    for name in patched {
        add_patch_schema(document, &name);
    }
}

fn add_idempotency_key(operation: &mut Value) {
    let parameter = json!({ "name": "Idempotency-Key", "in": "header", "required": false, "schema": { "type": "string", "maxLength": 255 } });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// The body of a PATCH names the fields to change: its schema is the thing's with nothing required.
fn merge_patch(operation: &mut Value) -> Option<String> {
    let schema = operation.pointer_mut("/requestBody/content/application~1json/schema")?;
    let name = schema["$ref"].as_str()?.rsplit('/').next()?.to_owned();
    *schema = json!({ "$ref": format!("#/components/schemas/{name}Patch") });
    Some(name)
}

fn add_patch_schema(document: &mut Value, name: &str) {
    let mut schema = document["components"]["schemas"][name].clone();
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
        schema.insert(
            "description".into(),
            json!("A JSON Merge Patch (RFC 7396): fields left out stay as they are, null takes a value away."),
        );
    }
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        let sorted: Map<String, Value> =
            std::mem::take(schemas).into_iter().chain([(format!("{name}Patch"), schema)]).collect();
        *schemas = sorted;
    }
}
