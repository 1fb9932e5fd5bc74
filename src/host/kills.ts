import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/**
 * Whether somebody killed a program that this process started while this is in use: for libraries that do
 * not tell by which signal their programs ended.
 */
export class Kills implements Disposable {
  wasKilled = false;

  constructor() {
    subscribe('child_process', this.hear);
  }

  [Symbol.dispose](): void {
    unsubscribe('child_process', this.hear);
  }

  private readonly hear = (message: unknown) => {
    const { process: child } = message as { readonly process: ChildProcess };
    child.once('exit', (_code, signal) => {
      if (signal === 'SIGKILL') this.wasKilled = true;
    });
  };
}
