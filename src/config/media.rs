//! `[media]`: where the relay listens, what it tells browsers, and how much it takes on.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU8;

use serde::Deserialize;

/// How the relay reaches the world. The defaults serve one machine with one address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Media {
    /// The one UDP socket all calls share. 3478 is the STUN port, the one a hospital
    /// firewall is most likely to let through.
    pub listen: SocketAddr,
    /// Addresses the browsers are told to send to. Empty: the address listened on or,
    /// when that is `0.0.0.0`, the one the machine would use to reach the outside.
    /// Behind NAT or in a container this must be the outer address.
    pub advertise: Vec<IpAddr>,
    /// The port browsers are told, where it differs from the one listened on.
    pub advertise_port: Option<u16>,
    /// The port of the HTTPS listener as browsers reach it, for media over TCP and for the TURN
    /// server. Set by itself; to be written here where a forwarder shows another port outside.
    pub advertise_tcp_port: Option<u16>,
    /// Threads that carry calls. Left out: one less than the machine has cores, four at most.
    /// They share the one UDP port; a call is at one of them from beginning to end.
    pub workers: Option<NonZeroU8>,
    /// Rooms at a time; further calls are refused, running ones stay whole.
    pub max_rooms: usize,
    /// Seats in one room. Slots of the page are laid out for four.
    pub max_seats_per_room: usize,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 3478),
            advertise: Vec::new(),
            advertise_port: None,
            advertise_tcp_port: None,
            workers: None,
            max_rooms: 200,
            max_seats_per_room: 4,
        }
    }
}

impl Media {
    /// A relay on loopback with a port of its own: for tests and for trying things out.
    pub fn on_loopback() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_may_leave_everything_out() {
        assert_eq!(toml::from_str::<Media>("").unwrap(), Media::default());
    }

    #[test]
    fn a_relay_without_workers_is_refused() {
        assert!(toml::from_str::<Media>("workers = 0").is_err());
        assert_eq!(toml::from_str::<Media>("workers = 3").unwrap().workers, NonZeroU8::new(3));
    }

    #[test]
    fn a_section_may_name_the_outer_address() {
        let media: Media = toml::from_str("advertise = [\"203.0.113.7\"]\nadvertise_port = 13478").unwrap();

        assert_eq!(media.advertise, [IpAddr::from([203, 0, 113, 7])]);
        assert_eq!(media.advertise_port, Some(13_478));
    }
}
