import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A network between a replica and its server, which can lose everything. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Whether nothing arrives; connections stay open, as both ends see them. */
  isCut = false;

  private constructor(target: URL) {
    this.#server = createServer((near) => {
      const far = connect(Number(target.port), target.hostname);
      for (const [from, to] of [[near, far], [far, near]] as const) {
        this.#sockets.add(from);
        from.on('data', (data) => {
          if (!this.isCut) to.write(data);
        });
        from.on('error', () => {});
        from.on('close', () => {
          this.#sockets.delete(from);
          if (!this.isCut) to.destroy();
        });
      }
    });
  }

  static async to(url: string): Promise<Proxy> {
    const proxy = new Proxy(new URL(url));
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  /** The URL of the same database through this. */
  url(of: string): string {
    return Object.assign(new URL(of), { port: String((this.#server.address() as AddressInfo).port) }).href;
  }

  /** Ends what was cut off, and carries new connections again. */
  repair(): void {
    this.isCut = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.repair();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
