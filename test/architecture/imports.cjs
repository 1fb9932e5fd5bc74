/* The import table of docs/architecture.md as rules of dependency-cruiser. `make check` runs them. */

const CONNECTOR = 'connectors/connector\\.ts$';

/** Which folder of src may import from which others; its own is always allowed. */
const MAY = {
  core: [],
  host: ['core/'],
  api: ['core/'],
  kube: ['core/', 'host/', 'api/'],
  apiserver: ['core/', 'host/', 'api/'],
  store: ['core/', 'host/'],
  images: ['core/', 'host/'],
  engine: ['core/', 'host/', 'store/', 'images/'],
  connectors: ['core/', 'host/', 'images/'],
  jobs: ['core/', 'host/', 'engine/', 'store/', 'images/', CONNECTOR],
  sources: ['core/', 'host/', 'api/', 'kube/'],
  reconcilers: ['core/', 'api/', 'kube/', 'jobs/', 'sources/', CONNECTOR],
  cli: ['core/', 'host/', 'api/', 'kube/', 'store/', 'engine/', 'jobs/', 'sources/'],
};

const folderRules = Object.entries(MAY).map(([folder, others]) => ({
  name: `${folder}-imports-only-what-it-may`,
  severity: 'error',
  comment: `src/${folder} may import: ${others.join(', ') || 'nothing'}`,
  from: { path: `^src/${folder}/` },
  to: {
    path: '^(src|test|bench|examples)/',
    pathNot: `^src/(${[`${folder}/`, ...others].join('|')})`,
  },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: 'main-imports-only-src',
      severity: 'error',
      from: { path: '^src/main/' },
      to: { path: '^(test|bench|examples)/' },
    },
    {
      name: 'every-folder-is-in-the-table',
      severity: 'error',
      comment: 'A new folder below src gets a line in the table first.',
      from: {
        path: '^src/',
        pathNot: `^src/(${[...Object.keys(MAY), 'main', 'guest'].join('|')})/`,
      },
      to: {},
    },
    {
      name: 'no-cycles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true },
    },
    {
      name: 'rooms-of-a-folder-have-an-order',
      severity: 'error',
      comment: 'What two folders share lies in a third, such as `model`, or beside both.',
      scope: 'folder',
      from: { path: '^src/[^/]+/[^/]+$' },
      to: { circular: true },
    },
    {
      name: 'plan-is-pure',
      severity: 'error',
      comment: 'plan.ts decides from data alone: no package, no Node module.',
      from: { path: '^src/.*/plan\\.ts$' },
      to: { pathNot: '^src/' },
    },
    {
      name: 'only-main-knows-a-platform',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(main|connectors)/' },
      to: { path: '^src/connectors/[^/]+/' },
    },
    {
      name: 'platforms-are-strangers',
      severity: 'error',
      from: { path: '^src/connectors/([^/]+)/' },
      to: { path: '^src/connectors/[^/]+/', pathNot: '^src/connectors/($1|contract)/' },
    },
    {
      name: 'the-connector-seam-knows-no-platform',
      severity: 'error',
      from: { path: '^src/connectors/[^/]+\\.ts$' },
      to: { path: '^src/connectors/[^/]+/' },
    },
    {
      name: 'reconcilers-are-strangers',
      severity: 'error',
      comment:
        'What kinds have in common lies beside their folders, and the life of machines in `machine`.',
      from: { path: '^src/reconcilers/([^/]+)/' },
      to: { path: '^src/reconcilers/[^/]+/', pathNot: '^src/reconcilers/($1|machine)/' },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'node_modules/\\.' },
    moduleSystems: ['es6'],
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.cjs'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
};
