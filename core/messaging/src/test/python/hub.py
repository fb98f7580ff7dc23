"""A hub by PROTOCOL.md alone: one client at a time, which gets a message first, has its pings answered, and hears what it says as an error."""
import msgpack, socket, struct, sys, time


def send(sock, data, kind="data"):
    now = time.time()
    body = msgpack.packb({"event_name": "progress", "timestamp_ms": int(now * 1000), "timestamp_iso": time.ctime(now),
                          "message_type": kind, "data": data})
    sock.sendall(struct.pack(">I", len(body)) + body)


with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
    print("listening", server.getsockname()[1], flush=True)
    while True:
        sock, _ = server.accept()
        with sock, sock.makefile("rb") as stream:
            send(sock, {"step": 1})
            while prefix := stream.read(4):
                message = msgpack.unpackb(stream.read(*struct.unpack(">I", prefix)))
                if message["message_type"] != "control":
                    send(sock, message["data"], "error")
                elif "ping" in message["data"]:
                    print("ping", flush=True)
                    send(sock, {"pong": message["data"]["ping"]}, "control")
