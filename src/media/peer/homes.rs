//! Who the relay is and where: its keys, and the addresses it answers at.

use std::net::SocketAddr;
use std::sync::Arc;

use str0m::config::{CryptoProvider, DtlsCert};
use str0m::crypto::from_feature_flags;
use str0m::net::{Protocol, Receive};

use super::super::demux::Remote;

/// The relay's keys: one certificate for all connections of this run.
#[derive(Clone)]
pub(in crate::media) struct Identity {
    pub(super) crypto: Arc<CryptoProvider>,
    pub(super) cert: DtlsCert,
}

impl Identity {
    pub(in crate::media) fn new() -> Self {
        let crypto = from_feature_flags();
        let cert = crypto.dtls_provider.generate_certificate().expect("aws-lc-rs makes P-256 certificates");
        Self { crypto: Arc::new(crypto), cert }
    }
}

/// Where the relay can be reached, as participants are told.
#[derive(Clone, Default)]
pub(in crate::media) struct Homes {
    pub(in crate::media) udp: Arc<[SocketAddr]>,
    pub(in crate::media) tcp: Arc<[SocketAddr]>,
}

impl Homes {
    /// What came from there, as the engine takes it. It knows us by the address of the same
    /// kind that it was given; which one the sender used does not matter to it.
    pub(super) fn receive<'a>(&self, from: Remote, bytes: &'a [u8]) -> Option<Receive<'a>> {
        let (protocol, homes) = match from {
            Remote::Udp(_) => (Protocol::Udp, &self.udp),
            Remote::Tcp(_) => (Protocol::Tcp, &self.tcp),
        };
        let alike = homes.iter().find(|home| home.is_ipv4() == from.address().is_ipv4());
        let home = *alike.or(homes.first())?;
        Receive::new(protocol, from.address(), home, bytes).ok()
    }
}
