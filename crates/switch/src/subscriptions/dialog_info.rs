//! The calls of a manager as a dialog-info document (RFC 4235), for the lamps of desk phones.

use super::xml::escape;
use pbx::CallId;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Media type of the package.
pub(super) const MEDIA_TYPE: &str = "application/dialog-info+xml";
/// Most dialogs of one document; who has more calls at once shows busy anyway.
const MAX_DIALOGS: usize = 32;

/// Where a call of the manager stands (RFC 4235 3.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialogState {
    /// It rings, there or at whom the manager called.
    Early,
    /// It was answered.
    Confirmed,
}

/// A call as a lamp shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WatchedDialog {
    pub(crate) state: DialogState,
    /// The manager began it.
    pub(crate) is_initiator: bool,
    /// Number or SIP user of the other side; empty when it is not known or withheld.
    pub(crate) remote: String,
}

/// The whole state. Calls that were in the last document and are over are told as terminated, once.
pub(super) fn document(
    entity: &str,
    host: &str,
    version: u32,
    now: &BTreeMap<CallId, WatchedDialog>,
    before: &BTreeMap<CallId, WatchedDialog>,
) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{version}\" state=\"full\" entity=\"{}\">\r\n",
        escape(entity)
    );
    for (call, dialog) in now.iter().take(MAX_DIALOGS) {
        let state = match dialog.state {
            DialogState::Early => "early",
            DialogState::Confirmed => "confirmed",
        };
        one(&mut out, *call, dialog, state, host);
    }
    for (call, dialog) in before.iter().filter(|(call, _)| !now.contains_key(call)).take(MAX_DIALOGS) {
        one(&mut out, *call, dialog, "terminated", host);
    }
    out.push_str("</dialog-info>\r\n");
    out
}

fn one(out: &mut String, call: CallId, dialog: &WatchedDialog, state: &str, host: &str) {
    let direction = if dialog.is_initiator { "initiator" } else { "recipient" };
    let remote = match dialog.remote.as_str() {
        "" => "sip:anonymous@anonymous.invalid".to_owned(),
        user => format!("sip:{}@{}", user_part(user), escape(host)),
    };
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<dialog id=\"{call}\" direction=\"{direction}\"><state>{state}</state>\
         <remote><identity>{remote}</identity><target uri=\"{remote}\"/></remote></dialog>\r\n"
    );
}

/// The user part of a URI; of colleagues it is a name, in whatever script.
fn user_part(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for byte in user.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*()+".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialog(state: DialogState, remote: &str) -> WatchedDialog {
        WatchedDialog { state, is_initiator: false, remote: remote.to_owned() }
    }

    #[test]
    fn live_calls_and_those_just_over() {
        let before = BTreeMap::from([(CallId(1), dialog(DialogState::Confirmed, "+8210<1>"))]);
        let now = BTreeMap::from([(CallId(2), dialog(DialogState::Early, ""))]);
        let text = document("sip:100@h", "h", 7, &now, &before);
        assert!(text.contains("version=\"7\" state=\"full\" entity=\"sip:100@h\""), "{text}");
        let early = format!(
            "<dialog id=\"{}\" direction=\"recipient\"><state>early</state><remote><identity>sip:anonymous@anonymous.invalid</identity>",
            CallId(2)
        );
        assert!(text.contains(&early), "{text}");
        let over = format!(
            "<dialog id=\"{}\" direction=\"recipient\"><state>terminated</state><remote><identity>sip:+8210%3C1%3E@h</identity>",
            CallId(1)
        );
        assert!(text.contains(&over), "{text}");
        assert!(
            document("sip:100@h", "h", 8, &BTreeMap::new(), &BTreeMap::new())
                .contains("entity=\"sip:100@h\">\r\n</dialog-info>")
        );
    }
}
