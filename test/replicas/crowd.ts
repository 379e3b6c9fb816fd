import type { Database, Project } from './project.ts';
import { becomes, inWorld } from './world.ts';

/** Sends many calls to each of two replicas at once, far more than they have connections to the store. All must succeed. */
export async function crowd(project: Project, database: Database, name: string, calls: number): Promise<string[]> {
  return inWorld({ project, database, name: `${name} crowd`, replicas: 2 }, async ({ fleet }) => {
    const numbers = Array.from({ length: 2 * calls }, (_, number) => number);
    const found: string[] = [];
    const each = async (wanted: number, callOf: (instance: string) => Parameters<typeof fleet.call>[1]) => {
      await Promise.all(
        numbers.map(async (number) => {
          const reply = await fleet.call(number % 2, callOf(`crowd${number}`));
          if (reply?.status !== wanted) found.push(`crowd${number}: ${reply?.status ?? 'killed'} ${reply?.body ?? ''}`);
        }),
      );
    };
    await each(201, (instance) => ({ method: 'POST', path: '/resources', fields: { name: instance, team: 't', plan: 'small' } }));
    for (const number of numbers) {
      const status = { method: 'GET', path: `/resources/crowd${number}/status` };
      if (!(await becomes(async () => (await fleet.call(number % 2, status))?.status === 204))) found.push(`crowd${number} is stuck`);
    }
    // On few instances, so that they also wait for each other.
    await Promise.all(
      numbers.map(async (number) => {
        const path = `/resources/crowd${number % 20}/bind-app`;
        const reply = await fleet.call(number % 2, { method: 'POST', path, fields: { 'app-name': `app${number}` } });
        if (reply?.status !== 201) found.push(`${path}: ${reply?.status ?? 'killed'} ${reply?.body ?? ''}`);
      }),
    );
    await each(200, (instance) => ({ method: 'DELETE', path: `/resources/${instance}`, fields: { user: 'u' } }));
    return found;
  });
}
