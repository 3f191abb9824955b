//! SIP over WebSocket (RFC 7118), at `/sip` of the HTTP address.

use super::{Input, MAX_WAITING_WRITES, Signalling, WRITE_WITHIN};
use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use sip::{Flow, Transport};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;

/// A message is no longer than this.
const MAX_MESSAGE: usize = 64 * 1024;
/// We ask for a sign of life this often, so that a browser that was closed by force is noticed.
const PING: Duration = Duration::from_secs(15);

/// Where the browsers' phones connect; `local` is the HTTP address, for Via and Contact.
pub fn route(signalling: Signalling, local: SocketAddr) -> Router {
    Router::new().route("/sip", get(upgrade)).with_state((signalling, local))
}

async fn upgrade(
    State((signalling, local)): State<(Signalling, SocketAddr)>,
    ConnectInfo(remote): ConnectInfo<SocketAddr>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.protocols(["sip"]).max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, "the WebSocket subprotocol \"sip\" is expected (RFC 7118 4.1)\n")
            .into_response();
    }
    upgrade.on_upgrade(move |socket| serve(socket, local, remote, signalling))
}

async fn serve(mut socket: WebSocket, local: SocketAddr, remote: SocketAddr, signalling: Signalling) {
    let Some(admission) = signalling.admit() else { return };
    let flow = Flow { transport: Transport::Ws, local, remote, connection: admission.number };
    let (writes, mut outgoing) = mpsc::channel::<Vec<u8>>(MAX_WAITING_WRITES);
    if !signalling.send(Input::Opened(flow, writes)).await {
        return;
    }
    let mut ping = tokio::time::interval(PING);
    let mut alive = true;
    loop {
        tokio::select! {
            message = socket.recv() => {
                alive = true;
                let bytes = match message {
                    Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                    Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                };
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    // A keep-alive of RFC 5626 4.4.1; some stacks send it over WebSocket too.
                    if bytes.len() >= 4 && !write(&mut socket, Message::text("\r\n")).await {
                        break;
                    }
                } else if !signalling.send(Input::Message(flow, bytes)).await {
                    break;
                }
            }
            message = outgoing.recv() => {
                let Some(message) = message else { break };
                let message = match String::from_utf8(message) {
                    Ok(text) => Message::text(text),
                    Err(bytes) => Message::binary(bytes.into_bytes()),
                };
                if !write(&mut socket, message).await {
                    break;
                }
            }
            _ = ping.tick() => {
                let was_alive = std::mem::replace(&mut alive, false);
                if !was_alive || !write(&mut socket, Message::Ping(Vec::new().into())).await {
                    break;
                }
            }
        }
    }
    signalling.send(Input::Closed(flow.connection)).await;
}

/// False when the browser is gone or takes nothing.
async fn write(socket: &mut WebSocket, message: Message) -> bool {
    matches!(tokio::time::timeout(WRITE_WITHIN, socket.send(message)).await, Ok(Ok(())))
}
