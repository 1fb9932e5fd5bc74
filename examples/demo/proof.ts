import type { KubeClient } from '../../src/kube/client.ts';
import { resourceOf } from '../../src/kube/resource.ts';
import { bootGuest } from '../../test/support/guest.ts';

/** What a booted image answers about itself. */
export interface Proof {
  /** Layers in the order they were laid down, lowest first. */
  readonly layers: readonly string[];
  /** Markers that the layers left. */
  readonly markers: readonly string[];
  /** Which of the two applications won the file that both write. */
  readonly favourite: string;
  /** Who won the file that all three layers write. */
  readonly strongest: string;
  /** What the OS version wrote. */
  readonly motd: string;
  /** What the layer script of the browser wrote at first boot. */
  readonly firstBoot: string;
}

/** The path of a published image. */
export async function pathOfImage(client: KubeClient, image: string): Promise<string> {
  const found = await client.get(resourceOf('LayeredImage'), 'default', image);
  const { location } = (found?.status ?? {}) as { location?: { path?: string } };
  if (location?.path === undefined) throw new Error(`LayeredImage/${image} tells no path`);
  return location.path;
}

/** Boots a published image and asks it, from inside, what it is made of. */
export async function prove(path: string): Promise<Proof> {
  await using guest = await bootGuest({ path, format: 'qcow2' });
  const ask = async (command: string) => {
    const { code, output } = await guest.sh(command);
    if (code !== 0) throw new Error(`${command}: ${code}: ${output}`);
    return output.trim();
  };
  return {
    layers: (await ask('cat /var/lib/lamina/layers')).split('\n'),
    markers: (await ask('ls /etc/layers')).split(/\s+/),
    favourite: await ask('cat /etc/favourite'),
    strongest: await ask('cat /etc/strongest'),
    motd: await ask('cat /etc/motd'),
    firstBoot: await ask('cat /opt/browser/first-boot'),
  };
}
