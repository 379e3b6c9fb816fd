import type { Check } from '../check.ts';
import type { Sent } from '../sent.ts';

/** What a hint is about. */
type Topic = 'body' | 'delete' | 'slash' | 'html' | 'auth' | 'job' | 'variables' | 'path';

/** How to fix something in the words of one kind of web framework. */
export interface Hint {
  /** The kind of framework, such as `WSGI`. */
  stack: string;
  text: string;
}

/** A kind of web framework, and how a service tells that it uses it. */
interface Stack {
  name: string;
  /** Whether a reply is one of such a framework. */
  says: (headers: Readonly<Record<string, string>>, body: string) => boolean;
  hints: Partial<Record<Topic, string>>;
}

const STACKS: readonly Stack[] = [
  {
    name: 'ASGI',
    says: ({ server = '' }) => /uvicorn|hypercorn|daphne/i.test(server),
    hints: {
      body: 'FastAPI takes JSON for a model and a form for `Form()`, never both: read `await request.json()` or `await request.form()`, by the Content-Type.',
      slash: 'Declare `/resources` without a trailing slash, with `FastAPI(redirect_slashes=False)`.',
      auth: '`Depends(HTTPBasic())` guards declared routes only: a middleware guards every path.',
      job: 'Declare `/resources/{name}/binds/jobs/{job}` with `@app.put` and `@app.delete`.',
      variables: 'Return `JSONResponse({key: str(value) for ...}, 201)`.',
      path: '`scope["path"]` is decoded: look at `scope["raw_path"]`.',
    },
  },
  {
    name: 'WSGI',
    says: ({ server = '' }) => /werkzeug|gunicorn|waitress|uwsgi|wsgi/i.test(server),
    hints: {
      body: 'In Flask, read `request.get_json(silent=True) or request.form`: `get_json()` alone refuses a form with 415. In Django, parse `request.body` if it is JSON.',
      delete: 'In Flask, `request.form` has the body of a DELETE; in Django, `request.POST` does not: parse `request.body`.',
      slash: 'Declare `/resources`, not `/resources/`, which Flask redirects to. With `strict_slashes=False`, users reach DELETE /resources/{name}/.',
      html: 'In Flask, add `@app.errorhandler(HTTPException)` and return `{"code": e.code, "message": e.description}, e.code`.',
      auth: 'In Flask, check `request.authorization` in `@app.before_request`, which unknown paths pass, too.',
      job: 'In Flask, `@app.route("/resources/<name>/binds/jobs/<job>", methods=["PUT", "DELETE"])`.',
      variables: 'In Flask, `return {"PORT": str(port)}, 201`.',
      path: 'PATH_INFO is decoded: look at RAW_URI or REQUEST_URI in `request.environ`.',
    },
  },
  {
    name: 'Express',
    says: ({ 'x-powered-by': by = '' }) => /^express/i.test(by),
    hints: {
      body: 'Before all routes, `app.use(express.json(), express.urlencoded({ extended: false }))`.',
      delete: 'The parsers read the body of a DELETE, too, if they are set with `app.use` rather than for one route.',
      slash: '`express.static` redirects directories: set `redirect: false`.',
      html: 'End the app with a handler for unknown paths, and one for errors: `app.use((error, request, response, next) => ...)`.',
      auth: 'Check the password in an `app.use` before all routes.',
      job: "`app.route('/resources/:name/binds/jobs/:job')` with `.put` and `.delete`.",
      variables: '`response.status(201).json({ PORT: String(port) })`.',
      path: "Enable 'strict routing' and 'case sensitive routing' before the routes, and refuse `.`, `..` and `/` in `request.params`, which are decoded.",
    },
  },
  {
    name: 'Rack',
    says: (headers) =>
      /puma|webrick|\bthin\b|passenger|unicorn/i.test(headers['server'] ?? '') ||
      headers['x-runtime'] !== undefined ||
      headers['x-cascade'] !== undefined,
    hints: {
      body: 'Rails has both encodings in `params`; in Sinatra, parse `request.body.read` if it is JSON.',
      html: 'In Sinatra, `set :show_exceptions, false`, with `error` and `not_found` blocks; in Rails, set `config.exceptions_app`.',
      auth: '`use Rack::Auth::Basic` in config.ru guards every path.',
      variables: '`variables.transform_values(&:to_s).to_json`, with status 201.',
    },
  },
  {
    name: 'Go',
    // The reply of `http.NotFound`; Go sends no Server header.
    says: (headers, body) => headers['content-type'] === 'text/plain; charset=utf-8' && /^404 page not found\n?$/.test(body),
    hints: {
      body: '`r.ParseForm` reads no JSON: for `application/json`, use `json.NewDecoder(r.Body)`.',
      delete: '`r.ParseForm` skips the body of a DELETE: use `io.ReadAll(r.Body)` and `url.ParseQuery`.',
      slash: '`http.ServeMux` redirects to a pattern that ends with a slash: register `/resources`, not `/resources/`.',
      auth: 'Check `r.BasicAuth()` in a handler around the whole mux.',
      job: 'Register `PUT` and `DELETE /resources/{name}/binds/jobs/{job}`.',
      variables: 'Encode a `map[string]string`, after `w.WriteHeader(http.StatusCreated)`.',
      path: '`r.URL.Path` is decoded: look at `r.URL.EscapedPath()`.',
    },
  },
];

/**
 * How to fix what a check found, in the words of the framework that the replies name.
 * @param culprit the call that the verdict is about
 * @param sent the calls of the run, whose replies tell the framework
 * @returns undefined if the framework is unknown, or has nothing special here
 */
export function hintFor({ id }: Pick<Check, 'id'>, culprit: Sent | undefined, sent: readonly Sent[]): Hint | undefined {
  const topic = topicOf(id, culprit);
  if (topic === undefined) return undefined;
  const stack = STACKS.find(({ says }) =>
    sent.some(({ exchange: { reply } }) => reply && says(reply.headers, reply.body.subarray(0, 100).toString('utf8'))),
  );
  const text = stack?.hints[topic];
  return stack && text ? { stack: stack.name, text } : undefined;
}

function topicOf(id: string, culprit: Sent | undefined): Topic | undefined {
  const status = culprit?.exchange.reply?.status ?? 0;
  if (/^auth\./.test(id)) return 'auth';
  if (/^http\.redirect/.test(id)) return 'slash';
  if (id === 'http.plain-errors') return 'html';
  if (/^proxy\./.test(id)) return 'path';
  if (/job\.success$/.test(id) && (status === 404 || status === 405)) return 'job';
  if (/^bind-(app|job)\.success$/.test(id) && status >= 200 && status < 300) return 'variables';
  if (/^(unbind-app\.(success|other-app)|destroy\.success)$/.test(id)) return 'delete';
  // A refusal of special values is not about the encoding, unless the service says so.
  const isUnread = /\.(success|not-found)$/.test(id) && [400, 422, 500].includes(status);
  return culprit?.call.request.body !== undefined && (isUnread || status === 415) ? 'body' : undefined;
}
