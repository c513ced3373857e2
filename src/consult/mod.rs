//! Consult: a remote consultation from request to summary.
