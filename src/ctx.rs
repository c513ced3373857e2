//! The instruments every command is given.
