//! What the process says about itself, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

const QUIET: &str = "stun_types=error";

/// Starts the log. A second call in one process (tests) changes nothing.
pub fn install(settings: &Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // The codec warns of every datagram that is none of ours: a stranger could fill the disk.
    let filter = filter.add_directive(QUIET.parse().expect("a target and a level are a directive"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match settings.format {
        LogFormat::Human => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
