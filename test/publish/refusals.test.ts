import { execFileSync } from 'node:child_process';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { makeStage, type Stage } from './support/tsuru.ts';

let stage: Stage;

beforeEach(async () => {
  stage = await makeStage();
});

afterEach(() => stage.close());

const oneLine = (text: string) => text.replace(/\s*\n\s*/g, ' ');

describe('publish refuses an option that npm kept to itself', () => {
  const access = () => ({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: stage.sandbox.token });
  const isNew = async () => (await stage.publish('--dry-run')).output.includes('my-db is new');

  /** What npm sets for the script `publish:tsuru`. */
  function environmentOf(...argv: string[]): Record<string, string> {
    stage.project.write('package.json', JSON.stringify({ scripts: { 'publish:tsuru': 'node -p "JSON.stringify(process.env)"' } }));
    const output = execFileSync('npm', ['run', '--silent', 'publish:tsuru', ...argv], { cwd: stage.project.directory, encoding: 'utf8' });
    return Object.fromEntries(Object.entries(JSON.parse(output) as Record<string, string>).filter(([name]) => /^npm_(config|lifecycle)_/.test(name)));
  }

  it('of a script, and sends nothing', async () => {
    const environment = environmentOf('--dry-run');
    expect(await stage.project.publish({ ...access(), ...environment })).toEqual({ code: 2, output:
      'npm kept --dry-run to itself, so nothing was sent.\nRun npm run publish:tsuru -- --dry-run\n' });
    expect(await isNew()).toBe(true);
    // It is what was meant if it is given as well.
    expect((await stage.project.publish({ ...access(), ...environment }, '--dry-run')).code).toBe(0);
    expect((await stage.project.publish({ ...access(), ...environmentOf() })).code).toBe(0);
    const { address } = stage.sandbox;
    const target = environmentOf(`--target=${address}`);
    expect(await stage.project.publish({ ...access(), ...target })).toEqual({ code: 2, output:
      'npm kept --target to itself, so nothing was sent.\nRun npm run publish:tsuru -- --target URL|LABEL\n' });
    expect((await stage.project.publish({ ...access(), ...target }, '--target', address)).code).toBe(0);
  });

  it.each([
    [{ npm_config_check: 'true' }, '--check'],
    [{ npm_config_check: 'yes' }, '--check'],
    [{ npm_config_target: 'https://tsuru.example.com', npm_config_dry_run: 'true' }, '--target URL|LABEL --dry-run'],
    [{ npm_config_rotate_password: 'true', npm_config_deployed: 'true' }, '--rotate-password --deployed'],
  ])('as %j', async (environment, flags) => {
    expect(await stage.project.publish({ ...access(), npm_lifecycle_event: 'npx', ...environment })).toEqual({ code: 2, output: expect.stringContaining(`npm run publish:tsuru -- ${flags}\n`) as string });
    expect(await isNew()).toBe(true);
  });

  it('but takes no setting outside of a script, and none that is off, for one', async () => {
    expect((await stage.project.publish({ ...access(), npm_lifecycle_event: 'npx', npm_config_check: 'false', npm_config_dry_run: '', npm_config_ca: 'a certificate' })).code).toBe(0);
    expect((await stage.project.publish({ ...access(), npm_config_check: 'true' })).code).toBe(0);
  });
});

describe('publish says what to do when Tsuru refuses', () => {
  it('the token', async () => {
    const { code, output } = await stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: 'an-old-token' });
    expect([code, output]).toEqual([4, 'Tsuru does not take the token: it has expired, or belongs to another Tsuru.\nRun tsuru login, or set TSURU_TOKEN.\n']);
  });

  it('a new service, to a user without the permission', async () => {
    const token = await stage.userWith('service.read');
    const { code, output } = await stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: token });
    expect(code).toBe(1);
    expect(oneLine(output)).toContain('✗ Tsuru refuses the service: the user of the token lacks the permission service.create for the team dbas, or there is no such team. An administrator');
    expect(output).not.toContain('Documentation');
    expect(output).not.toContain('reaches the service');
  });

  it('the parts that a user may not change, and does the rest', async () => {
    await stage.publish();
    stage.project.write('docs/service.md', 'new');
    stage.project.permissions([]);
    const token = await stage.userWith('service.update.doc');
    const { code, output } = await stage.project.publish({ TSURU_TARGET: stage.sandbox.address, TSURU_TOKEN: token });
    expect(code).toBe(1);
    expect(oneLine(output)).toContain('✗ Tsuru refuses the service: the user of the token lacks the permission service.update for the team that owns my-db.');
    expect(output).toContain('✓ Documentation sent.');
    expect(oneLine(output)).toContain('✗ Tsuru refuses the permissions: the user of the token lacks the permission service.update for the team');
    expect((await stage.api('GET', '/1.0/services/my-db/doc')).body).toBe('new');
  });

  it('the permissions, as roles have an action that goes: the commands it names make way', async () => {
    await stage.publish();
    for (const name of ['readers', 'some writers']) {
      await stage.api('POST', '/1.0/roles', { name, context: 'team' });
      await stage.api('POST', `/1.0/roles/${encodeURIComponent(name)}/permissions`, { permission: 'service-action.my-db.usage.show' });
    }
    stage.project.permissions(['POST /backups/{id} backups.create']);
    stage.project.write('docs/service.md', 'new');
    const { code, output } = await stage.publish();
    expect(code).toBe(1);
    expect(output).toContain('✓ Documentation sent.');
    const commands = output.split('\n').filter((line) => line.includes('tsuru role permission'));
    expect(commands).toEqual([
      '  tsuru role permission remove readers service-action.my-db.usage.show',
      `  tsuru role permission remove 'some writers' service-action.my-db.usage.show`,
    ]);
    for (const name of ['readers', 'some writers']) {
      await stage.api('DELETE', `/1.0/roles/${encodeURIComponent(name)}/permissions/service-action.my-db.usage.show`);
    }
    expect((await stage.publish()).code).toBe(0);
    expect((await stage.publish('--check')).code).toBe(0);
  });

  it('the permissions, as a role has an action by a shorter permission, which is to be removed instead', async () => {
    await stage.publish();
    await stage.api('POST', '/1.0/roles', { name: 'readers', context: 'team' });
    await stage.api('POST', '/1.0/roles/readers/permissions', { permission: 'service-action.my-db.usage' });
    const remove = (permission: string) => stage.api('DELETE', `/1.0/roles/readers/permissions/${permission}`);
    stage.project.permissions(['POST /backups/{id} backups.create']);
    expect((await stage.publish()).output).toContain([
      '  tsuru role permission remove readers service-action.my-db.usage.show',
      '  If a role has a shorter permission for that (tsuru role info ROLE), such as service-action.my-db, remove that one instead.',
    ].join('\n'));
    await remove('service-action.my-db.usage.show');
    expect((await stage.publish()).code).toBe(1);
    await remove('service-action.my-db.usage');
    expect((await stage.publish()).code).toBe(0);
  });

  it.each([
    [['GET /a one', 'GET /b one'], 'duplicate manifest operation action "one" Correct operations[1], GET /b (one), in permissions.json.'],
    [['GET /a one', 'get /b two'], 'invalid manifest method "get" for operation "two" Correct operations[1], get /b (two), in permissions.json.'],
    [['GET /a/{x one'], 'Correct operations[0], GET /a/{x (one), in permissions.json.'],
    [['GET /a/{x} one', 'GET /a/{y} two'], 'Correct operations[1], GET /a/{y} (two), in permissions.json.'],
    [['GET /a One'], 'invalid manifest action "One" for operation "/a" Correct operations[0], GET /a (One), in permissions.json.'],
  ])('the operations %j, of which it names the one that is wrong', async (operations, words) => {
    stage.project.permissions(operations);
    const { code, output } = await stage.publish();
    expect(code).toBe(1);
    expect(oneLine(output)).toContain(words);
  });

  it('a team that does not exist', async () => {
    await stage.publish();
    stage.project.manifest({ team: 'no-team' });
    const { code, output } = await stage.publish();
    expect([code, oneLine(output)]).toEqual([1, expect.stringContaining(`Team owner doesn't exist. Correct "team: no-team" in manifest.yaml, or create the team.`) as string]);
  });

  it('to choose one of several teams', async () => {
    stage.project.manifest({ team: '' });
    const { code, output } = await stage.publish();
    expect([code, oneLine(output)]).toEqual([1, expect.stringContaining('belongs to several teams. Set the team in manifest.yaml.') as string]);
  });

  it('nothing, but a file of the project does not do', async () => {
    stage.project.write('permissions.json', '{"operations":');
    expect(await stage.publish()).toEqual({ code: 5, output: expect.stringContaining('permissions.json is not valid JSON') as string });
    for (const text of ['null', '1', '[]', '{"operations":[{"method":1}]}']) {
      stage.project.write('permissions.json', text);
      expect(await stage.publish()).toEqual({ code: 5, output: expect.stringContaining('permissions.json has another shape') as string });
    }
    for (const [name, text] of Object.entries({ operation: '{"enabled":true,"operation":[]}', method: '{"enabled":true,"method":"x"}', 0: '{"0":true,"enabled":true}', enabled: '{"operations":[{},{"enabled":true}]}' })) {
      stage.project.write('permissions.json', text);
      expect(await stage.publish()).toEqual({ code: 5, output: expect.stringContaining(`permissions.json has "${name}", which Tsuru does not read.`) as string });
    }
    stage.project.manifest({ id: 'My DB' });
    expect(await stage.publish()).toEqual({ code: 5, output: expect.stringMatching(/^manifest\.yaml:1: id: It must be 1 to 40/) as string });
    stage.project.manifest();
    stage.project.write('.env', 'SERVICE_PASSWORD=another\n');
    expect(await stage.publish()).toEqual({ code: 5, output: expect.stringContaining('It is not SERVICE_PASSWORD, which the service takes') as string });
    stage.project.write('.env', '\n'.repeat(70_000));
    expect(await stage.publish()).toEqual({ code: 5, output: expect.stringContaining('.env cannot be read: it has more than 65536 bytes') as string });
    stage.project.removeFile('.env');
    stage.project.removeFile('tsuru-service.yaml');
    expect(await stage.publish()).toEqual({ code: 2, output: expect.stringContaining('There is no tsuru-service.yaml in ') as string });
    expect(await stage.publish('--nonsense')).toEqual({ code: 2, output: expect.stringContaining('Unknown option') as string });
  });
});
