/** The process that this program is, and what it can tell of others on its machine. */
export interface Machine {
  pid: number;
  /** The user; undefined on a system without such numbers. */
  uid: number | undefined;
  /** Whether a process with this id is there. */
  isRunning(pid: number): boolean;
}

/** @param self Node's `process` */
export function machineOf(self: Pick<NodeJS.Process, 'pid' | 'kill' | 'getuid'>): Machine {
  return {
    pid: self.pid,
    uid: self.getuid?.(),
    isRunning: (pid) => {
      try {
        // Signal 0 is not sent: it only asks.
        self.kill(pid, 0);
        return true;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
  };
}
