//! Figures for `/metrics` in Prometheus' text format. Whoever counts something asks for a [`Counter`] or [`Gauge`]
//! once and keeps it; adding to it is one atomic operation.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A figure that only grows.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
    /// Sets it to a total that is counted elsewhere (and only grows there).
    pub fn set(&self, total: u64) {
        self.0.store(total, Ordering::Relaxed);
    }
    /// The total.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A figure that goes up and down.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }
    /// Adds `amount`, which may be negative.
    pub fn add(&self, amount: i64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
    /// As it is now.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
enum Series {
    Counter(Counter),
    Gauge(Gauge),
}

#[derive(Debug)]
struct Family {
    help: &'static str,
    series: BTreeMap<String, Series>,
}

/// All figures of this program.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<BTreeMap<&'static str, Family>>>);

impl Metrics {
    /// The counter `name` (ends in `_total`) with these labels, made at the first call.
    pub fn counter(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Counter {
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let family = families.entry(name).or_insert_with(|| Family { help, series: BTreeMap::new() });
        match family.series.entry(label_text(labels)).or_insert_with(|| Series::Counter(Counter::default())) {
            Series::Counter(counter) => counter.clone(),
            Series::Gauge(_) => Counter::default(),
        }
    }

    /// The gauge `name` with these labels, made at the first call.
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        let mut families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let family = families.entry(name).or_insert_with(|| Family { help, series: BTreeMap::new() });
        match family.series.entry(label_text(labels)).or_insert_with(|| Series::Gauge(Gauge::default())) {
            Series::Gauge(gauge) => gauge.clone(),
            Series::Counter(_) => Gauge::default(),
        }
    }

    /// The page.
    #[must_use]
    pub fn render(&self) -> String {
        let families = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = String::with_capacity(4096);
        for (name, family) in families.iter() {
            let kind = if family.series.values().any(|s| matches!(s, Series::Gauge(_))) { "gauge" } else { "counter" };
            let _ = writeln!(page, "# HELP {name} {}\n# TYPE {name} {kind}", family.help);
            for (labels, series) in &family.series {
                let _ = match series {
                    Series::Counter(counter) => writeln!(page, "{name}{labels} {}", counter.get()),
                    Series::Gauge(gauge) => writeln!(page, "{name}{labels} {}", gauge.get()),
                };
            }
        }
        page
    }
}

fn label_text(labels: &[(&str, &str)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let inner: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
        })
        .collect();
    format!("{{{}}}", inner.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_what_was_counted() {
        let metrics = Metrics::default();
        metrics.counter("sori_sip_malformed_total", "Malformed SIP messages.", &[("transport", "udp")]).add(2);
        metrics.counter("sori_sip_malformed_total", "Malformed SIP messages.", &[("transport", "udp")]).add(1);
        metrics.gauge("sori_calls", "Calls in progress.", &[]).set(4);
        let page = metrics.render();
        assert!(
            page.contains("# TYPE sori_sip_malformed_total counter\nsori_sip_malformed_total{transport=\"udp\"} 3\n"),
            "{page}"
        );
        assert!(page.contains("# TYPE sori_calls gauge\nsori_calls 4\n"), "{page}");
    }
}
