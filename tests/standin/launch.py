"""The AWS stand-in: moto with repairs, in one process, on 127.0.0.1.

Prints `READY <port>` when it answers. Ends when its standard input closes, on SIGTERM, and when its parent dies, so that
nothing is left behind by a test that was killed.
"""

import argparse
import io
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.dont_write_bytecode = True  # leave no files beside the sources
os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"  # moto reads it when it is imported
os.environ.pop("MOTO_ACCOUNT_ID", None)  # it would win over every choice of an account

import control  # noqa: E402
import paging  # noqa: E402
import repairs  # noqa: E402
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: E402


class Moto:
    """moto's applications. Its own choice of one by host name tries a hundred patterns; here the signature names the service."""

    def __init__(self):
        self.any = DomainDispatcherApplication(create_backend_app)
        self.known = {service: create_backend_app(service) for service in ("iam", "sts")}

    def __call__(self, service, environ, body):
        answer = {}

        def start_response(status, headers, exc_info=None):
            answer["status"], answer["headers"] = int(status.split(" ", 1)[0]), dict(headers)

        environ["wsgi.input"] = io.BytesIO(body)
        chunks = self.known.get(service, self.any)(environ, start_response)
        try:
            content = b"".join(chunks)
        finally:
            if hasattr(chunks, "close"):
                chunks.close()
        return answer["status"], answer["headers"], content


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections, which moto's own server closes after each answer
    disable_nagle_algorithm = True
    wbufsize = -1

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": str(self.server.server_port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            key = f"HTTP_{name.upper().replace('-', '_')}"
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        try:
            status, headers, content = self.server.app(environ, body)
        except control.Closed:
            self.close_connection = True
            return
        except NotImplementedError as problem:
            status, headers, content = control.error(501, "NotImplemented", f"moto does not implement this: {problem}")
        except Exception as problem:
            self.log_error("%s %s: %r", self.command, body[:200], problem)
            status, headers, content = control.error(500, "StandinFailure", repr(problem))
        self.send_response_only(status)
        if not any(name.lower() == "date" for name in headers):
            self.send_header("Date", self.date_time_string())
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = serve

    def log_request(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def end_with_parent(watch_stdin):
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    if not watch_stdin:
        return
    # No PR_SET_PDEATHSIG here: it follows the thread that started us, and a test's thread ends before its process does.

    def wait():
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description="The AWS stand-in of rolewright's tests")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--page-cap", type=int, default=int(os.environ.get("STANDIN_PAGE_CAP", "100")), help="largest page, as IAM may cut pages")
    parser.add_argument("--detached", action="store_true", help="do not end when standard input closes")
    options = parser.parse_args()
    end_with_parent(not options.detached)
    paging.DEFAULTS["page_cap"] = options.page_cap
    repairs.install()
    server = Server(("127.0.0.1", options.port), Handler)
    server.app = control.Control(Moto())
    print(f"READY {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
