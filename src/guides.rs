//! The code in the guides under docs/, compiled and run with the doc tests.

#[doc = include_str!("../docs/code.md")]
pub struct Code;

#[doc = include_str!("../docs/configuration.md")]
pub struct Configuration;

#[doc = include_str!("../docs/context.md")]
pub struct Context;

#[doc = include_str!("../docs/delivery.md")]
pub struct Delivery;

#[doc = include_str!("../docs/clients.md")]
pub struct Clients;

#[doc = include_str!("../docs/plugins.md")]
pub struct Plugins;

#[doc = include_str!("../docs/sampling.md")]
pub struct Sampling;

#[doc = include_str!("../docs/logs.md")]
pub struct Logs;

#[doc = include_str!("../docs/switches.md")]
pub struct Switches;

#[doc = include_str!("../docs/testing.md")]
pub struct Testing;
