//! A report with everything in it, for the tests of all formats.

use super::{Format, Outcome as Ends, PolicyPart, Report, Style};
use crate::coverage::{CoverageReport, Gap, LeftOut};
use crate::excerpt::excerpt;
use crate::facts::{Environment, Expiry, KeyFacts, TokenFacts};
use crate::finding::{Allowed, Finding, Location, Part, RuleInfo, Status, Waived};
use crate::kind::Kind;
use crate::level::{Confidence, Severity};
use crate::moment::Moment;
use crate::origin::{CommitInfo, Origin, OriginKind, Position, RepoPath, Span};
use crate::policy::control::ControlId;
use crate::policy::evaluation::{Evaluation, Evidence, Judged, Outcome, Verdict};
use crate::policy::read::starter_rules;
use crate::policy::rules::PolicyRule;
use crate::policy::violation::{Place, TokenName, Violation};
use crate::secret::{FingerprintKey, Masked, Secret};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What a report borrows.
pub(super) struct Sample {
    pub(super) findings: Vec<Finding>,
    pub(super) coverage: CoverageReport,
    pub(super) warnings: Vec<String>,
    pub(super) root: Option<PathBuf>,
    pub(super) is_repository: bool,
    pub(super) show_secrets: bool,
    pub(super) policy: Option<SamplePolicy>,
}

impl Sample {
    pub(super) fn report(&self) -> Report<'_> {
        let blocking = self.findings.iter().filter(|f| f.is_open() && f.severity >= Severity::Medium).count();
        Report {
            findings: &self.findings,
            coverage: &self.coverage,
            now: moment("2026-11-22T12:00:00Z"),
            version: "1.2.3",
            key_id: "public",
            root: self.root.clone(),
            is_repository: self.is_repository,
            fail_on: Some(Severity::Medium),
            min_confidence: Confidence::Medium,
            elapsed: Duration::from_millis(420),
            show_secrets: self.show_secrets,
            warnings: &self.warnings,
            outcome: Ends { blocking, complete: self.coverage.is_complete() },
            sarif_suppressed: true,
            category: None,
            policy: self.policy.as_ref().map(SamplePolicy::part),
        }
    }
}

/// The report as text.
pub(super) fn render(format: Format, sample: &Sample) -> String {
    let mut out = Vec::new();
    super::write(format, &sample.report(), &mut out, Style::default()).expect("memory can be written");
    String::from_utf8(out).expect("every report is UTF-8")
}

/// What a policy says.
pub(super) struct SamplePolicy {
    pub(super) evaluation: Evaluation,
    pub(super) rules: Vec<PolicyRule>,
    pub(super) is_all: bool,
}

impl SamplePolicy {
    fn part(&self) -> PolicyPart<'_> {
        let blocking =
            self.evaluation.violations.iter().filter(|one| one.severity >= Severity::Medium).count();
        PolicyPart { evaluation: &self.evaluation, rules: &self.rules, is_all: self.is_all, blocking }
    }
}

/// A policy that the first finding and a waiver break, and one rule that nothing could be said of.
pub(super) fn policy(is_all: bool) -> SamplePolicy {
    let rules = starter_rules("pci-dss-4.0.1").expect("there is one");
    let first = token();
    let violation = |rule: &str, message: &str| {
        let rule = rules.iter().find(|one| one.id == rule).expect("there is one");
        Violation {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            message: message.to_owned(),
            controls: rule.controls.clone(),
            subject: Some(first.fingerprint),
            token: None,
            place: None,
        }
    };
    let mut in_code = violation("no-secret-in-repository", "it stands in src/config.rs");
    in_code.controls.push(ControlId::parse("own:SEC ]( 12").expect("a control"));
    in_code.token = Some(TokenName {
        rule: "acme-token".to_owned(),
        name: "Acme personal \x1b[31maccess token".to_owned(),
        masked: first.masked.clone(),
    });
    let path = RepoPath::new(b"src/\xffconfig,\n1.rs".to_vec());
    in_code.place = Some(Place { path, line: Some(12), commit: Some("c".repeat(40)) });
    let waiver = violation("waiver-expired", "the waiver of ada\n::x for 012 ended on 2026-01-01");
    let verdicts = rules
        .iter()
        .map(|rule| Verdict {
            rule: rule.id.clone(),
            title: rule.title.clone(),
            severity: rule.severity,
            controls: rule.controls.clone(),
            outcome: match rule.id.as_str() {
                "no-secret-in-repository" | "waiver-expired" => Outcome::Violated,
                "every-token-owned" => Outcome::NotApplicable,
                "tokens-expire" => Outcome::Incomplete,
                _ => Outcome::Pass,
            },
            summary: "1 token: as the sample has it".to_owned(),
            evidence: vec![Evidence {
                result: Judged::Violated,
                why: "it stands in src/config.rs".to_owned(),
                subject: Some(first.fingerprint),
                token: in_code.token.clone(),
            }],
        })
        .collect();
    SamplePolicy { evaluation: Evaluation { verdicts, violations: vec![in_code, waiver] }, rules, is_all }
}

/// Nothing found.
pub(super) fn clean() -> Sample {
    Sample {
        findings: Vec::new(),
        coverage: CoverageReport { documents: 1204, bytes: 19_188_940, ..CoverageReport::default() },
        warnings: Vec::new(),
        root: Some(PathBuf::from("/home/ada/app")),
        is_repository: true,
        show_secrets: false,
        policy: None,
    }
}

/// Something of each sort.
pub(super) fn full() -> Sample {
    let mut sample = clean();
    sample.findings = vec![
        token(),
        key_file(),
        decoded(),
        odd_path(),
        everywhere(),
        allowed(),
        baseline(),
        waived(),
        expired(),
    ];
    sample.coverage.commits = 3120;
    sample.coverage.left_out = vec![
        LeftOut {
            gap: Gap::MissingObject,
            what: "object 3f2a".to_owned(),
            why: "it is not in the repository; run `git fetch --refetch`".to_owned(),
        },
        LeftOut {
            gap: Gap::Unreadable,
            what: "a\x1b[2Jb.txt".to_owned(),
            why: "permission denied".to_owned(),
        },
    ];
    sample.coverage.notices = vec!["submodule vendor/lib: scan it on its own".to_owned()];
    sample.warnings = vec!["keytrail.toml: the rule `gone` does not exist".to_owned()];
    sample
}

fn rule(id: &str, name: &str, kind: Kind, severity: Severity, confidence: Confidence) -> RuleInfo {
    let provider = id.split('-').next().unwrap_or(id);
    RuleInfo {
        id: id.to_owned(),
        name: name.to_owned(),
        provider: provider.to_owned(),
        provider_name: provider.to_uppercase(),
        description: format!(
            "The {} of {provider}, made by hand under its settings",
            kind.name().replace('-', " ")
        ),
        opens: "Everything that its owner can read and change, private repositories among it.".to_owned(),
        revoke: "Delete it under Settings, Developer settings, Tokens".to_owned(),
        rotate: "Make a new one with fewer rights, deploy it, then delete the old one.".to_owned(),
        kind,
        severity,
        confidence,
        references: vec![format!("https://{provider}.example/docs/tokens"), "not a page".to_owned()],
    }
}

/// A line with a secret in it, as a place.
fn place(
    path: impl Into<Vec<u8>>,
    line: u64,
    origin: &Arc<Origin>,
    before: &str,
    secret: &str,
    after: &str,
) -> Location {
    let text = format!("{before}{secret}{after}");
    let span = before.len()..before.len() + secret.len();
    let masks = [(span.clone(), Masked::of(secret.as_bytes(), 4))];
    let column = before.chars().count() as u64 + 1;
    let breaks = secret.matches('\n').count() as u64;
    let last = secret.rsplit('\n').next().unwrap_or_default().chars().count() as u64;
    let byte = line * 40 + before.len() as u64;
    let end_column = if breaks == 0 { column + last } else { last + 1 };
    Location {
        path: RepoPath::new(path),
        span: Span {
            start: Position { byte, line, column },
            end: Position { byte: byte + secret.len() as u64, line: line + breaks, column: end_column },
        },
        origin: Arc::clone(origin),
        confidence: Confidence::High,
        excerpt: excerpt(text.as_bytes(), span, &masks),
        line_hash: None,
        decoded: Vec::new(),
        allowed: None,
        versions: 1,
    }
}

fn finding(rule: RuleInfo, secret: &str, locations: Vec<Location>) -> Finding {
    let secret = Secret::new(secret.as_bytes());
    Finding {
        severity: rule.severity,
        confidence: rule.confidence,
        rule: Arc::new(rule),
        masked: secret.masked(4),
        fingerprint: secret.fingerprint(&FingerprintKey::public()),
        secret,
        notes: Vec::new(),
        parts: Vec::new(),
        facts: TokenFacts::default(),
        locations,
        status: Status::Open,
    }
}

fn moment(text: &str) -> Moment {
    Moment::parse(text).expect("a moment")
}

/// A signed address that is over, so that it weighs little.
fn expired() -> Finding {
    let secret = "Nf0".repeat(14);
    let rule = rule("acme-sas", "Acme signed address", Kind::SignedUrl, Severity::High, Confidence::High);
    let at = place("old/link.md", 5, &file(), "https://acme.example/?sig=", &secret, "");
    let mut finding = finding(rule, &secret, vec![at]);
    finding.severity = Severity::Low;
    finding.facts = TokenFacts {
        form: Some("service SAS".to_owned()),
        environment: Some(Environment::Test),
        account: Some("acme".to_owned()),
        scopes: vec!["blob:read".to_owned(), "=blob:list".to_owned()],
        not_before: Some(moment("2024-02-01")),
        expires: Some(Expiry::At(moment("2024-03-05"))),
        revocable: Some("by its stored access policy readers".to_owned()),
        more: [("policy".to_owned(), "readers".to_owned())].into(),
        ..TokenFacts::default()
    };
    finding
}

fn file() -> Arc<Origin> {
    Arc::new(Origin::plain(OriginKind::File))
}

fn commit(kind: OriginKind, digit: char, in_head: Option<bool>) -> Arc<Origin> {
    let info = CommitInfo {
        id: digit.to_string().repeat(40),
        author: "Ada \x1b[31mLovelace".to_owned(),
        email: "ada@example.org".to_owned(),
        time: 1_700_000_000,
        offset_minutes: 60,
        summary: "Add settings".to_owned(),
    };
    let blob = (kind == OriginKind::Blob).then(|| "b".repeat(40));
    let reachable = in_head.map(|_| true);
    Arc::new(Origin { kind, commit: Some(Arc::new(info)), order: 7, in_head, reachable, blob })
}

fn token_text() -> String {
    format!("acm{}{}", '_', "Zq3".repeat(12))
}

fn token() -> Finding {
    let secret = token_text();
    let rule = rule(
        "acme-token",
        "Acme personal access token",
        Kind::AccessToken,
        Severity::Critical,
        Confidence::Certain,
    );
    let mut first = place("src/config.rs", 12, &file(), "    let token = \"", &secret, "\";");
    first.line_hash = Some("271789c17abda88f:1".to_owned());
    first.confidence = Confidence::Certain;
    let second = place("ops/d\u{e9}ploiement prod.yml", 3, &file(), "token: ", &secret, "");
    let mut third = place("tests/fake.rs", 9, &file(), "const T: &str = \"", &secret, "\"; // fine");
    // A marker in a comment before the secret, whose reason runs to the end of the line.
    third.allowed = Some(Allowed { reason: format!("made up {secret}"), line: 9 });
    let mut finding = finding(rule, &secret, vec![first, second, third]);
    finding.notes = vec!["checksum holds (CRC-32)".to_owned(), "version 2 of the form".to_owned()];
    finding.parts =
        vec![Part { name: "account".to_owned(), masked: Masked::of(b"acct-0123456789abcdef", 5) }];
    finding.facts = TokenFacts {
        form: Some("personal access token, version 2".to_owned()),
        environment: Some(Environment::Live),
        account: Some("organization 7".to_owned()),
        subject: Some("ada\u{202e}".to_owned()),
        issuer: Some("https://acme.example".to_owned()),
        audience: vec!["api".to_owned()],
        scopes: vec!["read:org".to_owned(), "repo".to_owned()],
        issued: Some(moment("2026-01-31T09:30:00Z")),
        expires: Some(Expiry::At(moment("2027-01-01T12:00:00Z"))),
        ..TokenFacts::default()
    };
    finding
}

fn key_file() -> Finding {
    let secret = format!("{0}BEGIN KEY{0}\n{1}\n{0}END KEY{0}", "-".repeat(5), "QmFz".repeat(16));
    let rule = rule("pem-private-key", "Private key", Kind::PrivateKey, Severity::Critical, Confidence::High);
    let at = place("deploy/id_key", 1, &commit(OriginKind::Blob, 'c', Some(true)), "", &secret, "\n");
    let mut finding = finding(rule, &secret, vec![at]);
    finding.facts = TokenFacts {
        form: Some("private key".to_owned()),
        key: Some(KeyFacts { algorithm: "RSA".to_owned(), bits: Some(4096), encrypted: Some(false) }),
        ..TokenFacts::default()
    };
    finding
}

fn decoded() -> Finding {
    let secret = format!("acm{}{}", '_', "Xw7".repeat(12));
    let rule = rule(
        "acme-token",
        "Acme personal access token",
        Kind::AccessToken,
        Severity::Critical,
        Confidence::Certain,
    );
    let encoded = data_encoding::BASE64.encode(secret.as_bytes());
    let origin = commit(OriginKind::Blob, 'd', Some(false));
    let mut at = place("k8s/secret.yaml", 140, &origin, "  token: ", &encoded, "");
    at.decoded = vec!["base64".to_owned(), "gzip".to_owned()];
    at.versions = 4;
    let mut finding = finding(rule, &secret, vec![at]);
    finding.severity = Severity::High;
    finding
}

fn odd_path() -> Finding {
    let secret = format!("hunter{}", "2-".repeat(6));
    let rule = rule("generic-password", "Password", Kind::Password, Severity::Medium, Confidence::Medium);
    let mut at =
        place(b"=a,b:c\n%\xff/]( .env".to_vec(), 7, &file(), "PASSWORD=", &secret, " # 100% \u{1f511}");
    at.confidence = Confidence::Medium;
    finding(rule, &secret, vec![at])
}

fn everywhere() -> Finding {
    let secret = format!("pk{}{}", '_', "n4".repeat(10));
    let rule =
        rule("stripe-publishable", "Publishable key", Kind::Identifier, Severity::Low, Confidence::High);
    let message = commit(OriginKind::CommitMessage, 'e', None);
    let mut places = vec![place("", 1, &message, "Use ", &secret, " from now on")];
    places
        .extend((1..13).map(|n| place(format!("web/page{n:02}.html"), n, &file(), "<a b='", &secret, "'>")));
    finding(rule, &secret, places)
}

fn allowed() -> Finding {
    let secret = format!("acm{}{}", '_', "Yv1".repeat(12));
    let rule = rule("acme-webhook", "Acme webhook", Kind::WebhookUrl, Severity::High, Confidence::High);
    let mut at = place("docs/example.md", 4, &file(), "curl ", &secret, "");
    at.allowed = Some(Allowed { reason: "from the manual".to_owned(), line: 3 });
    let mut finding = finding(rule, &secret, vec![at]);
    finding.status = Status::Allowed("from the manual".to_owned());
    finding
}

fn baseline() -> Finding {
    let secret = format!("acm{}{}", '_', "Uk5".repeat(12));
    let rule = rule("acme-webhook", "Acme webhook", Kind::WebhookUrl, Severity::High, Confidence::High);
    let mut finding = finding(rule, &secret, vec![place("old/hook.sh", 8, &file(), "curl ", &secret, "")]);
    finding.status = Status::Baseline;
    finding
}

fn waived() -> Finding {
    let secret = format!("acm{}{}", '_', "Rj6".repeat(12));
    let rule = rule("acme-webhook", "Acme webhook", Kind::WebhookUrl, Severity::High, Confidence::High);
    let mut finding = finding(rule, &secret, vec![place("ops/notify.sh", 2, &file(), "curl ", &secret, "")]);
    finding.status = Status::Waived(Waived {
        owner: "payments".to_owned(),
        reason: format!("ends with {secret} in March"),
        ticket: Some("OPS-7".to_owned()),
        until: Moment::parse("2026-03-01").expect("a date"),
    });
    finding
}
