%% Suites name this hook of common_test: at OTP's own builds it builds the C parts of a suite's
%% data directory. Here the runner has built them, so nothing is left to do.
-module(ts_install_cth).
-export([id/1, init/2]).

id(_) -> ?MODULE.

init(_, _) -> {ok, none}.
