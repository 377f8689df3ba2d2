//! Monitoring of allocator, process and tokio runtime.
