%% Dialyzer analyses modules of stdlib and writes a PLT.
-module(plt_build).
-export([run/0]).

run() ->
    Plt = filename:join(os:getenv("TMPDIR", "/tmp"), "bench-" ++ os:getpid() ++ ".plt"),
    Ebin = code:lib_dir(stdlib, ebin),
    Modules = ["dict", "gb_sets", "gb_trees", "lists", "maps", "orddict", "ordsets", "proplists", "queue", "sets", "string"],
    Files = [filename:join(Ebin, M ++ ".beam") || M <- Modules],
    Warnings = dialyzer:run([{analysis_type, plt_build}, {output_plt, Plt}, {files, Files}]),
    {ok, Info} = dialyzer:plt_info(Plt),
    ok = file:delete(Plt),
    {lists:sort(Warnings), [filename:basename(F) || F <- lists:sort(proplists:get_value(files, Info))]}.
