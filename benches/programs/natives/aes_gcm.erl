-module(aes_gcm).
-export([run/0]).

%% 16 kB are encrypted and decrypted with AES-GCM.
run() -> loop(200, binary:copy(<<7>>, 16384), binary:copy(<<3>>, 16), <<>>).

loop(0, _, _, Tag) -> Tag;
loop(N, B, K, _) ->
    IV = <<N:96>>,
    {C, Tag} = crypto:crypto_one_time_aead(aes_128_gcm, K, IV, B, <<"aad">>, true),
    B = crypto:crypto_one_time_aead(aes_128_gcm, K, IV, C, <<"aad">>, Tag, false),
    loop(N - 1, B, K, Tag).
