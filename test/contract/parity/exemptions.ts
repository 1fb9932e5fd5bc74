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
    why: 'What is no YAML, and what stands in it twice, is told in the words of another parser; unprintable letters are quoted as JSON has them.',
    fits: [
      { where: 'server-side apply: field validation', at: '0.body.message' },
      { where: 'server-side apply: field validation', at: '1.headers.warning' },
      { where: 'server-side apply: what cannot be applied', at: '8.body.message' },
      { where: 'server-side apply: what applies needs a name', at: '4.body.*' },
    ],
  },
  {
    why: 'The default of the status of our kinds, `observedGeneration: -1`, is stored when an object is created; kube-apiserver stores it with the next write, which therefore makes a revision even if it changes nothing.',
    fits: [
      'metadata and writes: a write that changes nothing leaves the revision',
      'metadata and writes: another creationTimestamp of our kinds',
      'patches: merge: unknown fields',
      'patches: merge: rules of our kinds',
      'subresources: a status that is wrong',
      'subresources: a wrong spec by way of the status',
    ].map((where) => ({ where, at: '*.body.metadata.resourceVersion' })),
  },
  {
    why: 'A spec of a wrong type that is sent to the status, and dropped there, does not end the record of owners.',
    fits: [
      {
        where: 'subresources: a wrong spec by way of the status',
        at: '*.body.metadata.managedFields',
      },
    ],
  },
  {
    why: 'A patch that leaves no object of its kind is refused without repeating the object, which may hold secrets.',
    fits: [
      { at: '*.causes.patch: Invalid value: *', real: '(missing)' },
      { at: '*.causes.patch: Invalid value: *', ours: '(missing)' },
    ],
  },
  {
    why: 'A number that is not whole is told once where a whole one is wanted, not twice.',
    fits: [{ at: '*.causes.<nil>: *Checked value must be of type integer*' }],
  },
  {
    why: 'Another uid in a PUT is a conflict that does not name keys of etcd.',
    fits: [{ where: 'metadata and writes: another uid is a conflict', at: '1.body.message' }],
  },
  {
    why: 'A body of another kind, or of none, is told in plain words, and without warnings about its fields.',
    fits: [
      { where: 'metadata and writes: the kind of the body is that of the path', at: '*.message' },
      {
        where: 'metadata and writes: the kind of the body is that of the path',
        at: '3.headers.warning',
      },
      { where: 'metadata and writes: a body without kind', at: '1.body.message' },
      { where: 'validation: a body of null', at: '1.body.message' },
      { where: 'validation: a body of a doubled key', at: '1.headers.warning' },
      { where: 'protobuf: another kind than that of the path', at: '*.message' },
      { where: 'patches: merge: what is no map', at: '3.body.message' },
    ],
  },
  {
    why: 'Causes that upstream lists in the order of its code stand in another order in the message.',
    fits: [{ where: 'patches: strategic: owners are merged by uid', at: '4.body.message' }],
  },
  {
    why: 'A refused media type, method or subresource is told by path alone, and `/scale` of our kinds is not there, as on the cluster; a name that is empty between two slashes is no path.',
    fits: [
      { where: 'patches: other formats', at: '*.body.details' },
      { where: 'subresources: methods of a status', at: '*.body.*' },
      { where: 'subresources: other subresources', at: '*' },
    ],
  },
  {
    why: 'The content of a Secret is judged by its type as upstream does, but neither quoted from the decoder of Go nor checked for PEM.',
    fits: [
      { where: 'built-in kinds: Secret: type kubernetes.io/tls', at: '*.headers.warning' },
      { where: 'built-in kinds: Secret: type kubernetes.io/docker*', at: '*.causes.data*' },
    ],
  },
  {
    why: 'Nobody owns the fields of coordinated leader election, which are dropped, as on a cluster without it.',
    fits: [{ where: 'built-in kinds: Lease: strategies', at: '*.body.metadata.managedFields' }],
  },
  {
    why: 'An object larger than etcd takes (1.5 MiB) is a 413 that says so, not a 500.',
    fits: [{ where: 'discovery and wire: an object of 2 MiB', at: '0.status', ours: '"413 *' }],
  },
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
    fits: [{ where: 'discovery and wire: OpenAPI v*', at: '*.description' }],
  },
  {
    why: 'A value of the wrong type, and a body that is no JSON, are told in plain words, not in those of the decoder of Go.',
    fits: [
      { at: '*.message', real: '*json: cannot unmarshal *' },
      { at: '*.message', real: '*unexpected end of JSON input*' },
      { at: '*.message', real: '*after top-level value*' },
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
      { where: 'reading: the form of a list for one object*', at: '*.message' },
    ],
  },
  {
    why: '`/version` names Lamina, its platform and its compiler.',
    fits: [{ where: 'discovery and wire: version', at: '*.body.*' }],
  },
  {
    why: 'No addresses are announced in `/api`: clients keep the one of the kubeconfig.',
    fits: [
      { where: 'discovery and wire: the versions of core', at: '*serverAddressByClientCIDRs*' },
    ],
  },
  {
    why: 'Aggregated discovery names group and version of built-in kinds, which kube-apiserver leaves empty, and no `namespaces/finalize`.',
    fits: [
      { where: 'discovery and wire: aggregated discovery of *', at: '*.responseKind.*' },
      { where: 'discovery and wire: aggregated discovery of core', at: '*.subresources.*' },
    ],
  },
  {
    why: 'The checks of health are our own.',
    fits: [{ where: 'discovery and wire: health in words', at: '*.body' }],
  },
  {
    why: 'Reviews are answered and never stored, so they have no `managedFields` and no time.',
    fits: [
      { where: 'discovery and wire: reviews of access', at: '*.managedFields' },
      { where: 'discovery and wire: impersonation', at: '*.creationTimestamp' },
    ],
  },
  {
    why: 'Impersonation is refused (403): there is one user.',
    fits: [{ where: 'discovery and wire: impersonation', at: '0.status' }],
  },
  {
    why: 'The one user is called `lamina-admin`.',
    fits: [{ where: 'discovery and wire: impersonation', at: '1.body.status.userInfo.*' }],
  },
  {
    why: 'History is five minutes long, and revisions of a new database begin at the present time: a watch from an older one is told to list again.',
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
  {
    why: 'Objects in lists of built-in kinds carry `apiVersion` and `kind`, because stored text is sent as it is.',
    fits: [
      { at: '*.body.items.*.apiVersion', real: '(missing)' },
      { at: '*.body.items.*.kind', real: '(missing)' },
    ],
  },
  {
    why: 'Fields of events that hold nothing are left out, not written as null or empty.',
    fits: [
      { at: '*Time*', ours: '(missing)', real: 'null' },
      { at: '*stamp', ours: '(missing)', real: 'null' },
      { at: '*.body.*reporting*', ours: '(missing)', real: '""' },
      { at: '*ource', ours: '(missing)', real: '{}' },
      { where: 'events.k8s.io: *', at: '*.regarding', ours: '(missing)', real: '{}' },
      { at: '*.f:source..', real: '(missing)' },
    ],
  },
  {
    why: '`managedFields` of events name fields as `v1` does, whichever group they were written in.',
    fits: ['events.k8s.io: *', 'built-in kinds: Event: the newer group'].map((where) => ({
      where,
      at: '*managedFields.*',
    })),
  },
  {
    why: 'An event that is refused in `events.k8s.io` is told with its group, and one of another version without a word about its fields.',
    fits: [
      { where: 'events.k8s.io: *', at: '*.details.group', real: '(missing)' },
      { where: 'events.k8s.io: *', at: '*.message', ours: '"Event.events.k8s.io *' },
      { where: 'events.k8s.io: the version of the old form', at: '0.headers.warning' },
    ],
  },
  {
    why: 'A field that has another name in `events.k8s.io`, sent under its name of `v1`, is called unknown under the other.',
    fits: [
      { where: 'events.k8s.io: names of the old form are not known', at: '0.body.message' },
      { where: 'events.k8s.io: names of the old form are not known', at: '1.headers.warning' },
    ],
  },
  {
    why: 'A `continue` that is none is refused without telling what is wrong inside of it.',
    fits: [{ where: 'reading: a token that is none', at: '*.message' }],
  },
  {
    why: '`limit` counts with `resourceVersion=0` too, where kube-apiserver sends everything.',
    fits: [{ where: 'reading: a token beside a revision', at: '5.body.*' }],
  },
  {
    why: '`Accept: application/*` is taken for JSON; kube-apiserver refuses it for built-in kinds.',
    fits: [{ where: 'reading: accept: application/*', at: '*.status' }],
  },
  {
    why: 'A watch from a revision that is no number is a 400, as such a list is, and no 500.',
    fits: [{ where: 'watch: a revision that is none', at: '*.status' }],
  },
  {
    why: 'Paths below `/watch`, deprecated for long, are not served.',
    fits: [{ where: 'watch: the old path of watches', at: '1.status' }],
  },
  {
    why: 'A precondition of the deletion of a namespace is told as for all other kinds.',
    fits: [{ where: 'namespaces: preconditions of a namespace', at: '1.body.*' }],
  },
  {
    why: '`spec.finalizers` of a namespace are those of the server, because there is no `/finalize` to take others away.',
    fits: [
      { where: 'namespaces: finalizers of its spec', at: '*' },
      { where: 'namespaces: *', at: '*managedFields.*.f:spec*' },
      { where: 'patches: strategic: namespaces', at: '2.body.metadata.*' },
    ],
  },
  {
    why: 'Documents and health are read by GET alone: another method is a 405, and a 400 if HTTP does not know it.',
    fits: [
      { where: 'discovery and wire: methods of what is not about objects', at: '*.status' },
      { where: 'discovery and wire: methods that are not there', at: '3.status' },
    ],
  },
  {
    why: 'OpenAPI v3 tells of what is served, without parameters, formats and answers that no client asks it for. Its index is `application/json`.',
    fits: [
      { where: 'discovery and wire: OpenAPI v3: its paths', at: '*' },
      { where: 'discovery and wire: OpenAPI v3: the paths of our group', at: '*' },
      { where: 'discovery and wire: OpenAPI v3: the schemas of our group', at: '0.body.io.k8s.*' },
      { where: 'discovery and wire: OpenAPI v3: what is not there', at: '*' },
    ],
  },
  {
    why: 'The definitions of kinds are made by this program, which therefore owns their fields.',
    fits: [{ where: 'definitions of kinds: *', at: '*.metadata.managedFields.*' }],
  },
  {
    why: 'Definitions of kinds are not deleted by the collection, have no status to write, and are stored as v1.',
    fits: [
      { where: 'discovery and wire: definitions of kinds', at: '0.body.resources.0.verbs.*' },
      { where: 'discovery and wire: definitions of kinds', at: '0.body.resources.1' },
      {
        where: 'discovery and wire: definitions of kinds',
        at: '0.body.resources.0.storageVersionHash',
      },
      ...['verbs.*', 'subresources'].map((field) => ({
        where: 'discovery and wire: aggregated discovery of groups',
        at: `0.body.0.versions.0.resources.0.${field}`,
      })),
    ],
  },
];
