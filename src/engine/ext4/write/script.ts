import { notWritable } from './failures.ts';
import { quoted } from './words.ts';

/** debugfs cuts lines at 8191 bytes and would run the rest as a command. */
const MAX_LINE = 8000;
const MAX_STEP = 3000;
/** debugfs repeats each command, so the size of a script bounds the output. */
const MAX_SCRIPT = 4 * 2 ** 20;

/** Builds debugfs scripts of bounded size; each begins where the one before stopped. */
export class Script {
  private readonly header: string;
  private readonly done: string[] = [];
  private lines: string[] = [];
  private size = 0;
  private path = '/';

  constructor(header: string) {
    this.header = header;
    this.begin();
  }

  /** Makes a directory the current one. */
  enter(path: string): void {
    if (path === this.path) return;
    this.path = path;
    this.cd();
  }

  /** One command; words that come from outside are quoted by the caller. */
  line(text: string): void {
    if (this.size > MAX_SCRIPT) {
      this.finish();
      this.begin();
      this.cd();
    }
    this.push(text);
  }

  /** All scripts in order. */
  scripts(): readonly string[] {
    this.finish();
    return this.done;
  }

  private begin(): void {
    this.lines = [];
    this.size = 0;
    this.push(this.header);
  }

  private finish(): void {
    if (this.lines.length > 1) this.done.push(`${this.lines.join('\n')}\n`);
    this.lines = [];
  }

  private push(text: string): void {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_LINE) throw notWritable(`a name or path is too long: ${text.slice(0, 200)}`);
    this.size += bytes + 1;
    this.lines.push(text);
  }

  /** Long paths are entered in steps. A leading `./` keeps `<12>` from meaning inode 12. */
  private cd(): void {
    let step = '/';
    for (const name of this.path.split('/').filter((part) => part !== '')) {
      if (Buffer.byteLength(step) + Buffer.byteLength(name) > MAX_STEP) {
        this.push(`cd ${quoted(step)}`);
        step = '.';
      }
      step += step.endsWith('/') ? name : `/${name}`;
    }
    this.push(`cd ${quoted(step)}`);
  }
}
