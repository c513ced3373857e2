//! The house test: who may name whom, what stays behind which fence, how long a file may be.
//!
//! It reads the sources as text. What the crates of a workspace would enforce at the price of
//! many crates, this enforces at the price of a file. A failure prints `file:line` and the rule.

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the ground up, floor by floor. A room may name the rooms on the floors below
/// its own. A folder that stands nowhere is a failure.
const FLOORS: &[&[&str]] = &[
    &["kernel"],
    &["config"],
    &["store", "media"],
    &["ctx"],
    &["http"],
    &["journal"],
    &["auth"],
    &["directory", "patients"],
    &["attachments", "entry"],
    &["consents"],
    &["consult"],
    &["referral"],
    &["stats"],
    &["hooks"],
    &["paper"],
    &["signal"],
    &["jobs"],
    &["server"],
    &["cli"],
    &["lib", "main"],
];

/// `media` knows seats, no people: only these may know that it is there.
const KNOW_MEDIA: &[&str] = &["signal", "server", "cli"];

/// Macros are exported at the root whatever room they live in; these are the kernel's and the store's.
const MACROS: &[&str] = &["args", "words", "id"];

/// Words of foreign crates → the only places that may say them.
const FENCES: &[(&[&str], &[&str])] = &[
    (&["sqlx::"], &["src/store/", "/store.rs", "/store/"]),
    (
        &["axum::", "tower::", "tower_http::"],
        &["src/http/", "/api.rs", "/api/", "src/signal/ws.rs", "src/server/"],
    ),
    (
        &["hyper::", "hyper_util::", "rust_embed::"],
        &["src/server/", "src/cli/probe/", "src/hooks/courier.rs"],
    ),
    (&["str0m::"], &["src/media/peer.rs", "src/media/peer/"]),
    (&["krilla::", "skrifa::"], &["src/paper/font.rs", "src/paper/pdf.rs"]),
    (&["fast_qr::"], &["src/paper/mark.rs"]),
    (&["webrtc::", "rtc::"], &["src/cli/probe/"]),
    (
        &["rustls::", "rcgen::"],
        &["src/server/tls.rs", "src/server/listen.rs", "src/cli/probe", "src/hooks/courier.rs"],
    ),
    (
        &["std::fs", "tokio::fs"],
        &["src/attachments/local.rs", "src/config/", "src/cli/", "src/server/tls.rs"],
    ),
    (&["SystemTime::now", "Timestamp::now(", "Zoned::now"], &["src/kernel/clock.rs"]),
    (&["getrandom", "aws_lc_rs::rand", "SystemRandom", "new_v4(", "now_v7("], &["src/kernel/dice.rs"]),
    (&["std::env::"], &["src/config/", "src/cli/"]),
    (&["println!", "eprintln!", "print!(", "eprint!("], &["src/cli/"]),
];

/// Left-overs that must not be landed.
const NEVER: &[&str] = &["TODO", "FIXME", "XXX", "HACK", "todo!(", "unimplemented!(", "dbg!("];

/// The most lines a file may have, its tests not counted.
const LONGEST: usize = 500;

/// Rooms without a subject.
const NO_SUBJECT: &[&str] = &["utils", "util", "common", "misc", "helpers", "helper", "types"];

#[test]
fn rooms_only_look_down() {
    let mut stray = Vec::new();
    for file in rust_files("src") {
        let Some(floor) = floor_of(&file.room) else {
            stray.push(format!("{}:1: the room `{}` stands on no floor", file.path, file.room));
            continue;
        };
        for (line, named) in rooms_named(&file.lines) {
            let below = floor_of(&named).is_some_and(|theirs| theirs < floor);
            let knows = named != "media" || KNOW_MEDIA.contains(&&*file.room);
            if named != file.room && !(below && knows) && !MACROS.contains(&&*named) {
                stray.push(format!("{}:{line}: `{}` must not know `{named}`", file.path, file.room));
            }
        }
    }
    assert!(stray.is_empty(), "these lines look into a room they should not know:\n{}", stray.join("\n"));
}

#[test]
fn foreign_crates_stay_behind_their_fences() {
    let mut stray = Vec::new();
    for file in rust_files("src") {
        for (words, places) in FENCES {
            if places.iter().any(|place| file.path.contains(place)) {
                continue;
            }
            for (line, text) in &file.lines {
                for word in words.iter().filter(|word| says(text, word)) {
                    stray.push(format!("{}:{line}: `{word}` belongs to {}", file.path, places.join(", ")));
                }
            }
        }
    }
    assert!(stray.is_empty(), "these lines climb over a fence:\n{}", stray.join("\n"));
}

#[test]
fn no_file_outgrows_its_subject() {
    let files = rust_files("src").into_iter().chain(rust_files("xtask/src")).chain(web_files());
    let long: Vec<_> = files
        .filter(|file| file.length > LONGEST)
        .map(|file| format!("{}:{}: at most {LONGEST} lines outside tests", file.path, file.length))
        .collect();
    assert!(long.is_empty(), "these files want dividing:\n{}", long.join("\n"));
}

#[test]
fn nothing_unfinished_and_no_unwrap_outside_tests() {
    let mut found = Vec::new();
    for file in rust_files("src").into_iter().chain(rust_files("xtask/src")) {
        for (line, text) in &file.lines {
            if text.contains(".unwrap()") {
                found.push(format!("{}:{line}: say why it cannot fail: `expect(\"…\")`", file.path));
            }
        }
    }
    for file in rust_files("src").into_iter().chain(rust_files("xtask/src")).chain(web_files()) {
        for (line, text) in &file.all {
            for word in NEVER.iter().filter(|word| says(text, word)) {
                found.push(format!("{}:{line}: `{word}` must not be landed", file.path));
            }
        }
    }
    assert!(found.is_empty(), "these lines are not finished:\n{}", found.join("\n"));
}

#[test]
fn every_file_says_what_it_is_for_and_has_a_subject() {
    let mut found = Vec::new();
    for file in rust_files("src").into_iter().chain(rust_files("xtask/src")) {
        if !file.all.first().is_some_and(|(_, text)| text.starts_with("//! ")) {
            found.push(format!("{}:1: the first line is `//! ` and says what the file is for", file.path));
        }
        let stem = Path::new(&file.path).file_stem().unwrap().to_string_lossy();
        if NO_SUBJECT.contains(&&*stem) || NO_SUBJECT.contains(&&*file.room) {
            found.push(format!("{}:1: a name without a subject", file.path));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_house_test_itself_sees_what_it_should() {
    let named = |code: &str| {
        let lines: Vec<_> = code.lines().enumerate().map(|(i, line)| (i, line.to_owned())).collect();
        rooms_named(&lines).into_iter().map(|(_, room)| room).collect::<Vec<_>>()
    };
    assert_eq!(named("use crate::{auth::Principal, kernel::{Id, Dice}, http};"), ["auth", "kernel", "http"]);
    assert_eq!(named("use crate::{\n    auth::{\n Role },\n    http,\n};\nlet x = 1;"), ["auth", "http"]);
    assert_eq!(named("let x = crate::consult::open(crate::ctx::now());"), ["consult", "ctx"]);
    assert!(says("use sqlx::Any;", "sqlx::") && !says("my_sqlx::x", "sqlx::"));
    assert!(!says("eprintln!(\"x\")", "println!"), "a word is found whole or not at all");
    assert!(floor_of("consult") < floor_of("referral"));
}

/// One source file as the rules see it.
struct Source {
    path: String,
    room: String,
    /// Code outside comments and tests, with line numbers.
    lines: Vec<(usize, String)>,
    /// Every line.
    all: Vec<(usize, String)>,
    /// Lines outside tests.
    length: usize,
}

fn floor_of(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

fn rust_files(folder: &str) -> Vec<Source> {
    files(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &["rs"])
}

fn web_files() -> Vec<Source> {
    let mut found = files(Path::new(env!("CARGO_MANIFEST_DIR")).join("web/src"), &["ts", "svelte"]);
    // What the server wrote is as long as the server is.
    found.retain(|file| !file.path.ends_with(".test.ts") && !file.path.ends_with("/wire.ts"));
    found
}

fn files(folder: PathBuf, endings: &[&str]) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ext| endings.iter().any(|e| ext == *e)) {
                found.push(read(&path));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).unwrap();
    let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_string_lossy().into_owned();
    let mut parts = path.split('/').skip(1);
    let room = parts.next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    let all: Vec<_> = text.lines().enumerate().map(|(i, line)| (i + 1, line.to_owned())).collect();
    // A file that is a test module as a whole counts as tests, an inline one from its attribute on.
    let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
    let end = all
        .windows(2)
        .position(|two| {
            two[0].1.trim() == "#[cfg(test)]"
                && two[1].1.trim_start().trim_start_matches("pub(super) ").starts_with("mod tests")
        })
        .unwrap_or(all.len());
    let length = if is_test { 0 } else { end };
    let lines = all[..length]
        .iter()
        .map(|(n, line)| (*n, without_comment(line).to_owned()))
        .filter(|(_, line)| !line.trim().is_empty())
        .collect();
    Source { path, room, lines, all, length }
}

/// What stands before `//`, unless that is inside a text (`"https://…"`).
fn without_comment(line: &str) -> &str {
    let mut from = 0;
    while let Some(at) = line[from..].find("//").map(|at| at + from) {
        if line[..at].matches('"').count().is_multiple_of(2) {
            return &line[..at];
        }
        from = at + 2;
    }
    line
}

/// Does the line say `word` as a word of its own?
fn says(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

/// The rooms that code names, with their lines: `crate::room` and `crate::{room::…, room}`,
/// the list on one line or on many.
fn rooms_named(code: &[(usize, String)]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    // How deep inside a `crate::{…}` list the walk is; 0 is outside.
    let mut depth = 0_usize;
    let mut fresh = false;
    for (line, text) in code {
        let mut rest = text.as_str();
        while let Some(c) = rest.chars().next() {
            if depth == 0 {
                let Some(at) = rest.find("crate::") else { break };
                rest = &rest[at + "crate::".len()..];
                if let Some(list) = rest.strip_prefix('{') {
                    (depth, fresh, rest) = (1, true, list);
                } else {
                    found.push((*line, word(rest)));
                }
                continue;
            }
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => fresh = true,
                c if fresh && c.is_alphabetic() => {
                    found.push((*line, word(rest)));
                    fresh = false;
                }
                _ => {}
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
