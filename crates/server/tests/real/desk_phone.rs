//! A desk phone: baresip, run without a sound card and steered over its TCP control port.

use crate::patience::{SOON, until};
use crate::recording;
use crate::tone::Oscillator;
use crate::voice::Voice;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Tests say this when the program they need is not there.
const MISSING: &str = "baresip is missing: run scripts/install-test-tools";
const CONTROL_PORT: u16 = 4_444;
/// Samples per second of what baresip plays and records here.
const RATE: u32 = 8_000;

/// The SIP account a phone signs in with; which name stands where is what R52, R58 and R160 are about.
#[derive(Clone)]
pub struct Account {
    /// The user part of From, To and Contact.
    pub user: String,
    /// The digest user name.
    pub auth_user: String,
    /// The password.
    pub password: String,
}

/// A running baresip.
pub struct DeskPhone {
    child: Child,
    control: TcpStream,
    events: Arc<Mutex<Vec<serde_json::Value>>>,
    folder: tempfile::TempDir,
}

impl DeskPhone {
    /// Starts a phone that registers at `server` every ten seconds and whose microphone hears a tone of `hertz`.
    #[track_caller]
    pub fn start(server: &str, account: &Account, hertz: f64) -> Self {
        let phone = Self::unregistered(server, account, hertz);
        phone.wait_for("REGISTER_OK");
        phone
    }

    /// The same over TLS, with calls without SRTP refused. This baresip believes any certificate; linphonec looks at it.
    #[track_caller]
    pub fn start_secure(server: &str, account: &Account, hertz: f64) -> Self {
        let phone = Self::open(server, account, hertz, "transport=tls>;mediaenc=srtp-mand", "module srtp.so\n");
        phone.wait_for("REGISTER_OK");
        phone
    }

    /// As `start`, without waiting for the registration.
    #[track_caller]
    pub fn unregistered(server: &str, account: &Account, hertz: f64) -> Self {
        Self::open(server, account, hertz, "transport=udp>", "")
    }

    /// Starts a phone with more in its account's line and its configuration.
    #[track_caller]
    pub fn open(server: &str, account: &Account, hertz: f64, way: &str, settings: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = crate::address::own();
        write_microphone(&folder.path().join("microphone.wav"), hertz);
        let settings = configuration(address, folder.path()) + settings;
        std::fs::write(folder.path().join("config"), settings).unwrap();
        std::fs::write(folder.path().join("accounts"), "").unwrap();
        std::fs::write(folder.path().join("contacts"), "").unwrap();
        let log = std::fs::File::create(folder.path().join("log")).unwrap();
        let child = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .arg("-v")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect(MISSING);
        let control = until("baresip to start", SOON, || TcpStream::connect((address, CONTROL_PORT)).ok());
        let events = Arc::<Mutex<Vec<serde_json::Value>>>::default();
        std::thread::spawn({
            let (control, events) = (control.try_clone().unwrap(), events.clone());
            move || read_events(control, &events)
        });
        let Account { user, auth_user, password } = account;
        let phone = Self { child, control, events, folder };
        // Not before somebody listens: what it told earlier nobody would hear.
        let line = format!(
            "<sip:{user}@{server};{way};auth_user={auth_user};auth_pass={password};regint=10;answermode=manual;audio_codecs=PCMU/8000/1,PCMA/8000/1"
        );
        phone.command("uanew", &line);
        phone
    }

    /// Gives a command as one would type it: `dial`, `accept`, `hangup`, `hold`, `resume`, `transfer`.
    pub fn command(&self, command: &str, parameters: &str) {
        let text = serde_json::json!({ "command": command, "params": parameters, "token": command }).to_string();
        let mut control = &self.control;
        // In one write: baresip does not put a netstring together from parts.
        control.write_all(format!("{}:{text},", text.len()).as_bytes()).unwrap();
    }

    /// Waits for an event, for example `CALL_INCOMING`, that has not been waited for before.
    #[track_caller]
    pub fn wait_for(&self, kind: &str) -> serde_json::Value {
        until(&format!("the desk phone's {kind}"), SOON, || self.take(kind))
    }

    fn take(&self, kind: &str) -> Option<serde_json::Value> {
        let mut events = self.events.lock().unwrap();
        let place = events.iter().position(|event| event["type"] == kind)?;
        Some(events.remove(place))
    }

    /// Waits for a call and answers it.
    #[track_caller]
    pub fn accept(&self) -> serde_json::Value {
        let event = self.wait_for("CALL_INCOMING");
        self.command("accept", "");
        self.wait_for("CALL_ESTABLISHED");
        event
    }

    /// Waits until 400 ms that the phone hears from now on in its newest call are a tone of `hertz`.
    #[track_caller]
    pub fn wait_for_tone(&self, hertz: f64) {
        recording::wait_for_tone("the desk phone", hertz, || newest(self.folder.path(), "-dec.wav"));
    }

    /// Waits until the phone hears `hertz` after a hold, when it records no more: it sends back what it plays to who is
    /// `far`, and then its own tone again.
    #[track_caller]
    pub fn hears_again(&self, hertz: f64, own: f64, far: &Voice) {
        self.command("ausrc", "aubridge,speaker");
        far.wait_for_tone(hertz);
        self.command("ausrc", &format!("aufile,{}/microphone.wav", self.folder.path().display()));
        far.wait_for_tone(own);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for DeskPhone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("the desk phone's log:\n{}\nevents nobody waited for: {:?}", self.log(), self.events.lock());
        }
    }
}

fn newest(folder: &Path, ending: &str) -> Option<PathBuf> {
    let files = std::fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    let dumps = files.filter(|path| path.to_string_lossy().ends_with(ending));
    dumps.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok())
}

/// Reads netstrings (`LENGTH:JSON,`) until the connection ends.
fn read_events(mut control: TcpStream, events: &Mutex<Vec<serde_json::Value>>) {
    let mut waiting = Vec::new();
    let mut buffer = [0u8; 4_096];
    while let Ok(length @ 1..) = control.read(&mut buffer) {
        waiting.extend_from_slice(&buffer[..length]);
        while let Some((value, used)) = netstring(&waiting) {
            waiting.drain(..used);
            if value["event"] == true {
                events.lock().unwrap().push(value);
            }
        }
    }
}

fn netstring(bytes: &[u8]) -> Option<(serde_json::Value, usize)> {
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let text = bytes.get(colon + 1..colon + 1 + length)?;
    bytes.get(colon + 1 + length)?;
    Some((serde_json::from_slice(text).unwrap_or_default(), colon + length + 2))
}

/// Writes two minutes of a tone, longer than any test.
pub fn write_microphone(path: &Path, hertz: f64) {
    let mut oscillator = Oscillator::default();
    // Longer than any test; baresip stops sending when the file ends.
    let samples = (0..RATE * 120).flat_map(|_| oscillator.next(&[hertz], 0.25).to_le_bytes()).collect::<Vec<u8>>();
    let size = samples.len() as u32;
    let mut wav = Vec::with_capacity(samples.len() + 44);
    wav.extend(b"RIFF");
    wav.extend((size + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(size.to_le_bytes());
    wav.extend(samples);
    std::fs::write(path, wav).unwrap();
}

fn configuration(address: Ipv4Addr, folder: &Path) -> String {
    let modules = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .expect(MISSING);
    let folder = folder.display();
    format!(
        "poll_method epoll\nsip_listen {address}:5060\nnet_interface 127.0.0.1\nsip_trans_def udp\ncall_max_calls 4\ncall_local_timeout 120\n\
         audio_player aubridge,speaker\naudio_source aufile,{folder}/microphone.wav\naudio_alert aubridge,alert\n\
         ausrc_srate {RATE}\nauplay_srate {RATE}\nausrc_channels 1\nauplay_channels 1\naudio_buffer 20-160\njitter_buffer_delay 1-5\nrtcp_mux no\n\
         module_path {modules}\nmodule g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nsnd_path {folder}\n\
         module_tmp account.so\nmodule_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {address}:{CONTROL_PORT}\n"
    )
}
