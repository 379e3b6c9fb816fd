import pg from 'pg';

import { CONNECT_TIMEOUT } from './connection.js';

/** Milliseconds for the server to close a connection that was ended; one that hangs would keep the process alive. */
const END_TIMEOUT = 1000;

/** A connection of the admin account, which a server that no longer replies cannot keep open. */
export class AdminClient extends pg.Client {
  /** The server's process, which pg's own types leave out. */
  declare readonly processID: number;

  constructor(config?: pg.ClientConfig) {
    // The pool hides the password from a copy. Its own time limit would apply to the wait for a free connection, too.
    super({ ...config, password: config?.password, connectionTimeoutMillis: CONNECT_TIMEOUT });
    // The error of a lost connection is that of its statement; without a listener it would end the process.
    this.on('error', () => {});
  }

  /** Closes the connection at once. */
  cut(): void {
    this.connection.stream.destroy();
  }

  override end(): Promise<void>;
  override end(callback: (error: Error) => void): void;
  override end(callback?: (error: Error) => void): Promise<void> | void {
    setTimeout(() => this.cut(), END_TIMEOUT).unref();
    return callback === undefined ? super.end() : super.end(callback);
  }
}
