//! A SIP message as a test needs it: read leniently, written by hand. Deliberately not the crate under test.

/// A request or response with its headers in order.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Request line or status line.
    pub start: String,
    /// Names as they came, values trimmed.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Message {
    /// Reads one datagram; `None` when it has no start line.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let mut lines = head.split("\r\n");
        let start = lines.next().filter(|line| line.contains("SIP/2.0"))?.to_owned();
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
        Some(Self { start, headers: headers.collect(), body: body.to_owned() })
    }

    /// The datagram.
    pub fn write(&self) -> Vec<u8> {
        let mut text = format!("{}\r\n", self.start);
        for (name, value) in &self.headers {
            text += &format!("{name}: {value}\r\n");
        }
        if !self.body.is_empty() {
            text += "Content-Type: application/sdp\r\n";
        }
        text += &format!("Content-Length: {}\r\n\r\n{}", self.body.len(), self.body);
        text.into_bytes()
    }

    /// Adds a header.
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// The first header of that name, or "".
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.as_str())
    }

    /// Every header of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The method of a request, "" for a response.
    pub fn method(&self) -> &str {
        if self.start.starts_with("SIP/2.0") { "" } else { self.start.split(' ').next().unwrap_or_default() }
    }

    /// The status of a response, 0 for a request.
    pub fn status(&self) -> u16 {
        self.start
            .strip_prefix("SIP/2.0 ")
            .and_then(|rest| rest.get(..3))
            .and_then(|code| code.parse().ok())
            .unwrap_or(0)
    }

    /// The method that CSeq names.
    pub fn sequence_method(&self) -> &str {
        self.header("CSeq").split(' ').nth(1).unwrap_or_default()
    }

    /// The number that CSeq names.
    pub fn sequence(&self) -> u32 {
        self.header("CSeq").split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
    }

    /// Where the body wants its media.
    pub fn media(&self) -> Option<std::net::SocketAddr> {
        let line = |start: &str| self.body.lines().find_map(|line| line.strip_prefix(start));
        let host: std::net::IpAddr = line("c=IN IP4 ").or_else(|| line("c=IN IP6 "))?.trim().parse().ok()?;
        let port = line("m=audio ")?.split(' ').next()?.parse().ok()?;
        Some((host, port).into())
    }
}

/// The URI between the angle brackets of a Contact or To.
pub fn uri_of(value: &str) -> &str {
    value.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(value, |(uri, _)| uri)
}

/// The user part of the first SIP URI in a header.
pub fn user_of(value: &str) -> &str {
    let uri = uri_of(value);
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user)
}
