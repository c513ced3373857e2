//! The `[metrics]` section: where the figures are served.

use std::net::SocketAddr;

use serde::Deserialize;

/// The listener for whoever watches the server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Where `/metrics` is served, in plain HTTP. Nowhere when absent.
    pub listen: Option<SocketAddr>,
}
