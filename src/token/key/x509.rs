//! X.509 certificates (RFC 5280): names, validity and key. Nothing is verified.

use super::armour::Body;
use super::bits;
use super::der::{BITS, CURVES, EC, EDWARDS, INTEGER, OID, RSA, RSA_PSS, SEQUENCE, Values, without_zeros};
use crate::moment::Moment;
use crate::token::encode;
use crate::token::text::shown;

const BOOLEAN: u8 = 0x01;
const OCTETS: u8 = 0x04;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SET: u8 = 0x31;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATION: &[u8] = &[0x55, 0x04, 0x0a];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// How many of a certificate's names are told.
const MOST_NAMES: usize = 16;
/// How many values of a structure are looked through.
const MOST_VALUES: usize = 64;

/// What a certificate says.
#[derive(Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of its subject, else the organisation.
    pub subject: Option<String>,
    /// The common name of its issuer, else the organisation.
    pub issuer: Option<String>,
    /// For which hosts, addresses and mail addresses it is (`subjectAltName`).
    pub names: Vec<String>,
    /// The serial number in hexadecimal.
    pub serial: Option<String>,
    /// From when on it is valid.
    pub not_before: Moment,
    /// Until when it is valid.
    pub not_after: Moment,
    /// The algorithm of its key.
    pub algorithm: String,
    /// The size of its key.
    pub bits: Option<u32>,
    /// The modulus or the public point.
    pub public: Option<Vec<u8>>,
}

impl Certificate {
    /// Decodes what stands between a BEGIN and an END line.
    pub fn read(body: &Body) -> Option<Self> {
        Self::decode(&encode::base64(&body.data)?)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut whole = Values(Values(bytes).next(SEQUENCE)?);
        let mut fields = Values(whole.next(SEQUENCE)?);
        fields.next(VERSION);
        let serial = fields.next(INTEGER)?;
        fields.next(SEQUENCE)?;
        let issuer = name(fields.next(SEQUENCE)?);
        let mut validity = Values(fields.next(SEQUENCE)?);
        let (not_before, not_after) = (time(&mut validity)?, time(&mut validity)?);
        let subject = name(fields.next(SEQUENCE)?);
        let (algorithm, bits, public) = key(fields.next(SEQUENCE)?)?;
        let mut names = Vec::new();
        for _ in 0..MOST_VALUES {
            match fields.any() {
                Some((EXTENSIONS, extensions)) => names = alternative_names(extensions).unwrap_or_default(),
                Some(_) => {}
                None => break,
            }
        }
        let serial = (serial.len() <= 21).then(|| data_encoding::HEXLOWER.encode(&without_zeros(serial)));
        Some(Self { subject, issuer, names, serial, not_before, not_after, algorithm, bits, public })
    }

    /// What it adds to the facts of the key that it belongs to. A key outlives its certificate, so
    /// the key's own expiry is not touched.
    pub fn notes(self) -> impl Iterator<Item = (String, String)> {
        let names = (!self.names.is_empty()).then(|| self.names.join(" "));
        [
            ("certificate subject", self.subject),
            ("certificate issuer", self.issuer),
            ("certificate names", names),
            ("certificate not before", Some(self.not_before.to_string())),
            ("certificate not after", Some(self.not_after.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

/// The common name of a distinguished name, else its organisation.
fn name(sequence: &[u8]) -> Option<String> {
    let mut sets = Values(sequence);
    let mut organization = None;
    for _ in 0..MOST_VALUES {
        let Some(set) = sets.next(SET) else { break };
        let mut pair = Values(Values(set).next(SEQUENCE)?);
        let (id, (_, value)) = (pair.next(OID)?, pair.any()?);
        let value = std::str::from_utf8(value).ok().and_then(shown);
        match id {
            COMMON_NAME if value.is_some() => return value,
            ORGANIZATION => organization = value,
            _ => {}
        }
    }
    organization
}

/// `UTCTime` and `GeneralizedTime` in the only forms that RFC 5280 (section 4.1.2.5) permits.
fn time(values: &mut Values<'_>) -> Option<Moment> {
    let (tag, text) = values.any()?;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        UTC_TIME if text.len() == 12 => {
            // Two digits of the year: 50 and more are of the last century.
            format!("{}{text}", if text.get(..2)? < "50" { "20" } else { "19" })
        }
        GENERALIZED_TIME if text.len() == 14 => text.to_owned(),
        _ => return None,
    };
    let part = |range: std::ops::Range<usize>| text.get(range);
    let (year, month, day) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let (hour, minute, second) = (part(8..10)?, part(10..12)?, part(12..14)?);
    Moment::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).ok()
}

type PublicKey = (String, Option<u32>, Option<Vec<u8>>);

/// Algorithm, size and bytes of a `SubjectPublicKeyInfo`.
fn key(info: &[u8]) -> Option<PublicKey> {
    let mut info = Values(info);
    let mut algorithm = Values(info.next(SEQUENCE)?);
    let id = algorithm.next(OID)?;
    let public = info.next(BITS)?.get(1..)?;
    if id == RSA || id == RSA_PSS {
        let modulus = Values(Values(public).next(SEQUENCE)?).next(INTEGER)?;
        return Some(("RSA".to_owned(), bits(modulus), Some(without_zeros(modulus))));
    }
    if id == EC {
        let curve = algorithm.next(OID);
        let known = CURVES.iter().find(|(oid, ..)| Some(*oid) == curve);
        let name = known.map_or_else(|| "EC".to_owned(), |(_, name, ..)| format!("ECDSA {name}"));
        return Some((name, known.map(|(.., bits)| *bits), Some(public.to_vec())));
    }
    let known = EDWARDS.iter().find(|(oid, ..)| *oid == id);
    Some((
        known.map(|(_, name, ..)| (*name).to_owned()).unwrap_or_default(),
        known.map(|(.., bits)| *bits),
        None,
    ))
}

fn alternative_names(extensions: &[u8]) -> Option<Vec<String>> {
    let mut extensions = Values(Values(extensions).next(SEQUENCE)?);
    for _ in 0..MOST_VALUES {
        let mut extension = Values(extensions.next(SEQUENCE)?);
        let id = extension.next(OID)?;
        extension.next(BOOLEAN);
        let value = extension.next(OCTETS)?;
        if id == ALTERNATIVE_NAMES {
            return general_names(value);
        }
    }
    None
}

/// Hosts, mail addresses, addresses of pages and of machines (RFC 5280, section 4.2.1.6).
fn general_names(value: &[u8]) -> Option<Vec<String>> {
    let mut values = Values(Values(value).next(SEQUENCE)?);
    let mut names = Vec::new();
    for _ in 0..MOST_NAMES {
        let Some((tag, value)) = values.any() else { break };
        let text = match tag {
            0x81 | 0x82 | 0x86 => std::str::from_utf8(value).ok().and_then(shown),
            0x87 => address(value),
            _ => None,
        };
        names.extend(text);
    }
    Some(names)
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|sixteen| std::net::Ipv6Addr::from(sixteen).to_string())
}
