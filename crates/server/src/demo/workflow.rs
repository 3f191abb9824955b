//! The workflow "demo IVR": 1 support, 2 sales, 3 voicemail, star to hear the menu again.

use pbx::TeamId;
use pbx::command::BuiltIn;
use pbx::workflow::{Action, Assignee, Speech, Star, Step, Trigger};

/// Its name.
pub(super) const NAME: &str = "demo IVR";

/// Seconds a message may last.
const VOICEMAIL_SECONDS: u32 = 120;

fn says(built_in: BuiltIn) -> Speech {
    Speech { text: String::new(), audio_id: None, built_in: Some(built_in) }
}

fn team_step(name: &str, team: TeamId) -> Step {
    Step {
        name: name.to_owned(),
        actions: vec![
            Action::Assign { to: Assignee::Team(team) },
            Action::TryConnect { unavailable: Some("voicemail".into()) },
        ],
    }
}

/// What starts it, and its steps.
pub(super) fn demo_ivr(support: TeamId, sales: TeamId) -> (Trigger, Vec<Step>) {
    let keys = [('1', "support"), ('2', "sales"), ('3', "voicemail")].map(|(key, step)| (key, step.to_owned()));
    let menu = Action::Keys { speech: says(BuiltIn::DemoMenu), keys: keys.into(), star: Star::Repeat };
    let voicemail = Action::Voicemail { speech: says(BuiltIn::VoicemailIntro), limit_seconds: VOICEMAIL_SECONDS };
    let steps = vec![
        Step { name: "menu".into(), actions: vec![menu] },
        team_step("support", support),
        team_step("sales", sales),
        Step { name: "voicemail".into(), actions: vec![voicemail] },
    ];
    (Trigger::CustomerCalled { repeat_count: 3 }, steps)
}
