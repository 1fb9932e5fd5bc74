import { join } from 'node:path';
import { atRest, bringUp } from '../support/bring-up.ts';
import { startControlled } from '../support/controlled.ts';
import { rounded, type Figure } from '../support/figures.ts';
import { residentMiB } from '../support/process-stats.ts';
import { realKubernetes } from './contenders.ts';

function besideEmbedded(figure: Figure, embedded: readonly Figure[]): Figure {
  const same = embedded.find(({ what }) => what === figure.what);
  const what = `on a real Kubernetes, ${figure.what}`;
  if (same === undefined) return { ...figure, what };
  const ours = `embedded ${`${rounded(same.value)} ${same.unit}`.trim()}`;
  return { ...figure, what, beside: [ours, figure.beside ?? []].flat().join('; ') };
}

/**
 * The same controllers in the same process, whose API is a real one over TLS, as `lamina controller` has it. Told beside
 * what they did on the embedded API.
 */
export async function onRealApi(
  folder: string,
  size: number,
  embedded: readonly Figure[],
): Promise<readonly Figure[]> {
  await using server = await realKubernetes(join(folder, 'kubernetes'));
  await using system = await startControlled(join(folder, 'controller'), size, server.kubeconfig);
  const figures = [...(await bringUp(system, size)), ...(await atRest(system))];
  const programs = server.programs.map(({ name, pid }) => ({ name, mib: residentMiB(pid) }));
  const servers: Figure = {
    what: 'memory of the three programs of the API at rest',
    value: programs.reduce((sum, { mib }) => sum + mib, 0),
    unit: 'MiB',
    beside: programs.map(({ name, mib }) => `${name} ${rounded(mib)}`).join(', '),
  };
  return [...figures, servers].map((figure) => besideEmbedded(figure, embedded));
}
