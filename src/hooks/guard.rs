//! Where a message may go: a public address, or one that the operator has allowed. Pure.
//!
//! An administrator types the address, so it must not become a way to knock on doors inside the
//! house: loopback, private and link-local networks, metadata services, and every spelling of
//! them inside IPv6 are refused.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Net;

/// True if `address` may be connected to.
pub fn may_reach(address: IpAddr, allow: &[Net]) -> bool {
    let address = address.to_canonical();
    allow.iter().any(|net| net.contains(address)) || is_public(address)
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Not in the IANA registry of special-purpose IPv4 addresses.
#[expect(clippy::unnested_or_patterns, reason = "one pattern for each block of the registry")]
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224.., ..)
    );
    !special
}

/// Global unicast (2000::/3) without the blocks that carry other addresses inside or are for
/// documents: 2001::/23, 2001:db8::/32, 2002::/16, 3fff::/20.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let special = a == 0x2002 || (a == 0x2001 && (b < 0x0200 || b == 0x0db8)) || (a == 0x3fff && b < 0x1000);
    (0x2000..0x4000).contains(&a) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_the_house_is_reached_however_it_is_spelt() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.5",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for text in inside {
            assert!(!may_reach(text.parse().unwrap(), &[]), "{text}");
        }
        for text in ["1.1.1.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "2400:3200::1", "2606:4700::1111"] {
            assert!(may_reach(text.parse().unwrap(), &[]), "{text}");
        }
    }

    #[test]
    fn what_the_operator_allows_is_reached_and_no_more() {
        let allow = ["10.20.0.0/16".parse().unwrap()];

        assert!(may_reach("10.20.3.4".parse().unwrap(), &allow));
        assert!(may_reach("::ffff:10.20.3.4".parse().unwrap(), &allow));
        assert!(!may_reach("10.21.3.4".parse().unwrap(), &allow));
    }
}
