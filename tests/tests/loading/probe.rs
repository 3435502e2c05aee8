//! A plugin that would end the host, or hang it, is rejected with the cause by name, and the good
//! one beside it is loaded. The host is a process of its own, so that a mistake shows as its death.

mod answers;
mod cache;
mod crashes;
mod descriptors;
mod limits;
mod machine;
mod place;
mod processes;
mod program;
