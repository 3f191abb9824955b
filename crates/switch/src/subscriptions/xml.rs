//! Text that goes into an XML document.

/// With what XML gives a meaning escaped; characters XML 1.0 does not allow (section 2.2) are left out.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'.. => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_is_smuggled_in() {
        assert_eq!(escape("a<b>&\"c'\u{0}\u{b}김"), "a&lt;b&gt;&amp;&quot;c&apos;김");
    }
}
