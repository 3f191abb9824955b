//! Numbers as they are stored and edited.

use super::mistake::{Checked, Mistakes};
use pbx::command::Language;
use pbx::settings::{ContinueConversation, RingbackChoice, Routing, Spoken};
use pbx::{AudioId, CarrierId, Country, E164, HoursId, NumberId, UnixMillis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A number's editable fields.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberFields {
    /// Shown for outgoing calls of managers without a number of their own (R101). One number is.
    #[serde(default)]
    pub is_default: bool,
    /// Seconds that managers ring, 10–120 (R74); 30 when not set.
    #[serde(default = "thirty")]
    #[schema(minimum = 10, maximum = 120)]
    pub ring_seconds: u16,
    /// What the customer hears while managers ring (R77).
    #[serde(default)]
    pub ringback: Ringback,
    /// Whether a call goes on in the previous conversation (R82).
    #[serde(default)]
    pub continue_conversation: Continue,
    /// Where calls go (R95).
    #[serde(default)]
    pub routing: RouteTo,
    /// What is said (R102–R108).
    #[serde(default)]
    pub announcements: Announcements,
    /// Opening hours; always open without.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub hours_id: Option<HoursId>,
}

fn thirty() -> u16 {
    30
}

/// The kind of a ringback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RingbackKind {
    #[default]
    Loop,
    National,
    Custom,
}

/// A ringback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Ringback {
    /// Which.
    pub kind: RingbackKind,
    /// The audio of a custom one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub audio_id: Option<AudioId>,
}

/// How long a conversation is continued.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum ContinueMode {
    #[default]
    Off,
    Always,
    Minutes,
    Hours,
    Days,
}

/// The rule for continuing the previous conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Continue {
    /// Which rule.
    pub mode: ContinueMode,
    /// Minutes 1–99, hours 1–99 or days 1–90.
    #[serde(default)]
    pub value: Option<u16>,
}

/// The kind of a routing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum RouteKind {
    #[default]
    None,
    Manager,
    Team,
    Workflow,
    Echo,
}

/// Where a number's calls go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteTo {
    /// What it goes to.
    pub kind: RouteKind,
    /// The manager, team or workflow.
    #[serde(default)]
    pub id: Option<String>,
}

impl RouteTo {
    /// As the business knows it; nothing when the id does not fit.
    #[must_use]
    pub fn business(&self) -> Option<Routing> {
        let id = self.id.as_deref().unwrap_or_default();
        Some(match self.kind {
            RouteKind::None => Routing::None,
            RouteKind::Echo => Routing::Echo,
            RouteKind::Manager => Routing::Manager(id.parse().ok()?),
            RouteKind::Team => Routing::Team(id.parse().ok()?),
            RouteKind::Workflow => Routing::Workflow(id.parse().ok()?),
        })
    }
}

/// What an announcement is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SpokenKind {
    #[default]
    Default,
    Text,
    Audio,
}

/// What is said in one language.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpokenIn {
    /// Where the sound comes from.
    pub kind: SpokenKind,
    /// The words, for `text`.
    #[serde(default)]
    pub text: Option<String>,
    /// The audio, for `audio`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub audio_id: Option<AudioId>,
}

/// An announcement by language (R105); one that is missing falls back to English, then to the recording that ships with sori.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Announcement {
    /// Not played at all; only a greeting can be switched off.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub off: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ko: Option<SpokenIn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<SpokenIn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ja: Option<SpokenIn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zh: Option<SpokenIn>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub es: Option<SpokenIn>,
}

impl Announcement {
    /// Language by language.
    pub fn languages(&self) -> impl Iterator<Item = (&'static str, Language, &SpokenIn)> {
        [
            ("ko", Language::Ko, &self.ko),
            ("en", Language::En, &self.en),
            ("ja", Language::Ja, &self.ja),
            ("zh", Language::Zh, &self.zh),
            ("es", Language::Es, &self.es),
        ]
        .into_iter()
        .filter_map(|(name, language, spoken)| spoken.as_ref().map(|s| (name, language, s)))
    }

    /// As the business knows it.
    #[must_use]
    pub fn business(&self) -> pbx::settings::Announcement {
        let spoken: BTreeMap<Language, Spoken> = self
            .languages()
            .map(|(_, language, spoken)| (language, spoken.audio_id.map_or(Spoken::Default, Spoken::Audio)))
            .collect();
        pbx::settings::Announcement { off: self.off, spoken }
    }
}

/// A number's announcements.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Announcements {
    #[serde(default)]
    pub greeting: Announcement,
    #[serde(default)]
    pub all_busy: Announcement,
    #[serde(default)]
    pub out_of_hours: Announcement,
}

impl Checked for NumberFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.range("ring_seconds", self.ring_seconds.into(), 10, 120);
        if self.ringback.kind == RingbackKind::Custom || self.ringback.audio_id.is_some() {
            mistakes.add(
                "ringback.kind",
                "not_available",
                "uploaded audio comes with a later release; use loop or national",
                "업로드한 음원은 다음 버전에서 지원합니다. loop 또는 national을 쓰세요",
            );
        }
        self.check_continue(mistakes);
        if self.routing.business().is_none() {
            mistakes.add(
                "routing.id",
                "required",
                "must be the id of what the kind names",
                "라우팅 대상의 id가 필요합니다",
            );
        }
        for (name, announcement) in [
            ("greeting", &self.announcements.greeting),
            ("all_busy", &self.announcements.all_busy),
            ("out_of_hours", &self.announcements.out_of_hours),
        ] {
            if announcement.off && name != "greeting" {
                mistakes.add(
                    format!("announcements.{name}.off"),
                    "not_available",
                    "only the greeting can be switched off",
                    "인사말만 끌 수 있습니다",
                );
            }
            for (language, _, spoken) in announcement.languages() {
                if spoken.kind != SpokenKind::Default || spoken.audio_id.is_some() || spoken.text.is_some() {
                    mistakes.add(
                        format!("announcements.{name}.{language}.kind"),
                        "not_available",
                        "only the default recording can be used for now",
                        "지금은 기본 음성만 쓸 수 있습니다",
                    );
                }
            }
        }
    }
}

impl NumberFields {
    fn check_continue(&self, mistakes: &mut Mistakes) {
        const PATH: &str = "continue_conversation.value";
        let most = match self.continue_conversation.mode {
            ContinueMode::Off | ContinueMode::Always => return,
            ContinueMode::Minutes | ContinueMode::Hours => 99,
            ContinueMode::Days => 90,
        };
        match self.continue_conversation.value {
            Some(value) => mistakes.range(PATH, value.into(), 1, most),
            None => mistakes.add(PATH, "required", "is needed for this mode", "이 모드에는 값이 필요합니다"),
        }
    }

    fn business_continue(&self) -> ContinueConversation {
        let value = u64::from(self.continue_conversation.value.unwrap_or(0));
        match self.continue_conversation.mode {
            ContinueMode::Off => ContinueConversation::Off,
            ContinueMode::Always => ContinueConversation::Always,
            ContinueMode::Minutes => ContinueConversation::WithinMs(value * 60_000),
            ContinueMode::Hours => ContinueConversation::WithinMs(value * 3_600_000),
            ContinueMode::Days => ContinueConversation::WithinMs(value * 86_400_000),
        }
    }
}

/// A number issued to the workspace.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    /// Which one.
    pub id: NumberId,
    /// The number itself.
    pub e164: E164,
    /// Through whom it comes.
    pub carrier_id: Option<CarrierId>,
    /// What can be edited.
    pub fields: NumberFields,
    /// Issued then.
    pub created_at: UnixMillis,
}

impl Number {
    /// Its country; Korea's habits where the country is not one whose habits are known.
    #[must_use]
    pub fn country(&self) -> Country {
        self.e164.country().unwrap_or(Country::Kr)
    }

    /// As the business knows it.
    #[must_use]
    pub fn business(&self) -> pbx::settings::Number {
        let f = &self.fields;
        pbx::settings::Number {
            id: self.id,
            e164: self.e164,
            country: self.country(),
            carrier_id: self.carrier_id,
            is_default: f.is_default,
            ring_seconds: f.ring_seconds,
            ringback: match f.ringback.kind {
                RingbackKind::Loop => RingbackChoice::Loop,
                RingbackKind::National => RingbackChoice::National,
                RingbackKind::Custom => f.ringback.audio_id.map_or(RingbackChoice::Loop, RingbackChoice::Custom),
            },
            continue_conversation: f.business_continue(),
            routing: f.routing.business().unwrap_or(Routing::None),
            greeting: f.announcements.greeting.business(),
            all_busy: f.announcements.all_busy.business(),
            out_of_hours: f.announcements.out_of_hours.business(),
            hours_id: f.hours_id,
            caller_id: None,
        }
    }
}
