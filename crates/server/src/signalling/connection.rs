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

#[cfg(test)]
mod tests {
    use super::*;
    use sip::Transport;
    use tokio::io::{DuplexStream, duplex};
    use tokio::sync::mpsc::{Receiver, channel};

    /// A connection of a stranger who came `ago`, and the stranger's end of it.
    fn stranger(ago: Duration) -> (DuplexStream, Receiver<Input>) {
        let (ours, theirs) = duplex(1024);
        let (signalling, inbox) = Signalling::new(1);
        let address = "192.0.2.1:5060".parse().unwrap();
        let flow = Flow { transport: Transport::Tcp, local: address, remote: address, connection: 7 };
        let patience = Patience::with_stranger(Instant::now().checked_sub(ago).unwrap());
        let (writes, outgoing) = channel(1);
        tokio::spawn(async move {
            // The control thread would hold this end.
            let _writes = writes;
            Connection { stream: ours, flow, signalling, outgoing, patience }.run().await;
        });
        (theirs, inbox)
    }

    #[tokio::test]
    async fn dripping_bytes_keep_no_stranger_on() {
        let (mut theirs, mut inbox) = stranger(Duration::from_millis(29_700));
        // A byte each millisecond: far less than what would be too long a line before the patience ends.
        let mut drops = tokio::time::interval(Duration::from_millis(1));
        let drip = async {
            while theirs.write_all(b"O").await.is_ok() {
                drops.tick().await;
            }
        };
        tokio::select! {
            () = drip => {}
            input = inbox.recv() => assert!(matches!(input, Some(Input::Closed(7)))),
        }
    }

    #[tokio::test]
    async fn a_silent_stranger_goes_and_one_who_speaks_stays() {
        let (_theirs, mut inbox) = stranger(Duration::from_secs(30));
        assert!(matches!(inbox.recv().await, Some(Input::Closed(7))));
        let (mut theirs, mut inbox) = stranger(Duration::from_millis(29_000));
        theirs.write_all(b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n\r\n\r\n").await.unwrap();
        assert!(matches!(inbox.recv().await, Some(Input::Message(flow, _)) if flow.connection == 7));
        let mut pong = [0; 2];
        theirs.read_exact(&mut pong).await.unwrap();
        assert_eq!(&pong, sip::framing::PONG);
        drop(theirs);
        assert!(matches!(inbox.recv().await, Some(Input::Closed(7))));
    }
}
