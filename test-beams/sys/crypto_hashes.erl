%% A native library of OTP's own: crypto.
-module(crypto_hashes).
-export([main/0]).
-import(tb, [p/2, id/1]).

main() ->
    Data = binary:copy(<<"some data ">>, 100),
    p(hash, [{A, binary:encode_hex(crypto:hash(A, Data))} || A <- [md5, sha, sha224, sha256, sha384, sha512, sha3_256, blake2b]]),
    p(hash_iolist, crypto:hash(sha256, ["a", [<<"b">>]]) =:= crypto:hash(sha256, "ab")),
    p(hash_steps, begin S0 = crypto:hash_init(sha256), S1 = crypto:hash_update(S0, "ab"), S2 = crypto:hash_update(S1, <<"c">>), crypto:hash_final(S2) =:= crypto:hash(sha256, "abc") end),
    p(mac, [binary:encode_hex(crypto:mac(hmac, A, <<"key">>, Data)) || A <- [sha, sha256]]),
    p(mac_cmac, binary:encode_hex(crypto:mac(cmac, aes_128_cbc, <<1:128>>, Data))),
    p(ctr, begin E = crypto:crypto_one_time(aes_256_ctr, <<1:256>>, <<2:128>>, Data, true), {binary:encode_hex(crypto:hash(md5, E)), crypto:crypto_one_time(aes_256_ctr, <<1:256>>, <<2:128>>, E, false) =:= Data} end),
    p(cbc, begin E2 = crypto:crypto_one_time(aes_128_cbc, <<1:128>>, <<2:128>>, Data, [{encrypt, true}, {padding, pkcs_padding}]), {byte_size(E2), crypto:crypto_one_time(aes_128_cbc, <<1:128>>, <<2:128>>, E2, [{encrypt, false}, {padding, pkcs_padding}]) =:= Data} end),
    p(gcm, begin {E3, Tag} = crypto:crypto_one_time_aead(aes_256_gcm, <<1:256>>, <<2:96>>, Data, <<"aad">>, true), {binary:encode_hex(Tag), crypto:crypto_one_time_aead(aes_256_gcm, <<1:256>>, <<2:96>>, E3, <<"aad">>, Tag, false) =:= Data, crypto:crypto_one_time_aead(aes_256_gcm, <<1:256>>, <<2:96>>, E3, <<"bad">>, Tag, false)} end),
    p(stream, begin St = crypto:crypto_init(aes_128_ctr, <<1:128>>, <<2:128>>, true), A4 = crypto:crypto_update(St, <<"part one">>), B4 = crypto:crypto_update(St, <<"part two">>), binary:encode_hex(<<A4/binary, B4/binary>>) end),
    p(random, [byte_size(crypto:strong_rand_bytes(N)) || N <- [0, 1, 1000]]),
    p(exor, crypto:exor(<<1, 2, 3>>, <<255, 255, 255>>)),
    p(mod_pow, binary:decode_unsigned(crypto:mod_pow(3, 1000, 1000007))),
    p(eddsa, begin {Pub, Priv} = crypto:generate_key(eddsa, ed25519, binary:copy(<<7>>, 32)), Sig = crypto:sign(eddsa, none, Data, [Priv, ed25519]), {binary:encode_hex(Pub), binary:encode_hex(crypto:hash(md5, Sig)), crypto:verify(eddsa, none, Data, Sig, [Pub, ed25519])} end),
    p(ecdh, begin {PubA, PrivA} = crypto:generate_key(ecdh, x25519, binary:copy(<<1>>, 32)), {PubB, PrivB} = crypto:generate_key(ecdh, x25519, binary:copy(<<2>>, 32)), crypto:compute_key(ecdh, PubA, PrivB, x25519) =:= crypto:compute_key(ecdh, PubB, PrivA, x25519) end),
    p(pbkdf2, binary:encode_hex(crypto:pbkdf2_hmac(sha256, <<"pass">>, <<"salt">>, 1000, 32))),
    p(equal, crypto:hash_equals(<<"abc">>, <<"abc">>)),
    p(bad_hash, try crypto:hash(id(nohash), "x") catch error:{Tag5, _, _} -> Tag5; error:badarg -> badarg end),
    p(supports, [lists:member(X, crypto:supports(hashs)) || X <- [sha256, md5, nope]]),
    p(parallel, begin Me = self(), [spawn(fun() -> Me ! {h, crypto:hash(sha256, integer_to_list(N))} end) || N <- lists:seq(1, 50)], L = [receive {h, H} -> H end || _ <- lists:seq(1, 50)], binary:encode_hex(crypto:hash(md5, lists:sort(L))) end),
    p(big, binary:encode_hex(crypto:hash(sha256, binary:copy(<<0>>, 5000000)))).
