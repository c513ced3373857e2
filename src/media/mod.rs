//! Media: the relay. Knows seats and rooms, no people and no records.
