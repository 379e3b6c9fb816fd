import Handlebars from 'handlebars';
import type { NodePlopAPI } from 'node-plop';

import { messageOf } from '../errors.ts';

/**
 * The templates in the package, by their path below `templates/`: compiled, which halves the run time, or what gives a
 * file that is copied.
 */
export type Precompiled = Readonly<Record<string, Parameters<typeof Handlebars.template>[0] | (() => Buffer)>>;

/** Renders a template. `name` is for the error message. */
export type Fill = (name: string, template: string, data: object) => string | Buffer;

/**
 * The helpers of the templates: `eq a b`; `json value`, a literal for JSON and TypeScript; `yaml text`, a scalar for YAML;
 * `markdown text`, for a cell of a Markdown table.
 */
export const HELPERS: Readonly<Record<string, Handlebars.HelperDelegate>> = {
  eq: (a: unknown, b: unknown) => a === b,
  json: (value: unknown) => JSON.stringify(value),
  yaml: yamlScalar,
  markdown: (text: string) => text.replace(/[\\`*_{}[\]<>|#$]/g, '\\$&'),
};

/**
 * Strict, so that a misspelt name is an error rather than an empty string; without HTML escaping. Listing the helpers makes
 * compiled templates smaller.
 */
export const COMPILE_OPTIONS = {
  strict: true,
  noEscape: true,
  knownHelpers: Object.fromEntries(Object.keys(HELPERS).map((name) => [name, true])),
  knownHelpersOnly: true,
} as const;

/**
 * Renders templates with the helpers that are registered with plop. Plop's own `renderString` escapes for HTML, and renders
 * a misspelt name as an empty string.
 */
export function fillWith(plop: Pick<NodePlopAPI, 'getHelper' | 'getHelperList'>, precompiled: Precompiled = {}): Fill {
  const handlebars = Handlebars.create();
  for (const name of plop.getHelperList()) handlebars.registerHelper(name, plop.getHelper(name) as Handlebars.HelperDelegate);
  // Strict mode does not cover the argument of a block.
  for (const block of ['if', 'unless', 'each', 'with'] as const) {
    const builtIn = handlebars.helpers[block] as Handlebars.HelperDelegate;
    handlebars.registerHelper(block, function (this: unknown, value: unknown, options: Handlebars.HelperOptions) {
      if (value === undefined) throw new Error(`{{#${block}}} of an undefined value`);
      return builtIn.call(this, value, options) as unknown;
    });
  }
  return (name, template, data) => {
    try {
      const compiled = precompiled[name];
      if (typeof compiled === 'function') return (compiled as () => Buffer)();
      return (compiled ? handlebars.template(compiled) : handlebars.compile(template, COMPILE_OPTIONS))(data);
    } catch (error) {
      throw new Error(`${name}: ${messageOf(error)}`, { cause: error });
    }
  };
}

/** A text as a YAML scalar: plain where that is certainly safe, otherwise in JSON's quotes, which are valid YAML. */
function yamlScalar(value: unknown): string {
  const text = String(value);
  const isPlain = /^[A-Za-z][\w-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text);
  return typeof value !== 'string' || isPlain ? text : JSON.stringify(text);
}
