//! Places and people, entered from the terminal with the real binary.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the binary inside `folder` and answers with whether it was content, and what it said.
fn causeway(folder: &Path, arguments: &[&str], typed: &str) -> (bool, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever needs nothing typed may be gone before it is.
    let _ = child.stdin.take().unwrap().write_all(typed.as_bytes());
    let done = child.wait_with_output().unwrap();
    let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (done.status.success(), said)
}

#[test]
fn an_operator_enters_a_hospital_its_department_and_its_doctor() {
    let folder = std::env::temp_dir().join(format!("causeway-people-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let say = |arguments: &[&str], typed: &str| causeway(&folder, arguments, typed);

    let place =
        ["place", "facility", "云堤市第一人民医院", "--level", "tertiary", "--phone", "0999-555-0120"];
    let room =
        ["place", "department", "内科", "--facility", "云堤市第一人民医院", "--phone", "0999-555-0121"];
    let doctor = [
        "user",
        "add",
        "Xu.Wangzhou",
        "--name",
        "许望舟",
        "--facility",
        "云堤市第一人民医院",
        "--department",
        "内科",
        "--role",
        "specialist",
    ];

    assert!(say(&place, "").0);
    assert!(!say(&place, "").0, "not twice");
    assert!(say(&room, "").0);
    assert!(!say(&doctor, "too short\n").0);
    assert!(say(&doctor, "a boat across the reeds\n").0);
    assert!(!say(&doctor, "a boat across the reeds\n").0, "not twice");
    assert!(say(&["user", "reset-password", "xu.wangzhou"], "another boat upon the reeds\n").0);
    let (_, people) = say(&["user", "list"], "");
    let (_, places) = say(&["place", "list"], "");
    let _ = std::fs::remove_dir_all(&folder);

    assert!(people.contains("xu.wangzhou"), "{people}");
    assert!(people.contains("specialist · 云堤市第一人民医院"), "{people}");
    assert!(places.contains("内科"), "{places}");
}
