//! Jobs: things that time does.
