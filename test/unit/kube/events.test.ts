import { silentLog } from '../../../src/host/log.ts';
import { kubeClient } from '../../../src/kube/client.ts';
import { eventRecorder, type EventNote } from '../../../src/kube/events.ts';
import { ApiDouble } from '../../support/api-double.ts';
import { ManualClock } from '../../support/clock.ts';
import { describe, expect, it } from '../../support/runner.ts';

const object = {
  apiVersion: 'lamina.dev/v1alpha1',
  kind: 'LayerVersion',
  metadata: { name: 'a', namespace: 'n', uid: 'u1' },
};
const note = (message: string): EventNote => ({ type: 'Warning', reason: 'Failed', message });

function recorder(api = new ApiDouble()) {
  const clock = new ManualClock();
  const client = kubeClient(api.transport);
  const make = () => eventRecorder({ client, clock, log: silentLog, component: 'lamina' });
  return { api, clock, make, events: () => api.all('/api/v1/events') };
}

describe('event recorder', () => {
  it('counts what is said again, across restarts', async () => {
    const { make, events } = recorder();
    for (let life = 0; life < 3; life += 1) {
      const events = make();
      events.record(object, note('disk is full'));
      await events.flush();
    }
    expect(events()).toMatchObject([
      {
        count: 3,
        reason: 'Failed',
        type: 'Warning',
        involvedObject: { kind: 'LayerVersion', name: 'a', namespace: 'n', uid: 'u1' },
        source: { component: 'lamina' },
        metadata: { namespace: 'n' },
      },
    ]);
  });

  it('writes 25 in a burst, then one every five minutes for an object', async () => {
    const { make, clock, events } = recorder();
    const recorder25 = make();
    const say = async (times: number) => {
      for (let time = 0; time < times; time += 1) {
        recorder25.record(object, note(`message ${time} at ${clock.now()}`));
      }
      await recorder25.flush();
    };
    await say(40);
    expect(events()).toHaveLength(25);
    clock.advance(300_000);
    await say(40);
    expect(events()).toHaveLength(26);
    recorder25.record({ ...object, metadata: { ...object.metadata, uid: 'u2' } }, note('other'));
    await recorder25.flush();
    expect(events()).toHaveLength(27);
  });

  it('goes on after an event that could not be written', async () => {
    const { make, api, events } = recorder();
    const one = make();
    api.before = () => {
      throw new Error('connect ECONNREFUSED');
    };
    one.record(object, note('lost'));
    await one.flush();
    api.before = () => undefined;
    one.record(object, note('written'));
    await one.flush();
    expect(events().map(({ message }) => message)).toEqual(['written']);
  });
});
