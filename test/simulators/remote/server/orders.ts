import type { Clock } from '../../../../src/core/clock.ts';
import type { Order, Thing } from '../wire.ts';
import type { Contents } from './contents.ts';
import type { Machines } from './machines.ts';
import { Refused } from './refused.ts';
import type { World } from './world.ts';

/** What orders are carried out on. */
export interface Floor {
  readonly world: World;
  readonly machines: Machines;
  readonly contents: Contents;
  readonly clock: Clock;
}

const BETWEEN_PRESSES_MS = 500;
const MOST_PRESSES = 60;

function attach({ world }: Floor, id: string, disk: string): Promise<void> {
  const machine = world.get(id);
  const user = world.all().find((thing) => thing.disk === disk);
  if (user !== undefined && user.id !== id) {
    throw new Refused('Busy', `the disk ${world.get(disk).name} belongs to ${user.name}`);
  }
  if (machine.disk !== undefined && machine.disk !== disk) {
    throw new Refused('Bad', `${machine.name} has another disk`);
  }
  return world.change(id, { disk: world.get(disk).id });
}

async function destroy({ world, machines, contents }: Floor, id: string): Promise<void> {
  const thing = world.find(id);
  if (thing?.kind === 'machine') await machines.stop(id);
  const user = world.all().find(({ disk }) => disk === id);
  if (user !== undefined) throw new Refused('Busy', `${user.name} has this disk`);
  if (thing?.inUse === true) throw new Refused('Busy', `desktops are made from ${thing.name}`);
  await world.remove(id);
  await contents.remove(id);
}

/** Presses the button until the guest has heard it; one that is still booting does not. */
async function shutDown({ world, machines, clock }: Floor, id: string): Promise<void> {
  for (let presses = 0; presses < MOST_PRESSES; presses += 1) {
    if (world.find(id)?.power !== 'on') return;
    machines.pressButton(id);
    await Promise.race([machines.offOf(id), clock.sleep(BETWEEN_PRESSES_MS)]);
  }
  throw new Refused('Busy', `the guest of ${world.get(id).name} did not shut down`);
}

/** The disk that a publication is made of: of a machine that is off, or of nobody. */
function stillDisk(world: World, thing: Thing): string {
  const disk = thing.kind === 'machine' ? thing.disk : thing.id;
  const machine = world.all().find((other) => other.kind === 'machine' && other.disk === disk);
  if (machine?.power !== undefined && machine.power !== 'off') {
    throw new Refused('Busy', `${machine.name} is not off`);
  }
  if (disk === undefined) throw new Refused('Bad', `${thing.name} has no disk`);
  return disk;
}

async function publish(floor: Floor, order: Order & { readonly op: 'publish' }): Promise<void> {
  const { world, contents } = floor;
  const { id, name, marks } = order;
  const disk = stillDisk(world, world.get(id));
  // The content is there before anybody sees the thing.
  const publication = { kind: 'publication', name, marks, from: id } as const;
  await world.add(publication, (made) => contents.copy(disk, made));
}

/** Carries an order out; it may have been carried out before. */
export async function carryOut(floor: Floor, order: Order): Promise<void> {
  const { world, machines } = floor;
  switch (order.op) {
    case 'clone': {
      const { name, marks, displayName, memoryMiB } = order;
      const machine = { kind: 'machine', name, marks, displayName, memoryMiB } as const;
      await world.add({ ...machine, power: 'off', boots: 0 });
      return;
    }
    case 'attach':
      return attach(floor, order.id, order.disk);
    case 'start':
      return machines.start(order.id, order.ifBoots);
    case 'shutdown':
      return shutDown(floor, order.id);
    case 'off':
      return machines.stop(order.id);
    case 'destroy':
      return destroy(floor, order.id);
    case 'create-disk':
      await world.add({ kind: 'disk', name: order.name, marks: order.marks });
      return;
    case 'publish':
      return publish(floor, order);
    default:
      throw new Refused('Bad', 'there is no such order');
  }
}
