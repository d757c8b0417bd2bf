%% vm: own
%% timeout: 60
%% inets: its server and its client.
-module(web_server).
-export([main/0, hello/3]).
-import(tb, [p/2]).

main() ->
    {ok, _} = application:ensure_all_started(inets),
    file:make_dir("www"), file:make_dir("logs"),
    file:write_file("www/index.html", "<html>index</html>"),
    file:write_file("www/big.txt", binary:copy(<<"0123456789">>, 20000)),
    {ok, S} = inets:start(httpd, [{port, 0}, {server_name, "tb"}, {server_root, "."}, {document_root, "www"}, {bind_address, {127, 0, 0, 1}}, {modules, [mod_alias, mod_esi, mod_dir, mod_get, mod_head]}, {erl_script_alias, {"/esi", [?MODULE]}}, {directory_index, ["index.html"]}]),
    [{port, Port}] = httpd:info(S, [port]),
    U = "http://127.0.0.1:" ++ integer_to_list(Port),
    p(get, get_(U ++ "/index.html")),
    p(root, get_(U ++ "/")),
    p(missing, element(1, get_(U ++ "/none"))),
    p(big, begin {C, B} = get_(U ++ "/big.txt"), {C, length(B), erlang:crc32(B)} end),
    p(esi, get_(U ++ "/esi/web_server:hello?x=1")),
    p(post, post(U ++ "/esi/web_server:hello", "posted body")),
    p(head, begin {ok, {{_, C2, _}, H2, _}} = httpc:request(head, {U ++ "/index.html", []}, [], []), {C2, proplists:get_value("content-length", H2)} end),
    p(parallel, begin Me = self(), [spawn(fun() -> Me ! {c, element(1, get_(U ++ "/big.txt"))} end) || _ <- lists:seq(1, 10)], [receive {c, X} -> X end || _ <- lists:seq(1, 10)] end),
    p(async, begin {ok, Id} = httpc:request(get, {U ++ "/index.html", []}, [], [{sync, false}]), receive {http, {Id, {{_, C3, _}, _, B3}}} -> {C3, B3} after 3000 -> none end end),
    p(stream, begin {ok, Id4} = httpc:request(get, {U ++ "/index.html", []}, [], [{sync, false}, {stream, self}]), receive {http, {Id4, stream_start, _}} -> ok after 3000 -> none end end),
    p(refused, element(1, httpc:request("http://127.0.0.1:1/"))),
    p(stop, inets:stop(httpd, S)).

get_(Url) -> get_(Url, 5).

%% The server may close a connection that was kept just when the next request goes out on it.
get_(Url, Tries) ->
    case httpc:request(get, {Url, []}, [{timeout, 5000}], []) of
        {ok, {{_, Code, _}, _, Body}} -> {Code, Body};
        {error, socket_closed_remotely} when Tries > 0 -> get_(Url, Tries - 1)
    end.
post(Url, Body) -> {ok, {{_, Code, _}, _, Reply}} = httpc:request(post, {Url, [], "text/plain", Body}, [], []), {Code, Reply}.

hello(Id, Env, Input) ->
    mod_esi:deliver(Id, ["Content-Type: text/plain\r\n\r\n", io_lib:format("~p ~p ~s", [proplists:get_value(request_method, Env), proplists:get_value(query_string, Env), Input])]).
