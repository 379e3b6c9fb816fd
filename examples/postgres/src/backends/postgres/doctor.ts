import pg from 'pg';
import { z } from 'zod';

import { answers } from '../../tsuru/answers.js';
import { loadEnvironmentFile, readConfig } from '../../tsuru/config.js';
import { messageOf } from '../../tsuru/errors.js';
import { storeVariables, type StoreConfig } from '../../tsuru/store-config.js';
import { storeName } from '../../tsuru/store-reader.js';
import { adminAddress } from './connection.js';
import { examineAccount, examineObjects, type Finding } from './diagnosis.js';
import { connectReadOnly, examinePublicAddress } from './reachability.js';
import type { Query } from './server.js';
import { postgresSettings, type PostgresSettings } from './settings.js';
import { readInstances } from './store-reader.js';

/**
 * Says what keeps the service from working on its PostgreSQL server, and what is left over there, each with the
 * statements that put it right. It changes nothing itself.
 */
async function main(): Promise<void> {
  loadEnvironmentFile();
  const { config, settings } = readConfig(process.env, z.object(postgresSettings));
  const findings = await examine(settings, config.store);
  for (const { level, text, statements } of findings) {
    print(`${level === 'problem' ? '✗' : '•'} ${text}`);
    for (const statement of statements) print(`    ${statement}`);
  }
  const problems = findings.filter(({ level }) => level === 'problem').length;
  if (problems === 0) print('✓ The service can work with this server.');
  process.exitCode = problems === 0 ? 0 : 1;
}

async function examine(settings: PostgresSettings, store: StoreConfig): Promise<Finding[]> {
  const { host, port, user } = adminAddress(settings);
  print(`PostgreSQL at ${host}:${port}, as ${user}`);
  const client = await connectReadOnly(settings);
  if (!(client instanceof pg.Client)) return [client];
  try {
    const query: Query = async <Row extends object>(text: string, values: readonly unknown[] = []) =>
      (await client.query<Row>(text, [...values])).rows;
    const { account, version, findings } = await examineAccount(query);
    print(`Version ${version}`);
    return [...findings, ...(await examinePublicAddress(settings)), ...(await examineStore(query, account, store))];
  } finally {
    await client.end();
  }
}

/** Without a store, everything on the server would seem to be left over. */
async function examineStore(query: Query, account: string, store: StoreConfig): Promise<Finding[]> {
  const instances = await readInstances(store);
  if (instances === undefined) {
    const text = `There is no store at ${storeName(store)}, so what is on the server was not compared with it. Start the service once, or set ${Object.keys(storeVariables).join()}.`;
    return [{ level: 'advice', text, statements: [] }];
  }
  print(`${instances.length} instances in the store ${storeName(store)}`);
  return examineObjects(query, answers.service, account, async () => (await readInstances(store)) ?? []);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error && error.cause === undefined ? error.message : messageOf(error)}\n`);
  process.exitCode = 1;
});
