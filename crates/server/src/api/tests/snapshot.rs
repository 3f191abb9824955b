//! The OpenAPI document is a snapshot that the web client is generated from.

use std::path::Path;

#[test]
fn the_document_in_web_is_the_one_of_this_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let document = super::super::openapi::text();
    if std::env::var_os("UPDATE_SNAPSHOT").is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == document,
        "web/openapi.json is stale: run UPDATE_SNAPSHOT=1 cargo test -p server, then `npm run generate` in web/"
    );
}

#[test]
fn every_operation_has_an_id_a_summary_and_a_problem() {
    let document: serde_json::Value = serde_json::from_str(&super::super::openapi::text()).unwrap();
    let mut ids = std::collections::BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_default();
            assert!(!id.is_empty() && ids.insert(id.to_owned()), "{method} {path}: {id}");
            assert!(operation["summary"].is_string(), "{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
        }
    }
    assert!(ids.len() > 50, "{}", ids.len());
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name} is named and not there");
    }
}
