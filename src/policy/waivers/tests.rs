use super::*;
use crate::finding::Allowed;
use crate::policy::sample::{finding, location};
use crate::secret::FingerprintKey;
use proptest::prelude::*;

fn day(text: &str) -> Moment {
    Moment::parse(text).expect("a date")
}

fn print(secret: &str) -> Fingerprint {
    FingerprintKey::public().fingerprint(secret.as_bytes())
}

fn waiver(secret: &str, path: Option<&str>) -> Waiver {
    Waiver {
        fingerprint: print(secret),
        path: path.map(RepoPath::new),
        rule: Some("acme-token".to_owned()),
        seen_at: vec![RepoPath::new("a.py")],
        reason: "soon gone".to_owned(),
        owner: "ada".to_owned(),
        ticket: None,
        created: day("2026-01-01"),
        expires: day("2026-03-01"),
    }
}

fn waivers(all: &[Waiver]) -> Waivers {
    let placed = all.iter().map(|waiver| Placed { waiver: waiver.clone(), place: None });
    Waivers::new(placed.collect(), 90, Vec::new())
}

fn is_waived(all: &Waivers, secret: &str, paths: &[&str], now: &str) -> bool {
    let mut findings = [finding(secret, paths)];
    all.apply(&mut findings, day(now));
    matches!(findings[0].status, Status::Waived(_))
}

fn flaws(all: &Waivers, stands: &[(&str, &str)], seen: Seen, now: &str) -> Vec<FlawSort> {
    let found: Vec<(Fingerprint, RepoPath)> =
        stands.iter().map(|(secret, path)| (print(secret), RepoPath::new(*path))).collect();
    let stands = found.iter().map(|(fingerprint, path)| Stands {
        fingerprint: *fingerprint,
        rule: "acme-token",
        path,
    });
    all.check(stands, seen, day(now)).into_iter().flat_map(|one| one.flaws).map(|flaw| flaw.sort).collect()
}

#[test]
fn a_waiver_covers_one_secret_while_it_is_in_force() {
    let all = waivers(&[waiver("s", None)]);
    assert!(is_waived(&all, "s", &["a.py", "b.py"], "2026-02-01"));
    assert!(!is_waived(&all, "another one on the same line", &["a.py"], "2026-02-01"));
    assert!(!is_waived(&all, "s", &["a.py"], "2025-12-31"), "not granted yet");
    assert!(!is_waived(&all, "s", &["a.py"], "2026-03-01"), "over");
    assert!(is_waived(&all, "s", &["a.py"], "2026-02-28"));
}

#[test]
fn a_waiver_for_a_path_covers_no_other() {
    let all = waivers(&[waiver("s", Some("a.py"))]);
    assert!(is_waived(&all, "s", &["a.py"], "2026-02-01"));
    assert!(!is_waived(&all, "s", &["a.py", "b.py"], "2026-02-01"));
    let both = waivers(&[waiver("s", Some("a.py")), waiver("s", Some("b.py"))]);
    assert!(is_waived(&both, "s", &["a.py", "b.py"], "2026-02-01"));
    let mut marked = finding("s", &["a.py"]);
    let mut other = location(RepoPath::new("b.py"));
    other.allowed = Some(Allowed { reason: "test".to_owned(), line: 1 });
    marked.locations.push(other);
    let mut findings = [marked];
    all.apply(&mut findings, day("2026-02-01"));
    assert!(matches!(findings[0].status, Status::Waived(_)), "a marker excuses its own place");
}

#[test]
fn the_policy_caps_a_waiver() {
    let long = Waiver { expires: day("2030-01-01"), ..waiver("s", None) };
    let all = waivers(std::slice::from_ref(&long));
    assert_eq!(all.ends(&long), day("2026-04-01"));
    assert!(is_waived(&all, "s", &["a.py"], "2026-03-31") && !is_waived(&all, "s", &["a.py"], "2026-04-01"));
    assert_eq!(flaws(&all, &[("s", "a.py")], Seen::All, "2026-02-01"), [FlawSort::TooLong]);
    let owned = Waivers::new(all.all().to_vec(), 9999, vec!["ops".to_owned()]);
    assert_eq!(flaws(&owned, &[("s", "a.py")], Seen::All, "2026-02-01"), [FlawSort::Owner]);
}

#[test]
fn what_is_wrong_is_told() {
    let all = waivers(&[waiver("s", None)]);
    let at = |stands: &[(&str, &str)], seen, now| flaws(&all, stands, seen, now);
    assert_eq!(at(&[("s", "a.py")], Seen::All, "2026-02-01"), []);
    assert_eq!(at(&[("s", "a.py")], Seen::All, "2026-03-01"), [FlawSort::Expired]);
    assert_eq!(at(&[], Seen::All, "2026-02-01"), [FlawSort::Unused]);
    assert_eq!(at(&[], Seen::Files, "2026-02-01"), [FlawSort::Unused], "it was seen in a file");
    assert_eq!(at(&[], Seen::Part, "2026-02-01"), []);
    assert_eq!(at(&[("t", "a.py")], Seen::Part, "2026-02-01"), [FlawSort::Changed]);
    assert_eq!(at(&[("t", "a.py")], Seen::All, "2026-02-01"), [FlawSort::Changed, FlawSort::Unused]);
    assert_eq!(at(&[("t", "a.py"), ("s", "a.py")], Seen::All, "2026-02-01"), [], "beside it");
    let unplaced = waivers(&[Waiver { seen_at: Vec::new(), ..waiver("s", None) }]);
    assert_eq!(flaws(&unplaced, &[], Seen::Files, "2026-02-01"), [], "the history may have it");
    assert_eq!(flaws(&unplaced, &[], Seen::All, "2026-02-01"), [FlawSort::Unused]);
}

proptest! {
    /// More waivers never cover less, and no waiver ever covers another secret.
    #[test]
    fn more_waivers_cover_more(
        some in proptest::collection::vec((0u8..3, 0u8..3, 0i64..200), 0..6),
        more in proptest::collection::vec((0u8..3, 0u8..3, 0i64..200), 0..6),
        places in proptest::collection::vec(0u8..3, 1..4),
        today in 0i64..250,
    ) {
        let start = day("2026-01-01");
        let make = |&(secret, path, days): &(u8, u8, i64)| Waiver {
            path: (path > 0).then(|| RepoPath::new(format!("{path}.py"))),
            expires: start.plus_days(days).expect("a date"),
            ..waiver(&secret.to_string(), None)
        };
        let few: Vec<Waiver> = some.iter().map(make).collect();
        let many: Vec<Waiver> = some.iter().chain(&more).map(make).collect();
        let paths: Vec<RepoPath> = places.iter().map(|path| RepoPath::new(format!("{path}.py"))).collect();
        let now = start.plus_days(today).expect("a date");
        let covers = |all: &[Waiver]| waivers(all).covers(print("0"), paths.iter(), now).is_some();
        prop_assert!(!covers(&few) || covers(&many));
        let others: Vec<Waiver> = many.into_iter().filter(|one| one.fingerprint != print("0")).collect();
        prop_assert!(!covers(&others));
    }
}
