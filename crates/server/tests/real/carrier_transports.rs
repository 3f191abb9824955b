//! Trunks over TCP and TLS, found by name: one connection for all, and only to who proves the name.

use crate::api::Api;
use crate::name_server::{NameServer, address, service};
use crate::patience::{SOON, until};
use crate::sori::Sori;
use crate::stream_carrier::{Heard, StreamCarrier};
use crate::user_agent::UserAgent;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

/// A certificate for `name`, as a server shows it; written to `file` for those who are to trust it.
fn certificate(name: &str, file: &Path) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap();
    std::fs::write(file, made.pem()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.der().clone()], key)
        .unwrap()
}

fn ip(address: SocketAddr) -> Ipv4Addr {
    match address.ip() {
        std::net::IpAddr::V4(ip) => ip,
        std::net::IpAddr::V6(_) => unreachable!("bound to an IPv4 address"),
    }
}

fn trunk(owner: &Api, name: &str, proxy: &str) -> String {
    let fields = json!({ "name": name, "kind": "register", "proxy": proxy, "outbound_uri": format!("sip:{name}"),
        "username": "sori", "password": "secret-of-the-trunk" });
    let (status, made) = owner.post("/carriers", &fields);
    assert_eq!(status, 201, "{made}");
    made["id"].as_str().unwrap().to_owned()
}

fn state(owner: &Api, id: &str) -> Value {
    owner.get(&format!("/carriers/{id}"))["state"].clone()
}

#[track_caller]
fn wait_registered(owner: &Api, id: &str) {
    until("the trunk to be registered", SOON, || (state(owner, id) == "registered").then_some(()));
}

fn registers(heard: &Heard) -> bool {
    heard.message.method() == "REGISTER"
}

#[test]
fn a_trunk_over_tls_is_found_by_name_and_must_prove_it() {
    let agent = UserAgent::start();
    let folder = tempfile::tempdir().unwrap();
    let roots = folder.path().join("roots.pem");
    let proven = certificate("carrier.test", &roots);
    let (honest, liar) = (StreamCarrier::start(Some(proven.clone())), StreamCarrier::start(Some(proven)));
    let names = NameServer::start(vec![
        service("_sips._tcp.carrier.test.", "edge.provider.test.", honest.local.port()),
        address("edge.provider.test.", ip(honest.local)),
        service("_sips._tcp.bank.test.", "edge.bank.test.", liar.local.port()),
        address("edge.bank.test.", ip(liar.local)),
    ]);
    let sori = Sori::start_with(&agent, |command, _| {
        command.env("SORI_DNS", names.address.to_string()).env("SSL_CERT_FILE", &roots).env_remove("SSL_CERT_DIR");
    });
    let owner = sori.owner();
    let id = trunk(&owner, "carrier.test", "sips:carrier.test");
    let heard = honest.wait("a REGISTER over TLS", registers);
    assert_eq!(heard.server_name.as_deref(), Some("carrier.test"), "the name asked for, not the one it led to");
    assert!(heard.message.header("Via").starts_with(&format!("SIP/2.0/TLS {}", sori.sips())), "{heard:?}");
    wait_registered(&owner, &id);

    let id = trunk(&owner, "bank.test", "sips:bank.test");
    until("the trunk to fail", SOON, || (state(&owner, &id) == "unregistered").then_some(()));
    assert_eq!(liar.count(), 0, "nothing is said to who shows another's certificate");
}

#[test]
fn a_trunk_over_tcp_uses_one_connection() {
    let agent = UserAgent::start();
    let carrier = StreamCarrier::start(None);
    let sori = Sori::start(&agent);
    let owner = sori.owner();
    let id = trunk(&owner, "carrier.test", &format!("sip:{};transport=tcp", carrier.local));
    let first = carrier.wait("a REGISTER over TCP", registers);
    assert!(first.message.header("Via").starts_with(&format!("SIP/2.0/TCP {}", sori.sip())), "{first:?}");
    assert!(first.message.header("Contact").contains("transport=tcp"), "{first:?}");
    wait_registered(&owner, &id);
    let (status, _) = owner.patch(&format!("/carriers/{id}"), &json!({ "enabled": false }));
    assert_eq!(status, 200);
    let gone = |heard: &Heard| registers(heard) && heard.message.sequence() != first.message.sequence();
    let last = carrier.wait("it to un-register", gone);
    assert_eq!(last.connection, first.connection);
}
