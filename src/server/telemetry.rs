//! What the process says about itself, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// What others say too much of, whatever the settings ask for. The STUN codec warns of every datagram
/// that is none of ours: a stranger could fill the disk. The engine tells passwords and addresses of
/// a session description at `debug`.
const QUIET: &[&str] = &["stun_types=error", "is=warn", "str0m=warn", "str0m_proto=warn"];

/// Starts the log. A second call in one process (tests) changes nothing.
pub fn install(settings: &Log) {
    let filter = EnvFilter::try_new(&settings.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let filter = QUIET.iter().fold(filter, |filter, quiet| {
        filter.add_directive(quiet.parse().expect("a target and a level are a directive"))
    });
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match settings.format {
        LogFormat::Human => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}
