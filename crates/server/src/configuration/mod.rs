//! Where the server listens and keeps its data: by flag, environment or config file, in that order of strength.

mod addresses;
mod cli;
mod file;
mod rtp_range;
mod security;

pub use addresses::Addresses;
pub use cli::{Arguments, Cli, Verb};
pub use file::ConfigFile;
pub use rtp_range::RtpRange;
pub use security::{CertificateFiles, Security};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

/// How the server was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// `sori serve`.
    Serve,
    /// `sori demo`: a ready workspace, loopback only.
    Demo,
}

/// What is wrong with the start, in one sentence that names the way out. The program prints it and exits with 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartProblem(pub String);

impl std::fmt::Display for StartProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for StartProblem {}

/// Everything that is decided before the server starts.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// Console, API and SIP over WebSocket.
    pub http: SocketAddr,
    /// The same over TLS.
    pub https: Option<SocketAddr>,
    /// SIP over UDP and TCP.
    pub sip: Addresses,
    /// SIP over TLS.
    pub sips: Addresses,
    /// Certificates, and how much a stranger may take.
    pub security: Security,
    /// The name server that is asked instead of the system's.
    pub dns: Option<SocketAddr>,
    /// Media.
    pub rtp: RtpRange,
    /// The name or address phones are told to sign in at; the SIP address where none is given.
    pub public_host: Option<String>,
    /// Are phones offered SHA-256 beside MD5 (RFC 8760)? Many refuse to sign in when they see it.
    pub offer_sha256: bool,
    /// `sqlite:PATH`.
    pub database: String,
    /// Recordings, audio and (by default) the database.
    pub data: PathBuf,
    /// An owner's API token, accepted as long as it is set.
    pub token: Option<String>,
    /// Where the demo's outgoing calls go.
    pub demo_carrier: SocketAddr,
    /// How the server was started.
    pub mode: Mode,
    /// Holds the demo's temporary folder; it goes when the last copy of this goes.
    pub temporary: Option<Arc<tempfile::TempDir>>,
}

impl Configuration {
    /// Is this the demo?
    #[must_use]
    pub fn is_demo(&self) -> bool {
        self.mode == Mode::Demo
    }

    /// Works out the configuration of `arguments` (flags and environment) over their config file, if any.
    ///
    /// # Errors
    /// When the file cannot be read or a value in it, in a flag or in the environment is not what it should be.
    pub fn resolve(arguments: &Arguments, mode: Mode) -> Result<Self, StartProblem> {
        let file = match &arguments.config {
            Some(path) => ConfigFile::read(path)?,
            None => ConfigFile::default(),
        };
        let http = address("http", arguments.http.as_deref(), file.http.as_deref(), "127.0.0.1:8080")?;
        let https = optional_address("https", arguments.https.as_deref().or(file.https.as_deref()))?;
        let sip: Addresses = parsed("sip", arguments.sip.as_deref(), file.sip.as_deref(), "127.0.0.1:5060")?;
        let sips: Addresses = parsed("sips", arguments.sips.as_deref(), file.sips.as_deref(), "127.0.0.1:5061")?;
        let security = Security::resolve(arguments, &file)?;
        let dns = name_server(arguments.dns.as_deref().or(file.dns.as_deref()))?;
        let rtp: RtpRange = parsed("rtp", arguments.rtp.as_deref(), file.rtp.as_deref(), "127.0.0.1:40000-49999")?;
        let demo_carrier =
            address("demo-carrier", arguments.demo_carrier.as_deref(), file.demo_carrier.as_deref(), "127.0.0.1:5090")?;
        if mode == Mode::Demo {
            only_loopback("http", [http.ip()].into_iter().chain(https.map(|https| https.ip())))?;
            only_loopback("sip", sip.iter().map(|address| address.ip()))?;
            only_loopback("sips", sips.iter().map(|address| address.ip()))?;
            only_loopback("rtp", rtp.ips())?;
        }
        let (data, temporary) = data_folder(arguments.data.clone().or(file.data), mode)?;
        let database = match arguments.database.clone().or(file.database) {
            Some(text) => database(&text)?,
            None => format!("sqlite:{}", data.join("sori.db").display()),
        };
        let token = arguments.token.clone().or(file.token);
        if token.as_ref().is_some_and(|t| t.len() < 16) {
            return Err(StartProblem(
                "The token (SORI_TOKEN) is shorter than 16 characters; use a longer one, such as 32 random characters."
                    .into(),
            ));
        }
        let public_host = arguments.public_host.clone().or(file.public_host);
        let offer_sha256 = digest(arguments.sip_digest.as_deref().or(file.sip_digest.as_deref()))?;
        Ok(Self {
            http,
            https,
            sip,
            sips,
            security,
            dns,
            rtp,
            public_host,
            offer_sha256,
            database,
            data,
            token,
            demo_carrier,
            mode,
            temporary,
        })
    }

    /// The SQLite file, when the database is one.
    #[must_use]
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        self.database.strip_prefix("sqlite:").map(PathBuf::from)
    }

    /// Where voicemails and recordings are.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        self.data.join("recordings")
    }
}

fn digest(text: Option<&str>) -> Result<bool, StartProblem> {
    match text.unwrap_or("md5") {
        "md5" => Ok(false),
        "md5-sha256" => Ok(true),
        other => Err(StartProblem(format!("The sip-digest setting {other:?} is wrong; write md5 or md5-sha256."))),
    }
}

fn parsed<T: std::str::FromStr<Err = String>>(
    name: &str,
    strong: Option<&str>,
    weak: Option<&str>,
    default: &str,
) -> Result<T, StartProblem> {
    let text = strong.or(weak).unwrap_or(default);
    text.parse().map_err(|why| StartProblem(format!("The {name} setting {text:?} is wrong: {why}.")))
}

fn address(name: &str, strong: Option<&str>, weak: Option<&str>, default: &str) -> Result<SocketAddr, StartProblem> {
    let text = strong.or(weak).unwrap_or(default);
    text.parse().map_err(|_| {
        StartProblem(format!(
            "The {name} setting {text:?} is not an address; write an IP address and a port, such as {default}."
        ))
    })
}

fn optional_address(name: &str, text: Option<&str>) -> Result<Option<SocketAddr>, StartProblem> {
    text.filter(|text| !text.is_empty()).map(|text| address(name, Some(text), None, "127.0.0.1:8443")).transpose()
}

/// A name server is at port 53 unless it says otherwise.
fn name_server(text: Option<&str>) -> Result<Option<SocketAddr>, StartProblem> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let with_port = || text.parse::<std::net::IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    text.parse().or_else(|_| with_port()).map(Some).map_err(|_| {
        StartProblem(format!(
            "The dns setting {text:?} is not an address; write one such as 192.0.2.53 or 192.0.2.53:53."
        ))
    })
}

fn only_loopback(name: &str, mut ips: impl Iterator<Item = std::net::IpAddr>) -> Result<(), StartProblem> {
    match ips.find(|ip| !ip.is_loopback()) {
        None => Ok(()),
        Some(ip) => Err(StartProblem(format!(
            "sori demo listens on this machine only, and the {name} setting is {ip}; use an address such as 127.0.0.1, or `sori serve`."
        ))),
    }
}

fn data_folder(given: Option<PathBuf>, mode: Mode) -> Result<(PathBuf, Option<Arc<tempfile::TempDir>>), StartProblem> {
    match (given, mode) {
        (Some(path), _) => Ok((path, None)),
        (None, Mode::Serve) => Ok((PathBuf::from("./data"), None)),
        (None, Mode::Demo) => {
            let folder = tempfile::Builder::new().prefix("sori-demo-").tempdir().map_err(|why| {
                StartProblem(format!("No temporary folder could be made ({why}); give one with --data DIR."))
            })?;
            Ok((folder.path().to_owned(), Some(Arc::new(folder))))
        }
    }
}

fn database(text: &str) -> Result<String, StartProblem> {
    if let Some(path) = text.strip_prefix("sqlite:") {
        let path = path.strip_prefix("//").unwrap_or(path);
        if path.is_empty() || path.contains('?') {
            return Err(StartProblem(format!("The database setting {text:?} names no file; write sqlite:PATH.")));
        }
        return Ok(format!("sqlite:{path}"));
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Err(StartProblem(
            "PostgreSQL comes with a later release; use sqlite:PATH, or leave the database setting out.".into(),
        ));
    }
    Err(StartProblem(format!("The database setting {text:?} is wrong; write sqlite:PATH.")))
}

#[cfg(test)]
mod tests;
