//! The words of the business, for the API's document only: the values themselves are pbx's types.

use utoipa::ToSchema;

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident of $real:ty = [$($word:ident),* $(,)?]);* $(;)?) => {
        $(
            $(#[$doc])*
            #[derive(ToSchema)]
            #[schema(rename_all = "snake_case")]
            #[allow(missing_docs)]
            pub enum $name { $($word),* }
        )*
        #[cfg(test)]
        mod tests {
            #[test]
            fn every_word_is_one_the_business_knows() {
                $($( {
                    let name = stringify!($word);
                    let mut snake = String::new();
                    for (place, c) in name.chars().enumerate() {
                        if c.is_uppercase() && place > 0 { snake.push('_'); }
                        snake.extend(c.to_lowercase());
                    }
                    let value: $real = serde_json::from_value(serde_json::Value::String(snake.clone())).unwrap();
                    assert_eq!(serde_json::to_value(&value).unwrap(), serde_json::Value::String(snake));
                } )*)*
            }
        }
    };
}

words! {
    /// What a person may do.
    Role of pbx::settings::Role = [Manager, Admin, Owner];
    /// What a manager is doing now.
    OperatorStatus of pbx::settings::OperatorStatus = [
        Waiting, Chat, Call, PostCall, Meet, Eat, Rest, InMeeting, Education, OtherWork, Off, Vacation
    ];
    /// A language.
    Language of pbx::command::Language = [Ko, En, Ja, Zh, Es];
    /// Where a call stands.
    CallState of pbx::record::CallState = [Workflow, Queued, Ringing, Engaged, Ended];
    /// Which way a call goes.
    Direction of pbx::record::Direction = [Inbound, Outbound];
    /// Where a conversation stands.
    ConversationState of pbx::record::ConversationState = [Open, Snoozed, Missed, Queued, Closed];
    /// Why a call was not answered.
    MissedReason of pbx::MissedReason = [
        RingTimeOver, NoOperator, OutOfHours, AbandonedInQueue, ExceededQueue, CustomerLeft, Workflow, ManagerLeft,
        BlockedCustomer, ReleasedNumber, UnregisteredNumber, RateLimited, NoDevice
    ];
    /// A kind of ring device.
    RingDevice of pbx::settings::RingDevice = [Desktop, Mobile, DeskPhone];
}

/// A country whose dialling habits are known.
#[derive(ToSchema)]
#[allow(missing_docs)]
pub enum Country {
    #[schema(rename = "KR")]
    Kr,
    #[schema(rename = "JP")]
    Jp,
}

/// The manager's ring devices that are chosen.
#[derive(ToSchema)]
#[allow(missing_docs, dead_code)]
pub struct RingDevices {
    desktop: bool,
    mobile: bool,
    desk_phone: bool,
}
