//! Opening hours as they are stored and edited, and the spans of time they come to.

use super::mistake::{Checked, Mistakes};
use crate::clock::Time;
use jiff::civil::{Date, Time as CivilTime, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use pbx::{HoursId, UnixMillis};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// For how many days ahead the spans are worked out; they are worked out again at least daily.
pub const DAYS_AHEAD: u32 = 8;

/// Open from one time of day to another, `HH:MM`; `24:00` is the end of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenSpan {
    /// Included.
    pub from: String,
    /// Not included.
    pub to: String,
}

/// The week; a day without spans is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[allow(missing_docs)]
pub struct Weekly {
    pub monday: Vec<OpenSpan>,
    pub tuesday: Vec<OpenSpan>,
    pub wednesday: Vec<OpenSpan>,
    pub thursday: Vec<OpenSpan>,
    pub friday: Vec<OpenSpan>,
    pub saturday: Vec<OpenSpan>,
    pub sunday: Vec<OpenSpan>,
}

impl Weekly {
    fn days(&self) -> [(&'static str, Weekday, &[OpenSpan]); 7] {
        [
            ("monday", Weekday::Monday, &self.monday),
            ("tuesday", Weekday::Tuesday, &self.tuesday),
            ("wednesday", Weekday::Wednesday, &self.wednesday),
            ("thursday", Weekday::Thursday, &self.thursday),
            ("friday", Weekday::Friday, &self.friday),
            ("saturday", Weekday::Saturday, &self.saturday),
            ("sunday", Weekday::Sunday, &self.sunday),
        ]
    }

    fn on(&self, weekday: Weekday) -> &[OpenSpan] {
        self.days().into_iter().find(|(_, day, _)| *day == weekday).map_or(&[], |(_, _, spans)| spans)
    }
}

/// A day on which nobody is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// What day it is.
    #[serde(default)]
    pub name: String,
}

/// Open or closed by hand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ManualOverride {
    /// Open (`true`) or closed.
    pub open: bool,
    /// Until then; the next automatic change when left out.
    #[serde(default)]
    pub until: Option<Time>,
}

/// Opening hours' editable fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursFields {
    /// 1–60 characters.
    pub name: String,
    /// An IANA time zone, such as `Asia/Seoul`.
    #[serde(default = "seoul")]
    pub time_zone: String,
    /// The week.
    #[serde(default)]
    pub weekly: Weekly,
    /// At most 50.
    #[serde(default)]
    pub holidays: Vec<Holiday>,
    /// Stronger than the week and the holidays until it ends.
    #[serde(default)]
    pub manual_override: Option<ManualOverride>,
}

fn seoul() -> String {
    "Asia/Seoul".into()
}

/// Minutes since midnight of `HH:MM`, up to 24:00.
fn minutes(text: &str) -> Option<i64> {
    let (hour, minute) = text.split_once(':')?;
    if hour.len() != 2 || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (i64, i64) = (hour.parse().ok()?, minute.parse().ok()?);
    ((0..=23).contains(&hour) && (0..=59).contains(&minute) || hour == 24 && minute == 0).then_some(hour * 60 + minute)
}

impl Checked for HoursFields {
    fn check(&self, mistakes: &mut Mistakes) {
        mistakes.text("name", &self.name, 1, 60);
        if TimeZone::get(&self.time_zone).is_err() {
            mistakes.add(
                "time_zone",
                "invalid",
                "must be an IANA time zone, such as Asia/Seoul",
                "Asia/Seoul 같은 IANA 시간대여야 합니다",
            );
        }
        for (name, _, spans) in self.weekly.days() {
            mistakes.range(&format!("weekly.{name}"), spans.len() as u64, 0, 10);
            for (place, span) in spans.iter().enumerate() {
                let fits = matches!((minutes(&span.from), minutes(&span.to)), (Some(from), Some(to)) if from < to);
                if !fits {
                    mistakes.add(
                        format!("weekly.{name}[{place}]"),
                        "invalid",
                        "must be HH:MM to a later HH:MM of the same day, at most 24:00",
                        "HH:MM부터 같은 날의 더 늦은 HH:MM(최대 24:00)까지여야 합니다",
                    );
                }
            }
        }
        mistakes.range("holidays", self.holidays.len() as u64, 0, 50);
        for (place, holiday) in self.holidays.iter().enumerate() {
            if holiday.date.len() != 10 || holiday.date.parse::<Date>().is_err() {
                mistakes.add(
                    format!("holidays[{place}].date"),
                    "invalid",
                    "must be a date, YYYY-MM-DD",
                    "YYYY-MM-DD 날짜여야 합니다",
                );
            }
            mistakes.text(&format!("holidays[{place}].name"), &holiday.name, 0, 60);
        }
    }
}

/// Opening hours.
#[derive(Clone, Debug, PartialEq)]
pub struct Hours {
    /// Which ones.
    pub id: HoursId,
    /// What can be edited.
    pub fields: HoursFields,
}

impl HoursFields {
    /// The spans of the days around `now`, ascending and not overlapping.
    #[must_use]
    pub fn open_spans(&self, now: UnixMillis) -> Vec<(UnixMillis, UnixMillis)> {
        let mut spans = self.automatic_spans(now);
        if let Some(ManualOverride { open, until: Some(Time(until)) }) = self.manual_override
            && until > now
        {
            spans = cut(&spans, now, until);
            if open {
                spans.push((now, until));
            }
        }
        merge(spans)
    }

    fn automatic_spans(&self, now: UnixMillis) -> Vec<(UnixMillis, UnixMillis)> {
        let Ok(zone) = TimeZone::get(&self.time_zone) else { return Vec::new() };
        let Ok(now) = Timestamp::from_millisecond(i64::try_from(now.0).unwrap_or(i64::MAX)) else { return Vec::new() };
        let today = now.to_zoned(zone.clone()).date();
        let mut spans = Vec::new();
        for offset in -1..i64::from(DAYS_AHEAD) {
            let Ok(date) = today.checked_add(offset.days()) else { continue };
            if self.holidays.iter().any(|h| h.date.parse::<Date>().is_ok_and(|d| d == date)) {
                continue;
            }
            spans.extend(self.weekly.on(date.weekday()).iter().filter_map(|span| on_date(date, span, &zone)));
        }
        merge(spans)
    }

    /// When the automatic hours change next after `now`, if they do within the days worked out.
    #[must_use]
    pub fn next_change(&self, now: UnixMillis) -> Option<UnixMillis> {
        self.automatic_spans(now).into_iter().flat_map(|(from, to)| [from, to]).find(|edge| *edge > now)
    }
}

fn on_date(date: Date, span: &OpenSpan, zone: &TimeZone) -> Option<(UnixMillis, UnixMillis)> {
    let at = |minutes: i64| -> Option<UnixMillis> {
        let midnight = date.to_datetime(CivilTime::midnight());
        let civil = midnight.checked_add(minutes.minutes()).ok()?;
        let ms = civil.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond();
        u64::try_from(ms).ok().map(UnixMillis)
    };
    let (from, to) = (at(minutes(&span.from)?)?, at(minutes(&span.to)?)?);
    (from < to).then_some((from, to))
}

fn merge(mut spans: Vec<(UnixMillis, UnixMillis)>) -> Vec<(UnixMillis, UnixMillis)> {
    spans.sort_unstable();
    let mut merged: Vec<(UnixMillis, UnixMillis)> = Vec::with_capacity(spans.len());
    for (from, to) in spans {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

/// The spans without what lies in `from..to`.
fn cut(spans: &[(UnixMillis, UnixMillis)], from: UnixMillis, to: UnixMillis) -> Vec<(UnixMillis, UnixMillis)> {
    spans.iter().flat_map(|&(a, b)| [(a, b.min(from)), (a.max(to), b)]).filter(|(a, b)| a < b).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekdays() -> HoursFields {
        let day = || vec![OpenSpan { from: "09:00".into(), to: "18:00".into() }];
        HoursFields {
            name: "Weekdays".into(),
            time_zone: "Asia/Seoul".into(),
            weekly: Weekly {
                monday: day(),
                tuesday: day(),
                wednesday: day(),
                thursday: day(),
                friday: day(),
                ..Weekly::default()
            },
            holidays: Vec::new(),
            manual_override: None,
        }
    }
    fn at(text: &str) -> UnixMillis {
        UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond() as u64)
    }
    fn is_open(hours: &HoursFields, now: &str, then: &str) -> bool {
        pbx::settings::Hours { open: hours.open_spans(at(now)) }.is_open(at(then))
    }

    #[test]
    fn a_week_in_seoul() {
        let hours = weekdays();
        // 2026-11-20 is a Friday; 09:00 in Seoul is 00:00 UTC.
        let now = "2026-11-19T23:59:00Z";
        assert!(!is_open(&hours, now, "2026-11-19T23:59:59Z"));
        assert!(is_open(&hours, now, "2026-11-20T00:00:00Z"));
        assert!(!is_open(&hours, now, "2026-11-20T09:00:00Z"));
        assert!(!is_open(&hours, now, "2026-11-21T03:00:00Z"), "Saturday");
        assert!(is_open(&hours, now, "2026-11-23T03:00:00Z"), "Monday");
    }

    #[test]
    fn holidays_and_the_manual_override_are_stronger() {
        let mut hours = weekdays();
        hours.holidays.push(Holiday { date: "2026-11-23".into(), name: "Founding day".into() });
        let now = "2026-11-20T01:00:00Z";
        assert!(!is_open(&hours, now, "2026-11-23T03:00:00Z"));
        assert_eq!(hours.next_change(at(now)), Some(at("2026-11-20T09:00:00Z")));
        hours.manual_override = Some(ManualOverride { open: false, until: Some(Time(at("2026-11-20T02:00:00Z"))) });
        assert!(!is_open(&hours, now, "2026-11-20T01:30:00Z"));
        assert!(is_open(&hours, now, "2026-11-20T02:00:00Z"));
        hours.manual_override = Some(ManualOverride { open: true, until: Some(Time(at("2026-11-20T12:00:00Z"))) });
        assert!(is_open(&hours, now, "2026-11-20T11:59:00Z"));
        assert!(!is_open(&hours, now, "2026-11-20T12:00:00Z"));
    }

    #[test]
    fn a_whole_day_and_never() {
        let mut hours = weekdays();
        hours.weekly.sunday = vec![OpenSpan { from: "00:00".into(), to: "24:00".into() }];
        assert!(is_open(&hours, "2026-11-21T00:00:00Z", "2026-11-22T14:59:59Z"));
        assert!(!is_open(&hours, "2026-11-21T00:00:00Z", "2026-11-22T15:00:00Z"));
        hours.weekly = Weekly::default();
        assert!(hours.open_spans(at("2026-11-21T00:00:00Z")).is_empty());
        assert_eq!(hours.next_change(at("2026-11-21T00:00:00Z")), None);
    }

    #[test]
    fn mistakes_name_their_place() {
        let mut hours = weekdays();
        hours.time_zone = "Moon/Base".into();
        hours.weekly.monday.push(OpenSpan { from: "18:00".into(), to: "9:00".into() });
        hours.holidays.push(Holiday { date: "tomorrow".into(), name: String::new() });
        let mut mistakes = Mistakes::default();
        hours.check(&mut mistakes);
        let paths: Vec<&str> = mistakes.found.iter().map(|m| m.path.as_str()).collect();
        assert_eq!(paths, ["time_zone", "weekly.monday[1]", "holidays[0].date"]);
    }
}
