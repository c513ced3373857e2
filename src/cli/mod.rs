//! Cli: the sub-commands of the one binary.
