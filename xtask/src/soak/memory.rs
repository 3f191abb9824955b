//! Is memory flat? What the server holds at the end of the first minute of calls is compared with what it holds at their end.

use std::time::Duration;

/// By now every table has the size that the load needs: what SIP keeps of a transaction it keeps for 32 s (RFC 3261 17).
const FIRST: Duration = Duration::from_secs(60);
/// Samples that make one figure.
const SAMPLES: usize = 10;
/// Growth that is none.
const FLAT: f64 = 1.05;

/// Resident memory over time.
#[derive(Default)]
pub struct Memory {
    samples: Vec<(Duration, u64)>,
}

impl Memory {
    /// Notes what the process holds `at` this time of the run, and gives it, KiB.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn sample(&mut self, at: Duration, process: u32) -> Result<u64, String> {
        let path = format!("/proc/{process}/status");
        let text = std::fs::read_to_string(&path).map_err(|problem| format!("{path}: {problem}"))?;
        let held = resident(&text).ok_or_else(|| format!("{path} tells no VmRSS"))?;
        self.samples.push((at, held));
        Ok(held)
    }

    /// What the samples say. A run that is no longer than two minutes says nothing: half of it is the first minute.
    ///
    /// # Errors
    /// A sentence when memory grew.
    pub fn judge(&self) -> Result<String, String> {
        let long = self.samples.last().is_some_and(|(at, _)| *at >= FIRST * 2);
        let early: Vec<u64> = self.samples.iter().filter(|(at, _)| *at <= FIRST).map(|(_, held)| *held).collect();
        if !long || early.len() < SAMPLES || self.samples.len() < SAMPLES * 2 {
            return Ok("memory is not judged: the run is shorter than two minutes".to_owned());
        }
        let all: Vec<u64> = self.samples.iter().map(|(_, held)| *held).collect();
        let (first, last) = (tail_mean(&early), tail_mean(&all));
        let told = format!(
            "memory {:.1} MiB after the first minute, {:.1} MiB at the end ({:+.1} %)",
            first / 1_024.0,
            last / 1_024.0,
            (last / first - 1.0) * 100.0
        );
        if last <= first * FLAT { Ok(told) } else { Err(format!("{told}; at most 5 % more is flat")) }
    }
}

/// Of the last samples.
fn tail_mean(samples: &[u64]) -> f64 {
    let tail = samples.get(samples.len().saturating_sub(SAMPLES)..).unwrap_or_default();
    tail.iter().sum::<u64>() as f64 / tail.len().max(1) as f64
}

/// VmRSS, KiB.
fn resident(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn memory(seconds: u64, held: impl Fn(u64) -> u64) -> Memory {
        Memory { samples: (0..seconds).map(|second| (Duration::from_secs(second), held(second))).collect() }
    }

    #[test]
    fn growth_in_the_first_minute_is_none() {
        let told = memory(1_000, |second| 50_000 + 400 * second.min(50)).judge().unwrap();
        assert_eq!(told, "memory 68.4 MiB after the first minute, 68.4 MiB at the end (+0.0 %)");
    }

    #[test]
    fn growth_after_it_is_told() {
        let told = memory(1_000, |second| 70_000 + 4 * second).judge().unwrap_err();
        assert!(told.contains("(+5.3 %); at most 5 % more is flat"), "{told}");
        assert!(memory(1_000, |second| 70_000 + 3 * second).judge().is_ok());
    }

    #[test]
    fn a_short_run_says_nothing() {
        assert!(memory(100, |second| 70_000 * (second + 1)).judge().unwrap().contains("not judged"));
    }

    #[test]
    fn resident_memory_is_read_from_the_kernels_page() {
        assert_eq!(resident("VmHWM:\t  90 kB\nVmRSS:\t   81234 kB\n"), Some(81_234));
        assert_eq!(resident("State:\tZ (zombie)\n"), None);
    }
}
