import type { Call } from '../tsuru/calls.ts';
import type { Sent } from './sent.ts';
import { Session, type CheckedService, type SendMore } from './session.ts';

/** Called with each call that was made, and when it was. */
export type OnSent = (sent: Sent, started: Date) => void;

/** A session that tells of every call: those of the checks, of their repetitions, and of the clean-up. */
export class WatchedSession extends Session {
  private readonly onSent: OnSent;

  constructor(service: CheckedService, signal: AbortSignal, onSent: OnSent) {
    super(service, signal);
    this.onSent = onSent;
  }

  override async exchange(call: Call, signal: AbortSignal, timeout: number, more?: SendMore): Promise<Sent> {
    const started = new Date();
    const sent = await super.exchange(call, signal, timeout, more);
    this.onSent(sent, started);
    return sent;
  }
}
