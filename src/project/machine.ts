/** This process, and what it knows of other processes on its machine. */
export interface Machine {
  pid: number;
  /** The user id; undefined on a system without user ids. */
  uid: number | undefined;
  /** Whether a process with this id exists. */
  isRunning(pid: number): boolean;
}

/** @param self Node's `process` */
export function machineOf(self: Pick<NodeJS.Process, 'pid' | 'kill' | 'getuid'>): Machine {
  return {
    pid: self.pid,
    uid: self.getuid?.(),
    isRunning: (pid) => {
      try {
        // Signal 0 only tests whether the process exists.
        self.kill(pid, 0);
        return true;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'EPERM';
      }
    },
  };
}
