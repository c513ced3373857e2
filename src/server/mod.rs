//! Server: listeners, routes and wiring. Knows every room's face and holds no rules.
