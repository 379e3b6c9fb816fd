import { fieldsOf } from './http/input.ts';
import type { ApiRequest } from './http/request.ts';
import { isTrue } from './http/values.ts';

/** The fields of a request, those of lists and objects with dots in their names. */
type Fields = readonly { name: string; values: readonly string[] }[];

/**
 * The command of Tsuru's client that makes a request, quoted for a shell; undefined if it has none. Private variables are starred,
 * and the manifest of a service is a file.
 */
export function commandOf(request: ApiRequest): string | undefined {
  const template = COMMANDS[`${request.method} ${request.route}`];
  if (template === undefined) return undefined;
  const fields = fieldsOf(request).map(({ name, value }) => ({ name, values: [value].flat().map((one) => (typeof one === 'string' ? one : JSON.stringify(one))) }));
  const words: string[] = [];
  for (const token of template.split(' ')) {
    const own = wordsOf(token, request, fields);
    if (own === undefined) return undefined;
    words.push(...own);
  }
  const command = ['tsuru', ...words].map(quoted).join(' ');
  return command.length > LONGEST ? undefined : command;
}

/** Characters of a command that can be pasted. */
const LONGEST = 10_000;

/**
 * Commands by request. `:name` is a variable of the route, `@a|b` the first of two fields that is there, `-f@a` a flag with each
 * value of a field, `--f?a` a switch, `--f%a` a flag with each member of an object, `!a` a field that no flag is for, `$a` variables.
 */
const COMMANDS: Record<string, string> = {
  'POST /services': 'service create manifest.yaml',
  'GET /services/instances': 'service list -g@tag',
  'GET /services/{name}': 'service info :name',
  'PUT /services/{name}': 'service update manifest.yaml',
  'DELETE /services/{name}': 'service destroy :name -y',
  'GET /services/{name}/plans': 'service plan list :name --pool@pool',
  'GET /services/{name}/doc': 'service doc get :name',
  'PUT /services/{name}/doc': 'service doc add :name docs/service.md',
  'POST /services/{service}/instances':
    'service instance add :service @name @plan|planname|plan_name -t@owner|teamowner|team_owner -d@description -g@tag|tags --pool@pool --plan-param%parameters',
  'GET /services/{service}/instances/{instance}': 'service instance info :service :instance',
  'GET /services/{service}/instances/{instance}/status': 'service instance info :service :instance',
  'PUT /services/{service}/instances/{instance}':
    'service instance update :service :instance -d@description -p@plan -t@teamowner -g@tag|tags --plan-param%parameters',
  'DELETE /services/{service}/instances/{instance}': 'service instance remove :service :instance -y -f?unbindall --ignore-errors?ignoreerrors',
  'PUT /services/{service}/instances/permission/{instance}/{team}': 'service instance grant :service :instance :team',
  'DELETE /services/{service}/instances/permission/{instance}/{team}': 'service instance revoke :service :instance :team',
  ...binds('app', ['/{app}', '/apps/{app}']),
  ...binds('job', ['/jobs/{job}']),
  'GET /apps': 'app list',
  'POST /apps': 'app create @name @platform -t@teamowner -o@pool -p@plan -d@description -g@tag|tags',
  'GET /apps/{app}': 'app info -a :app',
  'DELETE /apps/{app}': 'app remove -a :app -y',
  'GET /apps/{app}/env': 'env get -a :app',
  'POST /apps/{app}/env': 'env set $envs -a :app -p?private --no-restart?norestart',
  'DELETE /apps/{app}/env': 'env unset @env -a :app --no-restart?norestart',
  'GET /jobs': 'job list',
  'POST /jobs': 'job create @name @container.image -t@teamowner -o@pool -p@plan -s@schedule -d@description -g@tag|tags --manual?manual',
  'GET /jobs/{name}': 'job info :name',
  'DELETE /jobs/{name}': 'job delete :name -y',
  'GET /jobs/{name}/env': 'env get -j :name',
  'POST /jobs/{name}/env': 'env set $envs -j :name -p?private',
  'DELETE /jobs/{name}/env': 'env unset @env -j :name',
  'GET /teams': 'team list',
  'POST /teams': 'team create @name -t@tag|tags',
  'DELETE /teams/{name}': 'team remove :name -y',
  'GET /pools': 'pool list',
};

function binds(of: string, paths: readonly string[]): Record<string, string> {
  const common = `:service :instance --${of} :${of} --no-restart?norestart`;
  return Object.fromEntries(
    paths.flatMap((path) => [
      [`PUT /services/{service}/instances/{instance}${path}`, `service instance bind ${common} !parameters`],
      [`DELETE /services/{service}/instances/{instance}${path}`, `service instance unbind ${common} --force?force`],
    ]),
  );
}

/** The words of a token of a template; undefined if the client cannot say them. */
function wordsOf(token: string, { params }: ApiRequest, fields: Fields): string[] | undefined {
  const [, flag = '', kind = '', names = ''] = /^(-[\w-]*|)([:@?%!$])(.+)$/.exec(token) ?? [];
  const values = (name: string): string[] => fields.filter(({ name: own }) => isBelow(own, name)).flatMap((field) => field.values);
  switch (kind) {
    case ':':
      return [params[names] ?? ''];
    case '@': {
      const found = names.split('|').map((name) => values(name).filter((value) => value !== '')).find((one) => one.length > 0) ?? [];
      return flag === '' ? found : found.flatMap((value) => [flag, value]);
    }
    case '?':
      return isTrue(values(names)[0] ?? '') ? [flag] : [];
    case '!':
      return values(names).length > 0 ? undefined : [];
    case '%': {
      const members = fields.filter(({ name }) => name.startsWith(`${names}.`)).map(({ name, values: [value = ''] }) => [name.slice(names.length + 1), value] as const);
      if (members.some(([name]) => /(?<!\\)\./.test(name))) return undefined;
      return members.flatMap(([name, value]) => [flag, `${name.replace(/\\(.)/g, '$1')}=${value}`]);
    }
    case '$': {
      const isPrivate = isTrue(values('private')[0] ?? '');
      const found = fields.flatMap(({ name, values: [variable = ''] }) => {
        const [, index] = /^envs\.(\d+)\.name$/i.exec(name) ?? [];
        return index === undefined ? [] : [`${variable}=${isPrivate ? '***' : (values(`envs.${index}.value`)[0] ?? '')}`];
      });
      return found;
    }
    default:
      return [token];
  }
}

/** Whether a field is another one, in any case, or a member of it. */
function isBelow(name: string, parent: string): boolean {
  const [own, wanted] = [name.toLowerCase(), parent.toLowerCase()];
  return own === wanted || own.startsWith(`${wanted}.`);
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
