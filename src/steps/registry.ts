import type { PackageManager } from '../answers/answers.ts';

/** How long to wait for a silent registry, in milliseconds. */
export interface Patience {
  /** Until the user sees a note. */
  say: number;
  /** Until an install without a single reply is stopped. A slow reply never stops it. */
  stop: number;
}

export const PATIENCE: Patience = { say: 10_000, stop: 60_000 };

/** How a package manager reports on its connection to the registry. */
interface Talk {
  /** Settings, as environment variables; the user's own values take precedence. */
  settings: Readonly<Record<string, string>>;
  /** Whether a line shows a reply of the registry, or a cache hit; undefined if no line ever does. */
  isAnswer: ((line: string) => boolean) | undefined;
  /** Whether a line reports the last failed attempt for a package, which will fail the install. */
  isLost: (line: string) => boolean;
  /** Whether a line is printed only because of the settings. */
  isNoise: (line: string) => boolean;
}

/** The default number of attempts, but without 70 seconds of pauses between them. */
const PAUSES = { npm_config_fetch_retry_mintimeout: '1000', npm_config_fetch_retry_maxtimeout: '5000' };

const isNpmHttp = (line: string) => line.startsWith('npm http ');
const isNpmAttempt = (line: string) => isNpmHttp(line) && / attempt \d+ failed with /.test(line);
const never = () => false;

const TALKS: Record<PackageManager, Talk> = {
  npm: {
    // Prints a line for each reply; by default, npm is silent until it ends. It tries each package three times.
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
  // Yarn itself gives up on a connection that is silent for 30 seconds.
  yarn: { settings: {}, isAnswer: undefined, isLost: never, isNoise: never },
  bun: { settings: { BUN_CONFIG_HTTP_IDLE_TIMEOUT: '30' }, isAnswer: undefined, isLost: never, isNoise: never },
};

export function talkOf(packageManager: PackageManager): Talk {
  return TALKS[packageManager];
}

/** The texts that package managers print when they cannot reach a registry: Node's error codes, and Bun's messages. */
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ESOCKETTIMEDOUT|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT|ENETUNREACH|EHOSTUNREACH|UND_ERR_CONNECT_TIMEOUT|ConnectionRefused|ConnectionClosed|DNSResolveFailed|network timeout at/;

/**
 * The line of an install's output that best explains why the registry cannot be reached.
 * @returns undefined when the install failed for another reason
 */
export function unreachable(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => UNREACHABLE.test(line));
  const line = lines.find((text) => /failed, reason:|getaddrinfo|connect |downloading/.test(text)) ?? lines.at(-1);
  return line?.trim().slice(0, 300);
}
