/** Why some answers may differ. */
export interface Excuse {
  /** `group: why` of the cases; `*` stands for anything. */
  readonly where: string;
  /** Number of the request and path of the field; `*` stands for anything. */
  readonly at: string;
  /** What differs, and why it stays so. The documentation prints it. */
  readonly why: string;
}

const UNPARSED =
  'Objects in lists of built-in kinds carry `apiVersion` and `kind`, because the stored text is sent as it is.';
const DESCRIPTIONS = 'Descriptions of columns are in words of our own.';
const STATUS_404 =
  'What is not served is refused by a Status in JSON; kube-apiserver sends `404 page not found` as text for groups, versions and paths that it does not know.';
const MEDIA_TYPES =
  'Refusals of media types name those that are read and written here; `Accept: application/*` is taken for JSON (kube-apiserver: 406 for built-in kinds).';
const DECODING =
  'What cannot be decoded is told in words of our own; kube-apiserver tells names of Go types.';
const OPEN_API =
  'OpenAPI v3 holds what clients ask it for: parameters, schemas and formats that are served, in words of our own. Its index is JSON by name too.';
const ONE_USER =
  'There is one user: reviews are never stored and say yes, and impersonation is refused (403).';
const DOCUMENTS =
  'Documents and health are read by GET; other methods are a 405 (kube-apiserver answers some), or a 400 if HTTP does not know them.';
const NAMESPACE_SPEC =
  '`spec.finalizers` of a namespace are those of the server, because there is no `/finalize` to take others away. Conditions are there at once.';
const EMPTY_EVENT =
  'Fields of events that hold nothing are left out; kube-apiserver writes them as null or empty.';
const EVENT_OWNERS =
  '`managedFields` of events name fields as `v1` does, whichever group they were written in.';
const EVENT_GROUP = 'An event that is refused in `events.k8s.io` is told with its group.';
const VERSION = '`/version` and `/api` tell of this program.';
const DISCOVERY =
  'Aggregated discovery names group and version of built-in kinds (kube-apiserver leaves them empty), and no `namespaces/finalize`.';

/** Differences that are meant, as docs/embedded-api.md lists them. */
export const EXEMPTIONS: readonly Excuse[] = [
  { where: '*', at: '*.items.*.apiVersion', why: UNPARSED },
  { where: '*', at: '*.items.*.kind', why: UNPARSED },
  { where: '*', at: '*columnDefinitions.*.description', why: DESCRIPTIONS },
  ...[
    'eventTime',
    'Timestamp',
    'reportingComponent',
    'reportingInstance',
    'ource',
    'f:source..',
  ].map((field) => ({ where: '*vent*', at: `*${field}`, why: EMPTY_EVENT })),
  { where: 'built-in kinds: Event: the newer group', at: '*managedFields.0.*', why: EVENT_OWNERS },
  { where: 'events.k8s.io: *', at: '*managedFields.0.*', why: EVENT_OWNERS },
  { where: 'events.k8s.io: *', at: '*.body.details.group', why: EVENT_GROUP },
  { where: 'events.k8s.io: *', at: '*.body.message', why: EVENT_GROUP },
  {
    where: 'events.k8s.io: the version of the old form',
    at: '0.headers.warning',
    why: 'An object of another version is refused without a word about its fields.',
  },
  {
    where: 'namespaces: preconditions of a namespace',
    at: '1.body.*',
    why: 'A precondition of a deletion that fails is told for namespaces as for all other kinds.',
  },
  {
    where: 'reading: a token that is none',
    at: '*.body.message',
    why: 'A `continue` that is none is refused without telling what is wrong inside of it.',
  },
  {
    where: 'reading: a token beside a revision',
    at: '5.body.*',
    why: '`limit` counts with `resourceVersion=0` too; kube-apiserver sends everything then.',
  },
  { where: 'reading: accept: application/*', at: '*.status', why: MEDIA_TYPES },
  { where: 'reading: accept: *', at: '*.body.message', why: MEDIA_TYPES },
  { where: 'reading: accept: text/html', at: '*.body.details', why: MEDIA_TYPES },
  { where: 'reading: the form of a list for one object*', at: '*.body.message', why: MEDIA_TYPES },
  { where: 'discovery and wire: bodies of another type', at: '*.body.message', why: MEDIA_TYPES },
  {
    where: 'watch: a revision that is none',
    at: '*.status',
    why: 'A watch from a revision that is no number is a 400, as a list is; kube-apiserver says 500.',
  },
  {
    where: 'watch: a revision of long ago',
    at: '0.body.0',
    why: 'Five minutes of history are kept, and revisions of a new database begin at the present time: a watch from an older one is told to list again.',
  },
  {
    where: 'watch: the old path of watches',
    at: '1.status',
    why: 'The paths below `/watch`, deprecated for long, are not served.',
  },
  {
    where: 'deletion and garbage collection: options of wrong form',
    at: '*.message',
    why: DECODING,
  },
  { where: 'namespaces: *', at: '*.metadata.managedFields.*', why: NAMESPACE_SPEC },
  { where: 'namespaces: finalizers of its spec', at: '*', why: NAMESPACE_SPEC },
  {
    where: 'namespaces: those of the system stay',
    at: '1.status',
    why: 'Only the namespace `default` is there from the start.',
  },
  { where: 'discovery and wire: version', at: '*.body.*', why: VERSION },
  { where: 'discovery and wire: the versions of core', at: '*.serverAddress*', why: VERSION },
  {
    where: 'discovery and wire: aggregated discovery of *',
    at: '*.responseKind.*',
    why: DISCOVERY,
  },
  {
    where: 'discovery and wire: aggregated discovery of core',
    at: '*.subresources.*',
    why: DISCOVERY,
  },
  { where: 'discovery and wire: OpenAPI v3: *', at: '0.*', why: OPEN_API },
  {
    where: 'discovery and wire: health in words',
    at: '*.body',
    why: 'Health names the checks of this server.',
  },
  {
    where: 'discovery and wire: methods of what is not about objects',
    at: '*.status',
    why: DOCUMENTS,
  },
  { where: 'discovery and wire: methods that are not there', at: '3.status', why: DOCUMENTS },
  { where: 'discovery and wire: impersonation', at: '*', why: ONE_USER },
  { where: 'discovery and wire: reviews of access', at: '*', why: ONE_USER },
  ...[
    'discovery and wire: a group that is not there',
    'discovery and wire: a version that is not there',
    'discovery and wire: health of what is not there',
    'discovery and wire: paths that are not there',
    'discovery and wire: slashes in the middle',
    'discovery and wire: a path of bad percent signs',
    'namespaces: kinds of ours at cluster scope',
    'namespaces: objects of a namespace are not made without it',
  ].flatMap((where) => [
    { where, at: '*.headers.*', why: STATUS_404 },
    { where, at: '*.body', why: STATUS_404 },
  ]),
  {
    where: 'discovery and wire: a path of bad percent signs',
    at: '2.body.message',
    why: 'Control characters in names stand in messages as they are.',
  },
];

/** Differences that are being worked on: whoever ends one takes its line away. */
export const PENDING: readonly Excuse[] = [];
