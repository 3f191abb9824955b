//! A key in the body of an INFO request, in the two shapes phones write: `application/dtmf-relay` and `application/dtmf`.

use pbx::Key;

/// How long a key counts as pressed where the phone does not say, in milliseconds.
const USUAL_MS: u16 = 160;

/// What an INFO request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Info {
    /// A key, and for how many milliseconds it was pressed.
    Key(char, u16),
    /// Meant to be a key, and none that there is.
    Wrong,
    /// Something else.
    Other,
}

/// Reads the body of an INFO request with this `Content-Type`.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Info {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let text = std::str::from_utf8(body).unwrap_or_default();
    let key = if media_type.eq_ignore_ascii_case("application/dtmf-relay") {
        key(value(text, "Signal").unwrap_or_default())
    } else if media_type.eq_ignore_ascii_case("application/dtmf") {
        key(text)
    } else {
        return Info::Other;
    };
    let duration_ms = value(text, "Duration").and_then(|text| text.parse().ok()).unwrap_or(USUAL_MS);
    key.map_or(Info::Wrong, |key| Info::Key(key, duration_ms))
}

/// `Name=value` on a line of its own.
fn value<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix(name))?;
    Some(line.trim_start().strip_prefix('=')?.trim())
}

/// One of the sixteen; `*` and `#` are written by their event numbers by some.
fn key(text: &str) -> Option<char> {
    let text = text.trim();
    let mut letters = text.chars();
    let key = match text {
        "10" => '*',
        "11" => '#',
        _ => letters.next().filter(|_| letters.next().is_none())?.to_ascii_uppercase(),
    };
    Key::new(key).map(|_| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_read() {
        for (content_type, body, said) in [
            ("application/dtmf-relay", "Signal=5\r\nDuration=250\r\n", Info::Key('5', 250)),
            ("Application/DTMF-Relay; x=y", "Signal= #\r\n", Info::Key('#', USUAL_MS)),
            ("application/dtmf-relay", "Signal=d\nDuration=forever", Info::Key('D', USUAL_MS)),
            ("application/dtmf-relay", "Signal=10\r\nDuration=100", Info::Key('*', 100)),
            ("application/dtmf", "7", Info::Key('7', USUAL_MS)),
            ("application/dtmf", " 11\r\n", Info::Key('#', USUAL_MS)),
            ("application/dtmf-relay", "Signal=55\r\n", Info::Wrong),
            ("application/dtmf-relay", "hello", Info::Wrong),
            ("application/dtmf", "", Info::Wrong),
            ("application/dtmf", "\u{c548}", Info::Wrong),
            ("text/plain", "5", Info::Other),
            ("", "", Info::Other),
        ] {
            assert_eq!(read(content_type, body.as_bytes()), said, "{content_type} {body:?}");
        }
        assert_eq!(read("application/dtmf", &[0xff, 0xfe]), Info::Wrong);
    }
}
