//! A point in time, as tokens, commits and registers give it.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Seconds in a day, leap seconds aside.
pub const DAY: i64 = 86_400;

/// A point in time to the second, between the years -9999 and 9999. It is written and read as
/// RFC 3339 in UTC: `2026-01-31T09:30:00Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// Text that is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date or a time; write 2026-01-31 or 2026-01-31T09:30:00Z (RFC 3339)")]
pub struct NoMoment;

impl Moment {
    /// The first second of 1970 in UTC.
    pub const EPOCH: Self = Self(0);

    /// Takes seconds since 1970-01-01 UTC; `None` outside the years -9999 to 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        Timestamp::from_second(seconds).ok().map(|_| Self(seconds))
    }

    /// The current time, by the system's clock.
    pub fn now() -> Self {
        Self(Timestamp::now().as_second())
    }

    /// Reads an RFC 3339 time, or a date, which stands for its first second in UTC. Fractions of a
    /// second are dropped.
    ///
    /// # Errors
    ///
    /// [`NoMoment`] if it is neither.
    pub fn parse(text: &str) -> Result<Self, NoMoment> {
        let text = text.trim();
        if let Ok(time) = text.parse::<Timestamp>() {
            return Ok(Self(time.as_second()));
        }
        // A longer text may be a time without its zone, which is no point in time.
        if text.len() > "2026-01-31".len() {
            return Err(NoMoment);
        }
        let date: Date = text.parse().map_err(|_| NoMoment)?;
        let zoned = date.to_zoned(TimeZone::UTC).map_err(|_| NoMoment)?;
        Ok(Self(zoned.timestamp().as_second()))
    }

    /// Seconds since 1970-01-01 UTC.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Whole days from `earlier` to this, towards zero; negative if this is the earlier one.
    pub const fn days_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0) / DAY
    }

    /// So many days later; `None` outside the years -9999 to 9999.
    pub fn plus_days(self, days: i64) -> Option<Self> {
        Self::from_seconds(self.0.checked_add(days.checked_mul(DAY)?)?)
    }

    /// The day in UTC: `2026-01-31`.
    pub fn date(self) -> String {
        let text = self.to_string();
        text.split('T').next().unwrap_or_default().to_owned()
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_second(self.0) {
            Ok(time) => f.pad(&time.to_string()),
            Err(_) => f.pad("unknown"),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = NoMoment;

    fn from_str(text: &str) -> Result<Self, NoMoment> {
        Self::parse(text)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times_are_read_and_written() {
        let day = Moment::parse("2026-01-31").expect("a date");
        assert_eq!(day.to_string(), "2026-01-31T00:00:00Z");
        assert_eq!(Moment::parse("2026-01-31T02:00:00.9+02:00"), Ok(day));
        assert_eq!(day.date(), "2026-01-31");
        assert_eq!(serde_json::to_string(&day).expect("JSON"), "\"2026-01-31T00:00:00Z\"");
        assert_eq!(serde_json::from_str::<Moment>("\"2026-01-31\"").expect("JSON"), day);
        for wrong in ["", "tomorrow", "2026-13-01", "2026-01-31T02:00:00", "2026-01-31 02:00", "31.1.2026"] {
            assert_eq!(Moment::parse(wrong), Err(NoMoment), "{wrong}");
        }
        assert_eq!(Moment::from_seconds(i64::MAX), None);
    }

    #[test]
    fn days_are_counted() {
        let start = Moment::parse("2024-02-28").expect("a date");
        let end = start.plus_days(2).expect("in range");
        assert_eq!(end.date(), "2024-03-01");
        assert_eq!((end.days_since(start), start.days_since(end)), (2, -2));
        assert_eq!(start.plus_days(i64::MAX), None);
    }
}
