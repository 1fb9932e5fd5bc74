import type { Machines } from './machines.ts';
import { listOwned } from './owned.ts';
import type { LocalOptions } from './settings.ts';

const GRACE_MS = 30_000;
const PRESS_EVERY_MS = 1_000;

/**
 * Switches off every packaging machine before the controller ends: by the power button, and after
 * the grace by the plug. Published machines run their scripts to the end.
 */
export async function powerDownAll(options: LocalOptions, machines: Machines): Promise<void> {
  const { machinesDir, installId, clock } = options;
  const owned = await listOwned(machinesDir, installId);
  const powerDown = async (key: string): Promise<void> => {
    if ((await machines.purposeOf(key)) !== 'packaging') return;
    // Pressed again and again: a guest that is still booting does not hear it.
    const until = clock.now() + GRACE_MS;
    while (clock.now() < until && (await machines.lookAfter(key)) !== undefined) {
      await machines.pressPowerButton(key);
      await clock.sleep(PRESS_EVERY_MS);
    }
    await machines.powerOff(key);
  };
  await Promise.all(
    owned.filter(({ kind }) => kind === 'machine').map(({ key }) => powerDown(key)),
  );
}
