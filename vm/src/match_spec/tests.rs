use super::*;
use crate::testing::{read, show, with_cx};

/// The result of running a specification on a term, or what went wrong.
fn table(spec: &str, object: &str) -> String {
    with_cx(|cx| {
        let spec = read(cx.heap(), spec);
        let object = read(cx.heap(), object);
        match Compiler::without_natives(Dialect::Table).compile(spec) {
            Err(e) => format!("{e:?}"),
            Ok(p) => Machine::new().result(&p, cx, object).map_or("no match".into(), show),
        }
    })
}

fn lint(spec: &str) -> Vec<String> {
    with_cx(|cx| {
        let spec = read(cx.heap(), spec);
        let c = Compiler::without_natives(Dialect::Table);
        c.lint(spec).into_iter().map(|m| m.text).collect()
    })
}

#[test]
fn heads_bind_and_compare() {
    assert_eq!(table("[{{'$1','_','$3'},[],['$$']}]", "{a,b,c}"), "[a,c]");
    assert_eq!(table("[{{'$1','$1'},[],['$1']}]", "{[1],[1]}"), "[1]");
    assert_eq!(table("[{{'$1','$1'},[],['$1']}]", "{1,1.0}"), "no match");
    assert_eq!(table("[{{'$2','$10','$1'},[],['$$']}]", "{a,b,c}"), "[c,a,b]");
    assert_eq!(table("[{{a,['$1'|'$2']},[],['$2']}]", "{a,[1,2,3]}"), "[2,3]");
    assert_eq!(table("[{{a,[b,'$1']},[],['$1']}]", "{a,[b,c,d]}"), "no match");
    assert_eq!(table("[{'$1',[],['$1']}]", "{a}"), "{a}");
    assert_eq!(table("[{'_',[],['$_']}]", "{a,{b}}"), "{a,{b}}");
    assert_eq!(table("[{{0.0},[],[x]}]", "{0.0}"), "x");
    assert_eq!(table("[{{'$01'},[],['$_']}]", "{1}"), "no match");
}

#[test]
fn maps_match_subsets() {
    assert_eq!(table("[{{#{a=>'$1'}},[],['$1']}]", "{#{a=>1,b=>2}}"), "1");
    assert_eq!(table("[{{#{a=>'$1',c=>'_'}},[],['$1']}]", "{#{a=>1,b=>2}}"), "no match");
    assert_eq!(table("[{{#{}},[],[yes]}]", "{#{a=>1}}"), "yes");
    assert_eq!(table("[{{#{'$1'=>1}},[],[yes]}]", "{#{a=>1}}"), "BadArg");
    assert_eq!(table("[{{'$1'},[],[#{k=>'$1',l=>{const,'$1'}}]}]", "{7}"), "#{k=>7,l=>$1}");
}

#[test]
fn clauses_are_tried_in_turn() {
    let spec = "[{{'$1'},[{'<','$1',0}],[neg]},{{'$1'},[{'>','$1',0}],[pos]},{'_',[],[zero]}]";
    assert_eq!(table(spec, "{-1}"), "neg");
    assert_eq!(table(spec, "{1}"), "pos");
    assert_eq!(table(spec, "{0}"), "zero");
}

#[test]
fn guards_fail_quietly_and_bodies_loudly() {
    assert_eq!(table("[{{'$1'},[{hd,'$1'}],[x]}]", "{1}"), "no match");
    assert_eq!(table("[{{'$1'},[{'==',{element,2,'$_'},1}],[x]}]", "{1}"), "no match");
    assert_eq!(table("[{{'$1'},[],[{hd,'$1'}]}]", "{1}"), "EXIT");
    assert_eq!(table("[{{'$1'},[],[{{{hd,'$1'},2}}]}]", "{1}"), "{EXIT,2}");
    assert_eq!(table("[{{'$1'},['$1'],[x]}]", "{true}"), "x");
    assert_eq!(table("[{{'$1'},['$1'],[x]}]", "{1}"), "no match");
}

#[test]
fn logic() {
    for (guard, object, expected) in [
        ("{'and',true,'$1'}", "{true}", "x"),
        ("{'and',false,'$1'}", "{1}", "no match"),
        ("{'or',true,'$1'}", "{1}", "no match"),
        ("{'or',false,'$1'}", "{true}", "x"),
        ("{'andalso',{is_integer,'$1'},{'>','$1',1}}", "{2}", "x"),
        ("{'andalso',{is_integer,'$1'},{'>','$1',1}}", "{a}", "no match"),
        ("{'orelse',{is_atom,'$1'},{hd,'$1'}}", "{a}", "x"),
        ("{'orelse',{is_atom,'$1'},{'orelse',false,true}}", "{1}", "x"),
        ("{'orelse',1,true}", "{1}", "no match"),
        ("{'andalso',true}", "{1}", "x"),
        ("{'not',{is_atom,'$1'}}", "{1}", "x"),
        ("{'xor',true,'$1'}", "{false}", "x"),
    ] {
        assert_eq!(table(&format!("[{{{{'$1'}},[{guard}],[x]}}]"), object), expected, "{guard}");
    }
}

#[test]
fn expressions_build() {
    assert_eq!(table("[{{'$1'},[],[{{a,'$1',[b,'$1'|c]}}]}]", "{7}"), "{a,7,[b,7|c]}");
    assert_eq!(table("[{{'$1'},[],[{{{{1}},{const,{x,'$1'}}}}]}]", "{7}"), "{{1},{x,$1}}");
    assert_eq!(table("[{{'$1'},[],[{self}]}]", "{7}"), "pid");
    assert_eq!(table("[{{'$1'},[],[first,'$1']}]", "{7}"), "7");
    assert_eq!(table("[{{'$1'},[],[{'+','$1',1}]}]", "{7}"), "8");
    assert_eq!(table("[{{'$1'},[],[[{const,a},{{}},\"s\"]]}]", "{7}"), "[a,{},[115]]");
}

#[test]
fn errors() {
    for spec in [
        "[]",
        "x",
        "[{a,b}]",
        "[{{'$1'},[],[]}]",
        "[{{'$1'},x,['$1']}]",
        "[{{'$1'},[],['$2']}]",
        "[{{'$1'},[],[{'$1'}]}]",
        "[{{'$1'},[],[{}]}]",
        "[{{'$1'},[{no_such,'$1'}],[x]}]",
        "[{{'$1'},[],[{message,x}]}]",
        "[{{'$1'},[],[{const,x,y}]}]",
        "[{{'$1'},[{'and'}],[x]}]",
        "[{{'$1'},[],['$1'|x]}]",
    ] {
        assert_eq!(table(spec, "{1}"), "BadArg", "{spec}");
    }
    assert_eq!(
        lint("[{{'$1'},[],['$2','$3']}]"),
        ["Variable $2 is unbound.", "Variable $3 is unbound."]
    );
    assert_eq!(lint("[{{'$1'},[{foo,1}],[x]}]"), ["Function foo/1 does_not_exist."]);
    assert_eq!(lint("[{a,b}]"), ["Match program part is not a tuple of arity 3."]);
    let deep = format!("{}x{}", "{'not',".repeat(3000), "}".repeat(3000));
    let nested = std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(move || table(&format!("[{{'_',[{deep}],[x]}}]"), "{1}"));
    assert_eq!(nested.expect("a thread").join().expect("no panic"), "SystemLimit");
}

#[test]
fn traces_match_argument_lists() {
    let run = |spec: &str, args: &str| {
        with_cx(|cx| {
            let args: Vec<_> = read(cx.heap(), args).iter_list().collect();
            let spec = read(cx.heap(), spec);
            match Compiler::without_natives(Dialect::CALL).compile(spec) {
                Err(e) => format!("{e:?}"),
                Ok(p) => Machine::new()
                    .trace(&p, cx, &args, &mut NoActions)
                    .map_or("no match".into(), show),
            }
        })
    };
    assert_eq!(run("[{['$1',b],[],[{message,'$1'}]}]", "[a,b]"), "a");
    assert_eq!(run("[{['$1',b],[],[{message,'$_'}]}]", "[a,b]"), "[a,b]");
    assert_eq!(run("[{'$1',[],[{message,'$1'}]}]", "[a,b]"), "[a,b]");
    assert_eq!(run("[{['$1'],[],[]}]", "[a,b]"), "no match");
    assert_eq!(run("[{'_',[],[]}]", "[a,b]"), "true");
    assert_eq!(run("[{a,[],[]}]", "[a]"), "BadArg");
    assert_eq!(run("[{'_',[{message,x}],[]}]", "[a]"), "BadArg");
}
