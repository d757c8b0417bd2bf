%% Where the system has no SCTP: the driver is there, its sockets are not, and each way in says why.
-module(no_sctp).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    p(driver, [catch is_port(open_port({spawn_driver, "sctp_inet"}, [binary])) || _ <- [1, 2]]),
    p(loaded, [D || D <- element(2, erl_ddll:loaded_drivers()), lists:member(D, ["ram_file_drv", "sctp_inet", "tcp_inet", "udp_inet"])]),
    p(open, [{O, says(D, T, gen_sctp:open(O))}
             || {D, T, O} <- [{inet, seqpacket, []}, {inet, seqpacket, [{type, seqpacket}]}, {inet, stream, [{type, stream}]},
                              {inet6, seqpacket, [inet6]}, {inet, seqpacket, [{ip, loopback}]}, {inet, seqpacket, [binary]}]]),
    p(open_port, [says(inet, seqpacket, gen_sctp:open(N)) || N <- [0, 1]]),
    p(badarg, [element(1, element(2, catch gen_sctp:open(O))) || O <- [[{nonsense, 1}], [{type, x}], [{active, 3.0}]]]),
    p(prim_inet, [says(F, T, prim_inet:open(sctp, F, T)) || F <- [inet, inet6], T <- [seqpacket, stream]]),
    p(supports, [{K, socket:is_supported(K)} || K <- [sctp]]),
    {ok, S} = socket:open(inet, stream, tcp),
    Values =
        [{rtoinfo, #{assoc_id => 1, initial => 1, max => 2, min => 3}}, {rtoinfo, 3},
         {associnfo, #{assoc_id => 1, asocmaxrxt => 1, number_peer_destinations => 1,
                       peer_rwnd => 1, local_rwnd => 1, cookie_life => 1}},
         {associnfo, #{assoc_id => x}}, {associnfo, []},
         {initmsg, #{num_outstreams => 1, max_instreams => 70000, max_attempts => 1, max_init_timeo => 1}},
         {initmsg, #{num_outstreams => -1, max_instreams => 1, max_attempts => 1, max_init_timeo => 1}},
         {initmsg, #{}}, {events, 7}, {events, #{data_io => 1}},
         {events, maps:from_list([{K, true} || K <- [data_io, association, address, send_failure, peer_error, shutdown,
                                                     partial_delivery, adaptation_layer, authentication, sender_dry]])},
         {nodelay, true}, {autoclose, 3}, {maxseg, 3}, {disable_fragments, true}],
    p(set, [{O, socket:setopt(S, {sctp, O}, V)} || {O, V} <- Values]),
    p(get, [{O, socket:getopt(S, {sctp, O})} || O <- lists:usort([O || {O, _} <- Values])]),
    ok = socket:close(S).

%% Whether an attempt failed for the kernel's own reason.
says(Domain, Type, Result) ->
    case socket:open(Domain, Type, sctp) of
        {ok, S} -> ok = socket:close(S), as_the_kernel;
        {error, Reason} when Result =:= {error, Reason} -> as_the_kernel;
        {error, Reason} -> {Result, Reason}
    end.
