import { setImmediate } from 'node:timers';

/** Runs work when this turn of the event loop is over: after all that is ready to run now. */
export function nextTurn(work: () => void): void {
  setImmediate(work);
}

/** Lets everything else have its turn of the event loop first. */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => nextTurn(resolve));
}
