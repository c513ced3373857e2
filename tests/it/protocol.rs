//! The golden messages of `consult.v1`, read and written by this side. The web's tests read
//! the same files; `docs/protocol.md` has a line for each kind, command, event and code.

use std::{collections::BTreeSet, fs, path::Path};

use causeway::signal::protocol::{CLOSE_CODES, ClientSays, Code, Command, Event, ServerSays, Unread, read};
use serde_json::Value;

/// Name and content of every golden file of one side.
fn golden(side: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/signal");
    let mut found: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read_to_string(entry.path()).unwrap()))
        .filter(|(name, _)| name.starts_with(side))
        .map(|(name, text)| (name, serde_json::from_str(&text).unwrap()))
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!found.is_empty());
    found
}

fn word<'a>(frame: &'a Value, at: &str) -> &'a str {
    frame.pointer(at).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn what_a_browser_says_is_read_and_would_be_written_the_same() {
    for (name, frame) in golden("client-") {
        match read(&frame.to_string()) {
            Ok(said) => assert_eq!(serde_json::to_value(&said).unwrap(), frame, "{name}"),
            Err(Unread::Answer { why, id }) => {
                let reserved = Command::RESERVED.contains(&word(&frame, "/do/type"));
                assert!(reserved && why.code == Code::Unsupported, "{name} was refused: {why:?}");
                assert_eq!(Some(u64::from(id)), frame["id"].as_u64(), "{name}");
            }
            Err(other) => panic!("{name} was not understood: {other:?}"),
        }
    }
}

#[test]
fn what_the_server_says_is_written_as_the_browsers_expect_it() {
    for (name, frame) in golden("server-") {
        let said: ServerSays =
            serde_json::from_value(frame.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));

        assert_eq!(serde_json::to_value(&said).unwrap(), frame, "{name}");
    }
}

#[test]
fn every_kind_and_every_command_has_a_golden_file() {
    let client = golden("client-");
    let server = golden("server-");
    let kinds = |side: &[(String, Value)]| -> BTreeSet<String> {
        side.iter().map(|(_, frame)| word(frame, "/t").to_owned()).collect()
    };
    let commands: BTreeSet<_> = client.iter().map(|(_, frame)| word(frame, "/do/type").to_owned()).collect();

    assert_eq!(kinds(&client), ["ack", "cmd", "eph", "hello", "ping", "sig"].map(str::to_owned).into());
    assert_eq!(
        kinds(&server),
        ["bye", "eph", "evt", "pong", "res", "sig", "state", "welcome"].map(str::to_owned).into()
    );
    for known in Command::KNOWN {
        assert!(commands.contains(*known), "no golden file for the command {known}");
    }
}

/// The first column of every table of a chapter of the protocol's document.
fn documented(chapter: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let text = fs::read_to_string(path).unwrap();
    let body =
        text.split("\n## ").find(|part| part.starts_with(chapter)).unwrap_or_else(|| panic!("no {chapter}"));
    let rows = body.lines().filter(|line| line.starts_with("| "));
    rows.skip(1).map(|row| row.split('|').nth(1).unwrap().trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn the_document_has_a_line_for_every_word_and_no_other() {
    let commands: Vec<_> = Command::KNOWN.to_vec();
    let codes: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();

    assert_eq!(documented("What a browser says"), ["hello", "cmd", "sig", "eph", "ack", "ping"]);
    assert_eq!(
        documented("What the server says"),
        ["welcome", "res", "evt", "state", "sig", "eph", "pong", "bye"]
    );
    assert_eq!(documented("Commands"), commands);
    assert_eq!(documented("Events"), Event::KINDS);
    assert_eq!(documented("Error codes"), codes);
    assert_eq!(documented("Close codes"), CLOSE_CODES.map(|code| code.to_string()));
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md")).unwrap();
    for reserved in Command::RESERVED {
        assert!(text.contains(&format!("`{reserved}`")), "{reserved} is not named");
    }
}

#[test]
fn every_event_told_is_one_of_the_words() {
    for (name, frame) in golden("server-evt-") {
        let ServerSays::Evt(evt) = serde_json::from_value(frame.clone()).unwrap() else { panic!("{name}") };

        assert!(Event::KINDS.contains(&word(&frame, "/ev/type")), "{name}: {:?}", evt.ev);
    }
}

#[test]
fn a_field_of_a_newer_browser_is_ignored() {
    for (name, mut frame) in golden("client-") {
        let before = read(&frame.to_string());
        frame["later"] = Value::from("addition");
        if let Some(command) = frame.get_mut("do") {
            command["later"] = Value::from(7);
        }

        assert_eq!(read(&frame.to_string()), before, "{name}");
    }
}

#[test]
fn no_golden_message_shows_a_description_or_a_key_when_it_is_logged() {
    for (name, frame) in golden("client-") {
        let Ok(said) = read(&frame.to_string()) else { continue };
        let logged = format!("{said:?}");

        assert!(!logged.contains("v=0") && !logged.contains("a1b2c3d4"), "{name}: {logged}");
        if let ClientSays::Cmd { r#do: Command::ChatSend { .. }, .. } = said {
            assert!(!logged.contains("血压"), "{name}: {logged}");
        }
    }
}
