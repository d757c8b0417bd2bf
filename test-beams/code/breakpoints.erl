%% erts_debug:breakpoint/2 sends calls to the process's error handler, as the debugger needs it.
-module(breakpoints).
-export([main/0, breakpoint/3, undefined_function/3]).

main() ->
    File = "bp_target.erl",
    ok = file:write_file(File, "-module(bp_target).\n-export([f/1, g/2, h/0]).\nf(X) -> {f, l(X)}.\ng(X, Y) -> F = fun(Z) -> {Z, Y} end, {g, F(X)}.\nh() -> fun f/1.\nl(X) -> {l, X}.\n"),
    {ok, M, Bin} = compile:file(File, [binary]),
    {module, M} = code:load_binary(M, File, Bin),
    B = fun(MFA, On) -> tb:p(MFA, catch erts_debug:breakpoint(MFA, On)) end,
    H = M:h(),
    B({M, '_', '_'}, true),
    process_flag(error_handler, ?MODULE),
    calls(M, H),
    B({M, f, '_'}, false),
    calls(M, H),
    B({M, g, 2}, false),
    B({M, l, 1}, true),
    calls(M, H),
    B({M, '_', '_'}, false),
    calls(M, H),
    B({M, f, 1}, true),
    {module, M} = code:load_binary(M, File, Bin),
    calls(M, H),
    process_flag(error_handler, error_handler),
    tb:p(purge, code:purge(M)),
    tb:p(nobody, catch erts_debug:breakpoint({no_such_module, '_', '_'}, true)),
    [tb:p(Bad, try erts_debug:breakpoint(Bad, true) catch C:R -> {C, R} end)
     || Bad <- [x, {M, f}, {'_', f, 1}, {M, '_', 1}, {M, f, a}, {1, f, 1}]],
    tb:p(flag, try erts_debug:breakpoint({M, f, 1}, maybe_not) catch C2:R2 -> {C2, R2} end).

calls(M, H) ->
    tb:p(f, M:f(1)),
    tb:p(g, M:g(1, 2)),
    tb:p(fun_of, H(3)),
    tb:p(apply, apply(M, f, [4])),
    {_, R} = spawn_monitor(fun() -> exit(case catch M:f(5) of {'EXIT', {Why, _}} -> Why; V -> V end) end),
    receive {'DOWN', R, _, _, Reason} -> tb:p(other, Reason) end.

breakpoint(M, F, As) -> {stopped, M, F, As}.
undefined_function(M, F, As) -> error_handler:undefined_function(M, F, As).
