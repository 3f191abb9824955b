//! The API's orders, carried out in the control thread.

use super::outbox::Outbox;
use crate::control::{BrowserUser, Order};
use switch::{Browser, Now, Switch};
use tokio::sync::oneshot;

/// Those who wait until no call is left.
pub(crate) type Draining = Vec<oneshot::Sender<()>>;

/// Carries out one order; `false` when the control thread is to end. Somebody who does not wait for the answer any more is no fault.
pub(crate) fn carry_out(
    order: Order,
    switch: &mut Switch,
    outbox: &mut Outbox,
    draining: &mut Draining,
    now: Now,
) -> bool {
    match order {
        Order::Publish(settings, answer) => {
            switch.handle_settings(now, settings);
            let _ = answer.send(());
        }
        Order::Library(library, answer) => {
            outbox.media.set_library(&library);
            let _ = answer.send(());
        }
        Order::Dial(request, answer) => {
            let made = switch.with_business(now, |pbx| pbx.dial(request, now.unix));
            answer_after(outbox, switch, now, answer, made);
        }
        Order::HangUp(call, by, answer) => {
            let done = switch.with_business(now, |pbx| pbx.hang_up(call, by, now.unix));
            answer_after(outbox, switch, now, answer, done);
        }
        Order::Transfer(call, by, to, answer) => {
            let started = switch.with_business(now, |pbx| pbx.transfer(call, by, to, now.unix));
            answer_after(outbox, switch, now, answer, started);
        }
        Order::TakeBack(call, by, answer) => {
            let done = switch.with_business(now, |pbx| pbx.take_back(call, by, now.unix));
            answer_after(outbox, switch, now, answer, done);
        }
        Order::EditConversation(current, edit, by, answer) => {
            let row = switch.with_business(now, |pbx| pbx.edit_conversation(*current, edit, by, now.unix));
            answer_after(outbox, switch, now, answer, row);
        }
        Order::EditCustomer(customer) => switch.with_business(now, |pbx| pbx.edit_customer(*customer)),
        Order::AddBrowser(account) => {
            let user = match account.who {
                BrowserUser::Manager(manager, device) => switch::BrowserUser::Manager(manager, device),
                BrowserUser::Customer(number) => switch::BrowserUser::Customer(number),
            };
            let browser = Browser {
                username: account.username,
                password: account.password,
                user,
                expires_at: account.expires_at,
            };
            switch.add_browser(now, browser);
        }
        Order::Trace(call, answer) => {
            let _ = answer.send(switch.trace(call).cloned());
        }
        Order::Stop => return false,
        Order::Drain(answer) => {
            switch.with_business(now, |pbx| pbx.set_draining(true));
            // Carriers deliver elsewhere from now on.
            switch.leave_trunks(now);
            draining.push(answer);
        }
        Order::Cut(answer) => {
            switch.with_business(now, |pbx| {
                pbx.set_draining(true);
                let running: Vec<pbx::CallId> = pbx.live_calls().map(|call| call.id).collect();
                for call in running {
                    pbx.hang_up(call, None, now.unix);
                }
            });
            switch.leave_trunks(now);
            draining.push(answer);
        }
    }
    true
}

/// Answers once the records of what was done are on their way to the store, so that who asked can wait for them there.
fn answer_after<T>(outbox: &mut Outbox, switch: &mut Switch, now: Now, answer: oneshot::Sender<T>, result: T) {
    outbox.flush(switch, now);
    let _ = answer.send(result);
}
