import type { Faults } from '../../../contract/fault-stage.ts';

/** Nothing goes wrong, and operations take no time. */
export function noFaults(): Faults {
  return {
    lagLists: 0,
    failLists: false,
    dropFromLists: undefined,
    loseReplies: 0,
    vanishTasks: false,
    taskMs: 0,
    holdTasks: false,
    cutUploadAfter: undefined,
    diskFull: false,
  };
}
