//! One statement after another.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Error, ErrorCode, Statement};
use solti_plugin_abi::Attempt;

use crate::connection::Opened;
use crate::fault::Fault;
use crate::position::{begin_of_statement, line_and_column};
use crate::rows::Lines;
use crate::script::Script;
use crate::stop::Stop;

/// How long a thread waits for the host to take its lines before it looks whether it is to stop.
const A_WHILE: Duration = Duration::from_millis(50);

/// What a script has done.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) statements: u64,
    pub(crate) rows: u64,
    pub(crate) changes: u64,
}

/// A script on its way through a connection.
pub(crate) struct Execution<'a> {
    pub(crate) script: &'a Script,
    pub(crate) opened: &'a Opened,
    pub(crate) attempt: &'a Attempt,
    pub(crate) stop: &'a Stop,
    pub(crate) counts: &'a mut Counts,
    /// Where the next statement begins.
    pub(crate) at: usize,
}

impl Execution<'_> {
    /// Runs the script; what it has left open is rolled back.
    ///
    /// # Errors
    ///
    /// What ended it.
    pub(crate) fn run(mut self) -> Result<(), Fault> {
        let connection = &self.opened.connection;
        let before = connection.total_changes();
        let end = self.all();
        let is_open = !connection.is_autocommit();
        if is_open {
            // It is not stopped any more: what it takes has been done once.
            self.opened.watch.set(None);
            let _ = connection.execute_batch("ROLLBACK");
        }
        self.counts.changes = match (&end, is_open) {
            (Ok(()), false) => connection.total_changes() - before,
            (Err(_), _) if self.script.transaction => 0,
            _ => connection.total_changes() - before,
        };
        match end {
            Ok(()) if is_open => Err(Fault::LeftOpen),
            end => end,
        }
    }

    fn all(&mut self) -> Result<(), Fault> {
        let connection = &self.opened.connection;
        if self.script.transaction {
            let begin = if self.script.database.read_only {
                "BEGIN"
            } else {
                "BEGIN IMMEDIATE"
            };
            connection
                .execute_batch(begin)
                .map_err(|err| self.failed(err))?;
        }
        let mut batch = Batch::new(connection, &self.script.sql);
        loop {
            if self.stop.is_over() {
                return Err(self.stopped());
            }
            self.counts.statements += 1;
            let next = batch.next().map_err(|err| self.failed(err))?;
            let Some(statement) = next else {
                self.counts.statements -= 1;
                break;
            };
            self.opened.length.store(0, Ordering::Relaxed);
            self.statement(statement)?;
            self.at += self.opened.length.load(Ordering::Relaxed);
        }
        if self.script.transaction {
            connection
                .execute_batch("COMMIT")
                .map_err(|err| self.failed(err))?;
        }
        Ok(())
    }

    fn statement(&mut self, mut statement: Statement<'_>) -> Result<(), Fault> {
        self.script
            .parameters
            .bind(&mut statement)
            .map_err(|message| Fault::Statement {
                place: self.place(),
                message,
                code: None,
            })?;
        let mut lines = Lines::new(self.script.format, statement.column_names());
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(|err| self.failed(err))? {
            if self.counts.rows == self.script.max_rows {
                return Err(Fault::TooManyRows {
                    place: self.place(),
                    most: self.script.max_rows,
                });
            }
            self.counts.rows += 1;
            let line = lines.of(row).map_err(|err| self.failed(err))?;
            if self.attempt.stdout(line).is_wait() {
                self.wait()?;
            }
        }
        Ok(())
    }

    /// Waits until the host takes more lines.
    fn wait(&self) -> Result<(), Fault> {
        while !self.attempt.output().wait_ready(A_WHILE) {
            if self.stop.is_over() {
                return Err(self.stopped());
            }
        }
        Ok(())
    }

    /// The number of the statement, and the line on which it begins.
    fn place(&self) -> String {
        let begin = begin_of_statement(&self.script.sql, self.at);
        let (line, _) = line_and_column(&self.script.sql, begin);
        format!("statement {} (line {line})", self.counts.statements)
    }

    fn stopped(&self) -> Fault {
        match (self.stop.is_asked(), self.script.timeout) {
            (false, Some(within)) => Fault::TooSlow {
                within,
                place: self.place(),
            },
            _ => Fault::Stopped,
        }
    }

    /// What SQLite says of a statement, with its place.
    fn failed(&self, err: Error) -> Fault {
        let code = err.sqlite_error_code();
        if self.stop.is_over()
            && matches!(
                code,
                Some(
                    ErrorCode::OperationInterrupted
                        | ErrorCode::DatabaseBusy
                        | ErrorCode::DatabaseLocked
                )
            )
        {
            return self.stopped();
        }
        match err {
            Error::SqlInputError {
                msg, sql, offset, ..
            } => {
                // It has what is left of the script.
                let begin = self.script.sql.len().saturating_sub(sql.len());
                let at = begin + usize::try_from(offset).unwrap_or(0);
                let (line, column) = line_and_column(&self.script.sql, at);
                Fault::Statement {
                    place: format!(
                        "statement {} (line {line}, column {column})",
                        self.counts.statements
                    ),
                    message: msg,
                    code,
                }
            }
            other => {
                let refusal = self.opened.rules.take_refusal();
                let message = match (code, refusal) {
                    (Some(ErrorCode::AuthorizationForStatementDenied), Some(refusal)) => {
                        format!("not authorized: {refusal}")
                    }
                    _ => message(&other),
                };
                Fault::Statement {
                    place: self.place(),
                    message,
                    code,
                }
            }
        }
    }
}

/// What SQLite says, without the code that Rust says beside it.
fn message(err: &Error) -> String {
    match err {
        Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}
