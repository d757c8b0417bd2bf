"""Two clients of an XMPP server: xmpp.py C2S_PORT HTTP_PORT. Says what works, ends with 1 at the first thing that does not."""
import base64
import json
import re
import socket
import ssl
import sys
import urllib.request

C2S, HTTP = int(sys.argv[1]), int(sys.argv[2])


def api(command, **arguments):
    """The answer to a command of the server's HTTP interface."""
    url = f"http://127.0.0.1:{HTTP}/api/{command}"
    request = urllib.request.Request(url, json.dumps(arguments).encode(), {"Content-Type": "application/json"})
    return json.loads(urllib.request.urlopen(request, timeout=20).read())


class Client:
    """A user that has logged in over TLS and is present."""

    def __init__(self, user, password):
        self.text = ""
        self.socket = socket.create_connection(("127.0.0.1", C2S), timeout=20)
        self.stream()
        self.ask("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<proceed[^>]*>")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.stream()
        plain = base64.b64encode(f"\0{user}\0{password}".encode()).decode()
        self.ask(f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>", "<success[^>]*>")
        self.stream()
        bind = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind>"
        self.ask(f"<iq type='set' id='b'>{bind}</iq>", "</iq>")
        self.ask("<presence/>", "</?presence[^>]*>")

    def stream(self):
        """Opens a stream and waits for what the server can do."""
        names = "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'"
        self.ask(f"<?xml version='1.0'?><stream:stream {names} to='localhost' version='1.0'>", "</stream:features>")

    def send(self, text):
        self.socket.sendall(text.encode())

    def until(self, pattern):
        """What comes up to the end of the pattern."""
        while not (match := re.search(pattern, self.text)):
            data = self.socket.recv(65536)
            assert data, f"closed after {self.text}"
            self.text += data.decode()
        found, self.text = self.text[: match.end()], self.text[match.end() :]
        return found

    def ask(self, text, pattern):
        self.send(text)
        return self.until(pattern)


for name in ("ann", "bob"):
    assert "successfully" in api("register", user=name, host="localhost", password="secret")
print("register: ok")
ann, bob = Client("ann", "secret"), Client("bob", "secret")
print("log in over TLS: ok")
N = 100
for i in range(N):
    ann.send(f"<message to='bob@localhost/r' type='chat' id='m{i}'><body>Grüße {i} &amp; mehr</body></message>")
for i in range(N):
    assert f"<body>Grüße {i} &amp; mehr</body>" in bob.until("</message>")
print("messages: ok")
disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
assert "urn:xmpp:mam:2" in ann.ask(f"<iq type='get' id='d' to='localhost'>{disco}</iq>", "</iq>")
print("discovery: ok")
paging = "<set xmlns='http://jabber.org/protocol/rsm'><max>10</max></set>"
archive = bob.ask(f"<iq type='set' id='a'><query xmlns='urn:xmpp:mam:2'>{paging}</query></iq>", "<fin.*</iq>")
assert archive.count("Grüße") == 10 and f"<count>{N}</count>" in archive, archive
print("archive: ok")
assert sorted(api("connected_users")) == ["ann@localhost/r", "bob@localhost/r"]
ann.ask("</stream:stream>", "</stream:stream>")
assert sorted(api("registered_users", host="localhost")) == ["ann", "bob"]
print("users: ok")
