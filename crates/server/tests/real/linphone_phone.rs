//! A soft phone: linphonec, run without a sound card and steered by what one would type at its prompt.

use crate::desk_phone::{Account, write_microphone};
use crate::patience::{SOON, until};
use crate::recording;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

/// Tests say this when the program they need is not there.
const MISSING: &str = "linphonec is missing: run scripts/install-test-tools";

/// A running linphonec.
pub struct LinphonePhone {
    child: Child,
    prompt: Mutex<ChildStdin>,
    said: Arc<Mutex<Vec<String>>>,
    folder: tempfile::TempDir,
}

/// How a phone speaks: over UDP plainly or with keys by DTLS, or over TLS with SRTP or not at all.
#[derive(Clone, Copy)]
pub enum Way<'a> {
    /// SIP over UDP, RTP.
    Plain,
    /// UDP and SRTP with keys by DTLS alone.
    Dtls,
    /// SIP over TLS at a server that shows this certificate (PEM) or one it vouches for; calls without SRTP are refused.
    Secure(&'a Path),
}

impl LinphonePhone {
    /// Starts a phone that registers at `server`; its microphone hears a tone of `hertz`.
    #[track_caller]
    pub fn start(server: SocketAddr, account: &Account, hertz: f64, way: Way) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let microphone = folder.path().join("microphone.wav");
        write_microphone(&microphone, hertz);
        std::fs::create_dir_all(folder.path().join(".local/share/linphone")).unwrap();
        let settings = configuration(server, account, crate::address::own(), folder.path(), way);
        std::fs::write(folder.path().join("settings"), settings).unwrap();
        let mut child = Command::new("linphonec")
            .arg("-c")
            .arg(folder.path().join("settings"))
            .args(["-d", "6", "-l"])
            .arg(folder.path().join("log"))
            // Everything it keeps goes there.
            .env("HOME", folder.path())
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect(MISSING);
        let said = Arc::<Mutex<Vec<String>>>::default();
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn({
            let said = said.clone();
            move || output.lines().map_while(Result::ok).for_each(|line| said.lock().unwrap().push(line))
        });
        let prompt = Mutex::new(child.stdin.take().unwrap());
        let phone = Self { child, prompt, said, folder };
        phone.command("soundcard use files");
        phone.command(&format!("play {}", microphone.display()));
        phone.command(&format!("record {}", phone.folder.path().join("heard.wav").display()));
        until("linphonec to register", SOON, || phone.log().contains("to [LinphoneRegistrationOk]").then_some(()));
        phone
    }

    /// Types a command: `call URI`, `answer`, `pause`, `resume 1`, `transfer 1 --to-call 2`, `terminate`.
    pub fn command(&self, command: &str) {
        let mut prompt = self.prompt.lock().unwrap();
        writeln!(prompt, "{command}").unwrap();
        prompt.flush().unwrap();
    }

    /// Waits for a line with these words that has not been waited for before.
    #[track_caller]
    pub fn wait_for(&self, words: &str) -> String {
        until(&format!("linphonec to say \"{words}\""), SOON, || {
            let mut said = self.said.lock().unwrap();
            let place = said.iter().position(|line| line.contains(words))?;
            Some(said.remove(place))
        })
    }

    /// Waits for a call, answers it, and waits until sound goes both ways.
    #[track_caller]
    pub fn accept(&self) {
        self.wait_for("Receiving new incoming call");
        self.command("answer");
        self.wait_for("Media streams established");
    }

    /// Waits until 400 ms that the phone hears from now on, in whichever call it talks, are a tone of `hertz`.
    #[track_caller]
    pub fn wait_for_tone(&self, hertz: f64) {
        recording::wait_for_tone("linphonec", hertz, || Some(self.folder.path().join("heard.wav")));
    }

    /// Waits until the phone heard nothing of `hertz` for 400 ms.
    #[track_caller]
    pub fn wait_until_gone(&self, hertz: f64) {
        recording::wait_until_gone("linphonec", hertz, &self.folder.path().join("heard.wav"));
    }

    /// What it wrote down: each SIP message it sent or received among much else.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.folder.path().join("log")).unwrap_or_default()).into_owned()
    }
}

impl Drop for LinphonePhone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("linphonec's log:\n{}", lines[lines.len().saturating_sub(600)..].join("\n"));
            eprintln!("lines nobody waited for: {:#?}", self.said.lock());
        }
    }
}

/// Ports of a phone that speaks UDP alone.
const UDP: &str = "sip_port=5060\nsip_tcp_port=0\nsip_tls_port=0";

fn configuration(server: SocketAddr, account: &Account, own: Ipv4Addr, folder: &Path, way: Way) -> String {
    let Account { user, auth_user, password } = account;
    let (transport, ports, media) = match way {
        Way::Plain => ("udp", UDP, "media_encryption=none".to_owned()),
        Way::Dtls => ("udp", UDP, "media_encryption=dtls\nmedia_encryption_mandatory=1".to_owned()),
        Way::Secure(certificate) => (
            "tls",
            "sip_port=0\nsip_tcp_port=0\nsip_tls_port=5061",
            format!(
                "media_encryption=srtp\nmedia_encryption_mandatory=1\nverify_server_certs=1\nverify_server_cn=0\nroot_ca={}",
                certificate.display()
            ),
        ),
    };
    // It knows no certificates of addresses, so who vouches for the server is verified and the name is not.
    // It would wait for a network that is more than a loopback, so it is told not to look. It records at the rate of
    // the codec, so it is left those of 8 kHz.
    format!(
        "[net]\nmtu=1300\n\
         [sip]\nbind_address={own}\n{ports}\n{media}\ndefault_proxy=0\nuse_ipv6=0\nguess_hostname=0\ncontact=sip:{user}@{own}\n\
         auto_net_state_mon=0\nregister_only_when_network_is_up=0\n\
         [rtp]\nbind_address={own}\naudio_rtp_port=7078\n\
         [auth_info_0]\nusername={user}\nuserid={auth_user}\npasswd={password}\n\
         [proxy_0]\nreg_proxy=<sip:{server};transport={transport}>\nreg_identity=sip:{user}@{}\nreg_expires=60\nreg_sendregister=1\n\
         [audio_codec_0]\nmime=PCMU\nrate=8000\nchannels=1\nenabled=1\n\
         [audio_codec_1]\nmime=PCMA\nrate=8000\nchannels=1\nenabled=1\n\
         [audio_codec_2]\nmime=opus\nrate=48000\nchannels=2\nenabled=0\n\
         [sound]\nhold_music={}/none.wav\n",
        server.ip(),
        folder.display()
    )
}
