//! What the machine must have, and getting it where we may.

use std::path::Path;

use crate::{Outcome, postgres, shell};

/// Something a test needs: the Debian package, and how to see that it is there.
pub struct Need {
    package: &'static str,
    is_there: fn() -> bool,
}

/// What driving a real browser needs: the browser, Chinese letters, a voice for the fake microphone.
pub const FOR_BROWSER: &[Need] = &[
    Need { package: "chromium", is_there: || chromium().is_some() },
    Need { package: "fonts-noto-cjk", is_there: || has_chinese_font() },
    Need { package: "espeak-ng", is_there: || shell::has("espeak-ng") },
    Need { package: "python3-venv", is_there: has_python },
];

/// What reads printed papers back: the text in a PDF, its picture, the square on it.
pub const FOR_PAPER: &[Need] = &[
    Need { package: "poppler-utils", is_there: || shell::has("pdftotext") },
    Need { package: "zbar-tools", is_there: || shell::has("zbarimg") },
];

/// What writes an archive of a million letters past the product.
pub const FOR_ARCHIVES: &[Need] = &[Need { package: "sqlite3", is_there: || shell::has("sqlite3") }];

/// What calls in other networks need: namespaces, a firewall, and a browser that trusts our authority.
pub const FOR_WORLDS: &[Need] = &[
    Need { package: "iproute2", is_there: || shell::has("ip") },
    Need { package: "nftables", is_there: || shell::has("nft") },
    Need { package: "libnss3-tools", is_there: || shell::has("certutil") },
];

/// What the relay's figures need: a network namespace with an address, and a server to compare with.
pub const FOR_LOAD: &[Need] = &[
    Need { package: "iproute2", is_there: || shell::has("ip") },
    Need { package: "janus", is_there: || shell::has("janus") },
];

/// Clients that are not Chromium.
pub const FOR_FOREIGN: &[Need] = &[
    Need { package: "firefox-esr", is_there: || shell::has("firefox-esr") },
    Need { package: "python3-gst-1.0", is_there: || in_libraries("girepository-1.0/Gst-1.0.typelib") },
    Need {
        package: "gir1.2-gst-plugins-bad-1.0",
        is_there: || in_libraries("girepository-1.0/GstWebRTC-1.0.typelib"),
    },
    Need {
        package: "gstreamer1.0-plugins-base",
        is_there: || in_libraries("gstreamer-1.0/libgstaudiotestsrc.so"),
    },
    Need { package: "gstreamer1.0-plugins-good", is_there: || in_libraries("gstreamer-1.0/libgstvpx.so") },
    Need { package: "gstreamer1.0-plugins-bad", is_there: || in_libraries("gstreamer-1.0/libgstwebrtc.so") },
    Need { package: "gstreamer1.0-nice", is_there: || in_libraries("gstreamer-1.0/libgstnice.so") },
];

/// Whether the file lies in the libraries of any architecture.
fn in_libraries(file: &str) -> bool {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders.map(|folder| folder.path().join(file)).any(|path| path.exists())
}

/// What the second run of the Rust suite needs.
pub const FOR_POSTGRES: &[Need] =
    &[Need { package: "postgresql", is_there: || postgres::programs().is_some() }];

/// The browser of this machine, if it has one.
pub fn chromium() -> Option<&'static str> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|name| shell::has(name))
}

fn has_chinese_font() -> bool {
    Path::new("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc").exists()
        || shell::said("fc-list", &[":lang=zh", "family"]).is_some_and(|families| !families.is_empty())
}

/// Python with what makes a folder of its own for schemathesis; the statistics are counted again in it too.
fn has_python() -> bool {
    shell::said("python3", &["-c", "import ensurepip, venv; print(1)"]).is_some()
}

/// Node builds the web part; the rest was needed to get this far.
pub fn can_build() -> Outcome {
    let Some(version) = shell::said("node", &["--version"]) else {
        return Err(
            "Node is missing: install Node 20 or newer (https://nodejs.org), then run make again.".into()
        );
    };
    let major: u32 = version.trim_start_matches('v').split('.').next().unwrap_or("").parse().unwrap_or(0);
    if major < 20 {
        return Err(format!("Node {version} is too old: the web part needs Node 20 or newer."));
    }
    if !shell::has("npm") {
        return Err("npm is missing: it comes with Node, or from the package `npm`.".into());
    }
    Ok(())
}

/// Gets the packages that are missing: by apt as root, else by telling the person.
pub fn install(needs: &[Need]) -> Outcome {
    let missing: Vec<_> = needs.iter().filter(|n| !(n.is_there)()).map(|n| n.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("apt-get install -y --no-install-recommends {}", missing.join(" "));
    if !is_root() || !shell::has("apt-get") {
        return Err(format!("Missing packages; as root, run: {line}"));
    }
    println!("Installing {}", missing.join(", "));
    let quiet = [("DEBIAN_FRONTEND", "noninteractive")];
    shell::run("apt-get", &["update", "-qq"], &quiet)?;
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend(&missing);
    shell::run("apt-get", &args, &quiet)
}

/// Are we allowed to install, and must we step down to run a database?
pub fn is_root() -> bool {
    shell::said("id", &["-u"]).as_deref() == Some("0")
}
