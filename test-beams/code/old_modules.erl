%% otp: 25 29
%% blessed: 25
-module(old_modules).
-export([main/0]).

%% Modules as compilers of OTP 22 to 25 write them: what is printed on 29 is what the reference of 25 printed. The reference
%% of 29 refuses such modules.
main() ->
    Source = proplists:get_value(source, ?MODULE:module_info(compile)),
    Dir = filename:join(filename:dirname(Source), "old_modules_data"),
    [one(filename:join(Dir, N), list_to_atom(N)) || N <- ["old_r22", "old_r23", "old_r24", "old_r25"]].

one(Path, Name) ->
    {ok, Code} = file:read_file(Path ++ ".code"),
    {module, Name} = code:load_binary(Name, Path, Code),
    io:format("~p~n", [Name]),
    [io:format("  ~0p~n", [shown(R)]) || R <- Name:main()],
    true = code:delete(Name).

%% Without what differs between releases: lines in stack traces, and the order of maps.
shown({'EXIT', {Why, Stack}}) when is_list(Stack) -> {'EXIT', Why};
shown(T) when is_tuple(T) -> list_to_tuple([shown(E) || E <- tuple_to_list(T)]);
shown(M) when is_map(M) -> {map, lists:sort(maps:to_list(M))};
shown([H | T]) -> [shown(H) | shown(T)];
shown(T) -> T.
