//! The wall clock, and times as the API writes them.

use pbx::UnixMillis;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Milliseconds since the Unix epoch, now.
#[must_use]
pub fn now() -> UnixMillis {
    UnixMillis(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_millis() as u64))
}

/// A time that is written as RFC 3339 in UTC with milliseconds, such as `2026-11-21T14:00:00.000Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-21T14:00:00.000Z"))]
pub struct Time(pub UnixMillis);

impl Time {
    /// From what the store keeps; nothing where it keeps 0.
    #[must_use]
    pub fn some(ms: Option<UnixMillis>) -> Option<Self> {
        ms.map(Self)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ms = i64::try_from(self.0.0).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_millisecond(ms) {
            Ok(time) => write!(f, "{}", time.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")),
            Err(_) => f.write_str("9999-12-31T23:59:59.999Z"),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time: jiff::Timestamp = text.parse().map_err(|_| {
            serde::de::Error::custom("not a time: RFC 3339 is expected, such as 2026-11-21T14:00:00.000Z")
        })?;
        u64::try_from(time.as_millisecond())
            .map(|ms| Self(UnixMillis(ms)))
            .map_err(|_| serde::de::Error::custom("a time before 1970 is not accepted"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_milliseconds_and_reads_itself_back() {
        let time = Time(UnixMillis(1_763_733_600_000));
        assert_eq!(serde_json::to_string(&time).unwrap(), "\"2025-11-21T14:00:00.000Z\"");
        assert_eq!(serde_json::from_str::<Time>("\"2025-11-21T23:00:00+09:00\"").unwrap(), time);
        assert!(serde_json::from_str::<Time>("\"yesterday\"").is_err());
    }
}
