/** How long each part took, for the closing table. */
export class Clockwork {
  private readonly parts: { readonly what: string; readonly tookMs: number }[] = [];
  private readonly say: (line: string) => void;

  constructor(say: (line: string) => void) {
    this.say = say;
  }

  /** Runs a part, says what it does, and keeps its time. */
  async part<Result>(what: string, work: () => Promise<Result>): Promise<Result> {
    this.say(`\n── ${what}`);
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.parts.push({ what, tookMs: performance.now() - began });
    }
  }

  /** The times, one a line, with their sum. */
  table(): readonly string[] {
    const total = this.parts.reduce((sum, { tookMs }) => sum + tookMs, 0);
    return [...this.parts, { what: 'all of it', tookMs: total }].map(
      ({ what, tookMs }) => `${(tookMs / 1000).toFixed(1).padStart(7)} s  ${what}`,
    );
  }
}
