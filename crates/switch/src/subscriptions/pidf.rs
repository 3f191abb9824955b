//! Whether a manager can be called now, as a presence document (RFC 3856, RFC 3863).

use super::xml::escape;

/// Media type of the package.
pub(super) const MEDIA_TYPE: &str = "application/pidf+xml";

/// `entity` is the address that is watched.
pub(super) fn document(entity: &str, is_open: bool) -> String {
    let basic = if is_open { "open" } else { "closed" };
    let entity = escape(entity);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <presence xmlns=\"urn:ietf:params:xml:ns:pidf\" entity=\"{entity}\">\r\n\
         <tuple id=\"calls\"><status><basic>{basic}</basic></status><contact>{entity}</contact></tuple>\r\n\
         </presence>\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn open_and_closed() {
        let open = document("sip:a&b@h", true);
        assert!(open.contains("entity=\"sip:a&amp;b@h\"") && open.contains("<basic>open</basic>"), "{open}");
        assert!(document("sip:a@h", false).contains("<basic>closed</basic>"));
    }
}
