//! The `[hooks]` section: where messages to other systems may go.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

/// What keeps outgoing messages from being a way into the house's own network.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hooks {
    /// Networks that are not public and may be reached all the same, such as `10.20.0.0/16`.
    pub allow: Vec<Net>,
    /// The ports that may be reached.
    pub ports: Vec<u16>,
    /// A PEM file of a further authority that receivers' certificates may come from.
    pub authority: Option<PathBuf>,
    /// A receiver that has not answered by then has not received.
    pub answer_within_seconds: u64,
    /// Messages that were delivered or given up are shown for so many days (1 to 3650), then let go.
    pub keep_days: u32,
}

impl Hooks {
    /// How long a message that is done is kept.
    pub fn keep(&self) -> Duration {
        Duration::from_hours(24) * self.keep_days.clamp(1, 3_650)
    }
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            ports: vec![443, 8443],
            authority: None,
            answer_within_seconds: 8,
            keep_days: 90,
        }
    }
}

/// A network: an address and how many of its bits count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Net {
    address: IpAddr,
    bits: u32,
}

/// A text that is no network.
#[derive(Debug, thiserror::Error)]
#[error("not a network like 10.20.0.0/16")]
pub struct NotANet;

impl Net {
    /// True if `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(one)) => {
                same(u128::from(net.to_bits()), u128::from(one.to_bits()), 32 - self.bits)
            }
            (IpAddr::V6(net), IpAddr::V6(one)) => same(net.to_bits(), one.to_bits(), 128 - self.bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// True if both are the same but for the last `free` bits.
fn same(one: u128, other: u128, free: u32) -> bool {
    (one ^ other).checked_shr(free).unwrap_or(0) == 0
}

impl FromStr for Net {
    type Err = NotANet;
    fn from_str(text: &str) -> Result<Self, NotANet> {
        let (address, bits) = text.split_once('/').ok_or(NotANet)?;
        let address: IpAddr = address.parse().map_err(|_| NotANet)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.parse().ok().filter(|bits| *bits <= most).ok_or(NotANet)?;
        Ok(Self { address, bits })
    }
}

impl<'de> Deserialize<'de> for Net {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_holds_its_own_addresses_and_no_others() {
        let holds = |net: &str, one: &str| net.parse::<Net>().unwrap().contains(one.parse().unwrap());

        assert!(holds("10.20.0.0/16", "10.20.255.1") && !holds("10.20.0.0/16", "10.21.0.1"));
        assert!(holds("127.0.0.1/32", "127.0.0.1") && !holds("127.0.0.1/32", "127.0.0.2"));
        assert!(holds("0.0.0.0/0", "203.0.113.9") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("fd00::/8", "fd12::1") && !holds("fd00::/8", "fe80::1"));
        for text in ["10.0.0.0", "10.0.0.0/33", "ten/8", "/"] {
            assert!(text.parse::<Net>().is_err(), "{text}");
        }
    }
}
