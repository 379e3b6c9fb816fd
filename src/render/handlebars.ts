import Handlebars from 'handlebars';

import { messageOf } from '../errors.ts';

/** Strict, so that a misspelt name is an error and not nothing; without the escaping that is meant for HTML. */
export const COMPILE_OPTIONS = { strict: true, noEscape: true } as const;

/** Templates that were compiled when the package was built, by their path below `templates/`: that saves half of a run. */
export type Precompiled = Readonly<Record<string, Parameters<typeof Handlebars.template>[0]>>;

/** Fills a template. `name` is for the error message. */
export type Fill = (name: string, template: string, data: object) => string;

/**
 * Makes a Handlebars of our own, with the helpers that the templates may use, whatever plop registered on the shared one.
 *
 * Helpers: `eq a b`; `json value`, a literal for JSON and TypeScript; `yaml text`, a scalar for YAML;
 * `markdown text`, for a cell of a Markdown table.
 */
export function compiler(precompiled: Precompiled = {}): Fill {
  const handlebars = Handlebars.create();
  handlebars.registerHelper('eq', (a: unknown, b: unknown) => a === b);
  handlebars.registerHelper('json', (value: unknown) => JSON.stringify(value));
  handlebars.registerHelper('yaml', yamlScalar);
  handlebars.registerHelper('markdown', (text: string) => text.replace(/[\\`*_{}[\]<>|#$]/g, '\\$&'));
  // Strictness does not reach what a block is opened with.
  for (const block of ['if', 'unless', 'each', 'with'] as const) {
    const builtIn = handlebars.helpers[block] as Handlebars.HelperDelegate;
    handlebars.registerHelper(block, function (this: unknown, value: unknown, options: Handlebars.HelperOptions) {
      if (value === undefined) throw new Error(`{{#${block}}} of what is not there`);
      return builtIn.call(this, value, options) as unknown;
    });
  }
  return (name, template, data) => {
    try {
      const compiled = precompiled[name];
      return (compiled ? handlebars.template(compiled) : handlebars.compile(template, COMPILE_OPTIONS))(data);
    } catch (error) {
      throw new Error(`${name}: ${messageOf(error)}`, { cause: error });
    }
  };
}

/** A text as YAML reads it back: plain where that is certain, in JSON's quotes otherwise, which are YAML's too. */
function yamlScalar(value: unknown): string {
  const text = String(value);
  const isPlain = /^[A-Za-z][\w-]*$/.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text);
  return typeof value !== 'string' || isPlain ? text : JSON.stringify(text);
}
