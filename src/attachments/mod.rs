//! Attachments: files with an owner, a kind and a checksum.
