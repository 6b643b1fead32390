//! What the command line may hold, and what it means.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process;

const HELP: &str = concat!(
    "Counts the lines, words and characters of files\n\n",
    "Usage: ",
    env!("CARGO_PKG_NAME"),
    " [FILE]...\n\n",
    "Arguments:\n",
    "  [FILE]...  Files to read; standard input when there are none, or for \"-\"\n\n",
    "Options:\n",
    "  -h, --help     Print help\n",
    "  -V, --version  Print version",
);
const VERSION: &str = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));

/// What the program was asked to do its work on.
#[derive(Debug, Eq, PartialEq)]
pub struct Arguments {
    /// Files to read, "-" for standard input.
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Eq, PartialEq)]
enum Request {
    Help,
    Version,
    Run(Arguments),
    Unknown(String),
}

impl Arguments {
    /// Reads the command line of this process. Ends the process after `--help` and `--version`,
    /// and with code 2 after an unknown option.
    pub fn parse() -> Self {
        match request(env::args_os().skip(1)) {
            Request::Run(arguments) => arguments,
            Request::Help => {
                println!("{HELP}");
                process::exit(0)
            }
            Request::Version => {
                println!("{VERSION}");
                process::exit(0)
            }
            Request::Unknown(option) => {
                eprintln!("error: unexpected argument '{option}'\n\n{HELP}");
                process::exit(2)
            }
        }
    }
}

fn request(words: impl Iterator<Item = OsString>) -> Request {
    let mut files = Vec::new();
    let mut only_files = false;
    for word in words {
        match word.to_str() {
            _ if only_files => files.push(word.into()),
            Some("--") => only_files = true,
            Some("-h" | "--help") => return Request::Help,
            Some("-V" | "--version") => return Request::Version,
            Some(option) if option.starts_with('-') && option != "-" => {
                return Request::Unknown(option.to_owned());
            }
            _ => files.push(word.into()),
        }
    }
    Request::Run(Arguments { files })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Request {
        request(words.iter().map(OsString::from))
    }

    fn run(files: &[&str]) -> Request {
        Request::Run(Arguments {
            files: files.iter().map(PathBuf::from).collect(),
        })
    }

    #[test]
    fn words_are_files() {
        assert_eq!(of(&["a.txt", "-"]), run(&["a.txt", "-"]));
    }

    #[test]
    fn options_are_known_or_refused() {
        assert_eq!(of(&["--help"]), Request::Help);
        assert_eq!(of(&["a.txt", "-V"]), Request::Version);
        assert_eq!(of(&["--fast"]), Request::Unknown("--fast".into()));
    }

    #[test]
    fn after_two_dashes_everything_is_a_file() {
        assert_eq!(of(&["--", "--help"]), run(&["--help"]));
    }
}
