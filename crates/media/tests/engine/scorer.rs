//! PESQ, the measure of ITU-T P.862, by the Python package that `scripts/install-test-tools` installs.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::recordings::{are_here, folder, test_tool};

/// What is said, and what is heard of it, at 8 kHz.
pub struct Pair {
    pub said: Vec<i16>,
    pub heard: Vec<i16>,
}

/// The Python that has the package.
fn python() -> PathBuf {
    test_tool("SORI_TEST_PYTHON", "python/bin/python3")
}

/// Whether recordings and scorer are there. Where tests must run they have to be; elsewhere a line tells what is missing.
pub fn is_here() -> bool {
    let python = python();
    if !are_here(&[&folder(), &python]) {
        return false;
    }
    let found = Command::new(python).args(["-c", "import numpy, pesq"]).status().is_ok_and(|status| status.success());
    assert!(found || std::env::var_os("CI").is_none(), "PESQ is missing: run scripts/install-test-tools");
    if !found {
        eprintln!("not tested: PESQ is missing: run scripts/install-test-tools");
    }
    found
}

/// The score of each pair, MOS-LQO of the narrow band: 1 to 4.55.
pub fn scores(pairs: &[Pair]) -> Vec<f64> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/engine/scorer.py");
    let mut scorer = Command::new(python())
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python of scripts/install-test-tools");
    // It reads everything before it writes anything.
    let mut input = scorer.stdin.take().unwrap();
    for pair in pairs {
        for samples in [&pair.said, &pair.heard] {
            input.write_all(&(samples.len() as u32).to_le_bytes()).unwrap();
        }
        for samples in [&pair.said, &pair.heard] {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            input.write_all(&bytes).unwrap();
        }
    }
    drop(input);
    let output = scorer.wait_with_output().unwrap();
    assert!(output.status.success(), "the scorer failed; it told above why");
    let scores: Vec<f64> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(scores.len(), pairs.len());
    scores
}
