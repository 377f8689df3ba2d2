//! Route templates of frameworks, in the one spelling that events have: `/users/{id}`, `/files/{*path}`.

/// What a framework's router matched. It travels in the extensions of the request's head.
#[derive(Clone, Debug)]
pub(crate) struct Template(String);

impl Template {
    /// Routing ran, and found none.
    pub(crate) fn unmatched() -> Self {
        Self(crate::keys::UNMATCHED.to_owned())
    }

    /// From `{id}`, `{id:[^/]+}`, `{tail:.*}` and `{**rest}`, as actix-web and salvo have them.
    #[cfg(any(feature = "actix", feature = "salvo"))]
    pub(crate) fn of_braces(raw: &str) -> Self {
        let mut plain = String::with_capacity(raw.len());
        let mut rest = raw;
        while let Some((before, after)) = rest.split_once('{') {
            plain.push_str(before);
            let end = closing(after);
            parameter(&mut plain, after.get(..end).unwrap_or_default());
            rest = after.get(end..).unwrap_or_default();
            rest = rest.strip_prefix('}').unwrap_or(rest);
        }
        plain.push_str(rest);
        Self(plain)
    }

    /// From `:id`, `:id<\d+>`, `<\d+>` and `*path`, as poem has them.
    #[cfg(feature = "poem")]
    pub(crate) fn of_colons(raw: &str) -> Self {
        Self::by_segment(raw, |segment| {
            if let Some(name) = segment.strip_prefix(':') {
                let name = name.split('<').next().unwrap_or_default();
                return Some(format!("{{{name}}}"));
            }
            let name = segment.strip_prefix('*')?;
            Some(format!("{{*{name}}}"))
        })
    }

    /// From `<id>`, `<path..>` and `<_>`, as rocket has them.
    #[cfg(feature = "rocket")]
    pub(crate) fn of_angles(raw: &str) -> Self {
        Self::by_segment(raw, |segment| {
            let name = segment.strip_prefix('<')?.strip_suffix('>')?;
            Some(match name.strip_suffix("..") {
                Some(name) => format!("{{*{name}}}"),
                None => format!("{{{name}}}"),
            })
        })
    }

    #[cfg(any(feature = "poem", feature = "rocket"))]
    fn by_segment(raw: &str, plain: impl Fn(&str) -> Option<String>) -> Self {
        let segments = raw.split('/');
        let segments = segments.map(|segment| plain(segment).unwrap_or_else(|| segment.to_owned()));
        Self(segments.collect::<Vec<_>>().join("/"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where the brace closes that was opened before: its expression may hold others.
#[cfg(any(feature = "actix", feature = "salvo"))]
fn closing(after: &str) -> usize {
    let mut open = 1_u32;
    let end = after.char_indices().find(|(_, c)| {
        match c {
            '{' => open = open.saturating_add(1),
            '}' => open = open.saturating_sub(1),
            _ => {}
        }
        open == 0
    });
    end.map_or(after.len(), |(at, _)| at)
}

/// Writes what stands between braces.
#[cfg(any(feature = "actix", feature = "salvo"))]
fn parameter(plain: &mut String, raw: &str) {
    let (name, expression) = raw.split_once(':').unwrap_or((raw, ""));
    let starred = name.trim_start_matches('*');
    let whole = starred.len() < name.len() || [".*", ".+"].contains(&expression);
    plain.push_str(if whole { "{*" } else { "{" });
    plain.push_str(starred.trim_start_matches(['?', '+']));
    plain.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(feature = "actix", feature = "salvo"))]
    fn braces_lose_their_expressions() {
        for (raw, plain) in [
            ("/users/{id}", "/users/{id}"),
            (r"/users/{id:\d{1,3}}/x", "/users/{id}/x"),
            ("/v{major}.{minor}/{name:[^/]+}", "/v{major}.{minor}/{name}"),
            ("/files/{tail:.*}", "/files/{*tail}"),
            ("/files/{**rest}", "/files/{*rest}"),
            ("/open/{id", "/open/{id}"),
        ] {
            assert_eq!(Template::of_braces(raw).as_str(), plain, "{raw}");
        }
    }

    #[test]
    #[cfg(feature = "poem")]
    fn colons_and_stars_become_braces() {
        for (raw, plain) in [
            ("/users/:id", "/users/{id}"),
            (r"/users/:id<\d+>/x", "/users/{id}/x"),
            ("/files/*path", "/files/{*path}"),
        ] {
            assert_eq!(Template::of_colons(raw).as_str(), plain, "{raw}");
        }
    }

    #[test]
    #[cfg(feature = "rocket")]
    fn angles_become_braces() {
        for (raw, plain) in [
            ("/users/<id>", "/users/{id}"),
            ("/files/<path..>", "/files/{*path}"),
        ] {
            assert_eq!(Template::of_angles(raw).as_str(), plain, "{raw}");
        }
    }
}
