%% otp: 29
-module(zstd_streams).
-export([main/0]).

%% Module zstd: bytes as the reference writes them, parameters, dictionaries, streams, errors.

p(F) -> io:format("~p~n",[try F() catch C:R -> {C,R} end]).
h(X) -> erlang:md5(iolist_to_binary(X)).
main() ->
 D = binary:copy(<<"hello zstd world ">>, 20000), R = << <<(I*I*7919 rem 251)>> || <<I:16>> <= binary:copy(<<1,2,3,4,5,6,9,200,30,7>>, 3000) >>,
 [p(fun() -> B=iolist_to_binary(zstd:compress(X,O)), {byte_size(B), h(B), iolist_to_binary(zstd:decompress(B)) =:= iolist_to_binary(X)} end) || X <- [<<>>, <<"abc">>, D, [D,R,["x"|R]], R], O <- [#{}, #{compressionLevel=>19}, #{checksumFlag=>true}, #{windowLog=>18,strategy=>btopt}]],
 p(fun() -> [byte_size(X) || X <- zstd:compress(R)] end), p(fun() -> [byte_size(X) || X <- zstd:decompress(zstd:compress(D))] end),
 p(fun() -> zstd:get_frame_header(zstd:compress("abc")) end), p(fun() -> zstd:get_frame_header("abc") end),
 {ok,C}=zstd:context(compress), p(fun() -> zstd:stream(C,"abc") end), p(fun() -> zstd:flush(C) end), p(fun() -> zstd:set_parameter(C,windowLog,20) end), p(fun() -> zstd:finish(C,"def") end),
 [p(fun() -> zstd:get_parameter(C,K) end) || K <- [compressionLevel,windowLog,strategy,checksumFlag,contentSizeFlag,dictIDFlag,enableLongDistanceMatching,foo,minMatch]],
 p(fun() -> zstd:set_parameter(C,strategy,fast) end), p(fun() -> zstd:get_parameter(C,strategy) end),
 p(fun() -> zstd:set_parameter(C,strategy,foo) end), p(fun() -> zstd:set_parameter(C,compressionLevel,1 bsl 40) end), p(fun() -> zstd:set_parameter(C,windowLog,99) end),p(fun() -> zstd:set_parameter(C,checksumFlag,1) end),
 p(fun() -> zstd:set_parameter(C,foo,1) end), p(fun() -> zstd:reset(C) end), p(fun() -> zstd:close(C) end), p(fun() -> zstd:stream(C,"a") end), p(fun() -> zstd:close(C) end),
 {ok,DC}=zstd:context(decompress), p(fun() -> zstd:stream(DC,<<40,181,47,253,32>>) end), p(fun() -> zstd:finish(DC,<<2,17,0,0,97,98>>) end), p(fun() -> zstd:get_parameter(DC,windowLogMax) end), p(fun() -> zstd:set_parameter(DC,windowLogMax,25) end), p(fun() -> zstd:set_parameter(DC,windowLogMax,x) end), p(fun() -> zstd:set_parameter(DC,y,1) end),p(fun() -> zstd:get_parameter(DC,y) end),
 p(fun() -> zstd:decompress(<<1,2,3,4,5>>) end), p(fun() -> zstd:decompress(<<>>) end), p(fun() -> zstd:decompress(<<40,181,47,253,32>>) end),
 Dict = binary:copy(<<"hello zstd world">>,30), {ok,CD}=zstd:dict(compress,Dict), {ok,DD}=zstd:dict(decompress,Dict),
 p(fun() -> {element(1,CD),zstd:get_dict_id(CD),zstd:get_dict_id(DD),zstd:get_dict_id(Dict),zstd:get_dict_id(zstd:compress("a"))} end),
 p(fun() -> B=zstd:compress("hello zstd world!",#{dictionary=>CD}), {B, zstd:decompress(B,#{dictionary=>DD}), zstd:decompress(B,#{dictionary=>Dict})} end),
 p(fun() -> B=zstd:compress("hello zstd world!",#{dictionary=>Dict}), {B, zstd:decompress(B)} end),
 p(fun() -> zstd:dict(compress,x) end), p(fun() -> zstd:dict(compress,Dict,#{compressionLevel=>foo}) end), p(fun() -> zstd:dict(decompress,[1]) end),
 S=self(), {ok,C2}=zstd:context(compress), spawn(fun() -> p(fun() -> zstd:stream(C2,"a") end), S ! go end), receive go -> ok end,
 p(fun() -> zstd:set_parameter(C2,pledgedSrcSize,5) end), p(fun() -> zstd:finish(C2,"abc") end), p(fun() -> zstd:set_parameter(C2,pledgedSrcSize,-1) end), p(fun() -> zstd:finish(C2,["a",[$b]|<<"c">>]) end), p(fun() -> try zstd:flush(DC) catch error:{badarg,{W,_}} -> W end end),
 p(fun() -> zstd:stream(C2,foo) end), p(fun() -> zstd:set_parameter(foo,a,1) end), p(fun() -> is_reference(element(2,C2)) end), {ok,D3}=zstd:context(decompress), p(fun() -> zstd:finish(D3,<<>>) end), p(fun() -> zstd:stream(D3,<<>>) end), p(fun() -> zstd:stream(D3,binary:copy(iolist_to_binary(zstd:compress("ab")),3)) end), p(fun() -> zstd:get_parameter(C2,pledgedSrcSize) end).
