import { register } from 'node:module';

/** Loaded before src/main.ts, it makes that import a backend whose creations never end. */
const source = `
  const nothing = async () => ({});
  export function createBackend() {
    const create = () => new Promise(() => { process.stdout.write('creating\\n'); });
    return { create, update: nothing, destroy: nothing, bindApp: nothing, unbindApp: nothing, bindJob: nothing, unbindJob: nothing };
  }`;
const hook = `export function resolve(specifier, context, next) {
  const isReplaced = specifier === './backend.js' && context.parentURL?.endsWith('/src/main.ts');
  const url = 'data:text/javascript,' + ${JSON.stringify(encodeURIComponent(source))};
  return isReplaced ? { url, format: 'module', shortCircuit: true } : next(specifier, context);
}`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
