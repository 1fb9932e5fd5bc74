import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** A program that `make peers` built. */
export interface Peer {
  readonly version: string;
  readonly program: string;
}

/** All that was built of a name, newest last. Never a program of the PATH: that may be a vendor's. */
export function builtPeers(name: string): readonly Peer[] {
  const folder = process.env['LAMINA_PEERS'] ?? join(homedir(), '.cache/lamina/peers');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((entry) => entry.startsWith(`${name}-v`))
    .map((entry) => ({
      version: entry.slice(name.length + 1),
      program: join(folder, entry, name),
    }))
    .filter(({ program }) => existsSync(program))
    .sort((left, right) => left.version.localeCompare(right.version, 'en', { numeric: true }));
}
