//! URLs of database servers: of one host, or of several that hold the same database, in the way of libpq.

use url::Url;

const SCHEMES: [&str; 2] = ["postgres", "postgresql"];
const HIDDEN: &str = "***";

/// The parts of `scheme://user:password@host1:port1,host2:port2/name?parameters`.
struct Parts<'a> {
    scheme: &'a str,
    /// With its `@`; empty where nobody is named.
    user: &'a str,
    hosts: &'a str,
    /// The name of the database, and the parameters.
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, all) = url.split_once("://")?;
        let (authority, rest) = all.split_at(all.find(['/', '?', '#']).unwrap_or(all.len()));
        let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        SCHEMES.contains(&scheme).then_some(Self { scheme, user, hosts, rest })
    }
}

/// A URL for each host of this one, in their order; `None` where it leads to no database server.
pub fn each_host(url: &str) -> Option<Vec<String>> {
    let Parts { scheme, user, hosts, rest } = Parts::of(url)?;
    let several = hosts.contains(',');
    let one = |host: &str| {
        let url = format!("{scheme}://{user}{host}{rest}");
        let parsed = Url::parse(&url).ok()?;
        // Without a host it is a socket, of which there is one.
        (!several || parsed.host_str().is_some_and(|host| !host.is_empty())).then_some(url)
    };
    hosts.split(',').map(one).collect()
}

/// What may be shown of a URL that has a meaning.
pub(super) fn without_password(url: &str) -> String {
    let Some(Parts { scheme, user, hosts, rest }) = Parts::of(url) else { return hidden(url) };
    let user = match user.split_once(':') {
        Some((name, _)) => format!("{name}:{HIDDEN}@"),
        None => user.to_owned(),
    };
    let Some((path, parameters)) = rest.split_once('?') else { return format!("{scheme}://{user}{hosts}{rest}") };
    let shown = |parameter: &str| match parameter.split_once('=') {
        Some((name, _)) if name.contains("password") => format!("{name}={HIDDEN}"),
        _ => parameter.to_owned(),
    };
    let parameters: Vec<String> = parameters.split('&').map(shown).collect();
    format!("{scheme}://{user}{hosts}{path}?{}", parameters.join("&"))
}

/// What may be shown of any text, as it could be a URL that was meant otherwise: who it names stays hidden.
pub(super) fn hidden(text: &str) -> String {
    match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{HIDDEN}@{rest}"),
        None => text.rsplit_once('@').map_or_else(|| text.to_owned(), |(_, rest)| format!("{HIDDEN}@{rest}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_gets_the_rest_of_the_url() {
        let hosts = each_host("postgres://ann:a,b@db1:5433,db2,[::1]:5434/shop?sslmode=require").expect("hosts");
        let expected = [
            "postgres://ann:a,b@db1:5433/shop?sslmode=require",
            "postgres://ann:a,b@db2/shop?sslmode=require",
            "postgres://ann:a,b@[::1]:5434/shop?sslmode=require",
        ];
        assert_eq!(hosts, expected);
        assert_eq!(each_host("postgresql://db").as_deref(), Some(&["postgresql://db".to_owned()][..]));
        assert!(each_host("postgres:///shop?host=/run/postgresql").is_some());
        for wrong in ["", "db1,db2", "mysql://db", "postgres://db1:x", "postgres://a@db1,,db2/x", "postgres://a@db1,/x"]
        {
            assert_eq!(each_host(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let check = |url: &str, shown: &str| assert_eq!(without_password(url), shown, "{url}");
        check("postgres://ann:s3cret@db1:1,db2/shop", "postgres://ann:***@db1:1,db2/shop");
        check("postgres://ann@db1/shop", "postgres://ann@db1/shop");
        check(
            "postgres://ann@db1/shop?password=s3cret&sslmode=require",
            "postgres://ann@db1/shop?password=***&sslmode=require",
        );
        assert_eq!(hidden("postgres://ann:s3@ret@db1:x/shop"), "postgres://***@db1:x/shop");
        assert_eq!(hidden("redis//:s3@ret@db1"), "***@db1");
        assert_eq!(hidden("fast"), "fast");
    }
}
