"""Who asks or answers at a broker, by PROTOCOL.md alone: `peer.py ask PORT CHANNEL SIZE...` or `peer.py answer PORT CHANNEL`."""
import itertools, socket, struct, sys, uuid

HELLO, REGISTER, REGISTERED, START, REPLY, CHUNK, END, ERROR, CANCEL, CREDIT, PING, PONG, GOAWAY = 1, 2, 3, 16, 17, 18, 19, 20, 21, 22, 32, 33, 34
WHOLE, NO_HEADERS = 0x01, b"\0\0"


class Request:
    """One's own body that is still to be said, and the other's as far as it has come."""

    def __init__(self, body, window):
        self.left, self.said, self.allowed, self.heard, self.granted = body, 0, window, bytearray(), 0


class Peer:
    def __init__(self, port, role, channel):
        self.sock, self.requests = socket.create_connection(("127.0.0.1", int(port))), {}
        self.stream = self.sock.makefile("rb")
        self.say(HELLO, 0, b"HWSR" + struct.pack(">HH", 1, 1) + NO_HEADERS)
        self.say(REGISTER, 1, struct.pack(">II", role, 4 if role == 1 else 0) + uuid.UUID(channel).bytes)
        hello, registered = self.hear()[3], self.hear()[3]
        magic, version, self.max_frame, _, self.window = struct.unpack(">4sHxxIII", hello[:20])
        assert (magic, version, registered[:4]) == (b"HWSR", 1, bytes(4)), (hello, registered)
        print("registered", flush=True)

    def say(self, kind, id, payload, flags=0):
        self.sock.sendall(struct.pack(">IBBHQ", len(payload), kind, flags, 0, id) + payload)

    def hear(self):
        header = self.stream.read(16)
        if not header: return None
        length, kind, flags, _, id = struct.unpack(">IBBHQ", header)
        return kind, flags, id, self.stream.read(length)

    def go_on(self, id):
        """Says as much of a body as there is credit for, and END behind all of it."""
        request = self.requests[id]
        while request.left and request.said < request.allowed:
            piece = request.left[:min(request.allowed - request.said, self.max_frame)]
            request.left, request.said = request.left[len(piece):], request.said + len(piece)
            self.say(CHUNK, id, piece)
            if not request.left: self.say(END, id, struct.pack(">Q", request.said))

    def take(self, id, piece):
        request = self.requests[id]
        request.heard += piece
        if len(request.heard) - request.granted >= self.window // 2:
            self.say(CREDIT, id, struct.pack(">I", len(request.heard) - request.granted))
            request.granted = len(request.heard)

    def frames(self):
        """What is said of requests; all else is seen to."""
        while frame := self.hear():
            kind, flags, id, payload = frame
            if kind == PING: self.say(PONG, 0, payload)
            if id not in self.requests and kind != START: continue
            if kind in (START, REPLY):
                payload = payload[8:] if kind == START else payload
                assert payload[:2] == NO_HEADERS, payload[:100]
                if kind == START: self.requests[id] = Request(b"", self.window)
                self.take(id, payload[2:])
            if kind == CHUNK: self.take(id, payload)
            if kind == CREDIT:
                self.requests[id].allowed += struct.unpack(">I", payload)[0]
                self.go_on(id)
            if kind == END: assert len(self.requests[id].heard) == struct.unpack(">Q", payload)[0]
            if kind in (END, ERROR, CANCEL) or flags & WHOLE: yield kind, flags, id, payload


def ask(peer, sizes):
    bodies = {id: bytes(i % 251 for i in range(size)) for id, size in zip(itertools.count(1, 2), sizes)}
    for id, body in bodies.items():
        peer.requests[id] = Request(body, peer.window)
        peer.say(START, id, struct.pack(">II", 1, 0) + NO_HEADERS, flags=0 if body else WHOLE)
        peer.go_on(id)
    for kind, flags, id, payload in peer.frames():
        if kind == ERROR: print(len(bodies[id]), "failed", flags, *struct.unpack(">I", payload[:4]), payload[4:].decode(), flush=True)
        else: print(len(bodies[id]), "answered", peer.requests[id].heard == bodies[id][::-1], flush=True)
        del bodies[id], peer.requests[id]
        if not bodies: return


def answer(peer):
    for kind, flags, id, payload in peer.frames():
        if kind == CANCEL: print("cancelled", *struct.unpack(">I", payload), flush=True)
        elif not peer.requests[id].heard: peer.say(ERROR, id, struct.pack(">I", 7) + b"nothing is asked")
        else:
            peer.requests[id].left = bytes(reversed(peer.requests[id].heard))
            peer.say(REPLY, id, NO_HEADERS)
            peer.go_on(id)
    print("end", flush=True)


if sys.argv[1] == "ask": ask(Peer(sys.argv[2], 2, sys.argv[3]), map(int, sys.argv[4:]))
else: answer(Peer(sys.argv[2], 1, sys.argv[3]))
