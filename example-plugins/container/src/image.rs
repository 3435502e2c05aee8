//! Whether an image is there, and getting it.

use crate::config::Pull;
use crate::engine::Engine;
use crate::fault::Fault;

/// Sees to it that `image` is on this machine, as the operator wants it.
///
/// This comes before `run`, which then never pulls: so a missing image is told from a container
/// that cannot be started, and the progress of a pull does not get into the task's output.
///
/// # Errors
///
/// [`Fault::ImageMissing`], [`Fault::PullFailed`], and those of [`Engine::call`].
pub(crate) async fn provide(engine: &Engine, image: &str, pull: Pull) -> Result<(), Fault> {
    if pull != Pull::Always {
        match look_for(engine, image).await? {
            Presence::Present => return Ok(()),
            Presence::Absent { message } if pull == Pull::Never => {
                return Err(Fault::ImageMissing {
                    image: image.to_owned(),
                    message,
                });
            }
            Presence::Absent { .. } => {}
        }
    }
    // An image takes as long to arrive as it takes: the task's timeout is the limit.
    match engine.call_unbounded(&["pull", "--quiet", image]).await {
        Err(Fault::Refused { message, .. }) => Err(Fault::PullFailed {
            image: image.to_owned(),
            message,
        }),
        pulled => pulled.map(drop),
    }
}

/// Whether an image is on this machine.
enum Presence {
    Present,
    Absent {
        /// The engine's message.
        message: String,
    },
}

async fn look_for(engine: &Engine, image: &str) -> Result<Presence, Fault> {
    // A format without a field, which every engine understands, keeps the answer short.
    match engine
        .call(&["image", "inspect", "--format", "present", image])
        .await
    {
        Ok(_) => Ok(Presence::Present),
        Err(Fault::Refused { message, .. }) => {
            // Engines fail in the same way when they cannot look, for want of a daemon perhaps.
            engine.check().await?;
            Ok(Presence::Absent { message })
        }
        Err(fault) => Err(fault),
    }
}
