//! What a phone's message lamp shows (RFC 3842).

/// Media type of the package.
pub(super) const MEDIA_TYPE: &str = "application/simple-message-summary";

/// How many voice messages wait for `account`, new and old.
pub(super) fn document(account: &str, new: u32, old: u32) -> String {
    let waiting = if new > 0 { "yes" } else { "no" };
    // Account and counts come from outside and from the store; neither holds a line end, or it would not be an account.
    format!("Messages-Waiting: {waiting}\r\nMessage-Account: {account}\r\nVoice-Message: {new}/{old} (0/0)\r\n")
}

#[cfg(test)]
mod tests {
    use super::document;

    #[test]
    fn lines_of_the_summary() {
        assert_eq!(
            document("sip:100@h", 0, 0),
            "Messages-Waiting: no\r\nMessage-Account: sip:100@h\r\nVoice-Message: 0/0 (0/0)\r\n"
        );
        assert!(document("sip:100@h", 2, 5).starts_with("Messages-Waiting: yes\r\n"));
    }
}
