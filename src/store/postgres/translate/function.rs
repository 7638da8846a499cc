//! Functions of one row.

use super::Refused;
use super::ast::{Call, Expr, Literal};
use super::comparison::lower;
use super::scope::Scope;
use super::translator::{Result, Translator};
use super::typed::{Form, Typed, text_literal};

/// Functions of mathematics that take any number and have the same name.
const TOTAL: &[&str] = &["atan", "sinh", "cosh", "tanh", "asinh", "atan2"];
/// Those that give null where PostgreSQL raises, under a name of ours.
const PARTIAL: &[&str] = &[
    "sin", "cos", "tan", "radians", "degrees", "acos", "asin", "sqrt", "ln", "log", "log2", "exp", "power", "acosh",
    "atanh",
];
const DATES: &[&str] = &["strftime", "date", "time", "datetime", "julianday", "unixepoch"];

impl Translator<'_> {
    pub(super) fn call(&mut self, scope: &Scope<'_>, call: &Call) -> Result<Typed> {
        if let Some(value) = self.aggregate(scope, call)? {
            return Ok(value);
        }
        if call.distinct || call.star || call.filter.is_some() || call.over.is_some() || !call.order.is_empty() {
            return Err(Refused::new(format!("{}() is no aggregate", call.name)));
        }
        let arguments = call.arguments.as_slice();
        match (call.name.as_str(), arguments) {
            ("coalesce", [_, _, ..]) | ("ifnull", [_, _]) => return self.coalesce(scope, arguments),
            ("nullif", [left, right]) => return self.nullif(scope, left, right),
            ("iif" | "if", [_, _, ..]) => return self.iif(scope, arguments),
            ("max" | "min", [_, _, ..]) => return self.extreme_of(scope, arguments, call.name == "max"),
            ("like", [pattern, value]) => return self.like(scope, [value, pattern], None, false),
            ("like", [pattern, value, escape]) => return self.like(scope, [value, pattern], Some(escape), false),
            ("glob", [pattern, value]) => return self.glob(scope, value, pattern, false),
            ("printf" | "format", [format, values @ ..]) => return self.printf(scope, format, values),
            _ => {}
        }
        if let Some(value) = self.json_function(scope, &call.name, arguments)? {
            return Ok(value);
        }
        let values = arguments.iter().map(|argument| self.expr(scope, argument)).collect::<Result<Vec<_>>>()?;
        if DATES.contains(&call.name.as_str()) || call.name.starts_with("current_") {
            return self.date(&call.name, &values);
        }
        if let Some(value) = mathematics(&call.name, &values).or_else(|| text_function(&call.name, &values)) {
            return Ok(value);
        }
        match (call.name.as_str(), values.as_slice()) {
            ("random", []) => {
                self.reads.unstable = true;
                Ok(Typed::int_of("(random() * 18446744073709549568 - 9223372036854774784)::bigint"))
            }
            // The clock of the server, whatever that of the node says.
            ("shared_time", [_]) if !self.reads.inspected => {
                self.reads.unstable = true;
                Ok(Typed::int_of("(extract(epoch FROM statement_timestamp()) * 1000)::bigint"))
            }
            ("typeof", [value]) => Ok(type_of(value)),
            ("quote", [value]) => Ok(quoted(value)),
            ("likely" | "unlikely" | "likelihood", [value, ..]) => Ok(value.clone().bare()),
            (name, values) => {
                let reason = format!("{name}() with {} arguments is not available on PostgreSQL", values.len());
                Err(Refused::new(reason))
            }
        }
    }

    /// Functions of time, which stands still inside of an index.
    fn date(&mut self, name: &str, values: &[Typed]) -> Result<Typed> {
        self.reads.unstable = true;
        let (name, needed) = match name {
            "current_timestamp" => ("datetime", 0),
            "current_date" => ("date", 0),
            "current_time" => ("time", 0),
            "strftime" => ("strftime", 1),
            name => (name, 0),
        };
        let mut texts: Vec<String> = values.iter().map(Typed::text).collect();
        if texts.len() < needed {
            return Err(Refused::new("strftime() takes a format"));
        }
        if texts.len() == needed {
            texts.push(text_literal("now").text());
        }
        let suffix = if self.timeless { "_at" } else { "" };
        let sql = format!("basalt_{name}{suffix}({})", texts.join(", "));
        Ok(match name {
            "julianday" => Typed::real_of(sql),
            "unixepoch" => Typed::number_of(sql),
            _ => Typed::text_of(sql),
        })
    }

    /// `printf` of a format that stands in the statement, with the letters d, s, f and %.
    fn printf(&mut self, scope: &Scope<'_>, format: &Expr, values: &[Expr]) -> Result<Typed> {
        let Expr::Literal(Literal::Text(format)) = format else {
            return Err(Refused::new("printf() takes a format in quotes"));
        };
        let mut values = values.iter();
        let mut parts = Vec::new();
        let mut rest = format.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            parts.push(text_literal(before).text());
            let length = after.find(|letter: char| letter.is_ascii_alphabetic() || letter == '%');
            let (options, letter) = after.split_at(length.unwrap_or(after.len()));
            let unknown = || Refused::new(format!("printf() with %{options} is not available on PostgreSQL"));
            let conversion = letter.chars().next().ok_or_else(unknown)?;
            rest = &letter[conversion.len_utf8()..];
            if conversion == '%' {
                parts.push(text_literal("%").text());
                continue;
            }
            let value = values.next().map_or(Ok(Typed::null()), |value| self.expr(scope, value))?;
            parts.push(converted(conversion, options, &value).ok_or_else(unknown)?);
        }
        parts.push(text_literal(rest).text());
        Ok(Typed::of(Form::Text(format!("({})", parts.join(" || ")))).certain())
    }
}

/// One value under a conversion of `printf`, null as 0 or nothing.
fn converted(conversion: char, options: &str, value: &Typed) -> Option<String> {
    let integer = || match value.integer() {
        Some(sql) => format!("COALESCE({sql}, 0)"),
        None => format!("COALESCE(basalt_cast_int({}), 0)", value.calculated_float()),
    };
    match (conversion, options) {
        ('s', "") => Some(format!("COALESCE({}, '')", value.text())),
        ('d' | 'i', "") => Some(format!("{}::text", integer())),
        ('d' | 'i', _) => {
            let width: usize = options.strip_prefix('0')?.parse().ok().filter(|width| *width < 100)?;
            let integer = integer();
            Some(format!(
                "((CASE WHEN {integer} < 0 THEN '-' ELSE '' END) || lpad(abs({integer})::text, \
                 GREATEST({width} - (CASE WHEN {integer} < 0 THEN 1 ELSE 0 END), length(abs({integer})::text)), '0'))"
            ))
        }
        ('f', _) => {
            let digits: usize = match options {
                "" => 6,
                options => options.strip_prefix('.')?.parse().ok().filter(|digits| *digits < 20)?,
            };
            Some(format!("basalt_fixed(COALESCE({}, 0), {digits})", value.calculated_float()))
        }
        _ => None,
    }
}

fn mathematics(name: &str, values: &[Typed]) -> Option<Typed> {
    let name = match name {
        "pow" => "power",
        "log10" => "log",
        name => name,
    };
    let floats = || values.iter().map(Typed::spelled_float).collect::<Vec<_>>().join(", ");
    if values.iter().any(Typed::is_null) && (TOTAL.contains(&name) || PARTIAL.contains(&name)) {
        return Some(Typed::null());
    }
    if !values.is_empty() && TOTAL.contains(&name) {
        return Some(Typed::real_of(format!("{name}({})", floats())));
    }
    if !values.is_empty() && PARTIAL.contains(&name) {
        return Some(Typed::real_of(format!("basalt_{name}({})", floats())));
    }
    Some(match (name, values) {
        ("pi", []) => Typed::real_of("pi()"),
        ("abs" | "ceil" | "ceiling" | "floor" | "trunc" | "sign" | "round", [value, ..]) if value.is_null() => {
            Typed::null()
        }
        ("abs", [value]) => match value.integer() {
            Some(sql) => Typed::int_of(format!("abs({sql})")),
            None => like_its_value(value, format!("abs({})", value.calculated_float())),
        },
        ("ceil" | "ceiling" | "floor" | "trunc", [value]) => match value.integer() {
            Some(sql) => Typed::int_of(sql),
            None => like_its_value(value, format!("{name}({})", value.spelled_float())),
        },
        ("sign", [value]) => Typed::int_of(format!("sign({})::bigint", value.spelled_float())),
        ("round", [value]) => Typed::real_of(format!("basalt_round({})", value.calculated_float())),
        ("round", [value, digits]) => {
            let digits = whole(digits);
            Typed::real_of(format!("basalt_round({}, {digits})", value.calculated_float()))
        }
        ("mod", [left, right]) => {
            Typed::real_of(format!("basalt_mod({}, {})", left.spelled_float(), right.spelled_float()))
        }
        _ => return None,
    })
}

fn like_its_value(value: &Typed, sql: String) -> Typed {
    match value.form {
        Form::Real(_) => Typed::real_of(sql),
        _ => Typed::number_of(sql),
    }
}

fn whole(value: &Typed) -> String {
    value.integer().unwrap_or_else(|| format!("basalt_cast_int({})", value.calculated_float()))
}

fn text_function(name: &str, values: &[Typed]) -> Option<Typed> {
    let text = |index: usize| values.get(index).map_or_else(String::new, Typed::text);
    let never_null = !values.is_empty() && values.iter().all(|value| value.never_null);
    let value = match (name, values) {
        ("lower", [_]) => Typed::of(Form::Text(lower(&text(0)))),
        ("upper", [_]) => Typed::of(Form::Text(format!("upper({})", text(0)))),
        ("length", [value]) => match &value.form {
            Form::Blob(sql) => Typed::int_of(format!("octet_length({sql})::bigint")),
            _ => Typed::int_of(format!("length({})::bigint", text(0))),
        },
        ("octet_length", [_]) => Typed::int_of(format!("octet_length({})::bigint", text(0))),
        ("substr" | "substring", [_, from]) => Typed::text_of(format!("basalt_substr({}, {})", text(0), whole(from))),
        ("substr" | "substring", [_, from, length]) => {
            Typed::text_of(format!("basalt_substr({}, {}, {})", text(0), whole(from), whole(length)))
        }
        ("trim", [_]) => Typed::text_of(format!("btrim({})", text(0))),
        ("trim", [_, _]) => Typed::text_of(format!("btrim({}, {})", text(0), text(1))),
        ("ltrim" | "rtrim", [_]) => Typed::text_of(format!("{name}({})", text(0))),
        ("ltrim" | "rtrim", [_, _]) => Typed::text_of(format!("{name}({}, {})", text(0), text(1))),
        ("replace", [_, _, _]) => Typed::text_of(format!("replace({}, {}, {})", text(0), text(1), text(2))),
        ("instr", [_, _]) => Typed::int_of(format!("strpos({}, {})::bigint", text(0), text(1))),
        ("unhex", [_]) => Typed::of(Form::Blob(format!("basalt_unhex({})", text(0)))),
        ("hex", [_]) => Typed::text_of(format!("basalt_hex({})", text(0))),
        ("unicode", [_]) => return Some(Typed::int_of(format!("basalt_unicode({})", text(0)))),
        ("char", values) if !values.is_empty() => {
            let codes: Vec<String> = values.iter().map(whole).collect();
            Typed::text_of(format!("basalt_char({})", codes.join(", ")))
        }
        ("concat", values) if !values.is_empty() => {
            let parts: Vec<String> = values.iter().map(Typed::text).collect();
            Typed::text_of(format!("concat({})", parts.join(", "))).certain()
        }
        ("concat_ws", values) if values.len() > 1 => {
            let parts: Vec<String> = values.iter().map(Typed::text).collect();
            Typed::text_of(format!("concat_ws({})", parts.join(", ")))
        }
        _ => return None,
    };
    Some(Typed { never_null: value.never_null || never_null, ..value })
}

/// `quote(value)`, never null.
fn quoted(value: &Typed) -> Typed {
    let sql = match &value.form {
        Form::Null => "'NULL'::text".to_owned(),
        Form::Blob(sql) => format!("basalt_quote({sql})"),
        Form::Text(sql) => format!("basalt_quote({sql})"),
        Form::Real(sql) => {
            format!("(CASE WHEN abs({sql}) = 'Infinity' THEN basalt_quote({sql}) ELSE basalt_real_text({sql}) END)")
        }
        Form::Int(_) | Form::Bool(_) => format!("COALESCE({}, 'NULL')", value.text()),
        _ => {
            let (number, text) = (value.number_part(), value.text_part());
            format!("(CASE WHEN {number} IS NOT NULL THEN basalt_quote({number}) ELSE basalt_quote({text}) END)")
        }
    };
    Typed::text_of(format!("COALESCE({sql}, 'NULL')")).certain()
}

/// `typeof(value)`.
fn type_of(value: &Typed) -> Typed {
    let known = match &value.form {
        Form::Null => "'null'",
        Form::Text(_) => "'text'",
        Form::Blob(_) => "'blob'",
        Form::Int(_) | Form::Bool(_) => "'integer'",
        Form::Real(_) => "'real'",
        Form::Number(_) if value.is_real.is_some() => {
            let real = value.is_real.clone().unwrap_or_default();
            let (number, missing) = (value.number_part(), value.is_null_sql());
            let sql = format!(
                "(CASE WHEN {missing} THEN 'null' WHEN {real} THEN 'real' ELSE basalt_typeof({number}, NULL) END)"
            );
            return Typed::text_of(sql).certain();
        }
        Form::Number(_) | Form::Json(_) | Form::Dynamic(..) => {
            return Typed::text_of(format!("basalt_typeof({}, {})", value.number_part(), value.text_part())).certain();
        }
    };
    let sql = match value.never_null || value.is_null() {
        true => known.to_owned(),
        false => format!("(CASE WHEN {} THEN 'null' ELSE {known} END)", value.is_null_sql()),
    };
    Typed { spells_number: Some(false), ..Typed::text_of(format!("{sql}::text")).certain() }
}
