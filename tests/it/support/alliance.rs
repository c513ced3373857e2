//! A small alliance of invented places and people, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use causeway::config::Config;
use causeway::ctx::Ctx;
use causeway::kernel::{
    DepartmentId, DiceExt, FacilityId, LoadedDice, SessionId, ShiftId, StoppedClock, Timestamp, UserId, Vault,
};
use causeway::server::{App, router};
use causeway::store::{Query, args};
use serde_json::{Value, json};

use super::{Person, TestStore};

/// Monday, 2 March 2026, 10:00 in the alliance's zone.
const MORNING: i64 = 1_772_416_800_000;

/// The master key of every test.
pub const KEY: [u8; 32] = *b"a key for tests, never for peopl";

/// An alliance for one test. Places are added as the test needs them; the first hospital leads.
pub struct Alliance {
    pub ctx: Ctx,
    pub clock: Arc<StoppedClock>,
    pub app: App,
    pub router: Router,
    pub store: TestStore,
}

/// A facility with its people. A hospital has a department that takes consults and referrals.
pub struct Place {
    pub facility: FacilityId,
    pub department: Option<DepartmentId>,
    doctor: Person,
    second: Person,
    desk: Person,
    admin: Person,
}

impl Place {
    /// Writes and refers at a clinic, answers at a hospital (first on the rota).
    pub fn doctor(&self) -> &Person {
        &self.doctor
    }
    /// A colleague in the same place (second tier of the rota).
    pub fn second(&self) -> &Person {
        &self.second
    }
    /// The referral desk.
    pub fn desk(&self) -> &Person {
        &self.desk
    }
    /// The facility's administrator.
    pub fn admin(&self) -> &Person {
        &self.admin
    }
    /// The department, of a place that has one.
    pub fn department(&self) -> DepartmentId {
        self.department.expect("only a hospital has a department")
    }
}

/// What a facility is made with.
struct Plan<'a> {
    name: &'a str,
    level: &'a str,
    leads: bool,
    department: Option<&'a str>,
}

impl Alliance {
    /// A fresh store, a stopped clock, loaded dice, nobody in it.
    pub async fn open() -> Self {
        Self::open_at(Timestamp::from_millis(MORNING)).await
    }

    /// The same with the clock standing at `at`: for a store that the real binary goes on with.
    pub async fn open_at(at: Timestamp) -> Self {
        let store = TestStore::open().await;
        let clock = Arc::new(StoppedClock::at(at));
        let ctx = Ctx {
            db: store.db.clone(),
            clock: clock.clone(),
            dice: Arc::new(LoadedDice::new(7)),
            vault: Arc::new(Vault::new(&KEY)),
        };
        let mut config = Config::default();
        config.attachments.folder = store.folder().join("files");
        config.attachments.decoder = Some(env!("CARGO_BIN_EXE_causeway").into());
        config.attachments.max_bytes = 2 * 1024 * 1024;
        let app = App::new(ctx.clone(), config).await.unwrap();
        Self { router: router(app.clone()), ctx, clock, app, store }
    }

    /// A township clinic.
    pub async fn clinic(&self, name: &str) -> Place {
        self.place(Plan { name, level: "township", leads: false, department: None }).await
    }

    /// A tertiary hospital with a department of cardiology; the first one leads the alliance.
    pub async fn hospital(&self, name: &str) -> Place {
        let row = self.read_one("SELECT count(*) AS n FROM facilities WHERE leads = 1").await;
        self.place(Plan { name, level: "tertiary", leads: row == 0, department: Some("Cardiology") }).await
    }

    /// One more department of a place; answers with its id.
    pub async fn department(&self, place: &Place, name: &str) -> String {
        let now = self.ctx.clock.now();
        let id = DepartmentId::draw(now, &*self.ctx.dice);
        let mut tx = self.ctx.db.write_quiet("test.department").await.unwrap();
        tx.execute(
            "INSERT INTO departments (id, facility_id, name, pinyin, initials, scope_text, phone, accepts_consult,
                                      accepts_referral, min_dataset, ring_seconds, active, version, created_at)
             VALUES ($1, $2, $3, $3, $3, 'All', '0999-555-0143', 1, 1, '[]', 30, 1, 1, $4)",
            args![id, place.facility, name.to_owned(), now],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id.to_string()
    }

    /// Somebody with one role, signed in.
    pub async fn person(&self, name: &str, at: FacilityId, in_: Option<DepartmentId>, role: &str) -> Person {
        let now = self.ctx.clock.now();
        let dice = &*self.ctx.dice;
        let (id, session) = (UserId::draw(now, dice), SessionId::draw(now, dice));
        let login = format!("{}-{}", name.to_lowercase().replace(' ', "."), &id.to_string()[28..]);
        let token = URL_SAFE_NO_PAD.encode(dice.bytes::<32>());
        let hash =
            URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes()));
        let mut tx = self.ctx.db.write_quiet("test.person").await.unwrap();
        tx.execute(
            "INSERT INTO users (id, login, name, pinyin, title, phone, status, version, created_at)
             VALUES ($1, $2, $3, $3, 'Dr', '0999-555-0100', 'active', 1, $4)",
            args![id, login, name, now],
        )
        .await
        .unwrap();
        tx.execute(
            "INSERT INTO user_roles (user_id, n, facility_id, department_id, role, status)
             VALUES ($1, 0, $2, $3, $4, 'active')",
            args![id, at, in_, role],
        )
        .await
        .unwrap();
        tx.execute(
            "INSERT INTO credentials (user_id, password_hash, stamp, changed_at) VALUES ($1, 'none', 1, $2)",
            args![id, now],
        )
        .await
        .unwrap();
        tx.execute(
            "INSERT INTO sessions (id, user_id, token_hash, stamp, created_at, expires_at)
             VALUES ($1, $2, $3, 1, $4, $5)",
            args![session, id, hash, now, now.plus(Duration::from_secs(12 * 3600))],
        )
        .await
        .unwrap();
        tx.execute(
            "INSERT INTO presence (user_id, state, since, lease_until) VALUES ($1, 'available', $2, $3)",
            args![id, now, now.plus(Duration::from_secs(12 * 3600))],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        Person {
            id,
            name: name.to_owned(),
            login,
            cookie: Some(format!("__Host-sid={token}")),
            router: self.router.clone(),
        }
    }

    /// Nobody in particular.
    pub fn stranger(&self) -> Person {
        let id = UserId::draw(self.ctx.clock.now(), &*self.ctx.dice);
        Person {
            id,
            name: "Nobody".into(),
            login: "nobody".into(),
            cookie: None,
            router: self.router.clone(),
        }
    }

    /// A patient entered by `doctor`; answers with the id.
    pub async fn patient(&self, doctor: &Person, name: &str) -> String {
        let body = json!({ "name": name, "sex": "female", "birth_date": "1956-04-09", "no_id_reason": "not_at_hand",
                           "phone": "19900001234", "allergies": ["penicillin"] });
        doctor.post("/patients", body).await.is(201).text("id")
    }

    /// What the journal has, oldest first: the actions on one record.
    pub async fn journal_of(&self, entity: &str) -> Vec<String> {
        let mut tx = self.ctx.db.read().await.unwrap();
        let rows = tx
            .fetch_all("SELECT action FROM journal WHERE entity_id = $1 ORDER BY seq", args![entity])
            .await
            .unwrap();
        rows.iter().map(|row| row.get("action").unwrap()).collect()
    }

    /// How many entries of this action were numbered for a person.
    pub async fn inbox_of(&self, who: &Person, action: &str) -> i64 {
        let mut tx = self.ctx.db.read().await.unwrap();
        let row = tx
            .fetch_one(
                "SELECT count(*) AS n
                   FROM inbox i
                   JOIN journal j ON j.seq = i.journal_seq
                  WHERE i.user_id = $1 AND j.action = $2",
                args![who.id, action.to_owned()],
            )
            .await
            .unwrap();
        row.get("n").unwrap()
    }

    /// The one number of an answer named `n`.
    pub async fn read_one(&self, sql: &'static str) -> i64 {
        let mut tx = self.ctx.db.read().await.unwrap();
        tx.fetch_one(sql, args![]).await.unwrap().get("n").unwrap()
    }

    async fn place(&self, plan: Plan<'_>) -> Place {
        let now = self.ctx.clock.now();
        let facility = FacilityId::draw(now, &*self.ctx.dice);
        let department = plan.department.map(|_| DepartmentId::draw(now, &*self.ctx.dice));
        let mut tx = self.ctx.db.write_quiet("test.place").await.unwrap();
        tx.execute(
            "INSERT INTO facilities (id, name, pinyin, initials, level, phone_24h, leads, active, version, created_at)
             VALUES ($1, $2, $2, $2, $3, '0999-555-0199', $4, 1, 1, $5)",
            args![facility, plan.name, plan.level, i64::from(plan.leads), now],
        )
        .await
        .unwrap();
        if let (Some(id), Some(name)) = (department, plan.department) {
            tx.execute(
                "INSERT INTO departments (id, facility_id, name, pinyin, initials, scope_text, phone,
                                          accepts_consult, accepts_referral, min_dataset, ring_seconds,
                                          active, version, created_at)
                 VALUES ($1, $2, $3, $3, $3, 'Chest pain, rhythm', '0999-555-0142', 1, 1, '[]', 30, 1, 1, $4)",
                args![id, facility, name, now],
            )
            .await
            .unwrap();
        }
        tx.commit().await.unwrap();

        let role = if department.is_some() { "specialist" } else { "rural_doctor" };
        let of = |who: &str| format!("{who} {}", plan.name);
        let doctor = self.person(&of("Lin"), facility, department, role).await;
        let second = self.person(&of("Zhao"), facility, department, role).await;
        let desk = self.person(&of("Desk"), facility, None, "coordinator").await;
        let admin = self.person(&of("Admin"), facility, None, "facility_admin").await;
        if let Some(department) = department {
            self.on_call(department, &doctor, 1).await;
            self.on_call(department, &second, 2).await;
        }
        Place { facility, department, doctor, second, desk, admin }
    }

    /// Puts somebody on the rota for a day and a night around now.
    pub async fn on_call(&self, department: DepartmentId, who: &Person, tier: i64) {
        let now = self.ctx.clock.now();
        let day = Duration::from_secs(24 * 3600);
        let mut tx = self.ctx.db.write_quiet("test.shift").await.unwrap();
        tx.execute(
            "INSERT INTO rota_shifts (id, department_id, user_id, tier, starts_at, ends_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            args![
                ShiftId::draw(now, &*self.ctx.dice),
                department,
                who.id,
                tier,
                now.minus(day),
                now.plus(day)
            ],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }
}

/// The words of `action` of a history, in order.
pub fn steps(history: &Value) -> Vec<String> {
    let items = history["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|item| item["action"].as_str().unwrap_or_default().to_owned()).collect()
}
