import type { IncomingMessage, ServerResponse } from 'node:http';

import { FAULTS, type Fault, type Step } from '../faults.ts';
import type { Feed } from './feed.ts';
import type { ApiHandler } from '../http/api-server.ts';
import { apiInside, type ApiReply } from './page-api.ts';
import { callDetails } from './page-call.ts';
import { COMMON_HEADERS, pageArchive, readPage, type PageFile } from './page-file.ts';
import { isKey, refusalOf, type Place } from './page-guard.ts';
import { writeFeed } from './page-stream.ts';
import { watchPresence } from './presence.ts';
import { addressOf } from '../service-client.ts';
import { ROOT } from '../state/seed.ts';
import { cleanerOf } from './secrets.ts';
import type { World } from '../world.ts';

export interface PageOptions {
  /** The page sends it with each request; a new one for each start. */
  key: string;
  /** Known once the server listens. */
  place: () => Place;
}

/** Handles a request if it is one for the page. @returns whether it was */
export type PageHandler = (incoming: IncomingMessage, response: ServerResponse) => boolean;

/** Of each area; those of Tsuru's API are Tsuru's to judge. */
const METHODS: Record<string, string[]> = { feed: ['GET'], calls: ['GET'], faults: ['PUT', 'DELETE'] };

/** Parts of Tsuru's API that the page uses. */
const USED = /^\/[\d.]+\/(services|apps|jobs|teams|pools|events)(\/|\?|$)/;

/** Serves the page, and what it asks for below `/sandbox/`. */
export function pageHandler(world: World, feed: Feed, api: ApiHandler, { key, place }: PageOptions): PageHandler {
  let page: PageFile | undefined;
  const presence = watchPresence(() => addressesOf(world), feed.changed);
  const callApi = apiInside((incoming, response) => {
    const root = world.state.users.find(({ email }) => email === ROOT);
    api(incoming, response, root).catch((error: unknown) => response.destroy(error as Error));
  });

  /** What is asked for below `/sandbox/AREA`. */
  const areas: Record<string, (incoming: IncomingMessage, response: ServerResponse, rest: string) => Promise<void> | void> = {
    feed(_, response) {
      presence.start();
      response.on('close', presence.stop);
      response.writeHead(200, { ...COMMON_HEADERS, 'Content-Type': 'application/x-ndjson' });
      writeFeed(response, world, feed, presence.away);
    },
    calls(_, response, rest) {
      const [, number, isClear] = /^\/(\d+)(\/clear)?$/.exec(rest) ?? [];
      const details = callDetails(world, Number(number), isClear !== undefined);
      if (details === undefined) say(response, 404, 'The call is no longer kept.');
      else end(response, 200, 'application/json', JSON.stringify(details));
    },
    faults({ method }, response, rest) {
      const [, fault = '', step = ''] = /^\/(\w+)\/([\w-]+)$/.exec(rest) ?? [];
      const isKnown = Object.hasOwn(FAULTS, fault) && (FAULTS[fault as Fault].steps as readonly string[]).includes(step);
      if (isKnown) world.faults[method === 'PUT' ? 'arm' : 'disarm'](fault as Fault, step as Step);
      if (isKnown) end(response, 204);
      else say(response, 404, 'There is no such fault.');
    },
    async tsuru(incoming, response, rest) {
      if (!USED.test(rest)) {
        say(response, 404, 'The page does not use this part of Tsuru.');
        return;
      }
      const reply = await callApi(incoming, response, rest).catch((error: unknown) => error as Error);
      if (reply instanceof Error) say(response, 502, reply.message === 'socket hang up' ? 'Tsuru ended before it answered: nothing was undone.' : reply.message);
      else passOn(response, reply, cleanerOf(world.state));
    },
  };
  const showPage = (response: ServerResponse): void => {
    page ??= readPage(pageArchive());
    response.writeHead(200, page.headers);
    response.end(page.html);
  };
  const answer = async (incoming: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (!path.startsWith('/sandbox')) {
      showPage(response);
      return;
    }
    const [, area = '', rest = ''] = /^\/sandbox\/(\w+)(.*)$/s.exec(path) ?? [];
    const own = Object.hasOwn(areas, area) ? areas[area] : undefined;
    const methods = METHODS[area] ?? [];
    if (own === undefined) say(response, 404, 'The page has no such part.');
    else if (methods.length > 0 && !methods.includes(incoming.method ?? '')) say(response, 405, `Only ${methods.join(' and ')}.`);
    else await own(incoming, response, rest);
  };

  return (incoming, response) => {
    const path = incoming.url ?? '';
    const isShell = incoming.method === 'GET' && /^\/(\?|$)/.test(path) && (incoming.headers.accept ?? '').includes('text/html');
    if (!isShell && !/^\/sandbox(\/|\?|$)/.test(path)) return false;
    const refusal = refusalOf(incoming.headers, place(), isShell);
    if (refusal !== undefined) {
      say(response, refusal.status, refusal.text);
    } else if (!isShell && !isKey(incoming.headers['x-sandbox-key'], key)) {
      say(response, 401, 'The sandbox was started anew: open the address that it printed.');
    } else {
      answer(incoming, response, path).catch((error: unknown) => {
        say(response, 500, (error as Error).message);
      });
    }
    return true;
  };
}

/** Only as text, so that nothing that a service answers is ever shown as a document. */
function passOn(response: ServerResponse, { status, type, body }: ApiReply, clean: (text: string) => string): void {
  const text = body.toString();
  const isText = Buffer.from(text).equals(body);
  response.setHeader('X-Type', clean(type).replace(/[^ -~]/g, ''));
  end(response, status, 'text/plain; charset=utf-8', isText ? clean(text) : `(${body.length} bytes that are no text)`);
}

function addressesOf(world: World): Map<string, URL> {
  const entries = world.state.services.flatMap((service): [string, URL][] => {
    try {
      return [[service.name, addressOf(world, service, '')]];
    } catch {
      return [];
    }
  });
  return new Map(entries);
}

function say(response: ServerResponse, status: number, text: string): void {
  end(response, status, 'text/plain; charset=utf-8', text);
}

function end(response: ServerResponse, status: number, type?: string, body?: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const isBodiless = status === 204 || status === 304;
  response.writeHead(status, { ...COMMON_HEADERS, ...(type !== undefined && !isBodiless && { 'Content-Type': type }) });
  response.end(isBodiless ? undefined : body);
}
