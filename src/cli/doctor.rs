//! `causeway doctor`: looks at what an installation needs, and says of each what to do.
//!
//! Run it on the server's machine with the server's settings; the server may run meanwhile.

use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::probe::{Client, SYSTEM_AUTHORITIES};
use super::{CliError, open, say, ways};
use crate::config::{self, Config};
use crate::kernel::{Clock, SystemClock};
use crate::media;
use crate::paper::Press;
use crate::server::certificate_ends;

/// A leaf that ends sooner should be renewed now.
const RENEW_DAYS: i64 = 30;
/// A disk with less is full tomorrow.
const SPARE_KB: u64 = 2 * 1024 * 1024;
/// No call can be held, no record written.
const LEAST_KB: u64 = 200 * 1024;
/// A question to the database that takes longer makes every page slow.
const SLOW: Duration = Duration::from_millis(100);
/// The first day of the year this was written: a clock before it is wrong.
const WRITTEN_MS: i64 = 1_767_225_600_000;

/// How one thing is found.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Well(String),
    /// Works, or works for some; with what to do.
    Doubtful(String, String),
    /// Does not work; with what to do.
    Ill(String, String),
}

use Finding::{Doubtful, Ill, Well};

/// Looks at everything; an error if anything is ill.
pub async fn run(config: &Config) -> Result<(), CliError> {
    let mut ill = 0;
    let mut tell = |what: &str, finding: Finding| {
        let (sign, text, todo) = match finding {
            Well(text) => ("ok  ", text, None),
            Doubtful(text, todo) => ("look", text, Some(todo)),
            Ill(text, todo) => ("ILL ", text, Some(todo)),
        };
        ill += u32::from(sign == "ILL ");
        say(format_args!("{sign}  {what:<12} {text}"));
        if let Some(todo) = todo {
            say(format_args!("{:18} do: {todo}", ""));
        }
    };
    tell("clock", clock());
    tell("certificate", certificate(config));
    tell("key", key(&config.vault.key_file));
    tell("disk", disk(&config.attachments.folder));
    tell("letters", letters(&config.paper));
    tell("database", database(config).await);
    let tcp = tcp_port(config.server.listen);
    let runs = matches!(&tcp, Well(text) | Doubtful(text, _) if text.contains("in use"));
    let udp = udp_port(config.media.listen, runs);
    tell("TCP port", tcp);
    tell("UDP port", udp);
    let addresses = media::addresses(&config.media);
    for address in &addresses {
        tell("advertised", advertised(*address));
    }
    if runs {
        for (what, finding) in routes(config, &addresses).await {
            tell(what, finding);
        }
    } else {
        say("      routes       not tried: the server does not run");
    }
    if ill == 0 { Ok(()) } else { Err(CliError::Refused(format!("{ill} found ill."))) }
}

fn clock() -> Finding {
    let now = SystemClock.now();
    if now.millis() < WRITTEN_MS {
        return Ill(
            format!("shows {now}"),
            "set the machine's time; sessions and certificates depend on it".into(),
        );
    }
    let kept = ["/run/systemd/timesync/synchronized", "/run/chrony", "/run/chronyd.pid", "/run/ntpd.pid"];
    if kept.iter().any(|sign| Path::new(sign).exists()) {
        return Well(format!("shows {now}, kept by a time service"));
    }
    let todo = "run chrony or systemd-timesyncd, unless the host keeps this machine's time";
    Doubtful(format!("shows {now}; no time service seen"), todo.into())
}

fn certificate(config: &Config) -> Finding {
    let path = config.tls.cert.clone().unwrap_or_else(|| config.tls.folder.join("leaf.pem"));
    let place = path.display();
    let ends = match certificate_ends(&path) {
        Ok(ends) => ends,
        Err(why) => {
            let todo = "start the server once, or `causeway certs`, to make one; or set tls.cert and tls.key";
            return Ill(format!("{why}"), todo.into());
        }
    };
    let days = (ends.millis() - SystemClock.now().millis()) / 86_400_000;
    let ours = if config.tls.cert.is_none() { "; of our own authority" } else { "" };
    match days {
        ..=0 => Ill(format!("{place} ended {ends}"), "renew it and start the server anew".into()),
        1..RENEW_DAYS => Doubtful(
            format!("{place} ends in {days} days"),
            "renew it; a local one is renewed at the next start".into(),
        ),
        _ if config.tls.cert.is_none() => Doubtful(
            format!("{place} is good for {days} days{ours}"),
            "trust ca.crt on every clinic's machine, or set a certificate that they trust already".into(),
        ),
        _ => Well(format!("{place} is good for {days} days")),
    }
}

fn key(path: &Path) -> Finding {
    let place = path.display();
    match fs::metadata(path) {
        Ok(file) if file.permissions().mode() & 0o077 != 0 => {
            Ill(format!("{place} can be read by others"), format!("chmod 600 {place}"))
        }
        Ok(_) => Well(format!("{place} is there and private")),
        Err(why) if why.kind() == ErrorKind::NotFound => {
            let todo =
                "nothing before the first start; after it, put the key back: records cannot be read without";
            Doubtful(format!("{place} is not there"), todo.into())
        }
        Err(why) => Ill(format!("{place}: {why}"), "let the server's user read it".into()),
    }
}

/// With which letters papers are printed.
fn letters(settings: &config::Paper) -> Finding {
    match Press::open(settings, None) {
        Err(why) => Ill(format!("{why}"), "set paper.font to a font that is there, or to none".into()),
        Ok(press) => {
            let (inside, fuller) = press.told();
            let list: Vec<_> = fuller.iter().map(|path| path.display().to_string()).collect();
            if list.is_empty() {
                let todo = "install fonts-noto-cjk or set paper.font: a rare name is refused until then";
                Doubtful(format!("{inside} characters built in, no fuller font"), todo.into())
            } else {
                Well(format!("{inside} characters built in, then {}", list.join(", ")))
            }
        }
    }
}

/// What is free where files go, as `df` says: asking the system itself would take unsafe code.
fn disk(folder: &Path) -> Finding {
    let there = folder.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    let said = Command::new("df").arg("-Pk").arg(there).output();
    let free = said.ok().and_then(|out| free_kb(&String::from_utf8_lossy(&out.stdout)));
    let Some(free) = free else {
        return Doubtful("free space could not be found out".into(), "look with df -h".into());
    };
    let text = format!("{:.1} GB free for {}", free as f64 / 1_048_576.0, folder.display());
    match free {
        ..LEAST_KB => Ill(text, "make room: files are refused, soon records too".into()),
        LEAST_KB..SPARE_KB => Doubtful(text, "make room soon".into()),
        _ => Well(text),
    }
}

fn free_kb(table: &str) -> Option<u64> {
    table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

async fn database(config: &Config) -> Finding {
    let since = Instant::now();
    let db = match open(config).await {
        Ok(db) => db,
        Err(why) => {
            return Ill(why.to_string(), "look at database.url, and whether the database runs".into());
        }
    };
    let opened = since.elapsed();
    let (since, well) = (Instant::now(), db.is_well().await);
    let (took, is_new) = (since.elapsed(), db.is_empty().await.unwrap_or(true));
    db.close().await;
    let text = format!("opened in {} ms, answers in {} ms", opened.as_millis(), took.as_millis());
    match (well, is_new) {
        (false, _) => Ill("does not answer".into(), "look at its log".into()),
        (true, true) => Doubtful(format!("{text}, and is empty"), "start the server: it sets it up".into()),
        (true, false) if took > SLOW => {
            Doubtful(text, "look at what else the disk or the machine does".into())
        }
        (true, false) => Well(text),
    }
}

fn tcp_port(at: SocketAddr) -> Finding {
    let todo = "give the port to this server: stop what holds it, or change server.listen";
    let state = match TcpListener::bind(at) {
        Ok(_) => "free",
        Err(why) if why.kind() == ErrorKind::AddrInUse => "in use",
        Err(why) => return Ill(format!("{at}: {why}"), todo.into()),
    };
    if at.ip().is_loopback() {
        return Doubtful(
            format!("{at} is {state}, and reached from this machine only"),
            "set server.listen to 0.0.0.0 or [::]".into(),
        );
    }
    Well(format!("{at} is {state}"))
}

/// Whether media can be taken there; `runs` if this server does, which then holds the port.
fn udp_port(at: SocketAddr, runs: bool) -> Finding {
    match UdpSocket::bind(at) {
        Ok(_) => Well(format!("{at} is free")),
        Err(why) if why.kind() == ErrorKind::AddrInUse && runs => Well(format!("{at} is in use")),
        Err(why) if why.kind() == ErrorKind::AddrInUse => Ill(
            format!("{at} is held by another program"),
            "stop that program (ss -ulnp names it), or change media.listen".into(),
        ),
        Err(why) => Ill(format!("{at}: {why}"), "change media.listen to an address of this machine".into()),
    }
}

fn advertised(address: SocketAddr) -> Finding {
    let (text, todo) =
        (format!("browsers are told {address}"), "set media.advertise to the address that clinics reach");
    match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => {
            Ill(format!("{text}: this machine only"), todo.into())
        }
        IpAddr::V4(ip) if ip.is_private() || ip.is_link_local() => Doubtful(
            format!("{text}: good inside this network"),
            format!("if clinics come from outside, {todo}"),
        ),
        IpAddr::V4(_) | IpAddr::V6(_) => Well(text),
    }
}

/// The running relay, asked by its ports. From this machine; `causeway probe` asks from a clinic.
async fn routes(config: &Config, addresses: &[SocketAddr]) -> Vec<(&'static str, Finding)> {
    let mut found = Vec::new();
    for address in addresses {
        found.push((
            "by UDP",
            match ways::by_udp(*address).await {
                Some(way) => Well(format!("{address}: {way}")),
                None => Doubtful(
                    format!("{address} does not answer from here"),
                    "look at the firewall and at port forwarding; from inside a forwarder may not turn round"
                        .into(),
                ),
            },
        ));
    }
    let listen = config.server.listen;
    let here = if listen.ip().is_unspecified() { "127.0.0.1".to_owned() } else { listen.ip().to_string() };
    let start = Instant::now();
    let way = match tokio::net::TcpStream::connect((here.as_str(), listen.port())).await {
        Ok(stream) => ways::by_stream(stream, start).await,
        Err(_) => None,
    };
    found.push((
        "by TCP",
        match way {
            Some(way) => Well(format!("port {}: {way}", listen.port())),
            None => Ill(
                format!("port {} does not answer as a relay", listen.port()),
                "another program holds the port, or a proxy stands before this server".into(),
            ),
        },
    ));
    found.push(("by TLS", by_tls(config).await));
    found
}

/// The way that the strictest firewall leaves, with the certificate that browsers are shown.
async fn by_tls(config: &Config) -> Finding {
    let port = config.server.listen.port();
    let (name, authority) = match &config.server.public_url {
        Some(origin) if config.tls.cert.is_some() => (origin.clone(), PathBuf::from(SYSTEM_AUTHORITIES)),
        Some(_) | None => (format!("https://localhost:{port}"), config.tls.folder.join("ca.crt")),
    };
    if config.tls.cert.is_some() && config.server.public_url.is_none() {
        let todo = "set server.public_url to the name in the certificate, and this is tried by it";
        return Doubtful("not tried: the server does not know its name".into(), todo.into());
    }
    let start = Instant::now();
    let stream = match Client::new(&name, &[&authority]) {
        Ok(client) => client.connect().await,
        Err(why) => Err(why),
    };
    let way = match stream {
        Ok(stream) => ways::by_stream(stream, start).await.ok_or_else(|| "no answer as a relay".to_owned()),
        Err(why) => Err(why.to_string()),
    };
    match way {
        Ok(way) => Well(format!("{name}: {way}")),
        Err(why) => Doubtful(
            format!("{name}: {why}"),
            "look at the certificate and its chain, and at what stands before this server".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_read_from_what_df_says() {
        let said = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 40 60 40% /\n";

        assert_eq!(free_kb(said), Some(60));
        assert_eq!(free_kb("df: no such file"), None);
    }

    #[test]
    fn an_address_that_only_this_machine_knows_is_ill() {
        assert!(matches!(advertised("127.0.0.1:3478".parse().unwrap()), Ill(..)));
        assert!(matches!(advertised("192.168.7.2:3478".parse().unwrap()), Doubtful(..)));
        assert!(matches!(advertised("203.0.113.7:3478".parse().unwrap()), Well(..)));
    }

    #[test]
    fn a_held_port_is_this_servers_while_it_runs_and_otherwise_anothers() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let found = tcp_port(held.local_addr().unwrap());
        let Doubtful(text, _) = found else { panic!("reached from this machine only") };
        assert!(text.contains("in use"), "{text}");

        let held = UdpSocket::bind("127.0.0.1:0").unwrap();
        let at = held.local_addr().unwrap();
        assert!(matches!(udp_port(at, true), Well(_)));
        assert!(matches!(udp_port(at, false), Ill(..)), "the server could not start beside it");
    }
}
