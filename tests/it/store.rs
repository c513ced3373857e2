//! The store itself, on whichever engine the suite runs on.

use causeway::{
    config,
    journal::{self, Actor, Entity, Entry},
    kernel::{FacilityId, UserId},
    store::{Db, Dialect, Query, StoreError, args},
};

use crate::support::{Alliance, TestStore};

async fn facilities(store: &TestStore) -> i64 {
    let mut tx = store.db.read().await.unwrap();
    tx.fetch_one("SELECT count(*) AS n FROM counters WHERE name = 'test'", args![])
        .await
        .unwrap()
        .get("n")
        .unwrap()
}

#[tokio::test]
async fn a_change_without_a_journal_entry_is_not_committed() {
    let store = TestStore::open().await;
    let mut tx = store.db.write("test.untold").await.unwrap();
    tx.execute("INSERT INTO counters (name, n) VALUES ('test', 1)", args![]).await.unwrap();

    let refused = tx.commit().await;

    assert!(matches!(refused, Err(StoreError::Unjournaled { name: "test.untold" })));
    assert_eq!(facilities(&store).await, 0);
}

#[tokio::test]
async fn a_dropped_transaction_leaves_no_trace() {
    let store = TestStore::open().await;
    {
        let mut tx = store.db.write_quiet("test.dropped").await.unwrap();
        tx.execute("INSERT INTO counters (name, n) VALUES ('test', 1)", args![]).await.unwrap();
    }

    assert_eq!(facilities(&store).await, 0);
}

#[tokio::test]
async fn numbers_are_given_out_once_each_under_contention() {
    let store = TestStore::open().await;
    let tasks = (0..40).map(|_| {
        let db = store.db.clone();
        tokio::spawn(async move {
            let mut tx = db.write_quiet("test.number").await.unwrap();
            let n = tx.next_number("test").await.unwrap();
            tx.commit().await.unwrap();
            n
        })
    });

    let mut numbers = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        numbers.push(task.await.unwrap());
    }

    numbers.sort_unstable();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_entry_rings_the_bell_and_numbers_each_inbox_by_itself() {
    let alliance = Alliance::open().await;
    let (ctx, clinic) = (&alliance.ctx, alliance.clinic("Luwan").await);
    let (lin, zhao) = (clinic.doctor().id, clinic.second().id);
    let mut bell = ctx.db.bell();
    let tell = async |audience: &[UserId]| {
        let mut tx = ctx.db.write("test.tell").await.unwrap();
        let entity = Entity::Facility(FacilityId::draw(ctx.clock.now(), &*ctx.dice));
        let entry = Entry::new(ctx.clock.now(), Actor::System, None, entity, "test.told");
        let seq = journal::append(&mut tx, entry, audience).await.unwrap();
        tx.commit().await.unwrap();
        seq
    };

    let first = tell(&[lin, zhao, lin]).await;
    let second = tell(&[zhao]).await;

    assert!(bell.has_changed().unwrap());
    assert_eq!(*bell.borrow_and_update(), second);
    assert_eq!(second, first + 1);
    let mut tx = ctx.db.read().await.unwrap();
    let of = async |tx: &mut _, user| {
        let letters = journal::letters_after(tx, user, 0, 10).await.unwrap();
        letters.iter().map(|letter| (letter.n, letter.line.seq)).collect::<Vec<_>>()
    };
    assert_eq!(of(&mut tx, lin).await, [(1, first)]);
    assert_eq!(of(&mut tx, zhao).await, [(1, first), (2, second)]);
    assert_eq!(journal::head_of(&mut tx, zhao).await.unwrap(), 2);
}

#[tokio::test]
async fn the_sealed_chain_covers_every_entry_in_order() {
    let alliance = Alliance::open().await;
    let clinic = alliance.clinic("Luwan").await;
    for name in ["何翠莲", "孙玉柱", "周桂芬"] {
        alliance.patient(clinic.doctor(), name).await;
    }

    while journal::seal_some(&alliance.ctx.db, 2).await.unwrap() > 0 {}

    assert_eq!(alliance.read_one("SELECT count(*) AS n FROM journal WHERE hash IS NULL").await, 0);
    let broken =
        "SELECT count(*) AS n FROM journal a JOIN journal b ON b.seq = a.seq + 1 WHERE b.prev_hash <> a.hash";
    assert_eq!(alliance.read_one(broken).await, 0);
    assert!(alliance.read_one("SELECT count(*) AS n FROM journal").await >= 3);
}

#[tokio::test]
async fn a_schema_from_the_future_is_refused() {
    let store = TestStore::open().await;
    let mut tx = store.db.write_quiet("test.future").await.unwrap();
    tx.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1", args![]).await.unwrap();
    tx.commit().await.unwrap();

    let refused = store.db.migrate().await;

    assert!(matches!(refused, Err(StoreError::NewerSchema { found: 9999, .. })), "{refused:?}");
}

#[tokio::test]
async fn a_database_that_could_forget_is_refused() {
    let store = TestStore::open().await;
    if store.db.dialect() == Dialect::Postgres {
        // A test cluster's fsync is the cluster's: the check itself is covered on SQLite.
        return;
    }
    let refused = Db::open(&config::Database {
        url: "sqlite::memory:".to_owned(), // cannot be WAL
        ..config::Database::default()
    })
    .await;

    assert!(matches!(refused, Err(StoreError::Unsafe { .. })));
}
