import type { Difference } from './compare.ts';
import { EXEMPTIONS, type Fit } from './exemptions.ts';

/** A difference, and where it was found. */
export interface Found extends Difference {
  /** `group: why` of its case. */
  readonly where: string;
}

function pattern(glob: string): RegExp {
  const literal = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${literal.join('.*')}$`, 's');
}

function shown(value: unknown): string {
  return value === undefined ? '(missing)' : JSON.stringify(value);
}

interface Pattern {
  readonly fit: Fit;
  readonly parts: readonly (readonly [part: 'where' | 'at' | 'ours' | 'real', glob: RegExp])[];
}

const PARTS = ['where', 'at', 'ours', 'real'] as const;

function patternOf(fit: Fit): Pattern {
  return { fit, parts: PARTS.map((part) => [part, pattern(fit[part] ?? '*')] as const) };
}

function fits({ parts }: Pattern, found: Found): boolean {
  const texts = { ...found, ours: shown(found.ours), real: shown(found.real) };
  return parts.every(([part, glob]) => glob.test(texts[part]));
}

/** Remembers which excuses were needed. */
export class Verdict {
  private readonly patterns = EXEMPTIONS.flatMap(({ fits: all }) => all.map(patternOf));
  private readonly used = new Set<Pattern>();

  /** What nothing excuses. */
  unexcused(found: readonly Found[]): readonly Found[] {
    return found.filter((each) => {
      const fitting = this.patterns.filter((one) => fits(one, each));
      for (const one of fitting) this.used.add(one);
      return fitting.length === 0;
    });
  }

  /** What excused nothing: the difference that it speaks of is no longer there. */
  idle(): readonly Fit[] {
    return this.patterns.filter((one) => !this.used.has(one)).map(({ fit }) => fit);
  }
}
