%% vm: own
%% An exception from -eval ends the emulator with status 1.
-module(boot_crash).
-export([main/0]).

main() ->
    exit(custom_reason).
