"""A small FTP server on the loopback interface for one directory: ftp_server.py DIRECTORY. It prints its port. One user,
`someone` with password `secret`; binary transfers, passive (PASV, EPSV) and active (PORT, EPRT)."""

import os
import socket
import sys
import threading

ROOT = os.path.abspath(sys.argv[1])


class Session:
    def __init__(self, peer):
        self.peer, self.file = peer, peer.makefile("rb")
        self.place, self.user, self.known = "/", None, False
        self.waiting = self.active = self.old = None

    def say(self, text):
        self.peer.sendall(f"{text}\r\n".encode())

    def path(self, name):
        inside = os.path.normpath(os.path.join(self.place, name))
        return ROOT + ("" if inside == "/" else inside)

    def data(self):
        if self.waiting:
            made, _ = self.waiting.accept()
            self.waiting.close()
            self.waiting = None
            return made
        return socket.create_connection(self.active)

    def send(self, data):
        self.say("150 here it comes")
        with self.data() as to:
            to.sendall(data)
        self.say("226 done")

    def store(self, name, mode):
        with open(self.path(name), mode) as out:
            self.say("150 go on")
            with self.data() as source:
                while part := source.recv(65536):
                    out.write(part)
        self.say("226 done")

    def listen(self):
        self.waiting = socket.create_server(("127.0.0.1", 0))
        return self.waiting.getsockname()[1]

    def command(self, verb, rest):
        if verb == "USER":
            self.user = rest
            return self.say("331 password?")
        if verb == "PASS":
            self.known = (self.user, rest) == ("someone", "secret")
            return self.say("230 welcome" if self.known else "530 no")
        if verb == "QUIT":
            self.say("221 bye")
            raise EOFError
        if not self.known:
            return self.say("530 who are you?")
        if verb == "TYPE" or verb == "NOOP":
            self.say("200 fine")
        elif verb == "PWD":
            self.say(f'257 "{self.place}"')
        elif verb == "CWD":
            if not os.path.isdir(self.path(rest)):
                return self.say("550 no such place")
            self.place = os.path.normpath(os.path.join(self.place, rest))
            self.say("250 there")
        elif verb == "CDUP":
            return self.command("CWD", "..")
        elif verb == "MKD":
            os.mkdir(self.path(rest))
            self.say("257 made")
        elif verb == "RMD":
            os.rmdir(self.path(rest))
            self.say("250 gone")
        elif verb == "DELE":
            os.remove(self.path(rest))
            self.say("250 gone")
        elif verb == "RNFR":
            self.old = self.path(rest)
            self.say("350 to?")
        elif verb == "RNTO":
            os.rename(self.old, self.path(rest))
            self.say("250 renamed")
        elif verb == "PASV":
            port = self.listen()
            self.say(f"227 at (127,0,0,1,{port >> 8},{port & 255})")
        elif verb == "EPSV":
            self.say(f"229 at (|||{self.listen()}|)")
        elif verb == "PORT":
            n = rest.split(",")
            self.active = (".".join(n[:4]), int(n[4]) << 8 | int(n[5]))
            self.say("200 fine")
        elif verb == "EPRT":
            _, _, host, port, _ = rest.split(rest[0])
            self.active = (host, int(port))
            self.say("200 fine")
        elif verb in ("NLST", "LIST"):
            names = sorted(os.listdir(self.path(rest or ".")))
            self.send("".join(f"{n}\r\n" for n in names).encode())
        elif verb == "RETR":
            with open(self.path(rest), "rb") as source:
                self.send(source.read())
        elif verb == "STOR":
            self.store(rest, "wb")
        elif verb == "APPE":
            self.store(rest, "ab")
        else:
            self.say("502 not here")

    def run(self):
        self.say("220 ready")
        for line in self.file:
            verb, _, rest = line.decode().rstrip("\r\n").partition(" ")
            try:
                self.command(verb.upper(), rest)
            except EOFError:
                break
            except OSError:
                self.say("550 no")
        self.peer.close()


def main():
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    while True:
        peer, _ = server.accept()
        threading.Thread(target=Session(peer).run, daemon=True).start()


main()
