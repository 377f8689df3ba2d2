//! Listeners that keep and ship the events of gomon.
