//! As much of protobuf's encoding as LiveKit's signalling takes: numbers, texts, messages.

/// Wire types.
const NUMBER: u64 = 0;
const BYTES: u64 = 2;

/// A message as it is written.
#[derive(Default, Clone)]
pub struct Message(pub Vec<u8>);

impl Message {
    pub fn number(mut self, field: u64, value: u64) -> Self {
        self.varint((field << 3) | NUMBER);
        self.varint(value);
        self
    }

    pub fn bytes(mut self, field: u64, value: &[u8]) -> Self {
        self.varint((field << 3) | BYTES);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    pub fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// What stands in a field.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl Value<'_> {
    pub fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        }
    }

    pub fn fields(&self) -> Vec<(u64, Value<'_>)> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Bytes(bytes) => fields(bytes),
        }
    }

    pub fn count(&self) -> usize {
        match self {
            Self::Number(number) => *number as usize,
            Self::Bytes(_) => 0,
        }
    }
}

/// The fields of a message, as far as they are numbers and bytes.
pub fn fields(mut rest: &[u8]) -> Vec<(u64, Value<'_>)> {
    let mut found = Vec::new();
    while let Some(tag) = varint(&mut rest) {
        let value = match tag & 7 {
            NUMBER => varint(&mut rest).map(Value::Number),
            BYTES => varint(&mut rest).and_then(|long| rest.split_off(..long as usize)).map(Value::Bytes),
            _ => None,
        };
        let Some(value) = value else { break };
        found.push((tag >> 3, value));
    }
    found
}

fn varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *rest.split_off_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
