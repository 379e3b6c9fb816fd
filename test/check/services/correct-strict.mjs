/**
 * A correct Tsuru service API that refuses all that the contract allows it to refuse. It creates instances inline, has no plans
 * and no info, and accepts life-cycle calls from Tsuru only.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers';
import { TextDecoder } from 'node:util';

const MAXIMUM_BODY = 1024 * 1024;
const LONGEST_NAME = 60;
const LINGER = 1000;

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Instances by name; `bound` and `variables` have `app/NAME` and `job/NAME` as their keys. */
const instances = new Map();

function find(name) {
  const instance = instances.get(name);
  if (instance === undefined) throw new Refusal(404, 'there is no instance of this name');
  return instance;
}

const empty = (status) => ({ status, body: '' });
const json = (status, value) => ({ status, type: 'application/json', body: JSON.stringify(value) });

function create({ fields }) {
  const name = text(fields, 'name');
  if (!/^[A-Za-z][-a-zA-Z0-9_]+$/.test(name)) {
    throw new Refusal(400, 'an instance name is a letter and then letters, digits, hyphens and underscores');
  }
  if (name === 'plans') throw new Refusal(400, 'an instance cannot be named "plans"');
  if (name.length > LONGEST_NAME) {
    throw new Refusal(400, `instance names longer than ${LONGEST_NAME} characters are not supported`);
  }
  const wanted = settings(fields);
  if (wanted.team === '') throw new Refusal(400, 'the team is missing');

  const existing = instances.get(name);
  if (existing === undefined) {
    instances.set(name, { ...wanted, bound: new Set(), variables: new Map() });
    return empty(201);
  }
  const differing = ['team', 'size'].filter((key) => existing[key] !== wanted[key]);
  if (differing.length > 0) {
    throw new Refusal(422, `this instance exists already, with another ${differing.join(' and another ')}`);
  }
  if (existing.bound.size > 0) throw new Refusal(422, 'this instance exists already and is in use');
  Object.assign(existing, wanted);
  return empty(201);
}

function update({ name, fields }) {
  // Tsuru treats a 404 as success.
  if (!instances.has(name)) throw new Refusal(410, 'there is no instance of this name');
  Object.assign(find(name), settings(fields));
  return empty(200);
}

function destroy({ name }) {
  find(name);
  instances.delete(name);
  return empty(200);
}

function bind(name, who) {
  const { bound, variables } = find(name);
  // They outlive the bind: a bind after an unbind must return the same ones.
  if (!variables.has(who)) {
    variables.set(who, {
      CACHE_HOST: 'cache.example.com',
      CACHE_PORT: '6379',
      CACHE_TOKEN: randomBytes(24).toString('base64url'),
    });
  }
  bound.add(who);
  return json(200, variables.get(who));
}

function unbind(name, who) {
  if (!find(name).bound.delete(who)) throw new Refusal(404, 'this is not bound to the instance');
  return empty(200);
}

function app(fields) {
  const name = text(fields, 'appName');
  if (name === '') throw new Refusal(400, 'the name of the app is missing');
  return `app/${name}`;
}

function status({ name }) {
  find(name);
  return { status: 200, type: 'text/plain; charset=utf-8', body: 'running' };
}

function noInfo() {
  throw new Refusal(404, 'this service gives no info');
}

/** The first path that matches is used. `:word` stands for one segment. */
const ROUTES = [
  { path: '/resources', POST: create },
  { path: '/resources/plans', GET: () => json(200, []), PUT: update, DELETE: destroy },
  { path: '/resources/:name', GET: noInfo, PUT: update, DELETE: destroy },
  { path: '/resources/:name/status', GET: status },
  {
    path: '/resources/:name/bind-app',
    POST: ({ name, fields }) => bind(name, app(fields)),
    DELETE: ({ name, fields }) => unbind(name, app(fields)),
  },
  {
    path: '/resources/:name/binds/jobs/:job',
    PUT: ({ name, job }) => bind(name, `job/${job}`),
    DELETE: ({ name, job }) => unbind(name, `job/${job}`),
  },
].map(({ path, ...actions }) => ({
  pattern: path.slice(1).split('/'),
  actions: new Map(Object.entries(actions)),
}));

function route(method, segments) {
  for (const { pattern, actions } of ROUTES) {
    const fits =
      pattern.length === segments.length &&
      pattern.every((part, index) => part.startsWith(':') || part === segments[index]);
    if (!fits) continue;
    const action = actions.get(method === 'HEAD' ? 'GET' : method);
    if (action === undefined) throw new Refusal(405, 'this method is not allowed here');
    const named = pattern.flatMap((part, index) => (part.startsWith(':') ? [[part.slice(1), segments[index]]] : []));
    return { action, params: { name: segments[1], ...Object.fromEntries(named) } };
  }
  throw new Refusal(404, 'not found');
}

function splitPath(target) {
  const [path] = target.split('?', 1);
  if (!/^\/[\x21-\x7e]*$/.test(path)) throw new Refusal(400, 'the path is malformed');
  const segments = path.slice(1).split('/').map(decode);
  if (segments.some((segment) => ['', '.', '..'].includes(segment) || segment.includes('/'))) {
    throw new Refusal(400, 'empty segments, dots and encoded slashes are not allowed in the path');
  }
  return segments;
}

function decode(encoded) {
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new Refusal(400, 'malformed percent-encoding');
  }
}

/** The fields of a body as a Map, under the names of JSON; the parameters are a Map of their own. */
function parseBody(contentType, body) {
  if (body.length === 0) return new Map([['parameters', new Map()]]);
  const [type, ...options] = contentType.toLowerCase().split(';');
  if (options.some((option) => /^\s*charset=(?!"?utf-?8"?\s*$)/.test(option))) {
    throw new Refusal(415, 'only UTF-8 is understood');
  }
  switch (type.trim()) {
    case 'application/json':
      return parseJson(utf8(body));
    case 'application/x-www-form-urlencoded':
      return parseForm(utf8(body));
    default:
      throw new Refusal(415, 'only JSON and forms are understood');
  }
}

function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Refusal(400, 'the body is not in UTF-8');
  }
}

function parseJson(source) {
  let value;
  try {
    value = JSON.parse(source);
  } catch {
    throw new Refusal(400, 'the body is not JSON');
  }
  if (!isObject(value)) throw new Refusal(400, 'the body must be a JSON object');
  const fields = new Map(Object.entries(value));
  const parameters = fields.get('parameters') ?? {};
  if (!isObject(parameters)) throw new Refusal(400, 'parameters must be a JSON object');
  return fields.set('parameters', new Map(Object.entries(parameters)));
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseForm(source) {
  const fields = new Map();
  const parameters = new Map();
  const tags = [];
  for (const pair of source.split('&')) {
    const [key, ...rest] = pair.split('=');
    const name = decode(key.replaceAll('+', ' '));
    const value = decode(rest.join('=').replaceAll('+', ' '));
    if (name.startsWith('parameters.')) parameters.set(name.slice('parameters.'.length), value);
    else if (name === 'tags') tags.push(value);
    else fields.set(name.replace(/^(app|job)-name$/, '$1Name'), value);
  }
  return fields.set('parameters', parameters).set('tags', tags);
}

function text(fields, key) {
  const value = fields.get(key) ?? '';
  if (typeof value !== 'string') throw new Refusal(400, `${key} must be a string`);
  return value;
}

/** The settings of an instance in a create or an update. */
function settings(fields) {
  if (text(fields, 'plan') !== '') throw new Refusal(400, 'this service has no plans: give none');
  const tags = fields.get('tags') ?? [];
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== 'string')) {
    throw new Refusal(400, 'tags must be a list of strings');
  }
  return { team: text(fields, 'team'), size: size(fields), description: text(fields, 'description'), tags };
}

function size(fields) {
  const value = fields.get('parameters').get('size') ?? '';
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw new Refusal(400, 'the parameter size must be a string or a number');
  }
  return String(value);
}

function checkParameters(fields) {
  // Tsuru's form has an empty key if there are no parameters.
  const unknown = [...fields.get('parameters').keys()].some((key) => key !== '' && key !== 'size');
  if (unknown) throw new Refusal(400, 'the only parameter of this service is size: leave the others out');
}

function readBody(request) {
  const { promise, resolve, reject } = withResolvers();
  const tooLarge = () => reject(new Refusal(413, 'the body is larger than 1 MB'));
  if (Number(request.headers['content-length'] ?? 0) > MAXIMUM_BODY) tooLarge();
  const chunks = [];
  let length = 0;
  request.on('data', (chunk) => {
    length += chunk.length;
    if (length > MAXIMUM_BODY) tooLarge();
    else chunks.push(chunk);
  });
  request.on('end', () => resolve(Buffer.concat(chunks)));
  request.on('error', reject);
  return promise;
}

// Node 20 has no Promise.withResolvers.
function withResolvers() {
  const parts = {};
  parts.promise = new Promise((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
}

const digest = (value) => createHash('sha256').update(value).digest();
const expected = digest(`${required('SERVICE_USERNAME')}:${required('SERVICE_PASSWORD')}`);

function required(variable) {
  const value = process.env[variable];
  if (value === undefined) throw new Error(`${variable} is not set`);
  return value;
}

function authenticate(header = '') {
  const encoded = /^basic +([A-Za-z0-9+/]+=*) *$/i.exec(header)?.[1] ?? '';
  if (!timingSafeEqual(digest(Buffer.from(encoded, 'base64')), expected)) {
    throw new Refusal(401, 'wrong user name or password');
  }
}

/** Tsuru closes the connection after each of its own calls; its proxy keeps them open and names the client. */
function isProxied({ headers }) {
  const tokens = (headers.connection ?? '').toLowerCase().split(',');
  return headers['x-forwarded-for'] !== undefined && !tokens.some((token) => token.trim() === 'close');
}

async function perform(request) {
  const body = await readBody(request);
  authenticate(request.headers.authorization);
  const { action, params } = route(request.method, splitPath(request.url));
  if (['GET', 'HEAD'].includes(request.method)) return action(params);
  if (isProxied(request)) throw new Refusal(403, 'this call is for Tsuru itself, not for its proxy');
  const fields = parseBody(request.headers['content-type'] ?? '', body);
  // First, because Tsuru treats a 404 differently from a 400.
  if (params.name !== undefined && action !== update) find(params.name);
  checkParameters(fields);
  return action({ ...params, fields });
}

function send(request, response, { status: code, type, body }) {
  response.statusCode = code;
  if (type !== undefined) response.setHeader('Content-Type', type);
  if (code === 401) response.setHeader('WWW-Authenticate', 'Basic realm="service"');
  response.setHeader('Content-Length', Buffer.byteLength(body));
  if (request.complete) {
    response.end(body);
    return;
  }
  // Closing with bytes unread resets the connection, and the client would lose the reply.
  response.setHeader('Connection', 'close');
  response.write(body);
  request.on('end', () => response.end());
  setTimeout(() => response.end(), LINGER).unref();
}

const server = createServer(async (request, response) => {
  try {
    send(request, response, await perform(request));
  } catch (error) {
    // A client that hung up does not wait for a reply.
    if (error === request.errored) return;
    if (!(error instanceof Refusal)) throw error;
    send(request, response, json(error.status, { code: error.status, message: error.message }));
  }
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  process.stdout.write(`listening http://127.0.0.1:${server.address().port}\n`);
});

process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
