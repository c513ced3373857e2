//! The servers that the relay is compared with, got where they may be had.

use std::path::Path;

use crate::{machine, shell, target};

/// Installs what is a package and builds what is a Go module, into `target/peers`. What cannot be
/// had is named, and its lines are missing from the table.
pub fn fetch() {
    if let Err(why) = machine::install(machine::FOR_LOAD) {
        println!("Janus: not to be had here ({why})");
    }
    go("galene", "github.com/jech/galene@latest");
}

fn go(name: &str, module: &str) {
    let folder = target().join("peers");
    if Path::new(&folder.join(name)).is_file() {
        return;
    }
    let folder = std::path::absolute(&folder).unwrap_or(folder).to_string_lossy().into_owned();
    let built = shell::run("go", &["install", module], &[("GOBIN", &folder), ("CGO_ENABLED", "0")]);
    if let Err(why) = built {
        println!("{name}: not to be had here from {module} ({why})");
    }
}
