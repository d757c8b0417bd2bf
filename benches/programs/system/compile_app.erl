%% OTP's compiler compiles modules of its own application.
-module(compile_app).
-export([run/0]).

run() ->
    Src = filename:join(code:lib_dir(compiler), "src"),
    Modules = ["beam_ssa_codegen", "sys_core_fold"],
    [begin
        {ok, M, B} = compile:file(filename:join(Src, F), [binary, deterministic, {i, Src}]),
        {M, erlang:md5(B)}
    end || F <- Modules].
