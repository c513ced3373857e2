//! Journal: what happened, once. History, audit, live updates and statistics read it.
