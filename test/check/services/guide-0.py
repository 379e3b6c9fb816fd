"""The service of Tsuru's old guide "build your own service": stubs that store nothing.
Round 0: what a beginner has after the guide, before the first check."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

PLANS = [
    {'name': 'small', 'description': 'small instance'},
    {'name': 'large', 'description': 'large instance'},
]


def answer(method, path, body):
    match method, path:
        case 'GET', ['resources', 'plans']:
            return 200, json.dumps(PLANS)
        case 'POST', ['resources']:
            name = dict(parse_qsl(body)).get('name')
            print('create', name)
            return 201, ''
        case 'PUT', ['resources', name]:
            return 200, ''
        case 'DELETE', ['resources', name]:
            return 200, ''
        case 'POST', ['resources', name, 'bind-app']:
            return 201, json.dumps({'SOMEVAR': 'somevalue'})
        case 'DELETE', ['resources', name, 'bind-app']:
            return 200, ''
        case 'GET', ['resources', name, 'status']:
            return 204, ''
    return 404, 'not found'


class Handler(BaseHTTPRequestHandler):
    def serve(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        status, text = answer(self.command, self.path.split('/')[1:], body.decode())
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_DELETE = serve


server = ThreadingHTTPServer(('127.0.0.1', int(os.environ.get('PORT', '8888'))), Handler)
print(f'listening http://127.0.0.1:{server.server_port}', flush=True)
server.serve_forever()
