//! The command line.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// sori, a self-hosted business phone.
#[derive(Debug, Parser)]
#[command(name = "sori", version, about = "sori, a self-hosted business phone", arg_required_else_help = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Runs the server
    Serve(Arguments),
    /// Runs the server with a ready workspace, on this machine only
    Demo(Arguments),
    /// Says what is wrong with a configuration or a data folder; changes nothing
    Check(Arguments),
    /// Writes a consistent copy of all data to FILE, also while the server runs
    Backup {
        /// The file to write; must not exist yet
        file: PathBuf,
        /// Where the data are
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Puts a backup into an empty data folder
    Restore {
        /// The file a backup wrote
        file: PathBuf,
        /// Where the data go
        #[command(flatten)]
        arguments: Arguments,
    },
    /// Comes with a later release
    #[command(hide = true, disable_help_flag = true)]
    Intercom {
        /// Anything
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<String>,
    },
}

/// Flags; the environment stands in for those that are not given.
#[derive(Clone, Debug, Default, Args)]
pub struct Arguments {
    /// A config file (TOML)
    #[arg(long, value_name = "FILE", env = "SORI_CONFIG")]
    pub config: Option<PathBuf>,
    /// Folder of recordings, audio and the database [default: ./data; demo: a temporary folder]
    #[arg(long, value_name = "DIR", env = "SORI_DATA")]
    pub data: Option<PathBuf>,
    /// Console, API and SIP over WebSocket [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", env = "SORI_HTTP")]
    pub http: Option<String>,
    /// The same over TLS, so that browsers need no proxy; off unless given
    #[arg(long, value_name = "ADDRESS", env = "SORI_HTTPS")]
    pub https: Option<String>,
    /// SIP over UDP and TCP; several addresses are separated by commas, [::]:5060 is both families [default: 127.0.0.1:5060]
    #[arg(long, value_name = "ADDRESSES", env = "SORI_SIP")]
    pub sip: Option<String>,
    /// SIP over TLS, as many addresses [default: 127.0.0.1:5061]
    #[arg(long, value_name = "ADDRESSES", env = "SORI_SIPS")]
    pub sips: Option<String>,
    /// The certificate chain for TLS (PEM), read again when it changes [default: one made at the first start]
    #[arg(long, value_name = "FILE", env = "SORI_TLS_CERTIFICATE")]
    pub tls_certificate: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", env = "SORI_TLS_KEY")]
    pub tls_key: Option<PathBuf>,
    /// Must carriers reached by TLS show a certificate of their name: on or off [default: on]
    #[arg(long, value_name = "ON|OFF", env = "SORI_TLS_VERIFY_PEERS")]
    pub tls_verify_peers: Option<String>,
    /// The name server that carriers' names are asked of [default: those of the system]
    #[arg(long, value_name = "ADDRESS", env = "SORI_DNS")]
    pub dns: Option<String>,
    /// SIP connections (TCP, TLS, WebSocket) one far address may hold [default: 64]
    #[arg(long, value_name = "NUMBER", env = "SORI_CONNECTIONS_PER_ADDRESS")]
    pub connections_per_address: Option<String>,
    /// Media, an address (or one of each family) and a port range [default: 127.0.0.1:40000-49999]
    #[arg(long, value_name = "RANGE", env = "SORI_RTP")]
    pub rtp: Option<String>,
    /// Name or address that phones are told to sign in at [default: the SIP address]
    #[arg(long, value_name = "HOST", env = "SORI_PUBLIC_HOST")]
    pub public_host: Option<String>,
    /// How phones are challenged: md5, or md5-sha256 when every phone knows RFC 8760 [default: md5]
    #[arg(long, value_name = "ALGORITHMS", env = "SORI_SIP_DIGEST")]
    pub sip_digest: Option<String>,
    /// sqlite:PATH [default: sori.db in the data folder]
    #[arg(long, value_name = "URL", env = "SORI_DATABASE")]
    pub database: Option<String>,
    /// An owner's API token for automation
    #[arg(long, value_name = "TOKEN", env = "SORI_TOKEN", hide_env_values = true)]
    pub token: Option<String>,
    /// Where the demo's outgoing calls go (UDP) [default: 127.0.0.1:5090]
    #[arg(long, value_name = "ADDRESS", env = "SORI_DEMO_CARRIER")]
    pub demo_carrier: Option<String>,
}
