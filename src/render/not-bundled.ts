/**
 * Stands in the bundle for what plop and Handlebars bring along and what is never called here: inquirer, which asks
 * plop's own questions; the globbing and resolving of actions and plop files that we do not have; source maps of templates.
 */
const stub = { registerPrompt: () => undefined };

export default stub;

export function globSync(): never {
  throw new Error('globs are not part of this package');
}
