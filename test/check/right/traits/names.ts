import type { Reference } from '../../broken/reference.ts';
import type { Trait } from '../trait.ts';

/** Refuses a create of some names, with a reason. */
function refuses(isRefused: (name: string) => boolean, reason: string): (service: Reference) => void {
  return (service) => {
    const right = service.create.bind(service);
    service.create = (incoming) =>
      isRefused(incoming.fields.get('name') ?? '') ? service.refuse(400, reason) : right(incoming);
  };
}

export const NAMES: readonly Trait[] = [
  {
    name: 'names are cut at 10 characters',
    makes: (service) => {
      service.keyOf = (name) => name.slice(0, 10);
    },
    fails: ['names.cut-pair'],
  },
  {
    name: 'names are refused over 30 characters',
    makes: refuses((name) => name.length > 30, 'a name has at most 30 characters'),
    fails: [],
  },
  {
    name: 'names with a hyphen are refused',
    makes: refuses((name) => name.includes('-'), 'a name has letters, digits and "_" only'),
    fails: [],
  },
  {
    name: 'names with an underscore are refused',
    makes: refuses((name) => name.includes('_'), 'a name has letters, digits and "-" only'),
    fails: [],
  },
  {
    name: 'names with capitals are refused',
    makes: refuses((name) => /[A-Z]/.test(name), 'a name has no capital letters'),
    fails: [],
  },
  {
    name: 'the case of names is ignored',
    makes: (service) => {
      service.keyOf = (name) => name.toLowerCase();
    },
    fails: ['names.case-pair'],
  },
];
