//! The character references of HTML that editors write: numbers, and the names of HTML 4.

/// The names of the characters from U+00A0 to U+00FF, in their order.
const LATIN: &str = "\
    nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute \
    micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring \
    AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml \
    times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil \
    egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash \
    ugrave uacute ucirc uuml yacute thorn yuml";
/// Other names, each with its character behind a colon.
const SYMBOLS: &str = "\
    OElig:Œ oelig:œ Scaron:Š scaron:š Yuml:Ÿ fnof:ƒ circ:ˆ tilde:˜ Alpha:Α Beta:Β Gamma:Γ Delta:Δ Epsilon:Ε \
    Zeta:Ζ Eta:Η Theta:Θ Iota:Ι Kappa:Κ Lambda:Λ Mu:Μ Nu:Ν Xi:Ξ Omicron:Ο Pi:Π Rho:Ρ Sigma:Σ Tau:Τ Upsilon:Υ \
    Phi:Φ Chi:Χ Psi:Ψ Omega:Ω alpha:α beta:β gamma:γ delta:δ epsilon:ε zeta:ζ eta:η theta:θ iota:ι kappa:κ \
    lambda:λ mu:μ nu:ν xi:ξ omicron:ο pi:π rho:ρ sigmaf:ς sigma:σ tau:τ upsilon:υ phi:φ chi:χ psi:ψ omega:ω \
    thetasym:ϑ upsih:ϒ piv:ϖ ensp:  emsp:  thinsp:  zwnj:‌ zwj:‍ lrm:‎ rlm:‏ ndash:– mdash:— lsquo:‘ rsquo:’ \
    sbquo:‚ ldquo:“ rdquo:” bdquo:„ dagger:† Dagger:‡ bull:• hellip:… permil:‰ prime:′ Prime:″ lsaquo:‹ rsaquo:› \
    oline:‾ frasl:⁄ euro:€ image:ℑ weierp:℘ real:ℜ trade:™ alefsym:ℵ larr:← uarr:↑ rarr:→ darr:↓ harr:↔ crarr:↵ \
    lArr:⇐ uArr:⇑ rArr:⇒ dArr:⇓ hArr:⇔ forall:∀ part:∂ exist:∃ empty:∅ nabla:∇ isin:∈ notin:∉ ni:∋ prod:∏ sum:∑ \
    minus:− lowast:∗ radic:√ prop:∝ infin:∞ ang:∠ and:∧ or:∨ cap:∩ cup:∪ int:∫ there4:∴ sim:∼ cong:≅ asymp:≈ ne:≠ \
    equiv:≡ le:≤ ge:≥ sub:⊂ sup:⊃ nsub:⊄ sube:⊆ supe:⊇ oplus:⊕ otimes:⊗ perp:⊥ sdot:⋅ lceil:⌈ rceil:⌉ lfloor:⌊ \
    rfloor:⌋ lang:〈 rang:〉 loz:◊ spades:♠ clubs:♣ hearts:♥ diams:♦";
const LONGEST_NAME: usize = 8;

/// The character that a text starts with a reference to (`&` first), and the length of the reference. The names
/// that are as old as Latin-1 may stand without a semicolon.
pub(super) fn decode(text: &str) -> Option<(char, usize)> {
    let rest = text.strip_prefix('&')?;
    if let Some(number) = rest.strip_prefix('#') {
        return numbered(number).map(|(c, length)| (c, length + 2));
    }
    let length = rest.bytes().take(LONGEST_NAME).take_while(u8::is_ascii_alphanumeric).count();
    if rest[length..].starts_with(';') {
        let name = &rest[..length];
        return old(name).or_else(|| symbol(name)).map(|c| (c, length + 2));
    }
    (2..=length).rev().find_map(|length| Some((old(&rest[..length])?, length + 1)))
}

/// `233;` or `xe9;`; the semicolon may be missing.
fn numbered(text: &str) -> Option<(char, usize)> {
    let (digits, radix, skipped) = match text.strip_prefix(['x', 'X']) {
        Some(digits) => (digits, 16, 1),
        None => (text, 10, 0),
    };
    let length = digits.bytes().take_while(|byte| char::from(*byte).is_digit(radix)).count();
    let c = u32::from_str_radix(&digits[..length], radix).ok().and_then(char::from_u32).filter(|c| *c != '\0')?;
    let closed = usize::from(digits[length..].starts_with(';'));
    Some((c, skipped + length + closed))
}

fn old(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        _ => {
            let position = LATIN.split(' ').position(|known| known == name)?;
            char::from_u32(0xa0 + u32::try_from(position).ok()?)
        }
    }
}

fn symbol(name: &str) -> Option<char> {
    if name == "apos" {
        return Some('\'');
    }
    let character = |entry: &str| entry.strip_prefix(name)?.strip_prefix(':')?.chars().next();
    SYMBOLS.split(' ').find_map(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_with_their_length() {
        for (text, expected) in [
            ("&amp;lt;", Some(('&', 5))),
            ("&nbsp;x", Some(('\u{a0}', 6))),
            ("&yuml;", Some(('ÿ', 6))),
            ("&hellip;", Some(('…', 8))),
            ("&thetasym;", Some(('ϑ', 10))),
            ("&euro;", Some(('€', 6))),
            ("&apos;", Some(('\'', 6))),
            ("&#233;", Some(('é', 6))),
            ("&#xE9;", Some(('é', 6))),
            ("&#233 ", Some(('é', 5))),
            ("&ltc", Some(('<', 3))),
            ("&eacutex", Some(('é', 7))),
            ("&euro", None),
            ("&unknown;", None),
            ("&#0;", None),
            ("&#xD800;", None),
            ("&#;", None),
            ("& b", None),
            ("&", None),
        ] {
            assert_eq!(decode(text), expected, "{text}");
        }
    }
}
