//! Where the recordings of `scripts/install-test-tools` are, and what is in them. They are Debian's, and no part of the
//! repository.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// What `scripts/install-test-tools` installs is here, or where `variable` says.
pub fn test_tool(variable: &str, place: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"));
    env::var_os(variable).map_or_else(|| target.join("test-tools").join(place), PathBuf::from)
}

/// The folder of the recordings.
pub fn folder() -> PathBuf {
    test_tool("SORI_TEST_SOUNDS", "sounds")
}

/// Whether all of `needed` is there. Where tests must run it has to be; elsewhere a line tells that it is not.
pub fn are_here(needed: &[&Path]) -> bool {
    let Some(missing) = needed.iter().find(|path| !path.exists()) else {
        return true;
    };
    let missing = format!("{} is missing: run scripts/install-test-tools", missing.display());
    assert!(env::var_os("CI").is_none(), "{missing}");
    eprintln!("not tested: {missing}");
    false
}

/// Samples of a recording at 8 kHz; the packages have nothing else.
pub fn samples(path: &Path) -> Vec<i16> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let data = bytes.windows(4).position(|window| window == b"data").unwrap_or_else(|| panic!("no WAV: {path:?}"));
    assert_eq!(bytes[24..28], 8000_u32.to_le_bytes(), "{path:?}");
    bytes[data + 8..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}
