//! A folder for a test's files, removed with it. The package `tempfile` would do it too, but its
//! dependencies change the features of those that the commands share, and wasm-bindgen would be
//! compiled a second time for the tests.

use std::fs;
use std::path::{Path, PathBuf};

pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder; `name` tells one test's from another's.
    pub fn new(name: &str) -> Scratch {
        let folder = std::env::temp_dir().join(format!("running-hand-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to the system, which empties this place.
        let _ = fs::remove_dir_all(&self.0);
    }
}
