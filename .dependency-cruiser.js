/** The rooms of the house, from the top floor down: each may import from those below it, and from itself. */
const ROOMS = [
  '^src/entry/',
  '^(src/(cli|index)\\.ts|plopfile\\.js)$',
  '^src/commands/',
  '^src/sandbox/page/',
  '^src/sandbox/(?!page/)',
  '^src/publish/',
  '^src/check/',
  '^src/project/',
  '^src/steps/',
  '^src/render/',
  '^generators/',
  '^src/terminal/',
  '^src/answers/',
  '^src/tsuru/',
  '^src/(errors|text)\\.ts$',
  '^src/archive/',
];

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...ROOMS.slice(1).map((room, index) => ({
      name: `no-import-upward-from-${room.replace(/\W/g, '')}`,
      severity: 'error',
      from: { path: room },
      to: { path: ROOMS.slice(0, index + 1) },
    })),
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'every-file-in-a-room',
      severity: 'error',
      from: {},
      to: { path: '^(src|generators)/', pathNot: ROOMS },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
  },
};
