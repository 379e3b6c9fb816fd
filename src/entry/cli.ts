import { load } from './load.ts';

load('./cli.cjs');
