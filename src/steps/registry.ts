import type { PackageManager } from '../answers/answers.ts';

/** How long a registry may be silent, in milliseconds. */
export interface Patience {
  /** Until it is said that it is waited for. */
  say: number;
  /** Until an install that has had no answer at all is stopped. An answer that is slow to come is never stopped. */
  stop: number;
}

export const PATIENCE: Patience = { say: 10_000, stop: 60_000 };

/** What is known of a package manager's talk with its registry. */
interface Talk {
  /** Its settings, as environment variables; those that are set already stay. */
  settings: Readonly<Record<string, string>>;
  /** Whether a line shows that the registry, or a cache, has answered; undefined where no line does. */
  isAnswer: ((line: string) => boolean) | undefined;
  /** Whether a line says that a package was tried for the last time in vain, which fails the install sooner or later. */
  isLost: (line: string) => boolean;
  /** Whether a line is there only because of the settings. */
  isNoise: (line: string) => boolean;
}

/** As often as before, but without 70 seconds of pauses between the attempts. */
const PAUSES = { npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '5000' };

const isNpmHttp = (line: string) => line.startsWith('npm http ');
const isNpmAttempt = (line: string) => isNpmHttp(line) && / attempt \d+ failed with /.test(line);
const never = () => false;

const TALKS: Record<PackageManager, Talk> = {
  npm: {
    // A line for each answer: without them, npm is silent to its end. It tries each package three times before it fails.
    settings: { ...PAUSES, npm_config_loglevel: 'http' },
    isAnswer: (line) => isNpmHttp(line) && !isNpmAttempt(line),
    isLost: (line) => isNpmAttempt(line) && / attempt ([3-9]|\d\d+) /.test(line) && unreachable(line) !== undefined,
    isNoise: (line) => isNpmHttp(line) && !isNpmAttempt(line),
  },
  pnpm: {
    settings: PAUSES,
    isAnswer: (line) => /resolved [1-9]|downloaded [1-9]|reused [1-9]/.test(line),
    isLost: never,
    isNoise: never,
  },
  // By itself, it gives up on a connection that says nothing for 30 seconds.
  yarn: { settings: {}, isAnswer: undefined, isLost: never, isNoise: never },
  bun: { settings: { BUN_CONFIG_HTTP_IDLE_TIMEOUT: '30' }, isAnswer: undefined, isLost: never, isNoise: never },
};

export function talkOf(packageManager: PackageManager): Talk {
  return TALKS[packageManager];
}

/** What package managers write when they cannot reach a registry: Node's codes, and Bun's words. */
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|ConnectionClosed|DNSResolveFailed|network timeout at/;

/**
 * The line of an install's output that says why the registry cannot be reached, the most telling one.
 * @returns undefined when it failed for another reason
 */
export function unreachable(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => UNREACHABLE.test(line));
  const line = lines.find((text) => /failed, reason:|getaddrinfo|connect |downloading/.test(text)) ?? lines.at(-1);
  return line?.trim().slice(0, 300);
}
