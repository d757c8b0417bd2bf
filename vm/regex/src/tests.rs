use super::*;

fn re(pattern: &str, options: Options) -> Regex {
    Regex::compile(pattern.as_bytes(), options | Options::PCRE8).unwrap()
}

fn run(re: &Regex, subject: &[u8], start: usize) -> Exec {
    re.exec(Subject::Bytes(subject), start, MatchOptions::default(), Limits::DEFAULT)
}

fn whole(e: Exec) -> Option<(usize, usize)> {
    match e {
        Exec::Match(c) => c[0],
        _ => None,
    }
}

#[test]
fn groups() {
    let r = re("(a)(b)?(c)?|(d)", Options::default());
    assert_eq!(
        run(&r, b"xac", 0),
        Exec::Match(vec![Some((1, 3)), Some((1, 2)), None, Some((2, 3))])
    );
    assert_eq!(run(&r, b"xa", 0), Exec::Match(vec![Some((1, 2)), Some((1, 2))]));
    assert_eq!(run(&r, b"x", 0), Exec::NoMatch);
    assert_eq!(run(&r, b"x", 2), Exec::BadOffset);
    assert_eq!(r.capture_count(), 4);
}

#[test]
fn machine_code_agrees() {
    let r = re("(?<k>[a-z]+)=(?<v>\\d*);?", Options::default());
    let first = run(&r, b"--key=17;", 0);
    for _ in 0..20 {
        assert_eq!(run(&r, b"--key=17;", 0), first);
    }
    assert!(r.fast.get().is_some());
    assert_eq!(r.groups_of(b"v").collect::<Vec<_>>(), [2]);
}

#[test]
fn latin1_letters() {
    let word = re("\\w", Options::default());
    let matching: Vec<u8> = (128..=255).filter(|&c| run(&word, &[c], 0) != Exec::NoMatch).collect();
    let letters = [170, 181, 186].into_iter().chain((192..=255).filter(|&c| c != 215 && c != 247));
    assert_eq!(matching, letters.collect::<Vec<u8>>());
    let e = Regex::compile(b"\xe9", Options::CASELESS).unwrap();
    assert!(whole(run(&e, &[0xc9], 0)).is_some() && whole(run(&e, &[0xe8], 0)).is_none());
    let cntrl = re("[[:cntrl:]]", Options::default());
    assert!(whole(run(&cntrl, &[159], 0)).is_some() && whole(run(&cntrl, &[160], 0)).is_none());
}

#[test]
fn utf8_is_checked() {
    let r = re(".", Options::UNICODE);
    assert_eq!(whole(run(&r, "é".as_bytes(), 0)), Some((0, 2)));
    assert_eq!(run(&r, "é".as_bytes(), 1), Exec::BadUtf);
    assert_eq!(run(&r, b"\xff", 0), Exec::BadUtf);
    assert!(re("(*UTF8)\u{e9}", Options::default()).is_utf());
    assert!(Regex::compile(b"\xff", Options::UNICODE).is_err());
}

#[test]
fn words_in_utf8() {
    for pattern in ["\\w", "^\\w$", "x*\\w"] {
        let r = re(pattern, Options::UNICODE);
        for _ in 0..20 {
            assert_eq!(whole(run(&r, "é".as_bytes(), 0)), Some((0, 2)), "{pattern}");
            assert_eq!(run(&r, "Ā".as_bytes(), 0), Exec::NoMatch, "{pattern}");
        }
    }
}

#[test]
fn nesting() {
    let nested = |n| Regex::compile(&[vec![b'('; n], vec![b')'; n]].concat(), Options::PCRE8);
    assert!(nested(798).is_ok());
    let e = nested(819).err().unwrap();
    assert_eq!((&*e.message, e.offset), ("regular expression is too complicated", 799));
}

#[test]
fn limits() {
    let r = re("(a+)*zz", Options::default());
    let subject = vec![b'a'; 40];
    let limits = Limits { steps: 3000, ..Limits::DEFAULT };
    let go = |limits| r.exec(Subject::Bytes(&subject), 0, MatchOptions::default(), limits);
    assert_eq!(go(limits), Exec::NoMatch, "the last byte is known to be missing");
    let subject = [&subject[..], b"z"].concat();
    let go = |limits| r.exec(Subject::Bytes(&subject), 0, MatchOptions::default(), limits);
    for _ in 0..20 {
        assert_eq!(go(limits), Exec::StepLimit);
        assert_eq!(go(Limits { exact: true, ..limits }), Exec::StepLimit);
    }
    assert_eq!(go(Limits { depth: 5, exact: true, ..limits }), Exec::DepthLimit);
}

#[test]
fn old_syntax() {
    assert!(whole(run(&re("^a{,3}$", Options::default()), b"a{,3}", 0)).is_some());
    assert!(whole(run(&re("^a{1, 3}$", Options::default()), b"a{1, 3}", 0)).is_some());
    assert!(whole(run(&re("^a{1,3}$", Options::default()), b"aaa", 0)).is_some());
    assert!(whole(run(&re("^\\Q{,3}\\E$", Options::default()), b"{,3}", 0)).is_some());
    assert!(whole(run(&re("^\\j\\y$", Options::default()), b"jy", 0)).is_some());
    let e =
        |p: &str| Regex::compile(p.as_bytes(), Options::PCRE8).err().map(|e| (e.message, e.offset));
    assert_eq!(e("{,3}("), Some(("missing )".into(), 5)));
    assert_eq!(e("*"), Some(("nothing to repeat".into(), 0)));
    assert_eq!(e("(?<=a+)b").unwrap().0, "lookbehind assertion is not fixed length");
}

#[test]
fn options_are_a_number() {
    let mut o = Options::UNICODE | Options::DOTALL;
    o.add_newline(Newline::Cr);
    o.add_newline(Newline::Lf);
    assert_eq!(o.newline(), Some(Newline::CrLf));
    assert_eq!(Options::from_bits(o.bits()), Some(o));
    assert_eq!(Options::from_bits(1 << 25), None);
    o.add_newline(Newline::Any);
    assert_eq!(o.newline(), None);
    assert!(Regex::compile(b"a", o).is_err());
    let mut lines = Options::default();
    lines.add_newline(Newline::Lf);
    assert_eq!(o.with_lines_of(lines).newline(), Some(Newline::Lf));
}

/// Patterns in hexadecimal, an option, then message and offset as the reference (OTP 25) has them.
#[test]
fn errors_of_the_reference() {
    let mut bad = Vec::new();
    for line in include_str!("../testdata/errors.tsv").lines() {
        let [pattern, option, message, offset] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let byte = |i| u8::from_str_radix(&pattern[i..i + 2], 16).unwrap();
        let pattern: Vec<u8> = (0..pattern.len()).step_by(2).map(byte).collect();
        let option = match option {
            "unicode" => Options::UNICODE,
            "extended" => Options::EXTENDED,
            "dupnames" => Options::DUPNAMES,
            "never_utf" => Options::NEVER_UTF,
            _ => Options::default(),
        };
        let (m, o) = match Regex::compile(&pattern, option | Options::PCRE8) {
            Ok(_) => ("ok".to_owned(), 0),
            Err(e) => (e.message, e.offset),
        };
        if (m.as_str(), o.to_string().as_str()) != (message, offset) {
            bad.push(format!(
                "{:30} {message} {offset}, not {m} {o}",
                String::from_utf8_lossy(&pattern)
            ));
        }
    }
    // Rare ones that PCRE2 takes, or whose words it does not tell apart.
    assert!(bad.len() <= 20, "{}\n{}", bad.len(), bad.join("\n"));
}
