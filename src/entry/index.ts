import { load } from './load.ts';

export const { ExpectedError, check, create, render } = load('./index.cjs') as typeof import('../index.ts');
