use super::*;
use clap::Parser as _;
use std::io::Write as _;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn with_config(text: &str, mode: Mode) -> Result<Configuration, StartProblem> {
    let file = file(text);
    Configuration::resolve(&Arguments { config: Some(file.path().to_owned()), ..Arguments::default() }, mode)
}

#[test]
fn defaults_are_the_contracts() {
    let c = Configuration::resolve(&Arguments::default(), Mode::Serve).unwrap();
    assert_eq!(
        (c.http.to_string(), c.sip.to_string(), c.sips.to_string()),
        ("127.0.0.1:8080".into(), "127.0.0.1:5060".into(), "127.0.0.1:5061".into())
    );
    assert_eq!(c.rtp.to_string(), "127.0.0.1:40000-49999");
    assert_eq!(c.demo_carrier.to_string(), "127.0.0.1:5090");
    assert_eq!(c.database, "sqlite:./data/sori.db");
    assert!(c.token.is_none());
}

#[test]
fn a_flag_is_stronger_than_the_file() {
    let file = file("http = \"127.0.0.1:9000\"\nsip = \"127.0.0.1:9001\"\n");
    let arguments =
        Arguments { config: Some(file.path().to_owned()), http: Some("127.0.0.1:9999".into()), ..Arguments::default() };
    let c = Configuration::resolve(&arguments, Mode::Serve).unwrap();
    assert_eq!(c.http.port(), 9999);
    assert_eq!(c.sip.first().port(), 9001);
}

#[test]
fn a_flag_is_stronger_than_the_environment() {
    // clap reads the environment where a flag is missing; that it is asked for is what can be checked without changing it.
    let command = <Cli as clap::CommandFactory>::command();
    let serve = command.find_subcommand("serve").unwrap();
    for (flag, variable) in [
        ("http", "SORI_HTTP"),
        ("sip", "SORI_SIP"),
        ("sips", "SORI_SIPS"),
        ("rtp", "SORI_RTP"),
        ("database", "SORI_DATABASE"),
        ("token", "SORI_TOKEN"),
        ("demo_carrier", "SORI_DEMO_CARRIER"),
    ] {
        let argument = serve.get_arguments().find(|a| a.get_id() == flag).unwrap();
        assert_eq!(argument.get_env().and_then(|v| v.to_str()), Some(variable));
    }
    let cli = Cli::try_parse_from(["sori", "demo", "--http", "127.0.0.1:1"]).unwrap();
    assert!(matches!(cli.verb, Verb::Demo(Arguments { http: Some(h), .. }) if h == "127.0.0.1:1"));
}

#[test]
fn what_is_wrong_is_said_in_one_sentence_that_names_it() {
    for (text, word) in [
        ("http = \"here\"", "http setting \"here\""),
        ("sip = 5060", "line 1"),
        ("rtp = \"127.0.0.1:9-10\"", "below 1024"),
        ("rtp = \"127.0.0.1:40000-40001\"", "four ports"),
        ("# a comment\nhtpp = \"127.0.0.1:80\"", "htpp"),
        ("database = \"mysql:x\"", "sqlite:PATH"),
        ("database = \"postgres://a/b\"", "later release"),
        ("token = \"short\"", "16 characters"),
    ] {
        let problem = with_config(text, Mode::Serve).unwrap_err().0;
        assert!(problem.contains(word), "{text}: {problem}");
        assert!(!problem.contains('\n'), "{problem}");
    }
    let missing = Arguments { config: Some("/nowhere/sori.toml".into()), ..Arguments::default() };
    assert!(Configuration::resolve(&missing, Mode::Serve).unwrap_err().0.contains("/nowhere/sori.toml"));
}

#[test]
fn the_demo_stays_on_this_machine() {
    let problem = with_config("sip = \"0.0.0.0:5060\"", Mode::Demo).unwrap_err().0;
    assert!(problem.contains("sip setting is 0.0.0.0"), "{problem}");
    let c = with_config("", Mode::Demo).unwrap();
    assert!(c.data.is_dir() && c.temporary.is_some());
}
