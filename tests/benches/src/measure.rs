//! Interleaved repetitions and their medians.

/// Runs both sides in turn, `repetitions` times after one round that does not count.
///
/// Each round begins with the other side, so that neither always finds the caches of the other. A
/// machine that is slow for a while is slow for both sides of a round, and the ratio of the round
/// does not show it.
pub fn interleave<T>(
    repetitions: usize,
    mut ours: impl FnMut() -> T,
    mut theirs: impl FnMut() -> T,
) -> Vec<Pair<T>> {
    ours();
    theirs();
    (0..repetitions)
        .map(|round| {
            if round % 2 == 0 {
                let ours = ours();
                let theirs = theirs();
                Pair { ours, theirs }
            } else {
                let theirs = theirs();
                let ours = ours();
                Pair { ours, theirs }
            }
        })
        .collect()
}

/// One round: what each side measured.
#[derive(Debug, Clone, Copy)]
pub struct Pair<T> {
    /// Through the boundary.
    pub ours: T,
    /// The published stack.
    pub theirs: T,
}

/// The medians of all rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The median of our side.
    pub ours: f64,
    /// The median of theirs.
    pub theirs: f64,
    /// The median of the ratios of each round.
    pub ratio: f64,
}

impl Comparison {
    /// Summarises one number of every round.
    #[must_use]
    pub fn of<T>(rounds: &[Pair<T>], number: impl Fn(&T) -> f64) -> Self {
        let of = |pick: &dyn Fn(&Pair<T>) -> f64| median(rounds.iter().map(pick).collect());
        Self {
            ours: of(&|round| number(&round.ours)),
            theirs: of(&|round| number(&round.theirs)),
            ratio: of(&|round| ratio(number(&round.ours), number(&round.theirs))),
        }
    }
}

/// Two nothings are equal.
fn ratio(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 1.0 } else { ours / theirs }
}

/// The middle of `numbers`, the mean of the two middle ones where there are two.
///
/// # Panics
///
/// When there are none.
#[must_use]
pub fn median(mut numbers: Vec<f64>) -> f64 {
    assert!(!numbers.is_empty(), "nothing was measured");
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    if numbers.len() % 2 == 1 {
        numbers[middle]
    } else {
        f64::midpoint(numbers[middle - 1], numbers[middle])
    }
}
