/** Differences that may be. In all parts, `*` stands for anything; a part that is missing fits. */
export interface Fit {
  /** `group: why` of the cases. */
  readonly where?: string;
  /** Number of the request and path of the field. */
  readonly at?: string;
  /** What we answered, as JSON, or `(missing)`. */
  readonly ours?: string;
  /** What the real server answered. */
  readonly real?: string;
}

/** Why some answers may differ. */
export interface Excuse {
  /** What differs, and why it stays so. The documentation prints it. */
  readonly why: string;
  readonly fits: readonly Fit[];
}

/** Differences that are meant, as docs/embedded-api.md lists them. */
export const EXEMPTIONS: readonly Excuse[] = [
  {
    why: 'A status that is no map, which creation drops, does not keep owners of fields from being recorded.',
    fits: [{ where: 'subresources: a status that is no map, on creation', at: '*.managedFields' }],
  },
  {
    why: 'What is no protobuf is told in other words.',
    fits: [
      { where: 'protobuf: what is no envelope', at: '*.message' },
      { where: 'protobuf: bytes that end too early', at: '*.message' },
    ],
  },
  {
    why: 'Protobuf of our kinds is a 415; kube-apiserver 1.36 breaks the connection.',
    fits: [{ where: 'protobuf: not for our kinds', ours: '"415 *', real: '"0 *' }],
  },
  {
    why: 'Descriptions of the columns of tables are shorter; printers do not show them.',
    fits: [{ at: '*.columnDefinitions.*.description' }],
  },
  {
    why: 'Descriptions in OpenAPI are shorter.',
    fits: [{ where: 'discovery and wire: OpenAPI v3*', at: '*.description' }],
  },
  {
    why: 'A value of the wrong type, and a body that is no JSON, are told in plain words, not in those of the decoder of Go.',
    fits: [
      { at: '*.message', real: '*json: cannot unmarshal *' },
      { at: '*.message', real: '*unexpected end of JSON input*' },
      { at: '*.message', real: '*after top-level value*' },
      { at: '*.message', real: '*strconv.Parse*' },
      { at: '*.message', real: '*: parsing time *' },
      { at: '*.message', real: '*illegal base64 data*' },
      { at: '*.message', real: '*pkg/runtime/scheme.go*' },
    ],
  },
  {
    why: 'A JSON patch that cannot be applied is refused with the operation and path that failed; the real server says nothing about either.',
    fits: [
      { at: '*.message', real: '"the server rejected our request due to an error in our request"' },
    ],
  },
  {
    why: 'YAML, protobuf and CBOR are not written, and YAML and CBOR are not read, so the lists of media types in refusals are shorter.',
    fits: [
      { at: '*.message', ours: '*media types*' },
      { where: 'reading: accept: *', at: '*', real: '*Available representations*' },
      { where: 'reading: accept: text/html', at: '*.details' },
    ],
  },
  {
    why: '`/version` names Lamina, its platform and its compiler.',
    fits: [{ where: 'discovery and wire: version', at: '0.body.*' }],
  },
  {
    why: 'No addresses are announced in `/api`: clients keep the one of the kubeconfig.',
    fits: [
      { where: 'discovery and wire: the versions of core', at: '*serverAddressByClientCIDRs*' },
    ],
  },
  {
    why: 'Discovery tells no hash of the storage version: objects are stored as they are served.',
    fits: [{ at: '*.storageVersionHash' }],
  },
  {
    why: 'The checks of health are our own.',
    fits: [{ where: 'discovery and wire: health in words', at: '*.body' }],
  },
  {
    why: 'Reviews of access say why: there is one user, who may do everything.',
    fits: [{ where: 'discovery and wire: reviews of access', at: '*.status.reason' }],
  },
  {
    why: 'The one user is called `lamina-admin`.',
    fits: [{ where: 'discovery and wire: impersonation', at: '1.body.status.userInfo.*' }],
  },
  {
    why: 'History is five minutes long, so a watch from an older revision is a 410.',
    fits: [{ where: 'watch: a revision of long ago', at: '*' }],
  },
  {
    why: 'A path that is not served gets a Status as JSON, not a page of text.',
    fits: [
      { where: 'discovery and wire: slashes in the middle', at: '*' },
      { at: '*.headers.content-type', real: '"text/plain; charset=utf-8"' },
      { at: '*.body', real: '"404 page not found\\n"' },
    ],
  },
  {
    why: 'A path with escaped control characters or slashes is quoted otherwise.',
    fits: [{ where: 'discovery and wire: a path of bad percent signs', at: '*' }],
  },
  {
    why: 'There is no `kube-system`.',
    fits: [{ where: 'namespaces: those of the system stay', at: '1.status' }],
  },
];
