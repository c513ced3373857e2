//! The figures: served on a listener of their own, well formed, and nowhere else.

use std::collections::BTreeSet;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::server::House;
use crate::support::{KEY, TestStore};

/// Head and body of `GET path` in plain HTTP.
async fn get(address: &str, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// The value of a figure without labels.
fn value(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in:\n{text}")).parse().unwrap()
}

/// Every sample belongs to a described family and has a number; the text says where it ends.
fn assert_well_formed(text: &str) {
    let (mut described, mut seen) = (BTreeSet::new(), BTreeSet::new());
    assert!(text.ends_with("# EOF\n"), "{text}");
    for line in text.lines().filter(|line| *line != "# EOF") {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.split(' ');
            let (kind, name) = (words.next().unwrap(), words.next().unwrap());
            assert!(["HELP", "TYPE", "UNIT"].contains(&kind), "{line}");
            described.insert(name.to_owned());
            continue;
        }
        let (series, number) = line.rsplit_once(' ').unwrap();
        assert!(number.parse::<f64>().is_ok(), "{line}");
        let name = series.split('{').next().unwrap();
        let family = ["_total", "_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        assert!(described.contains(family), "{line}");
        assert!(seen.insert(series.to_owned()), "told twice: {line}");
        assert_eq!(series.contains('{'), series.ends_with('}'), "{line}");
    }
}

#[tokio::test]
async fn figures_are_read_on_a_listener_of_their_own() {
    let (database, folder) = TestStore::settings();
    let house = House::new(&folder, database, &KEY);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut command = house.command();
    command.env("CAUSEWAY_METRICS__LISTEN", &free);
    let server = house.start_with(command);
    server.ask("GET", "/api/v1/meta/limits", &[], Bytes::new()).await.unwrap();

    let public = server.ask("GET", "/metrics", &[], Bytes::new()).await.unwrap();
    let (head, text) = get(&free, "/metrics").await;
    let (elsewhere, _) = get(&free, "/api/v1/meta/limits").await;

    assert_eq!(public.status(), 404, "the public listener has no figures");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/openmetrics-text"), "{head}");
    assert!(elsewhere.starts_with("HTTP/1.1 404"), "the second listener has nothing else: {elsewhere}");
    assert_well_formed(&text);
    let labels = "route=\"/api/v1/meta/limits\",method=\"GET\",status=\"200\"";
    assert!(text.contains(&format!("causeway_http_request_seconds_count{{{labels}}} 1\n")), "{text}");
    assert!(value(&text, "causeway_database_answer_seconds") > 0.0);
    assert!(value(&text, "process_start_time_seconds") > 1_700_000_000.0);
    for (name, expected) in [
        ("causeway_database_up", 1.0),
        ("causeway_sockets", 0.0),
        ("causeway_rings_sent_total", 0.0),
        ("causeway_rings_answered_total", 0.0),
        ("causeway_call_participants", 0.0),
        ("causeway_call_rooms", 0.0),
        ("causeway_relay_packets_in_total", 0.0),
        ("causeway_relay_packets_out_total", 0.0),
        ("causeway_relay_packets_withheld_total", 0.0),
        ("causeway_relay_packets_lost_total", 0.0),
    ] {
        assert!((value(&text, name) - expected).abs() < f64::EPSILON, "{name} in:\n{text}");
    }
    assert!(value(&text, "causeway_journal_entries") >= 0.0);
}

#[tokio::test]
async fn without_an_address_no_figures_are_served() {
    let (database, folder) = TestStore::settings();
    let house = House::new(&folder, database, &KEY);
    let server = house.start(&[]);

    let public = server.ask("GET", "/metrics", &[], Bytes::new()).await.unwrap();

    assert_eq!(public.status(), 404);
    assert!(!house.log().contains("Figures are served"), "{}", house.log());
}
