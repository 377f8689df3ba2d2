//! How [`Propagation`] is written in a configuration.

use serde::Deserialize;

use crate::context::b3::B3;
use crate::context::propagation::Propagation;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    b3: Option<Form>,
    #[serde(default)]
    baggage: Baggage,
    #[serde(default)]
    callers: Callers,
    #[serde(default)]
    sampling_flag: SamplingFlag,
    #[serde(default)]
    sending: Sending,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Form {
    Single,
    Multi,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Baggage {
    #[default]
    Carried,
    Ignored,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Callers {
    #[default]
    Trusted,
    Ignored,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SamplingFlag {
    Trusted,
    #[default]
    Ignored,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Sending {
    #[default]
    Context,
    Nothing,
}

impl From<Settings> for Propagation {
    fn from(settings: Settings) -> Self {
        let mut propagation = Self::new();
        propagation = match settings.b3 {
            Some(Form::Single) => propagation.b3(B3::Single),
            Some(Form::Multi) => propagation.b3(B3::Multi),
            None => propagation,
        };
        if let Baggage::Ignored = settings.baggage {
            propagation = propagation.without_baggage();
        }
        if let Callers::Ignored = settings.callers {
            propagation = propagation.ignore_callers();
        }
        if let SamplingFlag::Trusted = settings.sampling_flag {
            propagation = propagation.trust_sampling();
        }
        if let Sending::Nothing = settings.sending {
            propagation = propagation.send_nothing();
        }
        propagation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Propagation, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_that_code_can_say_can_be_written() {
        let json = r#"{"b3": "multi", "baggage": "ignored", "callers": "ignored", "sampling_flag": "trusted", "sending": "nothing"}"#;
        let built = Propagation::new()
            .b3(B3::Multi)
            .without_baggage()
            .ignore_callers()
            .trust_sampling()
            .send_nothing();
        assert_eq!(read(json), Ok(built));
        assert_eq!(read("{}"), Ok(Propagation::new()));
        let spelled = r#"{"baggage": "carried", "callers": "trusted", "sampling_flag": "ignored", "sending": "context"}"#;
        assert_eq!(read(spelled), Ok(Propagation::new()));
    }

    #[test]
    fn what_is_wrong_is_an_error_that_says_where() {
        let wrong = read("{\"b3\": \"single\",\n \"bagage\": 1}").unwrap_err();
        assert!(
            wrong.starts_with("unknown field `bagage`") && wrong.contains("line 2"),
            "{wrong}"
        );
        assert!(
            read(r#"{"b3": "double"}"#)
                .unwrap_err()
                .starts_with("unknown variant `double`")
        );
    }
}
