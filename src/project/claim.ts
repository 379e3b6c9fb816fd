import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

import { EXIT, ExpectedError } from '../errors.ts';
import type { Machine } from './machine.ts';
import { CLAIM, STATE } from './paths.ts';
import { codeOf, type Root } from './root.ts';

/** How often a run retries while another one claims the project at the same time. */
const ATTEMPTS = 6;

/** The longest wait between two attempts, in milliseconds. It is random, so that one run comes first. */
const WAIT = 60;

/** How often `.tsuru-service` may vanish, removed by another run that ends, before this one gives up. */
const MEETINGS = 100;

/** A process, as encoded in the name of its claim. */
interface Claimant {
  /** A hash of the machine, or the container. */
  host: string;
  pid: number;
  /** A hash of the boot and the start time; `0` where they are not known. */
  start: string;
}

/**
 * Claims a project for this process. A claim is an empty file, with all data in its name, so that it is never half written.
 * Each run makes its own and then looks for others: of two, at least one sees the other and gives way. A run never removes
 * the claim of a live process, and never waits for a dead one.
 *
 * @returns a function that ends the claim; it never throws, as the claim of a dead process is ignored
 * @throws ExpectedError when another run is active
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

/** @throws ExpectedError when another run is, or may be, active in a project */
export function refuseOthers(root: Root, machine: Machine): void {
  const self = { host: thisHost(), pid: machine.pid, start: '0' };
  const other = claims(root).find((name) => isAlive(name, self, machine));
  if (other !== undefined) throw another(other, self);
}

/** Whether a project has a claim, of a live or a dead process. */
export function hasClaims(root: Root): boolean {
  return claims(root).length > 0;
}

/** A unique name that identifies this process. */
export function ownMark(machine: Machine): string {
  return markOf(thisProcess(machine));
}

/** Whether the process of a mark ran on this machine and has ended; false when that is not known. */
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
      // Another run may have just ended and removed the folder.
      if (codeOf(error) !== 'ENOENT' || attempt === MEETINGS) throw error;
    }
  }
}

/** Removes the claims of dead processes, if no other is alive. @returns the name of a live one */
function clearAway(root: Root, own: string, self: Claimant, machine: Machine): string | undefined {
  const others = claims(root).filter((name) => `${STATE}/${name}` !== own);
  const alive = others.find((name) => isAlive(name, self, machine));
  if (alive === undefined) for (const name of others) root.remove(`${STATE}/${name}`);
  return alive;
}

function claims(root: Root): string[] {
  return root.list(STATE).filter((name) => CLAIM.test(name));
}

/** A process of another machine counts as alive. An older claim with this process's own id is a leftover. */
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

/** Process ids are unique only within one machine or container. */
function thisHost(): string {
  const space = textOf(() => readlinkSync('/proc/self/ns/pid'));
  return createHash('sha256').update(`${hostname()} ${space}`).digest('hex').slice(0, 12);
}

/**
 * Distinguishes a process from a later one with the same id, after a restart of the machine or the container.
 * @returns an empty string for a zombie process
 */
function startOf(pid: number): string {
  const boot = textOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const status = textOf(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // proc(5): the program name is in parentheses and may contain spaces; the state follows it, the start time is 19 fields later.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  if (['Z', 'X'].includes(fields[0] ?? '')) return '';
  const ticks = fields[19];
  return ticks === undefined ? '0' : createHash('sha256').update(`${boot} ${ticks}`).digest('hex').slice(0, 12);
}

function textOf(read: () => string): string {
  try {
    return read();
  } catch {
    // Not on Linux.
    return '';
  }
}
