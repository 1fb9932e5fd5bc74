import { hearChildren } from './children.ts';

/**
 * Whether somebody killed a program that this process ran until `stop`: for libraries that do not tell by
 * which signal their programs ended.
 */
export class Kills {
  wasKilled = false;
  readonly stop = hearChildren((child) => {
    child.once('exit', (_code, signal) => {
      if (signal === 'SIGKILL') this.wasKilled = true;
    });
  });
}
