//! Answering the challenge of a carrier (RFC 3261 22.2, 22.3, RFC 8760 2.4).

use super::hash::{self, Algorithm, Counted};
use crate::auth::Auth;
use crate::header::HeaderName;
use crate::response::Response;
use crate::scan;

/// A name and password for a carrier.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Digest user name.
    pub username: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A password has no place in a log.
        write!(out, "Credentials({})", self.username)
    }
}

/// A challenge that was understood, and how often its nonce was used.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    header: &'static str,
    realm: Vec<u8>,
    nonce: Vec<u8>,
    opaque: Option<Vec<u8>>,
    algorithm: Algorithm,
    /// Was the algorithm named?
    named: bool,
    with_qop: bool,
    pub(crate) stale: bool,
    nc: u32,
}

impl Login {
    /// The strongest challenge of a 401 or 407 that we can answer: SHA-256 before MD5.
    pub(crate) fn of(response: &Response) -> Option<Self> {
        let (challenge, header) = match response.status() {
            401 => (HeaderName::WwwAuthenticate, "Authorization"),
            407 => (HeaderName::ProxyAuthenticate, "Proxy-Authorization"),
            _ => return None,
        };
        let known = response.raw().values(challenge).filter_map(|value| Self::read(value, header));
        known.reduce(|best, other| match (best.algorithm, other.algorithm) {
            (Algorithm::Md5, Algorithm::Sha256) => other,
            _ => best,
        })
    }

    fn read(value: &[u8], header: &'static str) -> Option<Self> {
        let auth = Auth::parse(value).filter(Auth::is_digest)?;
        let name = auth.get("algorithm");
        let qop = auth.get("qop");
        let with_qop = match &qop {
            Some(list) => scan::list(list).any(|one| one.eq_ignore_ascii_case(b"auth")),
            None => false,
        };
        if qop.is_some() && !with_qop {
            return None;
        }
        Some(Self {
            header,
            realm: auth.get("realm")?.into_owned(),
            nonce: auth.get("nonce")?.into_owned(),
            opaque: auth.get("opaque").map(std::borrow::Cow::into_owned),
            algorithm: Algorithm::of(name.as_deref())?,
            named: name.is_some(),
            with_qop,
            stale: auth.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case(b"true")),
            nc: 0,
        })
    }

    /// Name and value of the header for one request.
    pub(crate) fn header(
        &mut self,
        method: &str,
        uri: &[u8],
        credentials: &Credentials,
        random: u64,
    ) -> (&'static str, String) {
        self.nc = self.nc.saturating_add(1);
        let nc = format!("{:08x}", self.nc);
        let cnonce = format!("{random:016x}");
        let user = credentials.username.as_bytes();
        let ha1 = self.algorithm.hex(&[user, &self.realm, credentials.password.as_bytes()]);
        let counted = self.with_qop.then_some(Counted { nc: nc.as_bytes(), cnonce: cnonce.as_bytes() });
        let response = hash::response(self.algorithm, &ha1, &self.nonce, counted, method.as_bytes(), uri);
        let mut value = format!(
            "Digest username=\"{}\",realm=\"{}\",nonce=\"{}\",uri=\"{}\",response=\"{}\"",
            quoted(user),
            quoted(&self.realm),
            quoted(&self.nonce),
            quoted(uri),
            scan::text(&response)
        );
        if self.named {
            value.push_str(",algorithm=");
            value.push_str(self.algorithm.name());
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(&format!(",opaque=\"{}\"", quoted(opaque)));
        }
        if self.with_qop {
            value.push_str(&format!(",qop=auth,nc={nc},cnonce=\"{cnonce}\""));
        }
        (self.header, value)
    }
}

fn quoted(bytes: &[u8]) -> String {
    scan::text(bytes).replace('\\', "\\\\").replace('"', "\\\"")
}
