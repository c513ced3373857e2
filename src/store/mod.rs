//! Store: the database as such. No table is known here.
