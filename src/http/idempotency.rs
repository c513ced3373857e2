//! Once: the same request, sent again, is answered again and done once.
//!
//! The key is claimed and the answer kept in the transaction of the change, so that after
//! a crash the two are there together or not at all (RFC draft-ietf-httpapi-idempotency-key-header).

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::Value;

use super::{Problem, Tagged, codes};
use crate::{
    ctx::Ctx,
    kernel::{Timestamp, UserId},
    store::{Query, Result, WriteTx, args},
};

/// One request by one person under that person's key.
#[derive(Debug, Clone)]
pub struct Once {
    user: UserId,
    key: String,
    request_hash: String,
}

/// An answer that was given before.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredAnswer {
    /// Its status.
    pub status: u16,
    /// The version of the record in it.
    pub version: i64,
    /// Its body.
    pub body: Value,
}

/// Why a request must not be done (again).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotAgain {
    /// It was done: this was the answer.
    #[error("already done")]
    Done(StoredAnswer),
    /// The key stands for another request.
    #[error("the key stands for another request")]
    OtherRequest,
}

/// What claiming a key says.
pub type Claim = std::result::Result<(), NotAgain>;

impl Once {
    /// The request `what` (method and address) with `body`, under `key`.
    pub fn new(user: UserId, key: &str, what: &str, body: &[u8]) -> Self {
        use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
        let mut bytes = what.as_bytes().to_vec();
        bytes.push(0);
        bytes.extend_from_slice(body);
        let request_hash = STANDARD_NO_PAD.encode(digest(&SHA256, &bytes));
        Self { user, key: key.to_owned(), request_hash }
    }

    /// Claims the key inside the transaction of the change. A second request with the same
    /// key waits here for the first one's transaction.
    pub async fn claim(&self, ctx: &Ctx, tx: &mut WriteTx, now: Timestamp) -> Result<Claim> {
        let claimed = tx
            .execute(
                "INSERT INTO idempotency_keys (user_id, key, request_hash, created_at)
                 VALUES ($1, $2, $3, $4)
                     ON CONFLICT (user_id, key) DO NOTHING",
                args![self.user, self.key, self.request_hash, now],
            )
            .await?;
        if claimed == 1 {
            return Ok(Ok(()));
        }
        let row = tx
            .fetch_one(
                "SELECT request_hash, status, answer, version
                   FROM idempotency_keys
                  WHERE user_id = $1
                    AND key = $2",
                args![self.user, self.key],
            )
            .await?;
        if row.get::<String>("request_hash")? != self.request_hash {
            return Ok(Err(NotAgain::OtherRequest));
        }
        let sealed: Vec<u8> = row.get("answer")?;
        let broken =
            |why: &str| crate::store::StoreError::Broken { column: "answer".into(), why: why.into() };
        let body = ctx.vault.open(&self.place(), &sealed).map_err(|_| broken("does not open"))?;
        Ok(Err(NotAgain::Done(StoredAnswer {
            status: row.get::<i64>("status")? as u16,
            version: row.get::<Option<i64>>("version")?.unwrap_or_default(),
            body: serde_json::from_slice(&body).map_err(|_| broken("is not JSON"))?,
        })))
    }

    /// Keeps the answer, in the same transaction.
    pub async fn keep(&self, ctx: &Ctx, tx: &mut WriteTx, answer: &StoredAnswer) -> Result<()> {
        let sealed = ctx.vault.seal(&self.place(), answer.body.to_string().as_bytes(), &*ctx.dice);
        tx.execute(
            "UPDATE idempotency_keys
                SET status = $1, answer = $2, version = $3
              WHERE user_id = $4
                AND key = $5",
            args![i64::from(answer.status), sealed, answer.version, self.user, self.key],
        )
        .await?;
        Ok(())
    }

    /// Gives the key back: the request changed something but was refused all the same, and
    /// may be tried again.
    pub async fn release(&self, tx: &mut WriteTx) -> Result<()> {
        tx.execute(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2",
            args![self.user, self.key],
        )
        .await?;
        Ok(())
    }

    fn place(&self) -> String {
        format!("idempotency_keys/answer/{}/{}", self.user, self.key)
    }
}

/// Forgets the answers given before `moment`; says how many.
pub async fn forget_answers(ctx: &Ctx, moment: Timestamp) -> Result<u64> {
    let mut tx = ctx.db.write_quiet("http.forget_answers").await?;
    let gone = tx.execute("DELETE FROM idempotency_keys WHERE created_at < $1", args![moment]).await?;
    tx.commit().await?;
    Ok(gone)
}

impl StoredAnswer {
    /// 201, with the record that was made.
    pub fn made(version: i64, record: &impl serde::Serialize) -> Self {
        let body = serde_json::to_value(record).expect("a record is JSON");
        Self { status: StatusCode::CREATED.as_u16(), version, body }
    }
}

impl IntoResponse for StoredAnswer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        Tagged { status, version: self.version, body: self.body }.into_response()
    }
}

impl NotAgain {
    /// The answer to give: the stored one, or the refusal.
    pub fn respond(self) -> std::result::Result<StoredAnswer, Problem> {
        match self {
            Self::Done(answer) => Ok(answer),
            Self::OtherRequest => Err(Problem::new(&codes::IDEMPOTENCY_KEY_REUSED)),
        }
    }
}
