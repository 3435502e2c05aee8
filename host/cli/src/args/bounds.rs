//! What the numbers of the command line may be. Each range stands in the help of its option, too.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Threads of a plugin's runtime: more than any machine has cores.
pub(super) const WORKERS: RangeInclusive<u64> = 1..=1_024;
/// Tasks at a time, retries and panics.
pub(super) const COUNT: RangeInclusive<u64> = 0..=1_000_000_000;
/// The address space of a probe in MiB: below the first no program starts.
pub(super) const PROBE_MEMORY: RangeInclusive<u64> = 64..=16_777_216;
/// The largest file in bytes: the smallest plugin is larger than the first.
pub(super) const FILE_BYTES: RangeInclusive<u64> = 1_000..=1_099_511_627_776;

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// How long a probe may take: below the first no process starts.
pub(super) const PROBE_TIME: RangeInclusive<Duration> = Duration::from_millis(10)..=HOUR;
/// How long a rule of the conformance suite may take: below the first no process starts.
pub(super) const RULE_TIME: RangeInclusive<Duration> = Duration::from_secs(1)..=HOUR;
/// How long a cancelled task may take to end.
pub(super) const GRACE: RangeInclusive<Duration> =
    Duration::ZERO..=Duration::from_secs(24 * 60 * 60);
/// How often something that is watched is renewed.
#[cfg(feature = "client")]
pub(super) const EVERY: RangeInclusive<Duration> = Duration::from_millis(200)..=HOUR;
/// How long a queue keeps something.
#[cfg(feature = "queue")]
pub(super) const KEPT: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(3_650 * 24 * 60 * 60);
/// How long a host that takes tasks of a queue may be silent.
#[cfg(feature = "queue")]
pub(super) const LEASE: RangeInclusive<Duration> = Duration::from_secs(1)..=HOUR;
/// How long a task of a queue may wait for a host that can take it.
#[cfg(feature = "queue")]
pub(super) const UNCLAIMED: RangeInclusive<Duration> =
    Duration::from_secs(1)..=Duration::from_secs(24 * 60 * 60);
/// How long a command may take.
pub(super) const TIMEOUT: RangeInclusive<Duration> =
    MILLISECOND..=Duration::from_secs(365 * 24 * 60 * 60);

/// Reads a number within `range`. What is wrong with another one names the range.
pub(super) fn number<T>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: TryFrom<u64>,
{
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        let (least, most) = (range.start(), range.end());
        number.ok_or_else(|| format!("expected a whole number from {least} to {most}"))
    }
}

/// Reads the number of a user.
pub(super) fn user(text: &str) -> Result<u32, String> {
    let user = text.parse();
    user.map_err(|_| "expected the number of a user, as `id -u NAME` prints it".to_owned())
}

/// Reads a time within `range`. What is wrong with another one names the range.
pub(super) fn time(
    range: RangeInclusive<Duration>,
) -> impl Fn(&str) -> Result<humantime::Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let time: humantime::Duration = text
            .parse()
            .map_err(|err: humantime::DurationError| err.to_string())?;
        if range.contains(&*time) {
            return Ok(time);
        }
        let [least, most] = [*range.start(), *range.end()].map(shown);
        Err(format!("expected a time from {least} to {most}"))
    }
}

/// A bound as the help has it: in days rather than in months, which have no certain length.
fn shown(time: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match (time.as_secs() / DAY, time.as_secs() % DAY) {
        (1, 0) => "1day".to_owned(),
        (days @ 2.., 0) => format!("{days}days"),
        _ => humantime::Duration::from(time).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_its_range_is_refused_with_the_range() {
        let read = |text: &str| number::<u32>(WORKERS)(text);
        assert_eq!(read("1024"), Ok(1024));
        for bad in ["0", "1025", "-1", "1.5", "many", "", "99999999999999999999"] {
            let expected = "expected a whole number from 1 to 1024".to_owned();
            assert_eq!(read(bad), Err(expected), "{bad}");
        }
        assert_eq!(user("1000"), Ok(1000));
        let expected = "expected the number of a user, as `id -u NAME` prints it";
        assert_eq!(user("bob").unwrap_err(), expected);
    }

    #[test]
    fn a_time_out_of_its_range_is_refused_with_the_range() {
        let read = |text: &str| time(PROBE_TIME)(text);
        for good in ["10ms", "5s", "1h"] {
            assert_eq!(read(good).unwrap().to_string(), good);
        }
        for bad in ["0s", "9ms", "1h 1ms", "1ns"] {
            assert_eq!(
                read(bad).unwrap_err(),
                "expected a time from 10ms to 1h",
                "{bad}"
            );
        }
        assert_ne!(read("5").unwrap_err(), "expected a time from 10ms to 1h");
    }
}
