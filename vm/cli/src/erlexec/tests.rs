//! The vectors of `tests/data/erlexec_argv.tsv`, which were observed from the reference's `erlexec`.

use super::*;
use crate::word::words;

const OBSERVED: &str = include_str!("../../tests/data/erlexec_argv.tsv");

fn request<'a>(
    release: u32,
    argv: &'a [Word],
    env: &'a dyn Fn(&str) -> Option<Word>,
) -> Request<'a> {
    Request {
        release,
        argv,
        env,
        root: b"ROOTDIR".to_vec(),
        bindir: b"BINDIR".to_vec(),
        emu: b"beam".to_vec(),
        progname: b"erl".to_vec(),
    }
}

fn home(name: &str) -> Option<Word> {
    (name == "HOME").then(|| b"HOME".to_vec())
}

fn vector_of(plan: Plan) -> Vec<Word> {
    match plan {
        Plan::Start(start) => start.vector,
        other => panic!("not a start: {other:?}"),
    }
}

fn args_file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("oxbeam-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("text").to_owned()
}

#[test]
fn observed_vectors() {
    let file = args_file("af", "-args1 \"q u\" # comment\n+P 3000\n");
    let mut seen_none = Vec::new();
    let mut checked = 0;
    for line in OBSERVED.lines().skip(1) {
        let mut columns = line.split('\t');
        let mut column = || columns.next().expect("three columns");
        let (release, command, vector) = (column(), column(), column());
        let release: u32 = release.parse().expect("a release");
        if command.starts_with("escript") || command.starts_with("erlc") {
            continue; // through the front ends, see `frontend/tests.rs`
        }
        let expected: Vec<Word> = vector
            .trim_start_matches('<')
            .trim_end_matches('>')
            .split("> <")
            .map(|w| w.as_bytes().to_vec())
            .collect();
        // The second "(none)" of a release was run with ERL_OTPnn_FLAGS, "-mid m" with the other variables.
        let again = command == "(none)" && seen_none.contains(&release);
        let env = |name: &str| {
            let value = match name {
                "HOME" => "HOME",
                "ERL_AFLAGS" if command == "-mid m" => "-a1 x",
                "ERL_FLAGS" if command == "-mid m" => "-f1 +P 2000",
                "ERL_ZFLAGS" if command == "-mid m" => "-z1",
                "ERL_OTP25_FLAGS" if again => "-rel25",
                "ERL_OTP27_FLAGS" if again => "-rel27",
                "ERL_OTP29_FLAGS" if again => "-rel29",
                _ => return None,
            };
            Some(value.as_bytes().to_vec())
        };
        let mut argv = words(&["erl"]);
        if command == "(none)" {
            seen_none.push(release);
        } else {
            argv.extend(command.split(' ').map(|w| match w {
                "WORK/af" => file.as_bytes().to_vec(),
                _ => w.as_bytes().to_vec(),
            }));
        }
        let plan = plan(&request(release, &argv, &env)).expect(command);
        assert_eq!(vector_of(plan), expected, "{release}: {command}");
        checked += 1;
    }
    std::fs::remove_file(file).expect("removed");
    assert!(checked >= 48, "{checked} rows");
}

fn printed(args: &[&str], env: &dyn Fn(&str) -> Option<Word>) -> Vec<String> {
    let mut argv = words(&["erl"]);
    argv.extend(words(args));
    argv.push(b"-emu_args_exit".to_vec());
    match plan(&request(25, &argv, env)) {
        Ok(Plan::Print(out)) => {
            let text = String::from_utf8(out).expect("text");
            text.lines().map(str::to_owned).collect()
        }
        other => panic!("{args:?}: {other:?}"),
    }
}

/// The emulator's flags of a command line.
fn flags(line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let printed = printed(&args, &home);
    let end = printed.iter().position(|w| w == "--").expect("end of flags");
    printed[..end].join(" ")
}

/// The arguments for `init` behind HOME.
fn arguments(line: &str) -> String {
    let args: Vec<&str> = line.split_whitespace().collect();
    let printed = printed(&args, &home);
    let end = printed.iter().position(|w| w == "HOME").expect("home");
    printed[end + 2..].join(" ")
}

#[test]
fn flags_as_the_reference_passes_them() {
    for same in [
        "+e 1 +ec +i x +n s +R 25 +Wi +W i +Ka +K true +pc unicode +pcunicode +px +r +rg 5 +sss 5 +swt low +fnue",
        "+a 8 +A 3 +C no_time_warp +JDdump true +JX true +JMsingle true +v +V +l +Q 8 +t 9 +T 2 +x",
        "+S 2 +SP 50 +SDcpu 2:2 +SDPcpu 50 +SDio 3 +IOt 2 +IOp 1 +IOPp 50 +IOPt 50 +IOs true",
        "+sub true +spp true +sfwi 4 +secio true +scl true +sws default +swct lazy +swtdcpu low +sbwtdio none +ssrct",
        "+hmax 1000 +hmaxk true +hmaxel true +hpds 4 +hmqd off_heap +h 300 +hmbs 1 +hx",
        "+B c +B d +B i +Bi +MYmfoo +MBas -x +hms -5 +M +Mdai 5 +MBatags true +MMscs -3 +c false +c +zosrl 5",
        "+ ++ ++S",
    ] {
        let expected: Vec<String> = same
            .split_whitespace()
            .map(|w| w.strip_prefix('+').map_or(w.to_owned(), |f| format!("-{f}")))
            .collect();
        assert_eq!(flags(same), expected.join(" "));
    }
    assert_eq!((flags("+B x"), arguments("+B x")), ("-B".into(), "x".into()));
    assert_eq!((flags("+px 1"), arguments("+px 1")), ("-px".into(), "1".into()));
    assert_eq!((flags("+MXe true"), arguments("+dcg 5")), ("-MXe true".into(), "5".into()));
    assert_eq!(arguments("-detached -nohup"), "-noshell -noinput -nohup");
    assert_eq!(arguments("-configfd 0"), "-noshell -noinput -configfd 0");
    assert_eq!(arguments("-keep_window -s x - --"), "-s x - --");
}

#[test]
fn variables_around_the_command_line() {
    let with = |variable: &'static str, value: &'static str| {
        move |name: &str| {
            if name == variable { Some(value.as_bytes().to_vec()) } else { home(name) }
        }
    };
    let tail = |env: &dyn Fn(&str) -> Option<Word>| printed(&["-u"], env)[10..].join("|");
    assert_eq!(tail(&with("ERL_FLAGS", "a \"b c\" d")), "--|-u|--|a|b c|d|--");
    assert_eq!(tail(&with("ERL_AFLAGS", "-extra q r")), "--|-u|--|-extra|q|r|--");
    assert_eq!(tail(&with("ERL_FLAGS", "   ")), "--|-u");
}

#[test]
fn argument_files_nest() {
    let inner = args_file("inner", "-bb\n-extra e2");
    let outer =
        args_file("outer", &format!("-aa # c\n-args_file {inner} b2 -extra e1\n zz \"#q\" a#b"));
    let got = printed(&["-args_file", &outer, "-u"], &home);
    assert_eq!(got[10..].join("|"), "--|-aa|-bb|b2|-u|--|-extra|e2|--|e1|zz|#q|a|--");
    let own = args_file("own", "");
    std::fs::write(&own, format!("-args_file {own}")).expect("written");
    let argv = words(&["erl", "-args_file", &own]);
    assert!(matches!(plan(&request(25, &argv, &home)), Err(Refusal::Usage(_))));
    for file in [inner, outer, own] {
        std::fs::remove_file(file).expect("removed");
    }
}

fn refusal(line: &str) -> String {
    let mut argv = words(&["erl"]);
    argv.extend(line.split_whitespace().map(|w| w.as_bytes().to_vec()));
    let text = plan(&request(25, &argv, &home)).expect_err(line).text();
    text.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn refusals() {
    for (line, text) in [
        ("-emu_flavor", "Missing argument(s) for '-emu_flavor'."),
        ("-smp disable", "Argument '-smp disable' not supported. Use \"+S 1\" instead."),
        ("-start_epmd x", "Expected boolean argument for '-start_epmd'."),
        ("-env A", "Missing argument(s) for '-env'."),
        ("+P", "Missing argument(s) for '+P'."),
        ("-args_file", "Missing argument(s) for '-args_file'."),
        ("-sname", "Missing argument(s) for '-sname'."),
        ("+IOz", "Missing argument(s) for '+IOz'."),
        ("+SDx", "Missing argument(s) for '+SDx'."),
        ("+IOt", "Missing argument(s) for '+IOt'."),
        ("+Bz", "Missing argument(s) for '-Bz'."),
        ("-no_epmd", "erlexec: Missing -proto_dist option, expected when using -no_epmd."),
    ] {
        assert_eq!(refusal(line), text);
    }
    let missing = refusal("-args_file /nonexistent");
    assert!(
        missing.starts_with("Failed to open arguments file \"/nonexistent\" at \""),
        "{missing}"
    );
    assert!(missing.ends_with("\": No such file or directory"), "{missing}");
}

#[test]
fn epmd_environment_and_names() {
    let argv = words(&["erl", "-sname", "a", "-env", "A", "1", "-env", "B", "2", "-detached"]);
    let Ok(Plan::Start(start)) = plan(&request(25, &argv, &home)) else { panic!("no start") };
    assert_eq!(start.epmd, Epmd::Default);
    assert!(start.detached);
    assert_eq!(start.env, [(b"A".to_vec(), b"1".to_vec()), (b"B".to_vec(), b"2".to_vec())]);
    let argv = words(&["erl", "-emu_type", "debug", "-emu_flavor", "jit", "-emu_name_exit"]);
    assert_eq!(plan(&request(25, &argv, &home)), Ok(Plan::Print(b"beam.debug.jit\n".to_vec())));
    let argv = words(&["erl", "+P", "5000", "-emu_qouted_cmd_exit"]);
    let quoted = "\"BINDIR/beam.smp\" \"-P\" \"5000\" \"--\" \"-root\" \"ROOTDIR\" \"-bindir\" \"BINDIR\" \
                  \"-progname\" \"erl\" \"--\" \"-home\" \"HOME\" \"--\" \n";
    assert_eq!(plan(&request(25, &argv, &home)), Ok(Plan::Print(quoted.into())));
}
