-- What SQLite's functions, casts and printing give, in PostgreSQL 14 and newer.
--
-- Statements are written in SQLite's dialect and translated; where PostgreSQL has another idea of the same thing, the
-- translation calls one of these. Each gives SQLite's result for every input and raises nothing. The file can run again at
-- any time: a later version of it replaces the functions in place.
--
-- How they are written, and why:
-- - Bodies are bound when they are created (`RETURN …`), so that they inline and work in indexes whatever the search path is.
--   A body that is a CASE is not STRICT, as that would keep it from being inlined; null in gives null out all the same.
-- - plpgsql where a value is needed more than once, or step by step. Such a body calls none of our own functions, as
--   it would look them up by the search path of the moment. There are no exception blocks but in the validity of JSON.
-- - A number is double precision. A *dynamic* value is a number part and a text part, of which one at least is null.
-- - Text in here is never compared by a locale: patterns and positions only.

-- The JSON text as SQLite stores it. Valid JSON or null, which is why the functions that take it need no check.
DO $$ BEGIN
  IF to_regtype('basalt_json') IS NULL THEN
    CREATE DOMAIN basalt_json AS text COLLATE "C";
  END IF;
END $$;

-- Comparisons.

-- How two dynamic values are ordered: -1, 0 or 1; numbers before texts; null where one of them is null.
CREATE OR REPLACE FUNCTION basalt_compare(a_num double precision, a_txt text, b_num double precision, b_txt text)
RETURNS integer LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF a_num IS NOT NULL THEN
    RETURN CASE WHEN b_num IS NULL THEN CASE WHEN b_txt IS NOT NULL THEN -1 END
                WHEN a_num < b_num THEN -1 WHEN a_num > b_num THEN 1 ELSE 0 END;
  ELSIF a_txt IS NULL THEN
    RETURN NULL;
  ELSIF b_num IS NOT NULL THEN
    RETURN 1;
  END IF;
  RETURN CASE WHEN b_txt IS NULL THEN NULL WHEN a_txt COLLATE "C" < b_txt COLLATE "C" THEN -1
              WHEN a_txt COLLATE "C" > b_txt COLLATE "C" THEN 1 ELSE 0 END;
END $$;

-- max() and min() of several values, null where one is null.
CREATE OR REPLACE FUNCTION basalt_greater(a double precision, b double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN greatest(a, b); END $$;
CREATE OR REPLACE FUNCTION basalt_lesser(a double precision, b double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN least(a, b); END $$;
CREATE OR REPLACE FUNCTION basalt_greater(a bigint, b bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN greatest(a, b); END $$;
CREATE OR REPLACE FUNCTION basalt_lesser(a bigint, b bigint) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN least(a, b); END $$;
CREATE OR REPLACE FUNCTION basalt_greater(a text, b text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN greatest(a COLLATE "C", b COLLATE "C"); END $$;
CREATE OR REPLACE FUNCTION basalt_lesser(a text, b text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$ BEGIN RETURN least(a COLLATE "C", b COLLATE "C"); END $$;

-- Numbers.

-- The number that a text spells which has the form of one; too large is infinite, too small is zero.
CREATE OR REPLACE FUNCTION basalt_float(spelled text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  part text[] := regexp_match(spelled, '^[ \t\n\v\f\r]*([+-]?)([0-9]*)\.?([0-9]*)(?:[eE]([+-]?[0-9]+))?');
  negative boolean := part[1] = '-';
  digits text := ltrim(part[2] || part[3], '0');
  exponent integer := 0;
  magnitude integer;
BEGIN
  IF digits = '' THEN
    RETURN CASE WHEN negative THEN '-0'::double precision ELSE 0 END;
  END IF;
  IF part[4] IS NOT NULL THEN
    -- More digits than this make no difference.
    exponent := CASE WHEN part[4] ~ '^[+-]?0*[0-9]{1,5}$' THEN part[4]::integer
                     WHEN part[4] LIKE '-%' THEN -100000 ELSE 100000 END;
  END IF;
  -- The value is 0.digits times ten to the power of this.
  magnitude := length(digits) - length(part[3]) + exponent;
  -- SQLite reads as many digits as 64 bits hold.
  digits := left(digits, CASE WHEN left(digits, 19) >= '1844674407370955160' COLLATE "C" THEN 19 ELSE 20 END);
  IF magnitude > 309 OR (magnitude = 309 AND ('0.' || digits)::numeric >= 0.17976931348623158079372897140530342) THEN
    RETURN CASE WHEN negative THEN '-Infinity' ELSE 'Infinity' END;
  ELSIF magnitude < -323 OR (magnitude = -323 AND ('0.' || digits)::numeric <= 0.24703282292062327209) THEN
    RETURN CASE WHEN negative THEN '-0' ELSE '0' END;
  END IF;
  RETURN (part[1] || '0.' || digits || 'e' || magnitude)::double precision;
END $$;

-- NUMERIC affinity: the number that the whole text spells, white space around it aside; null for any other text.
CREATE OR REPLACE FUNCTION basalt_num(value text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^[ \t\n\v\f\r]*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[ \t\n\v\f\r]*$' THEN
  CASE WHEN length(value) <= 20 AND value !~ '[eE][+-]?[0-9]{3}' THEN value::double precision ELSE basalt_float(value) END
END;

-- CAST(x AS NUMERIC) and AS REAL of a text: the longest start that spells a number, 0 where none does.
CREATE OR REPLACE FUNCTION basalt_cast_num(value text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IS NOT NULL THEN coalesce(basalt_float(substring(value
  FROM '^[ \t\n\v\f\r]*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)')), 0) END;

-- CAST(x AS INTEGER) of a number: towards zero, kept within the range.
CREATE OR REPLACE FUNCTION basalt_cast_int(value double precision) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value >= 9223372036854775807 THEN 9223372036854775807
            WHEN value <= -9223372036854775808 THEN -9223372036854775807 - 1
            ELSE trunc(value)::bigint END;

-- CAST(x AS INTEGER) of a text: the whole digits that it starts with, kept within the range.
CREATE OR REPLACE FUNCTION basalt_cast_int(value text) RETURNS bigint
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  part text[] := regexp_match(value, '^[ \t\n\v\f\r]*([+-]?)0*([0-9]*)');
BEGIN
  IF part IS NULL OR part[2] = '' THEN
    RETURN 0;
  ELSIF length(part[2]) < 19 OR (length(part[2]) = 19 AND part[2]::numeric <= 9223372036854775807) THEN
    RETURN (part[1] || part[2])::bigint;
  ELSIF part[1] = '-' THEN
    RETURN -9223372036854775807 - 1;
  END IF;
  RETURN 9223372036854775807;
END $$;

-- The value of a finite number, digit by digit.
CREATE OR REPLACE FUNCTION basalt_exact(value double precision) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  size double precision := abs(value);
  shift integer;
BEGIN
  IF size >= 0.001 AND size < 1e15 THEN
    -- 2^-62; all bits behind the point of such a number are above it.
    RETURN trunc(value)::bigint + ((value - trunc(value)) * 4611686018427387904)::bigint
      * 0.00000000000000000021684043449710088680149056017398834228515625;
  ELSIF size = 0 THEN
    RETURN 0;
  ELSIF size >= 1e15 THEN
    -- The logarithm may be off by one, hence a bit more than there are.
    shift := least(floor(ln(size) / ln(2.0::double precision))::integer, 1023) - 53;
    RETURN CASE WHEN shift <= 0 THEN (value * 16)::bigint * 0.0625
                ELSE trunc(value / power(2.0::double precision, shift))::bigint * power(2::numeric, shift) END;
  END IF;
  shift := 53 - floor(ln(size) / ln(2.0::double precision))::integer;
  IF shift > 1000 THEN
    size := value * power(2.0::double precision, 1000) * power(2.0::double precision, shift - 1000);
  ELSE
    size := value * power(2.0::double precision, shift);
  END IF;
  RETURN size::bigint * power(5::numeric, shift) * ('1e-' || shift)::numeric;
END $$;

-- What SQLite prints for a REAL that is neither whole nor short: 17 digits, fewer where those stand for the same number.
CREATE OR REPLACE FUNCTION basalt_real_digits(value double precision, exact numeric) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  size double precision := abs(value);
  binary_exponent integer;
  scale integer;
  digits text;
  kept integer;
  shorter text;
  point integer;
  printed text;
BEGIN
  IF size = 'Infinity' THEN
    RETURN CASE WHEN value < 0 THEN '-Inf' ELSE 'Inf' END;
  END IF;
  binary_exponent := least(floor(ln(size) / ln(2.0::double precision))::integer, 1023);
  IF power(2.0::double precision, binary_exponent) > size THEN
    binary_exponent := binary_exponent - 1;
  ELSIF binary_exponent < 1023 AND power(2.0::double precision, binary_exponent + 1) <= size THEN
    binary_exponent := binary_exponent + 1;
  END IF;
  scale := 17 - ((binary_exponent * 78913) >> 18);
  digits := round(abs(exact) * ('1e' || scale)::numeric)::text;
  -- Where the decimal point stands among the digits.
  point := length(digits) - scale;
  IF substr(digits, 15, 2) = '99' THEN
    kept := length(rtrim(left(digits, 14), '9'));
    shorter := coalesce(nullif(left(digits, kept), '')::bigint + 1, 1)::text;
  ELSIF point >= length(digits) OR substr(digits, 14, 3) = '000' THEN
    shorter := rtrim(left(digits, 13), '0');
    kept := length(shorter);
  END IF;
  IF shorter IS NULL OR size > 1.7976e308 OR (shorter || 'e' || point - kept)::double precision <> size THEN
    kept := 17;
    shorter := (left(digits, kept)::bigint + CASE WHEN substr(digits, kept + 1, 1) >= '5' THEN 1 ELSE 0 END)::text;
  END IF;
  point := point + length(shorter) - kept;
  digits := rtrim(shorter, '0');
  IF point < -3 OR point > 17 THEN
    printed := left(digits, 1) || '.' || coalesce(nullif(substr(digits, 2), ''), '0') || 'e'
      || CASE WHEN point < 1 THEN '-' ELSE '+' END || lpad(abs(point - 1)::text, greatest(2, length(abs(point - 1)::text)), '0');
  ELSIF point <= 0 THEN
    printed := '0.' || repeat('0', -point) || digits;
  ELSE
    printed := rpad(left(digits, point), point, '0') || '.' || coalesce(nullif(substr(digits, point + 1), ''), '0');
  END IF;
  RETURN CASE WHEN value < 0 THEN '-' ELSE '' END || printed;
END $$;

-- A REAL as text.
CREATE OR REPLACE FUNCTION basalt_real_text(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 1e15 AND trunc(value) = value THEN value::bigint::text || '.0'
            WHEN abs(value) < 1e15 AND abs(value) >= 0.001 AND length(abs(value)::text) <= 14 THEN value::text
            ELSE basalt_real_digits(value, CASE WHEN abs(value) < 'Infinity' THEN basalt_exact(value) ELSE 0 END) END;

-- A number of a NUMERIC column as text: whole ones are integers to SQLite as far as 64 bits hold them.
CREATE OR REPLACE FUNCTION basalt_text(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 9223372036854775808 AND trunc(value) = value THEN value::bigint::text
            ELSE basalt_real_text(value) END;

-- JSON.

-- JSON as a column of SQLite's keeps it: a number in the one spelling that it prints in, anything else as it is.
CREATE OR REPLACE FUNCTION basalt_json_stored(doc text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN left(doc, 1) IN ('"', '{', '[', 't', 'f', 'n') OR doc ~ '^-?[1-9][0-9]{0,17}$' THEN doc
            ELSE coalesce(basalt_text(basalt_num(doc)), doc) END;

-- Whether a text has the form of JSON. From PostgreSQL 16 on without an exception block.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    CREATE OR REPLACE FUNCTION basalt_json_parses(value text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN pg_input_is_valid(value, 'json');
  ELSE
    CREATE OR REPLACE FUNCTION basalt_json_parses(value text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL UNSAFE AS $parses$
    BEGIN
      PERFORM value::json;
      RETURN true;
    EXCEPTION WHEN OTHERS THEN
      RETURN false;
    END $parses$;
  END IF;
END $$;

-- How deep brackets are nested, texts aside.
CREATE OR REPLACE FUNCTION basalt_json_depth(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT max(depth) FROM (SELECT sum(CASE WHEN bracket IN ('[', '{') THEN 1 ELSE -1 END) OVER (ORDER BY position) AS depth
  FROM string_to_table(regexp_replace(value, '"(?:[^"\\]|\\.)*"|[^][{}]+', '', 'g'), NULL)
    WITH ORDINALITY AS item (bracket, position)) AS depths);

-- json_valid(): JSON by the standard, at most 1000 deep, which is also as deep as it is safe to read.
CREATE OR REPLACE FUNCTION basalt_json_valid(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN length(value) <= 1000 OR length(value) - length(translate(value, '[{', '')) <= 1000 OR basalt_json_depth(value) <= 1000
            THEN basalt_json_parses(value) WHEN value IS NOT NULL THEN false END;

-- A text as JSON, null where it is none: what the functions below take in place of a document that may be any text.
CREATE OR REPLACE FUNCTION basalt_json_or_null(value text) RETURNS basalt_json
LANGUAGE sql IMMUTABLE
RETURN CAST(CASE WHEN basalt_json_valid(value) THEN value END AS basalt_json);

-- Escapes that stand for no character (half of a pair, U+0000) become U+FFFD, as PostgreSQL refuses to read them.
CREATE OR REPLACE FUNCTION basalt_json_clean(doc text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN doc ~ '\\u(0000|[dD][89a-fA-F])' THEN regexp_replace(regexp_replace(doc,
    '(?<!\\)((?:\\\\)*)\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F]))', '\1\\ufffd', 'g'),
    '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})(?<!\\)((?:\\\\)*)\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\1\\ufffd', 'g')
  ELSE doc END;

-- The keys of a path of plain keys (`$.a.b`), which PostgreSQL can follow by itself; null for a path with positions,
-- quotes, or keys that could be taken for positions.
CREATE OR REPLACE FUNCTION basalt_json_keys(path text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN path ~ '^\$(\.[^].["0-9+\s-][^].["]*)*$' THEN string_to_array(substr(path, 3), '.') END;

-- The steps of any path of SQLite's: `.key` for a key, `[0` for a position, `#1` for one from the end. Null for what is no path.
CREATE OR REPLACE FUNCTION basalt_json_steps(path text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  rest text := substr(path, 2);
  part text[];
  steps text[] := '{}';
BEGIN
  IF left(path, 1) <> '$' THEN
    RETURN NULL;
  END IF;
  WHILE rest <> '' LOOP
    part := regexp_match(rest, '^(?:\."((?:[^"\\]|\\.)*)"|\.([^.["][^.[]*)|\[([0-9]{1,9})\]|\[#-([0-9]{1,9})\])(.*)$');
    IF part IS NULL THEN
      RETURN NULL;
    END IF;
    steps := steps || CASE WHEN part[3] IS NOT NULL THEN '[' || part[3] WHEN part[4] IS NOT NULL THEN '#' || part[4]
      ELSE '.' || coalesce(part[2], regexp_replace(part[1], '\\(.)', '\1', 'g')) END;
    rest := part[5];
  END LOOP;
  RETURN steps;
END $$;

-- The raw JSON text where the steps lead, null where they lead nowhere.
CREATE OR REPLACE FUNCTION basalt_json_walk(doc text, steps text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  place json := doc;
  step text;
  back integer;
BEGIN
  FOREACH step IN ARRAY steps LOOP
    IF left(step, 1) = '.' THEN
      place := place -> substr(step, 2);
    ELSIF left(step, 1) = '[' THEN
      place := place -> substr(step, 2)::integer;
    ELSE
      back := substr(step, 2);
      place := CASE WHEN json_typeof(place) = 'array' AND json_array_length(place) >= back
                    THEN place -> (json_array_length(place) - back) END;
    END IF;
  END LOOP;
  RETURN place::text;
END $$;

-- The raw JSON text at a path.
CREATE OR REPLACE FUNCTION basalt_json_at(doc basalt_json, path text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN path = '$' THEN btrim(basalt_json_clean(doc), E' \t\n\r')
            WHEN basalt_json_keys(path) IS NOT NULL AND strpos(doc, '\u') = 0
            THEN (doc::json #> basalt_json_keys(path))::text
            ELSE basalt_json_walk(basalt_json_clean(doc), basalt_json_steps(path)) END;

-- The number part of raw JSON: numbers; true is 1 and false is 0.
CREATE OR REPLACE FUNCTION basalt_json_raw_num(raw text) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  number numeric;
BEGIN
  IF raw ~ '^-?[0-9.]{1,20}$' THEN
    RETURN raw::double precision;
  ELSIF raw !~ '^[-0-9]' THEN
    RETURN CASE raw WHEN 'true' THEN 1 WHEN 'false' THEN 0 END;
  ELSIF raw ~ '[eE][+-]?0*[0-9]{5}' THEN
    RETURN CASE WHEN raw !~ '^-?[0.]*[1-9]' OR raw ~ '[eE]-' THEN '0' WHEN raw LIKE '-%' THEN '-Infinity' ELSE 'Infinity' END;
  END IF;
  number := raw::numeric;
  RETURN CASE WHEN abs(number) >= 179769313486231580793e288 THEN sign(number) * 'Infinity'::double precision
              WHEN abs(number) <= 24703282292062327e-340 THEN 0
              ELSE number::double precision END;
END $$;

-- The text part of raw JSON: what a text says; objects and arrays without white space.
CREATE OR REPLACE FUNCTION basalt_json_raw_text(raw text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF left(raw, 1) = '"' THEN
    RETURN CASE WHEN strpos(raw, '\') = 0 THEN substr(raw, 2, length(raw) - 2) ELSE raw::json #>> '{}' END;
  ELSIF left(raw, 1) IN ('{', '[') THEN
    RETURN CASE WHEN raw ~ '[ \t\n\r]' THEN regexp_replace(raw, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g') ELSE raw END;
  END IF;
  RETURN NULL;
END $$;

-- The two parts of json_extract(doc, path).
CREATE OR REPLACE FUNCTION basalt_json_num(doc basalt_json, path text) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_json_raw_num(basalt_json_at(doc, path));

CREATE OR REPLACE FUNCTION basalt_json_text(doc basalt_json, path text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_json_raw_text(basalt_json_at(doc, path));

-- The text that SQLite makes of json_extract(doc, path) where it needs one, as for LIKE and `||`.
CREATE OR REPLACE FUNCTION basalt_json_raw_printed(raw text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN left(raw, 1) IN ('"', '{', '[') THEN basalt_json_raw_text(raw)
            WHEN raw ~ '[.eE]' THEN CASE WHEN raw ~ '^[-0-9]' THEN basalt_real_text(basalt_json_raw_num(raw)) ELSE
              CASE raw WHEN 'true' THEN '1' WHEN 'false' THEN '0' END END
            WHEN length(raw) < 19 AND raw <> '-0' AND raw <> 'null' THEN raw
            WHEN raw ~ '^-?[0-9]' THEN basalt_text(basalt_json_raw_num(raw)) END;

CREATE OR REPLACE FUNCTION basalt_json_printed(doc basalt_json, path text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_json_raw_printed(basalt_json_at(doc, path));

-- json_type().
CREATE OR REPLACE FUNCTION basalt_json_raw_type(raw text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE left(raw, 1)
  WHEN '{' THEN 'object' WHEN '[' THEN 'array' WHEN '"' THEN 'text'
  WHEN 't' THEN 'true' WHEN 'f' THEN 'false' WHEN 'n' THEN 'null'
  ELSE CASE WHEN raw ~ '[.eE]' THEN 'real' WHEN raw IS NOT NULL THEN 'integer' END END;

CREATE OR REPLACE FUNCTION basalt_json_type(doc basalt_json, path text DEFAULT '$') RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_json_raw_type(basalt_json_at(doc, path));

-- json_array_length().
CREATE OR REPLACE FUNCTION basalt_json_length(doc basalt_json) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN left(ltrim(doc, E' \t\n\r'), 1) = '[' THEN json_array_length(doc::json) WHEN doc IS NOT NULL THEN 0 END;

CREATE OR REPLACE FUNCTION basalt_json_length(doc basalt_json, path text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_json_length(basalt_json_at(doc, path)::basalt_json);

-- json(): without white space.
CREATE OR REPLACE FUNCTION basalt_json(value text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN basalt_json_valid(value) THEN CASE WHEN value ~ '[ \t\n\r]'
  THEN regexp_replace(value, '("(?:[^"\\]|\\.)*")|[ \t\n\r]+', '\1', 'g') ELSE value END END;

-- json_quote(), and how json_array(), json_object(), json_group_array() and json_group_object() write a value. A dynamic value
-- is written by its two parts. What these functions give each other is JSON already and stays as it is.
CREATE OR REPLACE FUNCTION basalt_json_quote(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(to_json(value)::text, 'null');

CREATE OR REPLACE FUNCTION basalt_json_quote(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) = 'Infinity' THEN CASE WHEN value < 0 THEN '-9.0e+999' ELSE '9.0e+999' END
            ELSE coalesce(basalt_text(value), 'null') END;

CREATE OR REPLACE FUNCTION basalt_json_quote(num double precision, txt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN num IS NULL THEN basalt_json_quote(txt) ELSE basalt_json_quote(num) END;

-- What `->` and `->>` take on their right side: a path, a key, or a position, from the end where it is negative.
CREATE OR REPLACE FUNCTION basalt_json_path(label text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN label LIKE '$%' THEN label WHEN label LIKE '[%]' THEN '$' || label
            ELSE '$."' || replace(replace(label, '\', '\\'), '"', '\"') || '"' END;

CREATE OR REPLACE FUNCTION basalt_json_path(index bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '$[' || CASE WHEN index < 0 THEN '#' ELSE '' END || index || ']';

-- `->`: what is there, as JSON.
CREATE OR REPLACE FUNCTION basalt_json_sub(doc basalt_json, path text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN basalt_json(basalt_json_at(doc, path));

-- json_each(): the items of an array, the values of an object, anything else as the only item.
CREATE OR REPLACE FUNCTION basalt_each(doc basalt_json) RETURNS TABLE (ord bigint, num double precision, txt text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  SELECT item.ord,
         CASE WHEN left(item.value::text, 1) <> '"' THEN basalt_json_raw_num(item.value::text) END,
         CASE WHEN left(item.value::text, 1) <> '"' OR strpos(item.value::text, '\') > 0
              THEN basalt_json_raw_text(basalt_json_clean(item.value::text))
              ELSE substr(item.value::text, 2, length(item.value::text) - 2) END
  FROM json_array_elements(CASE left(ltrim(doc, E' \t\n\r'), 1)
    WHEN '[' THEN doc::json
    WHEN '{' THEN (SELECT json_agg(member.value) FROM json_each(basalt_json_clean(doc)::json) AS member)
    ELSE ('[' || doc || ']')::json END) WITH ORDINALITY AS item (value, ord);
END;

-- json_each() with all its columns but `id` and `parent`, keys, values and atoms in two parts.
CREATE OR REPLACE FUNCTION basalt_each_keyed(doc basalt_json) RETURNS TABLE (ord bigint, key_num double precision, key_txt text,
  num double precision, txt text, type text, atom_num double precision, atom_txt text, fullkey text, path text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
  SELECT item.ord, item.key_num, item.key_txt, basalt_json_raw_num(item.raw), basalt_json_raw_text(basalt_json_clean(item.raw)),
         basalt_json_raw_type(item.raw), basalt_json_raw_num(item.raw),
         CASE WHEN left(item.raw, 1) = '"' THEN basalt_json_raw_text(basalt_json_clean(item.raw)) END,
         CASE WHEN item.key_num IS NOT NULL THEN '$[' || item.key_num::bigint || ']'
              WHEN item.key_txt ~ '^[A-Za-z][A-Za-z0-9]*$' THEN '$.' || item.key_txt
              WHEN item.key_txt IS NOT NULL THEN '$.' || to_json(item.key_txt)::text ELSE '$' END, '$'
  FROM (SELECT btrim(doc, E' \t\n\r') AS text) AS whole CROSS JOIN LATERAL (
    SELECT position, (position - 1)::double precision, NULL, value::text
    FROM json_array_elements(CASE WHEN left(whole.text, 1) = '[' THEN whole.text::json END) WITH ORDINALITY AS element (value, position)
    UNION ALL
    SELECT position, NULL, key, value::text
    FROM json_each(CASE WHEN left(whole.text, 1) = '{' THEN basalt_json_clean(whole.text)::json END)
      WITH ORDINALITY AS member (key, value, position)
    UNION ALL
    SELECT 1, NULL, NULL, whole.text WHERE left(whole.text, 1) NOT IN ('[', '{')
  ) AS item (ord, key_num, key_txt, raw);
END;

-- Dates.

-- A time value and its modifiers as the functions of date and time read them: `{milliseconds since noon of -4713-11-24,
-- year, month, day, hour, minute, second, 1 where milliseconds are to be shown}`. Null for what is no time, and for a time
-- before that day or after the year 9999. Local time is UTC.
CREATE OR REPLACE FUNCTION basalt_time_of(arguments text[], now timestamptz) RETURNS double precision[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
  given text := arguments[1];
  -- The time twice: as milliseconds and in parts. What is null follows from the other.
  ms bigint;
  year integer; month integer; day integer;
  hour integer; minute integer; second double precision;
  zone integer := 0;
  -- A number that may still become a count of seconds.
  raw double precision;
  -- By how many days the date last written overran its month, which `floor` takes back.
  overrun integer := 0;
  measure boolean := false;
  roll boolean := false;
  is_utc boolean := false;
  subsec boolean := false;
  modifier text;
  part text[];
  amount double precision;
  whole integer;
  days integer;
  added bigint;
  y integer; m integer;
  position integer := 1;
BEGIN
  -- Patterns only test: to take a text apart by one costs more than all the rest.
  IF given ~ '^-?[0-9]{4}-[0-9]{2}-[0-9]{2}' THEN
    IF left(given, 1) = '-' THEN
      given := substr(given, 2);
      year := -left(given, 4)::integer;
    ELSE
      year := left(given, 4);
    END IF;
    month := substr(given, 6, 2); day := substr(given, 9, 2);
    IF month NOT BETWEEN 1 AND 12 OR day NOT BETWEEN 1 AND 31 THEN
      RETURN NULL;
    END IF;
    measure := day > 28;
    given := nullif(ltrim(substr(given, 11), E'T \t\n\v\f\r'), '');
  ELSIF given IS NULL THEN
    RETURN NULL;
  END IF;
  IF given ~ '^[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?[ \t\n\v\f\r]*([Zz]|[-+][0-9]{2}:[0-9]{2})?[ \t\n\v\f\r]*$' THEN
    hour := left(given, 2); minute := substr(given, 4, 2);
    second := CASE WHEN substr(given, 6, 1) = ':' THEN substr(given, 7, 2) ELSE '0' END;
    IF substr(given, 9, 1) = '.' THEN
      second := second + least(left(substring(given FROM '\.[0-9]+'), 18)::double precision, 0.999);
    END IF;
    IF hour > 24 OR minute > 59 OR second >= 60 OR (hour = 24 AND (minute > 0 OR second > 0)) THEN
      RETURN NULL;
    ELSIF given ~ '[-+]' THEN
      given := substring(given FROM '[-+].{5}');
      IF substr(given, 2, 2)::integer > 14 OR right(given, 2)::integer > 59 THEN
        RETURN NULL;
      END IF;
      zone := (left(given, 1) || 1)::integer * (substr(given, 2, 2)::integer * 60 + right(given, 2)::integer);
      is_utc := true;
    ELSE
      is_utc := given ~ '[Zz]';
    END IF;
    IF hour = 24 THEN
      hour := 0; day := coalesce(day, 1) + 1; roll := true; measure := false;
    END IF;
  ELSIF year IS NOT NULL THEN
    IF given IS NOT NULL THEN
      RETURN NULL;
    END IF;
  ELSIF lower(given COLLATE "C") IN ('now', 'subsec', 'subsecond') THEN
    ms := floor(extract(epoch FROM now) * 1000)::bigint + 210866760000000;
    is_utc := true;
    subsec := lower(given COLLATE "C") <> 'now';
    IF ms IS NULL THEN
      RETURN NULL;
    END IF;
  ELSIF given ~ '^[ \t\n\v\f\r]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t\n\v\f\r]*$' AND length(given) < 100 THEN
    -- What has a large exponent is no time, what has a small one is zero.
    raw := CASE WHEN given !~ '[eE][+-]?[0-9]{3}' THEN given WHEN given ~ '[eE]-' THEN '0' END;
    IF raw IS NULL THEN
      RETURN NULL;
    ELSIF raw >= 0 AND raw < 5373484.5 THEN
      ms := trunc(raw * 86400000::bigint + 0.5);
    END IF;
  ELSE
    RETURN NULL;
  END IF;

  LOOP
    position := position + 1;
    modifier := lower(arguments[position] COLLATE "C");
    IF modifier IN ('auto', 'unixepoch', 'julianday') THEN
      IF position > 2 OR (raw IS NULL AND modifier <> 'auto') OR (ms IS NULL AND modifier = 'julianday') THEN
        RETURN NULL;
      ELSIF modifier = 'unixepoch' OR (modifier = 'auto' AND ms IS NULL AND raw BETWEEN -210866760000 AND 253402300799) THEN
        amount := raw * 1000 + 210866760000000;
        IF amount < 0 OR amount > 464269060799999 THEN
          RETURN NULL;
        END IF;
        ms := trunc(amount + 0.5);
        raw := NULL;
      ELSIF ms IS NOT NULL THEN
        raw := NULL;
      END IF;
      CONTINUE;
    END IF;

    IF ms IS NULL THEN
      IF raw IS NOT NULL OR year NOT BETWEEN -4713 AND 9999 THEN
        RETURN NULL;
      END IF;
      IF year IS NULL AND modifier ~ '^(weekday|start of|end of) ' THEN
        -- A time of no date: its zone is not looked at.
        zone := 0;
        IF modifier !~ '^w' THEN
          day := NULL;
        END IF;
      END IF;
      y := coalesce(year, 2000); m := coalesce(month, 1);
      IF measure THEN
        overrun := greatest(0, day - CASE WHEN m IN (4, 6, 9, 11) THEN 30 WHEN m <> 2 THEN 31
          WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29 ELSE 28 END);
        measure := false;
      END IF;
      IF m <= 2 THEN
        y := y - 1; m := m + 12;
      END IF;
      ms := (36525 * (y + 4716) / 100 + 306001 * (m + 1) / 10000 + coalesce(day, 1) - 1486 - (y + 4800) / 100 + (y + 4800) / 400)
        * 86400000::bigint - 43200000 + coalesce(hour * 3600000 + minute * 60000 + trunc(second * 1000 + 0.5)::integer, 0) - zone * 60000;
      IF roll AND ms > 464269060799999 THEN
        RETURN NULL;
      ELSIF roll OR zone <> 0 THEN
        is_utc := is_utc OR zone <> 0;
        year := NULL; hour := NULL; zone := 0; roll := false;
      END IF;
    END IF;
    raw := NULL;
    IF ms BETWEEN 0 AND 464269060799999 THEN
      IF year IS NULL OR (day > 28 AND cardinality(arguments) = 1) THEN
        days := (ms + 43200000) / 86400000::bigint;
        whole := trunc((days + 32044.75) / 36524.25)::integer - 52;
        days := days + 1550 + whole - (whole + 100) / 4;
        whole := trunc((days - 122.1) / 365.25);
        days := days - 36525 * whole / 100;
        m := trunc(days / 30.6001);
        day := days - trunc(30.6001 * m)::integer;
        month := CASE WHEN m < 14 THEN m - 1 ELSE m - 13 END;
        year := CASE WHEN month > 2 THEN whole - 4716 ELSE whole - 4715 END;
      END IF;
      IF hour IS NULL THEN
        whole := (ms + 43200000) % 86400000::bigint;
        hour := whole / 3600000; minute := whole / 60000 % 60; second := whole % 60000 / 1000.0;
      END IF;
    ELSIF position > cardinality(arguments) OR abs(ms) > 4000000000000000000 THEN
      RETURN NULL;
    END IF;
    EXIT WHEN position > cardinality(arguments);
    IF modifier IS NULL THEN
      RETURN NULL;
    END IF;

    part := NULL; whole := NULL; added := 0;
    IF modifier ~ '^[+-]?[0-9]+ (second|minute|hour|day|month|year)s?$' THEN
      part := string_to_array(rtrim(modifier, 's'), ' ');
    ELSIF modifier ~ '^[+-]?[0-9.]' THEN
      part := regexp_match(modifier, '^([+-]?(?:[0-9]+\.?[0-9]*|[0-9]*\.[0-9]+)(?:e[+-]?[0-9]{1,2})?)[ \t\n\v\f\r]+(second|minute|hour|day|month|year)s?$');
      IF left(modifier, 1) = '.' THEN
        RETURN NULL;
      END IF;
    END IF;
    IF part IS NOT NULL THEN
      amount := CASE WHEN length(part[1]) < 100 THEN part[1] ELSE '1e99' END;
      IF abs(amount) >= (CASE part[2] WHEN 'second' THEN 4.6427e14 WHEN 'minute' THEN 7.7379e12 WHEN 'hour' THEN 1.2897e11
          WHEN 'day' THEN 5373485 WHEN 'month' THEN 176546 ELSE 14713 END) THEN
        RETURN NULL;
      END IF;
      overrun := 0;
      added := trunc(CASE WHEN part[2] IN ('month', 'year') THEN amount - trunc(amount) ELSE amount END * 1000
        * CASE part[2] WHEN 'second' THEN 1 WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600 WHEN 'day' THEN 86400
          WHEN 'month' THEN 2592000 ELSE 31536000 END + CASE WHEN amount < 0 THEN -0.5 ELSE 0.5 END);
      whole := CASE part[2] WHEN 'month' THEN trunc(amount)::integer WHEN 'year' THEN 12 * trunc(amount)::integer END;
    ELSIF modifier ~ '^[+-][0-9]{4,5}-' THEN
      part := regexp_match(modifier, '^([+-])([0-9]{4,5})-([0-9]{2})-([0-9]{2})(?:[ \t\n\v\f\r]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?'
        '[ \t\n\v\f\r]*(?:([Zz])|([-+])([0-9]{2}):([0-9]{2}))?[ \t\n\v\f\r]*)?$');
      IF part IS NULL OR part[2]::integer > 14712 OR part[3]::integer > 11 OR part[4]::integer > 30 THEN
        RETURN NULL;
      END IF;
      whole := (part[1] || 1)::integer * (part[2]::integer * 12 + part[3]::integer);
      added := (part[1] || 1)::integer * part[4]::integer * 86400000::bigint;
      part := part[1:1] || part[5:12];
    ELSIF modifier ~ '^[+-]?[0-9]+:' THEN
      part := regexp_match(modifier, '^([+-]?)([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]+)?)?'
        '[ \t\n\v\f\r]*(?:([Zz])|([-+])([0-9]{2}):([0-9]{2}))?[ \t\n\v\f\r]*$');
      IF part IS NULL THEN
        RETURN NULL;
      END IF;
    END IF;

    IF cardinality(part) > 2 AND part[2] IS NOT NULL THEN
      -- A clock: its hours and minutes, less its zone, within one day.
      IF part[2]::integer > 24 OR part[3]::integer > 59 OR coalesce(part[4], '0')::integer > 59
          OR (part[2] = '24' AND (part[3] || coalesce(part[4], '') || coalesce(part[5], '')) ~ '[1-9]')
          OR part[8]::integer > 14 OR part[9]::integer > 59 THEN
        RETURN NULL;
      END IF;
      added := added + CASE WHEN part[1] = '-' THEN -1 ELSE 1 END * ((part[2]::integer * 3600000 + part[3]::integer * 60000
        + trunc((coalesce(part[4], '0')::integer + least(coalesce(left(part[5], 18), '0')::double precision, 0.999)) * 1000 + 0.5)::bigint
        - coalesce((part[7] || 1)::integer * (part[8]::integer * 60 + part[9]::integer) * 60000, 0) + 86400000::bigint) % 86400000::bigint);
    END IF;
    IF part IS NOT NULL THEN
      IF whole IS NOT NULL THEN
        IF year IS NULL THEN
          RETURN NULL;
        END IF;
        -- By months: the parts change, then the rest is added in the next round.
        y := year * 12 + month - 1 + whole;
        year := floor(y / 12.0); month := y - 12 * year + 1;
        IF year NOT BETWEEN -4713 AND 9999 THEN
          RETURN NULL;
        END IF;
        overrun := greatest(0, day - CASE WHEN month IN (4, 6, 9, 11) THEN 30 WHEN month <> 2 THEN 31
          WHEN year % 4 = 0 AND (year % 100 <> 0 OR year % 400 = 0) THEN 29 ELSE 28 END);
        y := year; m := month;
        IF m <= 2 THEN
          y := y - 1; m := m + 12;
        END IF;
        ms := (36525 * (y + 4716) / 100 + 306001 * (m + 1) / 10000 + day - 1486 - (y + 4800) / 100 + (y + 4800) / 400)
          * 86400000::bigint - 43200000 + coalesce(hour * 3600000 + minute * 60000 + trunc(second * 1000 + 0.5)::integer, 0);
      END IF;
      ms := ms + added;
      year := NULL; hour := NULL;
      CONTINUE;
    END IF;

    IF modifier IN ('subsec', 'subsecond') THEN
      subsec := true;
    ELSIF modifier = 'ceiling' OR modifier = 'floor' THEN
      ms := ms - CASE WHEN modifier = 'floor' THEN overrun * 86400000::bigint ELSE 0 END;
      overrun := CASE WHEN modifier = 'floor' THEN overrun ELSE 0 END;
      year := NULL; hour := NULL;
    ELSIF modifier = 'utc' THEN
      IF NOT is_utc THEN
        is_utc := true; subsec := false; overrun := 0; year := NULL; hour := NULL;
      END IF;
    ELSIF modifier = 'localtime' THEN
      is_utc := false; year := NULL; hour := NULL;
    ELSIF modifier ~ '^weekday ' AND substr(modifier, 9) ~ '^[ \t\n\v\f\r]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,2})?[ \t\n\v\f\r]*$' THEN
      amount := substr(modifier, 9);
      IF abs(amount) > 6 OR amount <> trunc(amount) OR year IS NULL THEN
        RETURN NULL;
      END IF;
      whole := (ms + 129600000) / 86400000::bigint % 7;
      IF whole <> abs(amount)::integer THEN
        ms := ms + ((abs(amount)::integer - whole + 7) % 7 - CASE WHEN strpos(modifier, '-') > 0 THEN 7 ELSE 0 END) * 86400000::bigint;
      END IF;
      year := NULL; hour := NULL;
    ELSIF modifier IN ('start of day', 'start of month', 'start of year', 'end of day', 'end of month', 'end of year') THEN
      IF year IS NULL THEN
        RETURN NULL;
      ELSIF modifier LIKE 'start%' THEN
        hour := 0; minute := 0; second := 0;
        day := CASE WHEN modifier LIKE '%day' THEN day ELSE 1 END;
        month := CASE WHEN modifier LIKE '%year' THEN 1 ELSE month END;
      ELSE
        hour := 23; minute := 59; second := 59.999;
        IF modifier = 'end of year' THEN
          month := 12; day := 31;
        ELSIF modifier = 'end of month' THEN
          IF year = 9999 AND month = 12 THEN
            RETURN NULL;
          END IF;
          overrun := 0; roll := true;
          day := CASE WHEN month IN (4, 6, 9, 11) THEN 30 WHEN month <> 2 THEN 31
            WHEN year % 4 = 0 AND (year % 100 <> 0 OR year % 400 = 0) THEN 29 ELSE 28 END;
        END IF;
      END IF;
      ms := NULL;
    ELSE
      RETURN NULL;
    END IF;
  END LOOP;
  RETURN ARRAY[ms, year, month, day, hour, minute, second, subsec::integer];
END $$;

-- What date(), time() and datetime() print of a time: a year before 0 has a sign.
CREATE OR REPLACE FUNCTION basalt_time_text(moment double precision[], with_date boolean, with_clock boolean) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  tail_ms CONSTANT integer := trunc(1000 * moment[7] + 0.5);
BEGIN
  RETURN CASE WHEN with_date THEN CASE WHEN moment[2] < 0 THEN '-' ELSE '' END || lpad(abs(moment[2])::text, 4, '0')
      || '-' || lpad(moment[3]::text, 2, '0') || '-' || lpad(moment[4]::text, 2, '0') ELSE '' END
    || CASE WHEN with_date AND with_clock THEN ' ' ELSE '' END
    || CASE WHEN with_clock THEN lpad(moment[5]::text, 2, '0') || ':' || lpad(moment[6]::text, 2, '0') || ':'
      || CASE WHEN moment[8] = 1 THEN lpad((tail_ms / 1000)::text, 2, '0') || '.' || lpad((tail_ms % 1000)::text, 3, '0')
              ELSE lpad(trunc(moment[7])::text, 2, '0') END ELSE '' END;
END $$;

-- strftime()'s text of a time. Null for a format that has a letter that it does not know.
CREATE OR REPLACE FUNCTION basalt_time_format(format text, moment double precision[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  ms CONSTANT bigint := moment[1];
  year integer;
  hour CONSTANT integer := moment[5];
  rest text := format;
  result text := '';
  next integer := strpos(rest, '%');
  letter text;
  printed text;
  -- The day, how far it lies behind its Monday, and the Thursday that decides to which year its week belongs.
  date date;
  monday integer;
  thursday date;
  julian double precision;
BEGIN
  WHILE next > 0 LOOP
    letter := substr(rest, next + 1, 1);
    year := moment[2];
    IF letter IN ('g', 'G', 'V', 'u', 'w', 'j', 'U', 'W') THEN
      monday := (ms + 43200000) / 86400000 % 7;
      date := '2000-01-01'::date + ((ms + 43200000) / 86400000 - 2451545)::integer;
      thursday := date + (3 - monday);
      IF letter IN ('g', 'G') THEN
        year := extract(year FROM thursday);
        year := year + CASE WHEN year < 0 THEN 1 ELSE 0 END;
      END IF;
    ELSIF letter = 'J' THEN
      julian := moment[1] / 86400000;
    END IF;
    printed := CASE
      WHEN letter IN ('Y', 'F', 'G') THEN
        CASE WHEN year < 0 THEN '-' || lpad(abs(year)::text, greatest(3, length(abs(year)::text)), '0')
             ELSE lpad(year::text, 4, '0') END || CASE WHEN letter = 'F' THEN '-' || lpad(moment[3]::text, 2, '0') || '-' || lpad(moment[4]::text, 2, '0') ELSE '' END
      WHEN letter = 'm' THEN lpad(moment[3]::text, 2, '0')
      WHEN letter = 'd' THEN lpad(moment[4]::text, 2, '0')
      WHEN letter = 'H' THEN lpad(hour::text, 2, '0')
      WHEN letter = 'M' THEN lpad(moment[6]::text, 2, '0')
      WHEN letter = 'S' THEN lpad(trunc(moment[7])::text, 2, '0')
      WHEN letter = 'T' THEN lpad(hour::text, 2, '0') || ':' || lpad(moment[6]::text, 2, '0') || ':' || lpad(trunc(moment[7])::text, 2, '0')
      WHEN letter = 'R' THEN lpad(hour::text, 2, '0') || ':' || lpad(moment[6]::text, 2, '0')
      WHEN letter = 'e' THEN lpad(moment[4]::text, 2)
      WHEN letter = 'k' THEN lpad(hour::text, 2)
      WHEN letter = 'I' THEN lpad(((hour + 11) % 12 + 1)::text, 2, '0')
      WHEN letter = 'l' THEN lpad(((hour + 11) % 12 + 1)::text, 2)
      WHEN letter = 'p' THEN CASE WHEN hour >= 12 THEN 'PM' ELSE 'AM' END
      WHEN letter = 'P' THEN CASE WHEN hour >= 12 THEN 'pm' ELSE 'am' END
      -- A fraction times 2^62 is whole, and becomes a decimal to the last bit.
      WHEN letter = 'f' THEN lpad(round(trunc(moment[7])::integer + ((moment[7] - trunc(moment[7])) * 4611686018427387904)::bigint
        * 0.00000000000000000021684043449710088680149056017398834228515625, 3)::text, 6, '0')
      WHEN letter = 's' THEN CASE WHEN moment[8] = 1 THEN round((ms - 210866760000000) / 1000.0, 3)::text
        ELSE (ms / 1000 - 210866760000)::text END
      WHEN letter = 'j' THEN lpad(extract(doy FROM date)::text, 3, '0')
      WHEN letter = 'w' THEN ((monday + 1) % 7)::text
      WHEN letter = 'u' THEN (monday + 1)::text
      WHEN letter = 'U' THEN lpad(((extract(doy FROM date)::integer + 6 - (monday + 1) % 7) / 7)::text, 2, '0')
      WHEN letter = 'W' THEN lpad(((extract(doy FROM date)::integer + 6 - monday) / 7)::text, 2, '0')
      WHEN letter = 'V' THEN lpad(((extract(doy FROM thursday)::integer - 1) / 7 + 1)::text, 2, '0')
      WHEN letter = 'g' THEN CASE WHEN year % 100 < 0 THEN (year % 100)::text ELSE lpad((year % 100)::text, 2, '0') END
      WHEN letter = 'J' THEN rtrim(rtrim(round(trunc(julian)::integer + ((julian - trunc(julian)) * 4611686018427387904)::bigint
        * 0.00000000000000000021684043449710088680149056017398834228515625,
        CASE WHEN julian > 0 THEN 15 - floor(log(julian))::integer ELSE 1 END)::text, '0'), '.')
      WHEN letter = '%' THEN '%'
    END;
    IF printed IS NULL THEN
      RETURN NULL;
    END IF;
    result := result || left(rest, next - 1) || printed;
    rest := substr(rest, next + 2);
    next := strpos(rest, '%');
  END LOOP;
  RETURN result || rest;
END $$;

-- The same for the usual case, a time as records hold it, moved by days at most, and letters that are parts of it. Null for
-- any other.
CREATE OR REPLACE FUNCTION basalt_time_plain(format text, arguments text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  moment text := arguments[1];
  modifier text;
  date date;
BEGIN
  IF length(moment) <> 24 OR format ~ '%([^YmdHMS]|$)' OR moment !~ ('^[0-9]{4}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-'
      '(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-31) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$') THEN
    RETURN NULL;
  END IF;
  IF cardinality(arguments) > 1 THEN
    IF moment !~ '^[1-7]' OR cardinality(arguments) > 10 THEN
      RETURN NULL;
    END IF;
    date := left(moment, 10);
    FOREACH modifier IN ARRAY arguments[2:] LOOP
      IF modifier ~ '^[+-]?[0-9]{1,4} days?$' THEN
        date := date + split_part(modifier, ' ', 1)::integer;
      ELSIF modifier ~ '^weekday [0-6]$' THEN
        date := date + (right(modifier, 1)::integer - extract(dow FROM date)::integer + 7) % 7;
      ELSE
        RETURN NULL;
      END IF;
    END LOOP;
    moment := to_char(date, 'YYYY-MM-DD') || substr(moment, 11);
  END IF;
  RETURN replace(replace(replace(replace(replace(replace(format, '%Y', left(moment, 4)), '%m', substr(moment, 6, 2)),
    '%d', substr(moment, 9, 2)), '%H', substr(moment, 12, 2)), '%M', substr(moment, 15, 2)), '%S', substr(moment, 18, 2));
END $$;

-- strftime(), date(), time(), datetime(), julianday() and unixepoch(). They may read the clock, which `now` and no time at all
-- stand for. Those on `_at` take `now` for no time, and may therefore stand in an index.
CREATE OR REPLACE FUNCTION basalt_strftime(format text, VARIADIC arguments text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(basalt_time_plain(format, arguments), basalt_time_format(format, basalt_time_of(arguments, statement_timestamp())));

CREATE OR REPLACE FUNCTION basalt_strftime_at(format text, VARIADIC arguments text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(basalt_time_plain(format, arguments), basalt_time_format(format, basalt_time_of(arguments, NULL)));

-- One time without modifiers: the usual case inlines.
CREATE OR REPLACE FUNCTION basalt_strftime(format text, moment text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
  WHEN length(moment) = 24 AND format !~ '%([^YmdHMS]|$)' AND moment ~ ('^[0-9]{4}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-'
    '(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-31) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$')
  THEN replace(replace(replace(replace(replace(replace(format, '%Y', left(moment, 4)), '%m', substr(moment, 6, 2)),
    '%d', substr(moment, 9, 2)), '%H', substr(moment, 12, 2)), '%M', substr(moment, 15, 2)), '%S', substr(moment, 18, 2))
  ELSE basalt_time_format(format, basalt_time_of(ARRAY[moment], statement_timestamp())) END;

CREATE OR REPLACE FUNCTION basalt_strftime_at(format text, moment text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN length(moment) = 24 AND format !~ '%([^YmdHMS]|$)' AND moment ~ ('^[0-9]{4}-(02-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-'
    '(0[1-9]|[12][0-9]|30)|(0[13578]|1[02])-31) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z$')
  THEN replace(replace(replace(replace(replace(replace(format, '%Y', left(moment, 4)), '%m', substr(moment, 6, 2)),
    '%d', substr(moment, 9, 2)), '%H', substr(moment, 12, 2)), '%M', substr(moment, 15, 2)), '%S', substr(moment, 18, 2))
  ELSE basalt_time_format(format, basalt_time_of(ARRAY[moment], NULL)) END;

CREATE OR REPLACE FUNCTION basalt_date(VARIADIC arguments text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(basalt_time_plain('%Y-%m-%d', arguments), basalt_time_text(basalt_time_of(arguments, statement_timestamp()), true, false));

CREATE OR REPLACE FUNCTION basalt_date_at(VARIADIC arguments text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(basalt_time_plain('%Y-%m-%d', arguments), basalt_time_text(basalt_time_of(arguments, NULL), true, false));

CREATE OR REPLACE FUNCTION basalt_time(VARIADIC arguments text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_time_text(basalt_time_of(arguments, statement_timestamp()), false, true);

CREATE OR REPLACE FUNCTION basalt_time_at(VARIADIC arguments text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_time_text(basalt_time_of(arguments, NULL), false, true);

CREATE OR REPLACE FUNCTION basalt_datetime(VARIADIC arguments text[]) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(basalt_time_plain('%Y-%m-%d %H:%M:%S', arguments), basalt_time_text(basalt_time_of(arguments, statement_timestamp()), true, true));

CREATE OR REPLACE FUNCTION basalt_datetime_at(VARIADIC arguments text[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(basalt_time_plain('%Y-%m-%d %H:%M:%S', arguments), basalt_time_text(basalt_time_of(arguments, NULL), true, true));

CREATE OR REPLACE FUNCTION basalt_julianday(VARIADIC arguments text[]) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (basalt_time_of(arguments, statement_timestamp()))[1] / 86400000;

CREATE OR REPLACE FUNCTION basalt_julianday_at(VARIADIC arguments text[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (basalt_time_of(arguments, NULL))[1] / 86400000;

-- unixepoch() counts whole seconds, with `subsec` milliseconds.
CREATE OR REPLACE FUNCTION basalt_time_unix(moment double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN moment[8] = 1 THEN (moment[1] - 210866760000000) / 1000 ELSE trunc(moment[1] / 1000) - 210866760000 END;

CREATE OR REPLACE FUNCTION basalt_unixepoch(VARIADIC arguments text[]) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_time_unix(basalt_time_of(arguments, statement_timestamp()));

CREATE OR REPLACE FUNCTION basalt_unixepoch_at(VARIADIC arguments text[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_time_unix(basalt_time_of(arguments, NULL));

-- Without a time it is now.
CREATE OR REPLACE FUNCTION basalt_strftime(format text) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_strftime(format, 'now');

CREATE OR REPLACE FUNCTION basalt_date() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_date('now');

CREATE OR REPLACE FUNCTION basalt_time() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_time('now');

CREATE OR REPLACE FUNCTION basalt_datetime() RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_datetime('now');

CREATE OR REPLACE FUNCTION basalt_julianday() RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_julianday('now');

CREATE OR REPLACE FUNCTION basalt_unixepoch() RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
RETURN basalt_unixepoch('now');

-- Texts.

-- substr(): a negative start counts from the end, a negative length takes what lies before.
CREATE OR REPLACE FUNCTION basalt_substr_around(value text, start bigint, taken bigint) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  size CONSTANT numeric := length(value);
  from_at numeric := start;
  many numeric := taken;
BEGIN
  IF from_at < 0 THEN
    from_at := from_at + size;
    IF from_at < 0 THEN
      many := CASE WHEN many < 0 THEN 0 ELSE many + from_at END;
      from_at := 0;
    END IF;
  ELSIF from_at > 0 THEN
    from_at := from_at - 1;
  ELSIF many > 0 THEN
    many := many - 1;
  END IF;
  IF many < 0 THEN
    many := CASE WHEN many < -from_at THEN from_at ELSE -many END;
    from_at := from_at - many;
  END IF;
  many := least(from_at + many, size) - from_at;
  RETURN CASE WHEN many > 0 THEN substr(value, from_at::integer + 1, many::integer) ELSE '' END;
END $$;

CREATE OR REPLACE FUNCTION basalt_substr(value text, start bigint, taken bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN start BETWEEN 1 AND 1000000000 AND taken BETWEEN 0 AND 1000000000
            THEN substr(value, start::integer, taken::integer) ELSE basalt_substr_around(value, start, taken) END;

CREATE OR REPLACE FUNCTION basalt_substr(value text, start bigint) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN start BETWEEN 1 AND 1000000000 THEN substr(value, start::integer)
            ELSE basalt_substr_around(value, start, 9223372036854775807) END;

-- LIKE: folds ASCII letters. A pattern that ends in the middle of an escape is like nothing, where PostgreSQL would raise.
-- Without an escape character it is ''.
CREATE OR REPLACE FUNCTION basalt_like(value text, pattern text, escape text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
  IF escape <> '' AND (length(pattern) - length(rtrim(pattern, escape))) % 2 = 1 THEN
    RETURN false;
  END IF;
  RETURN lower(value COLLATE "C") LIKE lower(pattern COLLATE "C") ESCAPE escape;
END $$;

-- GLOB: `*`, `?` and sets in brackets; letters as they are.
CREATE OR REPLACE FUNCTION basalt_glob(value text, pattern text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  -- What a pattern of PostgreSQL may take for more than itself.
  special CONSTANT text := '[!-/:-@[-`{-~]';
  rest text := pattern;
  made text := '';
  part text[];
  letter text;
  before text;
BEGIN
  WHILE rest <> '' LOOP
    letter := left(rest, 1);
    rest := substr(rest, 2);
    CASE letter
      WHEN '*' THEN made := made || '.*';
      WHEN '?' THEN made := made || '.';
      WHEN '[' THEN
        part := regexp_match(rest, '^(\^?)(\]?[^]]*)\](.*)$');
        IF part IS NULL OR part[2] = '' THEN
          RETURN false;
        END IF;
        made := made || '[' || part[1];
        rest := part[2];
        before := '';
        WHILE rest <> '' LOOP
          letter := left(rest, 1);
          rest := substr(rest, 2);
          IF letter = '-' AND before <> '' AND rest <> '' THEN
            letter := left(rest, 1);
            rest := substr(rest, 2);
            -- A range that runs backwards holds nothing.
            IF ascii(before) <= ascii(letter) THEN
              made := made || regexp_replace(before, special, '\\\&') || '-' || regexp_replace(letter, special, '\\\&');
            END IF;
            before := '';
          ELSE
            made := made || regexp_replace(letter, special, '\\\&');
            before := letter;
          END IF;
        END LOOP;
        made := made || ']';
        rest := part[3];
      ELSE made := made || regexp_replace(letter, special, '\\\&');
    END CASE;
  END LOOP;
  RETURN value ~ ('^(?:' || made || ')$') COLLATE "C";
END $$;

-- hex() and unhex().
CREATE OR REPLACE FUNCTION basalt_hex(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN upper(encode(convert_to(value, 'UTF8'), 'hex') COLLATE "C");

CREATE OR REPLACE FUNCTION basalt_hex(value bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN upper(encode(value, 'hex') COLLATE "C");

CREATE OR REPLACE FUNCTION basalt_unhex(value text) RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value ~ '^([0-9a-fA-F]{2})*$' THEN decode(value, 'hex') END;

-- unicode() and char(); what is no character becomes U+FFFD.
CREATE OR REPLACE FUNCTION basalt_unicode(value text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value <> '' THEN ascii(value)::bigint END;

CREATE OR REPLACE FUNCTION basalt_char(VARIADIC codes bigint[]) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(string_agg(chr(CASE WHEN code BETWEEN 1 AND 55295 OR code BETWEEN 57344 AND 1114111 THEN code ELSE 65533 END
  ::integer), '' ORDER BY position), '') FROM unnest(codes) WITH ORDINALITY AS item (code, position));

-- quote(): as a literal of SQL. A dynamic value is quoted by the two together.
CREATE OR REPLACE FUNCTION basalt_quote(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value IS NULL THEN 'NULL' ELSE '''' || replace(value, '''', '''''') || '''' END;

CREATE OR REPLACE FUNCTION basalt_quote(value double precision) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) = 'Infinity' THEN CASE WHEN value < 0 THEN '-9.0e+999' ELSE '9.0e+999' END
            ELSE coalesce(basalt_text(value), 'NULL') END;

CREATE OR REPLACE FUNCTION basalt_quote(value bytea) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce('X''' || upper(encode(value, 'hex') COLLATE "C") || '''', 'NULL');

-- typeof() of a dynamic value. Whole numbers are integers.
CREATE OR REPLACE FUNCTION basalt_typeof(num double precision, txt text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN num IS NOT NULL THEN CASE WHEN trunc(num) = num AND abs(num) < 9223372036854775808 THEN 'integer' ELSE 'real' END
            WHEN txt IS NOT NULL THEN 'text' ELSE 'null' END;

-- Calculations.
-- Too large is infinite, what is no number is null.

CREATE OR REPLACE FUNCTION basalt_add(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(a) < 8e307 AND abs(b) < 8e307 THEN a + b
            WHEN abs(a) = 'Infinity' OR abs(b) = 'Infinity' THEN CASE WHEN a <> -b THEN a + b END
            WHEN sign(a) <> sign(b) THEN a + b
            WHEN abs(a) / 2 + abs(b) / 2 >= 8.98846567431158e307 THEN sign(a) * 'Infinity'::double precision
            ELSE a + b END;

CREATE OR REPLACE FUNCTION basalt_sub(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_add(a, -b);

CREATE OR REPLACE FUNCTION basalt_mul(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150 THEN a * b
            WHEN abs(a) = 'Infinity' OR abs(b) = 'Infinity' THEN CASE WHEN a <> 0 AND b <> 0 THEN a * b END
            WHEN a = 0 OR b = 0 THEN 0
            ELSE basalt_float((basalt_exact(a) * basalt_exact(b))::text) END;

-- The quotient of two REALs.
CREATE OR REPLACE FUNCTION basalt_real_div(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN b = 0 THEN NULL
            WHEN abs(a) BETWEEN 1e-150 AND 1e150 AND abs(b) BETWEEN 1e-150 AND 1e150 THEN a / b
            WHEN abs(a) = 'Infinity' THEN CASE WHEN abs(b) < 'Infinity' THEN a / b END
            WHEN a = 0 OR abs(b) = 'Infinity' THEN CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN 0 END
            WHEN ln(abs(a)) - ln(abs(b)) BETWEEN -745.13 AND 709.782712893384 THEN a / b
            WHEN ln(abs(a)) > ln(abs(b)) THEN sign(a) * sign(b) * 'Infinity'::double precision
            WHEN ln(abs(a)) < ln(abs(b)) THEN 0 END;

-- `a / b` of numbers of NUMERIC columns: of whole ones the quotient is whole, too.
CREATE OR REPLACE FUNCTION basalt_div(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN trunc(a) = a AND trunc(b) = b AND abs(a) < 9223372036854775808 AND abs(b) < 9223372036854775808
            THEN trunc(a / nullif(b, 0)) ELSE basalt_real_div(a, b) END;

-- The same where it is known whether one of them is a REAL.
CREATE OR REPLACE FUNCTION basalt_div(a double precision, b double precision, is_real boolean) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN is_real THEN basalt_real_div(a, b) ELSE basalt_div(a, b) END;

-- `a % b`: of the whole parts.
CREATE OR REPLACE FUNCTION basalt_rem(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (basalt_cast_int(a) % nullif(basalt_cast_int(b), 0))::double precision;

-- round(): away from zero at the half, of the value as it is stored.
CREATE OR REPLACE FUNCTION basalt_round(value double precision, digits bigint) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN digits IS NULL THEN NULL WHEN abs(value) >= 4503599627370496 THEN value
            WHEN digits <= 0 THEN trunc(value + CASE WHEN value < 0 THEN -0.5 ELSE 0.5 END)
            ELSE round(basalt_exact(value), least(digits, 30)::integer)::double precision END;

CREATE OR REPLACE FUNCTION basalt_round(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) >= 4503599627370496 THEN value ELSE trunc(value + CASE WHEN value < 0 THEN -0.5 ELSE 0.5 END) END;

-- mod(): the remainder of a division of REALs.
CREATE OR REPLACE FUNCTION basalt_mod(a double precision, b double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN b = 0 OR abs(a) = 'Infinity' THEN NULL WHEN abs(b) = 'Infinity' THEN a
            ELSE mod(basalt_exact(a), basalt_exact(b))::double precision END;

CREATE OR REPLACE FUNCTION basalt_exp(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value > 709.782712893384 THEN 'Infinity'::double precision WHEN value < -745.13 THEN 0 ELSE exp(value) END;

CREATE OR REPLACE FUNCTION basalt_power(base double precision, exponent double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  odd CONSTANT boolean := abs(exponent) < 9007199254740992 AND trunc(exponent) = exponent AND exponent::bigint % 2 <> 0;
  size CONSTANT double precision := abs(base);
  logarithm double precision;
BEGIN
  IF exponent = 0 OR base = 1 THEN
    RETURN 1;
  ELSIF size = 'Infinity' THEN
    RETURN CASE WHEN exponent < 0 THEN '0' WHEN base < 0 AND odd THEN '-Infinity' ELSE 'Infinity' END;
  ELSIF abs(exponent) = 'Infinity' THEN
    RETURN CASE WHEN size = 1 THEN '1' WHEN (size > 1) = (exponent > 0) THEN 'Infinity' ELSE '0' END;
  ELSIF base = 0 THEN
    RETURN CASE WHEN exponent > 0 THEN '0' WHEN odd AND base::text LIKE '-%' THEN '-Infinity' ELSE 'Infinity' END;
  ELSIF base < 0 AND trunc(exponent) <> exponent THEN
    RETURN NULL;
  END IF;
  logarithm := CASE WHEN abs(exponent) > 1e290 THEN sign(exponent) * sign(ln(size)) * 1e10 ELSE exponent * ln(size) END;
  IF logarithm > 709.782712893384 THEN
    RETURN CASE WHEN base < 0 AND odd THEN '-Infinity' ELSE 'Infinity' END;
  ELSIF logarithm < -745.13 THEN
    RETURN 0;
  END IF;
  RETURN power(base, exponent);
END $$;

CREATE OR REPLACE FUNCTION basalt_sqrt(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value >= 0 THEN sqrt(value) END;

CREATE OR REPLACE FUNCTION basalt_ln(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value > 0 THEN ln(value) END;

-- log() and log10().
CREATE OR REPLACE FUNCTION basalt_log(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value > 0 THEN log(value) END;

CREATE OR REPLACE FUNCTION basalt_log(base double precision, value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN base > 1 AND value > 0 THEN CASE WHEN base < 'Infinity' THEN ln(value) / ln(base) WHEN value < 'Infinity' THEN 0 END END;

CREATE OR REPLACE FUNCTION basalt_log2(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value > 0 THEN CASE WHEN value < 1e300 AND power(2.0::double precision, round(ln(value) / ln(2.0::double precision))) = value
  THEN round(ln(value) / ln(2.0::double precision)) ELSE ln(value) / ln(2.0::double precision) END END;

CREATE OR REPLACE FUNCTION basalt_sin(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 'Infinity' THEN sin(value) END;

CREATE OR REPLACE FUNCTION basalt_cos(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 'Infinity' THEN cos(value) END;

CREATE OR REPLACE FUNCTION basalt_tan(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 'Infinity' THEN tan(value) END;

CREATE OR REPLACE FUNCTION basalt_asin(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) <= 1 THEN asin(value) END;

CREATE OR REPLACE FUNCTION basalt_acos(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) <= 1 THEN acos(value) END;

CREATE OR REPLACE FUNCTION basalt_acosh(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value >= 1 THEN acosh(value) END;

CREATE OR REPLACE FUNCTION basalt_atanh(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) <= 1 THEN atanh(value) END;

CREATE OR REPLACE FUNCTION basalt_degrees(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_mul(value, 57.29577951308232);

CREATE OR REPLACE FUNCTION basalt_radians(value double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN basalt_mul(value, 0.017453292519943295);

-- `%.Nf` of printf(): rounded away from zero at the half, with 16 significant digits, of 18, and then zeros.
CREATE OR REPLACE FUNCTION basalt_fixed_digits(size double precision, exact numeric, digits integer) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  scale CONSTANT integer := CASE WHEN size = 0 THEN 16 WHEN size < 1 THEN 15 - floor(log(size))::integer
    ELSE 16 - length(trunc(exact)::text) END;
BEGIN
  IF size > 0 THEN
    -- Of 18 digits, or 19 where the power of ten lies within the power of two.
    exact := round(exact, 17 - ((least(floor(ln(size) / ln(2.0::double precision))::integer, 1023) * 78913) >> 18));
  END IF;
  RETURN round(round(exact, least(digits, scale)), digits)::text;
END $$;

CREATE OR REPLACE FUNCTION basalt_fixed(value double precision, digits integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value < 0 THEN '-' ELSE '' END || CASE WHEN abs(value) = 'Infinity' THEN 'Inf'
  ELSE basalt_fixed_digits(abs(value), basalt_exact(abs(value)), digits) END;

-- Sums.
-- sum(), total() and avg() carry what each addition rounds away, as SQLite's do: `{sum, carried, count}`.

CREATE OR REPLACE FUNCTION basalt_sum_step(state double precision[], value double precision) RETURNS double precision[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  before CONSTANT double precision := state[1];
  after double precision;
BEGIN
  IF abs(before) < 8e307 AND abs(value) < 8e307 THEN
    after := before + value;
    RETURN ARRAY[after, state[2] + CASE WHEN abs(before) > abs(value) THEN (before - after) + value ELSE (value - after) + before END,
      state[3] + 1];
  ELSIF abs(before / 2 + value / 2) >= 8.98846567431158e307 THEN
    after := CASE WHEN before / 2 + value / 2 < 0 THEN '-Infinity' ELSE 'Infinity' END;
  ELSE
    after := before + value;
  END IF;
  RETURN ARRAY[after, 0, state[3] + 1];
END $$;

CREATE OR REPLACE FUNCTION basalt_sum_merge(a double precision[], b double precision[]) RETURNS double precision[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (basalt_sum_step(basalt_sum_step(a, b[1]), b[2]))[1:2] || (a[3] + b[3]);

-- Of nothing there is no sum. Infinities of both signs have none either.
CREATE OR REPLACE FUNCTION basalt_sum_end(state double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN state[3] > 0 THEN nullif(state[1] + state[2], 'NaN') END;

CREATE OR REPLACE FUNCTION basalt_total_end(state double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN nullif(state[1] + state[2], 'NaN');

CREATE OR REPLACE FUNCTION basalt_avg_end(state double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN state[3] > 0 THEN nullif(state[1] + state[2], 'NaN') / state[3] END;

CREATE OR REPLACE AGGREGATE basalt_sum (double precision) (
  SFUNC = basalt_sum_step, STYPE = double precision[], INITCOND = '{0,0,0}', COMBINEFUNC = basalt_sum_merge,
  FINALFUNC = basalt_sum_end, PARALLEL = SAFE);

CREATE OR REPLACE AGGREGATE basalt_total (double precision) (
  SFUNC = basalt_sum_step, STYPE = double precision[], INITCOND = '{0,0,0}', COMBINEFUNC = basalt_sum_merge,
  FINALFUNC = basalt_total_end, PARALLEL = SAFE);

CREATE OR REPLACE AGGREGATE basalt_avg (double precision) (
  SFUNC = basalt_sum_step, STYPE = double precision[], INITCOND = '{0,0,0}', COMBINEFUNC = basalt_sum_merge,
  FINALFUNC = basalt_avg_end, PARALLEL = SAFE);

-- Without an exception block what asks for valid JSON may run in parallel.
DO $$ BEGIN
  IF current_setting('server_version_num')::integer >= 160000 THEN
    ALTER FUNCTION basalt_json_valid(text) PARALLEL SAFE;
    ALTER FUNCTION basalt_json_or_null(text) PARALLEL SAFE;
    ALTER FUNCTION basalt_json(text) PARALLEL SAFE;
    ALTER FUNCTION basalt_json_sub(basalt_json, text) PARALLEL SAFE;
  END IF;
END $$;
