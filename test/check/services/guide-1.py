"""The guide's service after round 1: a password, instances in memory, bodies in JSON, and binds of jobs.
By the advice of auth.missing, bind-app.missing, create.other-team and bind-job.success on guide-0.py."""

import base64
import hmac
import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

PLANS = [
    {'name': 'small', 'description': 'small instance'},
    {'name': 'large', 'description': 'large instance'},
]
CREDENTIALS = f'{os.environ["SERVICE_USERNAME"]}:{os.environ["SERVICE_PASSWORD"]}'
AUTHORIZATION = 'Basic ' + base64.b64encode(CREDENTIALS.encode()).decode()
instances = {}


def read(content_type, body):
    if content_type == 'application/json':
        return json.loads(body)
    form = dict(parse_qsl(body, keep_blank_values=True))
    form['parameters'] = {key: value for key, value in form.items() if key.startswith('parameters.')}
    return form


def create(fields):
    wanted = {key: fields.get(key) for key in ('team', 'plan', 'parameters')}
    existing = instances.setdefault(fields.get('name'), wanted)
    differences = [key for key in wanted if wanted[key] != existing[key]]
    if differences:
        return 422, f'the instance exists with a different {", ".join(differences)}'
    return 201, ''


def answer(method, path, content_type, body):
    match method, path:
        case 'GET', ['resources', 'plans']:
            return 200, json.dumps(PLANS)
        case 'POST', ['resources']:
            return create(read(content_type, body))
        case 'PUT', ['resources', name]:
            return 200, ''
        case 'DELETE', ['resources', name]:
            instances.pop(name, None)
            return 200, ''
        case 'POST', ['resources', name, 'bind-app']:
            if name not in instances:
                return 404, 'no such instance'
            return 201, json.dumps({'SOMEVAR': 'somevalue'})
        case 'DELETE', ['resources', name, 'bind-app']:
            return 200, ''
        case 'PUT', ['resources', name, 'binds', 'jobs', job]:
            return 201, json.dumps({'SOMEVAR': 'somevalue'})
        case 'GET', ['resources', name, 'status']:
            return 204, ''
    return 404, 'not found'


class Handler(BaseHTTPRequestHandler):
    def serve(self):
        body = self.rfile.read(int(self.headers.get('Content-Length', 0)))
        if not hmac.compare_digest(self.headers.get('Authorization', ''), AUTHORIZATION):
            status, text = 401, 'wrong user name or password'
        else:
            content_type = self.headers.get('Content-Type')
            status, text = answer(self.command, self.path.split('/')[1:], content_type, body.decode())
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_DELETE = serve


server = ThreadingHTTPServer(('127.0.0.1', int(os.environ.get('PORT', '8888'))), Handler)
print(f'listening http://127.0.0.1:{server.server_port}', flush=True)
server.serve_forever()
