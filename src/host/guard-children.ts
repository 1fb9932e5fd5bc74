import { subscribe } from 'node:diagnostics_channel';
import type { ChildProcess } from 'node:child_process';

/**
 * Keeps the program alive when a library cannot start one of its own. Where no descriptor is left, Node
 * makes a child without streams; a library that stumbles over that never listens to the child's error,
 * which would then end us. The stumbling itself reaches whoever called the library.
 */
export function guardChildren(): void {
  subscribe('child_process', (message) => {
    const { process: child } = message as { readonly process: ChildProcess };
    child.on('error', () => undefined);
  });
}
