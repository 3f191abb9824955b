//! SIP over WebSocket (RFC 7118), at `/sip` of the HTTP address.

use super::http::Arrival;
use super::patience::Patience;
use super::{Input, MAX_WAITING_WRITES, Signalling, WRITE_WITHIN};
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{ConnectInfo, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use sip::Flow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// A message is no longer than this.
const MAX_MESSAGE: usize = 64 * 1024;
/// We ask for a sign of life this often, so that a browser that was closed by force is noticed.
const PING: Duration = Duration::from_secs(15);

/// Where the browsers' phones connect.
pub fn route(signalling: Signalling) -> Router {
    Router::new().route("/sip", get(upgrade)).with_state(signalling)
}

async fn upgrade(
    State(signalling): State<Signalling>,
    ConnectInfo(remote): ConnectInfo<SocketAddr>,
    Extension(arrival): Extension<Arrival>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade.protocols(["sip"]).max_message_size(MAX_MESSAGE).max_frame_size(MAX_MESSAGE);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, "the WebSocket subprotocol \"sip\" is expected (RFC 7118 4.1)\n")
            .into_response();
    }
    let Some(admission) = signalling.admit(remote.ip()) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many connections, in all or from this address\n")
            .into_response();
    };
    let flow = Flow { transport: arrival.transport, local: arrival.local, remote, connection: admission.number };
    upgrade.on_upgrade(move |socket| async move {
        serve(socket, flow, signalling).await;
        drop(admission);
    })
}

async fn serve(mut socket: WebSocket, flow: Flow, signalling: Signalling) {
    let (writes, mut outgoing) = mpsc::channel::<Vec<u8>>(MAX_WAITING_WRITES);
    if !signalling.send(Input::Opened(flow, writes)).await {
        return;
    }
    let mut ping = tokio::time::interval(PING);
    let mut alive = true;
    let mut patience = Patience::with_stranger(Instant::now());
    loop {
        tokio::select! {
            message = socket.recv() => {
                alive = true;
                let bytes = match message {
                    Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
                    Some(Ok(Message::Binary(bytes))) => bytes.to_vec(),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {
                        patience.keep_alive(Instant::now());
                        continue;
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                };
                if bytes.iter().all(u8::is_ascii_whitespace) {
                    patience.keep_alive(Instant::now());
                    // A keep-alive of RFC 5626 4.4.1; some stacks send it over WebSocket too.
                    if bytes.len() >= 4 && !write(&mut socket, Message::text("\r\n")).await {
                        break;
                    }
                } else {
                    patience.message(Instant::now());
                    if !signalling.send(Input::Message(flow, bytes)).await {
                        break;
                    }
                }
            }
            message = outgoing.recv() => {
                let Some(message) = message else { break };
                patience.answered(&message);
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
                if !was_alive || patience.deadline() <= Instant::now() || !write(&mut socket, Message::Ping(Vec::new().into())).await {
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
