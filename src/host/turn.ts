import { setImmediate } from 'node:timers';

/** Runs work when this turn of the event loop is over: after all that is ready to run now. */
export function nextTurn(work: () => void): void {
  setImmediate(work);
}
