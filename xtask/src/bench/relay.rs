//! A forwarder that does nothing but forward: two sockets a call, what comes in on one goes out of the other, packet by packet.
//! It is to the delay of a packet what `udplimit` is to its cost: nothing that forwards RTP from user space can be quicker.
//!
//! Run as `xtask bare-relay CALLS CALLERS CALLEES`; tells its ports and forwards until its input ends.

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use serde_json::json;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::ExitCode;

/// Its name on the command line.
pub const COMMAND: &str = "bare-relay";
/// Stands for the input; sockets count from zero.
const INPUT: u64 = u64::MAX;
/// Sockets served per wake-up at most.
const MAX_READY: usize = 1_024;
/// Calls at most.
const MAX_CALLS: usize = 5_000;
/// No packet is longer.
const MAX_PACKET: usize = 2_048;

/// The program.
pub fn run(arguments: &[String]) -> ExitCode {
    match forward(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{COMMAND}: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn forward(arguments: &[String]) -> Result<(), String> {
    let [calls, callers, callees] = arguments else {
        return Err("wants how many calls, and the media addresses of callers and of callees".to_owned());
    };
    let calls: usize = calls.parse().map_err(|_| format!("{calls} is no number of calls"))?;
    if calls == 0 || calls > MAX_CALLS {
        return Err(format!("{calls} calls are not between 1 and {MAX_CALLS}"));
    }
    let address = |text: &String| text.parse::<SocketAddr>().map_err(|_| format!("{text} is no address"));
    // An even socket faces a caller, so what it hears is for the callee.
    let next = [address(callees)?, address(callers)?];
    serve(calls, next).map_err(|problem| problem.to_string())
}

fn serve(calls: usize, next: [SocketAddr; 2]) -> std::io::Result<()> {
    let epoll = epoll::create(CreateFlags::CLOEXEC)?;
    epoll::add(&epoll, std::io::stdin(), EventData::new_u64(INPUT), EventFlags::IN)?;
    let mut sockets = Vec::with_capacity(calls * 2);
    for token in 0..calls as u64 * 2 {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        epoll::add(&epoll, &socket, EventData::new_u64(token), EventFlags::IN)?;
        sockets.push(socket);
    }
    let ports: Vec<u16> =
        sockets.iter().step_by(2).map(|socket| Ok(socket.local_addr()?.port())).collect::<std::io::Result<_>>()?;
    println!("{}", json!({ "ports": ports }));
    let mut ready = Vec::with_capacity(MAX_READY);
    let mut packet = [0; MAX_PACKET];
    loop {
        ready.clear();
        match epoll::wait(&epoll, spare_capacity(&mut ready), None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(problem) => return Err(problem.into()),
        }
        for event in &ready {
            let token = event.data.u64();
            if token == INPUT {
                return Ok(());
            }
            pass(&sockets, token as usize, next, &mut packet);
        }
    }
}

/// Hands one packet on; what the kernel does not take is lost, and shows as such.
fn pass(sockets: &[UdpSocket], token: usize, next: [SocketAddr; 2], packet: &mut [u8]) {
    let (Some(from), Some(to)) = (sockets.get(token), sockets.get(token ^ 1)) else { return };
    if let Ok((length, _)) = from.recv_from(packet) {
        let _ = to.send_to(packet.get(..length).unwrap_or_default(), next[token % 2]);
    }
}
