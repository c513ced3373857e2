//! Who is on duty, as the rota and the absences have it.

pub(super) mod store;
