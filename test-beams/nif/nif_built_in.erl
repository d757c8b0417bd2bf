%% vm: own
%% Modules whose natives are the emulator's own, deleted, purged and loaded again: their functions are what is in the module then.
-module(nif_built_in).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    again(zlib, fun() -> zlib:zip(<<"abc">>) end),
    again(prim_buffer, fun() -> prim_buffer:size(prim_buffer:new()) end).

again(M, Use) ->
    {M, Bin, File} = code:get_object_code(M),
    code:unstick_dir(filename:dirname(File)),
    Load = fun() -> code:load_binary(M, File, Bin) end,
    p(M, used(Use)),
    p(delete, {code:delete(M), erlang:check_old_code(M), used(fun() -> M:module_info(module) end)}),
    p(purge, {code:purge(M), Load(), used(Use)}),
    p(over_old, {Load(), erlang:check_old_code(M), used(Use)}),
    p(soft_purge, {code:soft_purge(M), used(Use)}),
    p(gone, {code:delete(M), erlang:purge_module(M), erlang:module_loaded(M)}),
    p(back, {Load(), used(Use)}),
    code:purge(M).

used(Use) ->
    try
        Use()
    catch
        C:R:Stack ->
            {M, F, _, _} = hd(Stack),
            {C, R, M, F}
    end.
