/** One unattended installation step, as declared. */
export interface InstallStep {
  readonly run: string;
  readonly exitCodes?: { readonly ok?: readonly number[]; readonly reboot?: readonly number[] };
  readonly timeout?: string;
}

/** A file that the steps need, still to be fetched. */
interface InstallMedia {
  readonly name: string;
  readonly url: string;
  readonly sha256: string;
  /** The Secret whose keys and values are headers of the request. */
  readonly headersSecretRef?: { readonly name: string };
}

/** A script of a layer that runs in every image that has it. */
interface ImageScript {
  /** Layer it comes from, for messages. */
  readonly layer: string;
  readonly run: string;
}

/** What the guest tool is to do on a packaging machine. */
interface PackageTask<Media> {
  readonly role: 'package';
  readonly title: string;
  readonly steps: readonly InstallStep[];
  readonly media: readonly Media[];
  /** Shown to the person; present when a person installs. */
  readonly instructions?: string;
  /** True when the steps install without a person. */
  readonly unattended: boolean;
}

/** What the guest tool is to do in an image. */
interface ImageTask {
  readonly role: 'image';
  readonly title: string;
  readonly scripts: readonly ImageScript[];
  /** Layers in the order they were laid down, lowest first; written into the guest. */
  readonly layers: readonly string[];
  /** Whether the image powers off after its scripts; false: a person does. */
  readonly shutdownWhenDone: boolean;
}

/** What compose writes into the guest beside the layers; its media are declared, or fetched already. */
export type GuestTask<Media = InstallMedia> = PackageTask<Media> | ImageTask;
