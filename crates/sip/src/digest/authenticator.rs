//! Checking who a request is from (RFC 3261 22, RFC 7616, RFC 8760).

use std::time::{Duration, Instant};

use super::hash::{self, Algorithm, Counted};
use super::nonce::Nonces;
use crate::auth::Auth;
use crate::header::HeaderName;
use crate::identity::bare;
use crate::request::Request;
use crate::uri::Uri;
use std::borrow::Cow;

/// What is kept instead of a password: the hashes of user name, realm and password.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    /// For MD5.
    pub md5_ha1: [u8; 16],
    /// For SHA-256.
    pub sha256_ha1: [u8; 32],
}

impl Secret {
    /// For one user name; a phone that may use two has two.
    #[must_use]
    pub fn new(username: &str, realm: &str, password: &str) -> Self {
        let parts = [username.as_bytes(), realm.as_bytes(), password.as_bytes()];
        Self { md5_ha1: hash::md5(&parts), sha256_ha1: hash::sha256(&parts) }
    }

    fn hex(&self, algorithm: Algorithm) -> Vec<u8> {
        match algorithm {
            Algorithm::Md5 => hash::to_hex(&self.md5_ha1),
            Algorithm::Sha256 => hash::to_hex(&self.sha256_ha1),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Secret")
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is from this user.
    Accepted {
        /// Digest user name.
        username: String,
    },
    /// No credentials for our realm that we could check: challenge.
    Missing,
    /// The password is right, the nonce too old or its count used: challenge with `stale`.
    Stale,
    /// Wrong user name or password; nothing tells which.
    Refused,
}

/// Makes challenges and checks what comes back.
#[derive(Debug)]
pub struct Authenticator {
    realm: String,
    nonces: Nonces,
}

/// The parts of credentials that are hashed.
struct Given<'a> {
    algorithm: Algorithm,
    nonce: &'a [u8],
    uri: &'a [u8],
    response: &'a [u8],
    counted: Option<Counted<'a>>,
}

impl Authenticator {
    /// `seed_key`: secret random bytes, new at each start. `nonce_seconds`: how long a nonce may be used.
    #[must_use]
    pub fn new(realm: impl Into<String>, seed_key: [u8; 32], nonce_seconds: u32) -> Self {
        let lifetime = Duration::from_secs(u64::from(nonce_seconds));
        Self { realm: realm.into(), nonces: Nonces::new(seed_key, lifetime) }
    }

    /// The realm.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.realm
    }

    /// Values of WWW-Authenticate or Proxy-Authenticate, one header each: MD5, then SHA-256.
    ///
    /// RFC 8760 2.3 lets the server order them by preference. The phones of R49–R61, JsSIP and SIPp look at the first
    /// one only and know nothing but MD5; with SHA-256 in front they cannot sign in at all.
    pub fn challenge(&mut self, now: Instant, stale: bool) -> Vec<String> {
        let nonce = self.nonces.issue(now);
        let realm = self.realm.replace('\\', "\\\\").replace('"', "\\\"");
        let stale = if stale { ",stale=true" } else { "" };
        [Algorithm::Md5, Algorithm::Sha256]
            .map(|algorithm| {
                let name = algorithm.name();
                format!("Digest realm=\"{realm}\",nonce=\"{nonce}\",algorithm={name},qop=\"auth\"{stale}")
            })
            .into()
    }

    /// Checks the Authorization and Proxy-Authorization headers of a request. `lookup` is asked once at most,
    /// by user name. The `uri` of the credentials is hashed as given and must name the user of the Request-URI, where it names
    /// one: so that nobody on the way makes of a call to one number a call to another (RFC 7616 3.4.6). Host, port and
    /// parameters are not compared: phones and proxies on the way spell them differently.
    pub fn verify<'a>(
        &mut self,
        now: Instant,
        request: &Request,
        lookup: impl FnOnce(&str) -> Option<&'a Secret>,
    ) -> Verdict {
        let headers = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
        let mut all = headers.into_iter().flat_map(|name| request.raw().values(name)).filter_map(Auth::parse);
        let ours = |auth: &Auth<'_>| {
            auth.is_digest() && auth.get("realm").is_some_and(|realm| *realm == *self.realm.as_bytes())
        };
        let Some(auth) = all.find(ours) else {
            return Verdict::Missing;
        };
        self.check(now, request, &auth, lookup)
    }

    fn check<'a>(
        &mut self,
        now: Instant,
        request: &Request,
        auth: &Auth<'_>,
        lookup: impl FnOnce(&str) -> Option<&'a Secret>,
    ) -> Verdict {
        let named = auth.get("algorithm");
        let (Some(algorithm), Some(username), Some(nonce), Some(uri), Some(response)) = (
            Algorithm::of(named.as_deref()),
            auth.text("username"),
            auth.get("nonce"),
            auth.get("uri"),
            auth.get("response"),
        ) else {
            return Verdict::Missing;
        };
        let (qop, nc, cnonce) = (auth.get("qop"), auth.get("nc"), auth.get("cnonce"));
        let counted = match (&qop, &nc, &cnonce) {
            (Some(qop), Some(nc), Some(cnonce)) if qop.eq_ignore_ascii_case(b"auth") => Some(Counted { nc, cnonce }),
            // Phones of the time of RFC 2069 know no qop; only MD5 is as old.
            (None, _, _) if algorithm == Algorithm::Md5 => None,
            _ => return Verdict::Missing,
        };
        let given = Given { algorithm, nonce: &nonce, uri: &uri, response: &response, counted };
        let is_right = matches(&given, request.method_text(), lookup(&username));
        if !is_right || !is_for(&uri, request) {
            return Verdict::Refused;
        }
        let fresh = self.nonces.check(now, &nonce).is_some_and(|number| match &nc {
            Some(nc) if counted.is_some() => count(nc).is_some_and(|count| self.nonces.mark(number, count)),
            _ => true,
        });
        if fresh { Verdict::Accepted { username } } else { Verdict::Stale }
    }

    /// Nonces whose counts are remembered now.
    #[must_use]
    pub fn remembered_nonces(&self) -> usize {
        self.nonces.remembered()
    }
}

/// Do credentials with this `uri` speak of this request? One that cannot be read, or names no user (registrars; SIPp and
/// others name the server alone), says nothing against it.
fn is_for(uri: &[u8], request: &Request) -> bool {
    let named = Uri::parse(uri).and_then(|uri| uri.user().map(Cow::into_owned));
    let asked = request.uri().and_then(|uri| uri.user().map(Cow::into_owned));
    named.zip(asked).is_none_or(|(named, asked)| bare(&named) == bare(&asked))
}

/// An unknown user costs as much as a wrong password, so that time tells nothing.
fn matches(given: &Given<'_>, method: &[u8], secret: Option<&Secret>) -> bool {
    let nobody = Secret { md5_ha1: [0; 16], sha256_ha1: [0; 32] };
    let ha1 = secret.unwrap_or(&nobody).hex(given.algorithm);
    let expected = hash::response(given.algorithm, &ha1, given.nonce, given.counted, method, given.uri);
    let answer = given.response.to_ascii_lowercase();
    hash::same(&expected, &answer) && secret.is_some()
}

fn count(digits: &[u8]) -> Option<u32> {
    if digits.len() > 8 {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}
