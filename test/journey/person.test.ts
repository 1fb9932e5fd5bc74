import type { ApiObject } from '../../src/api/object.ts';
import { run } from '../../src/host/run.ts';
import { holds, stageOf } from '../../src/reconcilers/objects.ts';
import { temporaryFolder } from '../support/folder.ts';
import { createAll, follow, object } from '../support/installation.ts';
import { PLACES } from '../support/journey-place.ts';
import { describe, expect, it } from '../support/runner.ts';
import { SerialConsole } from '../support/serial-console.ts';

interface Acting {
  readonly action?: { readonly gate: string; readonly text: string };
}
const acting = (version: ApiObject) => (version.status ?? {}) as Acting;
const asks = (gate: string) => (version: ApiObject) => acting(version).action?.gate === gate;
const LAUNCHER = new URL('../../lamina', import.meta.url).pathname;

describe.each(PLACES)('a version without install on $why', ({ open }) => {
  it('waits for a person, whom neither powering off nor a lost work folder gets rid of', async () => {
    await using folder = await temporaryFolder();
    await using journey = await open(folder.path);
    const { installation } = journey;
    const system = await journey.start();
    await createAll(system.client, [
      ...journey.base(),
      object('AppLayer', 'tool', {
        osLayer: { name: 'tiny' },
        packaging: { connectorRef: { name: journey.connector } },
        versions: [
          { name: '1', osVersion: '1', instructions: 'Write /etc/by-hand.', gates: ['Finalize'] },
        ],
      }),
    ]);
    const waiting = await follow(system.client, 'LayerVersion', asks('InstallSoftware'));
    expect(acting(waiting).action?.text).toContain('Write /etc/by-hand.');
    const console = await SerialConsole.open(journey.serialSocket(waiting));
    await console.sh('echo by hand > /etc/by-hand');
    await journey.wipeWork();
    console.powerOff();
    const off = await follow(
      system.client,
      'LayerVersion',
      (item) =>
        asks('InstallSoftware')(item) &&
        /again|tool/.test(acting(item).action?.text ?? '') &&
        stageOf(item) === 'ActionRequired' &&
        acting(item).action?.text !== acting(waiting).action?.text,
    );
    expect(acting(off).action?.text).toContain('PackagingMachine');
    const name = waiting.metadata.name;
    const cli = (...args: readonly string[]) =>
      run(LAUNCHER, [...args, '--data', installation.dataDir]);
    await cli('console', `pkgm/${name}`, '--power-on');
    await follow(system.client, 'PackagingMachine', (item) => stageOf(item) === 'Running');
    const again = await follow(
      system.client,
      'LayerVersion',
      (item) => /Then run/.test(acting(item).action?.text ?? '') && asks('InstallSoftware')(item),
    );
    const second = await SerialConsole.open(journey.serialSocket(again));
    await second.sh('cat /etc/by-hand');
    void second.sh('/var/lib/lamina/finish').catch(() => undefined);
    await follow(system.client, 'LayerVersion', asks('ApproveFinalize'));
    await cli('approve', `lver/${name}`);
    const done = await follow(
      system.client,
      'LayerVersion',
      (item) => item.metadata.name === name && holds(item, 'Ready'),
    );
    expect(stageOf(done)).toBe('Deployable');
    await system.stop();
  });
});
