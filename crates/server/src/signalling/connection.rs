//! One SIP connection over a byte stream (RFC 3261 18.3): TCP or TLS, made by the peer or by us.

use super::patience::Patience;
use super::{Input, Signalling, WRITE_WITHIN};
use sip::{Flow, Frame, StreamFramer};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::Receiver;

/// Bytes read at once.
const READ: usize = 16 * 1024;

/// A peer whose stream cannot be followed hears the answer and closes within this.
const LAST_WORD: Duration = Duration::from_secs(2);

/// A connection while it is up.
pub(super) struct Connection<S> {
    /// The bytes.
    pub(super) stream: S,
    /// Its number and both ends.
    pub(super) flow: Flow,
    /// The way to the control thread.
    pub(super) signalling: Signalling,
    /// Messages to write.
    pub(super) outgoing: Receiver<Vec<u8>>,
    /// How long it may be silent.
    pub(super) patience: Patience,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    /// Carries messages both ways until either side ends it, and tells that it is closed.
    pub(super) async fn run(mut self) {
        let mut framer = StreamFramer::new();
        let mut buffer = vec![0u8; READ];
        loop {
            let goes_on = tokio::select! {
                read = tokio::time::timeout_at(self.patience.deadline().into(), self.stream.read(&mut buffer)) => {
                    match read {
                        Ok(Ok(length)) if length > 0 => {
                            framer.push(buffer.get(..length).unwrap_or_default());
                            self.take(&mut framer).await
                        }
                        _ => false,
                    }
                }
                message = self.outgoing.recv() => match message {
                    Some(message) => {
                        self.patience.answered(&message);
                        self.write(&message).await
                    }
                    None => false,
                },
            };
            if !goes_on {
                break;
            }
        }
        // Before it is told, so that who asks then whether this connection still takes messages hears no.
        self.outgoing.close();
        let _ = tokio::time::timeout(WRITE_WITHIN, self.stream.shutdown()).await;
        self.signalling.send(Input::Closed(self.flow.connection)).await;
    }

    /// Works off what came; `false` when the connection is to be closed.
    async fn take(&mut self, framer: &mut StreamFramer) -> bool {
        let now = Instant::now();
        loop {
            match framer.next_frame() {
                Ok(Some(Frame::Message(message))) => {
                    self.patience.message(now);
                    if !self.signalling.send(Input::Message(self.flow, message)).await {
                        return false;
                    }
                }
                Ok(Some(Frame::Ping)) => {
                    self.patience.keep_alive(now);
                    if !self.write(sip::framing::PONG).await {
                        return false;
                    }
                }
                Ok(None) => {
                    self.patience.looked(now, framer.is_within_message());
                    return true;
                }
                // Without a length, or with one beyond reason, there is no next message: the stream cannot be read on.
                Err(_) => {
                    self.part(framer.rest().to_vec()).await;
                    return false;
                }
            }
        }
    }

    /// Has what cannot be followed answered (400, 513), as far as it can be said to whom. What still comes is thrown away, for
    /// a connection that is closed over bytes not read takes the answer with it.
    async fn part(&mut self, rest: Vec<u8>) {
        if !self.signalling.send(Input::Message(self.flow, rest)).await {
            return;
        }
        let end = tokio::time::Instant::now() + LAST_WORD;
        let mut buffer = vec![0u8; READ];
        let mut is_answered = false;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(end) => return,
                message = self.outgoing.recv(), if !is_answered => {
                    let Some(message) = message else { return };
                    if !self.write(&message).await || self.stream.shutdown().await.is_err() {
                        return;
                    }
                    is_answered = true;
                }
                read = self.stream.read(&mut buffer) => match read {
                    Ok(length) if length > 0 => {}
                    _ => return,
                },
            }
        }
    }

    /// False when the peer is gone or takes nothing.
    async fn write(&mut self, bytes: &[u8]) -> bool {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        matches!(tokio::time::timeout(WRITE_WITHIN, written).await, Ok(Ok(())))
    }
}
