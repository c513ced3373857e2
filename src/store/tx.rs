//! Transactions: named, and refused when they change records untold.

use std::{sync::Arc, time::Duration};

use sqlx::{Any, AnyPool, AssertSqlSafe, SqlSafeStr, SqlStr, Transaction, any::AnyArguments};
use tokio::sync::watch;

use super::{Dialect, Result, Row, StoreError, Value, args, asked::Asked};

/// What both kinds of transaction can be asked.
pub trait Query: Send {
    /// All rows of an answer, from a text put together at run time. Only ever put fixed
    /// pieces together: values travel as arguments.
    fn fetch_built(&mut self, sql: String, args: Vec<Value>)
    -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// All rows of an answer.
    fn fetch_all(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// The first row of an answer, if it has one.
    fn fetch_optional(
        &mut self,
        sql: &'static str,
        args: Vec<Value>,
    ) -> impl Future<Output = Result<Option<Row>>> + Send {
        async move { Ok(self.fetch_all(sql, args).await?.into_iter().next()) }
    }

    /// The first row of an answer that has one.
    fn fetch_one(&mut self, sql: &'static str, args: Vec<Value>) -> impl Future<Output = Result<Row>> + Send {
        async move { self.fetch_optional(sql, args).await?.ok_or(StoreError::NoRow) }
    }
}

/// A transaction that only reads.
pub struct ReadTx {
    tx: Transaction<'static, Any>,
    asked: Arc<Asked>,
}

impl ReadTx {
    pub(super) async fn begin(pool: &AnyPool, asked: Arc<Asked>) -> Result<Self> {
        Ok(Self { tx: pool.begin().await?, asked })
    }
}

/// A transaction that changes something. Dropped without [`WriteTx::commit`] it leaves no trace.
pub struct WriteTx {
    tx: Transaction<'static, Any>,
    name: &'static str,
    owes_entry: bool,
    changed: bool,
    newest: Option<i64>,
    bell: Arc<watch::Sender<i64>>,
    asked: Arc<Asked>,
}

impl WriteTx {
    pub(super) async fn begin(
        pool: &AnyPool,
        dialect: Dialect,
        name: &'static str,
        (bell, asked): (Arc<watch::Sender<i64>>, Arc<Asked>),
        owes_entry: bool,
    ) -> Result<Self> {
        // Another process (a backup, an operator's shell) may hold the lock for a moment.
        let mut patience = [50, 150, 450].into_iter();
        let tx = loop {
            match pool.begin_with(dialect.begin_write()).await {
                Ok(tx) => break tx,
                Err(error) => match patience.next() {
                    Some(wait) => {
                        tracing::debug!(transaction = name, %error, "Could not begin, trying again");
                        tokio::time::sleep(Duration::from_millis(wait)).await;
                    }
                    None => return Err(StoreError::Unreachable(error)),
                },
            }
        };
        Ok(Self { tx, name, owes_entry, changed: false, newest: None, bell, asked })
    }

    /// Changes rows and says how many.
    pub async fn execute(&mut self, sql: &'static str, args: Vec<Value>) -> Result<u64> {
        self.changed = true;
        self.asked.sent(sql);
        Ok(bound(sql.into_sql_str(), args).execute(&mut *self.tx).await?.rows_affected())
    }

    /// Writes many rows with few statements, as each costs a turn: `INSERT INTO <into> VALUES (…), (…) <end>`.
    /// Only ever put fixed pieces together. The statements come in three sizes, so that the engine
    /// makes three texts ready and not one for each number of rows.
    pub async fn insert_all(&mut self, into: &str, rows: Vec<Vec<Value>>, end: &str) -> Result<()> {
        self.changed |= !rows.is_empty();
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let size = [64, 8, 1].into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
            let mut values = Vec::new();
            let mut places = Vec::with_capacity(size);
            for row in rows.by_ref().take(size) {
                let numbers = values.len() + 1..=values.len() + row.len();
                places.push(format!("({})", numbers.map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")));
                values.extend(row);
            }
            let sql = format!("INSERT INTO {into} VALUES {} {end}", places.join(", "));
            self.asked.sent(&sql);
            bound(AssertSqlSafe(sql).into_sql_str(), values).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Changes exactly the row that is still as the caller saw it.
    ///
    /// # Errors
    /// `Conflict` if no row fitted: someone else was faster.
    pub async fn execute_seen(
        &mut self,
        what: &'static str,
        sql: &'static str,
        args: Vec<Value>,
    ) -> Result<()> {
        match self.execute(sql, args).await? {
            0 => Err(StoreError::Conflict { what }),
            _ => Ok(()),
        }
    }

    /// The next number of a series: 1, 2, 3, … in the order of commits, without gaps. The
    /// series stays locked until this transaction ends, so take it late.
    pub async fn next_number(&mut self, series: &str) -> Result<i64> {
        let row = self
            .fetch_one(
                "INSERT INTO counters (name, n) VALUES ($1, 1)
                     ON CONFLICT (name) DO UPDATE SET n = counters.n + 1
                  RETURNING n",
                args![series],
            )
            .await?;
        row.get("n")
    }

    /// The name this transaction was begun with.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Said by the journal, and only by it: entry `seq` is part of this transaction.
    pub(crate) fn journaled(&mut self, seq: i64) {
        self.newest = Some(seq);
    }

    /// Makes everything durable and rings the bell.
    ///
    /// # Errors
    /// `Unjournaled` if rows were changed and no entry was written: nothing is kept then.
    pub async fn commit(self) -> Result<()> {
        if self.owes_entry && self.changed && self.newest.is_none() {
            return Err(StoreError::Unjournaled { name: self.name });
        }
        self.tx.commit().await?;
        if let Some(seq) = self.newest {
            self.bell.send_modify(|newest| *newest = seq.max(*newest));
        }
        Ok(())
    }
}

impl Query for ReadTx {
    async fn fetch_built(&mut self, sql: String, args: Vec<Value>) -> Result<Vec<Row>> {
        rows(&mut self.tx, &self.asked, AssertSqlSafe(sql).into_sql_str(), args).await
    }
    async fn fetch_all(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        rows(&mut self.tx, &self.asked, sql.into_sql_str(), args).await
    }
}

impl Query for WriteTx {
    async fn fetch_built(&mut self, sql: String, args: Vec<Value>) -> Result<Vec<Row>> {
        rows(&mut self.tx, &self.asked, AssertSqlSafe(sql).into_sql_str(), args).await
    }
    async fn fetch_all(&mut self, sql: &'static str, args: Vec<Value>) -> Result<Vec<Row>> {
        rows(&mut self.tx, &self.asked, sql.into_sql_str(), args).await
    }
}

async fn rows(
    tx: &mut Transaction<'static, Any>,
    asked: &Asked,
    sql: SqlStr,
    args: Vec<Value>,
) -> Result<Vec<Row>> {
    asked.sent(sql.as_str());
    Ok(bound(sql, args).fetch_all(&mut **tx).await?.into_iter().map(Row).collect())
}

fn bound(sql: SqlStr, args: Vec<Value>) -> sqlx::query::Query<'static, Any, AnyArguments> {
    args.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Int(number) => query.bind(number),
        Value::Real(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
    })
}
