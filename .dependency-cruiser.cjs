/**
 * The import floors of the house (README, "Rooms and floors"): a file imports only lower floors or its own folder.
 * Rooms on one floor never import each other. The viewer runs in a browser and imports only the wire layout.
 */
const floors = [
  ['errors', 'log'],
  ['frame', 'wire', 'onnx', 'quality'],
  ['window', 'edvr', 'checkpoint', 'media'],
  ['model'],
  ['source', 'engine', 'sink'],
  ['stream'],
  ['server', 'job'],
  ['config'],
  ['service'],
  ['cli'],
];

const roomRules = floors.flatMap((rooms, floor) =>
  rooms.map((room) => {
    const lower = floors.slice(0, floor).flat();
    const allowed = [room, ...lower].join('|');
    return {
      name: `floor-${floor}-${room}`,
      comment: `src/${room} stands on floor ${floor}: it imports its own folder and lower floors only`,
      severity: 'error',
      from: { path: `^src/${room}/` },
      to: { path: '^src/', pathNot: `^src/(${allowed})/` },
    };
  }),
);

module.exports = {
  forbidden: [
    ...roomRules,
    {
      name: 'viewer-imports-only-wire',
      severity: 'error',
      from: { path: '^src/viewer/' },
      to: { path: '^src/', pathNot: '^src/(viewer|wire)/' },
    },
    {
      name: 'nobody-imports-the-viewer',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/viewer/' },
      to: { path: '^src/viewer/' },
    },
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'known-rooms-only',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot:
          '^src/(index\\.ts|(errors|log|frame|wire|onnx|quality|window|edvr|checkpoint|media|model|source|engine|sink|stream|server|job|config|service|cli|viewer)/)',
      },
      to: {},
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
