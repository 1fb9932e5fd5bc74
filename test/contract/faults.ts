import { temporaryFolder } from '../support/folder.ts';
import { describe, expect, it } from '../support/runner.ts';
import { CHANGE_FAULT_PROOFS } from './fault-change-proofs.ts';
import { SIGHT_FAULT_PROOFS } from './fault-sight-proofs.ts';
import type { FaultStage, FaultyPlatform } from './fault-stage.ts';

/** What every connector promises on a platform that fails. */
export const FAULT_RULES = {
  'operations-take-time':
    'A verb is back long before its operation ends; asked again meanwhile, it begins no second one.',
  'half-machine-is-none':
    'A machine without its disk is not seen and not switched on; its key is known, and it can be removed.',
  'vanished-operations': 'Where nobody knows an operation any more, the thing itself decides.',
  'lost-replies':
    'A change whose reply was lost is found when the verb is called again: one machine in the end.',
  'two-of-one-key': 'Of two machines of one key the oldest complete one stays.',
  'lagging-list': 'A list that lags never makes absent, or older, what a verb has just seen to.',
  'dropping-list': 'What a list leaves out is believed gone only after a look at it alone.',
  'failing-list': 'While lists fail, all is unknown; whoever asked is told when it is known again.',
  'vanishes-for-real': 'What a stranger removed is seen as gone.',
  'upload-cut':
    'An upload that was cut leaves a disk that is not ready; the next one completes it.',
  'disk-full': 'No room is Denied, and the disk is not ready.',
  'reader-dies': 'A reader that dies holds its machine off no longer than its lease.',
  'reader-lives': 'A reader that lives holds its machine off for as long as it likes.',
  'session-expired': 'A session that ended is opened again, without a word.',
  'wrong-credential': 'A wrong credential is Denied, verify says so, and nothing is known.',
  'two-credentials': 'Two credentials on one location see and change the same things.',
  'in-use-stays': 'A publication that is in use is not removed: Busy.',
  'published-machine-stays':
    'Where the machine is the publication, it stays with its disk until that is removed: Conflict.',
  'tells-no-secret': 'No handle, line or failure holds the credential.',
} as const;

/** The name of a rule of faults. */
export type FaultRule = keyof typeof FAULT_RULES;

const PROOFS: Record<FaultRule, (stage: FaultStage) => Promise<void>> = {
  ...CHANGE_FAULT_PROOFS,
  ...SIGHT_FAULT_PROOFS,
};

/** Holds a connector to its contract while its platform fails. */
export function faultContract(name: string, open: () => Promise<FaultyPlatform>): void {
  describe(`the ${name} connector, while its platform fails`, () => {
    for (const rule of Object.keys(FAULT_RULES) as FaultRule[]) {
      it(`${rule}: ${FAULT_RULES[rule]}`, async () => {
        await using platform = await open();
        await using folder = await temporaryFolder();
        const opened = await platform.open();
        const { signal } = new AbortController();
        try {
          await PROOFS[rule]({ ...opened, platform, signal, folder: folder.path });
        } finally {
          await opened.session.close();
        }
        for (const secret of platform.secrets)
          expect(platform.said.join('\n')).not.toContain(secret);
      });
    }
  });
}
