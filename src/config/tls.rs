//! The `[tls]` section: whose certificate the server shows.

use std::path::PathBuf;

use serde::Deserialize;

/// A given certificate, or none: then a local authority and a leaf are made on the first start.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and its chain.
    pub cert: Option<PathBuf>,
    /// PEM file with its private key.
    pub key: Option<PathBuf>,
    /// Where the local authority and leaf are kept when no certificate is given.
    pub folder: PathBuf,
    /// Further host names and addresses for the local leaf, beside localhost and this host's name.
    pub names: Vec<String>,
}

impl Default for Tls {
    fn default() -> Self {
        Self { cert: None, key: None, folder: "certs".into(), names: Vec::new() }
    }
}
