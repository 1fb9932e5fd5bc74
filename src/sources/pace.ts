import { turnOver } from '../host/turn.ts';

/** Characters of objects that are worked on in one turn of the event loop: a few milliseconds. */
const SLICE_CHARS = 65_536;
/** What an object costs however small it is. */
const OBJECT_CHARS = 2048;

/**
 * Cuts long work into slices, between which everything else has its turn. Whoever shares one waits in line, so
 * that small objects share a turn, and with it a commit, while large ones come one by one.
 */
export class Pace {
  private spent = 0;
  private line: Promise<void> = Promise.resolve();

  /** Call it before working on an object of this size. */
  async take(chars: number): Promise<void> {
    this.spent += chars + OBJECT_CHARS;
    if (this.spent >= SLICE_CHARS) {
      this.spent = 0;
      this.line = this.line.then(turnOver);
    }
    await this.line;
  }
}
