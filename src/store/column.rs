//! Our types to and from the five portable column types.

use serde::de::DeserializeOwned;
use sqlx::{Row as _, any::AnyRow};

use super::{Result, StoreError};
use crate::kernel;

/// A value on its way into a statement. `None` keeps the column's type, which PostgreSQL wants to know.
#[derive(Debug, Clone)]
pub enum Value {
    /// `TEXT`
    Text(Option<String>),
    /// `BIGINT` or `SMALLINT`
    Int(Option<i64>),
    /// `DOUBLE PRECISION`
    Real(Option<f64>),
    /// `BYTEA`
    Bytes(Option<Vec<u8>>),
}

/// What can be an argument of a statement.
pub trait ToColumn {
    /// The value to bind.
    fn to_column(&self) -> Value;
    /// The NULL of the same column type.
    fn null() -> Value;
}

/// What can be read from a column.
pub trait FromColumn: Sized {
    /// Reads `column` of `row`; `None` for NULL.
    fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>>;
}

/// `$4, $5, …` for a list of ids or words, whose values are added to `values`: what stands
/// between the brackets of `IN (…)`. Lists are filled up to a few lengths by repeating the last,
/// so that a statement has few texts and stays prepared. An empty list is `NULL`: nothing fits.
pub fn among<T: ToColumn>(list: &[T], values: &mut Vec<Value>) -> String {
    let Some(last) = list.last() else { return "NULL".to_owned() };
    let first = values.len() + 1;
    let length = list.len().next_power_of_two();
    values.extend((0..length).map(|n| list.get(n).unwrap_or(last).to_column()));
    let places: Vec<String> = (first..first + length).map(|n| format!("${n}")).collect();
    places.join(", ")
}

/// One row of an answer.
pub struct Row(pub(super) AnyRow);

impl Row {
    /// Reads a column; wrap the type in `Option` where NULL is allowed.
    pub fn get<T: FromColumn>(&self, column: &str) -> Result<T> {
        T::from_column(&self.0, column)?.ok_or_else(|| broken(column, "is NULL"))
    }

    /// Reads a text column as one of our words.
    pub fn parse<T: std::str::FromStr>(&self, column: &str) -> Result<T> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| broken(column, "not one of our words"))
    }

    /// Reads a text column as one of our words, or NULL.
    pub fn parse_opt<T: std::str::FromStr>(&self, column: &str) -> Result<Option<T>> {
        match self.get::<Option<String>>(column)? {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| broken(column, "not one of our words")),
        }
    }

    /// Reads a text column that holds JSON.
    pub fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| broken(column, "not the expected JSON"))
    }
}

fn broken(column: &str, why: &str) -> StoreError {
    StoreError::Broken { column: column.to_owned(), why: why.to_owned() }
}

macro_rules! plain {
    ($($type:ty => $kind:ident),* $(,)?) => {$(
        impl ToColumn for $type {
            fn to_column(&self) -> Value { Value::$kind(Some(self.to_owned().into())) }
            fn null() -> Value { Value::$kind(None) }
        }
    )*};
}
plain!(str => Text, String => Text, i64 => Int, i32 => Int, i16 => Int, u32 => Int, bool => Int, f64 => Real, [u8] => Bytes, Vec<u8> => Bytes);

impl<T: ToColumn> ToColumn for Option<T> {
    fn to_column(&self) -> Value {
        self.as_ref().map_or_else(T::null, ToColumn::to_column)
    }
    fn null() -> Value {
        T::null()
    }
}

impl<T: ToColumn + ?Sized> ToColumn for &T {
    fn to_column(&self) -> Value {
        (**self).to_column()
    }
    fn null() -> Value {
        T::null()
    }
}

macro_rules! read {
    ($($type:ty),* $(,)?) => {$(
        impl FromColumn for $type {
            fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>> {
                Ok(row.try_get::<Option<$type>, _>(column)?)
            }
        }
    )*};
}
read!(String, f64, Vec<u8>);

impl FromColumn for i64 {
    fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>> {
        Ok(row.try_get::<Option<i64>, _>(column)?)
    }
}

impl FromColumn for bool {
    fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>> {
        Ok(i64::from_column(row, column)?.map(|flag| flag != 0))
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>> {
        Ok(Some(T::from_column(row, column)?))
    }
}

impl ToColumn for kernel::Timestamp {
    fn to_column(&self) -> Value {
        Value::Int(Some(self.millis()))
    }
    fn null() -> Value {
        Value::Int(None)
    }
}

impl FromColumn for kernel::Timestamp {
    fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>> {
        Ok(i64::from_column(row, column)?.map(Self::from_millis))
    }
}

macro_rules! ids {
    ($($name:ident),* $(,)?) => {$(
        impl ToColumn for kernel::$name {
            fn to_column(&self) -> Value { Value::Text(Some(self.to_string())) }
            fn null() -> Value { Value::Text(None) }
        }
        impl FromColumn for kernel::$name {
            fn from_column(row: &AnyRow, column: &str) -> Result<Option<Self>> {
                match String::from_column(row, column)? {
                    None => Ok(None),
                    Some(text) => text.parse().map(Some).map_err(|_| broken(column, "not an id of this kind")),
                }
            }
        }
    )*};
}
ids!(
    FacilityId,
    DeliveryId,
    HookId,
    DepartmentId,
    UserId,
    SessionId,
    ShiftId,
    PatientId,
    ConsultId,
    RingId,
    ParticipantId,
    MessageId,
    OpinionId,
    ConsentId,
    AttachmentId,
    LinkId,
    ReferralId,
    LegId,
    BedPoolId,
    SlotId,
    AbsenceId
);
