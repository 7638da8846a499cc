//! The texts of an aggregation to its parts, with the tokens of the filter language.

use std::collections::HashSet;

use super::{AggregateError, AggregateTexts, Aggregation, Expression, Function, Result, Span};
use crate::query::ast::Filter;
use crate::query::error::QueryError;
use crate::query::lexer::{Spanned, Token, tokens};
use crate::query::sort::Sort;

const MAX_KEYS: usize = 8;
const MAX_FUNCTIONS: usize = 20;
const MAX_LIST_CHARACTERS: usize = 3500;

const FUNCTIONS: &[(&str, Function)] = &[
    ("count", Function::Count),
    ("countDistinct", Function::CountDistinct),
    ("sum", Function::Sum),
    ("avg", Function::Avg),
    ("min", Function::Min),
    ("max", Function::Max),
    ("year", Function::Bucket(Span::Year)),
    ("quarter", Function::Bucket(Span::Quarter)),
    ("month", Function::Bucket(Span::Month)),
    ("week", Function::Bucket(Span::Week)),
    ("day", Function::Bucket(Span::Day)),
    ("hour", Function::Bucket(Span::Hour)),
];

impl Aggregation {
    /// Parses the parameters. Without functions the records are counted.
    ///
    /// # Errors
    /// The first fault with its parameter: unknown functions, names that occur twice, lists that are too long.
    pub fn parse(texts: &AggregateTexts) -> Result<Self> {
        let group = expressions("group", &texts.group, MAX_KEYS)?;
        let select = if texts.select.trim().is_empty() { "count()" } else { &texts.select };
        let select = expressions("select", select, MAX_FUNCTIONS)?;
        if group.iter().any(|key| !matches!(key.function, None | Some(Function::Bucket(_)))) {
            return Err(AggregateError::malformed("group", "Groups are made by fields and spans of time."));
        }
        if select.iter().any(|column| matches!(column.function, None | Some(Function::Bucket(_)))) {
            let reason = "Use count, countDistinct, sum, avg, min or max; what is grouped by is in the answer anyway.";
            return Err(AggregateError::malformed("select", reason));
        }
        let mut names = HashSet::new();
        if let Some(twice) = group.iter().chain(&select).find(|expression| !names.insert(&expression.key)) {
            let reason = format!("{:?} occurs twice: give one another name with `as`.", twice.key);
            return Err(AggregateError::malformed("select", reason));
        }
        let having = Filter::parse_client(&texts.having).map_err(|error| syntax("having", &error))?;
        let sort = Sort::parse(&texts.sort).map_err(|error| syntax("sort", &error))?;
        Ok(Self { group, select, having, sort })
    }
}

fn syntax(parameter: &'static str, error: &QueryError) -> AggregateError {
    let at = error.position.map(|position| format!(" (at {position})")).unwrap_or_default();
    AggregateError::malformed(parameter, format!("Can't be understood: {error}{at}."))
}

/// A comma list of `path`, `function(path)` or `count()`, each with `as name` behind it or without.
fn expressions(parameter: &'static str, text: &str, most: usize) -> Result<Vec<Expression>> {
    if text.chars().count() > MAX_LIST_CHARACTERS {
        return Err(AggregateError::malformed(parameter, format!("Has more than {MAX_LIST_CHARACTERS} characters.")));
    }
    let tokens = tokens(text).map_err(|error| syntax(parameter, &error))?;
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let found: Vec<Expression> = tokens
        .split(|(token, _)| *token == Token::Comma)
        .map(|part| expression(parameter, part))
        .collect::<Result<_>>()?;
    match found.len() > most {
        true => Err(AggregateError::malformed(parameter, format!("Has more than {most} expressions."))),
        false => Ok(found),
    }
}

fn expression(parameter: &'static str, tokens: &[Spanned]) -> Result<Expression> {
    let tokens: Vec<&Token> = tokens.iter().map(|(token, _)| token).collect();
    let (tokens, alias) = match tokens.as_slice() {
        [rest @ .., Token::Identifier(word), Token::Identifier(name)] if word.eq_ignore_ascii_case("as") => {
            (rest, Some(alias(parameter, name)?))
        }
        all => (all, None),
    };
    let (function, path) = match tokens {
        [Token::Identifier(path)] => (None, path.as_str()),
        [Token::Identifier(name), Token::Open, Token::Close] if name == "count" => (Some(name), ""),
        [Token::Identifier(name), Token::Open, Token::Identifier(path), Token::Close] => (Some(name), path.as_str()),
        _ => {
            return Err(AggregateError::malformed(
                parameter,
                "Each part is a field or function(field), with `as name` or without.",
            ));
        }
    };
    let key = function.map_or_else(|| path.to_owned(), |name| format!("{name}({path})"));
    let function = function.map(|name| known(parameter, name)).transpose()?;
    if function == Some(Function::Count) && !path.is_empty() {
        return Err(AggregateError::malformed(parameter, "count() takes no field; countDistinct(field) does."));
    }
    Ok(Expression { key: alias.unwrap_or(key), function, path: path.to_owned() })
}

fn alias(parameter: &'static str, name: &str) -> Result<String> {
    match name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        true => Ok(name.to_owned()),
        false => Err(AggregateError::malformed(parameter, format!("{name:?} is no name: use letters, digits and _."))),
    }
}

fn known(parameter: &'static str, name: &str) -> Result<Function> {
    let found = FUNCTIONS.iter().find(|(known, _)| *known == name).map(|(_, function)| *function);
    found.ok_or_else(|| AggregateError::malformed(parameter, format!("There is no function {name:?}.")))
}
