//! Plays the demo's stories through the api, in the order of their times.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::pictures::Picture;
use crate::auth::{self, Token};
use crate::consult;
use crate::ctx::Ctx;
use crate::kernel::{StoppedClock, Timestamp, UserId};
use crate::referral;
use crate::server::{Answer, App, Inside};
use crate::store::StoreError;

/// What somebody does in a story.
#[derive(Debug, Clone)]
pub enum Act {
    /// Opens a record: `/consults` or `/referrals` with this form.
    Begin(&'static str, Value),
    /// Takes a step with the story's record.
    Does(&'static str, Value),
    /// Writes in the draft.
    Writes(Value),
    /// Writes into the conversation.
    Says(&'static str),
    /// Adds a file.
    Adds(Picture),
    /// Can be rung for the next minutes.
    IsThere,
    /// Takes a seat in the call.
    Sits,
    /// Goes on with the referral that the story's record has led to.
    FollowsReferral,
}

/// One step of a story.
#[derive(Debug, Clone)]
pub struct Step {
    /// When.
    at: Timestamp,
    /// By whom.
    by: UserId,
    /// What.
    act: Act,
}

/// One record's life, told by whoever acts in it.
#[derive(Debug, Clone)]
pub struct Story {
    at: Timestamp,
    by: UserId,
    steps: Vec<Step>,
}

impl Story {
    /// A story that begins at `at` with `by`.
    pub fn begin(at: Timestamp, by: UserId) -> Self {
        Self { at, by, steps: Vec::new() }
    }

    /// Time goes by.
    pub fn later(mut self, span: Duration) -> Self {
        self.at = self.at.plus(span);
        self
    }

    /// What time it is in the story.
    pub fn now(&self) -> Timestamp {
        self.at
    }

    /// Somebody else acts from here on.
    pub fn by(mut self, who: UserId) -> Self {
        self.by = who;
        self
    }

    /// The one who acts does this, and half a minute goes by.
    pub fn act(mut self, act: Act) -> Self {
        self.steps.push(Step { at: self.at, by: self.by, act });
        self.at = self.at.plus(Duration::from_secs(30));
        self
    }

    /// Takes a step.
    pub fn does(self, action: &'static str, form: Value) -> Self {
        self.act(Act::Does(action, form))
    }
}

/// A record as the story last saw it.
#[derive(Debug, Clone)]
struct Record {
    path: String,
    version: i64,
    /// The referral it led to.
    onward: Option<String>,
}

/// The stage: everybody can be played, and the clock stands until it is moved.
pub struct Stage<'a> {
    ctx: &'a Ctx,
    clock: &'a StoppedClock,
    inside: Inside,
    tokens: BTreeMap<UserId, Token>,
    key: u64,
    /// Drawn once each: arithmetic is slow where it is not optimised.
    files: BTreeMap<Picture, (&'static str, &'static str, Vec<u8>)>,
    /// When time itself last acted; nothing if it does not.
    ticked: Option<Timestamp>,
}

/// Time acts so often while a long play goes on.
const TURN: Duration = Duration::from_mins(30);

/// A step that the house did not take: a story that was written wrong.
#[derive(Debug)]
pub struct Refused {
    /// What was asked.
    pub asked: String,
    /// What the house said.
    pub answer: Value,
}

impl<'a> Stage<'a> {
    /// A stage in `app`, whose clock is `clock`.
    pub fn new(app: &'a App, clock: &'a StoppedClock) -> Self {
        Self {
            ctx: &app.ctx,
            clock,
            inside: Inside::new(app.clone()),
            tokens: BTreeMap::new(),
            key: 0,
            files: BTreeMap::new(),
            ticked: None,
        }
    }

    /// Lets time act as well: what expires expires, who does not come is missed.
    pub fn with_time(&mut self) {
        self.ticked = Some(crate::kernel::Clock::now(self.clock));
    }

    /// Moves the clock to `at`, half an hour at a time where time acts.
    async fn pass(&mut self, at: Timestamp) -> Result<(), StoreError> {
        while let Some(last) = self.ticked.filter(|last| last.plus(TURN) <= at) {
            self.turn_to(last.plus(TURN));
            self.ticked = Some(last.plus(TURN));
            referral::tick(self.ctx).await?;
            // A consult that cannot be moved now is moved at the next turn.
            let _ = consult::tick(self.ctx).await;
        }
        self.turn_to(at);
        Ok(())
    }

    /// Moves the clock to `at`; never back.
    fn turn_to(&self, at: Timestamp) {
        self.clock.forward(at.since(crate::kernel::Clock::now(self.clock)));
    }

    async fn token(&mut self, who: UserId) -> Option<Token> {
        if let Some(token) = self.tokens.get(&who) {
            return Some(token.clone());
        }
        let token = auth::admit(self.ctx, who, super::PAST * 2).await.ok()?;
        self.tokens.insert(who, token.clone());
        Some(token)
    }

    /// Asks as `who`.
    pub async fn ask(
        &mut self,
        who: UserId,
        asked: (&str, &str),
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Result<Value, Refused> {
        let refused = |answer: Value| Refused { asked: format!("{} {}", asked.0, asked.1), answer };
        let token = self.token(who).await.ok_or_else(|| refused(Value::Null))?;
        self.key += 1;
        let key = format!("demo-{:08}", self.key);
        let mut all = vec![("idempotency-key", key.as_str())];
        all.extend_from_slice(headers);
        let Answer { status, body } = self.inside.ask(&token, asked, &all, body).await;
        if status < 300 { Ok(body) } else { Err(refused(body)) }
    }

    /// Creates something by a form.
    pub async fn post(&mut self, who: UserId, path: &str, form: &Value) -> Result<Value, Refused> {
        let headers = [("content-type", "application/json")];
        self.ask(who, ("POST", path), &headers, form.to_string().into_bytes()).await
    }

    /// Plays all stories at once, every step at its time. A story whose step is refused ends
    /// there; the others go on. Says what was refused.
    pub async fn play(&mut self, stories: Vec<Story>, until: Timestamp) -> Vec<Refused> {
        let mut steps: Vec<(usize, Step)> = stories
            .into_iter()
            .enumerate()
            .flat_map(|(number, story)| story.steps.into_iter().map(move |step| (number, step)))
            // What would come after the curtain has not happened yet.
            .filter(|(_, step)| step.at <= until)
            .collect();
        steps.sort_by_key(|(_, step)| step.at);
        let (mut records, mut ended) = (BTreeMap::<usize, Record>::new(), BTreeMap::new());
        for (number, step) in steps {
            if ended.contains_key(&number) {
                continue;
            }
            if self.pass(step.at).await.is_err() {
                continue;
            }
            match self.take(records.get(&number), &step).await {
                Ok(Some(record)) => {
                    records.insert(number, record);
                }
                Ok(None) => {}
                Err(refused) => {
                    ended.insert(number, refused);
                }
            }
        }
        ended.into_values().collect()
    }

    async fn take(&mut self, record: Option<&Record>, step: &Step) -> Result<Option<Record>, Refused> {
        let by = step.by;
        if let Act::Begin(list, form) = &step.act {
            let body = self.post(by, list, form).await?;
            return Ok(read(list, &body, None));
        }
        if let Act::IsThere = step.act {
            let there = auth::renew(self.ctx, by, Duration::from_mins(10)).await;
            return there
                .map(|()| None)
                .map_err(|_| Refused { asked: "presence".into(), answer: Value::Null });
        }
        let Some(record) = record.cloned() else {
            return Err(Refused { asked: "a story without a record".into(), answer: Value::Null });
        };
        match &step.act {
            Act::Begin(..) | Act::IsThere => Ok(None),
            Act::Does(action, form) => self.does(by, record, action, form).await.map(Some),
            Act::Writes(form) => {
                let seen = format!("\"{}\"", record.version);
                let headers = [("content-type", "application/json"), ("if-match", seen.as_str())];
                let asked = ("PATCH", record.path.as_str());
                let body = self.ask(by, asked, &headers, form.to_string().into_bytes()).await?;
                Ok(read("", &body, Some(&record)))
            }
            Act::Says(words) => {
                let form = json!({ "body": words, "client_msg_id": format!("demo-{}", self.key) });
                self.post(by, &format!("{}/messages", record.path), &form).await.map(|_| None)
            }
            Act::Adds(picture) => self.adds(by, &record, *picture).await.map(|()| None),
            Act::Sits => {
                let id = record.path.rsplit('/').next().and_then(|id| id.parse().ok());
                let sat = match id {
                    Some(id) => consult::joined(self.ctx, id, by).await.is_ok(),
                    None => false,
                };
                if let Some(id) = id.filter(|_| sat) {
                    // How the call was there is told as well; whoever leaves says so on the way out.
                    let told = consult::reported(self.ctx, id, by, &heard(self.key)).await;
                    told.map_err(|_| Refused { asked: "a call report".into(), answer: Value::Null })?;
                }
                if !sat {
                    return Err(Refused { asked: format!("a seat in {}", record.path), answer: Value::Null });
                }
                self.look(by, &record.path).await.map(Some)
            }
            Act::FollowsReferral => {
                let id = record.onward.clone().ok_or_else(|| Refused {
                    asked: format!("the referral after {}", record.path),
                    answer: Value::Null,
                })?;
                self.look(by, &format!("/referrals/{id}")).await.map(Some)
            }
        }
    }

    async fn does(
        &mut self,
        by: UserId,
        record: Record,
        action: &str,
        form: &Value,
    ) -> Result<Record, Refused> {
        let (path, seen) = (format!("{}/actions/{action}", record.path), format!("\"{}\"", record.version));
        let headers = [("content-type", "application/json"), ("if-match", seen.as_str())];
        let asked = self.ask(by, ("POST", &path), &headers, form.to_string().into_bytes()).await;
        let body = match asked {
            Ok(body) => body,
            // Joining and files change a record beside the story: look again, once.
            Err(refused) if refused.answer["code"] == "stale" => {
                let seen = format!("\"{}\"", self.look(by, &record.path).await?.version);
                let headers = [("content-type", "application/json"), ("if-match", seen.as_str())];
                self.ask(by, ("POST", &path), &headers, form.to_string().into_bytes()).await?
            }
            Err(refused) => return Err(refused),
        };
        Ok(read("", &body, Some(&record)).unwrap_or(record))
    }

    async fn look(&mut self, by: UserId, path: &str) -> Result<Record, Refused> {
        let body = self.ask(by, ("GET", path), &[], Vec::new()).await?;
        let version = body["version"].as_i64().unwrap_or(1);
        Ok(Record { path: path.to_owned(), version, onward: onward(&body) })
    }

    async fn adds(&mut self, by: UserId, record: &Record, picture: Picture) -> Result<(), Refused> {
        let (name, kind, bytes) = self.files.entry(picture).or_insert_with(|| picture.file()).clone();
        let encoded: String = name.bytes().fold(String::new(), |mut text, byte| {
            use std::fmt::Write as _;
            write!(text, "%{byte:02X}").expect("writing to a String cannot fail");
            text
        });
        let (disposition, length) =
            (format!("attachment; filename*=UTF-8''{encoded}"), bytes.len().to_string());
        let headers =
            [("content-type", kind), ("content-disposition", &*disposition), ("content-length", &*length)];
        self.ask(by, ("POST", &format!("{}/attachments", record.path)), &headers, bytes).await.map(|_| ())
    }

    /// Ends what was opened for the play.
    pub async fn clear(self) -> Result<(), StoreError> {
        use crate::journal::{self, Actor, Entity, Entry};
        let mut tx = self.ctx.db.write("seed.clear").await?;
        for user in self.tokens.keys() {
            auth::end_sessions(&mut tx, *user).await?;
        }
        let entry =
            Entry::new(self.ctx.clock.now(), Actor::System, None, Entity::List("sessions"), "seed.clear");
        journal::append(&mut tx, entry, &[]).await?;
        tx.commit().await
    }
}

/// What the demo's relay would have seen of its `n`th seat: most lines good, every seventh thin.
fn heard(n: u64) -> consult::CallReport {
    let n = i64::try_from(n % 1_000).unwrap_or(0);
    let is_thin = n % 7 == 0;
    let seconds = 240 + n % 11 * 60;
    consult::CallReport {
        setup_ms: Some(if is_thin { 2_600 } else { 420 } + n % 5 * 130),
        route: Some(if is_thin { "tls" } else { "udp" }),
        seconds,
        voice_only_s: if is_thin { seconds / 3 } else { 0 },
        loss_pm: if is_thin { 140 } else { n % 4 },
        breaks: i64::from(is_thin),
    }
}

/// The record in an answer: itself, or within `{consult, referral_id}`.
fn read(list: &str, body: &Value, before: Option<&Record>) -> Option<Record> {
    let view = if body["consult"].is_object() { &body["consult"] } else { body };
    let (id, version) = (view["id"].as_str()?, view["version"].as_i64()?);
    let path = before.map_or_else(|| format!("{list}/{id}"), |record| record.path.clone());
    let onward = onward(body).or_else(|| before.and_then(|record| record.onward.clone()));
    Some(Record { path, version, onward })
}

/// The referral that a record has led to, by whatever name its view has it.
fn onward(body: &Value) -> Option<String> {
    let named = |value: &Value| value.as_str().map(str::to_owned);
    named(&body["referral_id"])
        .or_else(|| named(&body["created_referral_id"]))
        .or_else(|| body["referral_ids"].as_array()?.last().and_then(named))
}
