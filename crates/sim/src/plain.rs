//! SIP messages as plain text: read and changed a line at a time, so that anything can be said, right or wrong.

/// The lines before the body, and the body.
fn parts(message: &str) -> (&str, &str) {
    message.split_once("\r\n\r\n").unwrap_or((message, ""))
}

/// The value of the first header line of this name, which is written out in full.
#[must_use]
pub fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let (head, _) = parts(message);
    head.split("\r\n").skip(1).find_map(|line| value(line, name))
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(':')?;
    key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
}

/// The number and the method of `CSeq`.
#[must_use]
pub fn cseq(message: &str) -> Option<(u32, &str)> {
    let (number, method) = header(message, "CSeq")?.split_once(' ')?;
    Some((number.parse().ok()?, method.trim()))
}

/// The status of a response.
#[must_use]
pub fn status(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// The method of a request.
#[must_use]
pub fn method(message: &str) -> Option<&str> {
    let line = message.split("\r\n").next()?;
    line.split_once(' ').map(|(method, _)| method).filter(|method| *method != "SIP/2.0")
}

/// The tag of a From or To value.
#[must_use]
pub fn tag(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once(";tag=")?;
    rest.split(';').next()
}

/// The URI between angle brackets.
#[must_use]
pub fn uri(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once('<')?;
    rest.split_once('>').map(|(uri, _)| uri)
}

/// The same message with the first line of this name saying something else; with a line more when there is none.
#[must_use]
pub fn with_header(message: &str, name: &str, new: &str) -> String {
    let (head, body) = parts(message);
    let mut is_new = true;
    let mut out = String::with_capacity(message.len() + name.len() + new.len());
    for (n, line) in head.split("\r\n").enumerate() {
        let is_it = n > 0 && is_new && value(line, name).is_some();
        if is_it {
            out.push_str(&format!("{name}: {new}"));
            is_new = false;
        } else {
            out.push_str(line);
        }
        out.push_str("\r\n");
    }
    if is_new {
        out.push_str(&format!("{name}: {new}\r\n"));
    }
    out + "\r\n" + body
}

/// The same message without any line of this name.
#[must_use]
pub fn without_header(message: &str, name: &str) -> String {
    let (head, body) = parts(message);
    let lines: Vec<&str> = head
        .split("\r\n")
        .enumerate()
        .filter(|(n, line)| *n == 0 || value(line, name).is_none())
        .map(|l| l.1)
        .collect();
    lines.join("\r\n") + "\r\n\r\n" + body
}

/// A response to a request (RFC 3261 8.2.6.2); `to_tag` stands in To when it has none.
#[must_use]
pub fn response(request: &str, status: u16, to_tag: &str) -> String {
    let (head, _) = parts(request);
    let mut out = format!("SIP/2.0 {status} So\r\n");
    for line in head.split("\r\n").skip(1) {
        let is_to = value(line, "To").is_some();
        let is_kept = is_to || ["Via", "From", "Call-ID", "CSeq"].iter().any(|name| value(line, name).is_some());
        if is_kept {
            out.push_str(line);
            if is_to && !line.contains(";tag=") {
                out.push_str(&format!(";tag={to_tag}"));
            }
            out.push_str("\r\n");
        }
    }
    out + "Content-Length: 0\r\n\r\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:b@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\nFrom: \"A\" <sip:a@h>;tag=1;x=y\r\n\
        To: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContent-Length: 3\r\n\r\nv=0";

    #[test]
    fn reads_lines() {
        assert_eq!(cseq(INVITE), Some((7, "INVITE")));
        assert_eq!((method(INVITE), status(INVITE)), (Some("INVITE"), None));
        let from = header(INVITE, "from").unwrap();
        assert_eq!((tag(from), uri(from)), (Some("1"), Some("sip:a@h")));
    }

    #[test]
    fn changes_one_line_and_keeps_the_body() {
        let changed = with_header(INVITE, "CSeq", "8 BYE");
        assert_eq!(changed, INVITE.replace("7 INVITE", "8 BYE"));
        assert_eq!(header(&with_header(INVITE, "X", "y"), "X"), Some("y"));
        assert!(with_header(INVITE, "X", "y").ends_with("\r\n\r\nv=0"));
        assert_eq!(header(&without_header(INVITE, "Call-ID"), "Call-ID"), None);
    }

    #[test]
    fn answers_a_request() {
        let answer = response(INVITE, 200, "2");
        assert_eq!((status(&answer), method(&answer), cseq(&answer)), (Some(200), None, Some((7, "INVITE"))));
        assert_eq!(header(&answer, "To"), Some("<sip:b@h>;tag=2"));
        assert_eq!(
            response(&INVITE.replace("<sip:b@h>\r\nCall", "<sip:b@h>;tag=9\r\nCall"), 486, "2")
                .matches("tag=9")
                .count(),
            1
        );
    }
}
