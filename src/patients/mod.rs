//! Patients: the person, found again.
