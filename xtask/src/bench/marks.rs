//! What is wanted at most. Absolute costs differ from machine to machine: these hold for two virtual cores of an AMD EPYC, the
//! server on one of them and everything else on the other; beside each stands what the kernel alone takes there.

/// Start of the program to ready, s.
pub const START: f64 = 1.0;
/// A digest registration, CPU-ms.
pub const REGISTRATION: f64 = 0.08;
/// A second of a call to the IVR, CPU-ms.
pub const IVR: f64 = 0.55;
/// A call to the IVR answered and hung up, CPU-ms.
pub const SET_UP: f64 = 0.45;
/// A second of a bridged call, CPU-ms.
pub const BRIDGE: f64 = 0.8;
/// Packets that are lost or come more than 20 ms after their schedule, of a hundred.
pub const BAD_PACKETS: f64 = 0.1;
/// A packet's way from one end of a bridged call to the other, ms.
pub const DELAY_P50: f64 = 0.3;
/// The same, of the slowest packet in a hundred.
pub const DELAY_P99: f64 = 2.0;
/// From INVITE to 180, ms, of the slowest call in a hundred.
pub const RINGING_P99: f64 = 5.0;
/// Memory of a bridged call, KiB.
pub const MEMORY: f64 = 32.0;
