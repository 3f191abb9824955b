//! Reading a description (RFC 8866 section 9, lenient where phones are: bare LF, unknown lines, missing `s=` or `t=`).

use std::net::{IpAddr, Ipv4Addr};

use super::{
    Connection, Direction, MAX_BYTES, MAX_CRYPTO, MAX_FINGERPRINTS, MAX_FORMATS, MAX_LINES, MAX_MEDIA, MalformedSdp,
    Media, Origin, RtpMap, Sdp, Setup,
};

impl Sdp {
    /// Parses a description. Bytes that are not UTF-8 are replaced (they stand in `s=` and the like).
    ///
    /// # Errors
    /// [`MalformedSdp`] names the field.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedSdp> {
        if bytes.len() > MAX_BYTES {
            return Err(MalformedSdp::TooLong("bytes"));
        }
        let text = String::from_utf8_lossy(bytes);
        let mut reader = Reader::default();
        let mut lines = text.lines().filter(|line| !line.is_empty()).enumerate();
        match lines.next() {
            Some((_, line)) if line.trim_end() == "v=0" => {}
            Some(_) => return Err(MalformedSdp::Field("v=")),
            None => return Err(MalformedSdp::Missing("v=")),
        }
        for (number, line) in lines {
            if number >= MAX_LINES {
                return Err(MalformedSdp::TooLong("lines"));
            }
            reader.line(line.trim_end())?;
        }
        reader.finish()
    }
}

#[derive(Default)]
struct Reader {
    origin: Option<(Origin, IpAddr)>,
    connection: Option<Connection>,
    direction: Option<Direction>,
    /// Of the session: they hold for each m-line that has none of its own (RFC 8122 section 5).
    fingerprints: Vec<String>,
    setup: Option<Setup>,
    media: Vec<Media>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), MalformedSdp> {
        let Some((name, value)) = line.split_once('=') else {
            return Err(MalformedSdp::Field("line without ="));
        };
        match name {
            "o" => self.origin = Some(origin(value).ok_or(MalformedSdp::Field("o="))?),
            "c" => {
                let connection = connection(value).ok_or(MalformedSdp::Field("c="))?;
                match self.media.last_mut() {
                    // More than one c= per m-line is layered multicast; the first counts.
                    Some(media) => _ = media.connection.get_or_insert(connection),
                    None => self.connection = Some(connection),
                }
            }
            "m" => {
                if self.media.len() >= MAX_MEDIA {
                    return Err(MalformedSdp::TooLong("m="));
                }
                self.media.push(media(value)?);
            }
            "a" => self.attribute(value)?,
            _ => {}
        }
        Ok(())
    }

    fn attribute(&mut self, attribute: &str) -> Result<(), MalformedSdp> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        let direction = match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        };
        let Some(media) = self.media.last_mut() else {
            self.direction = direction.or(self.direction);
            match name {
                "fingerprint" => keep(&mut self.fingerprints, value, MAX_FINGERPRINTS),
                "setup" => self.setup = setup(value).or(self.setup),
                _ => {}
            }
            return Ok(());
        };
        media.direction = direction.or(media.direction);
        match name {
            "rtpmap" if media.protocol.contains("RTP") => rtpmap(media, value),
            "fmtp" if media.protocol.contains("RTP") => fmtp(media, value),
            "ptime" => {
                // Some phones write 20.0.
                let whole = value.trim().split('.').next().unwrap_or_default();
                media.ptime = Some(whole.parse().map_err(|_| MalformedSdp::Field("a=ptime"))?);
                Ok(())
            }
            "maxptime" => {
                media.max_ptime = value.trim().split('.').next().and_then(|whole| whole.parse().ok());
                Ok(())
            }
            "rtcp" => {
                media.rtcp = Some(rtcp(value).ok_or(MalformedSdp::Field("a=rtcp"))?);
                Ok(())
            }
            "crypto" => {
                // Read when it is needed: one that we do not understand is no reason to refuse the whole (RFC 4568 5.1.2).
                keep(&mut media.crypto, value, MAX_CRYPTO);
                Ok(())
            }
            "fingerprint" => {
                keep(&mut media.fingerprints, value, MAX_FINGERPRINTS);
                Ok(())
            }
            "setup" => {
                media.setup = setup(value).or(media.setup);
                Ok(())
            }
            "rtcp-mux" => {
                media.rtcp_mux = true;
                Ok(())
            }
            "mid" => {
                media.mid = Some(value.trim().to_owned());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn finish(self) -> Result<Sdp, MalformedSdp> {
        let (origin, origin_address) = self.origin.ok_or(MalformedSdp::Missing("o="))?;
        let mut sdp =
            Sdp { origin, origin_address, connection: self.connection, direction: self.direction, media: self.media };
        for media in &mut sdp.media {
            add_static_maps(media);
            if media.fingerprints.is_empty() {
                media.fingerprints.clone_from(&self.fingerprints);
            }
            media.setup = media.setup.or(self.setup);
        }
        if sdp.media.iter().any(|media| media.port != 0 && sdp.connection_of(media).is_none()) {
            return Err(MalformedSdp::Missing("c="));
        }
        Ok(sdp)
    }
}

/// Keeps a value that is read later, up to a bound.
fn keep(values: &mut Vec<String>, value: &str, most: usize) {
    if values.len() < most {
        values.push(value.trim().to_owned());
    }
}

/// A value that is none of the four says nothing.
fn setup(value: &str) -> Option<Setup> {
    match value.trim().to_ascii_lowercase().as_str() {
        "active" => Some(Setup::Active),
        "passive" => Some(Setup::Passive),
        "actpass" => Some(Setup::ActPass),
        "holdconn" => Some(Setup::HoldConn),
        _ => None,
    }
}

fn origin(value: &str) -> Option<(Origin, IpAddr)> {
    let mut words = value.split_ascii_whitespace();
    let _username = words.next()?;
    let origin = Origin { session: number(words.next()?)?, version: number(words.next()?)? };
    let _network = words.next()?;
    let _address_type = words.next()?;
    // A host name here is common and means nothing to us.
    let address = words.next()?.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    Some((origin, address))
}

/// Digits of any length, modulo 2⁶⁴: some phones write more than 64 bits.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().map(|byte| byte.is_ascii_digit().then(|| u64::from(byte - b'0')));
    digits.into_iter().try_fold(0_u64, |sum, digit| Some(sum.wrapping_mul(10).wrapping_add(digit?)))
}

fn connection(value: &str) -> Option<Connection> {
    let mut words = value.split_ascii_whitespace();
    if !words.next()?.eq_ignore_ascii_case("IN") {
        return None;
    }
    let version = words.next()?;
    if !version.eq_ignore_ascii_case("IP4") && !version.eq_ignore_ascii_case("IP6") {
        return None;
    }
    // A multicast TTL may follow a slash.
    let address = words.next()?.split('/').next()?;
    Some(address.parse().map_or(Connection::Name, Connection::Address))
}

fn media(value: &str) -> Result<Media, MalformedSdp> {
    const WRONG: MalformedSdp = MalformedSdp::Field("m=");
    let mut words = value.split_ascii_whitespace();
    let kind = words.next().ok_or(WRONG)?.to_ascii_lowercase();
    let port = words.next().ok_or(WRONG)?.split('/').next().ok_or(WRONG)?;
    let port = port.parse().map_err(|_| WRONG)?;
    let protocol = words.next().ok_or(WRONG)?.to_ascii_uppercase();
    let formats: Vec<String> = words.by_ref().take(MAX_FORMATS).map(str::to_owned).collect();
    if words.next().is_some() {
        return Err(MalformedSdp::TooLong("m="));
    }
    if formats.is_empty() {
        return Err(WRONG);
    }
    let mut media = Media {
        kind,
        port,
        protocol,
        formats,
        connection: None,
        direction: None,
        maps: Vec::new(),
        ptime: None,
        max_ptime: None,
        rtcp: None,
        mid: None,
        crypto: Vec::new(),
        fingerprints: Vec::new(),
        setup: None,
        rtcp_mux: false,
    };
    if media.protocol.contains("RTP") && media.formats.iter().any(|format| payload_type(format).is_none()) {
        return Err(WRONG);
    }
    media.maps.reserve(media.formats.len());
    Ok(media)
}

fn payload_type(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number| *number < 128)
}

fn rtpmap(media: &mut Media, value: &str) -> Result<(), MalformedSdp> {
    const WRONG: MalformedSdp = MalformedSdp::Field("a=rtpmap");
    let (number, rest) = value.trim().split_once(' ').ok_or(WRONG)?;
    let payload_type = payload_type(number).ok_or(WRONG)?;
    let mut parts = rest.trim().split('/');
    let encoding = parts.next().ok_or(WRONG)?.to_owned();
    let clock_rate = parts.next().ok_or(WRONG)?.trim().parse().map_err(|_| WRONG)?;
    let channels = parts.next().map_or(Some(1), |text| text.trim().parse().ok()).ok_or(WRONG)?;
    if media.maps.len() >= MAX_FORMATS {
        return Err(MalformedSdp::TooLong("a=rtpmap"));
    }
    match media.maps.iter_mut().find(|map| map.payload_type == payload_type) {
        // An a=fmtp came first.
        Some(map) if map.encoding.is_empty() => {
            map.encoding = encoding;
            map.clock_rate = clock_rate;
            map.channels = channels;
        }
        Some(_) => {}
        None => media.maps.push(RtpMap { payload_type, encoding, clock_rate, channels, parameters: String::new() }),
    }
    Ok(())
}

fn fmtp(media: &mut Media, value: &str) -> Result<(), MalformedSdp> {
    let (number, parameters) = value.trim().split_once(' ').unwrap_or((value.trim(), ""));
    let payload_type = payload_type(number).ok_or(MalformedSdp::Field("a=fmtp"))?;
    let parameters = parameters.trim().to_owned();
    let full = media.maps.len() >= MAX_FORMATS;
    match media.maps.iter_mut().find(|map| map.payload_type == payload_type) {
        Some(map) => map.parameters = parameters,
        None if !full => {
            media.maps.push(RtpMap { payload_type, encoding: String::new(), clock_rate: 0, channels: 1, parameters })
        }
        None => return Err(MalformedSdp::TooLong("a=fmtp")),
    }
    Ok(())
}

fn rtcp(value: &str) -> Option<(u16, Option<IpAddr>)> {
    let mut words = value.split_ascii_whitespace();
    let port = words.next()?.parse().ok()?;
    Some((port, words.nth(2).and_then(|address| address.parse().ok())))
}

/// Payload types 0, 8, 9 and 13 need no rtpmap (RFC 3551 section 6).
fn add_static_maps(media: &mut Media) {
    media.maps.retain(|map| !map.encoding.is_empty() || matches!(map.payload_type, 0 | 8 | 9 | 13));
    for (payload_type, encoding) in [(0, "PCMU"), (8, "PCMA"), (9, "G722"), (13, "CN")] {
        if let Some(map) = media.maps.iter_mut().find(|map| map.payload_type == payload_type) {
            if map.encoding.is_empty() {
                map.encoding = encoding.to_owned();
                map.clock_rate = 8000;
            }
        } else if media.formats.iter().any(|format| self::payload_type(format) == Some(payload_type)) {
            media.maps.push(RtpMap {
                payload_type,
                encoding: encoding.to_owned(),
                clock_rate: 8000,
                channels: 1,
                parameters: String::new(),
            });
        }
    }
}
