//! A carrier's registrar over TCP or TLS: takes whoever registers, and keeps what it heard on which connection.

use crate::message::Message;
use crate::patience::{SOON, until};
use crate::tls_phone::whole;
use crate::user_agent::reply;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// A message with the number of its connection and the name that TLS was asked for.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The first connection is 0.
    pub connection: usize,
    /// The server name of the TLS handshake.
    pub server_name: Option<String>,
    /// What came.
    pub message: Message,
}

/// A registrar.
pub struct StreamCarrier {
    /// Where it listens.
    pub local: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl StreamCarrier {
    /// Over TLS where a configuration is given, else over TCP.
    pub fn start(tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind((crate::address::own(), 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let local = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let stop = Arc::<AtomicBool>::default();
        let (log, stopped, tls) = (heard.clone(), stop.clone(), tls.map(Arc::new));
        let thread = std::thread::spawn(move || {
            let mut connections = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((stream, _)) => {
                        let (log, stopped, tls, number) =
                            (log.clone(), stopped.clone(), tls.clone(), connections.len());
                        connections.push(std::thread::spawn(move || serve(stream, tls, number, &log, &stopped)));
                    }
                    Err(_) => std::thread::park_timeout(Duration::from_millis(20)),
                }
            }
            for connection in connections {
                let _ = connection.join();
            }
        });
        Self { local, heard, stop, thread: Some(thread) }
    }

    /// Waits for a message.
    #[track_caller]
    pub fn wait(&self, what: &str, wanted: impl Fn(&Heard) -> bool) -> Heard {
        until(what, SOON, || self.heard.lock().unwrap().iter().find(|heard| wanted(heard)).cloned())
    }

    /// How many messages came.
    pub fn count(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

impl Drop for StreamCarrier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn serve(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    connection: usize,
    log: &Mutex<Vec<Heard>>,
    stop: &AtomicBool,
) {
    stream.set_nonblocking(false).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    match tls {
        Some(config) => {
            let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), stream);
            talk(&mut stream, |stream| stream.conn.server_name().map(str::to_owned), connection, log, stop);
        }
        None => talk(&mut { stream }, |_| None, connection, log, stop),
    }
}

fn talk<S: Read + Write>(
    stream: &mut S,
    server_name: impl Fn(&S) -> Option<String>,
    connection: usize,
    log: &Mutex<Vec<Heard>>,
    stop: &AtomicBool,
) {
    let (mut read, mut buffer) = (Vec::new(), [0; 8192]);
    while !stop.load(Ordering::Relaxed) {
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(length) => read.extend_from_slice(&buffer[..length]),
            Err(why) if matches!(why.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => continue,
            Err(_) => return,
        }
        while let Some((message, length)) = whole(&read) {
            read.drain(..length);
            if !message.method().is_empty() {
                let to = format!("{};tag=carrier", message.header("To"));
                let contact = format!("{};expires=600", message.header("Contact"));
                let answer = reply(&message, "200 OK", &to).with("Contact", contact).with("Expires", "600");
                let _ = stream.write_all(&answer.write()).and_then(|()| stream.flush());
            }
            log.lock().unwrap().push(Heard { connection, server_name: server_name(stream), message });
        }
    }
}
