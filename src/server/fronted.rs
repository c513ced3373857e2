//! A stream of which the first bytes were read already, to be read again.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Gives the first bytes, then the stream's own.
pub struct Fronted<S> {
    front: Vec<u8>,
    given: usize,
    stream: S,
}

impl<S> Fronted<S> {
    /// `stream` with `front` before it.
    pub fn new(front: Vec<u8>, stream: S) -> Self {
        Self { front, given: 0, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fronted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = &self.front[self.given..];
        if left.is_empty() {
            return Pin::new(&mut self.stream).poll_read(task, into);
        }
        let length = left.len().min(into.remaining());
        into.put_slice(&left[..length]);
        self.given += length;
        if self.given == self.front.len() {
            (self.front, self.given) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fronted<S> {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(task, from)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(task, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(task)
    }
}
