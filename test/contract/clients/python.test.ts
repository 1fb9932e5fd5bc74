import { join } from 'node:path';
import { expect, it } from '../../support/runner.ts';
import { describeClient, steps } from './both.ts';

const SCRIPT = join(import.meta.dirname, 'script.py');

describeClient('the Python client of Kubernetes', 'python-kubernetes', (peer, play) => {
  it('discovers, writes, lists, watches and deletes', async () => {
    const { ours, real } = await play('python', (place) => steps(peer.program, [SCRIPT], place));
    expect(real.length).toBeGreaterThan(10);
    expect(ours).toEqual(real);
  });
});
