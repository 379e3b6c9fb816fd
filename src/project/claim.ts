import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { EXIT, ExpectedError } from '../errors.ts';
import type { Machine } from './machine.ts';
import { CLAIM, STATE } from './paths.ts';
import { codeOf, type Root } from './root.ts';

/** How often two runs that met give way to each other before one says so. */
const ATTEMPTS = 6;

/** Milliseconds that one waits at most, so that one of them comes first. */
const WAIT = 60;

/** How many runs that end one after the other take the folder away from one that begins. */
const MEETINGS = 100;

/** A process, as the name of its claim says it. */
interface Claimant {
  /** Which machine, or container, it is on. */
  host: string;
  pid: number;
  /** When it was started, in the ticks of the machine's clock; `0` where the system does not tell. */
  start: string;
}

/**
 * Claims a project for this process, with an empty file whose name holds everything, so that it is never half written.
 * Each run makes its own and then looks for others: of two, at least one sees the other and gives way. No run ever removes
 * the claim of one that lives, or waits for one that is dead.
 *
 * @returns what ends it; it never fails, as the claim of a process that has ended counts for nothing
 * @throws ExpectedError when another run is at work
 */
export async function claim(root: Root, machine: Machine): Promise<() => void> {
  const self = thisProcess(machine);
  for (let attempt = 1; ; attempt++) {
    const own = `${STATE}/running-${markOf(self)}`;
    const end = () => {
      try {
        root.remove(own);
        root.removeEmpty(STATE);
      } catch {
        // The next run sees that this process has ended.
      }
    };
    write(root, own);
    try {
      const other = clearAway(root, own, self, machine);
      if (other === undefined) return end;
      if (attempt === ATTEMPTS) throw another(other, self);
    } catch (error) {
      end();
      throw error;
    }
    end();
    await sleep(Math.random() * WAIT);
  }
}

/** Whether another run is at work in a project, or may be. @throws ExpectedError that says so */
export function refuseOthers(root: Root, machine: Machine): void {
  const self = { host: thisHost(), pid: machine.pid, start: '0' };
  const other = claims(root).find((name) => isAlive(name, self, machine));
  if (other !== undefined) throw another(other, self);
}

/** Whether a run has been at work in a project and did not end it. */
export function hasClaims(root: Root): boolean {
  return claims(root).length > 0;
}

/** A name that no other run has, and that says which process made it. */
export function ownMark(machine: Machine): string {
  return markOf(thisProcess(machine));
}

/** Whether the process of a mark ran on this machine and has ended; false when that cannot be told. */
export function isOver(mark: string, machine: Machine): boolean {
  const name = `running-${mark}`;
  return CLAIM.test(name) && !isAlive(name, thisProcess(machine), machine);
}

function write(root: Root, own: string): void {
  for (let attempt = 1; ; attempt++) {
    try {
      root.makeDirectory(STATE);
      root.write(own, Buffer.alloc(0), 0o644);
      return;
    } catch (error) {
      // Another run has just ended, and taken the folder with it; or no file can be made there at all.
      if (codeOf(error) !== 'ENOENT' || attempt === MEETINGS) throw error;
    }
  }
}

/** Removes the claims of the dead. @returns the name of one that is alive */
function clearAway(root: Root, own: string, self: Claimant, machine: Machine): string | undefined {
  const others = claims(root).filter((name) => `${STATE}/${name}` !== own);
  const alive = others.find((name) => isAlive(name, self, machine));
  if (alive === undefined) for (const name of others) root.remove(`${STATE}/${name}`);
  return alive;
}

function claims(root: Root): string[] {
  return root.list(STATE).filter((name) => CLAIM.test(name));
}

/** Of a machine that is out of sight, whatever claims to be alive is; of this process, only its last one. */
function isAlive(name: string, self: Claimant, machine: Machine): boolean {
  const { host, pid, start } = parse(name);
  if (host !== self.host) return true;
  return pid !== self.pid && machine.isRunning(pid) && startOf(pid) === start;
}

function another(name: string, self: Claimant): ExpectedError {
  const { host, pid } = parse(name);
  const where = host === self.host ? '' : ' on another machine or container';
  return new ExpectedError(
    EXIT.inTheWay,
    `Another run is changing this project (process ${pid}${where}).`,
    `Wait for it to finish. If it is gone, delete ${STATE}/${name}.`,
  );
}

function thisProcess({ pid }: Machine): Claimant {
  return { host: thisHost(), pid, start: startOf(pid) };
}

function markOf({ host, pid, start }: Claimant): string {
  return `${host}-${pid}-${start}-${randomBytes(6).toString('hex')}`;
}

function parse(name: string): Claimant {
  const [, host = '', pid = '', start = ''] = name.split('-');
  return { host, pid: Number(pid), start };
}

/** Process ids mean something on one machine only, and in one container. */
function thisHost(): string {
  const space = textOf(() => readlinkSync('/proc/self/ns/pid'));
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 12);
}

/**
 * Tells a process from a later one with the same id, after a restart of the machine, or of a container.
 * @returns an empty text for one that has ended and whose parent has not asked for its exit code yet
 */
function startOf(pid: number): string {
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const status = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // proc(5): the name of the program, in parentheses, may have blanks; the state follows it, the start is 19 fields later.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  if (['Z', 'X'].includes(fields[0] ?? '')) return '';
  const ticks = fields[19];
  return ticks === undefined ? '0' : createHash('sha256').update(`${boot} ${ticks}`).digest('hex').slice(0, 12);
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    // Another system than Linux.
    return '';
  }
}
