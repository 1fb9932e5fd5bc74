import { RULES, type RuleName } from '../../src/connectors/contract/rules.ts';
import { temporaryFolder } from '../support/folder.ts';
import { describe, it } from '../support/runner.ts';
import { DISK_PROOFS } from './disk-proofs.ts';
import { MACHINE_PROOFS } from './machine-proofs.ts';
import { SIGHT_PROOFS } from './sight-proofs.ts';
import type { ContractPlatform, Stage } from './stage.ts';

const PROOFS: Record<RuleName, (stage: Stage) => Promise<void>> = {
  ...DISK_PROOFS,
  ...MACHINE_PROOFS,
  ...SIGHT_PROOFS,
};

/** Holds a connector to its contract. A rule is left out only with a reason that its README gives too. */
export function connectorContract(
  name: string,
  options: {
    readonly open: () => Promise<ContractPlatform>;
    readonly exempt?: Partial<Record<RuleName, string>>;
  },
): void {
  describe(`the ${name} connector`, () => {
    for (const rule of Object.keys(RULES) as RuleName[]) {
      const reason = options.exempt?.[rule];
      const title = `${rule}: ${RULES[rule]}`;
      if (reason !== undefined) {
        it.skip(`${title} (exempt: ${reason})`, () => undefined);
        continue;
      }
      it(title, async () => {
        await using platform = await options.open();
        await using folder = await temporaryFolder();
        const opened = await platform.open();
        const { signal } = new AbortController();
        try {
          await PROOFS[rule]({ ...opened, platform, signal, folder: folder.path });
        } finally {
          await opened.session.close();
        }
      });
    }
  });
}
