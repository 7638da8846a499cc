//! Plain text out of HTML, cut to a length: the `:excerpt` modifier (contract 2.3).

/// Elements whose content is no text for people.
const SILENT: [&str; 6] = ["script", "style", "svg", "textarea", "iframe", "button"];
/// Elements that run on within a line; all others part words.
const INLINE: [&str; 21] = [
    "a", "abbr", "b", "bdi", "bdo", "big", "br", "cite", "code", "del", "em", "i", "ins", "script", "small", "span",
    "strong", "style", "sub", "sup", "u",
];

/// Strips tags, folds white space, and keeps the first `max` characters; with `...` behind where something was
/// cut and an ellipsis is wanted.
pub(super) fn excerpt(html: &str, max: usize, ellipsis: bool) -> String {
    let text = plain_text(html);
    let words: Vec<&str> = text.split_whitespace().collect();
    let joined = words.join(" ");
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

/// The entities that editors write.
fn unescape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let known = [
            ("&amp;", "&"),
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#39;", "'"),
            ("&apos;", "'"),
            ("&nbsp;", " "),
        ];
        match known.iter().find(|(entity, _)| rest.starts_with(entity)) {
            Some((entity, plain)) => {
                out.push_str(plain);
                rest = &rest[entity.len()..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
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
        ] {
            assert_eq!(excerpt(html, max, ellipsis), expected, "{html}");
        }
    }
}
