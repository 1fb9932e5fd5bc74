import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Hears of each program that this process starts, by a library too; returns how to hear no more. */
export function hearChildren(hear: (child: ChildProcess) => void): () => void {
  const listen = (message: unknown) => {
    hear((message as { readonly process: ChildProcess }).process);
  };
  subscribe('child_process', listen);
  return () => unsubscribe('child_process', listen);
}

/**
 * Keeps the program alive when a library cannot start one of its own. Where no descriptor is left, Node
 * makes a child without streams; a library that stumbles over that never listens to the child's error,
 * which would then end us. The stumbling itself reaches whoever called the library.
 */
export function guardChildren(): void {
  hearChildren((child) => child.on('error', () => undefined));
}
