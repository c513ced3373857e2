//! Kernel: the words and instruments every room shares. Imports nothing of ours.
pub mod workflow;
