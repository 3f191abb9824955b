//! SIP over TCP (RFC 3261 18.3).

use super::{Input, MAX_WAITING_WRITES, Signalling, WRITE_WITHIN};
use sip::{Flow, Frame, StreamFramer, Transport};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// A connection over which nothing comes for this long is closed; phones keep theirs alive (RFC 5626 4.4.1).
const IDLE: Duration = Duration::from_secs(3 * 3600);
/// Who connects has something to say within this; silent connections must not use up the places.
const FIRST_WITHIN: Duration = Duration::from_secs(30);

/// Takes connections until the listener fails for good.
pub(crate) async fn listen(listener: TcpListener, signalling: Signalling) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => {
                tokio::spawn(serve(stream, remote, signalling.clone()));
            }
            Err(error) => {
                // Out of descriptors: the listener stays, and so do the calls that are up.
                tracing::warn!(%error, "a TCP connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(mut stream: TcpStream, remote: SocketAddr, signalling: Signalling) {
    let (Some(admission), Ok(local)) = (signalling.admit(), stream.local_addr()) else { return };
    let _ = stream.set_nodelay(true);
    let flow = Flow { transport: Transport::Tcp, local, remote, connection: admission.number };
    let (writes, mut outgoing) = mpsc::channel::<Vec<u8>>(MAX_WAITING_WRITES);
    if !signalling.send(Input::Opened(flow, writes)).await {
        return;
    }
    let mut framer = StreamFramer::new();
    let mut buffer = vec![0u8; 16 * 1024];
    let mut idle = FIRST_WITHIN;
    'connection: loop {
        tokio::select! {
            read = tokio::time::timeout(idle, stream.read(&mut buffer)) => {
                let Ok(Ok(length)) = read else { break };
                if length == 0 {
                    break;
                }
                framer.push(&buffer[..length]);
                loop {
                    match framer.next_frame() {
                        Ok(Some(Frame::Message(message))) => {
                            idle = IDLE;
                            if !signalling.send(Input::Message(flow, message)).await {
                                break 'connection;
                            }
                        }
                        Ok(Some(Frame::Ping)) => {
                            if !write(&mut stream, sip::framing::PONG).await {
                                break 'connection;
                            }
                        }
                        Ok(None) => break,
                        // Without a length there is no next message: the stream cannot be read on.
                        Err(_) => break 'connection,
                    }
                }
            }
            message = outgoing.recv() => {
                let Some(message) = message else { break };
                if !write(&mut stream, &message).await {
                    break;
                }
            }
        }
    }
    signalling.send(Input::Closed(flow.connection)).await;
}

/// False when the peer is gone or takes nothing.
async fn write(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    matches!(tokio::time::timeout(WRITE_WITHIN, stream.write_all(bytes)).await, Ok(Ok(())))
}
