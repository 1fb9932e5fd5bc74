import { connect, type Wire } from '../support/connect.ts';
import { withCallers } from '../support/callers.ts';
import { LAYERS, largeLayers } from '../support/large-layers.ts';
import { cpuSeconds } from '../support/process-stats.ts';
import type { Contender, Server } from './contenders.ts';
import type { Sides } from './pair.ts';

/** A transport has no more connections. */
const CALLERS_PER_WIRE = 16;
const MOST_CALLERS = 64;

/** A server, and callers that have a connection each. */
export interface Side extends AsyncDisposable {
  readonly server: Server;
  wireOf(caller: number): Wire;
}

/** Starts a server and connects to it. */
export async function openSide(contender: Contender, folder: string): Promise<Side> {
  await using opened = new AsyncDisposableStack();
  const server = opened.use(await contender(folder));
  const wires = await Promise.all(
    Array.from({ length: MOST_CALLERS / CALLERS_PER_WIRE }, () => connect(server.kubeconfig)),
  );
  for (const wire of wires) opened.defer(() => wire.close());
  const kept = opened.move();
  return {
    server,
    wireOf: (caller) => {
      const wire = wires[Math.floor(caller / CALLERS_PER_WIRE)];
      if (wire === undefined) throw new RangeError(`there is no caller ${caller}`);
      return wire;
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The same on both sides, ours first. */
export async function onBoth<Made>(
  { ours, real }: Sides<Side>,
  work: (side: Side) => Promise<Made>,
): Promise<Sides<Made>> {
  return { ours: await work(ours), real: real === undefined ? undefined : await work(real) };
}

/** Several rounds in which the sides take turns, so that what else the machine does meets both alike. */
export async function inTurns<Made>(
  sides: Sides<Side>,
  rounds: number,
  work: (side: Side, round: number) => Promise<Made>,
): Promise<Sides<readonly Made[]>> {
  const [ours, real]: [Made[], Made[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await work(sides.ours, round));
    if (sides.real !== undefined) real.push(await work(sides.real, round));
  }
  return { ours, real: sides.real === undefined ? undefined : real };
}

/** Makes what is there the first so many of all layers. */
export async function fill(
  side: Side,
  {
    first,
    end,
    namespace,
  }: { readonly first: number; readonly end: number; readonly namespace?: string },
): Promise<void> {
  await withCallers(MOST_CALLERS, largeLayers(first, end, namespace), (layer, caller) =>
    side.wireOf(caller).client.create(LAYERS, layer),
  );
}

/** Processor time of all programs of a server so far. */
export function usedCpu({ programs }: Server): number {
  return programs.reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
}
