import { register } from 'node:module';

/** Loaded before src/main.ts, it makes that import the pooled backend in place of src/backend.ts. */
const hook = `export function resolve(specifier, context, next) {
  const isReplaced = specifier === './backend.js' && context.parentURL?.endsWith('/src/main.ts');
  return next(isReplaced ? ${JSON.stringify(new URL('pooled-backend.ts', import.meta.url).href)} : specifier, context);
}`;

register(`data:text/javascript,${encodeURIComponent(hook)}`);
