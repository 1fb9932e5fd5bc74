import { DURATION_PATTERN } from '../core/quantity.ts';
import {
  digest,
  fields,
  flag,
  listMap,
  listOf,
  matching,
  moment,
  objectName,
  oneOf,
  optional,
  secretReference,
  sha256,
  shortName,
  text,
  versionName,
  whole,
} from './schema.ts';

/** A version of another layer, fixed or by channel. */
export function layerReference(description: string) {
  return fields(description, {
    name: objectName('Name of the layer.'),
    version: optional(versionName('A fixed version. Exactly one of version and channel is set.')),
    channel: optional(shortName('A channel of the layer; the image follows it.')),
  });
}

const exitCodes = fields('What the exit status of the command means; 0 is success by default.', {
  ok: optional(listOf('Exit codes that mean success.', whole('An exit code.', 0, 255), 16)),
  reboot: optional(
    listOf('Exit codes that mean success after a reboot.', whole('An exit code.', 0, 255), 16),
  ),
});

/** Unattended installation. */
export const install = fields(
  'Unattended installation. Without it a person installs, and the version waits with Action Required.',
  {
    media: optional(
      listMap(
        'Files that the steps need. They lie in the folder named by LAMINA_MEDIA.',
        'name',
        fields('One file.', {
          name: matching('File name.', '^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$', 100),
          url: matching(
            'Where to fetch it from: no name or password in it, and no loopback or link-local address unless the controller allows them.',
            // Without userinfo: an @ may come behind the host only.
            '^https?://[^\\s/?#@]+([/?#][^\\s]*)?$',
            2048,
          ),
          sha256,
          headersSecretRef: optional(
            secretReference(
              'A Secret whose keys and values are headers of the request, such as Authorization. Only an https url is sent them, and no server that it redirects to.',
            ),
          ),
        }),
        32,
      ),
    ),
    steps: listOf(
      'Commands, run in order as the administrator of the guest. The first failure ends the installation.',
      fields('One command.', {
        run: text('Shell text on Linux, a command line on Windows.', 16_384),
        exitCodes: optional(exitCodes),
        timeout: optional(matching('Longest run time, 30m by default.', DURATION_PATTERN, 20)),
      }),
      64,
    ),
  },
);

/** Gates of a version. */
export const gates = optional(
  listOf(
    'Where somebody must approve before the version goes on.',
    oneOf('A gate.', ['Finalize']),
    1,
  ),
);

/** What a person is told to do. */
export const instructions = optional(
  text(
    'What the person who installs should do. Shown in status.action and inside the machine.',
    4096,
  ),
);

/** Scripts that run in images. */
export const imageScripts = optional(
  listOf(
    'Scripts that run in every image that has this layer.',
    fields('One script.', {
      run: text('Shell text on Linux, a command line on Windows.', 16_384),
      when: oneOf('When it runs.', ['FirstBoot']),
    }),
    16,
  ),
);

const condition = fields('A condition after kstatus.', {
  type: text('Type of the condition.', 316),
  status: oneOf('Whether it holds.', ['True', 'False', 'Unknown']),
  reason: text('Stable CamelCase reason.', 1024),
  message: text('A sentence a person can act on.', 32_768),
  lastTransitionTime: moment('When status last flipped.'),
  observedGeneration: optional(whole('Generation that it speaks of.')),
});

/** The status fields of every kind. */
export const commonStatus = {
  observedGeneration: optional(
    whole('Newest generation that reached Ready or Stalled; -1 before the first.'),
  ),
  conditions: optional(listMap('Conditions after kstatus.', 'type', condition, 32)),
  handle: optional(text('Handle of a long operation on a platform.', 1024)),
};

/** What a person must do now. */
export const action = fields('What a person must do now, and where.', {
  gate: text('Name of the gate or of the act that is waited for.', 64),
  token: optional(text('Pass this token to approve.', 64)),
  text: text('What to do.', 8192),
  machine: optional(text('The machine to do it on.', 253)),
  url: optional(text('How to reach it.', 1024)),
  since: moment('Waiting since.'),
});

/** Where a thing is. */
export const location = fields('Where the thing is.', {
  text: text('In one sentence.', 1024),
  machine: optional(text('Name of the machine on its platform.', 253)),
  path: optional(text('Path of the disk, or of the socket of the console.', 1024)),
  url: optional(text('Link for people.', 1024)),
});

/** How far a job is. */
export const progress = fields('How far the running job is.', {
  step: text('What it does.', 256),
  percent: whole('Done so far, in tens.', 0, 100),
});

/** Whether the machine belongs to a person. */
export const attended = optional(
  flag('A person works in the machine: it is never restarted, removed or made again by itself.'),
);

/** How often an unattended machine was started over. */
export const attempts = optional(
  fields('How often the machine was started over, because it died or took too long.', {
    count: whole('Times it was started over.', 0, 100),
    ended: text('What ended last: counted once, however often it is seen.', 300),
  }),
);

/** A version as it lies in the store. */
export const stored = fields('The version as it lies in the store.', {
  repository: text('Repository.', 255),
  tag: text('Immutable tag.', 128),
  manifest: digest('Digest of its manifest.'),
  content: digest('Digest of its content: contentDigest of a disk, diffID of a delta.'),
  sizeBytes: whole('Stored size in bytes.', 0),
});
