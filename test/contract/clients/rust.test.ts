import { expect, it } from '../../support/runner.ts';
import { describeClient, steps } from './both.ts';

describeClient('kube-rs', 'rust', (peer, play) => {
  it.each([
    { script: 'discovery', why: 'discovery finds the same kinds, old and aggregated' },
    {
      script: 'own',
      why: 'objects of a kind of ours are written, read and listed, and refused alike',
    },
    { script: 'apply', why: 'two managers apply: conflict, force, taking back' },
    {
      script: 'delete',
      why: 'a deletion has preconditions and finalizers, and may be of a collection',
    },
    { script: 'kinds', why: 'built-in kinds are written as objects without a type' },
    {
      script: 'watcher',
      why: 'a watcher goes on after its watch has ended, with nothing lost or twice',
    },
    { script: 'reflector', why: 'what a reflector keeps is what a list has' },
    { script: 'events', why: 'a recorded event arrives, and its repetitions as a series' },
  ])('$why', async ({ script }) => {
    const { ours, real } = await play(`rust-${script}`, (place) =>
      steps(peer.program, [script], place),
    );
    expect(real.length).toBeGreaterThan(1);
    expect(ours).toEqual(real);
  });
});
