//! Running other programs.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Outcome;

/// As many of its last lines a program that failed is quoted with.
const LAST_WORDS: usize = 40;

/// Runs a program to its end, its output passed through.
pub fn run(program: &str, args: &[&str], env: &[(&str, &str)]) -> Outcome {
    run_in(Path::new("."), program, args, env)
}

/// The same in another folder.
pub fn run_in(folder: &Path, program: &str, args: &[&str], env: &[(&str, &str)]) -> Outcome {
    let status = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .current_dir(folder)
        .stdin(Stdio::null())
        .status()
        .map_err(|e| format!("{program} could not be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{program} {}` failed ({status})", args.join(" "))) }
}

/// Runs a program and hands each line it says on standard output to `ear`, after printing it. A failure quotes the
/// last of them: a log of half an hour is often seen by its end alone.
pub fn run_listening(
    program: &str,
    args: &[&str],
    env: &[(&str, &str)],
    mut ear: impl FnMut(&str),
) -> Outcome {
    let mut child = Command::new(program)
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("{program} could not be started: {e}"))?;
    let out = child.stdout.take().expect("standard output was piped three lines above");
    let mut last = VecDeque::with_capacity(LAST_WORDS);
    for line in BufReader::new(out).lines().map_while(Result::ok) {
        println!("{line}");
        ear(&line);
        if last.len() == LAST_WORDS {
            last.pop_front();
        }
        last.push_back(line);
    }
    std::io::stdout().flush().map_err(|e| e.to_string())?;
    let status = child.wait().map_err(|e| e.to_string())?;
    if status.success() {
        return Ok(());
    }
    let last = Vec::from(last).join("\n    ");
    Err(format!("`{program} {}` failed ({status}), having said last:\n    {last}", args.join(" ")))
}

/// What a program says, or nothing if it cannot be run or fails.
pub fn said(program: &str, args: &[&str]) -> Option<String> {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    out.status.success().then(|| String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

/// Is there a program of this name?
pub fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()))
}

/// Turns this process into another program; returns only when that is impossible.
pub fn become_it(program: &Path, args: &[String]) -> String {
    let why = Command::new(program).args(args).exec();
    format!("{} could not be started: {why}", program.display())
}
