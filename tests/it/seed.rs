//! The demo alliance: whole, the same every time, and quick.

use causeway::cli::seed;

use crate::support::Alliance;

#[tokio::test]
async fn the_demo_has_thirty_three_facilities_and_everybody_named_can_sign_in() {
    let alliance = Alliance::open().await;
    alliance.ctx.db.texts();

    assert_eq!(seed::fill(&alliance.app).await.unwrap(), 0, "every story was taken to its end");

    assert_eq!(alliance.read_one("SELECT count(*) AS n FROM facilities").await, 33);
    assert_eq!(alliance.read_one("SELECT count(*) AS n FROM patients").await, 120);
    for (login, _) in seed::SHOWN {
        let who = alliance.stranger();
        let ask = serde_json::json!({ "login": login, "password": seed::DEMO_PASSWORD });
        who.post("/session", ask).await.is(200);
    }
    // Its stories have taken most steps there are: none of them may have walked through a table that grows.
    crate::scale::nothing_walks(&alliance).await;
}

#[tokio::test]
async fn the_demo_does_not_come_among_other_people() {
    let alliance = Alliance::open().await;
    alliance.clinic("Xiaying").await;

    let answer = seed::fill(&alliance.app).await;

    assert!(matches!(answer, Err(seed::SeedError::NotEmpty)));
}
