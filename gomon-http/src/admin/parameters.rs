//! What is asked for, in the query.

use std::fmt::Display;
use std::str::FromStr;

use super::reply::Reply;
use crate::url::decoded;

/// The parameters that nobody has asked for yet.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(query: &str) -> Result<Self, Reply> {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(&value.replace('+', " ")))
        });
        let pairs: Vec<_> = pairs.take(MOST + 1).collect();
        match pairs.len() {
            0..=MOST => Ok(Self(pairs)),
            _ => Err(Reply::error(400, &format!("at most {MOST} parameters"))),
        }
    }

    /// A number of this name, at most so large.
    pub(super) fn number<N>(&mut self, name: &str, most: N) -> Result<Option<N>, Reply>
    where
        N: Copy + FromStr + PartialOrd + Default + Display,
    {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        match text.parse::<N>() {
            Ok(number) if N::default() <= number && number <= most => Ok(Some(number)),
            _ => {
                let message = format!("{name} is a number from 0 to {most}, not {text:?}");
                Err(Reply::error(400, &message))
            }
        }
    }

    /// The one of this name.
    pub(super) fn text(&mut self, name: &str) -> Result<Option<String>, Reply> {
        let mut all = self.all(name);
        match all.len() {
            0 | 1 => Ok(all.pop()),
            _ => Err(Reply::error(400, &format!("{name} is there twice"))),
        }
    }

    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        let found = self.0.extract_if(.., |(other, _)| other == name);
        found.map(|(_, value)| value).collect()
    }

    /// Refuses what nobody has asked for.
    pub(super) fn end(&self) -> Result<(), Reply> {
        match self.0.first() {
            Some((name, _)) => Err(Reply::error(
                400,
                &format!("there is no parameter {name:?}"),
            )),
            None => Ok(()),
        }
    }
}

const MOST: usize = 64;
