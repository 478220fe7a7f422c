//! `keytrail hook install | uninstall | run`.

use crate::cli::scan::{self, ReportArgs, SettingArgs};
use crate::cli::source::{self, Chosen};
use crate::cli::{Common, Failure, output};
use crate::hook::{self, Environment, Request, Scope, Stage};
use crate::origin::RepoPath;
use crate::policy::waivers::Seen;
use crate::source::container::Limits;
use crate::source::filter::PathFilter;
use crate::source::revision::{NewCommits, Revisions, Selection};
use crate::source::staged::Staged;
use clap::{Args, Subcommand};
use std::io::{self, BufRead, BufReader, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Instant;

/// Commands about hooks.
#[derive(Debug, Subcommand)]
pub enum HookCommand {
    /// Put git hooks in place that call keytrail, before hooks that are there already.
    Install(PlaceArgs),
    /// Take the hooks away again and put back what was there.
    Uninstall(PlaceArgs),
    /// What a hook calls.
    #[command(subcommand)]
    Run(Box<RunCommand>),
}

/// Which hooks, and where.
#[derive(Debug, Args)]
pub struct PlaceArgs {
    /// Scan what is staged at every commit (this is what happens if nothing is named).
    #[arg(long)]
    pre_commit: bool,
    /// Scan new commits before they are pushed.
    #[arg(long)]
    pre_push: bool,
    /// Scan commit messages.
    #[arg(long)]
    commit_msg: bool,
    /// For all repositories of this user.
    #[arg(long)]
    global: bool,
    /// The repository.
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
}

/// The hook that runs.
#[derive(Debug, Subcommand)]
pub enum RunCommand {
    /// Scan what is staged.
    PreCommit(HookArgs),
    /// Scan the commits that a push would send; reads git's lines from standard input.
    PrePush(PushArgs),
    /// Scan a commit message.
    CommitMsg(MessageArgs),
    /// On a server: scan the new objects of a push; reads git's lines from standard input.
    PreReceive(HookArgs),
}

/// Flags of every hook.
#[derive(Debug, Args)]
pub struct HookArgs {
    #[command(flatten)]
    settings: SettingArgs,
    #[command(flatten)]
    report: ReportArgs,
}

/// What git hands to pre-push.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// The remote's name.
    #[arg(value_name = "REMOTE")]
    remote: Option<String>,
    /// The remote's address.
    #[arg(value_name = "URL")]
    url: Option<String>,
    #[command(flatten)]
    hook: HookArgs,
}

/// What git hands to commit-msg.
#[derive(Debug, Args)]
pub struct MessageArgs {
    /// The file with the message.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    hook: HookArgs,
}

/// `keytrail hook`.
pub fn run(command: HookCommand, common: &Common) -> Result<u8, Failure> {
    match command {
        HookCommand::Install(args) => place(&args, hook::install),
        HookCommand::Uninstall(args) => place(&args, hook::uninstall),
        HookCommand::Run(hook) => run_stage(*hook, common),
    }
}

/// What git calls.
fn run_stage(hook: RunCommand, common: &Common) -> Result<u8, Failure> {
    match hook {
        RunCommand::PreCommit(args) => scan_with(&args, common, |filter, containers| {
            Ok(source::repository(Box::new(Staged { path: None, filter: Some(filter), containers }), None))
        }),
        RunCommand::PrePush(args) => {
            let scope = push_scope(args.remote.as_deref())?;
            scan_scope(&args.hook, common, scope)
        }
        RunCommand::PreReceive(args) => {
            let updates = hook::receive::parse(&mut stdin()).map_err(failed)?;
            let scope = hook::receive::scope(&repository()?, &updates).map_err(failed)?;
            scan_scope(&args, common, scope)
        }
        RunCommand::CommitMsg(args) => {
            let files = hook::message::files(&repository()?, args.file.as_deref()).map_err(failed)?;
            scan_with(&args.hook, common, |_, _| {
                let sources = files.into_iter().flat_map(|file| source::message(file).sources).collect();
                Ok(Chosen { sources, root: None, is_repository: false, replay: None, seen: Seen::Part })
            })
        }
    }
}

type Act = fn(Request<'_>) -> Result<hook::Report, hook::HookError>;

fn place(args: &PlaceArgs, act: Act) -> Result<u8, Failure> {
    let stages: Vec<Stage> = [
        (args.pre_commit, Stage::PreCommit),
        (args.pre_push, Stage::PrePush),
        (args.commit_msg, Stage::CommitMsg),
    ]
    .into_iter()
    .filter_map(|(wanted, stage)| wanted.then_some(stage))
    .collect();
    let report = act(Request {
        folder: &args.path,
        stages: &stages,
        global: args.global,
        environment: &Environment::from_process(),
    })
    .map_err(failed)?;
    // A closed standard output changes nothing about what was done.
    let _ = told(&report);
    Ok(0)
}

fn told(report: &hook::Report) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for change in &report.changes {
        writeln!(out, "{change}")?;
    }
    for notice in &report.notices {
        writeln!(out, "note: {notice}")?;
    }
    Ok(())
}

fn stdin() -> BufReader<io::StdinLock<'static>> {
    BufReader::new(io::stdin().lock())
}

fn repository() -> Result<git2::Repository, Failure> {
    git2::Repository::open_from_env().map_err(|error| {
        Failure::usage(
            anyhow::Error::from(error)
                .context("a hook runs inside a repository, and none can be opened here"),
        )
    })
}

fn failed(error: hook::HookError) -> Failure {
    if error.is_usage() { Failure::Usage(error.into()) } else { Failure::Incomplete(error.into()) }
}

/// What a push brings: from git's lines, or from the pre-commit framework, which hands over none.
fn push_scope(remote: Option<&str>) -> Result<Scope, Failure> {
    let repository = repository()?;
    let framework = hook::push::Framework::from_process();
    // A terminal would be waited for, and git hands over a pipe.
    let mut input: Box<dyn BufRead> =
        if io::stdin().is_terminal() { Box::new(io::empty()) } else { Box::new(stdin()) };
    hook::push::decide(&repository, remote, &mut input, framework.as_ref()).map_err(failed)
}

fn scan_scope(args: &HookArgs, common: &Common, scope: Scope) -> Result<u8, Failure> {
    if scope.is_empty() {
        return Ok(0);
    }
    scan_with(args, common, |filter, containers| {
        let what = Selection::New(NewCommits { tips: scope.tips, known: scope.hide, known_refs: Vec::new() });
        Ok(source::repository(
            Box::new(Revisions { path: None, what, filter: Some(filter), containers }),
            None,
        ))
    })
}

/// Runs a scan with what git told the hook.
fn scan_with(
    args: &HookArgs,
    common: &Common,
    choose: impl for<'a> FnOnce(PathFilter<'a>, Limits) -> Result<Chosen<'a>, Failure>,
) -> Result<u8, Failure> {
    output::check(&args.report.format)?;
    let started = Instant::now();
    let (settings, engine) = args.settings.load(&output::current_folder()?)?;
    let filter = |path: &RepoPath, folder: bool| settings.wants(path, folder);
    let chosen = choose(&filter, source::containers(&settings))?;
    scan::finish(&chosen, &engine, &settings, &args.report, common, started)
}
