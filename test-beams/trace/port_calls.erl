%% A process that calls a port's driver itself is told of as out of its slice meanwhile; who traces the port sees a slice there.
-module(port_calls).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    Main = self(),
    Worker = spawn_link(fun() -> worker(Main) end),
    {Udp, Ram} = receive {Worker, Ports} -> Ports end,
    %% Where it waits for work shows as the place of all that it does.
    timer:sleep(50),
    Traced = [{Worker, worker}, {Udp, udp}, {Ram, ram}],
    [p(What, did(What, Traced, fun() -> Worker ! {do, What}, receive {Worker, done} -> ok end end))
     || What <- [control, few, command, message, info, call, connect, data]].

worker(Main) ->
    Ports = {open_port({spawn_driver, "udp_inet"}, [binary]), open_port({spawn_driver, "ram_file_drv"}, [binary])},
    Main ! {self(), Ports},
    work(Main, Ports).

work(Main, {Udp, Ram} = Ports) ->
    receive
        {do, What} ->
            case What of
                control -> catch erlang:port_control(Udp, 1, []);
                few -> catch erlang:port_control(Udp, 1, [1, 2]);
                command -> catch port_command(Ram, [7, 0, 0, 0, 0]);
                message -> Ram ! {self(), {command, [7, 0, 0, 0, 0]}};
                info -> erlang:port_info(Udp, name);
                call -> catch erlang:port_call(Ram, 1, []);
                connect -> erlang:port_connect(Udp, self());
                data -> erlang:port_set_data(Udp, {a})
            end,
            Main ! {self(), done},
            work(Main, Ports);
        {_, {data, _}} -> work(Main, Ports)
    end.

%% Between its own beginning and end: {who, in or out, of what}.
did(_, Traced, Fun) ->
    Tracer = spawn_link(fun() -> receive {stop, From} -> From ! {self(), tb:flush()} end end),
    [erlang:trace(P, true, [running_procs, running_ports, {tracer, Tracer}]) || {P, _} <- Traced],
    Fun(),
    timer:sleep(30),
    [erlang:trace(P, false, [all]) || {P, _} <- Traced],
    Ref = erlang:trace_delivered(all),
    receive {trace_delivered, all, Ref} -> ok end,
    Tracer ! {stop, self()},
    receive {Tracer, Told} -> [{proplists:get_value(P, Traced), Tag, short(Of)} || {trace, P, Tag, Of} <- Told] end.

short({M, F, _}) -> {M, F};
short(Other) -> Other.
