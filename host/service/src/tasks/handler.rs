//! What the routes of 0.0.8 do.

use std::sync::Arc;

use async_trait::async_trait;
use solti_api::{ApiError, ApiHandler, OutputEventStream, TaskWatchEventStream};
use solti_model_published::{
    OutputChunk, OutputEvent, StreamKind, Task, TaskFilter, TaskId, TaskManifest, TaskPage,
    TaskQuery, TaskRunPage, TaskRunQuery, Uid, WritePreconditions,
};
use tokio_stream::wrappers::ReceiverStream;

use super::admit::New;
use super::all::Tasks;
use super::refusal::Refused;
use super::stored;
use crate::output::{Frame, Kind, Lines, Read, Reader, Stream};
use crate::time::at;

/// How many lines wait for a client of a stream.
const AHEAD: usize = 64;

/// What the routes of 0.0.8 do: core's adapter, behind the store and its output.
pub(crate) struct Handler(pub(crate) Arc<Tasks>);

#[async_trait]
impl ApiHandler for Handler {
    async fn create_task(&self, manifest: TaskManifest) -> Result<Task, ApiError> {
        let new = New {
            manifest,
            on_interrupt: None,
            idempotency_key: None,
            retry_of: None,
        };
        let admitted = self.0.create(new).await?;
        admitted
            .task
            .ok_or_else(|| ApiError::Internal("a task without one".to_owned()))
    }

    async fn apply_task(
        &self,
        manifest: TaskManifest,
        preconditions: WritePreconditions,
    ) -> Result<Task, ApiError> {
        Ok(self.0.apply(manifest, preconditions).await?)
    }

    async fn get_task(&self, name: &TaskId) -> Result<Option<Task>, ApiError> {
        if let Some(task) = self.0.core().get(name).await? {
            return Ok(Some(task));
        }
        let found = self.0.store.get(name.as_str()).map_err(Refused::from)?;
        let ended = found.filter(|(_, record)| record.ended.is_some());
        Ok(ended
            .map(|(_, record)| stored::task_of(&record))
            .transpose()?)
    }

    async fn query_tasks(&self, query: TaskQuery) -> Result<TaskPage<Task>, ApiError> {
        self.0.query(query).await
    }

    async fn watch_tasks(
        &self,
        filter: TaskFilter,
        resource_version: Option<String>,
    ) -> Result<TaskWatchEventStream, ApiError> {
        self.0.core().watch(filter, resource_version).await
    }

    async fn query_task_runs(
        &self,
        id: &TaskId,
        query: TaskRunQuery,
    ) -> Result<TaskRunPage, ApiError> {
        self.0.core().runs(id, query).await
    }

    async fn cancel_task(
        &self,
        id: &TaskId,
        preconditions: WritePreconditions,
    ) -> Result<(), ApiError> {
        Ok(self.0.cancel(id, preconditions).await?)
    }

    async fn delete_task(
        &self,
        id: &TaskId,
        preconditions: WritePreconditions,
    ) -> Result<(), ApiError> {
        Ok(self.0.delete(id, preconditions).await?)
    }

    async fn stream_task_logs(
        &self,
        id: &TaskId,
        task_uid: &Uid,
    ) -> Result<OutputEventStream, ApiError> {
        let not_found = || ApiError::TaskNotFound(id.to_string());
        let task = self.get_task(id).await?.ok_or_else(not_found)?;
        if task.uid() != task_uid {
            return Err(not_found());
        }
        let seq = self.0.seq(id.as_str())?;
        let reader = self.0.outputs.reader(seq);
        let (events, stream) = tokio::sync::mpsc::channel(AHEAD);
        let generation = task.metadata().generation();
        tokio::spawn(async move {
            // A client that has gone needs no more.
            let _ = follow(reader, generation, events).await;
        });
        Ok(Box::pin(ReceiverStream::new(stream)))
    }
}

impl Tasks {
    /// Has a task end. One that has ended stays as it is.
    pub(crate) async fn cancel(
        &self,
        id: &TaskId,
        preconditions: WritePreconditions,
    ) -> Result<(), Refused> {
        let _locked = self.lock(id.as_str()).await;
        let cancelled = |is: bool| {
            if let Some(active) = self.active.lock().get_mut(id.as_str()) {
                active.cancelled = is;
            }
        };
        // Before it is: its end may come at once.
        cancelled(true);
        let core = &self.core().adapter;
        let done = core.cancel_task(id, preconditions.clone()).await;
        if done.is_err() {
            cancelled(false);
        }
        match done {
            Err(ApiError::TaskNotFound(_)) if preconditions.is_empty() => {
                self.seq(id.as_str()).map(drop)
            }
            done => Ok(done?),
        }
    }

    /// Removes a task, its record and its output; one that runs ends first.
    pub(crate) async fn delete(
        &self,
        id: &TaskId,
        preconditions: WritePreconditions,
    ) -> Result<(), Refused> {
        let _locked = self.lock(id.as_str()).await;
        let core = &self.core().adapter;
        match core.delete_task(id, preconditions.clone()).await {
            Err(ApiError::TaskNotFound(_)) if preconditions.is_empty() => {}
            done => done?,
        }
        let seq = self.seq(id.as_str())?;
        let active = self.active.lock().remove(id.as_str());
        // Otherwise that was done.
        if active.is_some_and(|active| active.ended.is_none()) {
            self.outputs.end(seq);
        }
        self.store.remove(seq).await?;
        self.outputs.remove(seq);
        Ok(())
    }
}

/// Sends a log as events of 0.0.8, from its beginning to its end.
async fn follow(
    mut reader: Reader,
    generation: u64,
    events: tokio::sync::mpsc::Sender<OutputEvent>,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut lines = Lines::default();
    loop {
        let mut found = Vec::new();
        let more = match reader.read().await? {
            Read::Frames(frames) => {
                for frame in &frames {
                    add(&mut lines, frame, generation, &mut found);
                }
                true
            }
            Read::Gone { bytes } => {
                found.push(OutputEvent::Lagged {
                    skipped: 0,
                    skipped_bytes: bytes,
                });
                true
            }
            Read::Nothing => false,
        };
        if !more && !reader.wait().await {
            lines.end(|line| found.push(chunk(line, generation)));
            for event in found {
                events.send(event).await?;
            }
            return Ok(());
        }
        for event in found {
            events.send(event).await?;
        }
    }
}

fn add(lines: &mut Lines, frame: &Frame, generation: u64, found: &mut Vec<OutputEvent>) {
    let attempt = frame.attempt;
    match frame.kind {
        Kind::Started => found.push(OutputEvent::RunStarted {
            generation,
            attempt,
            started_at: at(frame.time),
        }),
        Kind::Finished { exit_code } => found.push(OutputEvent::RunFinished {
            generation,
            attempt,
            exit_code,
            finished_at: at(frame.time),
        }),
        Kind::Lost { bytes, lines, .. } => found.push(OutputEvent::Lagged {
            skipped: lines,
            skipped_bytes: bytes,
        }),
        Kind::Data(_) => {}
    }
    lines.take(frame, |line| found.push(chunk(line, generation)));
}

fn chunk(line: crate::output::Line, generation: u64) -> OutputEvent {
    OutputEvent::Chunk(OutputChunk {
        generation,
        attempt: line.attempt,
        stream: match line.stream {
            Stream::Stdout => StreamKind::Stdout,
            Stream::Stderr => StreamKind::Stderr,
        },
        seq: line.number,
        ts: at(line.time),
        line: line.bytes,
        truncated: line.partial,
    })
}
