//! The engine of gomon: events, context, bus, listeners.
