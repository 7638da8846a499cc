//! Plain text out of HTML, cut to a length: the `:excerpt` modifier (contract 2.3).

use super::entities;

/// Elements whose content is no text for people.
const SILENT: [&str; 14] = [
    "applet", "button", "dialog", "form", "iframe", "object", "option", "picture", "script", "select", "style", "svg",
    "template", "textarea",
];
/// Elements that run on within a line; all others part words.
const INLINE: [&str; 35] = [
    "a", "abbr", "acronym", "applet", "b", "bdo", "big", "br", "cite", "code", "dialog", "em", "embed", "form",
    "frame", "i", "img", "input", "label", "object", "option", "picture", "q", "script", "select", "small", "span",
    "strike", "strong", "style", "sub", "sup", "svg", "template", "time",
];
/// Elements without content: what seems to close one means nothing.
const VOID: [&str; 12] =
    ["area", "base", "basefont", "col", "embed", "img", "input", "link", "meta", "param", "source", "wbr"];

/// Strips tags, folds white space, and keeps the first `max` characters; with `...` behind where something was
/// cut and an ellipsis is wanted.
pub(super) fn excerpt(html: &str, max: usize, ellipsis: bool) -> String {
    let text = plain_text(html);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let joined = words.join(" ").trim().to_owned();
    match joined.char_indices().nth(max) {
        None => joined,
        Some((end, _)) => {
            let kept = joined[..end].trim_end();
            if ellipsis { format!("{kept}...") } else { kept.to_owned() }
        }
    }
}

fn plain_text(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    let mut silent: Option<&str> = None;
    while let Some(open) = rest.find('<') {
        if silent.is_none() {
            unescape(&rest[..open], &mut text);
        }
        let after = &rest[open + 1..];
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.find("-->").map_or("", |end| &comment[end + 3..]);
            continue;
        }
        if !after.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '!') {
            text.push('<');
            rest = after;
            continue;
        }
        let Some(close) = tag_end(after) else { return text };
        let tag = &after[..close];
        rest = &after[close + 1..];
        let closing = tag.starts_with('/');
        let name: String = tag
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .collect::<String>()
            .to_ascii_lowercase();
        match silent {
            Some(waiting) => {
                if closing && name == waiting {
                    silent = None;
                }
            }
            None => {
                if closing && VOID.contains(&name.as_str()) {
                    continue;
                }
                if !INLINE.contains(&name.as_str()) {
                    text.push(' ');
                }
                if !closing && !tag.ends_with('/') {
                    silent = SILENT.iter().find(|known| **known == name).copied();
                }
            }
        }
    }
    if silent.is_none() {
        unescape(rest, &mut text);
    }
    text
}

/// Where a tag closes: a `>` inside a quoted attribute does not end it.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.char_indices().find_map(|(at, c)| {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '>' => return Some(at),
            None => {}
        }
        None
    })
}

/// Appends the text with its character references resolved.
fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let (c, length) = entities::decode(rest).unwrap_or(('&', 1));
        out.push(c);
        rest = &rest[length..];
    }
    out.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_for_people_remains() {
        for (html, max, ellipsis, expected) in [
            ("<p>Hello <b>wor</b>ld</p><p>Again</p>", 100, false, "Hello world Again"),
            ("a\n\n  b", 100, false, "a b"),
            ("<a href=\"x>y\">l</a>k", 100, false, "lk"),
            ("a<script>x</script>b<style>q</style>c", 100, false, "abc"),
            ("<h1>t</h1>x<br>y<li>z</li>", 100, false, "t xy z"),
            ("<script>x()</script>shown<style>p{}</style>", 100, false, "shown"),
            ("1 < 2 &amp; 3 &gt; 2", 100, false, "1 < 2 & 3 > 2"),
            ("héllo wörld", 5, true, "héllo..."),
            ("short", 5, true, "short"),
            ("<!-- no -->yes<", 9, false, "yes<"),
            ("<p unfinished", 9, false, ""),
            ("&copy;&#160;2020&hellip;", 9, false, "\u{a9}\u{a0}2020…"),
            ("<p>&nbsp;</p>x", 9, false, "x"),
            ("x<select><option>y</option></select>z<wbr></wbr>w", 9, false, "xz w"),
            ("<label>l</label>m<u>n</u>o", 9, false, "lm n o"),
        ] {
            assert_eq!(excerpt(html, max, ellipsis), expected, "{html}");
        }
    }
}
