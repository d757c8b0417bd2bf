%% vm: own
%% timeout: 60
%% modes: plain
%% `erl -remsh`, fed through a pipe: a shell on another node, from a node with a name and from one that is given its name.
-module(remote_shell).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    logger:set_primary_config(level, none),
    tb_peer:epmd(),
    Ways = [{own, reference, "named"}, {reference, own, "named"}, {own, reference, "undefined"}, {reference, own, "undefined"}],
    Ps = tb_peer:start_all([{To, ["-sname", lists:concat([To, "_target"])]} || To <- [own, reference]]),
    Targets = lists:zip([own, reference], Ps),
    Me = self(),
    All = [spawn_link(fun() -> Me ! {self(), session(From, To, Name, tb_peer:node(proplists:get_value(To, Targets)))} end) || {From, To, Name} <- Ways],
    [receive {P, {Status, Lines}} -> p(Way, Status), [io:format(" | ~ts~n", [L]) || L <- Lines] end || {P, Way} <- lists:zip(All, Ways)],
    p(alive, [tb_peer:call(P, erlang, is_alive, []) || P <- Ps]),
    p(seen, tb_nodes:until(fun() -> [] =:= lists:append([tb_peer:call(P, erlang, nodes, [connected]) || P <- Ps]) end)),
    p(nobody, case session(own, own, "asks", nobody@nowhere) of {S, _} -> S end),
    tb_peer:stop_all(Ps).

session(From, To, Name, Target) ->
    Input = lists:concat(["input_", From, "_", Name]),
    ok = file:write_file(Input, "hd(string:split(atom_to_list(node()), \"@\")).\n1 + 2.\nX = [5].\nhd(X) + a.\nio:format(\"written~n\").\n"
                                "catch throw(x).\nf(X).\nself() =:= whereis(init).\n"),
    Sname = case Name of "named" -> lists:concat([From, "_to_", To]); _ -> Name end,
    Erl = case From of own -> filename:join(os:getenv("TB_BIN"), "erl"); reference -> os:getenv("TB_REFERENCE") end,
    Out = os:cmd(lists:concat([Erl, " -sname ", Sname, " -setcookie tb_cookie -remsh ", Target, " < ", Input, " 2>/dev/null; echo \" status $?\""])),
    Lines = string:split(re:replace(Out, "@" ++ tb_peer:host(), "@HOST", [global, {return, list}]), "\n", all),
    %% Before the first prompt comes what names the version.
    {Head, Rest} = lists:splitwith(fun(L) -> string:find(L, ")1>") =:= nomatch end, Lines),
    {[L || L <- Head, string:prefix(L, " status") =/= nomatch], Rest}.
