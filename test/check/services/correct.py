"""A correct Tsuru service API on Python's standard library: instances are created in the background."""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, unquote_to_bytes

CREATION_SECONDS = 0.05
MAXIMUM_BODY = 1024 * 1024
PLANS = {'small': 'One gigabyte, shared', 'large': 'A hundred gigabytes, your own'}
NAME = re.compile(r'[A-Za-z][-a-zA-Z0-9_]+')
MALFORMED_PERCENT = re.compile(r'%(?![0-9A-Fa-f]{2})')
FORM_NAMES = {'app-name': 'appName', 'job-name': 'jobName'}


class Refusal(Exception):
    def __init__(self, status, text):
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass
class Reply:
    status: int
    body: str = ''
    content_type: str = 'text/plain; charset=utf-8'


def json_reply(status, value):
    return Reply(status, json.dumps(value), 'application/json')


@dataclass
class Instance:
    team: str
    plan: str
    parameters: dict
    description: str
    tags: list
    ready: bool = False
    bound: set = field(default_factory=set)
    # Outlives the bind: a bind after an unbind must return the same credentials.
    credentials: dict = field(default_factory=dict)


class Store:
    """The instances; one lock makes each call atomic. `who` is ('app', name) or ('job', name)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.instances = {}

    def create(self, name, wanted):
        with self.lock:
            existing = self.instances.get(name)
            if existing is not None:
                return self._adopt(existing, wanted)
            self.instances[name] = wanted
        timer = threading.Timer(CREATION_SECONDS, self._finish, [wanted])
        timer.daemon = True
        timer.start()

    def _adopt(self, existing, wanted):
        differing = [key for key in ('team', 'plan', 'parameters') if getattr(existing, key) != getattr(wanted, key)]
        if differing:
            raise Refusal(422, f'an instance of this name exists with a different {" and ".join(differing)}')
        if existing.bound:
            raise Refusal(422, 'an instance of this name exists and is in use: it has binds')
        existing.description, existing.tags = wanted.description, wanted.tags

    def _finish(self, instance):
        # It refers to the instance, not to its name: a removed instance stays removed.
        with self.lock:
            instance.ready = True

    def update(self, name, wanted):
        with self.lock:
            instance = self._get(name, missing=410)
            check_plan(wanted.plan, f'; set it back: tsuru service instance update svc {name} -p {instance.plan}')
            for key in ('team', 'plan', 'parameters', 'description', 'tags'):
                setattr(instance, key, getattr(wanted, key))

    def remove(self, name):
        with self.lock:
            self._get(name)
            del self.instances[name]

    def bind(self, name, who):
        with self.lock:
            instance = self._get(name)
            if not instance.ready:
                raise Refusal(412, 'the instance is not ready yet: try again in a moment')
            if who not in instance.credentials:
                instance.credentials[who] = new_credentials(name)
            instance.bound.add(who)
            return instance.credentials[who]

    def unbind(self, name, who):
        with self.lock:
            self._get(name).bound.discard(who)

    def is_ready(self, name):
        with self.lock:
            return self._get(name).ready

    def describe(self, name):
        with self.lock:
            instance = self._get(name)
            values = {
                'Plan': instance.plan or 'none',
                'Tags': ', '.join(instance.tags),
                'Binds': str(len(instance.bound)),
                'State': 'up' if instance.ready else 'pending',
            }
        return [{'label': label, 'value': value} for label, value in values.items()]

    def _get(self, name, missing=404):
        try:
            return self.instances[name]
        except KeyError:
            raise Refusal(missing, 'there is no instance of this name') from None


def new_credentials(name):
    user, password = f'u{secrets.token_hex(8)}', secrets.token_urlsafe(24)
    return {
        'STORE_URL': f'store://{user}:{password}@store.example.com/{name}',
        'STORE_USER': user,
        'STORE_PASSWORD': password,
    }


def check_plan(plan, advice=''):
    if plan and plan not in PLANS:
        raise Refusal(400, f'no such plan: choose one of {", ".join(PLANS)}{advice}')


@dataclass
class Fields:
    """The fields of a body in either encoding, under the names of JSON, with the parameters flattened as in a form."""

    values: dict = field(default_factory=dict)
    parameters: dict = field(default_factory=dict)

    def text(self, key, required=False):
        value = self.values.get(key)
        if value is None:
            value = ''
        if not isinstance(value, str):
            raise Refusal(400, f'{key} must be a string')
        if required and not value:
            raise Refusal(400, f'{key} is missing')
        return value

    def texts(self, key):
        value = self.values.get(key)
        if value is None:
            value = []
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Refusal(400, f'{key} must be a list of strings')
        return value

    def instance(self, team_required=False):
        return Instance(
            team=self.text('team', team_required),
            plan=self.text('plan'),
            parameters=self.parameters,
            description=self.text('description'),
            tags=self.texts('tags'),
        )


def parse_body(content_type, body):
    if not body:
        return Fields()
    kind, _, options = content_type.lower().partition(';')
    charset = re.search(r'charset\s*=\s*"?([^";\s]*)', options)
    if charset and charset[1] not in ('utf-8', 'utf8'):
        raise Refusal(415, 'the body must be in UTF-8')
    parsers = {'application/json': parse_json, 'application/x-www-form-urlencoded': parse_form}
    parse = parsers.get(kind.strip())
    if parse is None:
        raise Refusal(415, 'the body must be a form or JSON')
    try:
        return parse(body.decode())
    except (ValueError, RecursionError):
        raise Refusal(400, 'the body is malformed') from None


def parse_json(text):
    values = json.loads(text, parse_constant=refuse_constant)
    if not isinstance(values, dict):
        raise Refusal(400, 'the body must be a JSON object')
    parameters = values.get('parameters')
    if parameters is None:
        parameters = {}
    if not isinstance(parameters, dict):
        raise Refusal(400, 'parameters must be a JSON object')
    flat = {}
    for key, value in parameters.items():
        if key:
            flatten(escape(key), value, flat)
    return Fields(values, flat)


def refuse_constant(name):
    raise ValueError(f'{name} is not JSON')


def escape(key):
    return key.replace('\\', '\\\\').replace('.', '\\.')


def flatten(path, value, flat):
    if not value:
        flat[path] = ''
    elif isinstance(value, dict):
        for key, item in value.items():
            flatten(f'{path}.{escape(key)}', item, flat)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            flatten(f'{path}.{index}', item, flat)
    else:
        flat[path] = 'true' if value is True else str(value)


def parse_form(text):
    if MALFORMED_PERCENT.search(text):
        raise ValueError('malformed percent-encoding')
    fields = Fields()
    for key, value in parse_qsl(text, keep_blank_values=True, errors='strict'):
        if key == 'tags':
            fields.values.setdefault('tags', []).append(value)
        elif key.startswith('parameters.'):
            # Tsuru sends `parameters.=` for an empty object.
            if key != 'parameters.':
                fields.parameters[key.removeprefix('parameters.')] = value
        else:
            fields.values.setdefault(FORM_NAMES.get(key, key), value)
    return fields


def split_path(target):
    path = target.partition('?')[0]
    if not path.startswith('/') or not path.isascii() or MALFORMED_PERCENT.search(path):
        raise Refusal(400, 'the path is malformed')
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in path[1:].split('/')]
    except UnicodeDecodeError:
        raise Refusal(400, 'the path is not in UTF-8') from None
    if any(segment in ('', '.', '..') or '/' in segment for segment in segments):
        raise Refusal(404, 'not found')
    return segments


def perform(store, method, segments, read_fields):
    match method, segments:
        case 'GET', ['resources', 'plans']:
            return json_reply(200, [{'name': name, 'description': text} for name, text in PLANS.items()])
        case 'GET', ['resources', name]:
            return json_reply(200, store.describe(name))
        case 'GET', ['resources', name, 'status']:
            return Reply(204 if store.is_ready(name) else 202)
        case 'POST', ['resources']:
            fields = read_fields()
            name = fields.text('name', required=True)
            if name == 'plans' or not NAME.fullmatch(name):
                raise Refusal(400, 'use a letter, then letters, digits, - and _ for the name; not "plans"')
            wanted = fields.instance(team_required=True)
            check_plan(wanted.plan)
            store.create(name, wanted)
            return Reply(201)
        case 'PUT', ['resources', name]:
            store.update(name, read_fields().instance())
            return Reply(200)
        case 'DELETE', ['resources', name]:
            read_fields()
            store.remove(name)
            return Reply(200)
        case 'POST', ['resources', name, 'bind-app']:
            return json_reply(201, store.bind(name, ('app', read_fields().text('appName', required=True))))
        case 'DELETE', ['resources', name, 'bind-app']:
            store.unbind(name, ('app', read_fields().text('appName', required=True)))
            return Reply(200)
        case 'PUT', ['resources', name, 'binds', 'jobs', job]:
            read_fields()
            return json_reply(201, store.bind(name, ('job', job)))
        case 'DELETE', ['resources', name, 'binds', 'jobs', job]:
            read_fields()
            store.unbind(name, ('job', job))
            return Reply(200)
    raise Refusal(404, 'not found')


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    # The base class's HTTP/0.9 would reply to an invalid request without a status.
    default_request_version = 'HTTP/1.0'
    disable_nagle_algorithm = True
    timeout = 60

    def respond(self):
        try:
            body = self.read_body()
        except Refusal as refusal:
            self.refuse_and_close(refusal)
            return
        try:
            self.authenticate()
            # Not self.path: the base class merges leading slashes.
            segments = split_path(self.requestline.split()[1])
            method = 'GET' if self.command == 'HEAD' else self.command
            content_type = self.headers.get('Content-Type', '')
            reply = perform(self.server.store, method, segments, lambda: parse_body(content_type, body))
        except Refusal as refusal:
            reply = Reply(refusal.status, refusal.text)
        self.send(reply)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = do_TRACE = respond

    def read_body(self):
        """The whole body, on every request: the next request on the connection begins after it."""
        if 'Transfer-Encoding' in self.headers:
            raise Refusal(411, 'a Content-Length is needed')
        lengths = self.headers.get_all('Content-Length', ['0'])
        if len(lengths) > 1 or not re.fullmatch('[0-9]{1,18}', lengths[0]):
            raise Refusal(400, 'the Content-Length is malformed')
        length = int(lengths[0])
        if length > MAXIMUM_BODY:
            raise Refusal(413, 'the body is larger than 1 MB')
        body = self.rfile.read(length)
        if len(body) < length:
            raise Refusal(400, 'the body ended early')
        return body

    def authenticate(self):
        scheme, _, encoded = self.headers.get('Authorization', '').partition(' ')
        try:
            given = base64.b64decode(encoded.strip(), validate=True)
        except ValueError:
            given = b''
        same = hmac.compare_digest(hashlib.sha256(given).digest(), self.server.credentials_digest)
        if scheme.lower() != 'basic' or not same:
            raise Refusal(401, 'the user name or the password is wrong')

    def send(self, reply):
        body = reply.body.encode()
        self.send_response(reply.status)
        if reply.status == 401:
            self.send_header('WWW-Authenticate', 'Basic realm="service"')
        if self.close_connection:
            self.send_header('Connection', 'close')
        if reply.status != 204:
            self.send_header('Content-Length', str(len(body)))
        if body:
            self.send_header('Content-Type', reply.content_type)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def refuse_and_close(self, refusal):
        self.close_connection = True
        self.send(Reply(refusal.status, refusal.text))
        # Closing with bytes unread resets the connection, and the client would lose the reply.
        self.connection.shutdown(socket.SHUT_WR)
        self.connection.settimeout(1)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and self.rfile.read1(65536):
            pass

    def send_error(self, code, message=None, explain=None):
        # The base class refuses mistakes of the client with 501 (method) and 505 (version).
        status = {501: 405, 505: 400}.get(code, code)
        self.refuse_and_close(Refusal(status, 'the request is malformed or its method is unknown'))

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128

    def __init__(self, port, username, password):
        super().__init__(('127.0.0.1', port), Handler)
        self.store = Store()
        self.credentials_digest = hashlib.sha256(f'{username}:{password}'.encode()).digest()

    def handle_error(self, request, client_address):
        # A client that hangs up is not an error.
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    port = int(os.environ.get('PORT', '0'))
    with Server(port, os.environ['SERVICE_USERNAME'], os.environ['SERVICE_PASSWORD']) as server:
        print(f'listening http://127.0.0.1:{server.server_port}', flush=True)
        server.serve_forever()


if __name__ == '__main__':
    main()
