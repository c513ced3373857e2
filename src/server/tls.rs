//! The certificate the server shows: a given one, or a leaf of a local authority made here.
//!
//! A bare self-signed leaf has to be accepted again whenever it is renewed; an authority is
//! trusted once per machine and then stays, so the first start makes both.

use std::fs;
use std::io::Write;
use std::net::{IpAddr, UdpSocket};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde::{Deserialize, Serialize};

use crate::config;
use crate::kernel::Timestamp;

/// Browsers refuse leaves that are valid for longer than 398 days.
const LEAF_DAYS: i64 = 397;
/// The authority outlives a handful of leaves.
const AUTHORITY_DAYS: i64 = 3650;
/// A leaf is renewed at a start this long before it runs out.
const RENEW_DAYS: i64 = 30;

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A PEM file does not hold what its name promises.
    #[error("{path} does not hold a usable {what}")]
    Pem {
        /// Which one.
        path: PathBuf,
        /// "certificate" or "private key".
        what: &'static str,
    },
    /// `tls.cert` was set without `tls.key`, or the other way round.
    #[error("tls.cert and tls.key belong together: set both or none")]
    Half,
    /// The local authority could not issue.
    #[error("the local authority could not issue a certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// Certificate and key do not fit together, or the engine refuses them.
    #[error("the certificate was refused: {0}")]
    Refused(#[from] rustls::Error),
}

/// What the listener answers a handshake with.
pub type Handshake = Arc<ServerConfig>;

/// A certificate that is ready to be shown.
pub struct Shown {
    /// What the listener is started with.
    pub handshake: Handshake,
    /// SHA-256 of the leaf, as browsers print it.
    pub fingerprint: String,
    /// The local authority's certificate, if it is ours: people may want to trust it.
    pub authority: Option<PathBuf>,
}

/// What the local leaf was made for; kept beside it to see when it has to be made anew.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Made {
    names: Vec<String>,
    expires_ms: i64,
}

/// Chooses the one crypto provider of this process. Later calls change nothing.
pub fn install_provider() {
    // An error means that it is installed already, which is what is wanted.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Loads the given certificate, or makes what is missing of the local one.
pub fn prepare(settings: &config::Tls, now: Timestamp) -> Result<Shown, TlsError> {
    install_provider();
    match (&settings.cert, &settings.key) {
        (Some(cert), Some(key)) => load(cert, key, None),
        (None, None) => {
            let folder = &settings.folder;
            make_local(folder, &names(&settings.names), now)?;
            load(&folder.join("leaf.pem"), &folder.join("leaf.key"), Some(folder.join("ca.crt")))
        }
        _ => Err(TlsError::Half),
    }
}

fn load(cert: &Path, key: &Path, authority: Option<PathBuf>) -> Result<Shown, TlsError> {
    let not = |path: &Path, what| TlsError::Pem { path: path.into(), what };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(cert)?)
        .collect::<Result<_, _>>()
        .map_err(|_| not(cert, "certificate"))?;
    let leaf = chain.first().ok_or_else(|| not(cert, "certificate"))?;
    let fingerprint = fingerprint(leaf);
    let key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| not(key, "private key"))?;
    let mut config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Shown { handshake: Arc::new(config), fingerprint, authority })
}

/// When the first certificate of a PEM file ends.
pub fn ends(path: &Path) -> Result<Timestamp, TlsError> {
    let not = || TlsError::Pem { path: path.into(), what: "certificate" };
    let leaf = CertificateDer::from_pem_slice(&read(path)?).map_err(|_| not())?;
    not_after(&leaf).ok_or_else(not)
}

/// Reads as far into a certificate as its last day (RFC 5280, 4.1): the second time of the
/// field after version, number, algorithm and issuer.
fn not_after(der: &[u8]) -> Option<Timestamp> {
    let inner = |der| Some(element(der)?.1);
    let mut rest = inner(inner(der)?)?;
    // The version is left out of the oldest kind of certificate.
    if let (0xa0, _, after) = element(rest)? {
        rest = after;
    }
    for _number_algorithm_issuer in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest).filter(|(tag, _, _)| *tag == 0x30)?;
    let (_, _, after) = element(validity)?;
    let (tag, time, _) = element(after)?;
    let text = std::str::from_utf8(time).ok()?.strip_suffix('Z')?;
    let text = match tag {
        0x17 => format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" }),
        0x18 => text.to_owned(),
        _ => return None,
    };
    let time = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from_millis(zoned.timestamp().as_millisecond()))
}

/// The first element of some DER: its tag, what is in it, what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length) = (*der.first()?, *der.get(1)?);
    let (length, at) = match length {
        0..=0x7f => (usize::from(length), 2),
        0x81 => (usize::from(*der.get(2)?), 3),
        0x82 => (usize::from(u16::from_be_bytes([*der.get(2)?, *der.get(3)?])), 4),
        _ => return None,
    };
    Some((tag, der.get(at..at + length)?, der.get(at + length..)?))
}

/// Makes the authority if there is none, and the leaf if there is none, it is for other names
/// or it runs out soon.
pub fn make_local(folder: &Path, names: &[String], now: Timestamp) -> Result<(), TlsError> {
    fs::create_dir_all(folder).map_err(file(folder))?;
    let (ca_cert, ca_key) = (folder.join("ca.crt"), folder.join("ca.key"));
    let fresh_authority = !ca_cert.exists() || !ca_key.exists();
    if fresh_authority {
        let key = KeyPair::generate()?;
        let certificate = authority_params(now).self_signed(&key)?;
        write_secret(&ca_key, &key.serialize_pem())?;
        fs::write(&ca_cert, certificate.pem()).map_err(file(&ca_cert))?;
    }

    let note = folder.join("leaf.json");
    let made: Option<Made> = fs::read_to_string(&note).ok().and_then(|text| serde_json::from_str(&text).ok());
    let fits = made.is_some_and(|m| {
        names.iter().all(|name| m.names.contains(name)) && m.expires_ms - now.millis() > days(RENEW_DAYS)
    });
    if fits && !fresh_authority && folder.join("leaf.pem").exists() && folder.join("leaf.key").exists() {
        return Ok(());
    }

    let pem = |path: &Path| Ok::<_, TlsError>(String::from_utf8_lossy(&read(path)?).into_owned());
    // Name and key are all an issuer lends to a leaf, so the certificate needs no parsing.
    let issuer = Issuer::new(authority_params(now), KeyPair::from_pem(&pem(&ca_key)?)?);
    let key = KeyPair::generate()?;
    let leaf = leaf_params(names, now)?.signed_by(&key, &issuer)?;
    write_secret(&folder.join("leaf.key"), &key.serialize_pem())?;
    let chain = folder.join("leaf.pem");
    fs::write(&chain, format!("{}{}", leaf.pem(), pem(&ca_cert)?)).map_err(file(&chain))?;
    let made = Made { names: names.to_vec(), expires_ms: now.millis() + days(LEAF_DAYS) };
    let text = serde_json::to_string(&made).expect("a list of texts and a number are always JSON");
    fs::write(&note, text).map_err(file(&note))
}

fn authority_params(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name.push(DnType::CommonName, "Causeway local authority");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid_for(&mut params, now, AUTHORITY_DAYS);
    params
}

fn leaf_params(names: &[String], now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name.push(DnType::CommonName, "Causeway");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    valid_for(&mut params, now, LEAF_DAYS);
    Ok(params)
}

/// What this machine may be called: localhost, its host name, the address it goes out with.
fn names(further: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    if !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c)) {
        names.push(host.to_owned());
    }
    names.extend(outward_address().map(|address| address.to_string()));
    names.extend(further.iter().cloned());
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// The address other machines see. Connecting a UDP socket sends nothing: it only asks the
/// system which way it would go (to a documentation address, RFC 5737).
fn outward_address() -> Option<IpAddr> {
    let probe = UdpSocket::bind("0.0.0.0:0").ok()?;
    probe.connect("192.0.2.1:9").ok()?;
    Some(probe.local_addr().ok()?.ip()).filter(|ip| !ip.is_unspecified())
}

/// SHA-256 in the form `AB:CD:…`.
fn fingerprint(leaf: &CertificateDer<'_>) -> String {
    let sum = digest::digest(&digest::SHA256, leaf);
    sum.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
}

fn days(n: i64) -> i64 {
    n * 24 * 60 * 60 * 1000
}

/// From yesterday (clocks of clinic computers run slow) for so many days.
fn valid_for(params: &mut CertificateParams, now: Timestamp, length: i64) {
    let civil = |offset| {
        jiff::Timestamp::from_millisecond(now.millis() + days(offset))
            .expect("a clock within some decades of today is in jiff's range")
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date()
    };
    let (from, to) = (civil(-1), civil(length - 1));
    let ymd = |d: jiff::civil::Date| (i32::from(d.year()), d.month().unsigned_abs(), d.day().unsigned_abs());
    let ((y, m, d), (ty, tm, td)) = (ymd(from), ymd(to));
    params.not_before = rcgen::date_time_ymd(y, m, d);
    params.not_after = rcgen::date_time_ymd(ty, tm, td);
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(file(path))
}

/// Writes a file that only its owner may read, from its first moment on.
fn write_secret(path: &Path, text: &str) -> Result<(), TlsError> {
    let _ = fs::remove_file(path);
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut out| out.write_all(text.as_bytes()))
        .map_err(file(path))
}

fn file(path: &Path) -> impl Fn(std::io::Error) -> TlsError + '_ {
    move |source| TlsError::File { path: path.into(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_a_local_leaf_is_read_back() {
        let folder = std::env::temp_dir().join(format!("causeway-leaf-{}", std::process::id()));
        let now = Timestamp::from_millis(1_795_300_000_000);
        install_provider();
        make_local(&folder, &["localhost".to_owned()], now).unwrap();

        let last = ends(&folder.join("leaf.pem")).unwrap();

        let left = (last.millis() - now.millis()) / days(1);
        assert!((LEAF_DAYS - 2..=LEAF_DAYS).contains(&left), "{left} days");
        assert!(ends(&folder.join("leaf.key")).is_err());
        let _ = fs::remove_dir_all(&folder);
    }

    #[test]
    fn no_bytes_make_the_reader_of_certificates_panic() {
        for length in 0..64 {
            assert_eq!(not_after(&vec![0x30; length]), None);
        }
    }
}
