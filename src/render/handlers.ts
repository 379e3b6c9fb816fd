/** Names that JavaScript or ESLint does not allow for a variable, and `then`, which would make the module a thenable. */
const UNUSABLE = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function globalThis if implements import in instanceof interface let new null package private protected
  public return static super switch then this throw true try typeof undefined var void while with yield`.split(/\s+/),
);

/** Names that the module that imports every handler declares itself. */
const DECLARED = new Set(['endpoints']);

/**
 * The name that the file of an endpoint's handler exports. That file is written only once, so this rule must never change
 * for existing names.
 * @param name of the endpoint, in kebab-case
 */
export function exportedName(name: string): string {
  const camel = camelCase(name);
  return UNUSABLE.has(camel) ? `${camel}Handler` : camel;
}

/**
 * The names by which one module imports the handlers of several endpoints: the exported name where it is unique. The others
 * get a `_`, which no exported name has.
 * @param names of the endpoints, in kebab-case
 */
export function importedNames(names: readonly string[]): Map<string, string> {
  return namesBy(names, exportedName, (name, exported, isShared) =>
    isShared || DECLARED.has(exported) ? `handle_${name.replaceAll('-', '_')}` : exported,
  );
}

/** The ids of endpoints in an OpenAPI document, where they must be unique. */
export function operationIds(names: readonly string[]): Map<string, string> {
  return namesBy(names, camelCase, (name, camel, isShared) => (isShared ? name : camel));
}

function namesBy(
  names: readonly string[],
  usual: (name: string) => string,
  choose: (name: string, usual: string, isShared: boolean) => string,
): Map<string, string> {
  const all = names.map(usual);
  return new Map(
    names.map((name) => {
      const own = usual(name);
      return [name, choose(name, own, all.indexOf(own) !== all.lastIndexOf(own))];
    }),
  );
}

function camelCase(name: string): string {
  return name.replace(/-+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
