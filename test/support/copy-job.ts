import type { CopyJob, Recipe } from '../../src/jobs/spec.ts';

const DIGEST = `sha256:${'0'.repeat(64)}` as const;
const RECIPE: Recipe = {
  namespace: 'default',
  os: { repository: 'os', tag: '1', manifest: DIGEST },
  deltas: [],
  task: { role: 'image', title: 'i', scripts: [], layers: [], shutdownWhenDone: true },
};

/** A job of some key; another name is another job. */
export const copyJob = (key: string, name = 'one'): CopyJob => ({
  kind: 'copy',
  key,
  revision: name,
  recipe: RECIPE,
  connector: { namespace: 'default', name: 'here', location: DIGEST },
});
