//! Documents that can be read by a machine are held against the code: what can rot, is tested.

use std::fs;
use std::path::{Path, PathBuf};

use causeway::config;
use causeway::http::codes;

#[test]
fn the_table_of_problems_is_the_code_s() {
    let wanted: Vec<_> = codes::ALL
        .iter()
        .map(|code| format!("| `{}` | {} | {} |", code.word, code.status.as_u16(), code.title))
        .collect();
    let written: Vec<_> =
        read("docs/problems.md").lines().filter(|l| l.starts_with("| `")).map(str::to_owned).collect();

    assert_eq!(written, wanted, "docs/problems.md should have:\n{}", wanted.join("\n"));
}

#[test]
fn no_two_problems_share_a_word() {
    let mut words: Vec<_> = codes::ALL.iter().map(|code| code.word).collect();
    words.sort_unstable();
    words.dedup();

    assert_eq!(words.len(), codes::ALL.len());
}

#[test]
fn the_sample_settings_are_settings() {
    config::load(Some(&root().join("causeway.sample.toml"))).unwrap();
}

#[test]
fn the_sample_s_commented_settings_are_settings_too() {
    let text: String = read("causeway.sample.toml")
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| is_setting(rest)).unwrap_or(line).to_owned() + "\n")
        .collect();

    toml::from_str::<config::Config>(&text).unwrap();
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut dead = Vec::new();
    let mut pages = vec![root().join("README.md")];
    for folder in ["docs", "docs/decisions"] {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        pages.extend(entries.map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "md")));
    }
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for target in links(&text) {
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !target.contains("://") && !page.parent().unwrap().join(file).exists() {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "these links lead nowhere:\n{}", dead.join("\n"));
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let page = read("docs/dependencies.md");
    let missing: Vec<_> = ["dependencies", "dev-dependencies"]
        .iter()
        .filter_map(|section| manifest.get(*section)?.as_table())
        .flat_map(toml::Table::keys)
        .filter(|name| !page.contains(&format!("| `{name}` |")))
        .collect();

    assert!(missing.is_empty(), "docs/dependencies.md gives no reason for {missing:?}");
}

#[test]
fn the_files_that_architecture_names_are_there() {
    let missing: Vec<_> = quoted(&read("docs/architecture.md"))
        .into_iter()
        .filter(|name| {
            ["src/", "web/src/", "tests/", "xtask/", "docs/", "migrations/"]
                .iter()
                .any(|p| name.starts_with(p))
        })
        .filter(|name| !name.contains(['*', '<', '{', ' ', 'N']))
        .filter(|name| !root().join(name).exists())
        .collect();

    assert!(missing.is_empty(), "docs/architecture.md names what is not there: {missing:?}");
}

/// `key = value` and nothing else: a sentence in a comment is not a setting.
fn is_setting(text: &str) -> bool {
    let Some((key, _)) = text.split_once(" = ") else { return false };
    !key.is_empty() && key.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit())
}

/// The targets of `[words](target)`.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}
