//! The web part: built only when its sources or its lock file changed.

use std::path::{Path, PathBuf};

use crate::{Outcome, shell};

/// Builds `web/dist` unless its stamp says that it is fresh.
pub fn build() -> Outcome {
    let web = Path::new("web");
    if !web.join("package.json").exists() {
        return Ok(());
    }
    let mut read = sources(web)?;
    // The doctors' page is one text for the repository and for the screen.
    read.extend(["docs/doctors.zh.md", "docs/doctors.en.md"].map(PathBuf::from));
    let sources = fingerprint(&read)?;
    let stamp = web.join("dist/.stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    packages(web)?;
    println!("Building the web part");
    shell::run_in(web, "npm", &["run", "--silent", "build"], &[])?;
    std::fs::write(&stamp, sources).map_err(|e| format!("{}: {e}", stamp.display()))
}

/// `npm ci`, unless it was done for this very lock file.
pub fn packages(folder: &Path) -> Outcome {
    let lock = folder.join("package-lock.json");
    let wanted = fingerprint(&[lock])?;
    let stamp = folder.join("node_modules/.stamp");
    if std::fs::read_to_string(&stamp).is_ok_and(|done| done == wanted) {
        return Ok(());
    }
    println!("Fetching npm packages for {}", folder.display());
    // No package of ours needs its install script, and a browser must never be downloaded.
    let env = [("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")];
    shell::run_in(folder, "npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"], &env)?;
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))
}

/// Every file the build reads, in a stable order.
fn sources(web: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![web.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))? {
            let path = entry.map_err(|e| e.to_string())?.path();
            let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            if name == "node_modules" || name == "dist" || name.starts_with('.') {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// FNV-1a over names and contents: it has to notice a change, not to withstand an attacker.
fn fingerprint(files: &[PathBuf]) -> Outcome<String> {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let mut take = |bytes: &[u8]| {
        for byte in bytes {
            sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for file in files {
        take(file.to_string_lossy().as_bytes());
        take(&std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?);
    }
    Ok(format!("{sum:016x}"))
}
