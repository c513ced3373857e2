//! The servers that the relay is compared with, got where they may be had.

use crate::{machine, shell, target};

/// Installs what is a package and builds what is a Go module, into `target/peers`. What cannot be
/// had is named, and its lines are missing from the table.
pub fn fetch() {
    if let Err(why) = machine::install(machine::FOR_LOAD) {
        println!("Janus: not to be had here ({why})");
    }
    go("galene", "github.com/jech/galene@latest");
    // The newest that `go install` takes: later ones replace modules of others by their own.
    go("livekit-server", "github.com/livekit/livekit-server/cmd/server@v1.13.5");
}

/// Builds a program from its published module; `go` calls it by the last part of its path.
fn go(name: &str, module: &str) {
    let folder = target().join("peers");
    if folder.join(name).is_file() {
        return;
    }
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let places = [("GOBIN", &*folder.to_string_lossy()), ("CGO_ENABLED", "0")];
    let called = module.split('@').next().and_then(|path| path.rsplit('/').next()).unwrap_or(name);
    let built = shell::run("go", &["install", module], &places).and_then(|()| {
        std::fs::rename(folder.join(called), folder.join(name)).map_err(|why| why.to_string())
    });
    if let Err(why) = built {
        println!("{name}: not to be had here from {module} ({why})");
    }
}
