//! What the server's API asks of the switch in mid-run.

use crate::agent::key_of;
use crate::workspace;
use crate::world::World;
use pbx::{CallId, DialRequest, ManagerId, TransferTarget};
use std::sync::Arc;

/// An order of the API.
#[derive(Clone, Debug)]
pub enum Errand {
    /// Ring the manager's devices, then dial.
    Dial {
        /// Who.
        manager: ManagerId,
        /// Whom.
        to: String,
    },
    /// End the call with this customer, whatever its state.
    HangUp {
        /// Who asks; `None` is the system.
        by: Option<ManagerId>,
        /// The last eight digits of the customer's number.
        key: u64,
    },
    /// Hand this customer on, for the manager who talks with them.
    HandOn {
        /// The last eight digits of the customer's number.
        key: u64,
        /// A colleague; nobody for a number outside.
        to: Option<ManagerId>,
    },
    /// Take this customer back, for the manager who hands them on.
    TakeBack {
        /// The last eight digits of the customer's number.
        key: u64,
    },
    /// Save the settings, in which this manager may take no calls; `None` lets everybody take them.
    Settings {
        /// Who is without a seat.
        without_seat: Option<ManagerId>,
    },
}

impl World {
    pub(crate) fn run_errand(&mut self, errand: Errand) -> Result<(), String> {
        let now = self.clock.now();
        match errand {
            Errand::Dial { manager, to } => {
                self.ladder
                    .note(self.clock.elapsed(), format!("the API dials {to} for {}", workspace::name_of(manager)));
                let request = DialRequest { manager, to, from_number: None, conversation: None, device: None };
                // A refusal is told to the API's user and changes nothing.
                let _ = self.switch.with_business(now, |pbx| pbx.dial(request, now.unix));
            }
            Errand::Settings { without_seat } => {
                self.ladder
                    .note(self.clock.elapsed(), format!("the API saves settings, without a seat: {without_seat:?}"));
                self.settings_changed = true;
                let proxy = self.setup.agents.first().map_or(crate::world::SERVER, |carrier| carrier.address);
                let settings = workspace::settings(proxy, without_seat);
                self.switch.handle_settings(now, Arc::new(settings));
            }
            Errand::HangUp { by, key } => {
                if let Some((call, _)) = self.live_call(key) {
                    self.ladder.note(self.clock.elapsed(), format!("the API hangs up on customer {key}"));
                    self.switch.with_business(now, |pbx| pbx.hang_up(call, by, now.unix));
                }
            }
            Errand::HandOn { key, to } => {
                if let Some((call, Some(by))) = self.live_call(key) {
                    self.ladder.note(self.clock.elapsed(), format!("the API hands customer {key} on"));
                    let number = || TransferTarget::Number { dialled: format!("011{key:08}").into() };
                    let to = to.map_or_else(number, TransferTarget::Manager);
                    let _ = self.switch.with_business(now, |pbx| pbx.transfer(call, by, to, now.unix));
                }
            }
            Errand::TakeBack { key } => {
                if let Some((call, Some(by))) = self.live_call(key) {
                    self.ladder.note(self.clock.elapsed(), format!("the API takes customer {key} back"));
                    let _ = self.switch.with_business(now, |pbx| pbx.take_back(call, by, now.unix));
                }
            }
        }
        self.flush_switch()
    }

    /// The call with this customer, and who answered it.
    fn live_call(&self, key: u64) -> Option<(CallId, Option<ManagerId>)> {
        let mut live = self.switch.business().live_calls();
        let call = live.find(|call| key_of(&call.from) == key || key_of(&call.to) == key)?;
        Some((call.id, call.answered_by))
    }
}
