//! Reviews for tests.

use super::{
    Changes, ControlVerdict, CoverageView, Event, EvidenceView, GapView, Judged, LedgerView, Made, Moved,
    Outcome, Review, RuleVerdict, Schedule, Standing, Times, TokenView, WaiverView, What,
};
use crate::level::Severity;
use crate::moment::Moment;
use crate::origin::RepoPath;
use crate::secret::FingerprintKey;
use crate::trail::inventory::sample;
use crate::trail::life::{
    CommitRecord, Introduction, Life, Moved as Came, Person, PlaceSort, Reach, Replacement, Signature, Stay,
};
use crate::trail::state::State;

pub(super) fn day(text: &str) -> Moment {
    Moment::parse(text).expect("a date")
}

fn commit(number: u8, date: &str) -> CommitRecord {
    let person = Person { name: "A U Thor".to_owned(), email: "author@example.com".to_owned() };
    CommitRecord {
        id: format!("{number:02x}").repeat(20),
        author: person.clone(),
        authored: day(date),
        committer: person,
        committed: day(date),
        signature: (number % 2 == 0).then_some(Signature::Ssh),
    }
}

/// A token that came in, was copied and moved, left HEAD and was replaced.
pub(super) fn life() -> Life {
    let stay = |path: &str, since: CommitRecord, until: Option<CommitRecord>, from: Option<Came>| Stay {
        path: RepoPath::new(path),
        name: Some("TOKEN".to_owned()),
        line: 3,
        sort: PlaceSort::File,
        since: Some(since),
        until,
        versions: 2,
        from,
        in_head: false,
    };
    let first = commit(1, "2026-01-05");
    let last = commit(4, "2026-03-01");
    Life {
        introduced: Some(Introduction {
            commit: first.clone(),
            path: RepoPath::new("src/a.py"),
            line: 3,
            merged_by: Some(commit(2, "2026-01-07")),
            pull_request: Some(41),
            is_cut: false,
        }),
        stays: vec![
            stay("src/a.py", first, Some(commit(3, "2026-02-01")), None),
            stay(
                "src/b.py",
                commit(3, "2026-02-01"),
                Some(last.clone()),
                Some(Came::MovedFrom(RepoPath::new("src/a.py"))),
            ),
        ],
        refs: vec![
            Reach { name: "HEAD".to_owned(), holds: false, left: Some(last.clone()) },
            Reach { name: "refs/tags/v1".to_owned(), holds: true, left: None },
        ],
        in_head: false,
        replaced_by: vec![Replacement {
            fingerprint: FingerprintKey::public().fingerprint(b"the next one"),
            path: RepoPath::new("src/b.py"),
            name: Some("TOKEN".to_owned()),
            commit: last,
        }],
        ..sample::life(b"a token of a test")
    }
}

/// A token by number: every state comes up.
pub(super) fn token(number: u64) -> TokenView {
    let state = super::STATES[(number % 7) as usize];
    let found = state != State::Stored;
    let at = |days: i64| day("2026-01-01").plus_days(days + (number % 50) as i64);
    let gone = !matches!(state, State::Exposed | State::Waived | State::Stored);
    let mut timeline = Vec::new();
    if found {
        let mut event =
            Event::new(at(0).expect("in range"), What::Introduced, format!("came in at src/{number}.py:3"));
        event.by = Some("A U Thor".to_owned());
        event.commit = Some("ab".repeat(20));
        timeline.push(event);
    }
    if gone {
        timeline.push(Event::new(at(9).expect("in range"), What::Removed, "HEAD does not have it any more"));
    }
    TokenView {
        fingerprint: FingerprintKey::public().fingerprint(&number.to_le_bytes()).to_string(),
        registered: number.is_multiple_of(3).then(|| format!("deploy bot {number}")),
        kind: "GitHub personal access token (classic)".to_owned(),
        rule: "github-pat-classic".to_owned(),
        severity: [Severity::Critical, Severity::High, Severity::Medium][(number % 3) as usize],
        masked: format!("{}********", ["gh", "p_"].concat()),
        state,
        owner: (!number.is_multiple_of(2)).then(|| "platform".to_owned()),
        purpose: (!number.is_multiple_of(2)).then(|| "Deploys the shop".to_owned()),
        facts: vec![("scopes".to_owned(), "repo, read:org".to_owned())],
        places: if found {
            vec![format!("src/{number}.py:3 (TOKEN)")]
        } else {
            vec!["vault: shop/deploy".to_owned()]
        },
        refs: if found { vec!["HEAD".to_owned(), "refs/heads/main".to_owned()] } else { Vec::new() },
        introduced: at(0).filter(|_| found),
        removed: at(9).filter(|_| gone),
        rotated: at(12).filter(|_| state == State::Rotated),
        revoked: at(15).filter(|_| state == State::Revoked),
        expires: at(20).filter(|_| state == State::Expired),
        days_exposed: found.then_some(20 + (number % 50) as i64),
        breaks: if state == State::Exposed { vec!["no-tokens-in-code".to_owned()] } else { Vec::new() },
        evidence: if state == State::Revoked {
            vec!["https://example.com/ticket/7".to_owned()]
        } else {
            Vec::new()
        },
        timeline,
    }
}

/// A review with a bit of everything.
pub(super) fn review() -> Review {
    let tokens: Vec<TokenView> = (0..9).map(token).collect();
    let mut review = of(tokens);
    review.tokens[1].purpose = Some("=HYPERLINK(\"http://example.com\")".to_owned());
    review
}

/// A review of many tokens.
pub(super) fn of(mut tokens: Vec<TokenView>) -> Review {
    let now = day("2026-06-01");
    tokens.sort_by_key(|token| super::STATES.iter().position(|state| *state == token.state));
    let exposed: Vec<_> = tokens.iter().filter(|token| token.state == State::Exposed).collect();
    let evidence = exposed.iter().map(|token| EvidenceView {
        result: Judged::Violated,
        token: Some(token.fingerprint.clone()),
        why: format!("it stands in {}", token.places[0]),
    });
    let rules = vec![
        RuleVerdict {
            id: "no-tokens-in-code".to_owned(),
            title: "No token stands in a repository".to_owned(),
            severity: Severity::High,
            outcome: Outcome::Violated,
            summary: format!("{} tokens: {} violated", tokens.len(), exposed.len()),
            kept: (tokens.len() - exposed.len()) as u64,
            evidence: evidence.collect(),
            controls: vec!["nist-800-53-r5:IA-5(7)".to_owned(), "pci-dss-4.0.1:8.6.2".to_owned()],
        },
        RuleVerdict {
            id: "tokens-have-owners".to_owned(),
            title: "Every token has an owner".to_owned(),
            severity: Severity::Medium,
            outcome: Outcome::Incomplete,
            summary: "9 tokens: 8 pass, 1 could not be judged".to_owned(),
            kept: 8,
            evidence: vec![EvidenceView {
                result: Judged::Unknown,
                token: Some(tokens[0].fingerprint.clone()),
                why: "there is no registry that could name an owner".to_owned(),
            }],
            controls: vec!["soc2:CC6.1".to_owned()],
        },
        RuleVerdict {
            id: "waivers-end".to_owned(),
            title: "Waivers are granted for 90 days at most".to_owned(),
            severity: Severity::Medium,
            outcome: Outcome::Pass,
            summary: "2 waivers: 2 pass".to_owned(),
            kept: 2,
            evidence: Vec::new(),
            controls: vec!["pci-dss-4.0.1:7.2.5".to_owned()],
        },
        RuleVerdict {
            id: "no-classic-github-tokens".to_owned(),
            title: "No classic GitHub tokens".to_owned(),
            severity: Severity::Low,
            outcome: Outcome::NotApplicable,
            summary: "no token that it speaks of is known".to_owned(),
            kept: 0,
            evidence: Vec::new(),
            controls: vec!["hipaa:164.312(d)".to_owned()],
        },
    ];
    let control = |framework: &str, name: &str, id: &str, outcome, rule: &str| ControlVerdict {
        framework: framework.to_owned(),
        framework_name: name.to_owned(),
        id: id.to_owned(),
        title: format!("What {id} is about"),
        address: Some("https://example.com/standard".to_owned()),
        outcome,
        rules: vec![rule.to_owned()],
        broken: if outcome == Outcome::Violated { exposed.len() as u64 } else { 0 },
    };
    Review {
        made: Made {
            now,
            version: "0.1.0".to_owned(),
            repository: "shop".to_owned(),
            head: Some("cd".repeat(20)),
            rules: "11".repeat(32),
            settings: "22".repeat(32),
            key: "public".to_owned(),
            policy: Some("keytrail.toml".to_owned()),
        },
        schedule: Schedule {
            every: Some(90),
            last: Some(day("2026-02-01")),
            reviewer: Some("Ada".to_owned()),
            report: Some("33".repeat(32)),
        },
        controls: vec![
            control(
                "hipaa",
                "HIPAA Security Rule",
                "164.312(d)",
                Outcome::NotApplicable,
                "no-classic-github-tokens",
            ),
            control("nist-800-53-r5", "NIST SP 800-53 r5", "IA-5(7)", Outcome::Violated, "no-tokens-in-code"),
            control("pci-dss-4.0.1", "PCI DSS 4.0.1", "7.2.5", Outcome::Pass, "waivers-end"),
            control("pci-dss-4.0.1", "PCI DSS 4.0.1", "8.6.2", Outcome::Violated, "no-tokens-in-code"),
            control("soc2", "SOC 2 2017", "CC6.1", Outcome::Incomplete, "tokens-have-owners"),
        ],
        rules,
        changes: Changes {
            since: Some("the review of 2026-02-01".to_owned()),
            new: vec![tokens[0].fingerprint.clone()],
            moved: vec![Moved {
                token: tokens[2].fingerprint.clone(),
                from: State::Exposed,
                to: tokens[2].state,
            }],
            gone: vec![("ee".repeat(16), "old deploy key".to_owned())],
            newly_broken: vec!["no-tokens-in-code".to_owned()],
            mended: vec!["waivers-end".to_owned()],
        },
        times: Times::of(&tokens, now),
        waivers: vec![
            WaiverView {
                token: tokens[1].fingerprint.clone(),
                path: Some("src/old.py".to_owned()),
                reason: "The sandbox is switched off in May".to_owned(),
                owner: "Ada".to_owned(),
                ticket: Some("https://example.com/ticket/8".to_owned()),
                created: day("2026-03-01"),
                expires: day("2026-05-20"),
                standing: Standing::Ended,
                flaws: vec!["the waiver of Ada ended on 2026-05-20".to_owned()],
                place: "keytrail.waivers.toml:3".to_owned(),
            },
            WaiverView {
                token: tokens[4].fingerprint.clone(),
                path: None,
                reason: "A test key without rights".to_owned(),
                owner: "platform".to_owned(),
                ticket: Some("OPS-12".to_owned()),
                created: day("2026-05-01"),
                expires: day("2026-07-01"),
                standing: Standing::InForce,
                flaws: Vec::new(),
                place: "keytrail.waivers.toml:14".to_owned(),
            },
        ],
        coverage: CoverageView {
            documents: 1204,
            bytes: 19_188_940,
            commits: 318,
            gaps: vec![GapView {
                sort: "encrypted".to_owned(),
                what: "backup.zip".to_owned(),
                why: "it is encrypted; unpack it and scan what was in it".to_owned(),
            }],
            notices: vec!["submodule vendor/lib was left out: --nested scans it".to_owned()],
        },
        sources: vec!["vault export vault.json".to_owned()],
        ledger: LedgerView::Sound {
            entries: 48,
            proved: 45,
            root: "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=".to_owned(),
            limits: vec!["entries from 45 on are younger than every checkpoint".to_owned()],
        },
        warnings: vec!["the registry has 2 tokens without an owner".to_owned()],
        tokens,
    }
}

/// A review of nothing.
pub(super) fn empty() -> Review {
    let full = review();
    Review {
        made: Made { head: None, policy: None, repository: String::new(), ..full.made },
        schedule: Schedule::default(),
        rules: Vec::new(),
        controls: Vec::new(),
        changes: Changes::default(),
        times: Times::default(),
        tokens: Vec::new(),
        waivers: Vec::new(),
        coverage: CoverageView::default(),
        sources: Vec::new(),
        ledger: LedgerView::None,
        warnings: Vec::new(),
    }
}

/// A review in which every text tries to be something else.
pub(super) fn hostile() -> Review {
    const TEXT: &str = "</td></style><script>alert(1)</script>\" onload='x' &amp; \u{202e}\n=cmd()";
    let mut review = review();
    let text = || TEXT.to_owned();
    review.made.repository = text();
    review.made.policy = Some(text());
    review.warnings = vec![text()];
    review.sources = vec![text()];
    review.ledger = LedgerView::Broken { why: text() };
    for token in &mut review.tokens {
        token.kind = text();
        token.registered = Some(text());
        token.rule = text();
        token.masked = text();
        token.owner = Some(text());
        token.purpose = Some(text());
        token.facts = vec![(text(), text())];
        token.places = vec![text()];
        token.refs = vec![text()];
        token.breaks = vec![text()];
        token.evidence = vec!["javascript:alert(1)".to_owned(), format!("https://example.com/{TEXT}")];
        for event in &mut token.timeline {
            event.text = text();
            event.by = Some(text());
            event.commit = Some(text());
        }
    }
    for rule in &mut review.rules {
        rule.title = text();
        rule.summary = text();
        rule.evidence.push(EvidenceView { result: Judged::Excused, token: None, why: text() });
    }
    for control in &mut review.controls {
        control.title = text();
        control.framework_name = text();
        control.address = Some("javascript:alert(1)".to_owned());
    }
    for waiver in &mut review.waivers {
        waiver.reason = text();
        waiver.owner = text();
        waiver.ticket = Some("data:text/html,x".to_owned());
        waiver.place = text();
        waiver.path = Some(text());
    }
    review.coverage.notices = vec![text()];
    review.coverage.gaps[0].what = text();
    review.coverage.gaps[0].why = text();
    review
}

/// Writes reviews of as many tokens as `KEYTRAIL_REVIEW_TOKENS` says, in every form, into the folder
/// `KEYTRAIL_REVIEW_FOLDER`, and tells how long each took:
///
/// ```sh
/// KEYTRAIL_REVIEW_TOKENS=10000 KEYTRAIL_REVIEW_FOLDER=/tmp/review \
///     cargo test --release --lib review::sample -- --ignored --nocapture
/// ```
#[test]
#[ignore = "a measurement"]
fn many_tokens() {
    let number =
        std::env::var("KEYTRAIL_REVIEW_TOKENS").map_or(10_000, |text| text.parse().expect("a number"));
    let folder = std::env::var_os("KEYTRAIL_REVIEW_FOLDER").map(std::path::PathBuf::from);
    let review = if number == 0 { review() } else { of((0..number).map(token).collect()) };
    for format in super::Format::ALL {
        let started = std::time::Instant::now();
        let mut out = Vec::new();
        super::write(format, &review, &mut out, false).expect("memory takes it");
        println!("{:<8} {:>9} bytes in {:?}", format.name(), out.len(), started.elapsed());
        if let Some(folder) = &folder {
            std::fs::write(folder.join(format!("review.{}", format.name())), out).expect("a file");
        }
    }
    if let Some(folder) = &folder {
        let page = super::html::page(&hostile());
        std::fs::write(folder.join("hostile.html"), page).expect("a file");
    }
}
