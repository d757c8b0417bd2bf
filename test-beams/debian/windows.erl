%% Opens windows and says what is in them; for a display of its own.
-module(windows).
-export([main/0]).
-include_lib("wx/include/wx.hrl").

main() ->
    wx:new(),
    Frame = wxFrame:new(wx:null(), ?wxID_ANY, "Grüße", [{size, {400, 300}}]),
    Button = wxButton:new(Frame, 1, [{label, "press"}]),
    io:format("~ts ~ts ~p~n", [wxFrame:getTitle(Frame), wxButton:getLabel(Button), wxFrame:getSize(Frame)]),
    wxEvtHandler:connect(Button, command_button_clicked),
    wxFrame:show(Frame),
    Me = self(),
    wxEvtHandler:connect(Frame, close_window, [{callback, fun(#wx{event = #wxClose{type = T}}, _) -> Me ! {closed, T} end}]),
    wxWindow:close(Frame),
    receive {closed, T} -> io:format("~p~n", [T]) end,
    Bitmap = wxImage:new(10, 10, << <<I, I, I>> || I <- lists:seq(1, 100) >>),
    io:format("~p~n", [erlang:md5(wxImage:getData(wxImage:rotate90(Bitmap)))]),
    wxFrame:destroy(Frame),
    wx:destroy(),
    io:format("~p~n", [observer:start()]),
    timer:sleep(3000),
    io:format("observer: ~p ~p~n", [is_pid(whereis(observer)), length([P || P <- processes(), observer_started(P)])]),
    io:format("~p~n", [observer:stop()]),
    {ok, Debugger} = debugger:start(),
    timer:sleep(1000),
    io:format("~p~n", [is_process_alive(Debugger)]),
    halt().

observer_started(P) ->
    case proc_lib:initial_call(P) of
        {M, _, _} -> lists:prefix("observer", atom_to_list(M));
        _ -> false
    end.
