//! What a request's address says: query parameters, cursors and the parts of its path.
//!
//! Every parameter is taken by name and checked; one that is unknown, repeated or wrong is refused by name, so
//! that a misspelt filter never silently shows everything.

use core::str::FromStr;

use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use utoipa::IntoParams;

use crate::http::App;
use crate::http::catalogue::Fault;
use crate::http::problem::Problem;

/// How many entries a page of a list has, where the request does not say.
pub(super) const LIMIT_DEFAULT: usize = 20;
/// How many entries a page of a list has at most.
pub(super) const LIMIT_MAX: usize = 100;

/// The query parameters of a request, until each was taken.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Takes a parameter that need not be there.
    ///
    /// # Errors
    /// [`Fault::ParameterInvalid`] where it is there twice or its text is not a `T`.
    pub(super) fn take<T>(&mut self, name: &'static str) -> Result<Option<T>, Problem>
    where
        T: FromStr<Err: core::fmt::Display>,
    {
        let mut found = self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value);
        let value = found.next();
        if found.next().is_some() {
            return Err(Problem::parameter(name, "is given twice"));
        }
        drop(found);
        let Some(value) = value else { return Ok(None) };
        let parsed =
            value.parse().map_err(|error: T::Err| Problem::parameter(name, &error.to_string()))?;
        Ok(Some(parsed))
    }

    /// Takes the parameters of a list: where the page begins and how long it is at most.
    ///
    /// # Errors
    /// As for [`Self::take`], and [`Fault::CursorInvalid`].
    pub(super) fn page(&mut self, list: List) -> Result<PageRequest, Problem> {
        let limit = self.take::<usize>("limit")?.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::parameter("limit", "must lie between 1 and 100"));
        }
        let after = match self.take::<String>("cursor")? {
            None => None,
            Some(text) => Some(Cursor::parse(list, &text)?),
        };
        Ok(PageRequest { list, after, limit })
    }

    /// Takes the log size that the answer has to reflect at least, and refuses what nobody took.
    ///
    /// # Errors
    /// [`Fault::ParameterInvalid`].
    pub(super) fn done(mut self) -> Result<MinSize, Problem> {
        let min_size = self.take::<u64>("min_size")?;
        match self.0.into_iter().next() {
            Some((name, _)) => {
                let name: String = name.chars().take(64).collect();
                Err(Problem::parameter(name, "is not a parameter of this address"))
            }
            None => Ok(MinSize(min_size)),
        }
    }
}

impl FromRequestParts<App> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let unreadable =
            |_| Problem::new(Fault::ParameterInvalid, "the query is not `name=value&…`");
        let Query(pairs) = Query::try_from_uri(&parts.uri).map_err(unreadable)?;
        Ok(Self(pairs))
    }
}

/// The log size that an answer has to reflect, where the request asks for one.
#[derive(Debug, Clone, Copy)]
pub(super) struct MinSize(pub(super) Option<u64>);

/// The one part of a path that stands for something, read as a `T`.
pub(super) struct PathId<T>(pub(super) T);

impl<T> FromRequestParts<App> for PathId<T>
where
    T: FromStr<Err: core::fmt::Display>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Problem::of(Fault::RouteUnknown))?;
        path_id(params.iter().next()).map(Self)
    }
}

/// The two parts of a path that stand for something, in their order.
pub(super) struct PathIds<A, B>(pub(super) A, pub(super) B);

impl<A, B> FromRequestParts<App> for PathIds<A, B>
where
    A: FromStr<Err: core::fmt::Display>,
    B: FromStr<Err: core::fmt::Display>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Problem::of(Fault::RouteUnknown))?;
        let mut params = params.iter();
        let first = path_id(params.next())?;
        Ok(Self(first, path_id(params.next())?))
    }
}

fn path_id<T>(param: Option<(&str, &str)>) -> Result<T, Problem>
where
    T: FromStr<Err: core::fmt::Display>,
{
    let (name, value) = param.ok_or_else(|| Problem::of(Fault::RouteUnknown))?;
    let wrong = |error: T::Err| Problem::parameter(name.to_owned(), &error.to_string());
    value.parse().map_err(wrong)
}

/// Which list a cursor belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Invoices,
    History,
    Claims,
    Portfolio,
    Conflicts,
    Alerts,
    Mandates,
    Participants,
    Reads,
    Blankets,
    Consents,
    Requests,
    Webhooks,
    WebhookDeliveries,
    Connections,
    Contacts,
    Letters,
}

impl List {
    const fn tag(self) -> u8 {
        match self {
            Self::Invoices => 1,
            Self::History => 2,
            Self::Claims => 3,
            Self::Portfolio => 4,
            Self::Conflicts => 5,
            Self::Alerts => 6,
            Self::Mandates => 7,
            Self::Participants => 8,
            Self::Reads => 9,
            Self::Blankets => 22,
            Self::Consents => 23,
            Self::Requests => 24,
            Self::Webhooks => 20,
            Self::WebhookDeliveries => 21,
            Self::Connections => 25,
            Self::Contacts => 30,
            Self::Letters => 31,
        }
    }
}

/// The query parameters of every list, as the description of the interface has them.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "Params takes them one by one; this is their description")]
pub(super) struct Paging {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many at most, 1 to 100; 20 where it is absent.
    limit: Option<u32>,
    /// Wait until the log has this size.
    min_size: Option<u64>,
}

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct PageRequest {
    list: List,
    /// The last place of the page before.
    pub(super) after: Option<Cursor>,
    /// How many entries at most.
    pub(super) limit: usize,
}

impl PageRequest {
    /// The first row to look at, in a list that is ordered by row.
    pub(super) fn first_row(&self) -> u32 {
        let first = self.after.map_or(0, |Cursor(row, _)| row.saturating_add(1));
        u32::try_from(first).unwrap_or(u32::MAX)
    }

    /// The text of the cursor after which the next page begins.
    pub(super) fn cursor(&self, at: Cursor) -> String {
        let mut bytes = vec![self.list.tag()];
        bytes.extend(at.0.to_be_bytes());
        bytes.extend(at.1.to_be_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A place in a list: what the list is ordered by, and what tells apart what shares that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cursor(pub(super) u64, pub(super) u32);

impl Cursor {
    fn parse(list: List, text: &str) -> Result<Self, Problem> {
        let mut bytes = [0; 13];
        let fits = matches!(URL_SAFE_NO_PAD.decode_slice(text, &mut bytes), Ok(13));
        let (tag, rest) = bytes.split_first().unwrap_or((&0, &[]));
        let parts = rest.split_first_chunk::<8>();
        let place = parts.and_then(|(place, rest)| Some((place, rest.first_chunk::<4>()?)));
        match place {
            Some((place, part)) if fits && *tag == list.tag() => {
                Ok(Self(u64::from_be_bytes(*place), u32::from_be_bytes(*part)))
            }
            _ => {
                let wrong = Problem::of(Fault::CursorInvalid);
                Err(Problem { parameter: Some("cursor".into()), ..wrong })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Params {
        Params(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let mut request = params(&[]).page(List::Alerts).expect("nothing wrong");
        let text = request.cursor(Cursor(7, 9));
        request = params(&[("cursor", &text)]).page(List::Alerts).expect("its own cursor");
        assert_eq!(request.after, Some(Cursor(7, 9)));
        for (list, text) in [(List::Reads, text.as_str()), (List::Alerts, "AA"), (List::Alerts, "")]
        {
            let problem = params(&[("cursor", text)]).page(list).err();
            assert_eq!(problem.map(|it| it.code), Some("cursor_invalid"), "{text}");
        }
    }

    #[test]
    fn a_wrong_parameter_is_named() {
        let named = |problem: Option<Problem>| problem.and_then(|it| it.parameter);
        for limit in ["0", "101", "x", "-1", ""] {
            let problem = params(&[("limit", limit)]).page(List::Reads).err();
            assert_eq!(named(problem), Some("limit".into()), "{limit}");
        }
        let twice = params(&[("a", "1"), ("a", "1")]).take::<u64>("a").err();
        assert_eq!(named(twice), Some("a".into()));
        assert_eq!(named(params(&[("b", "1")]).done().err()), Some("b".into()));
    }
}
