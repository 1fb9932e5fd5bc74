import { expect, it } from '../../support/runner.ts';
import { describeClient, steps } from './both.ts';

describeClient('client-go and controller-runtime', 'controllers', (peer, play) => {
  it.each([
    { script: 'informer', why: 'an informer sees every change, in order' },
    { script: 'expired', why: 'an informer whose watch has expired makes good what it missed' },
    { script: 'election', why: 'of two candidates one leads, and the other takes over from it' },
    { script: 'events', why: 'a recorded event arrives, and its repetition as a series' },
    { script: 'collection', why: 'a collection is deleted by a selector' },
    { script: 'apply', why: 'two managers apply: conflict, force, taking back' },
    { script: 'finalizer', why: 'a finalizer holds a deletion' },
    { script: 'manager', why: 'a whole controller keeps what it owns, and ends well' },
    { script: 'typed', why: 'built-in kinds are written as protobuf' },
  ])('$why', async ({ script }) => {
    const { ours, real } = await play(script, (place) => steps(peer.program, [script], place));
    expect(real.length).toBeGreaterThan(2);
    expect(ours).toEqual(real);
  });
});
