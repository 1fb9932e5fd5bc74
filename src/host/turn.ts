import { setImmediate } from 'node:timers';

/** Runs work when this turn of the event loop is over: after all that is ready to run now. */
export function nextTurn(work: () => void): void {
  setImmediate(work);
}

const waiting: (() => void)[] = [];

function letOneOn(): void {
  waiting.shift()?.();
  if (waiting.length > 0) nextTurn(letOneOn);
}

/**
 * Lets everything else have its turn of the event loop first. Only one of those that wait goes on in
 * a turn: ten that each do a bounded piece of work would otherwise make one long stall together.
 */
export function turnOver(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) nextTurn(letOneOn);
  });
}
