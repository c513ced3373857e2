//! The real binary from outside: how it starts, listens, refuses and stops.

use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::server::{House, json};
use crate::support::{KEY, TestStore};

fn house() -> (House, std::path::PathBuf) {
    let (database, folder) = TestStore::settings();
    (House::new(&folder, database, &KEY), folder)
}

#[tokio::test]
async fn a_fresh_installation_serves_https_and_offers_to_be_set_up() {
    let (house, _) = house();
    let server = house.start(&[]);

    let health = server.ask("GET", "/healthz", &[], Bytes::new()).await.unwrap();
    let ready = server.ask("GET", "/readyz", &[], Bytes::new()).await.unwrap();
    let me = server.ask("GET", "/api/v1/session", &[], Bytes::new()).await.unwrap();

    assert_eq!((health.status().as_u16(), ready.status().as_u16()), (200, 200));
    assert_eq!(json(&me)["code"], "not_signed_in");
    println!("start-up to listening: {} ms", server.took.as_millis());
}

#[tokio::test]
async fn plain_http_is_shown_the_way_and_noise_is_hung_up_on() {
    let (house, _) = house();
    let server = house.start(&[]);

    let mut plain = server.tcp().await.unwrap();
    plain.write_all(b"GET /day HTTP/1.1\r\nHost: localhost:1\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 308"), "{answer}");
    assert!(answer.contains("Location: https://localhost:1/day"), "{answer}");

    let mut noise = server.tcp().await.unwrap();
    noise.write_all(&[0x16, 3, 1, 0, 5, 1, 2, 3, 4, 5]).await.unwrap();
    let mut rest = Vec::new();
    let hung_up = tokio::time::timeout(Duration::from_secs(5), noise.read_to_end(&mut rest)).await;
    assert!(hung_up.is_ok(), "a broken handshake is not waited for");
    let health = server.ask("GET", "/healthz", &[], Bytes::new()).await.unwrap();
    assert_eq!(health.status(), 200);
}

#[tokio::test]
async fn a_client_that_never_finishes_its_request_is_hung_up_on() {
    let (house, _) = house();
    let server = house.start(&[]);
    let begun: [(&[u8], _); 2] = [
        (b"GET /healthz HTTP/1.1\r\nHost: loc", server.tls().await.unwrap()),
        (b"PRI * HTTP/2.0\r\n\r\nS", server.tls_for_h2().await.unwrap()),
    ];
    let all_end = begun.map(|(words, mut slow)| {
        tokio::spawn(async move {
            slow.write_all(words).await.unwrap();
            let mut rest = Vec::new();
            tokio::time::timeout(Duration::from_secs(14), slow.read_to_end(&mut rest)).await
        })
    });
    for ended in all_end {
        assert!(ended.await.unwrap().is_ok(), "still open after 14 s");
    }
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let (house, _) = house();
    let mut command = house.command();
    command.env("CAUSEWAY_SERVER__MAX_CONNECTIONS_PER_ADDRESS", "5");
    let server = house.start_with(command);
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(server.tls().await.unwrap());
    }

    assert!(server.tls().await.is_err(), "the sixth connection is turned away");
    drop(held);
    tokio::time::timeout(Duration::from_secs(5), async {
        while server.tls().await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("after the others left, there is room again");
}

#[test]
fn the_doctor_looks_at_everything_and_says_what_to_do() {
    let (house, folder) = house();
    let udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = house.command();
    command.env("CAUSEWAY_MEDIA__LISTEN", udp.to_string());
    let server = house.start_with(command);

    let served = house.command();
    let settings = served.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let seen = std::process::Command::new(served.get_program())
        .arg("doctor")
        .current_dir(&folder)
        .envs(settings)
        .env("CAUSEWAY_SERVER__LISTEN", format!("127.0.0.1:{}", server.port))
        .env("CAUSEWAY_MEDIA__LISTEN", udp.to_string())
        .output()
        .unwrap();
    let said = String::from_utf8(seen.stdout).unwrap();
    let line = |what: &str| {
        let found = said.lines().find(|line| line.get(6..).is_some_and(|rest| rest.starts_with(what)));
        found.unwrap_or_else(|| panic!("nothing about the {what}:\n{said}"))
    };

    for what in ["clock", "certificate", "key", "disk", "letters", "database", "TCP port", "UDP port"] {
        assert!(!line(what).starts_with("ILL"), "{said}");
    }
    for way in ["by UDP", "by TCP", "by TLS"] {
        assert!(line(way).starts_with("ok") && line(way).contains("0 of 8 lost"), "{said}");
    }
    assert!(line("advertised").starts_with("ILL"), "a relay on the loopback reaches nobody:\n{said}");
    assert!(said.contains("do: set media.advertise"), "{said}");
    assert!(!seen.status.success());
}

#[tokio::test]
async fn told_to_stop_it_ends_well_and_quickly() {
    let (house, _) = house();
    let mut server = house.start(&[]);
    server.ask("GET", "/healthz", &[], Bytes::new()).await.unwrap();

    let status = server.ask_to_stop();

    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn the_private_keys_are_for_the_server_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (house, folder) = house();
    let _server = house.start(&[]);

    for name in ["certs/ca.key", "certs/leaf.key", "master.key"] {
        let mode = std::fs::metadata(folder.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn the_certificate_is_kept_from_one_start_to_the_next() {
    let (house, folder) = house();
    drop(house.start(&[]));
    let first = std::fs::read(folder.join("certs/leaf.pem")).unwrap();
    drop(house.start(&[]));

    assert_eq!(std::fs::read(folder.join("certs/leaf.pem")).unwrap(), first);
}

#[test]
fn a_database_whose_key_is_missing_is_not_served() {
    let (house, folder) = house();
    drop(house.start(&[]));
    std::fs::remove_file(folder.join("master.key")).unwrap();

    let ended = house.command().output().unwrap();

    assert!(!ended.status.success());
    let said = house.log();
    assert!(said.contains("master key") && said.contains("missing"), "{said}");
    assert!(!folder.join("master.key").exists(), "no new key is made beside old records");
}

#[test]
fn a_misspelt_setting_is_refused_by_name() {
    let (house, _) = house();

    let ended = house.command().env("CAUSEWAY_SERVER__LISSEN", "127.0.0.1:0").output().unwrap();

    assert!(!ended.status.success());
    assert!(house.log().contains("lissen"), "{}", house.log());
}

#[test]
fn a_port_that_is_taken_is_said_in_one_sentence() {
    let (house, _) = house();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    let ended = house.command().env("CAUSEWAY_SERVER__LISTEN", &address).output().unwrap();

    assert!(!ended.status.success());
    assert!(house.log().contains(&format!("The address {address} cannot be listened on")), "{}", house.log());
}
