//! The command line: one file a command, each turning flags into calls of the rooms below.

mod baseline;
mod explain;
mod feed;
mod generate;
mod hook;
mod inventory;
mod inventory_text;
mod known;
mod ledger;
mod other_tokens;
mod output;
mod policy;
mod progress;
mod recognise;
mod record;
mod register;
mod registry;
mod replay;
mod review;
mod rules;
mod scan;
mod secret_input;
mod source;
mod table;
mod trail;
mod waive;

use crate::moment::Moment;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use std::io::{self, Write};
use std::process::ExitCode;

/// Exit code for a ledger that is not as it was written.
pub const EXIT_TAMPERED: u8 = 1;
/// Exit code for wrong usage and wrong configuration.
pub const EXIT_USAGE: u8 = 2;
/// Exit code for a scan that could not read all that it was asked to read.
pub const EXIT_INCOMPLETE: u8 = 3;

/// Find API tokens, keys and passwords in a repository and stop them before they leave the machine.
#[derive(Debug, Parser)]
#[command(
    name = "keytrail",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 clean, 1 findings, 2 wrong usage or configuration, 3 the scan is incomplete.\n\
                  Examples:\n  \
                  keytrail scan                     the files of this repository\n  \
                  keytrail scan --staged            what the next commit would contain\n  \
                  keytrail scan --history           every commit that any ref can reach\n  \
                  keytrail scan -f sarif=out.sarif  a report for GitHub code scanning\n  \
                  keytrail hook install             scan at every commit from now on"
)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// Options of all commands.
#[derive(Debug, Args)]
struct Common {
    /// Say more on standard error; twice for details. `RUST_LOG` chooses by module.
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    verbose: u8,
    /// When to use colour.
    #[arg(long, value_enum, default_value = "auto", global = true, value_name = "WHEN")]
    color: clap::ColorChoice,
    /// The time to judge by, instead of the clock's: a date, or a time in RFC 3339.
    #[arg(long, global = true, value_name = "TIME", env = "KEYTRAIL_NOW")]
    now: Option<Moment>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scan files, staged changes, commits or all of history.
    Scan(Box<scan::ScanArgs>),
    /// Follow every token through the history: who brought it in, where it was, what replaced it.
    Trail(Box<trail::TrailArgs>),
    /// Make the scheduled review of every token, or sign one off.
    Review(Box<review::ReviewArgs>),
    /// Write down the findings of today, so that only new ones count.
    Baseline(Box<baseline::BaselineArgs>),
    /// Allow a finding for a while; list and prune what is allowed.
    Waive(Box<waive::WaiveArgs>),
    /// Ask the team's policy about its tokens.
    #[command(subcommand)]
    Policy(policy::PolicyCommand),
    /// Install, remove or run git hooks.
    #[command(subcommand)]
    Hook(Box<hook::HookCommand>),
    /// List every token of which anything is known: found, stored and registered.
    Inventory(Box<inventory::InventoryArgs>),
    /// Write down a token that the team answers for, from standard input; its value is never kept.
    Register(Box<register::RegisterArgs>),
    /// List, show and check the registered tokens.
    #[command(subcommand)]
    Registry(Box<registry::RegistryCommand>),
    /// List, show and test rules.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Tell what a rule finds, what the secret opens and how to revoke it.
    Explain(explain::ExplainArgs),
    /// Keep a record of what happened, in which every later change shows.
    #[command(subcommand)]
    Ledger(Box<ledger::LedgerCommand>),
    /// Print a shell completion script.
    Completions(generate::CompletionsArgs),
    /// Print the manual page, or write all of them into a folder.
    Man(generate::ManArgs),
}

/// Why a command ends without an outcome of its own.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Wrong usage or configuration: exit code 2.
    #[error("{0:#}")]
    Usage(anyhow::Error),
    /// Something could not be read: exit code 3.
    #[error("{0:#}")]
    Incomplete(anyhow::Error),
    /// A record was changed: exit code 1.
    #[error("{0:#}")]
    Tampered(anyhow::Error),
}

impl Failure {
    fn usage(error: impl Into<anyhow::Error>) -> Self {
        Self::Usage(error.into())
    }

    fn text(text: impl Into<String>) -> Self {
        Self::Usage(anyhow::Error::msg(text.into()))
    }
}

impl From<crate::source::SourceError> for Failure {
    fn from(error: crate::source::SourceError) -> Self {
        match error {
            crate::source::SourceError::Usage(_) => Self::Usage(error.into()),
            crate::source::SourceError::Unreadable(_) => Self::Incomplete(error.into()),
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.format(&mut Cli::command()).exit(),
    };
    start_tracing(cli.common.verbose);
    let outcome = match cli.command {
        Command::Scan(args) => scan::run(&args, &cli.common),
        Command::Trail(args) => trail::run(&args, &cli.common),
        Command::Review(args) => review::run(&args, &cli.common),
        Command::Baseline(args) => baseline::run(&args, &cli.common),
        Command::Waive(args) => waive::run(&args, &cli.common),
        Command::Policy(command) => policy::run(command, &cli.common),
        Command::Hook(command) => hook::run(*command, &cli.common),
        Command::Inventory(args) => inventory::run(&args, &cli.common),
        Command::Register(args) => register::run(&args, &cli.common),
        Command::Registry(command) => registry::run(*command, &cli.common),
        Command::Rules(command) => rules::run(command),
        Command::Explain(args) => explain::run(&args),
        Command::Ledger(command) => ledger::run(*command, &cli.common),
        Command::Completions(args) => generate::completions(&args),
        Command::Man(args) => generate::man(&args),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let code = match failure {
                Failure::Usage(_) => EXIT_USAGE,
                Failure::Incomplete(_) => EXIT_INCOMPLETE,
                Failure::Tampered(_) => EXIT_TAMPERED,
            };
            // A closed standard error cannot be told of.
            let _ = writeln!(io::stderr(), "keytrail: {failure}");
            ExitCode::from(code)
        }
    }
}

impl Common {
    /// The time that ages, expiries and waivers are judged by.
    fn now(&self) -> Moment {
        self.now.unwrap_or_else(Moment::now)
    }

    /// The colour choice as the streams understand it.
    fn colour(&self) -> anstream::ColorChoice {
        match self.color {
            clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
            clap::ColorChoice::Always => anstream::ColorChoice::Always,
            clap::ColorChoice::Never => anstream::ColorChoice::Never,
        }
    }
}

/// Sends traces to standard error where somebody asked for them; costs nothing where nobody did.
fn start_tracing(verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let filter = match verbose {
        0 => match std::env::var("RUST_LOG") {
            Ok(text) => EnvFilter::new(text),
            Err(_) => return,
        },
        1 => EnvFilter::new("keytrail=info"),
        _ => EnvFilter::new("keytrail=debug"),
    };
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_target(false).init();
}
