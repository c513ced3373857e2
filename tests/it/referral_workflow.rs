//! `docs/workflow.md` prints the referral's table; here it is held against the code.

use std::collections::BTreeSet;

use causeway::referral;

const DOCUMENT: &str = include_str!("../../docs/workflow.md");

/// The rows of the table under `## Referral`, cell by cell.
fn printed() -> BTreeSet<Vec<String>> {
    let part = DOCUMENT.split("\n## Referral\n").nth(1).expect("a part about referrals");
    let part = part.split("\n## ").next().unwrap_or(part);
    part.lines()
        .filter(|line| line.starts_with("| F"))
        .map(|line| {
            line.trim_matches('|').split('|').map(|cell| cell.trim().replace("&#124;", "|")).collect()
        })
        .collect()
}

#[test]
fn the_printed_table_is_the_one_the_server_obeys() {
    let words = |list: &[&str]| list.join(", ");
    let mut obeyed = BTreeSet::new();
    for rule in referral::MACHINE.rules {
        obeyed.insert(vec![
            rule.id.to_owned(),
            words(&rule.from.iter().map(|state| state.word()).collect::<Vec<_>>()),
            rule.action.word().to_owned(),
            rule.to.word().to_owned(),
            words(&rule.actors.iter().map(|actor| actor.word()).collect::<Vec<_>>()),
            rule.guard.to_owned(),
        ]);
    }
    for line in referral::MACHINE.side_effects {
        obeyed.insert(vec![
            line.id.to_owned(),
            words(&line.from.iter().map(|state| state.word()).collect::<Vec<_>>()),
            line.action.word().to_owned(),
            "(stays)".to_owned(),
            words(&line.actors.iter().map(|actor| actor.word()).collect::<Vec<_>>()),
            line.effect.to_owned(),
        ]);
    }

    let printed = printed();

    let differ: Vec<_> = printed.symmetric_difference(&obeyed).collect();
    assert!(differ.is_empty(), "{differ:#?}");
}
