//! The server's own figures, read from `/metrics`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

/// What lives while calls do, and must not when they are over.
const LIVE: [&str; 11] = [
    "sori_calls",
    "sori_switched_calls",
    "sori_legs",
    "sori_sip_transactions",
    "sori_sip_dialogs",
    "sori_sip_invite_sessions",
    "sori_sip_subscriptions",
    "sori_sip_timers",
    "sori_media_legs",
    "sori_media_bridges",
    "sori_media_sockets",
];
/// What must never happen.
const FAULTS: [&str; 5] = [
    "sori_swept_total",
    "sori_panics_total",
    "sori_media_events_lost_total",
    "sori_recording_pieces_lost_total",
    "sori_store_lost_records_total",
];

/// The page at one moment.
#[derive(Debug)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Asks the server.
    ///
    /// # Errors
    /// When it does not answer, or a figure is not there that should be.
    pub fn ask(http: SocketAddr) -> Result<Self, String> {
        let address = format!("http://{http}/metrics");
        let mut response = ureq::get(&address).call().map_err(|problem| format!("{address}: {problem}"))?;
        let page = response.body_mut().read_to_string().map_err(|problem| format!("{address}: {problem}"))?;
        Self::read(&page)
    }

    /// Reads Prometheus' text format, the samples of one name added up.
    fn read(page: &str) -> Result<Self, String> {
        let mut sums = BTreeMap::new();
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let name = series.split('{').next().unwrap_or(series);
            let value: f64 = value.parse().map_err(|_| format!("{line:?} is no sample"))?;
            *sums.entry(name.to_owned()).or_insert(0.0) += value;
        }
        // One that was renamed would be zero for ever.
        match LIVE.iter().chain(&FAULTS).find(|name| !sums.contains_key(**name)) {
            Some(name) => Err(format!("/metrics has no {name}")),
            None => Ok(Self(sums)),
        }
    }

    fn of(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// Calls alive.
    pub fn calls(&self) -> f64 {
        self.of("sori_calls")
    }

    /// Each live count that is higher than `before` the calls, as a sentence.
    pub fn left_over(&self, before: &Self) -> Vec<String> {
        let higher = LIVE.iter().filter(|name| self.of(name) > before.of(name));
        higher.map(|name| format!("{name} is {}, {} before the calls", self.of(name), before.of(name))).collect()
    }

    /// Each count of what must never happen that is not zero, as a sentence.
    pub fn faults(&self) -> Vec<String> {
        let raised = FAULTS.iter().filter(|name| self.of(name) > 0.0);
        raised.map(|name| format!("{name} is {}", self.of(name))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn page(legs: u32, swept: u32) -> String {
        let mut page = "# TYPE sori_legs gauge\n".to_owned();
        for name in LIVE.iter().chain(&FAULTS) {
            let value = match *name {
                "sori_legs" => legs,
                "sori_swept_total" => swept,
                _ => 0,
            };
            let _ = writeln!(page, "{name}{{of=\"a b\"}} {value}\n{name}{{of=\"c\"}} 0");
        }
        page
    }

    #[test]
    fn what_is_left_and_what_went_wrong_is_named() {
        let before = Figures::read(&page(0, 0)).unwrap();
        let after = Figures::read(&page(2, 1)).unwrap();
        assert_eq!(after.left_over(&before), ["sori_legs is 2, 0 before the calls"]);
        assert_eq!(after.faults(), ["sori_swept_total is 1"]);
        assert!(before.left_over(&after).is_empty() && before.faults().is_empty());
    }

    #[test]
    fn a_figure_that_is_not_there_is_no_zero() {
        let told = Figures::read("sori_calls 0\n").unwrap_err();
        assert_eq!(told, "/metrics has no sori_switched_calls");
    }
}
