import type { Clock } from '../../core/clock.ts';
import { messageOf } from '../../core/failure.ts';
import type { ApiRequest, ApiResponse } from '../../core/transport.ts';
import type { Log } from '../../host/log.ts';
import { answer } from './answer.ts';
import { within } from './deadline.ts';
import type { Query } from './query.ts';
import { methodNotAllowed, noSuchPath } from './refusals.ts';

/** One thing that must be so for the server to be well. */
export interface HealthCheck {
  /** As it stands in the answer: small letters and dashes. */
  readonly name: string;
  /** Whether a restart would cure it. Only then it is part of `/livez` and `/healthz` too. */
  readonly isVital: boolean;
  /** Throws what is wrong; whoever reads the log sees it. */
  check(): Promise<void> | void;
}

/** Whether a path tells if the server is well; the network asks no token for it. */
export function isHealthPath(path: string): boolean {
  return /^\/(?:healthz|livez|readyz)(?:\/|$)/.test(path);
}

/** Whoever asks, and however often: a check is made once in this time. */
const FRESH_MS = 1000;
const CHECK_LIMIT_MS = 5000;

const HEADERS = {
  'content-type': 'text/plain; charset=utf-8',
  'x-content-type-options': 'nosniff',
};

/** That the server answers at all. */
const PING: HealthCheck = { name: 'ping', isVital: true, check: () => undefined };

interface Outcome {
  readonly at: number;
  readonly isWell: Promise<boolean>;
}

/** Answers the health paths in the form of kube-apiserver: `ok`, or a line for each check. */
export class Health {
  private readonly checks: () => readonly HealthCheck[];
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly outcomes = new Map<HealthCheck, Outcome>();
  /** What is wrong now, by name: told when it begins and when it ends. */
  private readonly wrong = new Map<string, string>();

  /** The list is asked for with every request: it grows while the system starts. */
  constructor(checks: () => readonly HealthCheck[], clock: Clock, log: Log) {
    this.checks = checks;
    this.clock = clock;
    this.log = log;
  }

  /** The answer of a health path. */
  async serve({ method }: ApiRequest, path: string, query: Query): Promise<ApiResponse> {
    if (method !== 'GET') throw methodNotAllowed();
    const [, root, ...name] = path.split('/');
    const checks = [PING, ...this.checks()].filter(({ isVital }) => isVital || root === 'readyz');
    if (name.length > 0) return this.serveOne(checks.find((each) => each.name === name.join('/')));
    const excluded = new Set(query.getAll('exclude'));
    const outcomes = await Promise.all(
      checks.map(async (check) => ({
        name: check.name,
        isWell: excluded.has(check.name) ? undefined : await this.outcomeOf(check),
      })),
    );
    const lines = outcomes.map(({ name: each, isWell }) => {
      if (isWell === undefined) return `[+]${each} excluded: ok\n`;
      return isWell ? `[+]${each} ok\n` : `[-]${each} failed: reason withheld\n`;
    });
    const all = `${lines.join('')}${root} check`;
    if (outcomes.some(({ isWell }) => isWell === false)) {
      return answer(500, `${all} failed\n`, HEADERS);
    }
    return answer(200, query.has('verbose') ? `${all} passed\n` : 'ok', HEADERS);
  }

  private async serveOne(check: HealthCheck | undefined): Promise<ApiResponse> {
    if (check === undefined) throw noSuchPath();
    if (await this.outcomeOf(check)) return answer(200, 'ok', HEADERS);
    return answer(500, 'internal server error: reason withheld\n', HEADERS);
  }

  private outcomeOf(check: HealthCheck): Promise<boolean> {
    const now = this.clock.now();
    const known = this.outcomes.get(check);
    if (known !== undefined && Math.abs(now - known.at) < FRESH_MS) return known.isWell;
    const isWell = this.look(check);
    this.outcomes.set(check, { at: now, isWell });
    return isWell;
  }

  private async look(check: HealthCheck): Promise<boolean> {
    const { name } = check;
    try {
      const looked = (async () => check.check())();
      await within(this.clock, CHECK_LIMIT_MS, looked, () => new Error('no answer in time'));
      if (this.wrong.delete(name)) this.log.info('a health check is well again', { check: name });
      return true;
    } catch (error) {
      const why = messageOf(error);
      if (this.wrong.get(name) !== why) this.log.warn('a health check fails', { check: name, why });
      this.wrong.set(name, why);
      return false;
    }
  }
}
