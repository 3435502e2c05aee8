//! Runs work for several items at a time and hands the results out in order.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;

/// Does `work` with each of `items` on up to `workers` threads. `take` is called on this thread for
/// one item after the other, with a function that waits for its result.
///
/// Where there are no workers, that function does the work: an item is done and taken before the
/// next is begun. What a worker, or this thread, needs again for each item is kept in an `S`.
pub(super) fn parallel<T: Send, R: Send, S: Default>(
    items: Vec<T>,
    workers: usize,
    work: impl Fn(T, &mut S) -> R + Sync,
    mut take: impl FnMut(usize, &mut dyn FnMut() -> R),
) {
    let len = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let next = || queue.lock().next();
    let (sender, results) = channel();
    thread::scope(|scope| {
        let (next, work) = (&next, &work);
        let started = (0..workers.min(len))
            .filter(|_| {
                let sender = sender.clone();
                let worker = move || {
                    let mut state = S::default();
                    while let Some((index, item)) = next() {
                        // Nobody listens any more when `take` has panicked.
                        if sender.send((index, work(item, &mut state))).is_err() {
                            return;
                        }
                    }
                };
                thread::Builder::new()
                    .name("plugin-probe".to_owned())
                    .spawn_scoped(scope, worker)
                    .is_ok()
            })
            .count();
        // Now only the workers hold one: when one of them panics, waiting for its result ends.
        drop(sender);
        let mut state = S::default();
        let mut result_of_next = || {
            if started == 0 {
                let (index, item) = next().expect("an item is left for each that is taken");
                (index, work(item, &mut state))
            } else {
                results
                    .recv()
                    .expect("a worker that ends has sent its results")
            }
        };
        let mut early = BTreeMap::new();
        for wanted in 0..len {
            take(wanted, &mut || {
                loop {
                    if let Some(result) = early.remove(&wanted) {
                        return result;
                    }
                    let (index, result) = result_of_next();
                    early.insert(index, result);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn results_come_in_order_whichever_is_done_first() {
        let items: Vec<usize> = (0..50).collect();
        let mut taken = Vec::new();
        parallel(
            items.clone(),
            3,
            |item, (): &mut ()| {
                if item % 3 == 0 {
                    thread::yield_now();
                }
                item * 2
            },
            |index, result| taken.push((index, result())),
        );
        let expected: Vec<_> = items.iter().map(|item| (*item, item * 2)).collect();
        assert_eq!(taken, expected);
    }

    #[test]
    fn several_are_worked_on_at_a_time() {
        // Each waits for the other: one worker alone would never end.
        let meet = Barrier::new(2);
        parallel(
            vec![(), ()],
            2,
            |(), (): &mut ()| meet.wait(),
            |_, result| {
                result();
            },
        );
    }

    #[test]
    fn nothing_to_do_is_done_at_once() {
        parallel(
            Vec::<u8>::new(),
            4,
            |_, (): &mut ()| (),
            |_, _| unreachable!(),
        );
    }

    #[test]
    fn without_workers_one_is_taken_before_the_next_is_begun() {
        let log = Mutex::new(Vec::new());
        parallel(
            vec!["a", "b"],
            0,
            |item, begun: &mut usize| {
                *begun += 1;
                log.lock().push(format!("{item} is number {begun}"));
                item
            },
            |_, result| {
                let item = result();
                log.lock().push(format!("{item} is taken"));
            },
        );
        let expected = ["a is number 1", "a is taken", "b is number 2", "b is taken"];
        assert_eq!(log.into_inner(), expected);
    }
}
