/*
 * A server under load that tells each answer and each event as a line, until a write is refused.
 * Arguments: database file.
 */
import { writeSync } from 'node:fs';
import { body, collection, key, openCore } from '../../../support/api-core.ts';

const [path = ''] = process.argv.slice(2);
const core = await openCore({ path });
const maps = collection(core, 'ConfigMap');

function tell(line: Readonly<Record<string, unknown>>): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

async function tellEvents(): Promise<void> {
  const { resourceVersion } = await core.service.list(maps);
  tell({ start: resourceVersion });
  for await (const { type, document, resourceVersion: revision } of await core.service.watch(maps, {
    resourceVersion,
  })) {
    tell({ event: type, name: document?.object.metadata.name, revision });
  }
}

async function write(writer: number): Promise<void> {
  for (let round = 0; ; round += 1) {
    const name = `w${writer}-${round % 5}`;
    const data = { text: 'x'.repeat(3000), round: String(round) };
    try {
      const { document } = await core.service.create(maps, { ...body('ConfigMap', name), data });
      tell({ wrote: name, revision: document.object.metadata.resourceVersion });
      const patch = { type: 'merge', body: { data: { again: 'yes' } } } as const;
      const again = await core.service.patch(key(core, 'ConfigMap', name), patch);
      tell({ wrote: name, revision: again.document.object.metadata.resourceVersion });
      const earlier = `w${writer}-${(round + 2) % 5}`;
      if (round < 3) continue;
      const { document: last } = await core.service.remove(key(core, 'ConfigMap', earlier));
      tell({ removed: earlier, revision: last.object.metadata.resourceVersion });
    } catch (error) {
      tell({ refused: name, why: String(error) });
      return;
    }
  }
}

const events = tellEvents();
await Promise.all([1, 2, 3, 4].map(write));
tell({ readable: (await core.service.list(maps)).items.length });
await core.close();
await events;
