import type { Difference } from './compare.ts';
import { EXEMPTIONS, PENDING, type Excuse } from './exemptions.ts';

/** A difference, and where it was found. */
export interface Found extends Difference {
  /** `group: why` of its case. */
  readonly where: string;
}

function pattern(glob: string): RegExp {
  const literal = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 's');
}

/** Remembers which excuses were needed. */
export class Verdict {
  private readonly excuses = [...EXEMPTIONS, ...PENDING].map((excuse) => ({
    excuse,
    where: pattern(excuse.where),
    at: pattern(excuse.at),
    isUsed: false,
  }));

  /** What nothing excuses. */
  unexcused(found: readonly Found[]): readonly Found[] {
    return found.filter(({ where, at }) => {
      const fitting = this.excuses.filter((each) => each.where.test(where) && each.at.test(at));
      for (const each of fitting) each.isUsed = true;
      return fitting.length === 0;
    });
  }

  /** Excuses that excused nothing: what they speak of is no longer so. */
  idle(): readonly Excuse[] {
    return this.excuses.filter(({ isUsed }) => !isUsed).map(({ excuse }) => excuse);
  }
}
