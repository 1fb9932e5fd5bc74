import { join } from 'node:path';
import { expect, it } from '../../support/runner.ts';
import { describeClient, steps } from './both.ts';

const CRDS = join(import.meta.dirname, '..', '..', '..', 'crds');

describeClient('libraries of Flux and Argo CD', 'gitops', (peer, play) => {
  it.each([
    { script: 'flux', why: 'Flux applies, finds drift, takes it back, waits and prunes' },
    { script: 'argo', why: 'Argo CD caches the cluster, compares, syncs and prunes' },
  ])('$why', async ({ script }) => {
    const { ours, real } = await play(script, (place) =>
      steps(peer.program, [script, CRDS], place),
    );
    expect(real.length).toBeGreaterThan(8);
    expect(ours).toEqual(real);
  });
});
