//! The `[server]` section: where it listens and how much it takes on.

use std::net::SocketAddr;

use serde::Deserialize;

/// The one TCP listener and its limits.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port of the HTTPS listener. Other machines reach it only when told so here.
    pub listen: SocketAddr,
    /// The address people type, if it differs from the one they reach (behind a proxy).
    /// Only then must it be set; it is the one origin that may change things.
    pub public_url: Option<String>,
    /// Open connections in all.
    pub max_connections: usize,
    /// Open connections from one address (IPv6: one /64); a hospital may sit behind a single one.
    pub max_connections_per_address: usize,
    /// Seconds that open requests get to finish when the server is told to stop.
    pub drain_seconds: u64,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_url: None,
            max_connections: 4096,
            max_connections_per_address: 256,
            drain_seconds: 10,
        }
    }
}
