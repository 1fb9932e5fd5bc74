import type { Clock } from '../../../../src/core/clock.ts';
import type { Log } from '../../../../src/host/log.ts';
import type { Run } from '../../../../src/host/run.ts';
import type { Place, Platform, Session } from '../../../../src/connectors/connector.ts';
import { Http, type Send } from './http.ts';
import { listingOf } from './look.ts';
import { Picture } from './picture.ts';
import { remoteTransfer } from './transfer.ts';
import { remoteConnector } from './verbs.ts';

/** What a ConnectorConfig says of this platform. */
export interface RemoteSpec {
  readonly url: string;
  /** Name of the Secret with `username` and `password`. */
  readonly secret: string;
  /** What is published: the machine itself, by default, or something made from its disk. */
  readonly mode?: 'machine' | 'artefact';
  readonly memoryMiB?: number;
}

/** What the connectors are built from. */
export interface RemoteOptions {
  readonly installId: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly run: Run;
  /** Holds disks on their way out, in the other format. */
  readonly scratchDir: string;
  /** How often the platform is listed; 1 s by default. */
  readonly pollMs?: number;
  /** Breaks calls on their way, in tests. */
  readonly send?: Send;
}

/** What everything that talks to one place with one credential shares. */
export interface Line {
  readonly http: Http;
  readonly options: RemoteOptions;
}

function lineTo({ spec, credential }: Place<RemoteSpec>, options: RemoteOptions): Line {
  const { send } = options;
  const http = new Http({ url: spec.url, credential, ...(send === undefined ? {} : { send }) });
  return { http, options };
}

function openSession(line: Line): Session<RemoteSpec> {
  const { http, options } = line;
  const { installId, clock, log, pollMs = 1000 } = options;
  const picture = new Picture({
    installId,
    url: http.url,
    clock,
    log,
    pollMs,
    list: async (signal) => listingOf(await http.ask({ method: 'GET', path: '/things', signal })),
    look: async (key, signal) => {
      const path = `/things?key=${encodeURIComponent(key)}`;
      return listingOf(await http.ask({ method: 'GET', path, signal }));
    },
  });
  return {
    connector: (spec) => remoteConnector(line, picture, spec),
    close: async () => {
      await picture.close();
      await http.close();
    },
  };
}

/** A platform far away: nothing but HTTP, no shared files, no events, another format of disks. */
export function remotePlatform(options: RemoteOptions): Platform<RemoteSpec> {
  return {
    name: 'remote',
    locate: ({ url, secret }) => ({ location: { url }, secret }),
    open: (place) => openSession(lineTo(place, options)),
    transfer: (place) => remoteTransfer(lineTo(place, options)),
  };
}
