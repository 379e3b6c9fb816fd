/** What no variable of a module may be called, by the language or by ESLint, and `then`, which makes a promise of a module. */
const UNUSABLE = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function globalThis if implements import in instanceof interface let new null package private protected
  public return static super switch then this throw true try typeof undefined var void while with yield`.split(/\s+/),
);

/** What the module that imports every handler declares itself. */
const DECLARED = new Set(['endpoints']);

/**
 * The name that the file of an endpoint's handler exports. That file is its owner's and never written again, so this rule
 * must never change for a name that worked.
 * @param name of the endpoint, in kebab-case
 */
export function exportedName(name: string): string {
  const camel = camelCase(name);
  return UNUSABLE.has(camel) ? `${camel}Handler` : camel;
}

/**
 * By what names one module imports the handlers of those endpoints: as they are exported where that is unique. No exported
 * name has a `_`, so the others cannot meet one.
 * @param names of the endpoints, in kebab-case
 */
export function importedNames(names: readonly string[]): Map<string, string> {
  return namesBy(names, exportedName, (name, exported, isShared) =>
    isShared || DECLARED.has(exported) ? `handle_${name.replaceAll('-', '_')}` : exported,
  );
}

/** The ids of those endpoints in an OpenAPI document, where each has to be unique. */
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
