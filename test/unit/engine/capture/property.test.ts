import { excludedBy } from '../../../../src/engine/capture/exclusions.ts';
import { volumeDelta } from '../../../../src/engine/capture/volume-delta.ts';
import { layOver } from '../../../../src/engine/compose/lay-over.ts';
import type { DeltaItem } from '../../../../src/engine/delta/entry.ts';
import { writeDelta } from '../../../../src/engine/delta/write.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { afterAll, beforeAll, describe, expect, it } from '../../../support/runner.ts';
import { runs, SEED } from '../../../support/soak.ts';
import { MemoryVolume, type Shown } from '../../../support/volume/memory.ts';
import { disturb } from '../../../support/volume/random.ts';
import { seeded } from '../../../support/random.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => void (folder = await temporaryFolder()));
afterAll(() => folder[Symbol.asyncDispose]());

function capture(base: MemoryVolume, machine: MemoryVolume): readonly DeltaItem[] {
  const sources = { base: base.source(), machine: machine.source() };
  const written = [{ start: 0, length: sources.machine.sizeBytes }];
  const rules = { excluded: excludedBy([]), madeByCompose: [] };
  return volumeDelta({ base, machine, sources, written }, rules);
}

async function compose(base: MemoryVolume, layers: readonly (readonly DeltaItem[])[]) {
  const inputs = layers.map((items, i) => ({ name: `layer ${i}`, open: () => writeDelta(items) }));
  const wanted = { layers: inputs, injections: [] };
  const { changes } = await layOver(base, wanted, {
    folder: folder.path,
    mostBytes: Infinity,
  });
  const composed = base.clone();
  composed.apply(changes);
  return composed;
}

/** Reads both trees whole and compares every byte: what a capture must find, however it looks. */
function naive(base: Map<string, Shown>, machine: Map<string, Shown>): Set<string> {
  const paths = [...new Set([...base.keys(), ...machine.keys()])];
  return new Set(
    paths.filter((path) => JSON.stringify(base.get(path)) !== JSON.stringify(machine.get(path))),
  );
}

const SEEDS = Array.from({ length: runs(800) }, (_, index) => SEED + index);

describe('capture of random changes', () => {
  it.each([{ changes: 1 }, { changes: 5 }, { changes: 40 }])(
    'composes to exactly what the machine had, after $changes changes',
    async ({ changes }) => {
      for (const seed of SEEDS) {
        const random = seeded(seed * 1000 + changes);
        const base = new MemoryVolume();
        disturb(base, random, 60);
        const machine = base.clone();
        disturb(machine, random, changes);
        const items = capture(base, machine);
        const composed = await compose(base, [items]);
        expect([seed, composed.snapshot()]).toEqual([seed, machine.snapshot()]);

        const differing = naive(base.snapshot(), machine.snapshot());
        const needless = items
          .map(({ change }) => change.path)
          .filter((path) => !differing.has(path));
        // A file comes with all of its names when its links change, even those that stay.
        const alone = needless.filter((path) => machine.snapshot().get(path)?.names.length === 1);
        expect([seed, alone]).toEqual([seed, []]);
      }
    },
  );

  it('is empty when nothing changed, and when changes were undone', () => {
    const base = new MemoryVolume();
    disturb(base, seeded(1), 60);
    expect(capture(base, base.clone())).toEqual([]);
    const machine = base.clone();
    machine.setMeta('/a', { mode: 0o700 });
    const before = base.meta(base.lookup('/a') ?? 0);
    machine.setMeta('/a', { mode: before.mode });
    expect(capture(base, machine)).toEqual([]);
  });

  it.each([
    {
      why: 'a link that became a copy',
      before: (volume: MemoryVolume) => {
        volume.write('/a', 'text', { mtime: { seconds: 9, nanoseconds: 0 } });
        volume.link('/b', '/a');
      },
      act: (volume: MemoryVolume) => {
        const { mtime } = volume.meta(volume.lookup('/a') ?? 0);
        volume.remove('/b');
        volume.write('/b', 'text');
        volume.setMeta('/b', { mtime });
      },
      paths: ['/', '/b'],
    },
    {
      why: 'three links that became two and one',
      before: (volume: MemoryVolume) => {
        volume.write('/a', 'text');
        volume.link('/b', '/a');
        volume.link('/c', '/a');
      },
      act: (volume: MemoryVolume) => {
        const { mtime } = volume.meta(volume.lookup('/a') ?? 0);
        volume.remove('/a');
        volume.remove('/c');
        volume.write('/a', 'text');
        volume.setMeta('/a', { mtime });
        volume.link('/c', '/a');
      },
      paths: ['/', '/b'],
    },
    {
      why: 'a linked file in a directory that was renamed',
      before: (volume: MemoryVolume) => {
        volume.mkdir('/d');
        volume.write('/d/f', 'text');
        volume.link('/z', '/d/f');
      },
      act: (volume: MemoryVolume) => volume.rename('/d', '/e'),
      paths: ['/d', '/e', '/e/f', '/z'],
    },
    {
      why: 'a link that is gone',
      before: (volume: MemoryVolume) => {
        volume.write('/a', 'text');
        volume.link('/b', '/a');
      },
      act: (volume: MemoryVolume) => volume.remove('/b'),
      paths: ['/b'],
    },
  ])('keeps hard links as they are: $why', async ({ before, act, paths }) => {
    const base = new MemoryVolume();
    before(base);
    const machine = base.clone();
    act(machine);
    const items = capture(base, machine);
    expect((await compose(base, [items])).snapshot()).toEqual(machine.snapshot());
    expect(items.map(({ change }) => change.path).sort()).toEqual(paths.filter((p) => p !== '/'));
  });

  it('lays layers as if each were laid alone, one after the other', async () => {
    for (const seed of SEEDS) {
      const random = seeded(seed + 77_000);
      const base = new MemoryVolume();
      disturb(base, random, 60);
      const layers = [1, 2, 3].map(() => {
        const machine = base.clone();
        disturb(machine, random, 12);
        return capture(base, machine);
      });
      let expected: MemoryVolume | undefined = base;
      for (const layer of layers) {
        expected = await compose(expected, [layer]).catch(() => undefined);
        if (expected === undefined) break;
      }
      if (expected === undefined) continue;
      const composed = await compose(base, layers);
      expect([seed, composed.snapshot()]).toEqual([seed, expected.snapshot()]);
    }
  });
});
