%% Binaries that were kept for a while and dropped again do not pile up in the old generation.
-module(old_binaries).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Before = erlang:memory(binary),
    keep_some(300, []),
    p(bounded, erlang:memory(binary) - Before < 30000000),
    {garbage_collection_info, Info} = process_info(self(), garbage_collection_info),
    p(counted, [proplists:get_value(K, Info) >= 0 || K <- [bin_vheap_size, bin_old_vheap_size, bin_vheap_block_size, bin_old_vheap_block_size]]).

%% Each binary lives through three rounds.
keep_some(0, _) -> ok;
keep_some(N, Kept) -> keep_some(N - 1, lists:sublist([binary:copy(<<N:32>>, 250000) | Kept], 3)).
