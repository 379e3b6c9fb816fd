import { readdirSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';

import { EXIT, ExpectedError, messageOf } from '../errors.ts';

/** A Tsuru, and the token for it. */
export interface Login {
  /** With its path, below which those of the API are. */
  address: URL;
  token: string;
  /** The labels of the targets that the tsuru client knows. */
  labels: string[];
}

/**
 * The target and its token as the tsuru client finds them (`pkg/config` of go-tsuruclient): from the environment, or from the
 * files in the home directory, which are only read. Unlike the client, this takes no token that is stored for another target.
 * @param given a URL or a label, instead of `TSURU_TARGET`
 * @throws ExpectedError without a target or a token, or if one of them cannot be used
 */
export function readLogin(given: string | undefined, environment: NodeJS.ProcessEnv): Login {
  const home = environment['HOME'] || environment['HOMEPATH'] || '';
  // Without a home directory, these would be files of the current directory, which can be a project of others.
  const read = (path: string): string | undefined => (isAbsolute(home) ? textOf(join(home, path)) : undefined);
  const targets = targetsIn(read('.tsuru/targets') ?? read('.tsuru_targets') ?? '');
  const current = read('.tsuru/target') ?? read('.tsuru_target');
  const named = given ?? (environment['TSURU_TARGET'] || undefined);
  const target = named === undefined ? current : (targets.get(named) ?? named);
  if (target === undefined || target === '') {
    throw new ExpectedError(EXIT.inTheWay, 'There is no target.', 'Set TSURU_TARGET or --target to the URL of Tsuru, or run tsuru target set.');
  }
  const address = addressOf(target);
  const token = environment['TSURU_TOKEN'] || storedToken(address, { home, read, targets, current });
  if (token === undefined) {
    throw new ExpectedError(EXIT.inTheWay, `There is no token for ${address.href}.`, 'Run tsuru login with this target, or set TSURU_TOKEN.');
  }
  if (/[^!-~]/.test(token)) throw new ExpectedError(EXIT.inTheWay, 'The token has a character that no token has.', 'Run tsuru login, or correct TSURU_TOKEN.');
  return { address, token, labels: [...targets.keys()] };
}

interface Stored {
  home: string;
  read: (path: string) => string | undefined;
  targets: ReadonlyMap<string, string>;
  current: string | undefined;
}

/**
 * The token that was stored for a target: under one of its labels, or, if it is the current target, that of the last login, unless
 * this was to another target. That of OpenID Connect comes first.
 */
function storedToken(address: URL, { home, read, targets, current }: Stored): string | undefined {
  const isMeant = (target: string | undefined) => target !== undefined && URL.canParse(withScheme(target)) && new URL(withScheme(target)).href === address.href;
  const own = [...targets.keys()].filter((label) => isMeant(targets.get(label))).sort();
  const isCurrent = isMeant(current);
  const openId = (path: string) => openIdToken(read(path));
  const plain = (path: string) => read(path) || undefined;
  const first = <Token>(directory: string, end: string, last: string, tokenIn: (path: string) => Token | undefined): Token | undefined => {
    for (const label of own) {
      const token = tokenIn(`.tsuru/${directory}/${label}${end}`);
      if (token !== undefined) return token;
    }
    const token = isCurrent ? tokenIn(`.tsuru/${last}`) : undefined;
    const others = namesIn(join(home, '.tsuru', directory)).filter((name) => !own.includes(name.slice(0, name.length - end.length)));
    return others.some((name) => tokenIn(`.tsuru/${directory}/${name}`) === token) ? undefined : token;
  };
  return first('token-v2.d', '.json', 'token-v2.json', openId) ?? first('token.d', '', 'token', plain);
}

/** The access token of a login by OpenID Connect. */
function openIdToken(text: string | undefined): string | undefined {
  try {
    const { scheme, oauth2_token: token } = JSON.parse(text ?? '{}') as { scheme?: unknown; oauth2_token?: { access_token?: unknown } };
    return scheme === 'oidc' && typeof token?.access_token === 'string' ? token.access_token : undefined;
  } catch {
    return undefined;
  }
}

/** Targets by their labels: a line has both, with a tab between them. */
function targetsIn(text: string): Map<string, string> {
  return new Map(text.split('\n').map((line) => line.split('\t')).flatMap(([label = '', target, ...more]) => (target === undefined || more.length > 0 ? [] : [[label, target.trim()]])));
}

/** Without a scheme, the client assumes http. */
function withScheme(target: string): string {
  return (/^https?:\/\//.test(target) ? target : `http://${target}`).replace(/\/+$/, '');
}

function addressOf(target: string): URL {
  const text = withScheme(target);
  const url = URL.canParse(text) && text.split('://').length === 2 ? new URL(text) : undefined;
  if (url === undefined || url.username + url.password + url.search + url.hash !== '') {
    throw new ExpectedError(EXIT.inTheWay, 'The target is not the URL of a Tsuru.', 'Set TSURU_TARGET or --target to a URL such as https://tsuru.example.com, without credentials.');
  }
  return url;
}

/** @returns undefined if there is no such file */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw new ExpectedError(EXIT.inTheWay, `${file} cannot be read: ${messageOf(error)}.`, 'Correct it, or set TSURU_TARGET and TSURU_TOKEN.');
  }
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
