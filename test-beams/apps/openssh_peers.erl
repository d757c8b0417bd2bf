%% vm: own
%% timeout: 90
%% OpenSSH's ssh and sftp against our daemon.
-module(openssh_peers).
-export([main/0]).
-import(tb, [p/2]).

main() ->
    {ok, _} = application:ensure_all_started(ssh),
    logger:set_primary_config(level, none),
    [ok = file:make_dir(D) || D <- ["system", "user"]],
    os:cmd("ssh-keygen -q -t ed25519 -N '' -f system/ssh_host_ed25519_key; ssh-keygen -q -t rsa -b 2048 -m PEM -N '' -f system/ssh_host_rsa_key"),
    os:cmd("ssh-keygen -q -t rsa -b 2048 -N '' -f id; cp id.pub user/authorized_keys"),
    {ok, Cwd} = file:get_cwd(),
    {ok, D} = ssh:daemon({127, 0, 0, 1}, 0, [{system_dir, "system"}, {user_dir, "user"},
                                             {subsystems, [ssh_sftpd:subsystem_spec([{cwd, Cwd}])]}]),
    {ok, Info} = ssh:daemon_info(D),
    Port = integer_to_list(proplists:get_value(port, Info)),
    Options = " -q -F /dev/null -i id -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o BatchMode=yes -o IdentitiesOnly=yes ",
    p(exec, os:cmd("timeout 30 ssh -p " ++ Port ++ Options ++ "127.0.0.1 'lists:sum([1,2,3]).' 2>/dev/null")),
    Data = crypto:strong_rand_bytes(200000),
    ok = file:write_file("data.bin", Data),
    ok = file:write_file("batch", "get data.bin copy.bin\nput copy.bin back.bin\nrename back.bin third.bin\n"),
    p(sftp, length(os:cmd("timeout 60 sftp -P " ++ Port ++ Options ++ "-b batch 127.0.0.1 2>&1")) > 0),
    p(same, [file:read_file(F) =:= {ok, Data} || F <- ["copy.bin", "third.bin"]]),
    os:cmd("ssh-keygen -q -t rsa -b 2048 -N '' -f stranger"),
    p(stranger, os:cmd("timeout 30 ssh -p " ++ Port ++ " -q -F /dev/null -i stranger -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
                       "-o UserKnownHostsFile=/dev/null -o BatchMode=yes 127.0.0.1 '1.' >/dev/null 2>&1; echo $?")),
    p(stop, ssh:stop_daemon(D)).
