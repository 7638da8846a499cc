//! The expressions that are compared: SQLite's, PostgreSQL's, and the values that `v1`, `v2`, … take.

use super::values::Kind::{self, *};

/// How two answers are compared.
#[derive(Clone, Copy, PartialEq)]
pub enum As {
    /// Letter by letter.
    Text,
    /// As numbers; true is 1.
    Number,
    /// As numbers that may differ in their last digits, which libraries calculate differently.
    Near,
}

pub struct Case {
    pub sqlite: &'static str,
    pub postgres: &'static str,
    pub r#as: As,
    pub values: &'static [Kind],
}

const fn text(sqlite: &'static str, postgres: &'static str, values: &'static [Kind]) -> Case {
    Case { sqlite, postgres, r#as: As::Text, values }
}

const fn number(sqlite: &'static str, postgres: &'static str, values: &'static [Kind]) -> Case {
    Case { sqlite, postgres, r#as: As::Number, values }
}

const fn near(sqlite: &'static str, postgres: &'static str, values: &'static [Kind]) -> Case {
    Case { sqlite, postgres, r#as: As::Near, values }
}

#[rustfmt::skip]
pub const CASES: &[Case] = &[
    number("CASE WHEN CAST(v1 AS NUMERIC) = v1 THEN CAST(v1 AS REAL) END", "basalt_num(v1)", &[Numbers]),
    number("CAST(v1 AS REAL)", "basalt_cast_num(v1)", &[Numbers]),
    text("CAST(v1 AS INTEGER)", "basalt_cast_int(v1)", &[Numbers]),
    text("CAST(v1 AS INTEGER)", "basalt_cast_int(v1::float8)", &[Reals]),
    text("v1 || ''", "basalt_real_text(v1::float8)", &[Reals]),
    number("json_valid(v1)", "basalt_json_valid(v1)", &[Documents]),
    near("CASE WHEN json_valid(v1) AND typeof(json_extract(v1, v2)) IN ('integer', 'real') THEN json_extract(v1, v2) END",
         "basalt_json_num(basalt_json_or_null(v1), v2)", &[Documents, Paths]),
    text("CASE WHEN json_valid(v1) AND typeof(json_extract(v1, v2)) = 'text' THEN json_extract(v1, v2) END",
         "basalt_json_text(basalt_json_or_null(v1), v2)", &[Documents, Paths]),
    text("CASE WHEN json_valid(v1) THEN json_extract(v1, v2) || '' END", "basalt_json_printed(basalt_json_or_null(v1), v2)", &[Documents, Paths]),
    text("CASE WHEN json_valid(v1) THEN json_type(v1, v2) END", "basalt_json_type(basalt_json_or_null(v1), v2)", &[Documents, Paths]),
    text("CASE WHEN json_valid(v1) THEN json_array_length(v1) END", "basalt_json_length(basalt_json_or_null(v1))", &[Documents]),
    text("CASE WHEN json_valid(v1) THEN json_array_length(v1, v2) END", "basalt_json_length(basalt_json_or_null(v1), v2)", &[Documents, Paths]),
    near("(SELECT sum(n * coalesce(value, 0.5)) FROM (SELECT row_number() OVER () AS n, CASE WHEN type IN ('integer', 'real', 'true', 'false') THEN value END AS value FROM json_each(CASE WHEN json_valid(v1) THEN v1 END)))",
         "(SELECT sum(ord * coalesce(num, 0.5)) FROM basalt_each(basalt_json_or_null(v1)))", &[Documents]),
    text("(SELECT group_concat(coalesce(CASE WHEN type IN ('text', 'array', 'object') THEN value END, '-'), '|') FROM json_each(CASE WHEN json_valid(v1) THEN v1 END))",
         "(SELECT string_agg(coalesce(txt, '-'), '|' ORDER BY ord) FROM basalt_each(basalt_json_or_null(v1)))", &[Documents]),
    text("(SELECT group_concat(concat_ws(',', coalesce(key, '-'), coalesce(value, '-'), type, atom, fullkey, path), '|') FROM json_each(CASE WHEN json_valid(v1) THEN v1 END))",
         "(SELECT string_agg(concat_ws(',', coalesce(key_num::text, key_txt, '-'), coalesce(basalt_text(num), txt, '-'), type, coalesce(basalt_text(atom_num), atom_txt), fullkey, path), '|' ORDER BY ord) FROM basalt_each_keyed(basalt_json_or_null(v1)))", &[Plain]),
    text("CASE WHEN json_valid(v1) THEN json(v1) END", "basalt_json(v1)", &[Documents]),
    text("json_quote(v1)", "basalt_json_quote(v1)", &[Texts]),
    text("json_quote(v1 + 0.25)", "basalt_json_quote(v1::float8 + 0.25)", &[Small]),
    text("CASE WHEN json_valid(v1) THEN (v1 ->> v2) || '' END", "basalt_json_printed(basalt_json_or_null(v1), basalt_json_path(v2))", &[Documents, Paths]),
    text("CASE WHEN json_valid(v1) THEN v1 -> v2 END", "basalt_json_sub(basalt_json_or_null(v1), basalt_json_path(v2))", &[Documents, Paths]),
    text("CASE WHEN json_valid(v1) THEN (v1 ->> v2) || '' END", "basalt_json_printed(basalt_json_or_null(v1), basalt_json_path(v2::bigint))", &[Documents, Small]),
    text("CASE WHEN json_valid(v1) THEN (v1 ->> v2) || '' END", "basalt_json_printed(basalt_json_or_null(v1), basalt_json_path(v2))", &[Documents, Keys]),
    number("json_valid(replace(hex(zeroblob(coalesce(v1, 1))), '00', '{\"a\":[') || '1' || replace(hex(zeroblob(coalesce(v1, 1))), '00', ']}'))",
           "basalt_json_valid(repeat('{\"a\":[', coalesce(v1, '1')::integer) || '1' || repeat(']}', coalesce(v1, '1')::integer))", &[Depths]),
    text("date(v1)", "basalt_date(v1)", &[Times]),
    text("datetime(v1)", "basalt_datetime(v1)", &[Times]),
    text("time(v1, 'subsec')", "basalt_time(v1, 'subsec')", &[Times]),
    number("julianday(v1)", "basalt_julianday(v1)", &[Times]),
    number("unixepoch(v1)", "basalt_unixepoch(v1)", &[Times]),
    text("strftime(v1, v2)", "basalt_strftime(v1, v2)", &[Formats, Times]),
    text("datetime(v1, v2, 'subsec')", "basalt_datetime(v1, v2, 'subsec')", &[Times, Modifiers]),
    text("date(v1, v2)", "basalt_date_at(v1, v2)", &[Times, Modifiers]),
    text("strftime('%F %T %f %s', v1, v2, v3)", "basalt_strftime('%F %T %f %s', v1, v2, v3)", &[Times, Modifiers, Modifiers]),
    text("strftime('%F %T %f %J', v1, v2, v3, v4)", "basalt_strftime('%F %T %f %J', v1, v2, v3, v4)", &[Times, Modifiers, Modifiers, Modifiers]),
    text("CASE WHEN date(v1, '+0 days') < '9999' THEN datetime(v1, 'utc', 'localtime', 'subsec') || datetime(v1, 'localtime', 'utc', 'floor') END",
         "CASE WHEN basalt_date(v1, '+0 days') < '9999' THEN basalt_datetime(v1, 'utc', 'localtime', 'subsec') || basalt_datetime(v1, 'localtime', 'utc', 'floor') END", &[Times]),
    text("strftime('%Y-%m-%d %H', 'now') || date() || strftime('%Y')",
         "basalt_strftime('%Y-%m-%d %H', 'now') || basalt_date() || basalt_strftime('%Y')", &[Small]),
    number("unixepoch(v1, v2, 'subsec')", "basalt_unixepoch(v1, v2, 'subsec')", &[Times, Modifiers]),
    text("substr(v1, v2)", "basalt_substr(v1, v2::bigint)", &[Texts, Small]),
    text("substr(v1, v2, v3)", "basalt_substr(v1, v2::bigint, v3::bigint)", &[Texts, Small, Small]),
    number("v1 LIKE v2", "basalt_like(v1, v2, '')", &[Texts, Patterns]),
    number("v1 LIKE v2 ESCAPE '\\'", "basalt_like(v1, v2, '\\')", &[Texts, Patterns]),
    number("v1 GLOB v2", "basalt_glob(v1, v2)", &[Texts, Globs]),
    text("hex(v1)", "coalesce(basalt_hex(v1), '')", &[Texts]),
    text("hex(unhex(v1))", "coalesce(basalt_hex(basalt_unhex(v1)), '')", &[Numbers]),
    text("unicode(v1)", "basalt_unicode(v1)", &[Texts]),
    text("char(abs(coalesce(v1, 7)) + 1, 65, abs(coalesce(v1, 7)) + 128512)",
         "basalt_char(abs(coalesce(v1, '7')::bigint) + 1, 65, abs(coalesce(v1, '7')::bigint) + 128512)", &[Small]),
    text("quote(v1)", "basalt_quote(v1)", &[Texts]),
    text("quote(v1+0.25)", "basalt_quote(v1::float8+0.25)", &[Small]),
    number("v1+v2", "basalt_add(v1::float8, v2::float8)", &[Reals, Reals]),
    number("v1-v2", "basalt_sub(v1::float8, v2::float8)", &[Reals, Reals]),
    near("v1*v2", "basalt_mul(v1::float8, v2::float8)", &[Reals, Reals]),
    near("v1/v2", "basalt_real_div(v1::float8, v2::float8)", &[Reals, Reals]),
    near("CAST(v1 AS NUMERIC)/v2", "basalt_div(v1::float8, v2::float8)", &[Wholes, Wholes]),
    near("v1%v2", "basalt_rem(v1::float8, v2::float8)", &[Reals, Wholes]),
    near("v1%v2", "basalt_rem(v1::float8, v2::float8)", &[Wholes, Wholes]),
    near("round(v1, v2)", "basalt_round(v1::float8, v2::bigint)", &[Reals, Small]),
    near("mod(v1, v2)", "basalt_mod(v1::float8, v2::float8)", &[Reals, Reals]),
    near("power(v1, v2)", "basalt_power(v1::float8, v2::float8)", &[Reals, Reals]),
    near("power(v1, v2)", "basalt_power(v1::float8, v2::float8)", &[Reals, Small]),
    near("log(v1, v2)", "basalt_log(v1::float8, v2::float8)", &[Reals, Reals]),
    text("printf('%.2f|%.0f|%f', v1, v1, v1)",
         "basalt_fixed(coalesce(v1, '0')::float8, 2) || '|' || basalt_fixed(coalesce(v1, '0')::float8, 0) || '|' || basalt_fixed(coalesce(v1, '0')::float8, 6)", &[Reals]),
    number("(SELECT sum(n) FROM (SELECT v1 AS n UNION ALL SELECT v2 UNION ALL SELECT v3))", "(SELECT basalt_sum(n::float8) FROM unnest(ARRAY[v1, v2, v3]) AS n)", &[Reals, Reals, Reals]),
    number("(SELECT total(n) FROM (SELECT v1 AS n UNION ALL SELECT v2 UNION ALL SELECT v3))", "(SELECT basalt_total(n::float8) FROM unnest(ARRAY[v1, v2, v3]) AS n)", &[Reals, Reals, Reals]),
    number("(SELECT avg(n) FROM (SELECT v1 AS n UNION ALL SELECT v2 UNION ALL SELECT v3))", "(SELECT basalt_avg(n::float8) FROM unnest(ARRAY[v1, v2, v3]) AS n)", &[Reals, Reals, Reals]),
    number("round(v1)", "basalt_round(v1::float8)", &[Reals]),
    near("exp(v1)", "basalt_exp(v1::float8)", &[Reals]),
    near("sqrt(v1)", "basalt_sqrt(v1::float8)", &[Reals]),
    near("ln(v1)", "basalt_ln(v1::float8)", &[Reals]),
    near("log(v1)", "basalt_log(v1::float8)", &[Reals]),
    near("log2(v1)", "basalt_log2(v1::float8)", &[Reals]),
    near("sin(v1)", "basalt_sin(v1::float8)", &[Reals]),
    near("cos(v1)", "basalt_cos(v1::float8)", &[Reals]),
    near("tan(v1)", "basalt_tan(v1::float8)", &[Reals]),
    near("asin(v1)", "basalt_asin(v1::float8)", &[Reals]),
    near("acos(v1)", "basalt_acos(v1::float8)", &[Reals]),
    near("acosh(v1)", "basalt_acosh(v1::float8)", &[Reals]),
    near("atanh(v1)", "basalt_atanh(v1::float8)", &[Reals]),
    near("degrees(v1)", "basalt_degrees(v1::float8)", &[Reals]),
    near("radians(v1)", "basalt_radians(v1::float8)", &[Reals]),
];
