import type { FailureData } from '../core/failure.ts';
import type { DiskFile } from '../images/source.ts';

/** What a platform can do, as data: plans branch on it and the support table is printed from it. */
export interface Capabilities {
  /**
   * What a publication is: a file beside the machine, the halted machine with its snapshot, or
   * something made from the disk that needs no machine any more.
   */
  readonly published: 'file' | 'machine' | 'artefact';
  /** Whether an image is booted once for its layer scripts before it is published. */
  readonly runsScripts: boolean;
  /** Whether the connector hears a guest that has booted: `heardAt` of a machine. */
  readonly heartbeat: boolean;
  /** Whether what the README says was ever confirmed on a live platform. */
  readonly proven: 'live' | 'simulated only';
}

/** One of the two checks of a configuration. */
export interface Check {
  readonly ok: boolean;
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** The outcome of `verify`. */
export interface Verification {
  readonly credentials: Check;
  readonly location: Check;
}

/** The machine to create. Its disk was uploaded before, under the same key. */
export interface MachineWanted {
  readonly displayName: string;
  readonly purpose: 'packaging' | 'published';
}

/** A machine as the platform shows it. */
export interface MachineSeen {
  /** Tells it from others of the same key; means nothing elsewhere. */
  readonly id: string;
  /** `stopped` is off inside but still paid for: plans go on to `off`. */
  readonly power: 'on' | 'stopped' | 'off';
  /**
   * Names the last boot; absent before the first. A hint: a platform that cannot tell boots apart gives
   * the same name for all.
   */
  readonly boot?: string;
  /** Milliseconds since the epoch, where the platform knows when the last boot began. */
  readonly bootedAt?: number;
  /** When something was last heard from the guest of this boot; only where `can.heartbeat`. */
  readonly heardAt?: number;
  /** Where a person finds it, in one sentence. */
  readonly text: string;
  /** A unix socket with the machine's serial line, while it is on and where there is one. */
  readonly serialSocket?: string;
}

/** A disk that was uploaded, or is being uploaded. */
export interface DiskSeen {
  readonly id: string;
  /** `filling` until its upload marked it complete. */
  readonly state: 'filling' | 'ready';
  /** Id of the composition that it holds; absent on disks of older releases. */
  readonly composition?: string;
}

/** A published image. */
export interface PublicationSeen {
  readonly id: string;
  readonly revision: string;
  /** Where a person finds it, in one sentence. */
  readonly text: string;
  /** Where it is a file of this host. */
  readonly path?: string;
  /** True where the platform reports that desktops were made from it. */
  readonly inUse?: boolean;
}

/** All that is ours under one key; the oldest complete thing first. */
export interface Things {
  readonly machines: readonly MachineSeen[];
  readonly disks: readonly DiskSeen[];
  readonly publications: readonly PublicationSeen[];
  /** Names of things that carry our marks for this key but not its name: made by strangers, never touched. */
  readonly copies: readonly string[];
}

/** What is known of one key: all of it, or nothing for now. Plans wait on what is not known. */
export type Seen =
  | { readonly known: false; readonly why: string }
  | { readonly known: true; readonly things: Things };

/** A control verb came to its end, or began something of the platform that takes a while. */
export type Outcome =
  | { readonly done: true }
  /** Without secrets; stored before anything else happens, and given to `poll`. */
  | { readonly done: false; readonly handle: string };

/** How an operation of the platform stands. */
export type Operation =
  | { readonly state: 'running'; readonly percent: number }
  /** The verb is called again: it decides from the thing itself whether it is done. */
  | { readonly state: 'done' }
  /** Nobody knows it any more; as after `done`, the verb decides from the thing itself. */
  | { readonly state: 'gone' }
  | { readonly state: 'failed'; readonly failure: FailureData };

/** What `power` is to do. */
export type PowerWanted =
  /** Acts only if `after` is still the last boot: a machine that finished meanwhile stays off. */
  | { readonly to: 'on'; readonly after: string | undefined }
  /** `shutdown` asks the guest; `off` pulls the plug, and gives back what a stopped machine costs. */
  | { readonly to: 'shutdown' | 'off' };

/** What `publish` is to make. */
export interface PublishWanted {
  readonly revision: string;
  /**
   * The boot whose disk was judged; absent where no machine ran. Conflict if another one is the last: what
   * it did to the disk must be judged first.
   */
  readonly after: string | undefined;
}

/** A machine in words, for the message of a person who must look at it. */
export interface Description {
  readonly text: string;
  /** The last lines of a text console; none where there is none. */
  readonly lastLines: readonly string[];
}

/**
 * One location on one platform, with one credential. Control verbs are idempotent by key, may be repeated
 * after a crash at any instant, and are back within seconds; none outlives its signal. Verbs that create
 * or delete look at the platform afresh. Failures are `Failure`s.
 */
export interface Connector {
  readonly platform: string;
  readonly can: Capabilities;

  createMachine(key: string, want: MachineWanted, signal: AbortSignal): Promise<Outcome>;
  /** Already there is success. */
  power(key: string, want: PowerWanted, signal: AbortSignal): Promise<Outcome>;
  /** Its disk and publications stay. Conflict where the machine is a publication. */
  deleteMachine(key: string, signal: AbortSignal): Promise<Outcome>;
  /** Publications stay. Busy while a machine has it, Conflict where it belongs to a publication. */
  deleteDisk(key: string, signal: AbortSignal): Promise<Outcome>;
  /** Where `published` is `file`, `Transfer.copy` does this in a job. */
  publish(key: string, want: PublishWanted, signal: AbortSignal): Promise<Outcome>;
  /** Removes one publication with all that belongs to it; Busy while the platform reports it in use. */
  unpublish(key: string, revision: string, signal: AbortSignal): Promise<Outcome>;
  poll(handle: string, signal: AbortSignal): Promise<Operation>;

  verify(signal: AbortSignal): Promise<Verification>;
  /** From the picture that the session keeps: costs no call to the platform. Never rejects. */
  view(key: string): Promise<Seen>;
  /** Every key under which something of ours is known; undefined while the picture is not known. */
  keys(): Promise<readonly string[] | undefined>;
  describe(key: string, signal: AbortSignal): Promise<Description>;
  /** Somebody else, such as a job, changed something under a key: not known until it was asked for again. */
  touched(key: string): void;
  /** Calls back with the key of whatever may have changed; returns how to stop. */
  watch(changed: (key: string) => void): () => void;
}

/** A disk to put on the platform. */
export interface UploadWanted extends DiskFile {
  readonly sizeBytes: number;
  /** Id of the composition; the platform's disk is marked with it. */
  readonly composition: string;
}

/** A disk that the platform holds. */
export type DiskRef =
  | { readonly of: 'machine'; readonly key: string }
  | { readonly of: 'published'; readonly key: string; readonly revision: string };

/** How a transfer is watched and ended. */
export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly progress: (percent: number) => void;
}

/** A disk of the platform as a file of this host. Nobody switches its machine on before it is let go. */
export interface HandedOut {
  readonly disk: DiskFile;
  /** Folders in which every file of its chain lies. */
  readonly roots: readonly string[];
}

/** A disk that is let go by whoever fetched it. */
export interface Fetched extends HandedOut {
  [Symbol.asyncDispose](): Promise<void>;
}

/** How a copy is watched and ended, and who judges it. */
export interface CopyOptions extends TransferOptions {
  /** Looks at the disk while it is held, before a byte is copied; nothing is published if it throws. */
  readonly check: (disk: HandedOut) => Promise<void>;
}

/**
 * The verbs that move the bytes of disks; in jobs only, in bounded memory. They may be repeated after a
 * crash at any instant, and by several processes at once.
 */
export interface Transfer {
  /**
   * Puts a disk under a key, or finds it there. Each attempt has an id in the disk's marker, and only its
   * owner may mark the disk ready: an attempt that was taken over ends as Superseded.
   */
  upload(key: string, disk: UploadWanted, options: TransferOptions): Promise<void>;
  /** Lost if there is no such disk, Busy while its machine is on. A copy goes into the folder. */
  download(disk: DiskRef, folder: string, options: TransferOptions): Promise<Fetched>;
  /** Publishes the disk of a machine that is off as a file of its own, where `published` is `file`. */
  copy(key: string, revision: string, options: CopyOptions): Promise<void>;
}

/** The data of a Secret, decoded. Never logged. */
export type Credential = Readonly<Record<string, string>>;

/** Where a configuration leads. */
export interface Place<Spec> {
  readonly spec: Spec;
  readonly credential: Credential;
}

/** What is open to one location with one credential; shared by all configurations that lead there. */
export interface Session<Spec> {
  /** The connector of one configuration. Making one, or making another instead, touches nothing. */
  connector(spec: Spec): Connector;
  /** Machines go on. */
  close(): Promise<void>;
}

/** A kind of platform: what the composition root and the process of a job open connectors with. */
export interface Platform<Spec> {
  readonly name: string;
  /** What decides where things are, and the Secret that holds the credential, if one is needed. Pure. */
  locate(spec: Spec): { readonly location: unknown; readonly secret?: string };
  open(place: Place<Spec>): Session<Spec>;
  transfer(place: Place<Spec>): Transfer;
}
