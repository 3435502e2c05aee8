//! The thread that writes: what waits for it goes into one commit.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use redb::{Database, ReadableTable as _, ReadableTableMetadata as _, WriteTransaction};
use tokio::sync::oneshot;
use tracing::{error, info};

use super::error::{InsertError, StoreError};
use super::record::{Ended, Record, Run, Seq};
use super::tables::{ENDED, KEYS, NAMES, NEXT, OPEN, TASKS, decode, encode, open};

/// How many changes one commit has at most.
const MOST: usize = 1024;

/// How many records one pruning removes at most: others wait for it.
const MOST_PRUNED: usize = 1000;

/// How long ends wait for somebody who asks, where several do.
const LINGER: Duration = Duration::from_millis(5);

/// How soon it is tried again to note ends that the disk has refused.
const AGAIN: Duration = Duration::from_secs(1);

type Done<T> = oneshot::Sender<T>;

/// What is to be written.
pub(super) enum Op {
    Insert(Box<Record>, Done<Result<Seq, InsertError>>),
    Replace(Seq, Box<Record>, Done<Result<(), StoreError>>),
    Remove(Seq, Done<Result<(), StoreError>>),
    End(Box<End>),
    Prune(usize, u64, Done<Result<(Vec<Seq>, bool), StoreError>>),
}

/// The end of a task.
pub(super) struct End {
    pub(super) seq: Seq,
    pub(super) ended: Ended,
    pub(super) runs: Vec<Run>,
    /// Told when it is noted.
    pub(super) done: Done<()>,
}

/// What is answered once the disk has it.
enum Answer {
    Inserted(Done<Result<Seq, InsertError>>, Result<Seq, InsertError>),
    Done(Done<Result<(), StoreError>>),
    Ended(Box<End>),
    Pruned(Done<Result<(Vec<Seq>, bool), StoreError>>, (Vec<Seq>, bool)),
}

pub(super) struct Writer {
    pub(super) path: PathBuf,
    pub(super) database: Arc<RwLock<Database>>,
    pub(super) queue: Receiver<Op>,
    pub(super) failing: Arc<Mutex<Option<String>>>,
    /// Ends that the disk has refused so far: a task that is over stays so.
    pub(super) ends: Vec<End>,
    /// Whether several asked for something at the same time.
    pub(super) is_busy: bool,
}

impl Writer {
    /// Writes until nobody can ask for more.
    pub(super) fn run(mut self) {
        loop {
            let first = if self.ends.is_empty() {
                self.queue
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.queue.recv_timeout(AGAIN)
            };
            let mut batch: Vec<_> = self
                .ends
                .drain(..)
                .map(|end| Op::End(Box::new(end)))
                .collect();
            match first {
                Ok(op @ Op::End(_)) if self.is_busy => {
                    batch.push(op);
                    self.until_asked(&mut batch);
                }
                Ok(op) => batch.push(op),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if batch.is_empty() => return,
                Err(RecvTimeoutError::Disconnected) => {
                    self.commit(batch);
                    return;
                }
            }
            batch.extend(self.queue.try_iter().take(MOST));
            let asking = batch.iter().filter(|op| !matches!(op, Op::End(_)));
            self.is_busy = asking.count() > 1;
            self.commit(batch);
        }
    }

    /// Collects ends until somebody asks for something, or some time is over: a commit for them alone would
    /// have those wait who ask meanwhile.
    fn until_asked(&self, batch: &mut Vec<Op>) {
        let until = Instant::now() + LINGER;
        while batch.len() < MOST {
            let left = until.saturating_duration_since(Instant::now());
            match self.queue.recv_timeout(left) {
                Ok(op @ Op::End(_)) => batch.push(op),
                Ok(op) => return batch.push(op),
                Err(_) => return,
            }
        }
    }

    /// Commits a batch, and answers each who waits for something in it.
    fn commit(&mut self, batch: Vec<Op>) {
        let mut answers = Vec::with_capacity(batch.len());
        let written = self.write(batch, &mut answers);
        let failure = written.err();
        if let Some(failure) = &failure {
            self.failed(failure);
        } else if self.failing.lock().take().is_some() {
            info!("the store of tasks can be written to again");
        }
        for answer in answers {
            self.answer(answer, failure.as_ref());
        }
    }

    fn write(&self, batch: Vec<Op>, answers: &mut Vec<Answer>) -> Result<(), StoreError> {
        let mut batch = batch.into_iter();
        let written = self.write_each(&mut batch, answers);
        // What a failure has left out is refused with the rest.
        answers.extend(batch.map(|op| match op {
            Op::Insert(_, done) => Answer::Inserted(done, Ok(0)),
            Op::Replace(_, _, done) | Op::Remove(_, done) => Answer::Done(done),
            Op::End(end) => Answer::Ended(end),
            Op::Prune(_, _, done) => Answer::Pruned(done, (Vec::new(), false)),
        }));
        written
    }

    fn write_each(
        &self,
        batch: &mut std::vec::IntoIter<Op>,
        answers: &mut Vec<Answer>,
    ) -> Result<(), StoreError> {
        let database = self.database.read();
        let transaction = database.begin_write()?;
        for op in batch {
            // Dropping the transaction undoes what went before.
            write_one(&transaction, op, answers)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Notes that the disk refuses what is written, and opens the database anew: it takes nothing more
    /// after an error.
    fn failed(&self, failure: &StoreError) {
        let reason = failure.to_string();
        if self.failing.lock().replace(reason.clone()).is_none() {
            error!("{reason}");
        }
        let mut database = self.database.write();
        // One process opens a database once, so the old one has to go first.
        let spare =
            match Database::builder().create_with_backend(redb::backends::InMemoryBackend::new()) {
                Ok(spare) => spare,
                Err(err) => return error!("the store of tasks cannot be opened again: {err}"),
            };
        *database = spare;
        match open(&self.path) {
            Ok(opened) => *database = opened,
            Err(err) => error!("the store of tasks cannot be opened again: {err}"),
        }
    }

    fn answer(&mut self, answer: Answer, failure: Option<&StoreError>) {
        let refused = || {
            failure.map(|failure| StoreError::NotKept {
                reason: failure.to_string(),
                full: failure.is_full(),
            })
        };
        // Who has gone needs no answer.
        match answer {
            Answer::Inserted(done, result) => {
                let refused = refused().map(InsertError::Store);
                let _ = done.send(refused.map_or(result, Err));
            }
            Answer::Done(done) => {
                let _ = done.send(refused().map_or(Ok(()), Err));
            }
            Answer::Ended(end) if failure.is_some() => self.ends.push(*end),
            Answer::Ended(end) => {
                let _ = end.done.send(());
            }
            Answer::Pruned(done, pruned) => {
                let _ = done.send(refused().map_or(Ok(pruned), Err));
            }
        }
    }
}

/// Writes one change, and says what is to be answered.
fn write_one(
    transaction: &WriteTransaction,
    op: Op,
    answers: &mut Vec<Answer>,
) -> Result<(), StoreError> {
    match op {
        Op::Insert(record, done) => match insert(transaction, &record) {
            Ok(result) => answers.push(Answer::Inserted(done, result)),
            Err(err) => {
                answers.push(Answer::Inserted(done, Ok(0)));
                return Err(err);
            }
        },
        Op::Replace(seq, record, done) => {
            let written = replace(transaction, seq, &record);
            answers.push(Answer::Done(done));
            written?;
        }
        Op::Remove(seq, done) => {
            let written = remove(transaction, seq);
            answers.push(Answer::Done(done));
            written?;
        }
        Op::End(of) => {
            let written = end(transaction, of.seq, &of.ended, &of.runs);
            answers.push(Answer::Ended(of));
            written?;
        }
        Op::Prune(keep, before, done) => match prune(transaction, keep, before) {
            Ok(pruned) => answers.push(Answer::Pruned(done, pruned)),
            Err(err) => {
                answers.push(Answer::Pruned(done, (Vec::new(), false)));
                return Err(err);
            }
        },
    }
    Ok(())
}

fn insert(
    transaction: &WriteTransaction,
    record: &Record,
) -> Result<Result<Seq, InsertError>, StoreError> {
    let mut keys = transaction.open_table(KEYS)?;
    let mut names = transaction.open_table(NAMES)?;
    let mut tasks = transaction.open_table(TASKS)?;
    if let Some(key) = record.idempotency_key.as_deref()
        && let Some(seq) = keys.get(key)?.map(|seq| seq.value())
    {
        return Ok(Err(InsertError::KeyTaken(seq)));
    }
    if names.get(record.name.as_str())?.is_some() {
        return Ok(Err(InsertError::NameTaken));
    }
    let behind_last = tasks.last()?.map_or(1, |(seq, _)| seq.value() + 1);
    let reserved = transaction
        .open_table(NEXT)?
        .get(())?
        .map(|seq| seq.value());
    let seq = behind_last.max(reserved.unwrap_or(1));
    tasks.insert(seq, encode(record).as_slice())?;
    names.insert(record.name.as_str(), seq)?;
    if let Some(key) = record.idempotency_key.as_deref() {
        keys.insert(key, seq)?;
    }
    note_end(transaction, seq, None, record.ended.as_ref())?;
    Ok(Ok(seq))
}

fn replace(transaction: &WriteTransaction, seq: Seq, record: &Record) -> Result<(), StoreError> {
    let mut tasks = transaction.open_table(TASKS)?;
    let before = tasks
        .insert(seq, encode(record).as_slice())?
        .map(|bytes| decode(seq, bytes.value()))
        .transpose()?;
    let ended_before = before.and_then(|record| record.ended);
    note_end(
        transaction,
        seq,
        ended_before.as_ref(),
        record.ended.as_ref(),
    )
}

fn end(
    transaction: &WriteTransaction,
    seq: Seq,
    ended: &Ended,
    runs: &[Run],
) -> Result<(), StoreError> {
    let mut tasks = transaction.open_table(TASKS)?;
    let found = tasks
        .get(seq)?
        .map(|bytes| decode(seq, bytes.value()))
        .transpose()?;
    // One that was deleted meanwhile.
    let Some(mut record) = found else {
        return Ok(());
    };
    let before = record.ended.replace(ended.clone());
    let last = runs.iter().map(|run| run.attempt).max();
    record.attempts = record.attempts.max(last.unwrap_or(0));
    record.runs = runs.to_vec();
    tasks.insert(seq, encode(&record).as_slice())?;
    note_end(transaction, seq, before.as_ref(), Some(ended))
}

/// Keeps the tables of open and ended tasks.
fn note_end(
    transaction: &WriteTransaction,
    seq: Seq,
    before: Option<&Ended>,
    now: Option<&Ended>,
) -> Result<(), StoreError> {
    let mut unended = transaction.open_table(OPEN)?;
    let mut ended = transaction.open_table(ENDED)?;
    if let Some(before) = before {
        ended.remove((before.at, seq))?;
    }
    match now {
        Some(now) => {
            unended.remove(seq)?;
            ended.insert((now.at, seq), ())?;
        }
        None => {
            unended.insert(seq, ())?;
        }
    }
    Ok(())
}

fn remove(transaction: &WriteTransaction, seq: Seq) -> Result<(), StoreError> {
    let mut tasks = transaction.open_table(TASKS)?;
    let removed = tasks
        .remove(seq)?
        .map(|bytes| decode(seq, bytes.value()))
        .transpose()?;
    let Some(record) = removed else {
        return Ok(());
    };
    if tasks.last()?.is_none_or(|(last, _)| last.value() < seq) {
        transaction.open_table(NEXT)?.insert((), seq + 1)?;
    }
    let mut names = transaction.open_table(NAMES)?;
    if names.get(record.name.as_str())?.map(|seq| seq.value()) == Some(seq) {
        names.remove(record.name.as_str())?;
    }
    if let Some(key) = record.idempotency_key.as_deref() {
        transaction.open_table(KEYS)?.remove(key)?;
    }
    transaction.open_table(OPEN)?.remove(seq)?;
    if let Some(ended) = record.ended {
        transaction.open_table(ENDED)?.remove((ended.at, seq))?;
    }
    Ok(())
}

fn prune(
    transaction: &WriteTransaction,
    keep: usize,
    before: u64,
) -> Result<(Vec<Seq>, bool), StoreError> {
    let mut pruned = Vec::new();
    {
        let ended = transaction.open_table(ENDED)?;
        let surplus = usize::try_from(ended.len()?).unwrap_or(usize::MAX);
        let surplus = surplus.saturating_sub(keep);
        for entry in ended.iter()? {
            let (at, seq) = entry?.0.value();
            let goes = pruned.len() < surplus || at < before;
            if !goes || pruned.len() >= MOST_PRUNED {
                break;
            }
            pruned.push(seq);
        }
    }
    for seq in &pruned {
        remove(transaction, *seq)?;
    }
    let more = pruned.len() >= MOST_PRUNED;
    Ok((pruned, more))
}
