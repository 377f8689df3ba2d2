//! A configuration file.
//!
//! Whatever comes: no panic; what is wrong is said with a line of the file; TOML and JSON say the same; what is right can
//! be set, and once more.
#![no_main]

use gomon_core::{Config, set_config};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let read = Config::from_toml(text, "gomon.toml");
    if let Err(error) = &read {
        assert_eq!(error.place(), "gomon.toml");
        assert!(!error.message().is_empty());
        let lines = text.matches('\n').count() + 1;
        assert!(error.line().is_none_or(|line| (1..=lines).contains(&line)));
    }
    // JSON has no dates.
    if let Ok(value) = toml::from_str::<serde_json::Value>(text)
        && !value.to_string().contains("$__toml_private")
    {
        let by_json = serde_json::from_value::<Config>(value);
        assert_eq!(by_json.ok(), read.clone().ok());
    }
    if let Ok(config) = read {
        for _ in 0..2 {
            set_config(config.clone()).expect("it is right, and gomon does not run");
        }
    }
});
