import { fieldsOf } from './http/input.ts';
import type { ApiRequest } from './http/request.ts';
import { isTrue } from './http/values.ts';

/** The fields of a request, those of lists and objects with dots in their names. */
type Fields = readonly { name: string; values: readonly string[] }[];

/**
 * The command of Tsuru's client that makes a request in which Tsuru calls a service, quoted for a shell; undefined if it has none.
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

const INSTANCE = '/services/{service}/instances/{instance}';

/**
 * Commands by request, of those in which Tsuru calls a service. `:name` is a variable of the route, `@a|b` the first of two fields that
 * is there, `-f@a` a flag with each value of a field, `--f?a` a switch, `--f%a` a flag with each member of an object, `!a` a field
 * that no flag is for.
 */
const COMMANDS: Record<string, string> = {
  'GET /services/{name}': 'service info :name',
  'GET /services/{name}/plans': 'service plan list :name --pool@pool',
  'POST /services/{service}/instances':
    'service instance add :service @name @plan|planname|plan_name -t@owner|teamowner|team_owner -d@description -g@tag|tags --pool@pool --plan-param%parameters',
  [`GET ${INSTANCE}`]: 'service instance info :service :instance',
  [`GET ${INSTANCE}/status`]: 'service instance info :service :instance',
  [`PUT ${INSTANCE}`]: 'service instance update :service :instance -d@description -p@plan -t@teamowner -g@tag|tags --plan-param%parameters',
  [`DELETE ${INSTANCE}`]: 'service instance remove :service :instance -y -f?unbindall --ignore-errors?ignoreerrors',
  ...binds('app', '/{app}'),
  ...binds('app', '/apps/{app}'),
  ...binds('job', '/jobs/{job}'),
  'DELETE /apps/{app}': 'app remove -a :app -y',
};

function binds(of: string, path: string): Record<string, string> {
  const common = `:service :instance --${of} :${of} --no-restart?norestart`;
  return {
    [`PUT ${INSTANCE}${path}`]: `service instance bind ${common} !parameters`,
    [`DELETE ${INSTANCE}${path}`]: `service instance unbind ${common} --force?force`,
  };
}

/** The words of a token of a template; undefined if the client cannot say them. */
function wordsOf(token: string, { params }: ApiRequest, fields: Fields): string[] | undefined {
  const [, flag = '', kind = '', names = ''] = /^(-[\w-]*|)([:@?%!])(.+)$/.exec(token) ?? [];
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
