//! Calls whose keys are agreed on by DTLS without ICE: baresip with `mediaenc=dtls_srtp`, on OpenSSL.

use crate::desk_phone::DeskPhone;
use crate::patience::SOON;
use crate::sori::Sori;
use crate::user_agent::UserAgent;
use crate::voice::Voice;

const CUSTOMER: f64 = 440.0;
const MANAGER: f64 = 700.0;
const CALLER: &str = "01012345678";

/// Signed in over UDP, so that nothing but its refusals says what it wants.
fn start(sori: &Sori, way: &str) -> DeskPhone {
    let way = format!("transport=udp>;mediaenc={way}");
    let phone = DeskPhone::open(&sori.sip().to_string(), &sori.phone(), MANAGER, &way, "module dtls_srtp.so\n");
    phone.wait_for("REGISTER_OK");
    phone
}

#[track_caller]
fn both_hear(customer: &Voice, phone: &DeskPhone) {
    customer.wait_for_tone(MANAGER);
    phone.wait_for_tone(CUSTOMER);
}

/// The phone offers, sori answers.
#[test]
fn a_desk_phone_that_offers_dtls_is_answered() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = start(&sori, "dtls_srtp");
    phone.command("dial", &format!("sip:01098765432@{}", sori.sip()));
    let (_, call) = carrier.answer("1098765432", sori.sip());
    call.voice.sing(CUSTOMER);
    phone.wait_for("CALL_ESTABLISHED");
    both_hear(&call.voice, &phone);
    phone.command("hangup", "");
    call.wait_for_bye(SOON);
    sori.wait_until_idle();
}

/// Sori offers, the phone answers.
#[test]
fn a_desk_phone_that_insists_on_dtls_is_offered_it_and_keeps_its_keys_over_hold() {
    let carrier = UserAgent::start();
    let sori = Sori::start(&carrier);
    let phone = start(&sori, "dtls_srtp");
    let call = carrier.call(sori.sip(), CALLER, "07040000003");
    call.voice.sing(CUSTOMER);
    phone.accept();
    call.engaged();
    both_hear(&call.voice, &phone);
    phone.command("hold", "");
    call.voice.wait_until_gone(MANAGER);
    phone.command("resume", "");
    // Its own ear stays shut after a hold that it offered over UDP, with keys or without.
    call.voice.wait_for_tone(MANAGER);
    call.hang_up();
    phone.wait_for("CALL_CLOSED");
    sori.wait_until_idle();
}
