//! Where messages may be sent: the rules for addresses, so that no endpoint leads into the operator's own network.
//!
//! A URL is checked when it is given, and the address that its name leads to before each connection; it is that very
//! address which is connected to, so that a name which changes its mind in between gains nothing.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ureq::http::Uri;
use ureq::http::uri::Scheme;

/// The longest URL of an endpoint.
pub const URL_BYTES_MAX: usize = 2_048;

/// What the operator allows beyond `https` to public addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// Plain `http` too.
    pub plain: bool,
    /// Loopback and private addresses too. Link-local ones, where clouds keep their metadata, never are.
    pub private: bool,
}

/// Why a URL is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not an absolute URL of visible ASCII, or too long.
    #[error("is not an absolute URL of at most 2,048 visible ASCII characters")]
    Form,
    /// Another scheme than the operator allows.
    #[error("must begin with https://")]
    Scheme,
    /// It has a user name or password.
    #[error("must not have a user name or password: the signature is what you check")]
    Credentials,
    /// It has a fragment.
    #[error("must not have a fragment (#…)")]
    Fragment,
    /// The host is, or can only be, within somebody's own network.
    #[error("leads to an address that is not public")]
    Address,
}

impl Reach {
    /// Checks a URL as far as that is possible without asking for its address.
    ///
    /// # Errors
    /// [`UrlError`].
    pub fn check_url(&self, url: &str) -> Result<(), UrlError> {
        let visible = url.bytes().all(|byte| byte.is_ascii_graphic());
        if url.len() > URL_BYTES_MAX || !visible {
            return Err(UrlError::Form);
        }
        if url.contains('#') {
            return Err(UrlError::Fragment);
        }
        let uri: Uri = url.parse().map_err(|_| UrlError::Form)?;
        let scheme = uri.scheme().ok_or(UrlError::Form)?;
        if *scheme != Scheme::HTTPS && !(self.plain && *scheme == Scheme::HTTP) {
            return Err(UrlError::Scheme);
        }
        let authority = uri.authority().ok_or(UrlError::Form)?;
        if authority.as_str().contains('@') {
            return Err(UrlError::Credentials);
        }
        let host = authority.host();
        // A port that is none is no port to the parser, and stands in the authority.
        let rest = authority.as_str().strip_prefix(host).unwrap_or_default();
        let port = rest.strip_prefix(':').map(str::parse::<u16>);
        let port_is_good =
            matches!(port, Some(Ok(1..)) | None) && (rest.is_empty() || port.is_some());
        if host.is_empty() || !port_is_good {
            return Err(UrlError::Form);
        }
        let literal =
            host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match literal.parse::<IpAddr>() {
            Ok(address) if !self.allows(address) => Err(UrlError::Address),
            Err(_) if !self.private && is_local_name(host) => Err(UrlError::Address),
            _ => Ok(()),
        }
    }

    /// Whether an address may be connected to.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = unwrapped(address);
        is_public(address) || (self.private && is_private(address))
    }
}

/// Names that by their own standards lead nowhere public (RFC 6761, RFC 6762, RFC 9476 and habit).
fn is_local_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let last = host.rsplit('.').next().unwrap_or_default();
    let local = [
        "localhost",
        "local",
        "internal",
        "intranet",
        "lan",
        "home",
        "corp",
        "invalid",
        "test",
        "alt",
    ];
    local.contains(&last) || !host.contains('.') && host.parse::<IpAddr>().is_err()
}

/// An IPv4 address in its IPv6 clothes (mapped, or for translators) is judged as the IPv4 address that it is.
fn unwrapped(address: IpAddr) -> IpAddr {
    let IpAddr::V6(six) = address else { return address };
    let [first, second, .., high, low] = six.segments();
    let translated = (first, second) == (0x64, 0xff9b);
    let mapped = six.to_ipv4_mapped();
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    let inside = mapped.or_else(|| translated.then(|| Ipv4Addr::new(a, b, c, d)));
    inside.map_or(address, IpAddr::V4)
}

/// Whether an address is one of the public internet (the IANA registries of special-purpose addresses).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            !matches!(
                (a, b, c),
                (0 | 10 | 127 | 224.., ..)
                    | (100, 64..=127, _)
                    | (169, 254, _)
                    | (172, 16..=31, _)
                    | (192, 168, _)
                    | (192, 0, 0 | 2)
                    | (192, 88, 99)
                    | (198, 18 | 19, _)
                    | (198, 51, 100)
                    | (203, 0, 113)
            )
        }
        IpAddr::V6(address) => {
            // What is not handed out is not public; of what is, tunnels hide another address.
            let [first, second, ..] = address.segments();
            let special = matches!(
                (first, second),
                (0x2001, 0..=0x01ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0x0fff)
            );
            (0x2000..=0x3fff).contains(&first) && !special
        }
    }
}

/// Loopback, and what an organisation numbers its own network with.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let shared = matches!(address.octets(), [100, 64..=127, ..]);
            address.is_loopback() || address.is_private() || shared
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            address == Ipv6Addr::LOCALHOST || first & 0xfe00 == 0xfc00
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: Reach = Reach { plain: true, private: true };

    #[test]
    fn only_public_addresses_are_connected_to() {
        let forbidden = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "100::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "::7f00:1",
        ];
        for address in forbidden {
            assert!(!Reach::default().allows(address.parse().unwrap()), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.63.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "2606:4700::1",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert!(Reach::default().allows(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_the_operator_opens_never_includes_the_metadata_of_a_cloud() {
        for (address, allowed) in [
            ("127.0.0.1", true),
            ("10.0.0.1", true),
            ("::1", true),
            ("fd00::1", true),
            ("::ffff:192.168.0.1", true),
            ("169.254.169.254", false),
            ("::ffff:169.254.169.254", false),
            ("fe80::1", false),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
        ] {
            assert_eq!(OPEN.allows(address.parse().unwrap()), allowed, "{address}");
        }
    }

    #[test]
    fn a_url_is_refused_for_what_is_wrong_with_it() {
        use UrlError::{Address, Credentials, Form, Fragment, Scheme};
        let long = format!("https://bank.example/{}", "x".repeat(URL_BYTES_MAX));
        for (url, expected) in [
            ("https://bank.example/hooks?a=b", Ok(())),
            ("https://bank.example:8443", Ok(())),
            ("https://1.1.1.1/hook", Ok(())),
            ("https://[2606:4700::1]:8443/hook", Ok(())),
            ("HTTPS://bank.example/", Ok(())),
            ("", Err(Form)),
            ("/hooks", Err(Form)),
            ("bank.example", Err(Form)),
            ("https:///x", Err(Form)),
            ("https://bank.example:0/", Err(Form)),
            ("https://bank.example:99999/", Err(Form)),
            ("https://bank.example/ a", Err(Form)),
            ("https://bänk.example/", Err(Form)),
            (&long, Err(Form)),
            ("http://bank.example/", Err(Scheme)),
            ("ftp://bank.example/", Err(Scheme)),
            ("file:///etc/passwd", Err(Form)),
            ("https://me:secret@bank.example/", Err(Credentials)),
            ("https://127.0.0.1@bank.example/", Err(Credentials)),
            ("https://bank.example/#a", Err(Fragment)),
            ("https://127.0.0.1/", Err(Address)),
            ("https://[::1]/", Err(Address)),
            ("https://[::ffff:10.0.0.1]/", Err(Address)),
            ("https://169.254.169.254/latest/meta-data", Err(Address)),
            ("https://localhost/", Err(Address)),
            ("https://LOCALHOST:8443/", Err(Address)),
            ("https://db.internal/", Err(Address)),
            ("https://intranet/", Err(Address)),
            ("https://2130706433/", Err(Address)),
        ] {
            assert_eq!(Reach::default().check_url(url), expected, "{url}");
        }
        assert_eq!(OPEN.check_url("http://127.0.0.1:8080/hook"), Ok(()));
        assert_eq!(OPEN.check_url("http://localhost:8080/hook"), Ok(()));
        assert_eq!(OPEN.check_url("http://169.254.169.254/"), Err(Address));
    }
}
