//! A line that loses packets in bursts (Gilbert's model): it is good or bad, nothing comes through while it is bad, and how
//! long it stays so has no memory.

/// The line.
pub struct BurstyLine {
    state: u64,
    bad: bool,
    /// Chances that a good line turns bad and a bad one good, before each packet.
    turns_bad: f64,
    turns_good: f64,
}

impl BurstyLine {
    /// Loses `share` of the packets (0 to 1), in bursts of `burst` packets on average.
    pub fn new(seed: u64, share: f64, burst: f64) -> Self {
        let turns_good = 1.0 / burst;
        let turns_bad = share * turns_good / (1.0 - share);
        Self { state: seed, bad: false, turns_bad, turns_good }
    }

    fn chance(&mut self) -> f64 {
        // SplitMix64: neighbouring seeds have nothing in common.
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether the next packet is lost.
    pub fn loses(&mut self) -> bool {
        let chance = self.chance();
        self.bad = if self.bad { chance >= self.turns_good } else { chance < self.turns_bad };
        self.bad
    }
}

#[test]
fn the_line_loses_what_it_should() {
    let mut line = BurstyLine::new(7, 0.05, 2.5);
    let fates: Vec<bool> = (0..200_000).map(|_| line.loses()).collect();
    let lost = fates.iter().filter(|lost| **lost).count() as f64;
    let bursts = fates.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
    assert!((lost / 200_000.0 - 0.05).abs() < 0.003, "{lost}");
    assert!((lost / bursts - 2.5).abs() < 0.1, "{lost} in {bursts} bursts");
}
