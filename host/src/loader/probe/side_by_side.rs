//! Runs work for several items at a time and hands the results out in order.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::thread;

use parking_lot::Mutex;

/// Does `work` with each of `items` on up to `workers` threads, or on this one where there are none.
/// `take` is called on this thread for one item after the other, with a function that waits for its
/// result.
pub(in crate::loader) fn side_by_side<T: Send, R: Send>(
    items: Vec<T>,
    workers: usize,
    work: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(usize, &mut dyn FnMut() -> R),
) {
    let len = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let (sender, results) = channel();
    let worker = || {
        let (sender, work, queue) = (sender.clone(), &work, &queue);
        move || {
            loop {
                let next = queue.lock().next();
                let Some((index, item)) = next else { return };
                // Nobody listens any more when `take` has panicked.
                if sender.send((index, work(item))).is_err() {
                    return;
                }
            }
        }
    };
    thread::scope(|scope| {
        let started = (0..workers.min(len))
            .filter(|_| {
                thread::Builder::new()
                    .name("plugin-probe".to_owned())
                    .spawn_scoped(scope, worker())
                    .is_ok()
            })
            .count();
        if started == 0 {
            worker()();
        }
        let mut early = BTreeMap::new();
        for wanted in 0..len {
            take(wanted, &mut || {
                loop {
                    if let Some(result) = early.remove(&wanted) {
                        return result;
                    }
                    let (index, result) = results
                        .recv()
                        .expect("a worker that ends has sent its results");
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
        side_by_side(
            items.clone(),
            3,
            |item| {
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
        side_by_side(
            vec![(), ()],
            2,
            |()| meet.wait(),
            |_, result| {
                result();
            },
        );
    }

    #[test]
    fn nothing_to_do_is_done_at_once() {
        side_by_side(Vec::<u8>::new(), 4, |_| (), |_, _| unreachable!());
    }
}
